"""What the header of an image file is read into, and what every one must say: size, voxel size, one file of voxels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import BadInput
from . import axes

MAXIMUM_AXES = 7
"""NIfTI's; NRRD and MetaImage get no more here."""


@dataclass(frozen=True)
class Header:
    """What the header of an image file says.

    Parameters
    ----------
    reader : str
        ITK's ImageIO for it.
    size : tuple of int
        All axes, the fastest first.
    voxel_bytes : int
    data : Path
        The file that holds the voxels, from byte `start` (None: at its end), `compression` "", "gzip" or "zlib".
    has_orientation : bool
        Whether it says how the volume lies in the body.
    vectors : array, optional
        By columns, the steps of the first three index axes in mm, in LPS; None where they are not told.
    disagreement_mm : float
        How far apart a NIfTI's two forms (sform, qform) put the corners of the volume; 0 where there is one.
    """

    reader: str
    size: tuple[int, ...]
    voxel_bytes: int
    data: Path
    start: int | None
    compression: str
    has_orientation: bool
    vectors: np.ndarray | None = None
    disagreement_mm: float = 0.0


class NoImageError(ValueError):
    """It is none of the formats, or its header cannot be read."""


def independent(path: Path, vectors: np.ndarray) -> np.ndarray:
    if not axes.are_axes(vectors):
        raise BadInput(f"The axes in the header of '{path.name}' do not span space. Export it anew.")
    return vectors


def checked_size(path: Path, size: Sequence[int]) -> tuple[int, ...]:
    if not size or any(n < 1 for n in size):
        raise BadInput(f"The header of '{path.name}' is damaged: it names the size {' x '.join(map(str, size))}.")
    return tuple(int(n) for n in size)


def beside(header: Path, name: str) -> Path:
    """The file that a header names for its voxels."""
    data = header.parent / name
    if name.upper().startswith("LIST") or "%" in name or (" " in name and not data.exists()):
        raise BadInput(f"The voxels of '{header.name}' lie in several files; save it as one file.")
    if not data.is_file():
        raise BadInput(f"The file '{data.name}' with the voxels of '{header.name}' is not there, or is no plain file.")
    return data


def require_spacing(path: Path, spacing: Sequence[float], axes: int) -> None:
    if len(spacing) < min(axes, 3) or not all(1e-3 <= x <= 1e3 for x in spacing):
        said = f" ({mm(spacing)})" if spacing else ""
        raise BadInput(f"The header of '{path.name}' does not say how large its voxels are{said}. Export it anew.")


def mm(spacing: Sequence[float]) -> str:
    return " x ".join(f"{x:.4g}" for x in spacing) + " mm"
