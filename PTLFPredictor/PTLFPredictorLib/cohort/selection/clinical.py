"""From clinical variables to independent predictors: one by one, then together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..statistics import univariate
from ..statistics.firth import Firth
from ..statistics.logistic import MaximumLikelihood, Separated
from ..statistics.univariate import CategoricalTest, ContinuousTest
from .plan import ClinicalPlan

if TYPE_CHECKING:
    import pandas as pd


class ClinicalPredictors:
    """Variables with P below a level in univariate tests, and again in one logistic model of all of these.

    Parameters
    ----------
    plan : ClinicalPlan, optional

    Attributes
    ----------
    p_ : dict of str to float
        Univariate, of every variable, corrected as the plan says; NaN where there is no test.
    tests_ : dict of str to ContinuousTest or CategoricalTest
        Used for it: a variable of two values 0 and 1, or of categories, is tested by its counts.
    entered_ : tuple of str
        Into the multivariate model.
    multivariate_ : MaximumLikelihood, Firth or None
        The model of these, Firth's where their outcomes are separated; None where none entered.
    multivariate_p_ : dict of str to float
        Wald's test in it; of Firth's model the penalised likelihood ratio test.
    names_ : tuple of str
        The independent predictors.
    """

    def __init__(self, plan: ClinicalPlan | None = None):
        self.plan = plan or ClinicalPlan()

    def fit(self, frame: pd.DataFrame, y: np.ndarray) -> ClinicalPredictors:
        """Learn everything from these rows.

        Parameters
        ----------
        frame : pandas.DataFrame, shape (n, k)
            Complete.
        y : np.ndarray, shape (n,)
            0 or 1.
        """
        plan, names = self.plan, tuple(frame.columns)
        tested = [self._tested(frame[name], y) for name in names]
        p = univariate.corrected(np.array([one for one, _ in tested], float), plan.correction)
        self.p_ = dict(zip(names, p.tolist(), strict=True))
        self.tests_ = {name: test for name, (_, test) in zip(names, tested, strict=True)}
        self.entered_ = tuple(name for name in names if self.p_[name] < plan.level)
        self.multivariate_, self.multivariate_p_ = None, {}
        if self.entered_:
            x, terms = design(frame, self.entered_)
            self.multivariate_ = logistic(x, y)
            self.multivariate_p_ = dict(zip(self.entered_, _p_values(self.multivariate_, terms), strict=True))
        self.names_ = tuple(name for name in self.entered_ if self.multivariate_p_[name] < plan.multivariate_level)
        return self

    def _tested(self, values: pd.Series, y: np.ndarray) -> tuple[float, ContinuousTest | CategoricalTest]:
        if is_categorical(values):
            import pandas as pd

            counts = pd.crosstab(np.asarray(y), values.to_numpy()).to_numpy()
            varied = values.nunique() > 1
            p = univariate.compare_counts(counts, self.plan.categorical_test) if varied else np.nan
            return p, self.plan.categorical_test
        compared = univariate.compare(values.to_numpy(float), y, self.plan.continuous_test)
        return float(compared.p[0]), compared.test[0]


def is_categorical(values: pd.Series) -> bool:
    """Whether a variable has categories, or the values 0 and 1 alone."""
    return values.dtype.kind not in "fiu" or set(values.unique()) <= {0, 1}


def design(frame: pd.DataFrame, names: tuple[str, ...]) -> tuple[np.ndarray, list[list[int]]]:
    """Columns of a logistic model, and those of each variable counted from the intercept, which is 0.

    Categories become 0/1 columns, one for each but the first.
    """
    columns: list[np.ndarray] = []
    terms = []
    for name in names:
        values = frame[name]
        if values.dtype.name == "category":
            own = [(values == level).to_numpy(float) for level in values.cat.categories[1:]]
        else:
            own = [values.to_numpy(float)]
        terms.append(list(range(1 + len(columns), 1 + len(columns) + len(own))))
        columns.extend(own)
    return np.column_stack(columns) if columns else np.empty((len(frame), 0)), terms


def logistic(x: np.ndarray, y: np.ndarray) -> MaximumLikelihood | Firth:
    """Fitted by maximum likelihood; with Firth's penalty (and FLIC) where the outcomes are separated."""
    try:
        return MaximumLikelihood().fit(x, y)
    except Separated:
        return Firth(flic=True).fit(x, y)


def _p_values(model: MaximumLikelihood | Firth, terms: list[list[int]]) -> list[float]:
    tests = model.likelihood_ratio_tests(terms) if isinstance(model, Firth) else model.wald_tests(terms)
    return [test.p_value for test in tests]
