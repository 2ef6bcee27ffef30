"""Nested cross-validation: the whole way from candidates to models, repeated without the cases that judge them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import BadInput
from ..statistics.discrimination import auc, logit_interval
from .folds import stratified
from .plan import ResamplingPlan
from .way import Way


@dataclass(frozen=True)
class Estimate:
    """Of a performance measure."""

    value: float
    se: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Nested:
    """Linear predictors of cases from models made without them.

    Attributes
    ----------
    outcome : np.ndarray, shape (n,)
    folds : np.ndarray of int, shape (repeats, n)
    linear_predictor : mapping of str to np.ndarray, shape (repeats, n)
        By model.
    names : mapping of str to tuple of tuple
        What each of the models, in order of repeat and fold, was made of.
    level : float
        Of intervals.
    """

    outcome: np.ndarray
    folds: np.ndarray
    linear_predictor: Mapping[str, np.ndarray]
    names: Mapping[str, tuple[tuple, ...]]
    level: float

    def placements(self, model: str) -> np.ndarray:
        """Share of the other outcome's cases of the same fold that a case is on the right side of (ties half).

        Averaged over repeats, shape (n,): DeLong's structural components (Biometrics 1988;44:837) within folds, because
        linear predictors of two folds come from two models and do not compare.
        """
        lp, y = self.linear_predictor[model], self.outcome
        together = self.folds[:, :, None] == self.folds[:, None, :]
        known = np.isfinite(lp)
        pairs = together & (y[:, None] != y[None, :]) & known[:, :, None] & known[:, None, :]
        ahead = (lp[:, :, None] > lp[:, None, :]) + 0.5 * (lp[:, :, None] == lp[:, None, :])
        right = np.where(y[:, None] == 1, ahead, 1 - ahead)
        counts = pairs.sum(axis=2)
        share = (right * pairs).sum(axis=2) / np.maximum(counts, 1)
        with np.errstate(invalid="ignore"):
            return share.sum(axis=0) / (counts > 0).sum(axis=0)

    def auc(self, model: str) -> Estimate:
        """Mean of the folds' AUCs, with an interval that allows for the spread of the models and for shared cases.

        Nadeau and Bengio's corrected resampled t (Mach Learn 2003;52:239): the variance of the folds' AUCs times ``1 /
        their number + 1 / (folds - 1)``; no interval of a single fold.  `delong` covers too seldom
        (docs/operating-characteristics.md).
        """
        from scipy.stats import t

        values = self.fold_aucs(model)
        if len(values) < 2:
            return Estimate(float(values[0]) if len(values) else math.nan, math.nan, (math.nan, math.nan))
        count = int(self.folds.max()) + 1
        value, deviation = float(values.mean()), float(values.std(ddof=1))
        se = deviation * math.sqrt(1 / len(values) + 1 / (count - 1))
        half = float(t.isf((1 - self.level) / 2, len(values) - 1)) * se
        return Estimate(value, se, (max(0.0, value - half), min(1.0, value + half)))

    def fold_aucs(self, model: str) -> np.ndarray:
        """Of every fold of every repeat in which both outcomes have a linear predictor."""
        values = []
        for lp, of_case in zip(self.linear_predictor[model], self.folds, strict=True):
            for fold in np.unique(of_case):
                rows = (of_case == fold) & np.isfinite(lp)
                values.append(_or_nan(auc, lp[rows], self.outcome[rows]))
        return np.array(values)[np.isfinite(values)]

    def delong(self, model: str) -> Estimate:
        """Within folds, with DeLong's standard error of `placements` and an interval on the logit scale.

        For cross-validation: LeDell, Petersen, van der Laan, Electron J Stat 2015;9:1583.  It says how precisely these
        cases judge the average of these models, not how one model of all cases may differ from them.
        """
        placed = self.placements(model)
        groups = [placed[(self.outcome == value) & np.isfinite(placed)] for value in (1, 0)]
        se = math.sqrt(sum(group.var(ddof=1) / len(group) for group in groups))
        value = float(np.mean([group.mean() for group in groups]))
        return Estimate(value, se, logit_interval(value, se, self.level))

    def measured(self, model: str, measure: Callable[[np.ndarray, np.ndarray], float]) -> float:
        """A measure of linear predictor and outcome, of all cases together, averaged over repeats."""
        known = [np.isfinite(lp) for lp in self.linear_predictor[model]]
        pairs = zip(self.linear_predictor[model], known, strict=True)
        values = [_or_nan(measure, lp[rows], self.outcome[rows]) for lp, rows in pairs]
        return float(np.nanmean(values)) if np.isfinite(values).any() else math.nan

    def pooled_auc(self, model: str) -> float:
        """AUC of all cases together, averaged over repeats; pessimistic where models of folds differ in scale."""
        return self.measured(model, auc)


def nested(way: Way, plan: ResamplingPlan | None = None, run: Callable[..., Iterable[Any]] = map) -> Nested:
    """Cross-validate the whole way, `plan.repeats` times with other folds.

    Parameters
    ----------
    way : Way
    plan : ResamplingPlan, optional
    run : callable
        As `map`; one that works in parallel gives the same.

    Raises
    ------
    BadInput
        With fewer cases of an outcome than folds.
    """
    plan, y = plan or ResamplingPlan(), way.y
    if min((y == 1).sum(), (y == 0).sum()) < plan.folds:
        raise BadInput(f"{plan.folds} folds need as many cases with and without the outcome; choose fewer folds.")
    folds = np.array([stratified(y, plan.folds, (plan.seed, repeat)) for repeat in range(plan.repeats)])
    order = [(repeat, fold) for repeat in range(plan.repeats) for fold in range(plan.folds)]

    def one(of_fold: tuple[int, int]) -> tuple[Mapping[str, np.ndarray], Mapping[str, tuple]]:
        repeat, fold = of_fold
        fitted = way.fit(np.flatnonzero(folds[repeat] != fold))
        return way.linear_predictors(fitted, np.flatnonzero(folds[repeat] == fold)), way.names(fitted)

    found = list(run(one, order))
    predicted = {name: np.full(folds.shape, np.nan) for name in found[0][0]}
    for (repeat, fold), (lps, _) in zip(order, found, strict=True):
        for name, lp in lps.items():
            predicted[name][repeat, folds[repeat] == fold] = lp
    names = {name: tuple(chosen.get(name, ()) for _, chosen in found) for name in predicted}
    return Nested(y, folds, predicted, names, plan.level)


def _or_nan(measure: Callable[[np.ndarray, np.ndarray], float], lp: np.ndarray, y: np.ndarray) -> float:
    try:
        return measure(lp, y)
    except BadInput:
        return math.nan
