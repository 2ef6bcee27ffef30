"""The whole way from candidates to the three models, repeated in resamples of the training cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ...progress import Progress
from ..selection import Cases
from . import gaps
from .pipeline import Model, Pipeline
from .plan import DevelopmentPlan
from .variables import Variable

IMPUTATIONS = 2
"""In each resample, where the plan imputes (Schomaker and Heumann, Stat Med 2018, 37:2252: imputation within resamples)."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Refit:
    """One model of a resample, as `selection.nested` and `selection.bootstrap` take it.

    Parameters
    ----------
    pipeline : Pipeline
    model : Model
    typical : mapping
        Of the clinical candidates in the resample: what a judged case has where it has no value of its own.
    """

    pipeline: Pipeline
    model: Model
    typical: Mapping[str, float | str]

    @property
    def names(self) -> tuple[str, ...]:
        """Clinical variables and features; none of a resample that gave no model."""
        fitted = self.pipeline.models_.get(self.model)
        if fitted is None:
            return ()
        features = tuple(self.pipeline.radscore_.names_) if fitted.with_radscore else ()
        return (*(one.name for one in fitted.variables), *features)

    def linear_predictor(self, cases: Cases) -> np.ndarray:
        """Shape (n,)."""
        fitted = self.pipeline.models_.get(self.model)
        variables = () if fitted is None else fitted.variables
        clinical = gaps.filled(variables, cases.clinical, self.typical)
        return self.pipeline.linear_predictors(cases.features, clinical)[self.model]


@dataclass(frozen=True)
class Way:
    """Cases -> the three models, everything that looks at outcomes included.

    Parameters
    ----------
    plan : DevelopmentPlan
    variables : tuple of Variable
        Clinical candidates.
    """

    plan: DevelopmentPlan
    variables: tuple[Variable, ...]

    def __call__(self, cases: Cases) -> dict[str, Refit]:
        count = IMPUTATIONS if self.plan.imputes else 0
        pipeline = Pipeline(self.plan.selection, self.plan.clinical, self.variables, count).fit(
            cases.features,
            cases.clinical,
            cases.outcome,
            groups=cases.origin,
            second=cases.second,
            with_intervals=False,
        )
        found = gaps.typical(self.variables, cases.clinical)
        return {str(model): Refit(pipeline, model, found) for model in Model}


def runner(jobs: int, progress: Progress, stage: str) -> Callable[[Callable[[T], R], Iterable[T]], Iterator[R]]:
    """A `map` that tells how far it is, and works in several processes; the results are the same in the same order."""

    def run(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        items = list(items)
        progress(stage, 0, len(items))
        for done, result in enumerate(_mapped(function, items, jobs), 1):
            progress(stage, done, len(items))
            yield result

    return run


def _mapped(function: Callable[[Any], Any], items: Sequence[Any], jobs: int) -> Iterable[Any]:
    if jobs == 1:
        return map(function, items)
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", inner_max_num_threads=1):
        return Parallel(n_jobs=jobs, return_as="generator")(delayed(function)(item) for item in items)

