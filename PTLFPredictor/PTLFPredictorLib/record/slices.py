"""Pictures of the CT with the outlines of liver and tumour, as PNG."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from .. import colours
from ..ct import CT
from ..segmentation.segments import EXCLUDED, PARENCHYMA, TUMOUR, Segments

WINDOW_LEVEL_HU, WINDOW_WIDTH_HU = 30, 300
"""The window in which the study's radiologists drew (published)."""

PIXEL_MM = 0.6
"""Pixel size of the pictures; all three planes at one scale."""

PLANES = {"axial": (0, "R", "L"), "coronal": (1, "R", "L"), "sagittal": (2, "A", "P")}
"""Plane -> array axis that it cuts, letters at the picture's left and right edge."""

MARGIN_MM = 6.0

BODY_HU = -250


@dataclass(frozen=True)
class Picture:
    """One slice of the report.

    Parameters
    ----------
    plane : str
        "axial", "coronal" or "sagittal".
    left, right : str
        Patient side at the picture's edges.
    position_mm : float
        Of the slice along its normal, in the CT's own coordinates (L, P, S).
    width, height : int
        In pixels of `PIXEL_MM`.
    png : str
        Base64.
    """

    plane: str
    left: str
    right: str
    position_mm: float
    width: int
    height: int
    png: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Picture:
        return cls(**data)


def pictures(ct: CT, segments: Segments) -> list[Picture]:
    """Axial, coronal and sagittal slice through the middle of the largest tumour (of the liver, without one)."""
    centre = _centre(segments)
    return [picture(ct.image, segments.array, plane, centre) for plane in PLANES]


def _centre(segments: Segments) -> tuple[int, int, int]:
    """Array index (slice, row, column) inside the largest tumour, at its greatest axial section."""
    labels = segments.array
    target = segments.labels == TUMOUR if (labels == TUMOUR).any() else segments.labels > 0
    largest = sitk.GetArrayFromImage(sitk.RelabelComponent(sitk.ConnectedComponent(target, True)) == 1) > 0
    level = int(np.argmax(largest.sum(axis=(1, 2))))
    rows, columns = np.nonzero(largest[level])
    return level, int(np.median(rows)), int(np.median(columns))


def picture(
    image: sitk.Image,
    labels: np.ndarray | None,
    plane: str,
    at: tuple[int, int, int],
    box: tuple[slice, slice] | None = None,
) -> Picture:
    """One slice in the study's window, with the outlines of liver and tumour, and of lesions that were left out.

    Parameters
    ----------
    image : sitk.Image
        CT in HU, index axes along L, P, S.
    labels : np.ndarray or None, shape (slices, rows, columns)
        0 background, 1 parenchyma, 2 tumour, 3 left out; None draws the CT alone.
    plane : str
        Of `PLANES`.
    at : (slice, row, column)
        Array index of a point that the slice goes through.
    box : tuple of slice, optional
        Rows and columns of an axial slice that are shown; the body where not given.
    """
    axis, left, right = PLANES[plane]
    dx, dy, dz = image.GetSpacing()
    spacing = [(dy, dx), (dz, dx), (dz, dy)][axis]
    part = box or (slice(None), slice(None))
    grey = np.take(sitk.GetArrayViewFromImage(image), at[axis], axis=axis)[part]
    drawn = np.zeros(grey.shape, np.uint8) if labels is None else np.take(labels, at[axis], axis=axis)[part]
    grey, drawn = _resampled(grey, spacing, sitk.sitkLinear), _smooth_labels(drawn, spacing)
    if axis != 0:
        grey, drawn = grey[::-1], drawn[::-1]  # feet at the bottom
    if box is None:
        rows, columns = _body_box(grey)
        grey, drawn = grey[rows, columns], drawn[rows, columns]
    low = WINDOW_LEVEL_HU - WINDOW_WIDTH_HU / 2
    shade = np.clip((grey - low) / WINDOW_WIDTH_HU * 255, 0, 255).astype(np.uint8)
    rgb = np.repeat(shade[..., None], 3, axis=2)
    rgb[_outline(drawn > 0)] = colours.rgb(colours.LIVER)
    rgb[_outline(drawn == EXCLUDED)] = colours.rgb(colours.EXCLUDED)
    rgb[_outline(drawn == TUMOUR)] = colours.rgb(colours.TUMOUR)
    position = image.TransformIndexToPhysicalPoint([int(i) for i in reversed(at)])[2 - axis]
    return Picture(plane, left, right, float(position), rgb.shape[1], rgb.shape[0], _png(rgb))


def _resampled(plane: np.ndarray, spacing: tuple[float, float], interpolator: int) -> np.ndarray:
    image = sitk.GetImageFromArray(plane.astype(np.float32))
    image.SetSpacing((spacing[1], spacing[0]))
    size = [max(1, round(n * s / PIXEL_MM)) for n, s in zip(plane.shape[::-1], image.GetSpacing(), strict=True)]
    origin = [(PIXEL_MM - s) / 2 for s in image.GetSpacing()]
    grid = (size, sitk.Transform(), interpolator, origin, (PIXEL_MM, PIXEL_MM), image.GetDirection())
    padded = sitk.ZeroFluxNeumannPad(image, (1, 1), (1, 1))
    return sitk.GetArrayFromImage(sitk.Resample(padded, *grid, float(plane.min()), sitk.sitkFloat32))


def _smooth_labels(labels: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
    """Labels on the picture's grid, their edges interpolated so that thick slices give no staircase."""
    organ, tumour, excluded = (
        _resampled(mask, spacing, sitk.sitkLinear) >= 0.5 for mask in (labels > 0, labels == TUMOUR, labels == EXCLUDED)
    )
    return np.where(tumour, TUMOUR, np.where(excluded, EXCLUDED, np.where(organ, PARENCHYMA, 0))).astype(np.uint8)


def _body_box(grey: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of the body: the largest connected region, so that the table does not widen the picture."""
    pieces = sitk.ConnectedComponent(sitk.GetImageFromArray((grey > BODY_HU).astype(np.uint8)))
    body = sitk.GetArrayFromImage(sitk.RelabelComponent(pieces)) == 1
    if not body.any():
        return slice(None), slice(None)
    margin = round(MARGIN_MM / PIXEL_MM)
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    return tuple(slice(max(0, i[0] - margin), i[-1] + margin + 1) for i in (rows, columns))


def _outline(mask: np.ndarray) -> np.ndarray:
    """Pixels just inside the edge of a mask, one to two wide."""
    padded = np.pad(mask, 1)
    inner = padded[1:-1, 1:-1] & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge = mask & ~inner
    thick = edge.copy()
    thick[1:] |= edge[:-1]
    thick[:, 1:] |= edge[:, :-1]
    return thick


def _png(rgb: np.ndarray) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "slice.png"
        sitk.WriteImage(sitk.GetImageFromArray(rgb, isVector=True), str(path))
        return base64.b64encode(path.read_bytes()).decode("ascii")
