"""Write DICOM with pydicom 2.4 (Slicer 5.10) and 3 (Slicer 5.12) alike."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

OLD = int(pydicom.__version__.split(".")[0]) < 3


def write_file(path: Path, data: Dataset) -> None:
    """A complete file: preamble, meta information, data in the transfer syntax that this names."""
    if OLD:
        syntax = data.file_meta.TransferSyntaxUID
        data.is_implicit_VR, data.is_little_endian = syntax.is_implicit_VR, syntax.is_little_endian
        pydicom.dcmwrite(path, data, write_like_original=False)
    else:
        pydicom.dcmwrite(path, data, enforce_file_format=True)


def write_bare(path: Path, data: Dataset, *, implicit: bool) -> None:
    """The data alone, as very old scanners left it: no preamble, no meta information."""
    if OLD:
        data.is_implicit_VR, data.is_little_endian = implicit, True
        pydicom.dcmwrite(path, data, write_like_original=True)
    else:
        pydicom.dcmwrite(path, data, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
