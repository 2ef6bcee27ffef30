"""A chi-square test's result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChiSquare:
    """Statistic of a likelihood ratio, Wald or score test that is compared with the chi-square distribution.

    Parameters
    ----------
    statistic : float
    degrees_of_freedom : int
    """

    statistic: float
    degrees_of_freedom: int

    @property
    def p_value(self) -> float:
        from scipy.special import chdtrc

        return float(chdtrc(self.degrees_of_freedom, max(self.statistic, 0.0)))
