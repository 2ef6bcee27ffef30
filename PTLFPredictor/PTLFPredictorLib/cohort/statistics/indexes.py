"""Likelihood indexes of predicted risks, as ``rms`` gives them in ``val.prob`` and ``validate``."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .calibration import joint
from .discrimination import auc
from .logistic import expit, log_likelihood


@dataclass(frozen=True)
class Indexes:
    """Indexes of a linear predictor in some cases (Harrell, Regression modeling strategies, 2015, 10.8 and 10.9).

    Attributes
    ----------
    dxy : float
        Somers' rank correlation, ``2 AUC - 1``; rms 6.5 takes it of risks cut to steps of 1/500.
    r2 : float
        Nagelkerke's, Biometrika 1991, 78:691.
    intercept, slope : float
        Of the joint fit.
    d, u, q : float
        Discrimination, unreliability, and quality ``d - u``.
    brier : float
    g, gp : float
        Gini's mean difference of the recalibrated linear predictor and of its risk.
    """

    dxy: float
    r2: float
    intercept: float
    slope: float
    d: float
    u: float
    q: float
    brier: float
    g: float
    gp: float


def indexes(lp: np.ndarray, y: np.ndarray, *, recalibrated: bool) -> Indexes:
    """All indexes of one linear predictor.

    Parameters
    ----------
    lp : np.ndarray, shape (n,)
    y : np.ndarray, shape (n,)
        0 or 1.
    recalibrated : bool
        Whether `r2` and `d` are those of the linear predictor after the joint fit (``validate``) or of itself
        (``val.prob``).

    Raises
    ------
    BadInput
        As `calibration.joint`.
    """
    n, share = len(y), float(np.mean(y))
    fit = joint(lp, y)
    new = fit.intercept.value + fit.slope.value * lp
    null = n * (share * math.log(share) + (1 - share) * math.log(1 - share))
    ratio = 2 * (log_likelihood(new if recalibrated else lp, y) - null)
    d, u = (ratio - 1) / n, (fit.chi2 - 2) / n
    return Indexes(
        dxy=2 * auc(lp, y) - 1,
        r2=-math.expm1(-ratio / n) / -math.expm1(2 * null / n),
        intercept=fit.intercept.value,
        slope=fit.slope.value,
        d=d,
        u=u,
        q=d - u,
        brier=float(np.mean((expit(lp) - y) ** 2)),
        g=_mean_difference(fit.slope.value * lp),
        gp=_mean_difference(expit(new)),
    )


def largest_error(intercept: float, slope: float) -> float:
    """``validate``'s Emax: the largest change of a risk by a joint fit, over risks in steps of 0.0005."""
    p = np.linspace(0, 1, 2001)[1:-1]
    return float(np.abs(expit(intercept + slope * np.log(p / (1 - p))) - p).max())


def _mean_difference(x: np.ndarray) -> float:
    """Gini's mean difference: of all pairs of cases."""
    n = len(x)
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float(2 * weights @ np.sort(x) / (n * (n - 1)))
