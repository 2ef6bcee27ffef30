"""A case as the checks of plausibility see it: arrays, grid, and which picture shows what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ct import Finding, Level
from .placement import Coarse

VIEWS = {
    "axial": (0, "red", "from the feet"),
    "coronal": (1, "green", "from the front"),
    "sagittal": (2, "yellow", "from the right"),
}
"""Plane -> array axis that it cuts, Slicer's colour, where its slices are counted from."""


@dataclass(frozen=True)
class Case:
    """What every check looks at.

    Parameters
    ----------
    labels, hu : ndarray, (slices, rows, columns)
        Index axes along L, P, S.
    spacing : (x, y, z) in mm
    origin : (x, y, z) in mm or None
    truncated : bool
        The liver is known to be cut off.
    coarse : Coarse
    parenchyma_hu : ndarray
        HU of the parenchyma's voxels.
    """

    labels: np.ndarray
    hu: np.ndarray
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float] | None
    truncated: bool
    coarse: Coarse
    parenchyma_hu: np.ndarray

    @property
    def voxel_ml(self) -> float:
        return float(np.prod(self.spacing)) / 1000

    def withhold(self, code: str, sentence: str, picture: tuple[str, int], values: Mapping[str, Any]) -> Finding:
        """A finding whose sentence ends with the picture to look at: plane and index, which counts from 0 along
        L, P, S."""
        plane, index = picture
        axis, colour, counted = VIEWS[plane]
        view, seen = f"{colour} view", {"plane": plane, "slice": index + 1}
        if self.origin is not None:
            dimension = 2 - axis
            mm = seen["position_mm"] = self.origin[dimension] + index * self.spacing[dimension]
            view += f" at {'RAS'[dimension]} {mm if dimension == 2 else -mm:.0f} mm"  # as Slicer's sliders say it
        number = f"{index + 1} of {self.labels.shape[axis]}"
        message = f"{sentence} Look at {plane} slice {number} ({counted}; {view})."
        return Finding(code, Level.WITHHOLD, message, {**values, **seen})

    def most(self, plane: str, mask: np.ndarray) -> tuple[str, int]:
        """The slice that shows most of a mask on the coarse grid."""
        axis = VIEWS[plane][0]
        index = int(np.argmax(mask.sum(axis=tuple({0, 1, 2} - {axis}))))
        return plane, self.coarse.fine_index(axis, index)
