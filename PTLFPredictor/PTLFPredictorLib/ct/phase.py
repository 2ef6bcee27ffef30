"""Contrast phase: from what the DICOM header says, else from the attenuation of aorta and liver.

"unknown" is an answer: a phase is named only where header or attenuation leave no doubt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

UNENHANCED, ARTERIAL, PORTAL_VENOUS, DELAYED, UNKNOWN = "unenhanced", "arterial", "portal venous", "delayed", "unknown"

_WORDS = (
    (UNENHANCED, r"\b(native|nativ|non[- ]?contrast|unenhanced|without contrast|plain|sans|c-|nc)\b"),
    (PORTAL_VENOUS, r"(portal|\bpv\b|\bpvp\b|porto|\bven(ous|oes|ös)?\b|\b[67]0 ?s(ec)?\b)"),
    (ARTERIAL, r"(\bart(erial|eriell)?\b|\bhap\b|\bangio)"),
    (DELAYED, r"(delay|equilibrium|\blate\b|spaet|spät|\b(180|240|300) ?s(ec)?\b)"),
)
"""Phase -> what series descriptions call it.  A description with words of two phases names none."""

_DELAYS_S = ((ARTERIAL, 15, 42), (PORTAL_VENOUS, 55, 95), (DELAYED, 150, 900))
"""Seconds after the start of injection; between the ranges the delay does not decide."""


@dataclass(frozen=True)
class Phase:
    """A contrast phase and what it was told from ("header", "attenuation", "")."""

    name: str
    source: str
    values: Mapping[str, float]


def from_header(get: Any) -> Phase:
    """Phase by a DICOM header; `get` takes a keyword and returns its value or None."""
    text = " ".join(str(get(tag) or "") for tag in ("SeriesDescription", "AcquisitionContrast", "ImageComments"))
    named = [name for name, words in _WORDS if re.search(words, text.lower().replace("_", " "))]
    if len(named) == 1:
        return Phase(named[0], "header", {})
    delay = _seconds(get("AcquisitionTime")) - _seconds(get("ContrastBolusStartTime"))
    for name, low, high in _DELAYS_S:
        if low <= delay <= high:
            return Phase(name, "header", {"delay_s": delay})
    return Phase(UNKNOWN, "", {})


def _seconds(time: Any) -> float:
    """Seconds of a DICOM time (HHMMSS.F); NaN if absent, which no comparison accepts."""
    match = re.fullmatch(r"(\d\d)(\d\d)(\d\d(?:\.\d+)?)", str(time or "").strip())
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) if match else float("nan")


def from_attenuation(image: sitk.Image, parenchyma: sitk.Image) -> Phase:
    """Phase by the median HU of parenchyma and aorta.

    Parameters
    ----------
    image : sitk.Image
        Canonical CT (axes L, P, S; HU).
    parenchyma : sitk.Image
        Mask (> 0) in the same geometry.
    """
    ct = sitk.GetArrayViewFromImage(image)
    mask = sitk.GetArrayViewFromImage(parenchyma) > 0
    if not mask.any():
        return Phase(UNKNOWN, "", {})
    liver = float(np.median(ct[mask]))
    if liver < 20 or liver > 250:
        return Phase(UNKNOWN, "", {"liver_hu": liver})
    aorta = aorta_hu(image, mask)
    if aorta is None:
        return Phase(UNKNOWN, "", {"liver_hu": liver})
    values = {"liver_hu": liver, "aorta_hu": aorta}
    return Phase(classify(liver, aorta), "attenuation", values)


def classify(liver_hu: float, aorta_hu: float) -> str:
    """Phase from two attenuations; the bands leave gaps, in which the answer is "unknown".

    The portal venous liver is enhanced by 40-50 HU over its 50-65 HU without contrast, and the aorta then lies
    20-100 HU above the liver; in the late arterial phase the aorta lies far above a hardly enhanced liver.
    """
    lead = aorta_hu - liver_hu
    if aorta_hu < 75 and liver_hu < 75:
        return UNENHANCED
    if aorta_hu > 200 and lead > 130 and liver_hu < 95:
        return ARTERIAL
    if liver_hu >= 85 and 110 <= aorta_hu <= 220 and 5 <= lead <= 110:
        return PORTAL_VENOUS
    if 65 <= liver_hu <= 100 and 75 <= aorta_hu < 110 and abs(lead) < 20:
        return DELAYED
    return UNKNOWN


AORTA_RADII_MM = (7.0, 9.0, 11.0)
"""Radii tried for the abdominal aorta (diameter 14-22 mm)."""

AORTA_REGION_MM = (50.0, 15.0, 45.0, 8.0)
"""Where its centre is looked for: up to 50 mm in front of the spine, from 15 mm to the right of the spine's middle to
45 mm to the left, and to 8 mm behind its front, since a bright aorta may seem one with the vertebra."""

BRIGHTEST_HU = 600.0
DISC_HU = (25.0, 420.0)
DISC_SPREAD_HU = 40.0
"""Mean of a disc of blood in any phase, and its largest SD: noise, not an edge."""

AORTA_SAMPLING_MM = 1.5
AORTA_QUALITY = 1.5
"""Least contrast of disc against ring, in units of the noise."""

AORTA_STRAYS_MM, AORTA_VARIES_HU = 18.0, 30.0
"""How far the discs of one aorta lie apart, relative to the spine, and how much they differ."""

NOISE_HU = 8.0

AORTA_LEVELS = 9
"""Axial slices of the liver's height that are searched."""


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
    body = ndimage.binary_fill_holes(axial > -250)
    labels, count = ndimage.label(body)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())
    body = labels == (int(np.argmax(sizes[1:])) + 1)
    rows, columns = np.nonzero(body)
    middle, front, back = np.median(columns), rows.min(), rows.max()
    bone = ndimage.gaussian_filter(axial, (1 / dy, 1 / dx)) > 180
    y, x = np.indices(axial.shape)
    central = bone & (np.abs(x - middle) * dx < 45) & (y > front + 0.45 * (back - front)) & body
    labels, count = ndimage.label(central)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())
    spine = labels == (int(np.argmax(sizes[1:])) + 1)
    if spine.sum() * dx * dy < 250:
        return None
    y, x = np.nonzero(spine)
    return float(np.percentile(y, 5)), float(np.median(x))
