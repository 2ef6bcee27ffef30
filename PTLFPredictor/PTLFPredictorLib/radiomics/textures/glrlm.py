"""Grey-level run-length matrix (IBSI section 3.7).

PyRadiomics 3.0.1, ``glrlm.py``: one matrix per direction, features averaged over directions.  A direction in which no
line holds two voxels of the VOI is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..discretise import GreyLevels
from ..region import LevelMap
from .emphasis import ExtentMatrix


def run_lengths(
    flat: np.ndarray, level_map: LevelMap, grey: GreyLevels, offset: tuple[int, int, int]
) -> ExtentMatrix | None:
    """Runs of equal level along `offset`, or None where no line holds two voxels."""
    step = level_map.step(offset)
    index = level_map.index
    start = index[flat.take(index - step) != grey.levels]
    if start.size == index.size and not _two_on_a_line(level_map, offset):
        return None
    level = flat.take(start)
    lengths = np.ones(start.size, dtype=np.intp)
    running, position = np.arange(start.size), start
    while running.size:
        position = position + step
        goes_on = flat.take(position) == level[running]
        running, position = running[goes_on], position[goes_on]
        lengths[running] += 1
    return ExtentMatrix.of_pairs(level, lengths)


def _two_on_a_line(level_map: LevelMap, offset: tuple[int, int, int]) -> bool:
    """Whether some line along `offset` meets the VOI twice, adjacent or not."""
    if level_map.inside.take(level_map.index + level_map.step(offset)).any():
        return True
    position = np.stack(np.unravel_index(level_map.index, level_map.shape), axis=1)
    axis = next(axis for axis in range(3) if offset[axis])
    along = position[:, axis] * offset[axis]
    lines = position - along[:, None] * np.array(offset)
    return len(np.unique(lines, axis=0)) < len(lines)


FEATURES: dict[str, Callable[[ExtentMatrix], float]] = {
    "GrayLevelNonUniformity": ExtentMatrix.level_nonuniformity,
    "GrayLevelNonUniformityNormalized": ExtentMatrix.level_nonuniformity_normalised,
    "GrayLevelVariance": ExtentMatrix.level_variance,
    "HighGrayLevelRunEmphasis": ExtentMatrix.high_level,
    "LongRunEmphasis": ExtentMatrix.large_extent,
    "LongRunHighGrayLevelEmphasis": ExtentMatrix.large_extent_high_level,
    "LongRunLowGrayLevelEmphasis": ExtentMatrix.large_extent_low_level,
    "LowGrayLevelRunEmphasis": ExtentMatrix.low_level,
    "RunEntropy": ExtentMatrix.entropy,
    "RunLengthNonUniformity": ExtentMatrix.extent_nonuniformity,
    "RunLengthNonUniformityNormalized": ExtentMatrix.extent_nonuniformity_normalised,
    "RunPercentage": ExtentMatrix.percentage,
    "RunVariance": ExtentMatrix.extent_variance,
    "ShortRunEmphasis": ExtentMatrix.small_extent,
    "ShortRunHighGrayLevelEmphasis": ExtentMatrix.small_extent_high_level,
    "ShortRunLowGrayLevelEmphasis": ExtentMatrix.small_extent_low_level,
}


def features(
    flat: np.ndarray,
    level_map: LevelMap,
    grey: GreyLevels,
    offsets: Sequence[tuple[int, int, int]],
    names: Sequence[str],
) -> dict[str, float]:
    """Mean over the directions that have runs; NaN where none has."""
    matrices = (run_lengths(flat, level_map, grey, offset) for offset in offsets)
    values = [[FEATURES[name](matrix) for name in names] for matrix in matrices if matrix is not None]
    if not values:
        return dict.fromkeys(names, float("nan"))
    return dict(zip(names, np.mean(values, axis=0).tolist(), strict=True))
