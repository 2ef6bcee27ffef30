"""Read one CT series from a folder of DICOM files.

Headers by pydicom, pixels by SimpleITK (GDCM), which decodes the compressed transfer syntaxes itself.  Order,
gaps, duplicates and tilt are judged from the slice positions (`stack`), never from file names or instance numbers; the
frames of a multi-frame file are slices like others.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import BadInput
from ..progress import Progress, no_progress
from . import itk
from .acquisition import Acquisition, choose, listed, listing, one_acquisition, one_patient, without_pictures
from .dicom_files import frame_count, headers_of, one_series, read_header
from .findings import Finding, Level
from .frames import Frame, Slice, frames_of
from .stack import SAME_POSITION_MM, Grid, grid_of, in_order, of_one_geometry, position
from .stored import check_frames, check_rescaled, check_stored, rescale, rescale_missing


@dataclass(frozen=True)
class Series:
    """Image, header of the first slice and findings of one DICOM series."""

    image: sitk.Image
    first: Slice
    slices: int
    findings: tuple[Finding, ...]


def read_folder(
    folder: Path, series_uid: str | None = None, progress: Progress = no_progress, *, acquisition: int | None = None
) -> Series:
    """The CT series in `folder` (searched with its subfolders), or one acquisition of it (see `list_acquisitions`).

    Raises
    ------
    BadInput
        When there is no CT series, several to choose from, or one that cannot be a volume.
    """
    findings: list[Finding] = []
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    slices = one_series(headers_of(files, folder, progress, findings), series_uid, findings)
    slices, grid = _one_volume(slices, findings, acquisition)
    check_stored(slices[:1] if isinstance(slices[0], Frame) else slices)
    image = _read_frames(slices, progress) if isinstance(slices[0], Frame) else _read_files(slices, progress)
    check_rescaled(image, slices, findings)
    return Series(_placed(image, grid), slices[0], len(slices), tuple(findings))


def _placed(image: sitk.Image, grid: Grid) -> sitk.Image:
    image.SetSpacing(grid.spacing.tolist())
    image.SetOrigin(grid.origin.tolist())
    image.SetDirection(grid.direction.ravel().tolist())
    return image


@dataclass(frozen=True)
class Checked:
    """What the headers of a series tell: findings, how many slices `read_folder` would make of it (0: it would refuse
    it), and what they lack to tell HU from stored values."""

    findings: tuple[Finding, ...]
    slices: int
    rescale_missing: tuple[str, ...]


def checked_series(paths: Sequence[Path], ways_out: bool = True) -> Checked:
    """What `read_folder` finds on the geometry and acquisition of the files of one series, from their headers alone.

    Where it would refuse them, a finding ``not_one_volume`` with its sentence stops.  What is found on voxels
    (``no_rescale``) is not among them.  `ways_out` adds the acquisitions to choose from, as a shell takes them.
    """
    findings: list[Finding] = []
    used: list[Slice] = []
    try:
        slices = one_series(headers_of(sorted(paths), None, no_progress, findings), None, findings)
        used, _ = _one_volume(slices, findings, ways_out=ways_out)
    except BadInput as error:
        findings.append(Finding("not_one_volume", Level.FAIL, error.message))
    return Checked(tuple(findings), len(used), tuple(rescale_missing(used)))


def acquisitions_of(paths: Sequence[Path]) -> list[Acquisition]:
    """The acquisitions that the files of one series hold, as `list_acquisitions` lists those of a folder."""
    return _listed(one_series(headers_of(sorted(paths), None, no_progress, []), None, []))


def read_acquisition(acquisition: Acquisition, progress: Progress = no_progress) -> tuple[sitk.Image, list[Path]]:
    """One of `acquisitions_of`: its image in HU, and the files that it is made of.

    Raises
    ------
    BadInput
        It is no single volume either.
    """
    slices, grid = _one_volume(list(acquisition.images), [], ways_out=False)
    check_stored(slices)
    image = _placed(_read_files(slices, progress), grid)
    check_rescaled(image, slices, [])
    return image, [image.path for image in acquisition.images]


def _one_volume(
    slices: list[Slice], findings: list[Finding], acquisition: int | None = None, ways_out: bool = True
) -> tuple[list[Slice], Grid]:
    """Slices or frames that are one volume, in order, and where they lie.

    Raises
    ------
    BadInput
    """
    if len(slices) == 1 and frame_count(slices[0]) > 1:
        if acquisition is not None:
            raise BadInput("--acquisition chooses among files of single slices; this series is one multi-frame file.")
        slices = _plain_frames(slices[0])
    elif any(frame_count(s) > 1 for s in slices):
        raise BadInput("The series is spread over several multi-frame files; export it slice by slice.")
    slices = without_pictures(slices, findings)
    one_patient(slices)
    slices = of_one_geometry(slices, findings)
    if acquisition is not None:
        slices = choose(slices, acquisition)
    ways_out = ways_out and not isinstance(slices[0], Frame)
    slices = _sorted_without_duplicates(slices, findings, ways_out)
    if len(slices) < 2:
        raise BadInput("The CT has a single slice: a volume of the whole liver is needed.")
    one_acquisition(slices, findings, ways_out)
    return slices, grid_of(slices, findings)


def _plain_frames(image: Slice) -> list[Slice]:
    frames = frames_of(image.path)
    if len(without_pictures(frames, [])) < len(frames):
        raise BadInput(
            "The DICOM file holds derived pictures (MIP?) between its slices. Export the original slices by themselves."
        )
    check_frames(frames)
    return frames


def list_acquisitions(
    folder: Path, series_uid: str | None = None, progress: Progress = no_progress
) -> list[Acquisition]:
    """The acquisitions of a series in `folder`, to choose one from for `read_folder`; none where there is one alone.

    Raises
    ------
    BadInput
        When there is no CT series, or several to choose from.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    slices = one_series(headers_of(files, folder, progress, []), series_uid, [])
    return _listed(slices)


def _listed(slices: list[Slice]) -> list[Acquisition]:
    if any(frame_count(image) > 1 for image in slices):
        return []
    return listed(of_one_geometry(without_pictures(slices, []), []))


def _sorted_without_duplicates(slices: list[Slice], findings: list[Finding], ways_out: bool = True) -> list[Slice]:
    order = [slices[k] for k in in_order(slices)]
    kept: list[Slice] = []
    for image in order:
        if kept and np.linalg.norm(position(image) - position(kept[-1])) < SAME_POSITION_MM:
            if isinstance(image, Frame) or _pixels(image) != _pixels(kept[-1]):
                raise BadInput(
                    "Two different images lie at the same slice position: the series holds several phases or "
                    "reconstructions. Export the portal venous phase as a series of its own."
                    + (listing(listed(slices)) if ways_out else "")
                )
            continue
        kept.append(image)
    if len(kept) < len(order):
        findings.append(
            Finding(
                "duplicate_slices",
                Level.WARN,
                f"{len(order) - len(kept)} slice(s) were there twice, with equal pixels; each was used once.",
                {"duplicates": len(order) - len(kept)},
            )
        )
    return kept


def _pixels(image: Slice) -> str:
    import pydicom

    return hashlib.sha256(pydicom.dcmread(image.path, force=True).get("PixelData", b"")).hexdigest()


def _read_files(slices: Sequence[Slice], progress: Progress) -> sitk.Image:
    reader = sitk.ImageFileReader() if len(slices) == 1 else sitk.ImageSeriesReader()
    reader.SetImageIO("GDCMImageIO")
    pairs = {(rescale(s, "RescaleSlope", 1.0), rescale(s, "RescaleIntercept", 0.0)) for s in slices}
    if len(pairs) > 1 or not all(x.is_integer() for pair in pairs for x in pair):
        reader.SetOutputPixelType(sitk.sitkFloat64)
    progress("Reading slices", 0, len(slices))
    with tempfile.TemporaryDirectory(prefix="ptlf-", ignore_cleanup_errors=True) as work:
        files = [str(_readable(s, Path(work) / str(k))) for k, s in enumerate(slices)]
        reader.SetFileName(files[0]) if len(files) == 1 else reader.SetFileNames(files)
        image = itk.execute(reader, lambda: _undecoded(slices[0].path))
    progress("Reading slices", len(slices), len(slices))
    return image


def _readable(image: Slice, copy: Path) -> Path:
    """A file that GDCM reads: its own, or `copy` without the file meta information that names no transfer syntax."""
    meta = getattr(image.header, "file_meta", None)
    if not meta or meta.get("TransferSyntaxUID"):
        return image.path
    header = read_header(image.path, [])
    start = header.get_item(min(header.keys())).value_tell - ENTRY_BYTES
    copy.write_bytes(image.path.read_bytes()[start:])
    return copy


ENTRY_BYTES = 8
"""Tag, kind and length before the value of a data set's first entry."""


def _read_frames(frames: Sequence[Frame], progress: Progress) -> sitk.Image:
    """A multi-frame file, its frames in the order of `frames`."""
    volume = _read_files(frames[:1], progress)
    numbers = [frame.number for frame in frames]
    if volume.GetDimension() != 3 or max(numbers) >= volume.GetSize()[2]:
        raise BadInput("The DICOM file holds other frames than its header says. Export the series again.")
    if numbers == list(range(volume.GetSize()[2])):
        return volume
    return sitk.GetImageFromArray(sitk.GetArrayViewFromImage(volume)[numbers])


def _undecoded(path: Path) -> str:
    import pydicom

    meta = getattr(pydicom.dcmread(path, stop_before_pixels=True, force=True), "file_meta", {})
    syntax = getattr(meta.get("TransferSyntaxUID"), "name", "not told")
    return f"The slices cannot be decoded (transfer syntax {syntax}); a file may be damaged."
