"""The abdominal aorta's attenuation, found without a segmentation of it.

The numbers were set on six CTs of four patients (aorta 139, 145, 152, 161 HU in the portal venous phase, 389 in the
arterial, 36 without contrast) and on the sample cases; where they come from anatomy, that is said beside them.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

AORTA_RADII_MM = (7.0, 9.0, 11.0)
"""Radii tried for the abdominal aorta: diameter 14 to 22 mm, the normal range of adults at the liver's height."""

AORTA_REGION_MM = (50.0, 15.0, 45.0, 8.0)
"""Where its centre is looked for: up to 50 mm in front of the spine, from 15 mm to the right of the spine's middle to
45 mm to the left, and to 8 mm behind its front, since a bright aorta may seem one with the vertebra."""

BRIGHTEST_HU = 600.0
"""Brighter voxels (bone, metal, calcified wall) count as this, so that one of them does not fill a disc."""

DISC_HU = (25.0, 420.0)
DISC_SPREAD_HU = 40.0
"""Mean of a disc of blood in any phase (anaemia without contrast 30, early arterial 400), and its largest SD: noise of
a thin slice in a large patient (25 to 35 HU), not an edge."""

AORTA_SAMPLING_MM = 1.5
"""Pixels are skipped down to this: a tenth of the aorta's width."""

AORTA_QUALITY = 1.5
"""Least contrast of disc against ring, in units of the noise.  On the three CTs of hcc005 the discs that are taken have
1.6 to 12, the best ones of slices without a fit 0.6 to 1.2."""

AORTA_STRAYS_MM, AORTA_VARIES_HU = 18.0, 30.0
"""How far the discs of one aorta lie apart, relative to the spine (its own bend and the spine's, some 10 mm, and half
a disc), and how much their means differ (three times the 10 HU by which a disc's mean varies with partial volume)."""

NOISE_HU = 8.0
"""SD of a smooth 5 mm slice, added to a disc's own, so that an even disc of a few pixels gets no endless quality."""

BODY_HU = -250.0
"""Between air (-1000) and fat (-100), nearer to fat: skin folds and the table's foam stay outside."""

BONE_HU = 180.0
"""Spongy bone of the old (80 to 150 HU) is not asked for: its cortex lies above 300, smoothed over 1 mm above 180."""

SPINE_HALF_WIDTH_MM, SPINE_FRONT = 45.0, 0.45
"""Bone of the spine lies within 45 mm of the middle of the body (a vertebra with its processes is 80 mm wide) and
behind 0.45 of its depth; ribs and the sternum do not."""

SPINE_AREA_MM2 = 250.0
"""Least area of a spine's bone: a quarter of a vertebral body (35 x 30 mm), where the slice cuts a disc."""

SPINE_FRONT_PERCENTILE = 5
"""Row behind which 95 % of the spine's bone lies: single osteophytes do not move its front."""

AORTA_LEVELS = 9
"""Axial slices of the liver's height that are searched: half of them must agree."""


def aorta_hu(image: sitk.Image, liver: np.ndarray) -> float | None:
    """Median HU of the abdominal aorta; None where no convincing one is found.

    A disc of aortic size, even in itself, brighter than the ring around it, in front of or beside the spine (which
    is the brightest large structure near the midline), at about the same place in most of the liver's slices.

    Parameters
    ----------
    image : sitk.Image
        Canonical CT.
    liver : ndarray of bool, shape (slices, rows, columns)
    """
    ct = sitk.GetArrayViewFromImage(image)
    dx, dy, _ = image.GetSpacing()
    occupied = np.flatnonzero(liver.any(axis=(1, 2)))
    levels = np.unique(np.linspace(occupied[0], occupied[-1], AORTA_LEVELS).astype(int))
    found = [disc for level in levels if (disc := _best_disc(np.asarray(ct[level], dtype=float), (dy, dx)))]
    if len(found) < max(2, len(levels) // 2):
        return None
    rows, columns, hu = np.array(found).T
    near = np.hypot(rows - np.median(rows), columns - np.median(columns)) < AORTA_STRAYS_MM
    near &= np.abs(hu - np.median(hu[near])) < AORTA_VARIES_HU
    return float(np.median(hu[near])) if near.sum() >= max(2, len(levels) // 2) else None


def _best_disc(axial: np.ndarray, spacing: tuple[float, float]) -> tuple[float, float, float] | None:
    """The most aorta-like disc of an axial slice: mm behind and left of the spine's front, and HU; or None."""
    from scipy import ndimage

    spine = _spine(axial, spacing)
    if spine is None:
        return None
    dy, dx = spacing
    row, column = spine
    front_mm, right_mm, left_mm, behind_mm = AORTA_REGION_MM
    top, left = max(0, int(row - front_mm / dy)), max(0, int(column - right_mm / dx))
    stride = max(1, round(AORTA_SAMPLING_MM / dx))
    region = axial[top : int(row + behind_mm / dy) : stride, left : int(column + left_mm / dx) : stride]
    if min(region.shape) < 12:
        return None
    clipped = np.clip(region, -100, BRIGHTEST_HU)
    best, score = None, AORTA_QUALITY
    for radius in AORTA_RADII_MM:
        inside = _disc(radius * 0.75, 0, (dy * stride, dx * stride))
        ring = _disc(radius + 4, radius + 1.5, (dy * stride, dx * stride))
        mean = ndimage.convolve(clipped, inside / inside.sum(), mode="nearest")
        spread = np.sqrt(np.maximum(ndimage.convolve(clipped**2, inside / inside.sum(), mode="nearest") - mean**2, 0))
        around = ndimage.percentile_filter(clipped, 60, footprint=ring > 0, mode="nearest")
        blood = (mean > DISC_HU[0]) & (mean < DISC_HU[1]) & (spread < DISC_SPREAD_HU)
        quality = np.where(blood, (mean - around) / (spread + NOISE_HU), 0)
        at = np.unravel_index(int(np.argmax(quality)), quality.shape)
        if quality[at] > score:
            score = float(quality[at])
            at_row, at_column = top + float(at[0]) * stride, left + float(at[1]) * stride
            best = ((at_row - row) * dy, (at_column - column) * dx, float(mean[at]))
    return best


def _disc(outer_mm: float, inner_mm: float, spacing: tuple[float, float]) -> np.ndarray:
    dy, dx = spacing
    ny, nx = int(np.ceil(outer_mm / dy)), int(np.ceil(outer_mm / dx))
    y, x = np.mgrid[-ny : ny + 1, -nx : nx + 1]
    r = np.hypot(y * dy, x * dx)
    return ((r <= outer_mm) & (r >= inner_mm)).astype(float)


def _spine(axial: np.ndarray, spacing: tuple[float, float]) -> tuple[float, float] | None:
    """(row of its front, column of its middle) of the vertebra in an axial slice, rows running to the back."""
    from scipy import ndimage

    dy, dx = spacing
    body = ndimage.binary_fill_holes(axial > BODY_HU)
    labels, count = ndimage.label(body)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())
    body = labels == (int(np.argmax(sizes[1:])) + 1)
    rows, columns = np.nonzero(body)
    middle, front, back = np.median(columns), rows.min(), rows.max()
    bone = ndimage.gaussian_filter(axial, (1 / dy, 1 / dx)) > BONE_HU
    y, x = np.indices(axial.shape)
    central = bone & body & (np.abs(x - middle) * dx < SPINE_HALF_WIDTH_MM)
    central &= y > front + SPINE_FRONT * (back - front)
    labels, count = ndimage.label(central)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())
    spine = labels == (int(np.argmax(sizes[1:])) + 1)
    if spine.sum() * dx * dy < SPINE_AREA_MM2:
        return None
    y, x = np.nonzero(spine)
    return float(np.percentile(y, SPINE_FRONT_PERCENTILE)), float(np.median(x))
