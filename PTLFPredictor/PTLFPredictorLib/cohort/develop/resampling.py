"""The whole way from candidates to the three models, repeated in resamples of the training cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ...progress import Progress
from .pipeline import Model, Pipeline
from .plan import DevelopmentPlan
from .variables import Variable

if TYPE_CHECKING:
    import pandas as pd

IMPUTATIONS = 2
"""In each resample, where the plan imputes (within resamples: Schomaker and Heumann, Stat Med 2018, 37:2252)."""

T = TypeVar("T")
R = TypeVar("R")


class Way:
    """Rows of the training cases -> the three models, everything that looks at outcomes included.

    As `selection.Way` asks for.

    Parameters
    ----------
    plan : DevelopmentPlan
    variables : sequence of Variable
        Clinical candidates.
    features, clinical : DataFrame
        Of the training cases.
    y : np.ndarray, shape (n,)
        0 or 1.
    second : DataFrame, optional
        Features of second segmentations.
    """

    def __init__(
        self,
        plan: DevelopmentPlan,
        variables: Sequence[Variable],
        features: pd.DataFrame,
        clinical: pd.DataFrame,
        y: np.ndarray,
        second: pd.DataFrame | None = None,
    ):
        self.plan, self.variables = plan, tuple(variables)
        self.features, self.clinical, self.y, self.second = features, clinical, np.asarray(y, float), second

    def fit(self, rows: np.ndarray) -> Pipeline:
        """The pipeline of these rows, without intervals of its coefficients."""
        count = IMPUTATIONS if self.plan.imputes else 0
        return Pipeline(self.plan.selection, self.plan.clinical, self.variables, count).fit(
            self.features.iloc[rows],
            self.clinical.iloc[rows],
            self.y[rows],
            groups=rows,
            second=None if self.second is None else self.second.iloc[rows],
            with_intervals=False,
        )

    def linear_predictors(self, fitted: Pipeline, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Of each model; nan where a case lacks a value that it takes."""
        found = fitted.linear_predictors(self.features.iloc[rows], self.clinical.iloc[rows])
        return {str(model): values for model, values in found.items()}

    def names(self, fitted: Pipeline) -> dict[str, tuple[str, ...]]:
        """Clinical variables and features of each model; none of a resample that gave no model."""
        made: dict[str, tuple[str, ...]] = {}
        for model in Model:
            one = fitted.models_.get(model)
            variables = () if one is None else tuple(variable.name for variable in one.variables)
            features = tuple(fitted.radscore_.names_) if one is not None and one.with_radscore else ()
            made[str(model)] = (*variables, *features)
        return made


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
