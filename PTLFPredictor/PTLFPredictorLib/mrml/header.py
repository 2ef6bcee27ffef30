"""DICOM files of a volume node: phase, acquisition, faults of the series; nothing that identifies a patient."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import slicer

from ..ct import Finding, Level, Phase, acquisitions_of, axes, checked_series, describe, header_of, read_acquisition
from ..ct.acquisition import Acquisition
from ..ct.dicom import Checked
from ..ct.stored import taken_as_hu
from ..errors import BadInput, PTLFError
from .volumes import add_volume, image_of, volume_to_lps

INSTANCES = "DICOM.instanceUIDs"
"""Attribute of a volume node: the UIDs of all its files.  It stays when a transform is hardened."""

SLICES_OF = "PTLF.SeriesUIDs"
"""The same of a volume in slabs, of the slices that were averaged: under a name of ours, for Slicer takes a volume with
`INSTANCES` for those very files."""


def uids_of(volume) -> list[str]:
    text = volume.GetAttribute(INSTANCES) or volume.GetAttribute(SLICES_OF) or ""
    return list(dict.fromkeys(text.split()))


def acquisition_of(volume) -> tuple[Phase | None, dict[str, Any]]:
    """Contrast phase and source description of a volume, as far as its DICOM files are at hand.

    Returns
    -------
    (Phase or None, dict)
        None and the format alone for a volume that did not come from DICOM.
    """
    path = first_file(volume)
    slices = volume.GetImageData().GetDimensions()[2]
    header = None if path is None else header_of(path)
    if header is None:
        return None, {"format": "scene volume", "slices": slices}
    return describe(header.get, slices)


def date_of(volume) -> date | None:
    """The day of the scan by a DICOM file at hand; for the screen alone, it goes into no record."""
    path = first_file(volume)
    header = None if path is None else header_of(path)
    for tag in ("AcquisitionDate", "AcquisitionDateTime", "SeriesDate", "StudyDate") if header else ():
        try:
            return datetime.strptime(str(header.get(tag))[:8], "%Y%m%d").date()
        except ValueError:
            continue
    return None


def first_file(volume) -> Path | None:
    """A DICOM file that the volume was read from: by the DICOM database, or by its storage node."""
    paths, _ = files_of(volume)
    if paths:
        return paths[0]
    storage = volume.GetStorageNode()
    path = Path(storage.GetFileName()) if storage is not None and storage.GetFileName() else None
    return path if path is not None and path.is_file() and not path.name.endswith((".nrrd", ".gz", ".nii")) else None


def files_of(volume) -> tuple[tuple[Path, ...], int]:
    """The files at hand that a volume was read from, by the DICOM database, and how many there should be."""
    uids = uids_of(volume)
    database = getattr(slicer, "dicomDatabase", None)
    if not uids or database is None or not database.isOpen:
        return (), len(uids)
    paths = (Path(path) for uid in uids if (path := database.fileForInstance(uid)))
    return tuple(path for path in dict.fromkeys(paths) if path.is_file()), len(uids)


def series_findings_of(volume) -> tuple[Finding, ...]:
    """What a shell finds on the files that a volume came from: missing slices, steps, tilt, mixed acquisitions.

    By the files, not by the voxels: slices that Slicer stacked evenly, or moved by a transform that was hardened since,
    lie as they were scanned in their headers alone.  One more finding than a shell has: a shell leaves out what is no
    slice of the CT (MIP, the same slice twice), a volume of the scene may hold it.
    """
    paths, count = files_of(volume)
    if not count:
        return _of_the_axes(volume)
    if len(paths) < count:
        message = (
            f"{count - len(paths)} of the {count} DICOM files of this CT are not in this computer's DICOM database: "
            "whether slices are missing, uneven or mixed cannot be checked. Import the series again."
        )
        told = Finding("series_not_at_hand", Level.WARN, message, {"files": count, "at_hand": len(paths)})
        return (told, *_of_the_axes(volume))
    checked = _checked(paths, _times(paths))
    found, slices = checked.findings, checked.slices
    held = volume.GetImageData().GetDimensions()
    if checked.rescale_missing:
        found = (*found, _rescaled(volume, checked.rescale_missing))
    if slices in (0, held[2]) or not volume.GetAttribute(INSTANCES):
        return found
    message = (
        f"The volume has other slices ({held[2]}) than its DICOM series ({slices}): pictures or doubles among them "
        "were loaded, or it was cropped. Load the original slices alone (module DICOM, Advanced)."
    )
    return (*found, Finding("volume_not_series", Level.WITHHOLD, message, {"slices": held[2], "of_series": slices}))


def _rescaled(volume, missing: tuple[str, ...]) -> Finding:
    try:
        return taken_as_hu(image_of(volume), missing)
    except BadInput as error:
        return Finding("not_one_volume", Level.FAIL, error.message)


def _of_the_axes(volume) -> tuple[Finding, ...]:
    """Sheared axes of the volume itself, where no file tells of a tilt."""
    matrix, size = volume_to_lps(volume)[:3, :3], volume.GetImageData().GetDimensions()
    return tuple(axes.findings(matrix, size))


def acquisitions(volume) -> list[Acquisition]:
    """The acquisitions among a volume's files, to choose one from; none where it is one alone."""
    if not volume.GetAttribute(INSTANCES):
        return []
    paths, count = files_of(volume)
    return _acquisitions(paths, _times(paths)) if count and len(paths) == count else []


def take_acquisition(volume, acquisition: Acquisition):
    """A volume node of one of `acquisitions`, of which the DICOM database knows the files as of any other.

    Raises
    ------
    BadInput
        It is no single volume either.
    """
    image, files = read_acquisition(acquisition)
    uids = uids_of(volume)
    database = getattr(slicer, "dicomDatabase", None)
    taken = [uid for uid in uids if Path(database.fileForInstance(uid)) in files]
    made = add_volume(image, f"CT, acquisition {acquisition.number}")
    made.SetAttribute(INSTANCES, " ".join(taken))
    return made


def _times(paths: tuple[Path, ...]) -> tuple[int, ...]:
    return tuple(path.stat().st_mtime_ns for path in paths)


@lru_cache(maxsize=8)
def _checked(paths: tuple[Path, ...], times: tuple[int, ...]) -> Checked:
    return checked_series(paths, ways_out=False)


@lru_cache(maxsize=8)
def _acquisitions(paths: tuple[Path, ...], times: tuple[int, ...]) -> list[Acquisition]:
    try:
        return acquisitions_of(paths)
    except PTLFError:  # `series_findings_of` says it
        return []
