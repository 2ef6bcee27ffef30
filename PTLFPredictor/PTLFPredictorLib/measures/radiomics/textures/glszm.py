"""Grey-level size-zone matrix (IBSI section 3.8).

PyRadiomics 3.0.1, ``glszm.py``: zones are 26-connected voxels of one grey level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..discretise import GreyLevels
from ..region import LevelMap
from .emphasis import ExtentMatrix

# A voxel has 13 neighbours before it in C order.  Where one of the first three below has the voxel's level, the
# neighbours next to that one need no link of their own: they are linked to it, so only those listed remain.
_LEADERS = ((-1, 0, 0), (0, -1, 0), (0, 0, -1))


def _not_next_to(first: tuple[int, int, int], candidates: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    return [c for c in candidates if max(abs(a - b) for a, b in zip(first, c, strict=True)) > 1]


def zones(
    flat: np.ndarray, level_map: LevelMap, grey: GreyLevels, offsets: Sequence[tuple[int, int, int]]
) -> ExtentMatrix:
    """Zone sizes per grey level; `offsets` and their opposites are what connects voxels."""
    from scipy.sparse import coo_array, csgraph

    first, second = _links(flat, level_map, grey, [tuple(-o for o in offset) for offset in offsets])
    size = level_map.index.size
    graph = coo_array((np.ones(first.size, dtype=np.int8), (first, second)), shape=(size, size))
    number, zone = csgraph.connected_components(graph, directed=False)
    sizes = np.bincount(zone, minlength=number)
    level = np.empty(number, dtype=grey.levels.dtype)
    level[zone] = grey.levels
    return ExtentMatrix.of_pairs(level, sizes)


def _links(
    flat: np.ndarray, level_map: LevelMap, grey: GreyLevels, remaining: list[tuple[int, int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of voxel numbers of equal level that connect every zone."""
    number = np.empty(flat.size, dtype=np.int32)
    number[level_map.index] = np.arange(level_map.index.size, dtype=np.int32)
    links: list[tuple[np.ndarray, np.ndarray]] = []

    def link(voxels: np.ndarray, offset: tuple[int, int, int]) -> np.ndarray:
        """Link `voxels` to their equals at `offset`; True where there was one."""
        neighbour = level_map.index.take(voxels) + level_map.step(offset)
        equal = flat.take(neighbour) == grey.levels.take(voxels)
        links.append((voxels[equal], number.take(neighbour[equal])))
        return equal

    todo = np.arange(level_map.index.size, dtype=np.int32)
    for leader in [leader for leader in _LEADERS if leader in remaining]:
        found = link(todo, leader)
        remaining = [offset for offset in remaining if offset != leader]
        for offset in _not_next_to(leader, remaining):
            link(todo[found], offset)
        todo = todo[~found]
    for offset in remaining:
        link(todo, offset)
    if not links:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
    return np.concatenate([pair[0] for pair in links]), np.concatenate([pair[1] for pair in links])


FEATURES: dict[str, Callable[[ExtentMatrix], float]] = {
    "GrayLevelNonUniformity": ExtentMatrix.level_nonuniformity,  # IBSI JNSA
    "GrayLevelNonUniformityNormalized": ExtentMatrix.level_nonuniformity_normalised,  # IBSI Y1RO
    "GrayLevelVariance": ExtentMatrix.level_variance,  # IBSI BYLV
    "HighGrayLevelZoneEmphasis": ExtentMatrix.high_level,  # IBSI 5GN9
    "LargeAreaEmphasis": ExtentMatrix.large_extent,  # IBSI 48P8
    "LargeAreaHighGrayLevelEmphasis": ExtentMatrix.large_extent_high_level,  # IBSI J17V
    "LargeAreaLowGrayLevelEmphasis": ExtentMatrix.large_extent_low_level,  # IBSI YH51
    "LowGrayLevelZoneEmphasis": ExtentMatrix.low_level,  # IBSI XMSY
    "SizeZoneNonUniformity": ExtentMatrix.extent_nonuniformity,  # IBSI 4JP3
    "SizeZoneNonUniformityNormalized": ExtentMatrix.extent_nonuniformity_normalised,  # IBSI VB3A
    "SmallAreaEmphasis": ExtentMatrix.small_extent,  # IBSI P001
    "SmallAreaHighGrayLevelEmphasis": ExtentMatrix.small_extent_high_level,  # IBSI HW1V
    "SmallAreaLowGrayLevelEmphasis": ExtentMatrix.small_extent_low_level,  # IBSI 5RAI
    "ZoneEntropy": ExtentMatrix.entropy,  # IBSI GU8N
    "ZonePercentage": ExtentMatrix.percentage,  # IBSI P30P
    "ZoneVariance": ExtentMatrix.extent_variance,  # IBSI 3NSA
}
