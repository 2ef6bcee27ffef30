"""A score cut in two: the counts at a cut-off, their proportions, and the cut-off by Youden's index."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .discrimination import roc_curve


@dataclass(frozen=True)
class Proportion:
    """`count` of `n` with its 95 % intervals; all NaN where `n` is 0.

    Attributes
    ----------
    count, n : int
    value : float
    exact : (float, float)
        Clopper and Pearson, Biometrika 1934, 26:404: covers at least its level.
    wilson : (float, float)
        Wilson, J Am Stat Assoc 1927, 22:209: covers its level on average.
    """

    count: int
    n: int
    value: float
    exact: tuple[float, float]
    wilson: tuple[float, float]


@dataclass(frozen=True)
class Classification:
    """The four counts at a cut-off (positive: at least the cut-off) and what follows from them.

    Attributes
    ----------
    cutoff : float
    tp, fp, fn, tn : int
    sensitivity, specificity, ppv, npv, accuracy : Proportion
    lr_positive, lr_negative : float
        Likelihood ratios; inf or NaN where a count of 0 makes them so.
    f1 : float
    """

    cutoff: float
    tp: int
    fp: int
    fn: int
    tn: int
    sensitivity: Proportion
    specificity: Proportion
    ppv: Proportion
    npv: Proportion
    accuracy: Proportion
    lr_positive: float
    lr_negative: float
    f1: float


@dataclass(frozen=True)
class Youden:
    """The cut-off with the largest ``sensitivity + specificity - 1``.

    Attributes
    ----------
    cutoff : float
        The lowest of `ties`, which misses the fewest events.
    sensitivity, specificity, index : float
        In the cases that it was found in, where they are optimistic.
    ties : tuple of float
        All cut-offs that reach the index.
    """

    cutoff: float
    sensitivity: float
    specificity: float
    index: float
    ties: tuple[float, ...]


def proportion(count: int, n: int, level: float = 0.95) -> Proportion:
    """A proportion with its intervals."""
    if n == 0:
        nothing = (math.nan, math.nan)
        return Proportion(0, 0, math.nan, nothing, nothing)
    from scipy import stats

    test = stats.binomtest(int(count), int(n))
    exact, wilson = (
        tuple(float(limit) for limit in test.proportion_ci(level, method)) for method in ("exact", "wilson")
    )
    return Proportion(int(count), int(n), count / n, exact, wilson)


def at_cutoff(score: np.ndarray, y: np.ndarray, cutoff: float) -> Classification:
    """Counts and proportions where a score of at least `cutoff` is called positive.

    Parameters
    ----------
    score : np.ndarray, shape (n,)
    y : np.ndarray, shape (n,)
        0 or 1.
    cutoff : float
        Chosen without these cases: see `youden`.
    """
    positive, event = np.asarray(score) >= cutoff, np.asarray(y) == 1
    tp, fp = int(np.sum(positive & event)), int(np.sum(positive & ~event))
    fn, tn = int(np.sum(event)) - tp, int(np.sum(~event)) - fp
    return Classification(
        cutoff=float(cutoff),
        tp=tp,
        fp=fp,
        fn=fn,
        tn=tn,
        sensitivity=proportion(tp, tp + fn),
        specificity=proportion(tn, tn + fp),
        ppv=proportion(tp, tp + fp),
        npv=proportion(tn, tn + fn),
        accuracy=proportion(tp + tn, len(event)),
        lr_positive=_ratio(tp * (fp + tn), fp * (tp + fn)),
        lr_negative=_ratio(fn * (fp + tn), tn * (tp + fn)),
        f1=_ratio(2 * tp, 2 * tp + fp + fn),
    )


def youden(score: np.ndarray, y: np.ndarray) -> Youden:
    """The cut-off of Youden, Cancer 1950, 3:32, a midpoint between neighbouring scores as in pROC.

    To be found in the training cases and applied to others by `at_cutoff`: found and reported in the same cases it
    promises too much.

    Raises
    ------
    BadInput
        As `discrimination.auc`.
    """
    curve = roc_curve(score, y)
    whole = curve.true_positives * curve.non_events - curve.false_positives * curve.events  # exact, so that ties are
    best = np.flatnonzero(whole == whole.max())
    first = best[0]
    return Youden(
        float(curve.thresholds[first]),
        float(curve.sensitivity[first]),
        float(curve.specificity[first]),
        float(whole[first] / (curve.events * curve.non_events)),
        tuple(float(x) for x in curve.thresholds[best]),
    )


def _ratio(part: float, whole: float) -> float:
    if whole == 0:
        return math.inf if part > 0 else math.nan
    return part / whole
