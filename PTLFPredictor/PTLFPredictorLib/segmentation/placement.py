"""Where a liver segment lies: whether it follows its organ, whether it would fit better moved, mirrored or turned.

A segment is compared with itself elsewhere, on a coarse grid: its fit is the share of the parenchyma segment that has
the liver's attenuation minus the share of the tissue just outside that has it too.  The mask of a liver is at its best
where it is; a mask that lies wrongly is better somewhere else.  So each patient is his own control, whatever the
phase, the noise, fat or cirrhosis (docs/plausibility.md, with what was measured).

Arrays have the axes (slices, rows, columns), index axes along L, P, S; spacing and vectors are (x, y, z) in mm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .names import LABEL_OF, Role

PARENCHYMA, TUMOUR, EXCLUDED = (LABEL_OF[role] for role in (Role.PARENCHYMA, Role.TUMOUR, Role.EXCLUDED))

STEP_MM = 5.0
"""Spacing of the coarse grid: half of the least displacement that has to be told."""

SHELL_MM = (3.0, 9.0)
"""The tissue just outside: beyond the partial volume of the border, nearer than most neighbours are thick."""

REACH_MM = 60.0
"""How far beyond the edge of the CT a mask may be moved."""

TURN_DEGREES = 12.0

MINIMUM_VOXELS = 30
"""Coarse voxels of parenchyma (4 mL) below which no fit is computed."""

TISSUE_HU = (-50, 300)
"""Where the liver's attenuation is looked for."""

SPREADS, NARROWEST_HU, WIDEST_HU = 2.5, 15.0, 35.0
"""A coarse voxel has the liver's attenuation within so many robust SD of its peak, at least and at most so many HU."""


@dataclass(frozen=True)
class Coarse:
    """CT and segments on the coarse grid.

    Parameters
    ----------
    hu : ndarray
        Mean HU.
    parenchyma, liver : ndarray of bool
        More than half of the voxel; `liver` is everything that is labelled.
    factors : (int, int, int)
        Voxels of the CT in a coarse one, along (slices, rows, columns).
    steps_mm : (float, float, float)
        Spacing, in the same order.
    """

    hu: np.ndarray
    parenchyma: np.ndarray
    liver: np.ndarray
    factors: tuple[int, int, int]
    steps_mm: tuple[float, float, float]

    @classmethod
    def of(cls, labels: np.ndarray, hu: np.ndarray, spacing: tuple[float, float, float]) -> Coarse:
        fine = tuple(float(step) for step in spacing[::-1])
        factors = tuple(max(1, min(round(STEP_MM / step), size)) for step, size in zip(fine, hu.shape, strict=True))
        steps = tuple(step * factor for step, factor in zip(fine, factors, strict=True))
        parenchyma, liver = (_means(mask, factors) > 0.5 for mask in (labels == PARENCHYMA, labels > 0))
        return cls(_means(hu, factors), parenchyma, liver, factors, steps)

    @cached_property
    def like_liver(self) -> np.ndarray:
        """Voxels with the liver's attenuation, bool; none where the segment holds no tissue."""
        values = self.hu[self.parenchyma]
        tissue = values[(values > TISSUE_HU[0]) & (values < TISSUE_HU[1])]
        if not tissue.size:
            return np.zeros(self.hu.shape, bool)
        peak = _peak(tissue)
        spread = 1.4826 * float(np.median(np.abs(tissue - peak)))
        return np.abs(self.hu - peak) < np.clip(SPREADS * spread, NARROWEST_HU, WIDEST_HU)

    @cached_property
    def shell(self) -> np.ndarray:
        """The tissue just outside the liver, bool."""
        from scipy.ndimage import distance_transform_edt

        distance = distance_transform_edt(~self.liver, sampling=self.steps_mm)
        return (distance > SHELL_MM[0]) & (distance <= SHELL_MM[1])

    def fine_index(self, axis: int, index: int) -> int:
        """Index in the CT of the middle of a coarse slice, row or column."""
        return index * self.factors[axis] + self.factors[axis] // 2

    def millilitres(self, mask: np.ndarray) -> float:
        return float(np.count_nonzero(mask)) * float(np.prod(self.steps_mm)) / 1000


def _means(array: np.ndarray, factors: tuple[int, int, int]) -> np.ndarray:
    """Mean of each block, float32; what remains at the end of an axis is left out."""
    whole = tuple(slice(0, size // factor * factor) for size, factor in zip(array.shape, factors, strict=True))
    array = array[whole]
    for axis, factor in enumerate(factors):
        if factor > 1:
            steps = [(slice(None),) * axis + (slice(offset, None, factor),) for offset in range(factor)]
            array = sum((array[step] for step in steps[1:]), array[steps[0]].astype(np.int32))
    return array.astype(np.float32) / np.float32(np.prod(factors))


def _peak(values: np.ndarray) -> float:
    """The most frequent HU, the histogram smoothed by 6 HU."""
    counts = np.bincount((values - TISSUE_HU[0]).astype(int), minlength=TISSUE_HU[1] - TISSUE_HU[0])
    kernel = np.exp(-0.5 * (np.arange(-18, 19) / 6) ** 2)
    return float(np.argmax(np.convolve(counts, kernel, "same")) + TISSUE_HU[0] + 0.5)


@dataclass(frozen=True)
class Way:
    """What is done to a mask: mirrored about its own middle, turned about its own centroid, then moved.

    Parameters
    ----------
    mirrored : str
        Axes, e.g. "x", "xy"; "" for none.
    turned : str
        Axis, or "".
    degrees : float
        Of the turn; positive from x to y, from x to z, from y to z.
    moved_mm : (float, float, float)
    """

    mirrored: str = ""
    turned: str = ""
    degrees: float = 0.0
    moved_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def distance_mm(self) -> float:
        return float(np.linalg.norm(self.moved_mm))


@dataclass(frozen=True)
class Fit:
    """How well a mask lies, and how it would lie best.

    Parameters
    ----------
    inside, outside : float
        Share of the parenchyma segment, and of the tissue just outside the liver, with the liver's attenuation.
    best : float
        The best fit of all ways.
    way : Way
        That reaches it.
    """

    inside: float
    outside: float
    best: float
    way: Way

    @property
    def here(self) -> float:
        return self.inside - self.outside

    @property
    def gain(self) -> float:
        return self.best - self.here


def fit(coarse: Coarse) -> Fit | None:
    """How the mask lies and how it would lie best; None where the segment is too small to tell."""
    if np.count_nonzero(coarse.parenchyma) < MINIMUM_VOXELS or not coarse.shell.any():
        return None
    like = coarse.like_liver
    inside, outside = (float(like[mask].mean()) for mask in (coarse.parenchyma, coarse.shell))
    best, found = inside - outside, Way()
    kernel, corner = _kernel(coarse)
    search = _Search(like, coarse.steps_mm)
    for way, changed in _ways(kernel, coarse.steps_mm):
        score, place = search(changed)
        if score > best + ROUNDING:
            moved = (place - corner) * coarse.steps_mm
            best, found = score, replace(way, moved_mm=tuple(float(mm) for mm in moved[::-1]))
    return Fit(inside, outside, best, found)


ROUNDING = 1e-3
"""Differences of fits below this are rounding of the transform."""


def _kernel(coarse: Coarse) -> tuple[np.ndarray, np.ndarray]:
    """Weights whose sum over the voxels with the liver's attenuation is the fit, on a box with room to turn in;
    and where the box begins (which may be outside the CT)."""
    weights = _balanced(coarse.parenchyma.astype(np.float32) - coarse.shell)
    spans = [np.flatnonzero(weights.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    steps = np.array(coarse.steps_mm)
    longest = max((hits[-1] - hits[0] + 1) * step for hits, step in zip(spans, steps, strict=True))
    room = np.ceil(np.sin(np.radians(TURN_DEGREES)) * longest / 2 / steps).astype(int)
    box = tuple(slice(hits[0], hits[-1] + 1) for hits in spans)
    return np.pad(weights[box], [(n, n) for n in room]), np.array([hits[0] for hits in spans]) - room


def _balanced(weights: np.ndarray) -> np.ndarray:
    """Positive weights that add up to 1, negative ones to -1."""
    positive, negative = np.maximum(weights, 0), np.maximum(-weights, 0)
    return positive / positive.sum() - negative / negative.sum()


def _ways(kernel: np.ndarray, steps_mm: tuple[float, float, float]) -> Iterator[tuple[Way, np.ndarray]]:
    """The mask as it is, in every mirror, and turned about each axis."""
    yield Way(), kernel
    for mirrored in ("x", "y", "z", "xy", "xz", "yz", "xyz"):
        yield Way(mirrored), np.flip(kernel, ["zyx".index(axis) for axis in mirrored])
    for turned in "xyz":
        for degrees in (TURN_DEGREES, -TURN_DEGREES):
            yield Way("", turned, degrees), _balanced(_turned(kernel, steps_mm, turned, degrees))


def _turned(kernel: np.ndarray, steps_mm: tuple[float, float, float], axis: str, degrees: float) -> np.ndarray:
    """The kernel turned about its centroid, linearly interpolated."""
    from scipy.ndimage import affine_transform, center_of_mass

    first, second = sorted({0, 1, 2} - {"zyx".index(axis)}, reverse=True)  # array axes: x before y before z
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(3)
    turn[first, first] = turn[second, second] = cosine
    turn[first, second], turn[second, first] = sine, -sine  # from the turned mask back to the mask
    steps = np.array(steps_mm)
    matrix = turn * steps / steps[:, None]
    centre = np.array(center_of_mass(np.maximum(kernel, 0)))
    return affine_transform(kernel, matrix, centre - matrix @ centre, order=1)


class _Search:
    """The best place of a kernel over the CT, by correlation."""

    def __init__(self, like: np.ndarray, steps_mm: tuple[float, float, float]):
        from scipy.fft import next_fast_len, rfftn

        self._reach = [int(np.ceil(REACH_MM / step)) for step in steps_mm]
        self._size = like.shape
        self._shape = [next_fast_len(n + reach, True) for n, reach in zip(like.shape, self._reach, strict=True)]
        self._like = rfftn(like.astype(np.float32), self._shape)

    def __call__(self, kernel: np.ndarray) -> tuple[float, np.ndarray]:
        """Highest sum of the kernel over the voxels that are like liver, and where its first voxel then lies (with
        fractions)."""
        from scipy.fft import irfftn, rfftn

        scores = irfftn(self._like * np.conj(rfftn(kernel, self._shape)), self._shape)
        scores = np.roll(scores, self._reach, axis=(0, 1, 2))
        allowed = [n + 2 * r - k + 1 for n, r, k in zip(self._size, self._reach, kernel.shape, strict=True)]
        scores = scores[tuple(slice(0, count) for count in allowed)]
        place = np.unravel_index(np.argmax(scores), scores.shape)
        lines = [np.moveaxis(scores, axis, -1)[place[:axis] + place[axis + 1 :]] for axis in range(3)]
        between = [_peak_between(line, index) for line, index in zip(lines, place, strict=True)]
        return float(scores[place]), np.array(place) - self._reach + between


def _peak_between(scores: np.ndarray, index: int) -> float:
    """Where the parabola through the highest score and its neighbours peaks, -0.5 to 0.5 from it."""
    if not 0 < index < len(scores) - 1:
        return 0.0
    before, here, after = scores[index - 1 : index + 2]
    bend = before - 2 * here + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0
