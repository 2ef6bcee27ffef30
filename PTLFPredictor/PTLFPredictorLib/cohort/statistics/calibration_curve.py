"""Smoothed calibration curves, and how far they lie from the diagonal: ICI, E50, E90, Emax.

One set of cases has a different ICI with every smoother (0.145 to 0.175 in the 63 cases of the tests), so the smoother
is part of the number's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ...errors import BadInput
from .logistic import MaximumLikelihood
from .spline import knots, restricted_cubic

EDGE = 1e-15
"""Risks nearer to 0 or 1 are taken as that near, so that they have a logit."""

LOESS_SPAN = 0.75


class Smoother(StrEnum):
    """How observed outcomes become a curve over the predicted risk."""

    LOWESS = "lowess"
    """Local lines over two thirds of the cases, without robust iterations, as ``rms::val.prob``."""

    LOESS = "loess"
    """Local parabolas over three quarters of the cases, at every risk itself (R: ``surface="direct"``)."""

    RCS3 = "rcs3"
    """Logistic model on a restricted cubic spline of the logit, three knots."""

    RCS4 = "rcs4"
    LOGISTIC = "logistic"
    """Logistic model on the logit: a curve with two numbers."""

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Smoother.LOWESS: "lowess, span 2/3",
    Smoother.LOESS: "loess, degree 2, span 0.75",
    Smoother.RCS3: "restricted cubic spline, 3 knots",
    Smoother.RCS4: "restricted cubic spline, 4 knots",
    Smoother.LOGISTIC: "logistic recalibration",
}


@dataclass(frozen=True)
class CurveErrors:
    """Distance of the curve from the diagonal over the cases (Austin and Steyerberg, Stat Med 2019, 38:4051).

    Attributes
    ----------
    smoother : Smoother
    ici : float
        Integrated calibration index: the mean distance.
    e50, e90, emax : float
        Its median, its 90th percentile (type 7), its maximum.
    """

    smoother: Smoother
    ici: float
    e50: float
    e90: float
    emax: float


def smoothed(p: np.ndarray, y: np.ndarray, smoother: Smoother, at: np.ndarray | None = None) -> np.ndarray:
    """Observed share of the outcome over the predicted risk.

    Parameters
    ----------
    p : np.ndarray, shape (n,)
        Predicted risks.
    y : np.ndarray, shape (n,)
        0 or 1.
    smoother : Smoother
    at : np.ndarray, optional
        Risks at which the curve is wanted; `p` itself by default.

    Returns
    -------
    np.ndarray, shape of `at`
        Lowess and loess may leave 0 to 1, as in R; lowess is NaN beyond the risks that there are.

    Raises
    ------
    BadInput
        Where the risks are all equal or too few for it, or the logistic model behind it has no finite fit.
    """
    p, y = np.asarray(p, float), np.asarray(y, float)
    at = p if at is None else np.asarray(at, float)
    if np.ptp(p) == 0:
        raise BadInput("All risks are equal; a calibration curve needs different ones.")
    if smoother is Smoother.LOWESS:
        return lowess(p, y, at)
    if smoother is Smoother.LOESS:
        return loess(p, y, at)
    x, new = _logit(p), _logit(at)
    if smoother is Smoother.LOGISTIC:
        return MaximumLikelihood().fit(x[:, None], y).risk(new[:, None])
    found = knots(x, 3 if smoother is Smoother.RCS3 else 4)
    return MaximumLikelihood().fit(restricted_cubic(x, found), y).risk(restricted_cubic(new, found))


def errors(p: np.ndarray, y: np.ndarray, smoother: Smoother) -> CurveErrors:
    """ICI, E50, E90 and Emax with a smoother.

    Raises
    ------
    BadInput
        As `smoothed`.
    """
    distance = np.abs(smoothed(p, y, smoother) - p)
    e50, e90 = np.quantile(distance, (0.5, 0.9))
    return CurveErrors(smoother, float(distance.mean()), float(e50), float(e90), float(distance.max()))


def lowess(p: np.ndarray, y: np.ndarray, at: np.ndarray, skip: float = 0.01) -> np.ndarray:
    """Cleveland's local lines (J Am Stat Assoc 1979, 74:829), without robust iterations: 0 and 1 are no outliers.

    Parameters
    ----------
    skip : float
        Share of the range within which lines are interpolated, R's ``delta``.

    Raises
    ------
    BadInput
        Where two thirds of the risks are equal: statsmodels then gives one of their outcomes, not the mean.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess as fit

    order = np.argsort(p, kind="stable")
    x = p[order]
    distinct, first, count = np.unique(x, return_index=True, return_counts=True)
    if count.max() >= int(2 / 3 * len(x) + 1e-7):
        raise BadInput("Two thirds of the risks are equal; a lowess curve needs more different ones.")
    curve = fit(y[order], x, frac=2 / 3, it=0, delta=skip * np.ptp(x), is_sorted=True, return_sorted=False)
    return np.interp(at, distinct, curve[first], left=np.nan, right=np.nan)


def loess(p: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Local parabolas with tricube weights (Cleveland and Devlin, J Am Stat Assoc 1988, 83:596), at each risk of `at`.

    R's default interpolates between the vertices of a k-d tree, up to 0.01 away; no Python package has either.
    """
    nearest = max(int(np.floor(LOESS_SPAN * len(p) + 1e-5)), 1)

    def fitted(here: float) -> float:
        distance = np.abs(p - here)
        reach = max(np.partition(distance, nearest - 1)[nearest - 1], 1e-12)
        root = np.sqrt((1 - np.minimum(distance / reach, 1) ** 3) ** 3)
        design = np.vander(p - here, 3, increasing=True) * root[:, None]
        return np.linalg.lstsq(design, y * root, rcond=None)[0][0]

    distinct, back = np.unique(at, return_inverse=True)
    return np.array([fitted(here) for here in distinct])[back]


def _logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, EDGE, 1 - EDGE)
    return np.log(p) - np.log1p(-p)
