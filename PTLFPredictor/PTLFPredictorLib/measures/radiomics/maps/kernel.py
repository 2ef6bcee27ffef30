"""Neighbourhoods of voxels: cubes (or squares) around each, cut to the VOI, many at a time.

A batch of B neighbourhoods is an array (B, K): K places in C order, 0 (levels) or NaN (values) where the VOI is not.
"""

from __future__ import annotations

from functools import cached_property
from itertools import product

import numpy as np

from ..discretise import GreyLevels
from ..region import LevelMap


class Kernel:
    """The places of a neighbourhood.

    Parameters
    ----------
    radius : int
        In voxels: a cube of ``2 radius + 1``.
    across : {0, 1, 2} or None
        Axis (z, y, x) along which it has a single place.
    """

    def __init__(self, radius: int, across: int | None = None):
        self.radius = radius
        self.shape = tuple(1 if axis == across else 2 * radius + 1 for axis in range(3))
        middle = np.array(self.shape) // 2
        self._places = np.array(list(product(*map(range, self.shape))))
        self.offsets = self._places - middle
        self._moved: dict[tuple[int, int, int], np.ndarray] = {}

    @property
    def size(self) -> int:
        return len(self.offsets)

    def moved(self, offset: tuple[int, int, int]) -> np.ndarray:
        """For each place the one at `offset` from it, `size` where that is outside."""
        if offset not in self._moved:
            there = self._places + offset
            inside = ((there >= 0) & (there < self.shape)).all(axis=1)
            number = np.full(self.size, self.size)
            number[inside] = np.ravel_multi_index(there[inside].T, self.shape)
            self._moved[offset] = number
        return self._moved[offset]

    def pairs(self, offset: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Places that have a place at `offset`, and those."""
        there = self.moved(offset)
        here = np.flatnonzero(there < self.size)
        return here, there[here]


class Surroundings:
    """A filtered image around the voxels of a VOI.

    Parameters
    ----------
    inside : ndarray of bool, shape (z, y, x)
        Voxels that a neighbourhood may hold.
    values : ndarray, shape (n,)
        Theirs, in C order.
    grey : GreyLevels
        Theirs.
    kernel : Kernel
    """

    def __init__(self, inside: np.ndarray, values: np.ndarray, grey: GreyLevels, kernel: Kernel):
        self.grey, self.kernel = grey, kernel
        self._map = LevelMap(inside, kernel.radius)
        self._values = values
        self._steps = np.array([self._map.step(tuple(offset)) for offset in kernel.offsets])

    @cached_property
    def _levels(self) -> np.ndarray:
        return self._map.fill(self.grey.levels, self.grey.highest)

    @cached_property
    def _values_in_space(self) -> np.ndarray:
        flat = np.full(self._map.inside.size, np.nan)
        flat[self._map.index] = self._values
        return flat

    def _places(self, centres: np.ndarray) -> np.ndarray:
        return self._map.index.take(centres)[:, None] + self._steps

    def levels(self, centres: np.ndarray) -> np.ndarray:
        """Grey levels (B, K) around voxels (numbers in C order), 0 where there is none."""
        return self._levels.take(self._places(centres)).astype(np.int32)

    def values(self, centres: np.ndarray) -> np.ndarray:
        """Values (B, K) around voxels, NaN where there is none."""
        return self._values_in_space.take(self._places(centres))
