"""Lesions: how many, how large, how wide.

A lesion is a connected piece of the tumour label; voxels are connected where they share a face, an edge or a corner
(26 neighbours).  Lesions that touch count as one, also where they were drawn as segments or files of their own.

The diameter is the longest one in any axial slice, as radiologists measure it (RECIST 1.1): the largest distance
between two points of the lesion's outline in one slice, where the outline passes midway between a voxel inside and its
neighbour outside.  A row of n voxels measures n voxels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ..ct import bounding_box
from .names import LABEL_OF, Role

MEASURABLE_MM = 10.0
"""Least longest diameter of a measurable lesion on CT (RECIST 1.1, slices up to 5 mm)."""


@dataclass(frozen=True)
class Lesion:
    """One lesion."""

    volume_ml: float
    diameter_mm: float

    def to_dict(self) -> dict[str, float]:
        return {"volume_ml": self.volume_ml, "diameter_mm": self.diameter_mm}


def lesions(tumour: np.ndarray, spacing_mm: tuple[float, float, float]) -> list[Lesion]:
    """Lesions of a mask (slices, rows, columns), the one of the largest volume first.

    Parameters
    ----------
    tumour : numpy.ndarray of bool
    spacing_mm : (float, float, float)
        Along columns, rows and slices, SimpleITK's order.
    """
    box = bounding_box(tumour)
    if box is None:
        return []
    found = measured(pieces(tumour[box]), spacing_mm)
    return sorted(found, key=lambda lesion: (-lesion.volume_ml, -lesion.diameter_mm))


def pieces(tumour: np.ndarray) -> np.ndarray:
    """The lesions of a mask by number, from 1; 0 elsewhere."""
    from scipy import ndimage

    return ndimage.label(tumour, np.ones((3, 3, 3), bool))[0]


def measured(numbered: np.ndarray, spacing_mm: tuple[float, float, float]) -> list[Lesion]:
    """The lesions of `pieces`, in the order of their numbers."""
    from scipy import ndimage

    sizes = np.bincount(numbered.ravel())
    voxel_ml = float(np.prod(spacing_mm)) / 1000
    return [
        Lesion(float(sizes[number]) * voxel_ml, _diameter(numbered[place] == number, spacing_mm[0], spacing_mm[1]))
        for number, place in enumerate(ndimage.find_objects(numbered), start=1)
    ]


def of_label_map(labels: sitk.Image, label: int = LABEL_OF[Role.TUMOUR]) -> list[Lesion]:
    """`lesions` of the tumour in a derived label map, or of what a reader left out."""
    return lesions(sitk.GetArrayViewFromImage(labels) == label, labels.GetSpacing())


def largest_diameter(found: Sequence[Lesion]) -> float:
    """In mm, 0 without lesions."""
    return max((lesion.diameter_mm for lesion in found), default=0.0)


def text(count: int, largest_mm: float) -> str:
    """In a few words: "3 lesions, largest diameter 21.3 mm"; "" without lesions."""
    if not count:
        return ""
    return f"{count} {'lesion' if count == 1 else 'lesions'}, largest diameter {largest_mm:.1f} mm"


def ml_text(volume_ml: float) -> str:
    """A volume with one decimal, below 1 mL with two digits that count: "1378.0 mL", "0.038 mL"."""
    if not 0 < volume_ml < 1:
        return f"{volume_ml:.1f} mL"
    return f"{volume_ml:.{1 - math.floor(math.log10(volume_ml))}f} mL"


def _diameter(piece: np.ndarray, column_mm: float, row_mm: float) -> float:
    """Longest distance between two points of the outline in one slice."""
    from scipy.spatial import ConvexHull

    longest = 0.0
    for plane in piece:
        rows = np.flatnonzero(plane.any(axis=1))
        if not rows.size:
            continue
        columns = np.flatnonzero(plane.any(axis=0))
        reach = np.hypot((rows[-1] - rows[0] + 1) * row_mm, (columns[-1] - columns[0] + 1) * column_mm)
        if reach <= longest:
            continue
        points = np.concatenate([_ends(plane[rows], rows), _ends(plane.T[columns], columns)[:, ::-1]])
        points *= (row_mm, column_mm)
        points = points[ConvexHull(points).vertices]
        apart = points[:, None] - points[None]
        longest = max(longest, float(np.sqrt((apart**2).sum(axis=-1).max())))
    return longest


def _ends(lines: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Where the outline crosses each line first and last: (line, place along it), half a voxel outside."""
    first = lines.argmax(axis=1) - 0.5
    last = lines.shape[1] - lines[:, ::-1].argmax(axis=1) - 0.5
    return np.concatenate([np.column_stack([at, first]), np.column_stack([at, last])]).astype(float)
