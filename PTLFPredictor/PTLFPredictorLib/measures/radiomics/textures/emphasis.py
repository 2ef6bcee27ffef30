"""Features that dependence, run-length and size-zone matrices share: moments over grey level i and extent j.

j is a dependence (GLDM), a run length (GLRLM) or a zone size (GLSZM); a "piece" below is a voxel with its like
neighbours, a run or a zone.  With P(i, j) the matrix and N its sum, IBSI defines the same sixteen features for the
three (sections 3.7, 3.8 and 3.11); codes are those of the run length matrix in its 3D averaged form, dependence and
zone codes stand in their modules.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from . import EPSILON


class ExtentMatrix:
    """Counts of (grey level, extent) pairs, stored sparsely.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Grey level i of each entry.
    extents : ndarray of int, shape (n,)
        Extent j of each entry.
    counts : ndarray, shape (n,)
        P(i, j) > 0; each pair (i, j) is listed once.
    """

    def __init__(self, rows: np.ndarray, extents: np.ndarray, counts: np.ndarray):
        self.total = float(counts.sum())
        self._p = counts.astype(float)
        self._i2 = rows.astype(float) ** 2
        self._j2 = extents.astype(float) ** 2
        self._rows, self._extents = rows, extents

    @classmethod
    def of_pairs(cls, levels: np.ndarray, extents: np.ndarray, counts: np.ndarray | None = None) -> ExtentMatrix:
        """Count pairs that are given one by one or, with `counts`, so many times each; in any order."""
        width = int(extents.max()) + 1 if extents.size else 1
        codes = levels.astype(np.int64)
        codes *= width
        codes += extents
        if codes.size and (int(levels.max()) + 1) * width <= 4 * codes.size + 100_000:
            histogram = np.bincount(codes, counts)
            pairs = np.flatnonzero(histogram)
            counts = histogram[pairs]
        else:
            pairs, index = np.unique(codes, return_inverse=True)
            counts = np.bincount(index, counts)
        return cls(pairs // width, pairs % width, counts)

    @classmethod
    def weighted_sum(cls, matrices: Sequence[ExtentMatrix], weights: Sequence[float]) -> ExtentMatrix:
        """The matrix whose counts are the weighted sums of those of `matrices`."""
        rows, extents = (np.concatenate([getattr(m, name) for m in matrices]) for name in ("_rows", "_extents"))
        counts = np.concatenate([weight * matrix._p for weight, matrix in zip(weights, matrices, strict=True)])
        return cls.of_pairs(rows, extents, counts)

    @cached_property
    def by_level(self) -> tuple[np.ndarray, np.ndarray]:
        """Levels that occur and their sums over j."""
        return _marginal(self._rows, self._p)

    @cached_property
    def by_extent(self) -> tuple[np.ndarray, np.ndarray]:
        """Extents that occur and their sums over i."""
        return _marginal(self._extents, self._p)

    def small_extent(self) -> float:
        """sum of P / j^2 / N (runs: IBSI 22OV).  Greater where pieces are small: fine, grainy texture."""
        return float(np.sum(self._p / self._j2)) / self.total

    def large_extent(self) -> float:
        """sum of P j^2 / N (runs: IBSI W4KF).  Greater where pieces are large: coarse, smooth texture."""
        return float(np.sum(self._p * self._j2)) / self.total

    def low_level(self) -> float:
        """sum of P / i^2 / N (runs: IBSI V3SW).  Greater where dark voxels (low grey levels) prevail."""
        return float(np.sum(self._p / self._i2)) / self.total

    def high_level(self) -> float:
        """sum of P i^2 / N (runs: IBSI G3QZ).  Greater where bright voxels (high grey levels) prevail."""
        return float(np.sum(self._p * self._i2)) / self.total

    def small_extent_low_level(self) -> float:
        """sum of P / (i^2 j^2) / N (runs: IBSI HTZT).  Greater where small dark pieces prevail."""
        return float(np.sum(self._p / (self._i2 * self._j2))) / self.total

    def small_extent_high_level(self) -> float:
        """sum of P i^2 / j^2 / N (runs: IBSI GD3A).  Greater where small bright pieces prevail."""
        return float(np.sum(self._p * self._i2 / self._j2)) / self.total

    def large_extent_low_level(self) -> float:
        """sum of P j^2 / i^2 / N (runs: IBSI IVPO).  Greater where large dark pieces prevail."""
        return float(np.sum(self._p * self._j2 / self._i2)) / self.total

    def large_extent_high_level(self) -> float:
        """sum of P i^2 j^2 / N (runs: IBSI 3KUM).  Greater where large bright pieces prevail."""
        return float(np.sum(self._p * self._i2 * self._j2)) / self.total

    def level_nonuniformity(self) -> float:
        """sum over i of (sum over j of P)^2 / N (runs: IBSI R5YN).  Greater where few grey levels hold most pieces, and
        with the size of the VOI; least where all levels share alike."""
        return float(np.sum(self.by_level[1] ** 2)) / self.total

    def level_nonuniformity_normalised(self) -> float:
        """Level non-uniformity / N (runs: IBSI OVBL).  Likewise between 1/levels (all share alike) and 1 (a single
        level), nearly free of the size of the VOI."""
        return self.level_nonuniformity() / self.total

    def extent_nonuniformity(self) -> float:
        """sum over j of (sum over i of P)^2 / N (runs: IBSI W92Y).  Greater where most pieces have one extent, and with
        the size of the VOI: with a single grey level, a measure of the mask alone."""
        return float(np.sum(self.by_extent[1] ** 2)) / self.total

    def extent_nonuniformity_normalised(self) -> float:
        """Extent non-uniformity / N (runs: IBSI IC23).  Likewise up to 1 (every piece has the same extent), nearly free
        of the size of the VOI."""
        return self.extent_nonuniformity() / self.total

    def level_variance(self) -> float:
        """Variance of i under P / N (runs: IBSI 8CE5).  Greater where pieces of very different brightness lie in the
        VOI; 0 for a single level."""
        return _variance(*self.by_level, self.total)

    def extent_variance(self) -> float:
        """Variance of j under P / N (runs: IBSI SXLW).  Greater where large pieces lie beside small ones; 0 where all
        have one extent."""
        return _variance(*self.by_extent, self.total)

    def entropy(self) -> float:
        """-sum of p log2(p + eps), p = P / N (runs: IBSI HJ9O).  Greater where pieces of all levels and extents mix:
        heterogeneous texture; 0 where all pieces are alike."""
        p = self._p / self.total
        return float(-np.sum(p * np.log2(p + EPSILON)))

    def percentage(self) -> float:
        """N over the number of voxels, sum of P j (runs: IBSI 9ZK5).  Near 1 where nearly every voxel is a piece of its
        own (fine texture), near 0 for one large piece."""
        extents, counts = self.by_extent
        return self.total / float(np.sum(extents * counts))


def _marginal(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, index = np.unique(keys, return_inverse=True)
    return values.astype(float), np.bincount(index, counts)


def _variance(values: np.ndarray, counts: np.ndarray, total: float) -> float:
    p = counts / total
    mean = np.sum(p * values)
    return float(np.sum(p * (values - mean) ** 2))
