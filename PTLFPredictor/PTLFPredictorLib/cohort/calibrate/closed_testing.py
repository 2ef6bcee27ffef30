"""The closed testing procedure that chooses how far a model is to be updated (Vergouwe et al., Stat Med 2017, 36:4529).

The full refit is tested against each simpler model, the simplest first, by likelihood ratio; the first that the refit
does not improve upon is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Base
from .plan import Method
from .update import Update

LEVEL = 0.05

ORIGINAL = "the model as it is"


@dataclass(frozen=True)
class Comparison:
    """The full refit against a simpler model.

    Parameters
    ----------
    model : str
        The simpler one, in words.
    log_likelihood : float
    chi_square, p : float
        nan of the refit itself.
    df : int
    decides : bool
        Whether it belongs to the procedure; the Radscore's slope alone stands beside it.
    """

    model: str
    log_likelihood: float
    chi_square: float
    df: int
    p: float
    decides: bool = True


@dataclass(frozen=True)
class ClosedTest:
    """The comparisons, the simplest model first, and what the procedure chooses."""

    comparisons: tuple[Comparison, ...]
    chosen: str


def closed_test(base: Base, x: np.ndarray, y: np.ndarray, level: float = LEVEL) -> ClosedTest:
    """Run the procedure.

    Parameters
    ----------
    base : Base
        Without an intercept the procedure begins with the intercept alone.
    x : np.ndarray, shape (n, columns)
    y : np.ndarray, shape (n,)
    """
    from scipy.stats import chi2

    size = 1 + len(base.columns)
    refit = Update(base, Method.REFIT).fit(x, y)

    def against(words: str, log_likelihood: float, free: int, decides: bool = True) -> Comparison:
        statistic, df = max(2 * (refit.log_likelihood_ - log_likelihood), 0.0), size - free
        return Comparison(words, log_likelihood, statistic, df, float(chi2.sf(statistic, df)) if df else 1.0, decides)

    found = []
    if base.intercept is not None:
        eta = base.intercept + x @ base.coefficients
        found.append(against(ORIGINAL, float(y @ eta - np.logaddexp(0, eta).sum()), 0))
    for method, free in ((Method.INTERCEPT, 1), (Method.OVERALL_SLOPE, 2), (Method.SLOPE, 2)):
        fitted = Update(base, method).fit(x, y)
        found.append(against(method.words, fitted.log_likelihood_, free, method is not Method.SLOPE))
    chosen = next((one.model for one in found if one.decides and one.p >= level), Method.REFIT.words)
    nan = float("nan")
    return ClosedTest((*found, Comparison(Method.REFIT.words, refit.log_likelihood_, nan, 0, nan)), chosen)
