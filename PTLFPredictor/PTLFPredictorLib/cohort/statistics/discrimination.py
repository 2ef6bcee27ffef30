"""Discrimination: the ROC curve, the area under it, and DeLong's variance and tests.

A high score means the outcome; no function turns a curve that lies below the diagonal (as pROC does by default).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import BadInput
from .coefficients import normal_quantile

FEW = 100
"""Cases with or without the outcome below which the logit interval is the one to read (`Auc.preferred`).

At an AUC of 0.90 DeLong's 95 % interval covers 90 % at 20 events and its level at about 100; the logit interval does so
from 20 on.
"""


@dataclass(frozen=True)
class Auc:
    """Area under a ROC curve with DeLong's standard error.

    Attributes
    ----------
    auc, se : float
    interval : (float, float)
        ``auc -+ z se``, cut to 0 and 1, as pROC's ``ci.auc``.
    logit_interval : (float, float)
        The same on the logit of the AUC (Pepe, The statistical evaluation of medical tests, 2003, 5.2.5): never beyond
        0 or 1, and nearer to its level at few cases.
    events, non_events : int

    Both intervals are NaN where the two groups are apart (AUC 0 or 1): DeLong's standard error is 0 there, which says
    nothing of the precision.
    """

    auc: float
    se: float
    interval: tuple[float, float]
    logit_interval: tuple[float, float]
    events: int
    non_events: int

    @property
    def prefers_logit(self) -> bool:
        return min(self.events, self.non_events) < FEW

    @property
    def preferred(self) -> tuple[float, float]:
        """The logit interval below `FEW` cases in the smaller group, else DeLong's own."""
        return self.logit_interval if self.prefers_logit else self.interval


@dataclass(frozen=True)
class AucDifference:
    """DeLong's test of two AUCs: the first minus the second.

    Attributes
    ----------
    first, second, difference, se : float
    interval : (float, float)
        Of the difference.
    statistic, df, p : float
        z, or t with `df` degrees of freedom (inf: z); p two-sided.
    covariance : float
        Of the two AUCs; 0 for two sets of cases.
    """

    first: float
    second: float
    difference: float
    se: float
    interval: tuple[float, float]
    statistic: float
    df: float
    p: float
    covariance: float


@dataclass(frozen=True)
class RocCurve:
    """All points of a ROC curve, the threshold ascending; positive is a score of at least the threshold.

    Attributes
    ----------
    thresholds : np.ndarray, shape (distinct scores + 1,)
        -inf, the midpoints of neighbouring scores (as pROC; scikit-learn gives observed scores), inf.
    true_positives, false_positives : np.ndarray of int
    events, non_events : int
    """

    thresholds: np.ndarray
    true_positives: np.ndarray
    false_positives: np.ndarray
    events: int
    non_events: int

    @property
    def sensitivity(self) -> np.ndarray:
        return self.true_positives / self.events

    @property
    def specificity(self) -> np.ndarray:
        return (self.non_events - self.false_positives) / self.non_events


def auc(score: np.ndarray, y: np.ndarray) -> float:
    """Share of pairs of a case with and one without the outcome in which the first has the higher score; ties half.

    Parameters
    ----------
    score : np.ndarray, shape (n,)
    y : np.ndarray, shape (n,)
        0 or 1.

    Raises
    ------
    BadInput
        Without both outcomes, or where a score is no number.
    """
    with_outcome, without = _groups(score, y)
    return float(_placed(with_outcome, without).mean())


def delong(score: np.ndarray, y: np.ndarray, level: float = 0.95) -> Auc:
    """AUC with its standard error and intervals (DeLong, DeLong and Clarke-Pearson, Biometrics 1988, 44:837).

    Parameters
    ----------
    score, y : np.ndarray, shape (n,)
    level : float

    Raises
    ------
    BadInput
        As `auc`.
    """
    events = int(np.sum(y == 1))
    areas, covariance = _delong([score], y)
    area, se = float(areas[0]), math.sqrt(covariance[0, 0])
    half = normal_quantile(level) * se
    interval = (max(0.0, area - half), min(1.0, area + half)) if 0 < area < 1 else (math.nan, math.nan)
    return Auc(area, se, interval, logit_interval(area, se, level), events, len(y) - events)


def logit_interval(value: float, se: float, level: float = 0.95) -> tuple[float, float]:
    """Limits of a share with this standard error, symmetric on the logit scale; NaN at 0 and 1."""
    if not 0 < value < 1:
        return math.nan, math.nan
    middle, half = math.log(value / (1 - value)), normal_quantile(level) * se / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-limit)) for limit in (middle - half, middle + half))
    return low, high


def delong_paired(first: np.ndarray, second: np.ndarray, y: np.ndarray, level: float = 0.95) -> AucDifference:
    """Test of two scores of the same cases, whose AUCs are correlated (DeLong 1988).

    Two scores that order the cases alike have no difference: z 0, p 1.
    """
    (a, b), covariance = _delong([first, second], y)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    return _difference(a, b, variance, math.inf, float(covariance[0, 1]), level)


def delong_unpaired(
    first: np.ndarray, first_y: np.ndarray, second: np.ndarray, second_y: np.ndarray, level: float = 0.95
) -> AucDifference:
    """Test of the AUCs of two sets of cases: t with Welch's degrees of freedom over the cases, as pROC."""
    (a,), u = _delong([first], first_y)
    (b,), v = _delong([second], second_y)
    u, v = u[0, 0], v[0, 0]
    spread = u**2 / (len(first_y) - 1) + v**2 / (len(second_y) - 1)
    return _difference(a, b, u + v, (u + v) ** 2 / spread if spread else math.inf, 0.0, level)


def hanley_mcneil(auc: float, events: int, non_events: int) -> float:
    """Standard error of an AUC of which no more is known (Hanley and McNeil, Radiology 1982, 143:29)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    square = auc**2
    return math.sqrt(
        (auc * (1 - auc) + (events - 1) * (q1 - square) + (non_events - 1) * (q2 - square)) / (events * non_events)
    )


def roc_curve(score: np.ndarray, y: np.ndarray) -> RocCurve:
    """Every point of the curve, ties taken together.

    Raises
    ------
    BadInput
        As `auc`.
    """
    with_outcome, without = _groups(score, y)
    values = np.unique(score)
    middles = (values[:-1] + values[1:]) / 2
    middles = np.where(middles > values[:-1], middles, values[1:])  # no number between two neighbours
    cuts = np.concatenate([values, [np.inf]])
    positives = [len(group) - np.searchsorted(np.sort(group), cuts) for group in (with_outcome, without)]
    return RocCurve(np.concatenate([[-np.inf], middles, [np.inf]]), *positives, len(with_outcome), len(without))


def _groups(score: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores with and without the outcome."""
    score, y = np.asarray(score, float), np.asarray(y)
    if np.isnan(score).any():
        raise BadInput(f"{int(np.isnan(score).sum())} of the {len(score)} scores are missing.")
    groups = score[y == 1], score[y == 0]
    if not all(map(len, groups)) or sum(map(len, groups)) != len(y):
        raise BadInput(
            f"Of {len(y)} cases {len(groups[0])} have the outcome and {len(groups[1])} have not; an AUC needs both."
        )
    return groups


def _placed(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Share of `among` below each value; ties half."""
    among = np.sort(among)
    return (np.searchsorted(among, values, "left") + np.searchsorted(among, values, "right")) / (2 * len(among))


def _delong(scores: Sequence[np.ndarray], y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """AUCs of scores of the same cases, and their covariance matrix by the structural components."""
    groups = [_groups(score, y) for score in scores]
    of_events = np.array([_placed(one, other) for one, other in groups])
    of_others = np.array([1 - _placed(other, one) for one, other in groups])
    covariance = sum(
        np.atleast_2d(np.cov(part, ddof=1)) / part.shape[1] if part.shape[1] > 1 else np.full((len(part),) * 2, np.nan)
        for part in (of_events, of_others)
    )
    return of_events.mean(axis=1), covariance


def _difference(a: float, b: float, variance: float, df: float, covariance: float, level: float) -> AucDifference:
    from scipy import stats

    difference, se = float(a - b), math.sqrt(max(float(variance), 0.0))
    statistic = difference / se if se > 1e-12 else (0.0 if abs(difference) < 1e-12 else math.copysign(math.inf, a - b))
    p = float(2 * stats.t.sf(abs(statistic), df))
    half = se * float(stats.t.isf((1 - level) / 2, df))
    interval = (difference - half, difference + half)
    return AucDifference(float(a), float(b), difference, se, interval, statistic, float(df), p, covariance)
