"""The clinically independent variables: a univariate test of each, then one logistic model of those that passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..statistics.univariate import CategoricalTest, ContinuousTest, compare, compare_counts
from . import risk_model
from .risk_model import Interval, Penalty
from .variables import Variable, design, names

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ClinicalPlan:
    """How clinical variables are chosen; the defaults are the source paper's way.

    Parameters
    ----------
    variables : tuple of str
        Candidates; all clinical columns of the table where none is named.
    continuous : ContinuousTest
    categorical : CategoricalTest
    univariate_p : float
        A variable goes on with a P below it.
    multivariate_p : float
        A variable of the logistic model is independent with a P below it.
    always : tuple of str
        In the models whatever their P.
    penalty : Penalty
    interval : Interval
        Which intervals and P values of the logistic models are used.
    """

    variables: tuple[str, ...] = ()
    continuous: ContinuousTest = ContinuousTest.BY_NORMALITY
    categorical: CategoricalTest = CategoricalTest.CHI_SQUARE
    univariate_p: float = 0.05
    multivariate_p: float = 0.05
    always: tuple[str, ...] = ()
    penalty: Penalty = Penalty.WHERE_SEPARATED
    interval: Interval = Interval.WALD


@dataclass(frozen=True)
class Univariate:
    """The test of one variable.

    Parameters
    ----------
    variable : Variable
    test : ContinuousTest or CategoricalTest
        The one used.
    p : float
        nan where none is possible: one value in all cases, or too few.
    n, events : int
        Cases with a value.
    """

    variable: Variable
    test: ContinuousTest | CategoricalTest
    p: float
    n: int
    events: int


class ClinicalSelection:
    """Chooses clinical variables from training cases.

    Parameters
    ----------
    plan : ClinicalPlan
    variables : sequence of Variable
        Candidates.

    Attributes
    ----------
    univariate_ : tuple of Univariate
        Of each candidate, on the cases in which it is known.
    multivariate_ : RiskModel or None
        Of those with P below the limit, on the cases in which all are known; None where there are none.
    p_values_ : dict of str to float
        In that model, by variable: of all its levels together.
    kept_ : tuple of Variable
        Of independent ones, with the levels that the cases of the multivariate model have.
    """

    def __init__(self, plan: ClinicalPlan, variables: Sequence[Variable]):
        self.plan, self.variables = plan, tuple(variables)

    def fit(
        self,
        clinical: pd.DataFrame,
        y: np.ndarray,
        imputed: Sequence[pd.DataFrame] = (),
        *,
        with_intervals: bool = True,
    ) -> ClinicalSelection:
        """From training cases.

        Parameters
        ----------
        clinical : DataFrame
            A column for each candidate; missing values are left out, model by model.
        y : np.ndarray, shape (n,)
            0 or 1.
        imputed : sequence of DataFrame
            The same cases without gaps, for the multivariate model; none for the complete cases.
        with_intervals : bool
            See `risk_model.fit`.
        """
        y = np.asarray(y, float)
        self.univariate_ = tuple(self._test(one, clinical[one.name], y) for one in self.variables)
        passed = [one.variable for one in self.univariate_ if self._passes(one)]
        frames = imputed or (clinical,)
        complete, passed = complete_cases(passed, frames[0])
        self.multivariate_, self.p_values_, self.kept_ = None, {}, ()
        if not passed or not 0 < y[complete].sum() < complete.sum():
            return self
        self.multivariate_ = risk_model.fit(
            np.stack([design(passed, frame[complete]) for frame in frames]),
            y[complete],
            names(passed),
            self.plan.penalty,
            self.plan.interval,
            with_intervals=with_intervals,
        )
        self.p_values_ = {one.name: self.multivariate_.joint_p_value(one.columns) for one in passed}
        self.kept_ = tuple(one for one in passed if self._is_kept(one.name))
        return self

    def _test(self, variable: Variable, values: pd.Series, y: np.ndarray) -> Univariate:
        known = variable.known(values)
        n, events = int(known.sum()), int(y[known].sum())
        if variable.categorical:
            texts = variable.texts(values)
            counts = [[int(((texts == level) & (y == group)).sum()) for level in variable.levels] for group in (1, 0)]
            usable = variable.among(values) is not None and 0 < events < n
            p = compare_counts(np.array(counts), self.plan.categorical) if usable else float("nan")
            return Univariate(variable, self.plan.categorical, p, n, events)
        compared = compare(values.to_numpy(float), y, self.plan.continuous)
        return Univariate(variable, compared.test[0], float(compared.p[0]), n, events)

    def _passes(self, one: Univariate) -> bool:
        return one.variable.name in self.plan.always or one.p < self.plan.univariate_p

    def _is_kept(self, name: str) -> bool:
        return name in self.plan.always or self.p_values_[name] < self.plan.multivariate_p


def complete_cases(variables: Sequence[Variable], clinical: pd.DataFrame) -> tuple[np.ndarray, list[Variable]]:
    """Cases in which all of these variables are known, shape (n,) of bool, and the variables as they are there.

    A level that no complete case has is no level of the model; a variable that is the same in all of them is left out.
    """
    complete = np.ones(len(clinical), bool)
    for one in variables:
        complete &= one.known(clinical[one.name])
    there = (one.among(clinical.loc[complete, one.name]) for one in variables)
    return complete, [one for one in there if one is not None]
