"""Whether there are enough cases for what was looked at: events per variable, Riley's sample size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data import CohortData
from ..statistics import sample_size
from ..statistics.sample_size import SampleSize
from . import variables as of_design
from .pipeline import Model, Pipeline
from .variables import Variable


@dataclass(frozen=True)
class Size:
    """Cases against what they are for.

    Parameters
    ----------
    n, events : int
        Training cases, and those with the outcome.
    candidates : int
        Coefficients that could have been in the combined model: all clinical columns and the features of the Radscore.
        The features that the Radscore was chosen from are not counted: no formula takes thousands of them.
    per_candidate : float
        Events, or cases without the outcome if they are fewer, for each of them.
    fitted : int
        Coefficients of the combined model; 0 without one.
    cox_snell : float or None
        Of the combined model, adjusted for the optimism of `candidates`; None without one, or where nothing is left.
    needed : SampleSize or None
        By Riley's criteria, at that R squared.
    """

    n: int
    events: int
    candidates: int
    per_candidate: float
    fitted: int
    cox_snell: float | None
    needed: SampleSize | None

    @property
    def is_enough(self) -> bool:
        return self.needed is not None and self.n >= self.needed.cases

    @classmethod
    def of(cls, pipeline: Pipeline, variables: Sequence[Variable], train: CohortData) -> Size:
        """Of a fitted pipeline and its training cases."""
        count = len(of_design.names(variables)) + pipeline.selection.largest
        fewer = min(train.events, train.n - train.events)
        fitted = pipeline.models_.get(Model.COMBINED)
        per = sample_size.events_per_variable(fewer, count)
        columns = 0 if fitted is None else len(fitted.risk.columns)
        r2, needed = None, None
        if fitted is not None:
            r2 = _adjusted(pipeline, train, count)
        if r2 is not None:
            needed = sample_size.riley(r2, train.events / train.n, count)
        return cls(train.n, train.events, count, per, columns, r2, needed)


def _adjusted(pipeline: Pipeline, train: CohortData, parameters: int) -> float | None:
    """Cox-Snell R squared of the combined model's linear predictor, adjusted for optimism; None where none is left."""

    from ..statistics.logistic import log_likelihood

    lp = pipeline.linear_predictors(train.features, train.clinical)[Model.COMBINED]
    there = np.isfinite(lp)
    y = train.outcome.to_numpy(float)[there]
    share = y.mean()
    null = log_likelihood(np.full(len(y), np.log(share / (1 - share))), y)
    apparent = -np.expm1(2 * (null - log_likelihood(lp[there], y)) / len(y))
    if not 0 < apparent < 1:
        return None
    adjusted = sample_size.adjusted_cox_snell(float(apparent), len(y), parameters)
    return adjusted if 0 < adjusted < sample_size.max_cox_snell(float(share)) else None
