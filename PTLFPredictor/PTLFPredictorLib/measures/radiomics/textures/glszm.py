"""Grey-level size-zone matrix (IBSI section 3.8).

PyRadiomics 3.0.1, ``glszm.py``: zones are 26-connected voxels of one grey level.

Not voxels are linked but runs of one level along x, slice by slice.  A link that others make superfluous is left out:
two neighbours of one level are joined already where a third voxel of that level lies beside both and its links to them
come earlier in `_BEFORE`.  Which voxels these may be follows from that order alone (`_detours`), so that every slice
takes the same few comparisons of whole arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from ....ct import bounding_box
from ..region import LevelMap
from .emphasis import ExtentMatrix

Offset = tuple[int, int, int]

_LEFT, _RIGHT = (0, 0, -1), (0, 0, 1)
_BEFORE = (
    *(_LEFT, (0, -1, 0), (0, -1, -1), (0, -1, 1), (-1, 0, 0), (-1, 0, -1), (-1, 0, 1)),
    *((-1, -1, 0), (-1, 1, 0), (-1, -1, -1), (-1, -1, 1), (-1, 1, -1), (-1, 1, 1)),
)
"""The 13 neighbours before a voxel in C order, in the order in which they are linked."""


def zones(flat: np.ndarray, level_map: LevelMap, offsets: Sequence[Offset]) -> ExtentMatrix:
    """Zone sizes per grey level.

    Parameters
    ----------
    flat : ndarray of unsigned int, shape (n,)
        `level_map.fill` of the levels.
    level_map : LevelMap
    offsets : sequence of (int, int, int)
        Of distance 1; they and their opposites are what connects voxels.
    """
    levels, lengths, first, second = _runs_and_links(flat, level_map, offsets)
    number, zone = components(levels.size, first, second)
    level = np.empty(number, dtype=levels.dtype)
    level[zone] = levels
    return ExtentMatrix.of_pairs(level, np.bincount(zone, lengths, minlength=number).astype(np.intp))


def components(size: int, first: np.ndarray, second: np.ndarray) -> tuple[int, np.ndarray]:
    """Connected components of a graph.

    Parameters
    ----------
    size : int
        Number of nodes.
    first, second : ndarray of int, shape (n,)
        Nodes that are linked.

    Returns
    -------
    number : int
    component : ndarray of int32, shape (size,)
        From 0 to `number` - 1.

    Notes
    -----
    Each round hangs every node below a linked one of lower number (below any where there are several), follows these
    to the lowest, and goes on with the lowest alone and the links that are left between them.  SciPy's ``csgraph``
    takes 1.4 times as long (0.8 million nodes, 0.9 million links), for it sorts the links into a sparse matrix first.
    """
    number, component = size, np.arange(size, dtype=np.int32)
    while first.size:
        own = np.arange(number, dtype=np.int32)
        below = own.copy()
        below[np.maximum(first, second)] = np.minimum(first, second)
        while not np.array_equal(further := below.take(below), below):
            below = further
        lowest = below == own
        renumbered = (np.cumsum(lowest, dtype=np.int32) - 1).take(below)
        number, component = int(np.count_nonzero(lowest)), renumbered.take(component)
        first, second = renumbered.take(first), renumbered.take(second)
        apart = np.flatnonzero(first != second)
        first, second = first.take(apart), second.take(apart)
    return number, component


def _detours(neighbours: Sequence[Offset]) -> dict[Offset, list[Offset]]:
    """For each of `neighbours`, the voxels of the same level that make a link to it superfluous."""
    rank = {offset: place for place, one in enumerate(neighbours) for offset in (one, tuple(-o for o in one))}
    return {
        there: [
            via
            for via, first in rank.items()
            if first < rank[there] and rank.get(tuple(np.subtract(there, via)), len(neighbours)) < rank[there]
        ]
        for there in neighbours
    }


def _runs_and_links(
    flat: np.ndarray, level_map: LevelMap, offsets: Sequence[Offset]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Levels and lengths of the runs along x (single voxels where `offsets` lack x) and numbers of linked ones."""
    connecting = {tuple(-o for o in offset) for offset in offsets}
    detours = _detours([neighbour for neighbour in _BEFORE if neighbour in connecting])
    inside, volume = (array.reshape(level_map.shape) for array in (level_map.inside, flat))
    numbers = np.zeros((2, *volume.shape[1:]), dtype=np.int32)  # of the runs, in a slice and the one before it
    none = np.empty(0, dtype=np.int32)
    levels, lengths, links, total = [], [], [(none, none)], 0
    for z in range(1, volume.shape[0]):
        numbers[0] = numbers[1]
        if not inside[z].any():
            continue
        here = _Slice(inside[z], volume[z - 1 : z + 1])
        starts, ends = here.edges() if _LEFT in detours else (here.inside, here.inside)
        first = np.flatnonzero(starts)
        levels.append(here.levels.take(first))
        lengths.append((np.flatnonzero(ends) - first + 1).astype(np.int32))
        here.put(numbers[1], np.cumsum(starts, dtype=np.int32) + (total - 1))
        total += first.size
        links.extend(here.links(detours, numbers))
    first, second = (np.concatenate(numbers) for numbers in zip(*links, strict=True))
    return np.concatenate(levels), np.concatenate(lengths), first, second


class _Slice:
    """A slice, cropped to the VOI there, with the slice before it.

    Parameters
    ----------
    inside : ndarray of bool, shape (y, x)
        The VOI in it: some voxels, with empty ones around them.
    levels : ndarray, shape (2, y, x)
        Of the slice before it and of its own.
    """

    def __init__(self, inside: np.ndarray, levels: np.ndarray):
        self._rows, columns = bounding_box(inside)
        self._columns = slice(columns.start - 1, columns.stop + 1)
        self._shape = self._rows.stop - self._rows.start, self._columns.stop - self._columns.start
        self._both, self._equal = self._flattened(levels), {}
        self.levels = self._both[self._at((0, 0, 0))]
        self.inside = self.levels != 0

    def _flattened(self, both: np.ndarray) -> np.ndarray:
        """`both` slices with a row more on either side, and one voxel more at either end."""
        rows = slice(self._rows.start - 1, self._rows.stop + 1)
        return np.pad(both[:, rows, self._columns].ravel(), 1)

    def _at(self, offset: Offset) -> slice:
        """Where in what `_flattened` gives the neighbours at `offset` of the slice's own voxels are."""
        (height, width), (z, y, x) = self._shape, offset
        start = 1 + ((1 + z) * (height + 2) + 1 + y) * width + x
        return slice(start, start + height * width)

    def put(self, plane: np.ndarray, values: np.ndarray) -> None:
        """Write the values of the slice's voxels where they belong in a plane of shape (y, x)."""
        plane[self._rows, self._columns] = values.reshape(self._shape)

    def equal(self, offset: Offset) -> np.ndarray:
        """Whether the neighbour at `offset` has a voxel's level; of no meaning outside the VOI."""
        if offset not in self._equal:
            self._equal[offset] = self._both[self._at(offset)] == self.levels
        return self._equal[offset]

    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last voxels of runs along x."""
        return self.inside > self.equal(_LEFT), self.inside > self.equal(_RIGHT)

    def links(
        self, detours: Mapping[Offset, Sequence[Offset]], numbers: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Numbers of linked runs: `numbers`, shape (2, y, x), has those of both slices' voxels."""
        flat, by_runs = self._flattened(numbers), _LEFT in detours
        for neighbour, vias in detours.items():
            if neighbour == _LEFT:  # of the same run
                continue
            linked = self.inside & self.equal(neighbour)
            for via in vias:
                np.greater(linked, self.equal(via), out=linked)  # and not
            if by_runs and neighbour[2] == 0:  # the voxel to the left, of the same run, has linked it already
                linked[1:] &= ~(self.equal(_LEFT)[1:] & self.equal(neighbour)[:-1])
            where = np.flatnonzero(linked)
            yield flat[self._at((0, 0, 0))].take(where), flat[self._at(neighbour)].take(where)


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
