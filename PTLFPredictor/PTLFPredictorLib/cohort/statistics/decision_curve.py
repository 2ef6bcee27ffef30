"""Decision curve analysis: net benefit over the threshold at which a person would act (Vickers and Elkin 2006)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import BadInput


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit by threshold; treating none has 0 everywhere.

    Attributes
    ----------
    thresholds, net_benefit, treat_all : np.ndarray, shape (thresholds,)
    prevalence : float
        That of the cases, or the one that was asked for.
    """

    thresholds: np.ndarray
    net_benefit: np.ndarray
    treat_all: np.ndarray
    prevalence: float

    @property
    def standardised(self) -> np.ndarray:
        """As a share of the largest net benefit that there is, the prevalence."""
        return self.net_benefit / self.prevalence

    @property
    def interventions_avoided(self) -> np.ndarray:
        """Per 100 cases, against treating all, without missing an event more."""
        odds = self.thresholds / (1 - self.thresholds)
        return (self.net_benefit - self.treat_all) / odds * 100


def grid(low: float = 0.01, high: float = 0.99, step: float = 0.01) -> np.ndarray:
    """Thresholds from `low` to `high`, each the double nearest to its decimal.

    ``np.arange`` and R's ``seq`` give 0.15000000000000002, which a risk of 0.15 does not reach.
    """
    return np.round(low + step * np.arange(round((high - low) / step) + 1), 10)


def net_benefit(
    p: np.ndarray, y: np.ndarray, thresholds: np.ndarray | None = None, prevalence: float | None = None
) -> DecisionCurve:
    """``TP/n - FP/n * t/(1-t)``, positive if ``p >= t`` (Vickers and Elkin, Med Decis Making 2006, 26:565).

    Parameters
    ----------
    p : np.ndarray, shape (n,)
        Risks, 0 to 1.
    y : np.ndarray, shape (n,)
        0 or 1.
    thresholds : np.ndarray, optional
        Above 0, below 1, taken as they are; `grid()` by default.
    prevalence : float, optional
        Of a population other than the cases': sensitivity and specificity are weighed by it.

    Raises
    ------
    BadInput
        Without both outcomes, for risks that are none, or thresholds that are none.
    """
    p, y = np.asarray(p, float), np.asarray(y)
    thresholds = grid() if thresholds is None else np.asarray(thresholds, float)
    if not np.all((p >= 0) & (p <= 1)):
        raise BadInput("A decision curve needs risks from 0 to 1; some of these are none.")
    if not np.all((thresholds > 0) & (thresholds < 1)):
        raise BadInput("The thresholds of a decision curve must lie between 0 and 1.")
    if not 0 < np.mean(y == 1) < 1:
        raise BadInput("A decision curve needs cases with and cases without the outcome.")
    positive = p[None, :] >= thresholds[:, None]
    sensitivity, false_rate = positive[:, y == 1].mean(axis=1), positive[:, y == 0].mean(axis=1)
    share = float(np.mean(y == 1)) if prevalence is None else float(prevalence)
    odds = thresholds / (1 - thresholds)
    return DecisionCurve(
        thresholds, share * sensitivity - (1 - share) * false_rate * odds, share - (1 - share) * odds, share
    )
