"""Volumes, VOIs and the slabs that bound memory.

Arrays are ordered (slice, row, column) = (z, y, x), as `SimpleITK.GetArrayFromImage` gives them.  Filtered
values are kept for VOI voxels only, as vectors in C order; no filtered image of the whole CT ever exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import SimpleITK as sitk

from ...ct import bounding_box

Box = tuple[slice, slice, slice]
"""Half-open ranges of (z, y, x) indices inside a volume."""


@dataclass(frozen=True)
class Volume:
    """A CT (or what resampling and normalising made of it).

    Parameters
    ----------
    voxels : ndarray or inputs.PreparedVoxels, shape (z, y, x)
        In the type of the extraction settings: filters depend on it.  To be read in boxes, for it may lie in a file.
    spacing_mm : (float, float, float)
        (z, y, x) voxel spacing.
    owner : object
        Of the voxels, kept alive as long as they are looked at.
    extremes : (float, float) or None
        Lowest and highest of all voxels, where they are known.
    """

    voxels: np.ndarray
    spacing_mm: tuple[float, float, float]
    owner: Any = None
    extremes: tuple[float, float] | None = None

    @classmethod
    def of(cls, image: sitk.Image) -> Volume:
        z, y, x = reversed(image.GetSpacing())
        return cls(sitk.GetArrayViewFromImage(image), (z, y, x), image)

    @cached_property
    def largest_magnitude(self) -> float:
        """Largest absolute value of the whole volume, which four filters scale with."""
        return max(map(abs, self.extremes or (float(self.voxels.max()), float(self.voxels.min()))))


def grown(box: Box, lower: Sequence[int], upper: Sequence[int]) -> Box:
    """`box` with a halo of so many voxels before and after it; may reach outside the volume."""
    return tuple(slice(s.start - low, s.stop + high) for s, low, high in zip(box, lower, upper, strict=True))


def clipped(box: Box, shape: Sequence[int]) -> Box:
    """The part of `box` inside a volume of `shape`."""
    return tuple(slice(max(s.start, 0), min(s.stop, size)) for s, size in zip(box, shape, strict=True))


def shape_of(box: Box) -> tuple[int, int, int]:
    return tuple(s.stop - s.start for s in box)


class Voi:
    """Voxels of one VOI inside a volume.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        Of the whole volume, or of `within`; has at least one voxel.
    within : Box, optional
        Where `mask` lies in the volume.
    """

    def __init__(self, mask: np.ndarray, within: Box | None = None):
        own = bounding_box(mask)
        starts = (0, 0, 0) if within is None else tuple(s.start for s in within)
        self.box: Box = tuple(slice(s.start + n, s.stop + n) for s, n in zip(own, starts, strict=True))
        self.mask = np.ascontiguousarray(mask[own])
        self.size = int(np.count_nonzero(self.mask))
        self._maps: dict[int, LevelMap] = {}

    def level_map(self, margin: int) -> LevelMap:
        """The VOI's `LevelMap` with so many empty voxels around its box."""
        if margin not in self._maps:
            self._maps[margin] = LevelMap(self.mask, margin)
        return self._maps[margin]

    def inside(self, box: Box) -> np.ndarray:
        """The mask over `box` of the volume, False outside the VOI's own box."""
        result = np.zeros(shape_of(box), dtype=bool)
        common = tuple(slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(self.box, box, strict=True))
        if all(s.stop > s.start for s in common):
            here = tuple(slice(s.start - b.start, s.stop - b.start) for s, b in zip(common, box, strict=True))
            own = tuple(slice(s.start - b.start, s.stop - b.start) for s, b in zip(common, self.box, strict=True))
            result[here] = self.mask[own]
        return result


class LevelMap:
    """A VOI's grey levels laid out in space, for the texture matrices.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The VOI in its own box.
    margin : int
        Empty voxels around the VOI's box: the largest neighbour distance.
    """

    def __init__(self, mask: np.ndarray, margin: int):
        self.shape = tuple(size + 2 * margin for size in mask.shape)
        self.box_shape = mask.shape
        self.strides = (self.shape[1] * self.shape[2], self.shape[2], 1)
        padded = np.pad(mask, margin)
        self.index = np.flatnonzero(padded)
        self.inside = padded.ravel()

    def step(self, offset: tuple[int, int, int]) -> int:
        """Distance in the flattened map of the voxel at `offset` (z, y, x)."""
        return sum(o * s for o, s in zip(offset, self.strides, strict=True))

    def slices(self) -> Iterator[tuple[slice, slice]]:
        """Of each slice with voxels: which they are in `index`, and what they span of the flattened map."""
        firsts = np.searchsorted(self.index, np.arange(self.shape[0] + 1) * self.strides[0])
        for first, stop in zip(firsts[:-1].tolist(), firsts[1:].tolist(), strict=True):
            if stop > first:
                yield slice(first, stop), slice(int(self.index[first]), int(self.index[stop - 1]) + 1)

    def line_numbers(self, offset: tuple[int, int, int]) -> np.ndarray:
        """For each voxel a number that it shares with the voxels on its line along `offset`, and no others."""
        axis = next(axis for axis in range(3) if offset[axis])
        steps = (self.index // self.strides[axis]) % self.shape[axis] * offset[axis]
        reach = self.shape[axis]
        number = np.zeros(self.index.size, dtype=np.int64)
        for other in range(3):
            if other != axis:
                coordinate = (self.index // self.strides[other]) % self.shape[other]
                number = number * (self.shape[other] + 2 * reach) + coordinate - steps * offset[other] + reach
        return number

    def fill(self, levels: np.ndarray, highest: int) -> np.ndarray:
        """Flattened map of levels, 0 outside the VOI, in the smallest type that holds them."""
        flat = np.zeros(self.inside.size, dtype=np.min_scalar_type(highest))
        flat[self.index] = levels
        return flat


class Region:
    """The union of some VOIs: what a filter has to be evaluated on, once for all of them.

    Parameters
    ----------
    vois : dict of str to Voi
    """

    def __init__(self, vois: dict[str, Voi]):
        self.vois = vois
        lows = [min(voi.box[axis].start for voi in vois.values()) for axis in range(3)]
        highs = [max(voi.box[axis].stop for voi in vois.values()) for axis in range(3)]
        self.box: Box = tuple(slice(low, high) for low, high in zip(lows, highs, strict=True))
        self.mask = np.zeros(shape_of(self.box), dtype=bool)
        for voi in vois.values():
            self.mask |= voi.inside(self.box)
        self._first = np.concatenate([[0], np.cumsum(np.count_nonzero(self.mask, axis=(1, 2)))])
        self.size = int(self._first[-1])

    def slabs(self, parts: int, voxels: int) -> Iterator[tuple[Box, np.ndarray, slice]]:
        """Cut into at least `parts` slabs of consecutive slices, each of at most `voxels` or one slice.

        A slab ends where the region does: over all slices its box holds twice as many voxels.

        Yields
        ------
        box : Box
            Around the slab's voxels.
        inside : ndarray of bool
            The region's mask over `box`.
        where : slice
            Place of the slab's voxels in the region's vector.
        """
        first = tuple(part.start for part in self.box)
        depth, height, width = self.mask.shape
        thickness = max(1, min(voxels // (height * width), -(-depth // parts)))
        for start in range(0, depth, thickness):
            stop = min(start + thickness, depth)
            where = slice(int(self._first[start]), int(self._first[stop]))
            if where.stop > where.start:
                own = bounding_box(self.mask[start:stop])
                index = (slice(start + own[0].start, start + own[0].stop), *own[1:])
                box = tuple(slice(f + part.start, f + part.stop) for f, part in zip(first, index, strict=True))
                yield box, self.mask[index], where

    def part(self, voi: str) -> np.ndarray | slice:
        """Index of a VOI's voxels in the region's vector."""
        if len(self.vois) == 1:
            return slice(None)
        return self.vois[voi].inside(self.box)[self.mask]
