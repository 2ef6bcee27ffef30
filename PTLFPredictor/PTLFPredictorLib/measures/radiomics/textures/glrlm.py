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


def run_lengths(level_map: LevelMap, grey: GreyLevels, offset: tuple[int, int, int]) -> ExtentMatrix | None:
    """Runs of equal level along `offset`, or None where no line holds two voxels."""
    order, breaks = level_map.lines(offset)
    levels = grey.levels.take(order)
    starts = breaks.copy()
    starts[1:] |= levels[1:] != levels[:-1]
    first = np.flatnonzero(starts)
    if first.size == levels.size and not _two_on_a_line(level_map, offset):
        return None
    return ExtentMatrix.of_pairs(levels.take(first), np.diff(first, append=levels.size))


def _two_on_a_line(level_map: LevelMap, offset: tuple[int, int, int]) -> bool:
    """Whether some line along `offset` meets the VOI twice, adjacent or not."""
    _, breaks = level_map.lines(offset)
    return not breaks.all() or np.unique(level_map.line_numbers(offset)).size < level_map.index.size


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
    level_map: LevelMap,
    grey: GreyLevels,
    offsets: Sequence[tuple[int, int, int]],
    names: Sequence[str],
    lengths_mm: np.ndarray | None = None,
) -> dict[str, float]:
    """Mean over the directions that have runs; NaN where none has.

    With `lengths_mm` of the offsets, features of the one matrix in which each direction counts its length.
    """
    runs = [run_lengths(level_map, grey, offset) for offset in offsets]
    matrices = [matrix for matrix in runs if matrix is not None]
    if lengths_mm is not None and matrices:
        weights = [length for length, matrix in zip(lengths_mm, runs, strict=True) if matrix is not None]
        matrices = [ExtentMatrix.weighted_sum(matrices, weights)]
    if not matrices:
        return dict.fromkeys(names, float("nan"))
    values = [[FEATURES[name](matrix) for name in names] for matrix in matrices]
    return dict(zip(names, np.mean(values, axis=0).tolist(), strict=True))
