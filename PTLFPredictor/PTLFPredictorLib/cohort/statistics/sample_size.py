"""How many cases a risk model needs: events per variable, and the criteria of Riley and others."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...signature.outcome.covariance import NORMAL_95


@dataclass(frozen=True)
class SampleSize:
    """Least numbers of cases for a model of a yes-or-no outcome; see `riley`.

    Parameters
    ----------
    for_shrinkage : int
        Cases for the wanted expected shrinkage of the coefficients.
    for_optimism : int
        For an optimism of Nagelkerke's R2 of at most 0.05.
    for_overall_risk : int
        For the mean risk to be estimated within 0.05.
    shrinkage_of_optimism : float
        Expected shrinkage at which the second criterion just holds.
    max_cox_snell : float
        Highest Cox-Snell R2 that a model can have at this share of events.
    events : float
        Expected events among `cases`.
    events_per_parameter : float
        The same for each candidate parameter.
    """

    for_shrinkage: int
    for_optimism: int
    for_overall_risk: int
    shrinkage_of_optimism: float
    max_cox_snell: float
    events: float
    events_per_parameter: float

    @property
    def cases(self) -> int:
        """The largest of the three."""
        return max(self.for_shrinkage, self.for_optimism, self.for_overall_risk)


def riley(cox_snell: float, prevalence: float, parameters: int, shrinkage: float = 0.9) -> SampleSize:
    """Least sample size to develop a risk model (Riley et al., BMJ 2020, 368:m441; R: ``pmsampsize``).

    Parameters
    ----------
    cox_snell : float
        Cox-Snell R2 that the model is expected to have, adjusted for optimism.
    prevalence : float
        Share of cases with the outcome, between 0 and 1.
    parameters : int
        Candidate parameters: all coefficients that are looked at, not only those that are kept.
    shrinkage : float
        Wanted expected uniform shrinkage factor.

    Raises
    ------
    ValueError
        When no model can have that R2, or a number is outside its range.
    """
    highest = max_cox_snell(prevalence)
    if not 0 < cox_snell < highest:
        raise ValueError(f"the Cox-Snell R2 lies between 0 and {highest:.3f} at a share of events of {prevalence:g}")
    if parameters < 1 or not 0 < shrinkage < 1:
        raise ValueError("at least one parameter, and a shrinkage between 0 and 1")
    of_optimism = cox_snell / (cox_snell + OPTIMISM * highest)
    counts = [
        _for_shrinkage(cox_snell, parameters, shrinkage),
        _for_shrinkage(cox_snell, parameters, of_optimism),
        (NORMAL_95 / MARGIN) ** 2 * prevalence * (1 - prevalence),
    ]
    counts = [math.ceil(count) for count in counts]
    events = max(counts) * prevalence
    return SampleSize(*counts, of_optimism, highest, events, events_per_variable(events, parameters))


OPTIMISM = 0.05
"""Highest accepted difference between apparent and adjusted Nagelkerke R2."""

MARGIN = 0.05
"""Half the width of the interval of the overall risk."""


def max_cox_snell(prevalence: float) -> float:
    """Cox-Snell R2 of a model that knows every outcome: ``1 - exp(2 * null log-likelihood / n)``."""
    if not 0 < prevalence < 1:
        raise ValueError("the share of events lies between 0 and 1")
    null = prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)
    return 1 - math.exp(2 * null)


def events_per_variable(events: float, parameters: int) -> float:
    """Events for each candidate parameter; 10 is the old rule of thumb (Peduzzi et al., J Clin Epidemiol 1996)."""
    return events / parameters


def adjusted_cox_snell(cox_snell: float, cases: int, parameters: int) -> float:
    """Cox-Snell R2 less its optimism, by the heuristic shrinkage ``1 + p / (n ln(1 - R2))`` of van Houwelingen.

    (Riley et al., Stat Med 2019, 38:1276.)  What `riley` asks for, from the apparent R2 of a model that was fitted.

    Parameters
    ----------
    cox_snell : float
        In the cases that the model was fitted to.
    cases, parameters : int
        Of that fit.
    """
    return (1 + parameters / (cases * math.log(1 - cox_snell))) * cox_snell


def _for_shrinkage(cox_snell: float, parameters: int, shrinkage: float) -> float:
    return parameters / ((shrinkage - 1) * math.log(1 - cox_snell / shrinkage))
