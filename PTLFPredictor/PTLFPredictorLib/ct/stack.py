"""Where the slices of a series lie: on one grid of even steps, or how far from it.

Headers are rounded, so nothing is compared digit by digit: what counts is by how many mm a voxel would be moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ..errors import BadInput
from . import axes
from .axes import NOTED_MM, PLACE_TOLERANCE_MM
from .findings import Finding, Level
from .frames import Slice

SAME_GEOMETRY_MM = 0.1
"""Slices whose pixels lie nearer to each other than this, to the farthest corner, have one orientation and spacing."""

SAME_POSITION_MM = 0.01

GAP_FRACTION = 0.25
"""Slice steps that differ by more than this fraction are no grid: slices are missing, or parts have other steps."""

ROUNDED_STEP_MM = 0.11
"""Steps that differ by less were rounded to tenths of a millimetre."""

MISSING_SHARE = 0.25
"""Slices may be missing at so many steps; more steps of another length are another part of the scan."""

SAME_THICKNESS_MM = 0.1

Image = TypeVar("Image", bound=Slice)


@dataclass(frozen=True)
class Grid:
    """Geometry of a volume: `direction` by columns, `spacing` and `origin` in mm."""

    spacing: np.ndarray
    origin: np.ndarray
    direction: np.ndarray


def is_placed(image: Slice) -> bool:
    """Whether a slice says where its pixels lie."""
    spacing, orientation = image.numbers("PixelSpacing", 2), image.numbers("ImageOrientationPatient", 6)
    if image.numbers("ImagePositionPatient", 3) is None or orientation is None or spacing is None or min(spacing) <= 0:
        return False
    pair = np.reshape(orientation, (2, 3))
    return np.allclose(pair @ pair.T, np.eye(2), atol=0.01)


def of_one_geometry(images: Sequence[Image], findings: list[Finding]) -> list[Image]:
    """The slices that share rows, columns, pixel spacing and orientation; a few others are left out.

    Raises
    ------
    BadInput
    """
    placed = [image for image in images if is_placed(image)]
    if len(placed) < 2 and len(placed) < len(images):
        raise BadInput(
            "The DICOM files do not say where their slices lie (ImagePositionPatient, ImageOrientationPatient or "
            "PixelSpacing is missing or cannot be read)."
        )
    (shape, _), *_ = Counter(_shape(image) for image in placed).most_common(1)
    same = [image for image in placed if _shape(image) == shape]
    edges = np.array([_edges(image) for image in same])
    groups: list[list[int]] = []
    for k in range(len(same)):
        group = next((g for g in groups if _apart(edges[k], edges[g[0]]) <= SAME_GEOMETRY_MM), None)
        groups.append([k]) if group is None else group.append(k)
    usual = np.median(edges[max(groups, key=len)], axis=0)
    kept = [image for image, edge in zip(same, edges, strict=True) if _apart(edge, usual) <= SAME_GEOMETRY_MM]
    left_out = len(images) - len(kept)
    if left_out > len(kept) // 2:
        raise BadInput("The series mixes images of different size or orientation; export one axial series.")
    if left_out:
        findings.append(
            Finding("mixed_series", Level.WARN, f"{left_out} image(s) of another size or orientation were left out.")
        )
    return kept


def _shape(image: Slice) -> tuple[int, int]:
    return int(image.get("Rows", 0)), int(image.get("Columns", 0))


def _edges(image: Slice) -> np.ndarray:
    """From the first pixel to the last one of its row, of its column, and across, in mm."""
    row, column = np.reshape(image.numbers("ImageOrientationPatient", 6), (2, 3))
    down, right = image.numbers("PixelSpacing", 2)
    rows, columns = _shape(image)
    along, across = row * right * (columns - 1), column * down * (rows - 1)
    return np.array([along, across, along + across])


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b, axis=1).max())


def _plane(images: Sequence[Slice]) -> tuple[np.ndarray, np.ndarray]:
    """Steps in mm from column to column and from row to row."""
    row, column = np.reshape(np.median([i.numbers("ImageOrientationPatient", 6) for i in images], axis=0), (2, 3))
    down, right = np.median([image.numbers("PixelSpacing", 2) for image in images], axis=0)
    return row * right / np.linalg.norm(row), column * down / np.linalg.norm(column)


def _normal(images: Sequence[Slice]) -> np.ndarray:
    normal = np.cross(*_plane(images))
    return normal / np.linalg.norm(normal)


def position(image: Slice) -> np.ndarray:
    """Centre of the first pixel, in mm."""
    return np.array(image.numbers("ImagePositionPatient", 3))


def in_order(images: Sequence[Image]) -> list[int]:
    """The images' numbers in the order of their places along the normal."""
    normal = _normal(images)
    return sorted(range(len(images)), key=lambda k: (float(normal @ position(images[k])), str(images[k].path), k))


def grid_of(images: Sequence[Slice], findings: list[Finding]) -> Grid:
    """The grid of slices in order, each at a place of its own; findings on what lies beside it.

    Raises
    ------
    BadInput
    """
    normal, (right, down) = _normal(images), _plane(images)
    positions = np.array([position(image) for image in images])
    along = (positions - positions[0]) @ normal
    if float(np.median(np.diff(along))) < SAME_POSITION_MM:
        raise BadInput("The series holds several stacks side by side; export one axial series.")
    step = along[-1] / (len(images) - 1)
    sideways = positions - positions[0] - np.outer(along, normal)
    drift = np.polyfit(along, sideways, 1)[0]
    thickness = [(image.numbers("SliceThickness", 1) or [np.nan])[0] for image in images]
    findings += _uneven(along, positions @ normal, np.array(thickness))
    vectors = np.column_stack([right, down, (normal + drift) * step])
    rows, columns = _shape(images[0])
    lean = {"lean": drift.tolist(), "normal": normal.tolist(), "first_mm": float(positions[0] @ normal)}
    findings += axes.findings(vectors, (columns, rows, len(images)), **lean)
    findings += _shifted(sideways - np.outer(along, drift))
    findings += _mixed(np.array(thickness))
    spacing, direction = axes.perpendicular(vectors)
    return Grid(spacing, positions[0], direction)


def _uneven(along: np.ndarray, heights: np.ndarray, thickness: np.ndarray) -> list[Finding]:
    steps = np.diff(along)
    usual, mean = float(np.median(steps)), float(along[-1] / len(steps))
    off = float(np.abs(along - mean * np.arange(len(along))).max())
    values = {
        "median_step_mm": usual,
        "smallest_step_mm": float(steps.min()),
        "largest_step_mm": float(steps.max()),
        "largest_distance_mm": off,
    }
    odd = (np.abs(steps / usual - 1) > GAP_FRACTION) & (np.abs(steps - usual) > ROUNDED_STEP_MM)
    span = f"the steps run from {steps.min():.2f} to {steps.max():.2f} mm"
    if odd.any() and _are_missing(steps, odd, thickness):
        at = int(np.argmax(steps))
        message = (
            f"Slices are missing: most lie {usual:.2f} mm apart, but near {heights[at]:.1f} mm the step is "
            f"{steps[at]:.2f} mm. Export the whole series again."
        )
        return [Finding("missing_slices", Level.FAIL, message, values)]
    if odd.any():
        message = (
            f"The slices are not evenly spaced ({span}): they are no single volume. Reconstruct the CT in even steps, "
            "or export the part with the whole liver as a series of its own."
        )
        return [Finding("uneven_slices", Level.FAIL, message, values)]
    if off > PLACE_TOLERANCE_MM:
        message = (
            f"The slices are not evenly spaced ({span}): taken as {mean:.2f} mm apart, they lie up to {off:.1f} mm "
            "from their places. Reconstruct the CT in even steps."
        )
        return [Finding("uneven_slices", Level.WITHHOLD, message, values)]
    if off > NOTED_MM:
        message = (
            f"The slices are not quite evenly spaced ({span}): taken as {mean:.2f} mm apart, they lie up to "
            f"{off:.2f} mm from their places."
        )
        return [Finding("uneven_slices", Level.WARN, message, values)]
    return []


def _are_missing(steps: np.ndarray, odd: np.ndarray, thickness: np.ndarray) -> bool:
    """Whether the steps that differ are gaps: few, as long as several steps, between slices no thicker than others."""
    at = np.flatnonzero(odd)
    ratio = steps[at] / np.median(steps)
    if len(at) > max(1, MISSING_SHARE * len(steps)) or (ratio < 2 - GAP_FRACTION).any():
        return False
    thicker = thickness[at + 1] > (1 + GAP_FRACTION) * np.nanmedian(thickness) if np.isfinite(thickness).any() else [0]
    return not np.any(thicker)


def _shifted(sideways: np.ndarray) -> list[Finding]:
    off = float(np.linalg.norm(sideways - np.median(sideways, axis=0), axis=1).max())
    if off <= NOTED_MM:
        return []
    level = Level.WITHHOLD if off > PLACE_TOLERANCE_MM else Level.WARN
    message = f"The slices are shifted sideways against each other, by up to {off:.1f} mm."
    return [Finding("shifted_slices", level, message, {"largest_shift_mm": off})]


def _mixed(thickness: np.ndarray) -> list[Finding]:
    told = thickness[np.isfinite(thickness)]
    if not len(told) or np.ptp(told) <= SAME_THICKNESS_MM:
        return []
    message = (
        f"The slices are {told.min():.1f} to {told.max():.1f} mm thick: the series joins several reconstructions. "
        "Export one of them as a series of its own."
    )
    return [
        Finding("mixed_thickness", Level.WITHHOLD, message, {"thickness_mm": [float(told.min()), float(told.max())]})
    ]
