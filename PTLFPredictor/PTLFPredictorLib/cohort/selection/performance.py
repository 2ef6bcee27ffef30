"""What is measured of a linear predictor, and the bootstrap of the whole way from candidates to models."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import BadInput
from ..statistics import calibration
from ..statistics.discrimination import auc
from ..statistics.logistic import expit
from ..statistics.optimism import Optimism, draw, optimism
from .plan import ResamplingPlan
from .way import Way

MEASURES: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "auc": auc,
    "slope": lambda lp, y: calibration.slope(lp, y).value,
    "in_the_large": lambda lp, y: calibration.in_the_large(lp, y).value,
    "brier": lambda lp, y: float(np.mean((expit(lp) - y) ** 2)),
}
"""Of linear predictor and outcome."""


@dataclass(frozen=True)
class Bootstrapped:
    """Models of bootstrap samples, and what they promise too much.

    Attributes
    ----------
    optimism : Optimism
        Its measures are named "MODEL MEASURE", e.g. "combined auc".
    names : mapping of str to tuple of tuple
        What the model of each sample was made of.
    """

    optimism: Optimism
    names: Mapping[str, tuple[tuple, ...]]

    def frequencies(self, model: str) -> dict[Any, float]:
        """Share of the samples that chose a feature or variable, the most frequent first."""
        return frequencies(self.names[model])


def frequencies(names: Iterable[tuple]) -> dict[Any, float]:
    """Share of models that have a name, the most frequent first."""
    names = list(names)
    counted = Counter(name for chosen in names for name in chosen)
    return {name: count / len(names) for name, count in counted.most_common()}


def bootstrap(way: Way, plan: ResamplingPlan | None = None, run: Callable[..., Iterable[Any]] = map) -> Bootstrapped:
    """Repeat the whole way in bootstrap samples.

    Parameters
    ----------
    way, plan, run
        As `nested.nested`.
    """
    plan = plan or ResamplingPlan()
    samples = draw(len(way.y), plan.bootstraps, plan.seed)

    def attempt(rows: np.ndarray) -> Any | BadInput:
        try:
            return way.fit(rows)
        except BadInput as error:
            return error

    made = dict(zip((rows.tobytes() for rows in samples), run(attempt, samples), strict=True))

    def fit(rows: np.ndarray) -> Any:
        fitted = made.get(rows.tobytes())
        if isinstance(fitted, BadInput):
            raise fitted
        return fitted if fitted is not None else way.fit(rows)  # the model of all cases

    def measure(fitted: Any, rows: np.ndarray) -> dict[str, float]:
        return measured(way.linear_predictors(fitted, rows), way.y[rows])

    found = optimism(fit, measure, samples)
    chosen = [way.names(one) for one in made.values() if not isinstance(one, BadInput)]
    return Bootstrapped(found, {name: tuple(one.get(name, ()) for one in chosen) for name in chosen[0]})


def measured(linear_predictors: Mapping[str, np.ndarray], y: np.ndarray) -> dict[str, float]:
    """`MEASURES` of each model, by "MODEL MEASURE"; NaN where one does not exist (a slope of separated outcomes).

    Cases without a linear predictor, because something is missing, are left out.
    """
    values = {}
    for name, lp in linear_predictors.items():
        known = np.isfinite(lp)
        for what, measure in MEASURES.items():
            try:
                values[f"{name} {what}"] = measure(lp[known], y[known])
            except BadInput:
                values[f"{name} {what}"] = math.nan
    return values
