"""Which files a case reads: what its outputs must not replace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..ct import ct_files, image_files, is_dicom
from ..segmentation import model_folder
from ..segmentation.reading import Source


def files_read(ct: Any = None, segmentation: Any = None, model: Any = None) -> tuple[list[Path], list[Path]]:
    """The files of a case, and the folders that are read as a whole.

    Parameters
    ----------
    ct : path, optional
        As in `ct.read_ct`.
    segmentation : path, or several, optional
        Also ``ROLE=FILE``.
    model : path, optional
        Folder or archive.
    """
    files: list[Path] = []
    closed: list[Path] = []
    if ct is not None:
        found = ct_files(ct)
        files += found
        if Path(ct).is_dir() or is_dicom(Path(ct)):
            closed += {Path(ct), *(file.parent for file in found)}
    for path in paths(segmentation):
        files += image_files(path)
    if model is not None:
        inside = model_folder.files_below(Path(model)) if Path(model).is_dir() else [Path(model)]
        files += inside
        closed += {file.parent for file in inside} if Path(model).is_dir() else ()
    return files, closed


def paths(value: Any) -> Iterator[Path]:
    """The files and folders that a value of the command line or of `Sources` names."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple, set)):
        for item in value:
            yield from paths(item)
    elif isinstance(value, Source):
        yield value.path
    elif isinstance(value, (str, Path)):
        text = str(value)
        yield Path(text)
        if "=" in text:
            yield Path(text.split("=", 1)[1])  # ROLE=FILE
