"""Maps of the grey-level co-occurrence matrix: `textures.glcm` in each neighbourhood.

All pairs weigh alike, so what is linear in the matrix is a mean over pairs and needs no matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from ..textures import EPSILON
from .counting import Things, entropy, mean_over_directions
from .kernel import Kernel


class Pairs(Things):
    """Neighbours in one direction; a pair counts as (i, j) and as (j, i).

    Parameters
    ----------
    number : int
    of : ndarray of int, shape (n,)
    i, j : ndarray of int, shape (n,)
        Grey levels.
    highest : int
        Highest grey level of the VOI.
    """

    def __init__(self, number: int, of: np.ndarray, i: np.ndarray, j: np.ndarray, highest: int):
        super().__init__(number, of)
        self._i, self._j, self._highest = i, j, highest

    @cached_property
    def _difference(self) -> np.ndarray:
        return np.abs(self._i - self._j)

    @cached_property
    def _sum(self) -> np.ndarray:
        return self._i + self._j

    @cached_property
    def _average(self) -> np.ndarray:
        """Mean level by neighbourhood."""
        return self.mean(self._sum) / 2

    @cached_property
    def _deviations(self) -> tuple[np.ndarray, np.ndarray]:
        average = self._average[self.of]
        return self._i - average, self._j - average

    @cached_property
    def _variance(self) -> np.ndarray:
        first, second = self._deviations
        return self.mean(first**2 + second**2) / 2

    @cached_property
    def _marginal(self) -> np.ndarray:
        """p(i), shape (number, levels)."""
        both = Things(self.number, np.concatenate([self.of, self.of]))
        return both.histogram(np.concatenate([self._i, self._j])) / (2 * self.total[:, None])

    @cached_property
    def _joint(self) -> tuple[Things, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Kinds of unordered pairs: where, both levels, how many entries of the matrix each is, p of such an entry."""
        kinds, low, high, counts = self.counted(np.minimum(self._i, self._j), np.maximum(self._i, self._j))
        entries = np.where(low == high, 1, 2)
        return kinds, low, high, entries, counts / (entries * self.total[kinds.of])

    def _over_joint(self, values: np.ndarray) -> np.ndarray:
        """Sum over the entries of the matrix; NaN where there is no pair."""
        kinds, _, _, entries, _ = self._joint
        return np.where(self.total > 0, kinds.sum(entries * values), np.nan)

    def _cluster(self, power: int) -> np.ndarray:
        return self.mean((self._sum - 2 * self._average[self.of]) ** power)

    def correlation(self) -> np.ndarray:
        first, second = self._deviations
        found = self.mean(first * second) / (self._variance + EPSILON)
        return np.where(self._variance == 0, 1.0, found)

    def _entropy_of(self, keys: np.ndarray) -> np.ndarray:
        return entropy(self.histogram(keys) / self.total[:, None])

    def joint_energy(self) -> np.ndarray:
        return self._over_joint(self._joint[4] ** 2)

    def joint_entropy(self) -> np.ndarray:
        p = self._joint[4]
        return -self._over_joint(p * np.log2(p + EPSILON))

    def maximum_probability(self) -> np.ndarray:
        kinds, *_, p = self._joint
        largest = np.full(self.number, np.nan)
        first = np.flatnonzero(np.diff(kinds.of, prepend=-1))
        largest[kinds.of[first]] = np.maximum.reduceat(p, first) if first.size else 0
        return largest

    def information_correlation_1(self) -> np.ndarray:
        kinds, low, high, _, p = self._joint
        product = self._marginal[kinds.of, low] * self._marginal[kinds.of, high]
        difference = self.joint_entropy() + self._over_joint(p * np.log2(product + EPSILON))
        divisor = entropy(self._marginal)
        return np.where(divisor != 0, difference / np.where(divisor != 0, divisor, 1), 0.0)

    def inverse_variance(self) -> np.ndarray:
        if self._highest == 1:  # a VOI of one level: 0 in PyRadiomics, with pairs or without
            return np.zeros(self.number)
        k = self._difference.astype(float)
        return self.mean(np.where(k > 0, 1 / np.where(k > 0, k, 1) ** 2, 0.0))


FEATURES: dict[str, Callable[[Pairs], np.ndarray]] = {
    "Autocorrelation": lambda m: m.mean(m._i * m._j),
    "ClusterProminence": lambda m: m._cluster(4),
    "ClusterShade": lambda m: m._cluster(3),
    "ClusterTendency": lambda m: m._cluster(2),
    "Contrast": lambda m: m.mean(m._difference**2),
    "Correlation": Pairs.correlation,
    "DifferenceAverage": lambda m: m.mean(m._difference),
    "DifferenceEntropy": lambda m: m._entropy_of(m._difference),
    "DifferenceVariance": lambda m: m.variance(m._difference),
    "Id": lambda m: m.mean(1 / (1 + m._difference)),
    "Idm": lambda m: m.mean(1 / (1 + m._difference**2)),
    "Idmn": lambda m: m.mean(1 / (1 + m._difference**2 / m._highest**2)),
    "Idn": lambda m: m.mean(1 / (1 + m._difference / m._highest)),
    "Imc1": Pairs.information_correlation_1,
    "InverseVariance": Pairs.inverse_variance,
    "JointAverage": lambda m: m._average,
    "JointEnergy": Pairs.joint_energy,
    "JointEntropy": Pairs.joint_entropy,
    "MaximumProbability": Pairs.maximum_probability,
    "SumAverage": lambda m: m.mean(m._sum),
    "SumEntropy": lambda m: m._entropy_of(m._sum),
    "SumSquares": lambda m: m._variance,
}
"""PyRadiomics' name -> function; formulas are those of `textures.glcm`.

Imc2 and MCC are left out: of a few pairs they hang on the rounding of what is 0, so that no two programs agree.
"""


def features(
    levels: np.ndarray, kernel: Kernel, offsets: Sequence[tuple[int, int, int]], highest: int, names: Sequence[str]
) -> np.ndarray:
    """Mean over the directions that have pairs; NaN where none has.

    Parameters
    ----------
    levels : ndarray of int, shape (number, kernel.size)
    kernel : Kernel
    offsets : sequence of (z, y, x)
    highest : int
        Of the VOI.
    names : sequence of str

    Returns
    -------
    ndarray, shape (names, number)
    """
    found = []
    for offset in offsets:
        here, there = kernel.pairs(offset)
        first, second = levels[:, here], levels[:, there]
        both = (first > 0) & (second > 0)
        if both.any():
            pairs = Pairs(len(levels), np.nonzero(both)[0], first[both], second[both], highest)
            found.append(np.stack([FEATURES[name](pairs) for name in names]))
    return mean_over_directions(found, len(levels), len(names))
