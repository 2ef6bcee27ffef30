"""DICOM header of a volume node: phase and acquisition, nothing that identifies a patient."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import slicer

from ..ct import Phase, described, phase


def acquisition_of(volume) -> tuple[Phase | None, dict[str, Any]]:
    """Contrast phase and source description of a volume, as far as its DICOM files are at hand.

    Returns
    -------
    (Phase or None, dict)
        None and the format alone for a volume that did not come from DICOM.
    """
    path = first_file(volume)
    slices = volume.GetImageData().GetDimensions()[2]
    header = None
    if path is not None:
        with contextlib.suppress(Exception):  # any file that is no DICOM; the CT can be used without a header
            import pydicom

            header = pydicom.dcmread(path, stop_before_pixels=True)
    if header is None:
        return None, {"format": "scene volume", "slices": slices}
    return phase.from_header(header.get), described(header.get, slices)


def first_file(volume) -> Path | None:
    """A DICOM file that the volume was read from: by the DICOM database, or by its storage node."""
    uids = (volume.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if uids and database is not None and database.isOpen:
        path = database.fileForInstance(uids[0])
        if path:
            return Path(path)
    storage = volume.GetStorageNode()
    path = Path(storage.GetFileName()) if storage is not None and storage.GetFileName() else None
    return path if path is not None and path.is_file() and not path.name.endswith((".nrrd", ".gz", ".nii")) else None
