"""First-order statistics of the voxels of a VOI.

PyRadiomics 3.0.1, ``firstorder.py``; IBSI sections 3.3 (intensity statistics) and 3.4 (intensity histogram), whose
codes are given.  Departures from IBSI are named with each feature.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from .discretise import BLOCK, GreyLevels

EPSILON = float(np.spacing(1))
"""PyRadiomics adds it inside logarithms so that empty bins count nothing."""


def summed(values: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> float:
    """``numpy.sum(function(values.astype(float)))`` to the last bit, without an array of that size.

    NumPy adds in halves, and each half in halves, cut at multiples of 8: so does this, down to blocks that stay in the
    processor's cache.

    Parameters
    ----------
    values : ndarray, shape (n,)
    function : callable
        Of doubles, element by element.
    """
    if values.size <= BLOCK:
        return float(np.sum(function(values.astype(float))))
    half = values.size // 2
    half -= half % 8
    return summed(values[:half], function) + summed(values[half:], function)


class FirstOrder:
    """First-order features.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Filtered voxels of the VOI, all finite.
    grey_levels : callable
        Gives the `GreyLevels`; called only where a feature needs them.
    voxel_volume_mm3 : float
    shift : int
        ``voxel_array_shift`` of the settings.
    """

    def __init__(self, values: np.ndarray, grey_levels: Callable[[], GreyLevels], voxel_volume_mm3: float, shift: int):
        self._values = values
        self._grey_levels = grey_levels
        self._voxel_volume_mm3 = voxel_volume_mm3
        self._shift = shift

    @cached_property
    def _probability(self) -> np.ndarray:
        counts = self._grey_levels().counts
        counts = counts[counts > 0]
        return counts / counts.sum()

    @cached_property
    def _percentiles(self) -> tuple[float, ...]:
        return tuple(np.percentile(self._values.astype(float), (10, 25, 50, 75, 90), overwrite_input=True))

    def _mean_of(self, function: Callable[[np.ndarray], np.ndarray]) -> float:
        return summed(self._values, function) / self._values.size

    def _central_moment(self, of_deviation: Callable[[np.ndarray], np.ndarray]) -> float:
        return self._mean_of(lambda x: of_deviation(x - self._mean))

    @cached_property
    def _mean(self) -> float:
        return self._mean_of(lambda x: x)

    @cached_property
    def _variance(self) -> float:
        return self._central_moment(lambda d: d**2)

    def energy(self) -> float:
        """Sum of (x + c)^2, IBSI N8CA with c = 0; c is `shift`."""
        return summed(self._values, lambda x: (x + self._shift) ** 2)

    def total_energy(self) -> float:
        """Energy times the voxel volume in mm3; not in IBSI."""
        return self.energy() * self._voxel_volume_mm3

    def entropy(self) -> float:
        """-sum p log2(p + eps) over the bins, IBSI TLU2 (of the histogram)."""
        p = self._probability
        return float(-np.sum(p * np.log2(p + EPSILON)))

    def minimum(self) -> float:
        """Smallest x, IBSI 1GSF."""
        return float(self._values.min())

    def percentile_10(self) -> float:
        """10th percentile, IBSI QG58; linear between order statistics, which IBSI leaves open."""
        return float(self._percentiles[0])

    def percentile_90(self) -> float:
        """90th percentile, IBSI 8DWT; linear between order statistics."""
        return float(self._percentiles[4])

    def maximum(self) -> float:
        """Largest x, IBSI 84IY."""
        return float(self._values.max())

    def mean(self) -> float:
        """Mean of x, IBSI Q4LE."""
        return self._mean

    def median(self) -> float:
        """Median of x, IBSI Y12H."""
        return float(self._percentiles[2])

    def interquartile_range(self) -> float:
        """75th minus 25th percentile, IBSI SALO."""
        return float(self._percentiles[3] - self._percentiles[1])

    def range(self) -> float:
        """Maximum minus minimum, IBSI 2OJQ."""
        return self.maximum() - self.minimum()

    def mean_absolute_deviation(self) -> float:
        """Mean of |x - mean|, IBSI 4FUA."""
        return self._central_moment(np.abs)

    def robust_mean_absolute_deviation(self) -> float:
        """Mean absolute deviation of the voxels between the 10th and 90th percentile, IBSI 1128."""
        low, high = self._percentiles[0], self._percentiles[4]
        # PyRadiomics compares differences with 0, which keeps exactly the closed range.
        middle = FirstOrder(self._values[(self._values >= low) & (self._values <= high)], self._grey_levels, 0.0, 0)
        return middle.mean_absolute_deviation()

    def root_mean_squared(self) -> float:
        """Square root of the mean of (x + c)^2, IBSI 5ZWQ with c = 0."""
        return float(np.sqrt(self.energy() / self._values.size))

    def skewness(self) -> float:
        """Third standardised moment, IBSI KE2A; 0 for a flat VOI."""
        second = self._variance
        third = self._central_moment(lambda d: d**2 * d)
        return third / second**1.5 if second != 0 else third

    def kurtosis(self) -> float:
        """Fourth standardised moment, 0 for a flat VOI; IBSI IPH6 is the excess, less by 3."""
        second = self._variance
        fourth = self._central_moment(lambda d: (d**2) ** 2)
        return fourth / second**2 if second != 0 else fourth

    def variance(self) -> float:
        """Mean of (x - mean)^2, IBSI ECT3."""
        return self._variance

    def uniformity(self) -> float:
        """Sum of p^2 over the bins, IBSI BJ5W (of the histogram)."""
        return float(np.sum(self._probability**2))


FEATURES = {
    "10Percentile": FirstOrder.percentile_10,
    "90Percentile": FirstOrder.percentile_90,
    "Energy": FirstOrder.energy,
    "Entropy": FirstOrder.entropy,
    "InterquartileRange": FirstOrder.interquartile_range,
    "Kurtosis": FirstOrder.kurtosis,
    "Maximum": FirstOrder.maximum,
    "MeanAbsoluteDeviation": FirstOrder.mean_absolute_deviation,
    "Mean": FirstOrder.mean,
    "Median": FirstOrder.median,
    "Minimum": FirstOrder.minimum,
    "Range": FirstOrder.range,
    "RobustMeanAbsoluteDeviation": FirstOrder.robust_mean_absolute_deviation,
    "RootMeanSquared": FirstOrder.root_mean_squared,
    "Skewness": FirstOrder.skewness,
    "TotalEnergy": FirstOrder.total_energy,
    "Uniformity": FirstOrder.uniformity,
    "Variance": FirstOrder.variance,
}
"""PyRadiomics' name -> method, in PyRadiomics' order."""
