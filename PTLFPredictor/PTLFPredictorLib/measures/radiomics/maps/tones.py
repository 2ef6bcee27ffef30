"""Maps of the neighbouring grey-tone difference matrix: `textures.ngtdm` in each neighbourhood."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..textures.ngtdm import FLAT_COARSENESS
from .counting import Things
from .kernel import Kernel


class Tones:
    """By neighbourhood and grey level that occurs in it: the level, its share of voxels, its sum of differences.

    Parameters
    ----------
    levels, counts, differences : ndarray, shape (number, slots)
        A neighbourhood with fewer levels than `slots` has counts of 0 at the end.
    """

    def __init__(self, levels: np.ndarray, counts: np.ndarray, differences: np.ndarray):
        self._i, self._there, self._s = levels.astype(float), counts > 0, differences
        self._voxels = counts.sum(axis=1)
        self._p = counts / self._voxels[:, None]
        self._weighted = self._p * self._s

    def _over_pairs(self, term: Callable[[int], np.ndarray]) -> np.ndarray:
        """Sum of ``term(a)`` (number, slots) over all levels a and the levels that it is paired with."""
        total = np.zeros(len(self._i))
        for a in range(self._i.shape[1]):
            total += np.where(self._there & self._there[:, a : a + 1], term(a), 0).sum(axis=1)
        return total

    def _distance(self, a: int) -> np.ndarray:
        return self._i - self._i[:, a : a + 1]

    def coarseness(self) -> np.ndarray:
        total = self._weighted.sum(axis=1)
        return np.where(total != 0, 1 / np.where(total != 0, total, 1), FLAT_COARSENESS)

    def contrast(self) -> np.ndarray:
        number = self._there.sum(axis=1)
        spread = self._over_pairs(lambda a: self._p * self._p[:, a : a + 1] * self._distance(a) ** 2)
        found = spread * self._s.sum(axis=1) / self._voxels
        return np.where(number > 1, found / np.maximum(number * (number - 1), 1), 0.0)

    def busyness(self) -> np.ndarray:
        weight = self._i * self._p
        spread = self._over_pairs(lambda a: np.abs(weight - weight[:, a : a + 1]))
        return np.where(spread != 0, self._weighted.sum(axis=1) / np.where(spread != 0, spread, 1), 0.0)

    def complexity(self) -> np.ndarray:
        def term(a: int) -> np.ndarray:
            shares = self._p + self._p[:, a : a + 1]
            weights = self._weighted + self._weighted[:, a : a + 1]
            return np.abs(self._distance(a)) * weights / np.where(shares > 0, shares, 1)

        return self._over_pairs(term) / self._voxels

    def strength(self) -> np.ndarray:
        total = self._s.sum(axis=1)
        spread = self._over_pairs(lambda a: (self._p + self._p[:, a : a + 1]) * self._distance(a) ** 2)
        return np.where(total != 0, spread / np.where(total != 0, total, 1), 0.0)


FEATURES: dict[str, Callable[[Tones], np.ndarray]] = {
    "Busyness": Tones.busyness,
    "Coarseness": Tones.coarseness,
    "Complexity": Tones.complexity,
    "Contrast": Tones.contrast,
    "Strength": Tones.strength,
}


def features(
    levels: np.ndarray, kernel: Kernel, offsets: Sequence[tuple[int, int, int]], names: Sequence[str]
) -> np.ndarray:
    """Levels (number, places) -> values (names, number)."""
    number = np.zeros(levels.shape, dtype=np.int32)
    sums = np.zeros(levels.shape, dtype=np.int32)
    for offset in offsets:
        for here, there in (kernel.pairs(offset), kernel.pairs(offset)[::-1]):
            number[:, here] += levels[:, there] > 0
            sums[:, here] += levels[:, there]
    inside = levels > 0
    level, count = levels[inside], number[inside]
    difference = np.where(count > 0, np.abs(level - sums[inside] / np.maximum(count, 1)), 0.0)
    tones = _by_level(Things(len(levels), np.nonzero(inside)[0]), level, difference)
    return np.stack([FEATURES[name](tones) for name in names])


def _by_level(voxels: Things, level: np.ndarray, difference: np.ndarray) -> Tones:
    width = int(level.max()) + 1
    kinds, kind, counts = np.unique(voxels.of * width + level, return_inverse=True, return_counts=True)
    of = kinds // width
    first = np.searchsorted(of, np.arange(voxels.number))
    slot = np.arange(kinds.size) - first[of]
    filled = np.zeros((3, voxels.number, int(slot.max()) + 1))
    filled[:, of, slot] = kinds % width, counts, np.bincount(kind, difference)
    return Tones(*filled)
