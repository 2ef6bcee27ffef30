"""Read a CT from whatever file or folder it comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ..errors import BadInput
from ..progress import Progress, no_progress
from . import belonging, description, dicom, files
from .canonical import CT, DEFAULT_CLIP_HU, canonical
from .dicom_files import is_dicom, series_of
from .findings import Protocol
from .raster import not_written


def read_ct(
    path: str | Path,
    protocol: Protocol | None = None,
    clip_hu: tuple[float, float] | None = DEFAULT_CLIP_HU,
    *,
    series_uid: str | None = None,
    acquisition: int | None = None,
    progress: Progress = no_progress,
) -> CT:
    """Read a CT and bring it to canonical form.

    Parameters
    ----------
    path : str or Path
        DICOM folder (or one of its files), NIfTI, NRRD or MHA.
    protocol : Protocol, optional
        What the signature was fitted on; without it, nothing is compared.
    clip_hu : (float, float) or None
    series_uid : str, optional
        Which series of a DICOM folder.
    acquisition : int, optional
        Which acquisition of that series, as `dicom.list_acquisitions` numbers them.

    Raises
    ------
    BadInput
        When there is no single CT volume to read.
    """
    path = Path(path)
    if not path.exists():
        raise BadInput(f"There is no file or folder '{path}'.")
    if path.is_file() and is_dicom(path):
        series_uid, path = series_uid or series_of(path), path.parent
    if path.is_dir():
        series = dicom.read_folder(path, series_uid, progress, acquisition=acquisition)
        read = canonical(
            series.image,
            protocol,
            clip_hu,
            series.findings,
            *description.describe(series.first.get, series.slices),
        )
        return replace(read, belongs=_belongs(series.first.get))
    if acquisition is not None:
        raise BadInput(f"'{path.name}' is one volume: only a DICOM series can hold several acquisitions.")
    image = _read_file(path, progress)
    found = tuple(files.orientation_findings(path))
    return canonical(image, protocol, clip_hu, found, source={"format": _format(path), "slices": image.GetSize()[2]})


def _belongs(get: Callable[[str], Any]) -> dict[str, str]:
    return belonging.hashed_identifiers(get) | belonging.hashed_series([get("SeriesInstanceUID")])


def _read_file(path: Path, progress: Progress) -> sitk.Image:
    progress("Reading file", 0, 1)
    image = files.read_image_file(path, "CT")
    components = image.GetNumberOfComponentsPerPixel()
    if components > 1:
        raise BadInput(f"'{path.name}' is a colour or vector image ({components} values per voxel), not a CT.")
    if image.GetDimension() == 4:
        raise BadInput(f"'{path.name}' has {image.GetSize()[3]} time points or phases; one volume is needed.")
    if image.GetDimension() < 3:
        raise BadInput(f"'{path.name}' is a single 2D image; a volume of the whole liver is needed.")
    progress("Reading file", 1, 1)
    return image


def _format(path: Path) -> str:
    name = path.name.lower()
    return "NIfTI" if ".nii" in name else path.suffix.lstrip(".").upper()


def write_temporary(image: sitk.Image, path: Path) -> None:
    """Write an image that a child process is to read, or has drawn."""
    try:
        sitk.WriteImage(image, str(path))
    except RuntimeError as error:
        raise not_written(path) from error
