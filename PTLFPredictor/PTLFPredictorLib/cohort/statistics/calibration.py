"""Calibration of predicted risks: in the large, slope, the joint fit of both, Brier score, Hosmer-Lemeshow.

Three numbers that reports often call "intercept" have names of their own here: `in_the_large` (the slope held at 1),
the intercept of `joint` (the slope fitted beside it, what ``rms::val.prob`` prints), and the model's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import BadInput
from ...signature.outcome.covariance import NORMAL_95
from .logistic import MaximumLikelihood, log_likelihood


@dataclass(frozen=True)
class Coefficient:
    """A fitted coefficient with its standard error and Wald 95 % interval."""

    value: float
    se: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class JointFit:
    """``logit P(y) = intercept + slope * lp``, both fitted.

    Attributes
    ----------
    intercept, slope : Coefficient
    chi2, p : float
        Likelihood-ratio test, two degrees of freedom, that they are 0 and 1 (Miller, Hui and Tierney, Stat Med 1991,
        10:1213).
    """

    intercept: Coefficient
    slope: Coefficient
    chi2: float
    p: float


@dataclass(frozen=True)
class Brier:
    """Brier score.

    Attributes
    ----------
    score : float
        Mean squared difference of risk and outcome.
    null : float
        That of the prevalence as everybody's risk.
    scaled : float
        ``1 - score / null``: 1 is perfect, 0 no better than the prevalence, below 0 worse.
    """

    score: float
    null: float
    scaled: float


@dataclass(frozen=True)
class ExpectedObserved:
    """Number of events that were expected and that were observed.

    Attributes
    ----------
    expected : float
    observed : int
    ratio : float
        Above 1: the model promises too many events.
    interval : (float, float)
        95 %, on the logarithm, of the observed share alone (Debray and others, BMJ 2017, 356:i6460).
    """

    expected: float
    observed: int
    ratio: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class HosmerLemeshow:
    """Test of Hosmer and Lemeshow, Commun Stat 1980, A9:1043, with the groups that it is of.

    Attributes
    ----------
    n, observed : np.ndarray of int, shape (groups,)
    expected : np.ndarray, shape (groups,)
        Sum of the risks.
    breaks : np.ndarray, shape (groups + 1,)
    chi2, p : float
    df : int
    """

    n: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    breaks: np.ndarray
    chi2: float
    df: int
    p: float


def in_the_large(lp: np.ndarray, y: np.ndarray) -> Coefficient:
    """Calibration in the large: the intercept beside the linear predictor as offset; below 0, risks are too high.

    Parameters
    ----------
    lp : np.ndarray, shape (n,)
        The model's linear predictor, ``logit p``.
    y : np.ndarray, shape (n,)
        0 or 1.

    Raises
    ------
    BadInput
        Where no finite value fits best (`logistic.Separated`), as without both outcomes.
    """
    return _coefficients(MaximumLikelihood().fit(np.empty((len(lp), 0)), y, offset=np.asarray(lp, float)))[0]


def joint(lp: np.ndarray, y: np.ndarray) -> JointFit:
    """Intercept and slope fitted together (Cox, Biometrika 1958, 45:562).

    Raises
    ------
    BadInput
        As `in_the_large`.
    """
    from scipy import stats

    lp = np.asarray(lp, float)
    model = MaximumLikelihood().fit(lp[:, None], y)
    chi2 = max(2 * (model.log_likelihood_ - log_likelihood(lp, y)), 0.0)
    return JointFit(*_coefficients(model), chi2, float(stats.chi2.sf(chi2, 2)))


def slope(lp: np.ndarray, y: np.ndarray) -> Coefficient:
    """Calibration slope, that of `joint`: below 1, risks are too extreme, as of an overfitted model."""
    return joint(lp, y).slope


def brier(p: np.ndarray, y: np.ndarray) -> Brier:
    """Brier score (Brier, Mon Weather Rev 1950, 78:1), its null value, and scaled by it."""
    score, share = float(np.mean((p - y) ** 2)), float(np.mean(y))
    null = share * (1 - share)
    return Brier(score, null, 1 - score / null if null else math.nan)


def expected_observed(p: np.ndarray, y: np.ndarray) -> ExpectedObserved:
    """Expected over observed number of events; the ratio is inf where none was observed."""
    expected, observed = float(np.sum(p)), int(np.sum(y))
    if observed == 0:
        return ExpectedObserved(expected, 0, math.inf, (math.nan, math.inf))
    ratio, width = expected / observed, NORMAL_95 * math.sqrt((1 - observed / len(y)) / observed)
    return ExpectedObserved(expected, observed, ratio, (ratio * math.exp(-width), ratio * math.exp(width)))


def spiegelhalter(p: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """z and two-sided P of Spiegelhalter's test, Stat Med 1986, 5:421: is the Brier score that of calibrated risks?"""
    from scipy import stats

    z = float(np.sum((y - p) * (1 - 2 * p)) / np.sqrt(np.sum((1 - 2 * p) ** 2 * p * (1 - p))))
    return z, float(2 * stats.norm.sf(abs(z)))


def hosmer_lemeshow(p: np.ndarray, y: np.ndarray, groups: int = 10, *, fitted_here: bool) -> HosmerLemeshow:
    """Observed and expected events in groups of risk, right-closed at the type-7 quantiles (as R's ``hoslem.test``).

    Parameters
    ----------
    groups : int
        At most; tied risks can make them fewer.
    fitted_here : bool
        Whether the model was fitted on these cases: groups - 2 degrees of freedom, else as many as groups.

    Raises
    ------
    BadInput
        For fewer than three groups.
    """
    from scipy import stats

    p, y = np.asarray(p, float), np.asarray(y, float)
    breaks = np.unique(np.quantile(p, np.linspace(0, 1, groups + 1)))
    group = np.searchsorted(breaks[1:-1], p, side="left")
    if len(np.unique(group)) < max(3, len(breaks) - 1):  # a group that nobody is in
        raise BadInput("The risks are too few, or have too few different values, for groups of Hosmer and Lemeshow.")
    n, observed, expected = (np.bincount(group, weights) for weights in (None, y, p))
    far = (observed - expected) ** 2
    with np.errstate(divide="ignore"):
        chi2 = float(np.sum(far[far > 0] * (1 / expected + 1 / (n - expected))[far > 0]))
    df = len(n) - 2 if fitted_here else len(n)
    return HosmerLemeshow(n, observed.astype(int), expected, breaks, chi2, df, float(stats.chi2.sf(chi2, df)))


def _coefficients(model: MaximumLikelihood) -> list[Coefficient]:
    found = zip(model.params_, model.standard_errors_, model.wald_interval(), strict=True)
    return [Coefficient(float(value), float(se), (float(low), float(high))) for value, se, (low, high) in found]
