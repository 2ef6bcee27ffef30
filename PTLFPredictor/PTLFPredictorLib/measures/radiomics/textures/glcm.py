"""Grey-level co-occurrence matrix (IBSI section 3.6).

PyRadiomics 3.0.1, ``glcm.py``: one symmetrical matrix per direction, features averaged over the directions that
have any pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np

from ..discretise import GreyLevels
from ..region import LevelMap
from . import EPSILON

BLOCK = 1 << 17
"""Voxels that are counted at a time, so that what is made of them stays in the processor's cache."""


def cooccurrences(
    flat: np.ndarray, level_map: LevelMap, grey: GreyLevels, offsets: Sequence[tuple[int, int, int]]
) -> Iterator[np.ndarray]:
    """For each offset: number of neighbours (i, j) there and at the opposite, shape (G, G), G levels present."""
    size = grey.present.size + 1
    if grey.present.size < grey.highest:
        rank = np.zeros(grey.highest + 1, dtype=flat.dtype)
        rank[grey.present] = np.arange(1, size)
        ranks = np.empty_like(flat)
        for start in range(0, flat.size, BLOCK):
            ranks[start : start + BLOCK] = rank.take(flat[start : start + BLOCK])
        flat = ranks
    here, block = flat.take(level_map.index), max(BLOCK, size * size)
    for offset in offsets:
        step, counts = level_map.step(offset), np.zeros(size * size, dtype=np.intp)
        for start in range(0, here.size, block):
            codes = here[start : start + block].astype(np.intp)
            codes *= size
            codes += flat.take(level_map.index[start : start + block] + step)
            counts += np.bincount(codes, minlength=size * size)
        pairs = counts.reshape(size, size)[1:, 1:]
        yield pairs + pairs.T


class Cooccurrence:
    """Normalised co-occurrence matrix of one direction and what its features share.

    Parameters
    ----------
    counts : ndarray, shape (G, G)
        Symmetrical, with at least one pair.
    levels : ndarray, shape (G,)
        Grey levels of rows and columns.
    highest : int
        Highest grey level of the VOI.
    """

    def __init__(self, counts: np.ndarray, levels: np.ndarray, highest: int):
        self._p = counts / counts.sum()
        self._levels = levels.astype(float)
        self._integer_levels = levels
        self._highest = highest

    @cached_property
    def _marginal(self) -> np.ndarray:
        return self._p.sum(axis=1)

    @cached_property
    def _mean(self) -> float:
        return float(self._levels @ self._marginal)

    @cached_property
    def _difference(self) -> np.ndarray:
        """p(|i - j| = k) for k = 0 ... highest - 1."""
        k = np.abs(self._integer_levels[:, None] - self._integer_levels)
        return np.bincount(k.ravel(), self._p.ravel(), minlength=self._highest)

    @cached_property
    def _sum(self) -> np.ndarray:
        """p(i + j = k) for k = 0 ... 2 highest."""
        k = self._integer_levels[:, None] + self._integer_levels
        return np.bincount(k.ravel(), self._p.ravel(), minlength=2 * self._highest + 1)

    @cached_property
    def _k(self) -> np.ndarray:
        return np.arange(self._difference.size, dtype=float)

    @cached_property
    def _entropy(self) -> float:
        return _entropy(self._p)

    def autocorrelation(self) -> float:
        """sum of p i j, IBSI QWB0.  Greater where bright voxels lie beside bright ones: magnitude and fineness of the
        texture together."""
        return float(self._levels @ self._p @ self._levels)

    def joint_average(self) -> float:
        """sum of p i, IBSI 60VM.  Greater where the VOI is bright: the mean level of voxels with a neighbour."""
        return self._mean

    def _cluster(self, power: int) -> float:
        k = np.arange(self._sum.size)
        return float(np.sum(self._sum * (k - 2 * self._mean) ** power))

    def cluster_prominence(self) -> float:
        """sum of p (i + j - 2 mean)^4, IBSI AE86.  Greater where pairs lie far from the mean on either side; near the
        mean it is small."""
        return self._cluster(4)

    def cluster_shade(self) -> float:
        """sum of p (i + j - 2 mean)^3, IBSI 7NFM.  Away from 0 where pairs of one brightness are rare but far off:
        above 0 for bright outliers, below for dark ones."""
        return self._cluster(3)

    def cluster_tendency(self) -> float:
        """sum of p (i + j - 2 mean)^2, IBSI DG8W.  Greater where voxels group with others of like brightness."""
        return self._cluster(2)

    def contrast(self) -> float:
        """sum of p (i - j)^2, IBSI ACUI.  Greater where neighbours differ much; 0 for a single level."""
        return float(np.sum(self._difference * self._k**2))

    def correlation(self) -> float:
        """sum of p (i - mean)(j - mean) / variance, IBSI NI2N; 1 for a single grey level.  Near 1 where a voxel tells
        the brightness of its neighbour (linear dependence), near 0 where it does not."""
        deviation = self._levels - self._mean
        variance = float(self._marginal @ deviation**2)
        return float(deviation @ self._p @ deviation) / (variance + EPSILON) if variance != 0 else 1.0

    def difference_average(self) -> float:
        """sum of k p(|i - j| = k), IBSI TF7R.  Greater where pairs of unlike voxels prevail over pairs of like ones."""
        return float(np.sum(self._k * self._difference))

    def difference_entropy(self) -> float:
        """Entropy of p(|i - j| = k), IBSI NTRS.  Greater where neighbours differ by many amounts, none of them typical:
        random variation; 0 where all pairs differ alike."""
        return _entropy(self._difference)

    def difference_variance(self) -> float:
        """Variance of k under p(|i - j| = k), IBSI D3YU.  Greater where some neighbours are alike and others differ
        much."""
        return float(np.sum(self._difference * (self._k - self.difference_average()) ** 2))

    def inverse_difference(self) -> float:
        """sum of p / (1 + |i - j|), IBSI IB1Z.  Near 1 where neighbours are alike (homogeneous), lower the more they
        differ."""
        return float(np.sum(self._difference / (1 + self._k)))

    def inverse_difference_moment(self) -> float:
        """sum of p / (1 + (i - j)^2), IBSI WF0Z.  As `inverse_difference`, with large differences weighing less."""
        return float(np.sum(self._difference / (1 + self._k**2)))

    def inverse_difference_moment_normalised(self) -> float:
        """sum of p / (1 + (i - j)^2 / N^2), IBSI 1QCO; N is the highest level of the VOI.  As
        `inverse_difference_moment`, comparable between VOIs of different numbers of levels."""
        return float(np.sum(self._difference / (1 + self._k**2 / self._highest**2)))

    def inverse_difference_normalised(self) -> float:
        """sum of p / (1 + |i - j| / N), IBSI NDRX; N is the highest level of the VOI.  As `inverse_difference`,
        comparable between VOIs of different numbers of levels."""
        return float(np.sum(self._difference / (1 + self._k / self._highest)))

    def information_correlation_1(self) -> float:
        """(HXY - HXY1) / HX, IBSI R8DG; 0 for a single grey level.  0 where neighbours are independent, towards -1 the
        more a voxel tells of its neighbour: complex, patterned texture."""
        entropy = _entropy(self._marginal)
        product = np.outer(self._marginal, self._marginal)
        cross = float(-np.sum(self._p * np.log2(product + EPSILON)))
        return (self._entropy - cross) / entropy if entropy != 0 else self._entropy - cross

    def information_correlation_2(self) -> float:
        """sqrt(1 - exp(-2 (HXY2 - HXY))), IBSI JN9H; entropies in bits, as in IBSI's reference values.  0 where
        neighbours are independent, towards 1 the more a voxel tells of its neighbour.

        NaN where rounding makes HXY the larger: such a direction is left out of the mean.
        """
        independent = _entropy(np.outer(self._marginal, self._marginal))
        if independent == self._entropy:
            return 0.0
        inner = 1 - np.e ** (-2 * (independent - self._entropy))
        return float(np.sqrt(inner)) if inner >= 0 else float("nan")

    def inverse_variance(self) -> float:
        """sum of p / (i - j)^2 over i != j, IBSI E8JP.  Greater where neighbours differ by little, not by nothing."""
        return float(np.sum(self._difference[1:] / self._k[1:] ** 2))

    def joint_energy(self) -> float:
        """sum of p^2, IBSI 8ZQL.  Greater where a few kinds of pairs prevail (homogeneous); 1 where all are alike."""
        return float(np.sum(self._p**2))

    def joint_entropy(self) -> float:
        """Entropy of p, IBSI TU9B.  Greater where all kinds of pairs occur (random); 0 where all pairs are alike."""
        return self._entropy

    def maximum_probability(self) -> float:
        """Largest p, IBSI GYBY.  Greater where one kind of pair prevails."""
        return float(self._p.max())

    def maximal_correlation_coefficient(self) -> float:
        """Root of the second largest eigenvalue of Q, Haralick 1973 f14; 1 for a single grey level; not in IBSI.  0
        where neighbours are independent, towards 1 the more a voxel tells of its neighbour, in any relation.

        NaN where rounding makes that eigenvalue negative: such a direction is left out of the mean.
        """
        if self._levels.size < 2:
            return 1.0
        scaled = self._p / (np.outer(self._marginal, self._marginal) + EPSILON)
        eigenvalue = np.sort(np.linalg.eigvals(scaled @ self._p.T))[-2]
        if np.iscomplexobj(eigenvalue):
            return float(np.sqrt(eigenvalue).real)
        return float(np.sqrt(eigenvalue)) if eigenvalue >= 0 else float("nan")

    def sum_average(self) -> float:
        """sum of k p(i + j = k), IBSI ZGXS.  Greater where the VOI is bright: twice the joint average."""
        return float(np.sum(np.arange(self._sum.size) * self._sum))

    def sum_entropy(self) -> float:
        """Entropy of p(i + j = k), IBSI P6QZ.  Greater where pairs of all brightnesses occur."""
        return _entropy(self._sum)

    def sum_squares(self) -> float:
        """sum of p (i - mean)^2, IBSI UR99 (joint variance).  Greater where grey levels lie far from their mean; 0 for
        a single level."""
        return float(self._marginal @ (self._levels - self._mean) ** 2)


def _entropy(p: np.ndarray) -> float:
    return float(-np.sum(p * np.log2(p + EPSILON)))


FEATURES: dict[str, Callable[[Cooccurrence], float]] = {
    "Autocorrelation": Cooccurrence.autocorrelation,
    "ClusterProminence": Cooccurrence.cluster_prominence,
    "ClusterShade": Cooccurrence.cluster_shade,
    "ClusterTendency": Cooccurrence.cluster_tendency,
    "Contrast": Cooccurrence.contrast,
    "Correlation": Cooccurrence.correlation,
    "DifferenceAverage": Cooccurrence.difference_average,
    "DifferenceEntropy": Cooccurrence.difference_entropy,
    "DifferenceVariance": Cooccurrence.difference_variance,
    "Id": Cooccurrence.inverse_difference,
    "Idm": Cooccurrence.inverse_difference_moment,
    "Idmn": Cooccurrence.inverse_difference_moment_normalised,
    "Idn": Cooccurrence.inverse_difference_normalised,
    "Imc1": Cooccurrence.information_correlation_1,
    "Imc2": Cooccurrence.information_correlation_2,
    "InverseVariance": Cooccurrence.inverse_variance,
    "JointAverage": Cooccurrence.joint_average,
    "JointEnergy": Cooccurrence.joint_energy,
    "JointEntropy": Cooccurrence.joint_entropy,
    "MCC": Cooccurrence.maximal_correlation_coefficient,
    "MaximumProbability": Cooccurrence.maximum_probability,
    "SumAverage": Cooccurrence.sum_average,
    "SumEntropy": Cooccurrence.sum_entropy,
    "SumSquares": Cooccurrence.sum_squares,
}


def features(
    flat: np.ndarray,
    level_map: LevelMap,
    grey: GreyLevels,
    offsets: Sequence[tuple[int, int, int]],
    names: Sequence[str],
    lengths_mm: np.ndarray | None = None,
) -> dict[str, float]:
    """Mean over the directions that have pairs; NaN where none has.

    With `lengths_mm` of the offsets, features of the one matrix in which each direction counts exp(-length^2).
    """
    matrices: Iterator[np.ndarray] = cooccurrences(flat, level_map, grey, offsets)
    if lengths_mm is not None:
        weights = np.exp(-(lengths_mm**2))
        matrices = iter([sum(weight * counts for weight, counts in zip(weights, matrices, strict=True))])
    per_direction: list[list[float]] = []
    for counts in matrices:
        if np.any(counts):
            direction = Cooccurrence(counts, grey.present, grey.highest)
            per_direction.append([FEATURES[name](direction) for name in names])
    if not per_direction:
        return dict.fromkeys(names, float("nan"))
    values = np.array(per_direction)
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        means = np.where(known, values, 0).sum(axis=0) / known.sum(axis=0)
    return dict(zip(names, means.tolist(), strict=True))
