"""Maps of dependence, run-length and size-zone matrices: `textures.emphasis` in each neighbourhood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from ..textures import EPSILON, gldm, glrlm, glszm
from ..textures.emphasis import ExtentMatrix
from .counting import Things, mean_over_directions
from .kernel import Kernel

Offsets = Sequence[tuple[int, int, int]]


class Pieces(Things):
    """Voxels with their dependence, runs, or zones.

    Parameters
    ----------
    number : int
    of : ndarray of int, shape (n,)
    levels, extents : ndarray of int, shape (n,)
        Grey level i and extent j of each.
    """

    def __init__(self, number: int, of: np.ndarray, levels: np.ndarray, extents: np.ndarray):
        super().__init__(number, of)
        self._levels, self._extents = levels, extents

    @cached_property
    def _i2(self) -> np.ndarray:
        return self._levels.astype(float) ** 2

    @cached_property
    def _j2(self) -> np.ndarray:
        return self._extents.astype(float) ** 2

    def _nonuniformity(self, keys: np.ndarray, power: int) -> np.ndarray:
        return (self.histogram(keys).astype(float) ** 2).sum(axis=1) / self.total.astype(float) ** power

    def entropy(self) -> np.ndarray:
        kinds, _, _, counts = self.counted(self._levels, self._extents)
        p = counts / self.total[kinds.of]
        return np.where(self.total > 0, -kinds.sum(p * np.log2(p + EPSILON)), np.nan)


_OF_PIECES: dict[Callable[[ExtentMatrix], float], Callable[[Pieces], np.ndarray]] = {
    ExtentMatrix.small_extent: lambda m: m.mean(1 / m._j2),
    ExtentMatrix.large_extent: lambda m: m.mean(m._j2),
    ExtentMatrix.low_level: lambda m: m.mean(1 / m._i2),
    ExtentMatrix.high_level: lambda m: m.mean(m._i2),
    ExtentMatrix.small_extent_low_level: lambda m: m.mean(1 / (m._i2 * m._j2)),
    ExtentMatrix.small_extent_high_level: lambda m: m.mean(m._i2 / m._j2),
    ExtentMatrix.large_extent_low_level: lambda m: m.mean(m._j2 / m._i2),
    ExtentMatrix.large_extent_high_level: lambda m: m.mean(m._i2 * m._j2),
    ExtentMatrix.level_nonuniformity: lambda m: m._nonuniformity(m._levels, 1),
    ExtentMatrix.level_nonuniformity_normalised: lambda m: m._nonuniformity(m._levels, 2),
    ExtentMatrix.extent_nonuniformity: lambda m: m._nonuniformity(m._extents, 1),
    ExtentMatrix.extent_nonuniformity_normalised: lambda m: m._nonuniformity(m._extents, 2),
    ExtentMatrix.level_variance: lambda m: m.variance(m._levels),
    ExtentMatrix.extent_variance: lambda m: m.variance(m._extents),
    ExtentMatrix.entropy: Pieces.entropy,
    ExtentMatrix.percentage: lambda m: m.total / m.sum(m._extents),
}
"""Feature of one matrix -> the same of many."""


def _values(pieces: Pieces, features: dict[str, Callable[[ExtentMatrix], float]], names: Sequence[str]) -> np.ndarray:
    return np.stack([_OF_PIECES[features[name]](pieces) for name in names])


def dependence(levels: np.ndarray, kernel: Kernel, offsets: Offsets, alpha: int, names: Sequence[str]) -> np.ndarray:
    """`gldm` of each neighbourhood: levels (number, places) -> values (names, number)."""
    alike = np.ones(levels.shape, dtype=np.int32)
    for offset in offsets:
        here, there = kernel.pairs(offset)
        first, second = levels[:, here], levels[:, there]
        close = (np.abs(first - second) <= alpha) & (first > 0) & (second > 0)
        alike[:, here] += close
        alike[:, there] += close
    inside = levels > 0
    return _values(Pieces(len(levels), np.nonzero(inside)[0], levels[inside], alike[inside]), gldm.FEATURES, names)


def runs(levels: np.ndarray, kernel: Kernel, offsets: Offsets, names: Sequence[str]) -> np.ndarray:
    """`glrlm` of each neighbourhood: mean over the directions in which some line holds two voxels."""
    beyond = np.concatenate([levels, np.zeros((len(levels), 1), levels.dtype)], axis=1)
    found = []
    for offset in offsets:
        before = beyond[:, kernel.moved(tuple(-step for step in offset))]
        starts = (levels > 0) & (before != levels)
        goes_on, lengths = starts.copy(), starts.astype(np.int32)
        for steps in range(1, max(kernel.shape)):
            goes_on &= beyond[:, kernel.moved(tuple(steps * step for step in offset))] == levels
            if not goes_on.any():
                break
            lengths += goes_on
        pieces = Pieces(len(levels), np.nonzero(starts)[0], levels[starts], lengths[starts])
        values = _values(pieces, glrlm.FEATURES, names)
        values[:, ~_two_on_a_line(levels > 0, kernel, offset)] = np.nan
        found.append(values)
    return mean_over_directions(found, len(levels), len(names))


def _two_on_a_line(inside: np.ndarray, kernel: Kernel, offset: tuple[int, int, int]) -> np.ndarray:
    """Which neighbourhoods have a line along `offset` that meets the VOI twice, adjacent or not."""
    beyond = np.concatenate([inside, np.zeros((len(inside), 1), bool)], axis=1)
    met = np.zeros(len(inside), bool)
    for steps in range(1, max(kernel.shape)):
        met |= (inside & beyond[:, kernel.moved(tuple(steps * step for step in offset))]).any(axis=1)
    return met


def zones(levels: np.ndarray, kernel: Kernel, offsets: Offsets, names: Sequence[str]) -> np.ndarray:
    """`glszm` of each neighbourhood: zones are connected within it."""
    from scipy.sparse import coo_array, csgraph

    places = np.arange(levels.size, dtype=np.int32).reshape(levels.shape)
    links = []
    for offset in offsets:
        here, there = kernel.pairs(offset)
        equal = (levels[:, here] == levels[:, there]) & (levels[:, here] > 0)
        links.append((places[:, here][equal], places[:, there][equal]))
    first, second = (np.concatenate(ends) for ends in zip(*links, strict=True)) if links else (places[:0, 0],) * 2
    graph = coo_array((np.ones(first.size, dtype=np.int8), (first, second)), shape=(levels.size, levels.size))
    _, zone = csgraph.connected_components(graph, directed=False)
    inside = levels.ravel() > 0
    sizes = np.bincount(zone[inside])
    leaders = np.flatnonzero(inside)[np.unique(zone[inside], return_index=True)[1]]
    pieces = Pieces(len(levels), leaders // kernel.size, levels.ravel()[leaders], sizes[zone[leaders]])
    return _values(pieces, glszm.FEATURES, names)
