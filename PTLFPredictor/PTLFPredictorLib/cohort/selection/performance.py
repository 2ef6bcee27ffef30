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
from .cases import Cases
from .models import Model
from .nested import Way
from .plan import ResamplingPlan

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


def bootstrap(
    way: Way, cases: Cases, plan: ResamplingPlan | None = None, run: Callable[..., Iterable[Any]] = map
) -> Bootstrapped:
    """Repeat the whole way in bootstrap samples.

    Parameters
    ----------
    way, cases, plan, run
        As `nested.nested`.
    """
    plan = plan or ResamplingPlan()
    samples = draw(cases.n, plan.bootstraps, plan.seed)

    def attempt(rows: np.ndarray) -> Mapping[str, Model] | BadInput:
        try:
            return way(cases.take(rows))
        except BadInput as error:
            return error

    made = dict(zip(map(_key, samples), run(attempt, samples), strict=True))

    def fit(rows: np.ndarray) -> Mapping[str, Model]:
        models = made.get(_key(rows)) or way(cases.take(rows))  # the model of all cases is not among them
        if isinstance(models, BadInput):
            raise models
        return models

    def measure(models: Mapping[str, Model], rows: np.ndarray) -> dict[str, float]:
        return measured(models, cases.take(rows))

    found = optimism(fit, measure, samples)
    models = [one for one in made.values() if not isinstance(one, BadInput)]
    names = {name: tuple(one[name].names for one in models) for name in models[0]}
    return Bootstrapped(found, names)


def measured(models: Mapping[str, Model], cases: Cases) -> dict[str, float]:
    """`MEASURES` of each model, by "MODEL MEASURE"; NaN where one does not exist (a slope of separated outcomes)."""
    values = {}
    for name, model in models.items():
        lp = model.linear_predictor(cases)
        for what, measure in MEASURES.items():
            try:
                values[f"{name} {what}"] = measure(lp, cases.outcome)
            except BadInput:
                values[f"{name} {what}"] = math.nan
    return values


def _key(rows: np.ndarray) -> bytes:
    return rows.tobytes()
