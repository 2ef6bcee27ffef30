"""Grey-level dependence matrix (IBSI section 3.11: neighbouring grey-level dependence matrix).

PyRadiomics 3.0.1, ``gldm.py``.  The dependence of a voxel is the number of its neighbours in the VOI that differ by
at most alpha.  PyRadiomics, as IBSI, counts the voxel itself: column j of its matrix holds j - 1 such neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..discretise import GreyLevels
from ..region import LevelMap
from .emphasis import ExtentMatrix


def dependence(
    flat: np.ndarray,
    level_map: LevelMap,
    grey: GreyLevels,
    offsets: Sequence[tuple[int, int, int]],
    alpha: int,
) -> ExtentMatrix:
    """Dependence matrix over `offsets` and their opposites."""
    similar = np.empty(level_map.index.size, dtype=np.uint8 if 2 * len(offsets) < 255 else np.uint16)
    steps = [sign * level_map.step(offset) for offset in offsets for sign in (1, -1)]
    for voxels, span in level_map.slices():
        here, number = flat[span], np.zeros(span.stop - span.start, dtype=similar.dtype)
        for step in steps:
            there = flat[span.start + step : span.stop + step]
            if alpha == 0:
                number += here == there
            else:
                difference = np.where(here > there, here - there, there - here)
                number += (difference <= alpha) & (there != 0)
        # Outside the VOI, where nothing is read, pairs may have counted as similar.
        similar[voxels] = number.take(level_map.index[voxels] - span.start)
    return ExtentMatrix.of_pairs(grey.levels, similar + 1)


FEATURES: dict[str, Callable[[ExtentMatrix], float]] = {
    "DependenceEntropy": ExtentMatrix.entropy,  # IBSI FCBV
    "DependenceNonUniformity": ExtentMatrix.extent_nonuniformity,  # IBSI Z87G
    "DependenceNonUniformityNormalized": ExtentMatrix.extent_nonuniformity_normalised,  # IBSI OKJI
    "DependenceVariance": ExtentMatrix.extent_variance,  # IBSI DNX2
    "GrayLevelNonUniformity": ExtentMatrix.level_nonuniformity,  # IBSI FP8K
    "GrayLevelVariance": ExtentMatrix.level_variance,  # IBSI 1PFV
    "HighGrayLevelEmphasis": ExtentMatrix.high_level,  # IBSI OAE7
    "LargeDependenceEmphasis": ExtentMatrix.large_extent,  # IBSI IMOQ
    "LargeDependenceHighGrayLevelEmphasis": ExtentMatrix.large_extent_high_level,  # IBSI KLTH
    "LargeDependenceLowGrayLevelEmphasis": ExtentMatrix.large_extent_low_level,  # IBSI NBZI
    "LowGrayLevelEmphasis": ExtentMatrix.low_level,  # IBSI TL9H
    "SmallDependenceEmphasis": ExtentMatrix.small_extent,  # IBSI SODN
    "SmallDependenceHighGrayLevelEmphasis": ExtentMatrix.small_extent_high_level,  # IBSI DKNJ
    "SmallDependenceLowGrayLevelEmphasis": ExtentMatrix.small_extent_low_level,  # IBSI EQ3F
}
