"""Axes of a volume that are not perpendicular: a gantry that was tilted, or headers that were rounded.

How far voxels would be moved by perpendicular axes is told in mm at the volume's edge, whatever file it came from.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .findings import Finding, Level

NOTED_MM = 0.1
"""Nothing is said of a smaller shift: an eighth of a pixel of 0.8 mm, and more than rounding to four decimals makes."""

PLACE_TOLERANCE_MM = 1.0
"""A voxel that lies farther from its place than this is more than a pixel off: nothing is shown that rests on it."""

TILT_DEGREES = 0.5


def perpendicular(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spacing and direction (columns) of perpendicular axes for `vectors`, the steps of the index axes in mm.

    The first axis stays, the second stays in its plane with the first, the third becomes their normal: slices stay
    where they are, in their distance, and so does the volume of a voxel.
    """
    direction = np.zeros((3, 3))
    spacing = np.zeros(3)
    for axis in range(3):
        rest = vectors[:, axis] - direction @ (direction.T @ vectors[:, axis])
        spacing[axis] = np.linalg.norm(rest)
        direction[:, axis] = rest / spacing[axis]
    return spacing, direction


def skew(vectors: np.ndarray, size: Sequence[int]) -> tuple[float, float]:
    """(degrees, mm): the angle missing to perpendicular, and the farthest that `perpendicular` moves a voxel."""
    spacing, direction = perpendicular(vectors)
    unit = vectors / np.linalg.norm(vectors, axis=0)
    lean = max(abs(float(unit[:, a] @ unit[:, b])) for a, b in ((0, 1), (0, 2), (1, 2)))
    corners = np.array(list(itertools.product(*((0, n - 1) for n in size[:3]))), float).T
    shift = np.linalg.norm((vectors - direction * spacing) @ corners, axis=0).max()
    return math.degrees(math.asin(min(1.0, lean))), float(shift)


def are_axes(vectors: np.ndarray) -> bool:
    """Whether three vectors span space."""
    lengths = np.linalg.norm(vectors, axis=0)
    return bool(np.isfinite(lengths).all() and (lengths > 0).all() and abs(np.linalg.det(vectors / lengths)) > 0.1)


def findings(vectors: np.ndarray, size: Sequence[int], **values: Any) -> list[Finding]:
    """What it means that the axes of a volume are not perpendicular; `values` are further numbers of the finding."""
    degrees, shift = skew(vectors, size)
    if shift <= NOTED_MM:
        return []
    values = {"degrees": degrees, "shift_mm": shift, **values}
    if degrees <= TILT_DEGREES and shift <= PLACE_TOLERANCE_MM:
        return [
            Finding(
                "gantry_tilt",
                Level.WARN,
                f"The axes of the CT are not quite perpendicular; taken as such, voxels lie up to {shift:.2f} mm off.",
                values,
            )
        ]
    return [
        Finding(
            "gantry_tilt",
            Level.WITHHOLD,
            f"The gantry was tilted by {degrees:.1f} degrees: the slices are sheared against each other, up to "
            f"{shift:.1f} mm at the last one.",
            values,
        )
    ]


def straightened(positions: np.ndarray, found: Sequence[Finding]) -> np.ndarray:
    """Positions (n, 3) of frames on a CT whose gantry was tilted, where the CT's grid puts them.

    Parameters
    ----------
    found : sequence of Finding
        The CT's: a tilt by its slices' positions says how they lean.
    """
    lean: Mapping[str, Any] = next((f.values for f in found if f.code == "gantry_tilt" and "lean" in f.values), {})
    if not lean:
        return positions
    heights = positions @ np.array(lean["normal"]) - lean["first_mm"]
    return positions - np.outer(heights, lean["lean"])
