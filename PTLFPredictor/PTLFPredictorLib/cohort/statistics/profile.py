"""Profile likelihood intervals: the values of a coefficient that the likelihood ratio test does not refuse."""

from __future__ import annotations

import numpy as np

from ...errors import BadInput
from .coefficients import normal_quantile
from .newton import LogLikelihood, Maximum

WIDENINGS = 20


def interval(likelihood: LogLikelihood, maximum: Maximum, column: int, level: float = 0.95) -> tuple[float, float]:
    """Limits of one coefficient, by root finding on the exact profile (Venzon & Moolgavkar, Appl Stat 1988, 37:87).

    Of Firth's penalised likelihood: Heinze & Schemper, Stat Med 2002, 21:2409.

    Parameters
    ----------
    likelihood, maximum : LogLikelihood, Maximum
        A fit.
    column : int
        Of the coefficient.
    level : float
        Confidence level.

    Raises
    ------
    BadInput
        When the likelihood does not fall far enough on one side, so that there is no limit.
    """
    return _limit(likelihood, maximum, column, level, -1), _limit(likelihood, maximum, column, level, 1)


def _limit(likelihood: LogLikelihood, maximum: Maximum, column: int, level: float, side: int) -> float:
    from scipy.optimize import brentq

    quantile = normal_quantile(level)
    error = float(np.sqrt(maximum.covariance[column, column]))

    def beyond(errors: float) -> float:
        """Signed root of the likelihood ratio at so many standard errors from the estimate, minus its quantile."""
        value = maximum.params[column] + side * errors * error
        held = likelihood.maximise([column], [value], start=maximum.params)
        return np.sqrt(max(0.0, 2 * (maximum.log_likelihood - held.log_likelihood))) - quantile

    inner, outer = 0.0, 0.3 * quantile  # not far: of separated outcomes the standard error is many times the interval
    for _ in range(WIDENINGS):
        if beyond(outer) > 0:
            return float(maximum.params[column] + side * error * brentq(beyond, inner, outer, xtol=1e-9))
        inner, outer = outer, 1.8 * outer
    raise BadInput(f"The profile likelihood of coefficient {column} (0 is the intercept) has no limit on one side.")
