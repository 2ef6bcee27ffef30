"""Maps of first-order statistics: `firstorder` in each neighbourhood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from .counting import Things, entropy


class Statistics:
    """First-order features of many neighbourhoods.

    Parameters
    ----------
    values : ndarray, shape (number, places)
        NaN where the VOI is not.
    levels : callable
        Gives their grey levels, 0 where the VOI is not; called only where a feature needs them.
    voxel_volume_mm3 : float
    shift : int
        ``voxel_array_shift`` of the settings.
    """

    def __init__(self, values: np.ndarray, levels: Callable[[], np.ndarray], voxel_volume_mm3: float, shift: int):
        self._x, self._levels, self._voxel_volume_mm3, self._shift = values, levels, voxel_volume_mm3, shift

    @cached_property
    def _number(self) -> np.ndarray:
        return np.count_nonzero(~np.isnan(self._x), axis=1)

    @cached_property
    def _sorted(self) -> np.ndarray:
        return np.sort(self._x, axis=1)  # NaN at the end

    @cached_property
    def _deviation(self) -> np.ndarray:
        return self._x - self.mean()[:, None]

    @cached_property
    def _p(self) -> np.ndarray:
        levels = self._levels()
        inside = levels > 0
        counts = Things(len(levels), np.nonzero(inside)[0]).histogram(levels[inside])
        return counts / counts.sum(axis=1, keepdims=True)

    def _mean_of(self, values: np.ndarray) -> np.ndarray:
        return np.nansum(values, axis=1) / self._number

    def percentile(self, percent: float) -> np.ndarray:
        """Linear between order statistics, by NumPy's own steps."""
        place = (self._number - 1) * (percent / 100)
        low = np.floor(place).astype(int)
        share = place - low
        rows = np.arange(len(self._x))
        below = self._sorted[rows, np.maximum(low, 0)]
        above = self._sorted[rows, np.clip(low + 1, 0, np.maximum(self._number - 1, 0))]
        step = above - below
        return np.where(share < 0.5, below + step * share, above - step * (1 - share))

    def energy(self) -> np.ndarray:
        return np.nansum((self._x + self._shift) ** 2, axis=1)

    def entropy(self) -> np.ndarray:
        return entropy(self._p)

    def minimum(self) -> np.ndarray:
        return self._sorted[:, 0]

    def maximum(self) -> np.ndarray:
        return self._sorted[np.arange(len(self._x)), self._number - 1]

    def mean(self) -> np.ndarray:
        return self._mean_of(self._x)

    def robust_mean_absolute_deviation(self) -> np.ndarray:
        low, high = self.percentile(10)[:, None], self.percentile(90)[:, None]
        middle = np.where((self._x - low >= 0) & (self._x - high <= 0), self._x, np.nan)
        number = np.count_nonzero(~np.isnan(middle), axis=1)
        deviation = middle - (np.nansum(middle, axis=1) / number)[:, None]
        return np.nansum(np.abs(deviation), axis=1) / number

    def _moment(self, power: int) -> np.ndarray:
        return self._mean_of(self._deviation**power)

    def _standardised(self, power: int) -> np.ndarray:
        second = self._moment(2)
        return self._moment(power) / np.where(second == 0, 1, second) ** (power / 2)


FEATURES: dict[str, Callable[[Statistics], np.ndarray]] = {
    "10Percentile": lambda s: s.percentile(10),
    "90Percentile": lambda s: s.percentile(90),
    "Energy": Statistics.energy,
    "Entropy": Statistics.entropy,
    "InterquartileRange": lambda s: s.percentile(75) - s.percentile(25),
    "Kurtosis": lambda s: s._standardised(4),
    "Maximum": Statistics.maximum,
    "MeanAbsoluteDeviation": lambda s: s._mean_of(np.abs(s._deviation)),
    "Mean": Statistics.mean,
    "Median": lambda s: s.percentile(50),
    "Minimum": Statistics.minimum,
    "Range": lambda s: s.maximum() - s.minimum(),
    "RobustMeanAbsoluteDeviation": Statistics.robust_mean_absolute_deviation,
    "RootMeanSquared": lambda s: np.sqrt(s.energy() / s._number),
    "Skewness": lambda s: s._standardised(3),
    "TotalEnergy": lambda s: s.energy() * s._voxel_volume_mm3,
    "Uniformity": lambda s: np.sum(s._p**2, axis=1),
    "Variance": lambda s: s._moment(2),
}
"""PyRadiomics' name -> function; formulas are those of `firstorder`."""


def features(statistics: Statistics, names: Sequence[str]) -> np.ndarray:
    """Values, shape (names, number)."""
    return np.stack([FEATURES[name](statistics) for name in names])
