"""Neighbouring grey-tone difference matrix (IBSI section 3.10).

PyRadiomics 3.0.1, ``ngtdm.py``, after Amadasun and King 1989.  PyRadiomics counts voxels without a neighbour in the
VOI among the voxels of their level, with difference 0; IBSI leaves them out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from ..discretise import GreyLevels
from ..region import LevelMap

FLAT_COARSENESS = 1e6
"""Coarseness of a VOI without any difference, as PyRadiomics and IBSI set it."""


class ToneDifference:
    """Per grey level present: its value, its share of voxels and its sum of differences.

    Parameters
    ----------
    levels : ndarray, shape (G,)
    counts : ndarray, shape (G,)
        Voxels of each level.
    differences : ndarray, shape (G,)
        Sum over these voxels of |level - mean level of the neighbours in the VOI|.
    """

    def __init__(self, levels: np.ndarray, counts: np.ndarray, differences: np.ndarray):
        self._i = levels.astype(float)
        self._voxels = float(counts.sum())
        self._p = counts / self._voxels
        self._s = differences

    @cached_property
    def _distance(self) -> np.ndarray:
        return self._i[:, None] - self._i

    def coarseness(self) -> float:
        """1 / sum of p s, IBSI QCDE.  Greater where neighbours differ little, so that the texture is locally uniform
        over large areas."""
        total = float(np.sum(self._p * self._s))
        return 1 / total if total != 0 else FLAT_COARSENESS

    def contrast(self) -> float:
        """Spread of levels times mean difference, IBSI 65HE; 0 for a single level.  Greater where the range of grey
        levels is wide and neighbours differ much."""
        number = self._i.size
        if number < 2:
            return 0.0
        spread = float(np.sum(np.outer(self._p, self._p) * self._distance**2))
        return spread * float(self._s.sum()) / self._voxels / (number * (number - 1))

    def busyness(self) -> float:
        """sum of p s / sum of |i p_i - j p_j|, IBSI NQ30; 0 for a single level.  Greater where intensity changes
        quickly from voxel to voxel between levels that lie close together."""
        weighted = self._i * self._p
        spread = float(np.sum(np.abs(weighted[:, None] - weighted)))
        return float(np.sum(self._p * self._s)) / spread if spread != 0 else 0.0

    def complexity(self) -> float:
        """sum of |i - j| (p_i s_i + p_j s_j) / (p_i + p_j) / N, IBSI HDEZ.  Greater where many different levels occur
        and change rapidly: a VOI with many primitives."""
        weighted = self._p * self._s
        terms = np.abs(self._distance) * (weighted[:, None] + weighted) / (self._p[:, None] + self._p)
        return float(terms.sum()) / self._voxels

    def strength(self) -> float:
        """sum of (p_i + p_j)(i - j)^2 / sum of s, IBSI 1X9X; 0 without any difference.  Greater where patterns are
        easily told apart: slow changes, wide steps between levels."""
        total = float(self._s.sum())
        if total == 0:
            return 0.0
        return float(np.sum((self._p[:, None] + self._p) * self._distance**2)) / total


def tone_differences(
    flat: np.ndarray, level_map: LevelMap, grey: GreyLevels, offsets: Sequence[tuple[int, int, int]]
) -> ToneDifference:
    """The matrix over `offsets` and their opposites."""
    neighbours = np.zeros(flat.size, dtype=np.uint16)
    sums = np.zeros(flat.size, dtype=np.min_scalar_type(2 * len(offsets) * grey.highest))
    inside = level_map.inside.view(np.uint8)
    for offset in offsets:
        step = abs(level_map.step(offset))
        sums[:-step] += flat[step:]
        sums[step:] += flat[:-step]
        neighbours[:-step] += inside[step:]
        neighbours[step:] += inside[:-step]
    total = sums.take(level_map.index).astype(float)
    number = neighbours.take(level_map.index)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = np.where(number == 0, 0.0, np.abs(grey.levels - total / number))
    per_level = np.bincount(grey.levels, difference, minlength=grey.highest + 1)
    return ToneDifference(grey.present, grey.counts[grey.present - 1], per_level[grey.present])


FEATURES: dict[str, Callable[[ToneDifference], float]] = {
    "Busyness": ToneDifference.busyness,
    "Coarseness": ToneDifference.coarseness,
    "Complexity": ToneDifference.complexity,
    "Contrast": ToneDifference.contrast,
    "Strength": ToneDifference.strength,
}
