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

Offset = tuple[int, int, int]

_ALONG_X = (0, 0, 1)


def run_lengths(
    flat: np.ndarray, level_map: LevelMap, grey: GreyLevels, offsets: Sequence[Offset]
) -> list[ExtentMatrix | None]:
    """Runs of equal level along each offset, or None where no line along it holds two voxels.

    Parameters
    ----------
    flat : ndarray of unsigned int, shape (n,)
        `level_map.fill` of the levels.
    level_map : LevelMap
    grey : GreyLevels
    offsets : sequence of (int, int, int)
        Of distance 1, as `neighbour_offsets` gives them.
    """
    volume, longer = flat.reshape(level_map.shape), {}
    if _ALONG_X in offsets:
        longer[_ALONG_X] = _longer_runs_along_x(flat, level_map.index)
    for axis in range(2):
        leading = [offset for offset in offsets if np.flatnonzero(offset)[0] == axis]
        if leading:
            planes = np.ascontiguousarray(np.moveaxis(volume, axis, 0))
            steps = [offset[:axis] + offset[axis + 1 :] for offset in leading]
            longer |= zip(leading, _longer_runs(planes, steps), strict=True)
    return [_with_single_voxels(*longer[offset], level_map, grey, offset) for offset in offsets]


def _longer_runs_along_x(flat: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Levels and lengths of the runs of two voxels and more along x, where voxels follow each other in `index`."""
    levels = flat.take(index)
    continued = np.zeros(index.size + 1, dtype=bool)
    continued[1:-1] = (np.diff(index) == 1) & (levels[1:] == levels[:-1])
    first = np.flatnonzero(continued[1:] > continued[:-1])
    last = np.flatnonzero(continued[:-1] > continued[1:])
    return levels.take(first), last - first + 1


def _longer_runs(volume: np.ndarray, steps: Sequence[tuple[int, int]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Levels and lengths of the runs of two voxels and more, of which each goes from plane to plane.

    Parameters
    ----------
    volume : ndarray of unsigned int, shape (planes, rows, columns)
        Levels, 0 outside the VOI and all around.
    steps : sequence of (int, int)
        (row, column) by which a run moves on with every plane.
    """
    depth, _, width = volume.shape
    planes, shifts = volume.reshape(depth, -1), [row * width + column for row, column in steps]
    # Length so far of the run that a voxel belongs to, in this plane and the one before it.
    length = np.ones((2, len(steps), planes.shape[1]), dtype=np.min_scalar_type(depth))
    found = [([], []) for _ in steps]
    for z in range(1, depth - 1):
        rows = np.flatnonzero(volume[z].any(axis=1))
        if not rows.size:
            continue
        first, last = rows[0] * width + 1, rows[-1] * width + width - 1
        here = planes[z, first:last]
        inside = here != 0
        for direction, (shift, (levels, lengths)) in enumerate(zip(shifts, found, strict=True)):
            continued = planes[z - 1, first - shift : last - shift] == here
            before, now = length[1 - z % 2, direction], length[z % 2, direction, first:last]
            np.multiply(before[first - shift : last - shift], continued.view(np.uint8), out=now)
            now += 1
            ended = continued > (planes[z + 1, first + shift : last + shift] == here)
            ended &= inside
            where = np.flatnonzero(ended)
            levels.append(here.take(where))
            lengths.append(now.take(where))
    return [(np.concatenate(levels), np.concatenate(lengths)) for levels, lengths in found]


def _with_single_voxels(
    levels: np.ndarray, lengths: np.ndarray, level_map: LevelMap, grey: GreyLevels, offset: Offset
) -> ExtentMatrix | None:
    """All runs, from the longer ones: voxels of none of these are runs of their own."""
    if not levels.size and not _two_on_a_line(level_map, offset):
        return None
    single = grey.counts - np.bincount(levels, lengths, minlength=grey.highest + 1)[1:]
    alone = np.flatnonzero(single)
    return ExtentMatrix.of_pairs(
        np.concatenate([alone + 1, levels]),
        np.concatenate([np.ones(alone.size, dtype=lengths.dtype), lengths]),
        np.concatenate([single[alone], np.ones(levels.size)]),
    )


def _two_on_a_line(level_map: LevelMap, offset: Offset) -> bool:
    """Whether some line along `offset` meets the VOI twice, adjacent or not."""
    adjacent = level_map.inside.take(level_map.index + level_map.step(offset))
    return bool(adjacent.any()) or np.unique(level_map.line_numbers(offset)).size < level_map.index.size


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
    lengths_mm: np.ndarray | None = None,
) -> dict[str, float]:
    """Mean over the directions that have runs; NaN where none has.

    With `lengths_mm` of the offsets, features of the one matrix in which each direction counts its length.
    """
    runs = run_lengths(flat, level_map, grey, offsets)
    matrices = [matrix for matrix in runs if matrix is not None]
    if lengths_mm is not None and matrices:
        weights = [length for length, matrix in zip(lengths_mm, runs, strict=True) if matrix is not None]
        matrices = [ExtentMatrix.weighted_sum(matrices, weights)]
    if not matrices:
        return dict.fromkeys(names, float("nan"))
    values = [[FEATURES[name](matrix) for name in names] for matrix in matrices]
    return dict(zip(names, np.mean(values, axis=0).tolist(), strict=True))
