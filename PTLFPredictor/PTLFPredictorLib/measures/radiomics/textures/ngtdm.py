"""Neighbouring grey-tone difference matrix (IBSI section 3.10).

PyRadiomics 3.0.1, ``ngtdm.py``, after Amadasun and King 1989.  PyRadiomics counts voxels without a neighbour in the
VOI among the voxels of their level, with difference 0; IBSI leaves them out.
"""

from __future__ import annotations

import functools
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
    """The matrix over `offsets` and their opposites: all of some distances, as `neighbour_offsets` gives them."""
    per_level = np.zeros(grey.highest + 1)
    inside = level_map.inside.view(np.uint8)
    for voxels, span in level_map.slices():
        where, levels = level_map.index[voxels] - span.start, grey.levels[voxels]
        total = _neighbour_sums(flat, grey.highest, span, level_map, offsets).take(where)
        number = _neighbour_sums(inside, 1, span, level_map, offsets).take(where)
        with np.errstate(invalid="ignore", divide="ignore"):
            difference = np.where(number == 0, 0.0, np.abs(levels - total.astype(float) / number))
        np.add.at(per_level, levels, difference)  # in the voxels' order, as one bincount of all would
    return ToneDifference(grey.present, grey.counts[grey.present - 1], per_level[grey.present])


def _neighbour_sums(
    flat: np.ndarray, highest: int, span: slice, level_map: LevelMap, offsets: Sequence[tuple[int, int, int]]
) -> np.ndarray:
    """For each place of a span of `flat`, whose values reach `highest`, the sum over its neighbours.

    The neighbours of one distance are a cube without the next smaller one; the sum over a cube is taken axis by axis.
    """
    strides = [stride for axis, stride in enumerate(level_map.strides) if any(offset[axis] for offset in offsets)]
    distances = {max(map(abs, offset)) for offset in offsets}
    reach = max(distances, default=0)
    dtype = np.min_scalar_type(2 * (2 * reach + 1) ** 3 * highest)
    sums = np.zeros(span.stop - span.start, dtype=dtype)
    for distance in range(reach + 1):
        if (distance in distances) != (distance + 1 in distances):
            cube = _cube_sums(flat, span, strides, distance, dtype)
            sums = sums + cube if distance in distances else sums - cube
    return sums


def _cube_sums(flat: np.ndarray, span: slice, strides: Sequence[int], reach: int, dtype: np.dtype) -> np.ndarray:
    halo = reach * sum(strides)
    sums = flat[span.start - halo : span.stop + halo].astype(dtype)
    for stride in strides:
        size = sums.size - 2 * reach * stride
        sums = functools.reduce(np.add, (sums[k * stride : k * stride + size] for k in range(2 * reach + 1)))
    return sums


FEATURES: dict[str, Callable[[ToneDifference], float]] = {
    "Busyness": ToneDifference.busyness,
    "Coarseness": ToneDifference.coarseness,
    "Complexity": ToneDifference.complexity,
    "Contrast": ToneDifference.contrast,
    "Strength": ToneDifference.strength,
}
