"""From thousands of features to a Radscore, all learned from the rows that are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInput
from ...segmentation.agreement import icc
from ..statistics import lasso, redundancy, univariate
from ..statistics.firth import Firth
from ..statistics.logistic import MaximumLikelihood
from ..statistics.redundancy import Keep
from .folds import stratified
from .plan import SelectionPlan, Weights

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Step:
    """What one step left.

    Attributes
    ----------
    name : str
    left : np.ndarray of int
        Columns of the features given.
    """

    name: str
    left: np.ndarray

    @property
    def count(self) -> int:
        return len(self.left)


class Radscore:
    """Z-score, reproducibility, redundancy, univariate test, LASSO, the largest coefficients (see `SelectionPlan`).

    Parameters
    ----------
    plan : SelectionPlan, optional

    Attributes
    ----------
    steps_ : tuple of Step
        "given", "usable" (neither missing in a case nor the same in all), "reproducible" where the plan asks for it,
        "not redundant", "univariate", "LASSO", "largest".
    columns_ : np.ndarray of int, shape (k,)
        Of the features kept, the largest LASSO coefficient first; none where the LASSO keeps nothing: the Radscore is
        then 0 for everybody.
    names_ : tuple
        Their column labels, of a frame; else `columns_`.
    coefficients_, mean_, sd_ : np.ndarray, shape (k,)
        The Radscore is the sum of coefficient times (value - mean) / SD.
    agreement_ : Intraclass
        Where the plan asks for it: ICC(2,1) of the columns left by "usable".
    univariate_ : univariate.Compared
        Of the columns left by "not redundant".
    cross_validated_ : lasso.CrossValidated or None
        Of the columns left by "univariate", standardised; None where there is none.
    lasso_coefficients_ : np.ndarray
        Of the same columns at the chosen lambda.

    >>> radscore = Radscore(SelectionPlan(largest=8)).fit(features, y)
    >>> radscore.score(features)
    """

    def __init__(self, plan: SelectionPlan | None = None):
        self.plan = plan or SelectionPlan()

    def fit(
        self,
        features: np.ndarray | pd.DataFrame,
        y: np.ndarray,
        *,
        groups: np.ndarray | None = None,
        of_fold: np.ndarray | None = None,
        second: np.ndarray | pd.DataFrame | None = None,
    ) -> Radscore:
        """Learn everything from these rows.

        Parameters
        ----------
        features : np.ndarray or pandas.DataFrame, shape (n, p)
        y : np.ndarray, shape (n,)
            0 or 1.
        groups : np.ndarray of int, shape (n,), optional
            Copies of one case, in a bootstrap sample (`folds.stratified`).
        of_fold : np.ndarray of int, shape (n,), optional
            The LASSO's folds; drawn with the plan's seed by default.
        second : np.ndarray or pandas.DataFrame, shape (n, p), optional
            The same features of a second segmentation; rows of NaN where there is none.

        Raises
        ------
        BadInput
            Where all cases have the same outcome, or the plan filters by ICC and there is no second segmentation.
        """
        x, y = np.asarray(features, float), np.asarray(y, float)
        if len(set(y)) < 2:
            raise BadInput("Features are selected by their relation to the outcome; here all cases have the same.")
        usable = np.flatnonzero(np.isfinite(x).all(axis=0) & (x.min(axis=0) < x.max(axis=0)))
        steps = [Step("given", np.arange(x.shape[1])), Step("usable", usable)]
        if self.plan.icc_at_least is not None:
            steps.append(Step("reproducible", self._reproducible(x, second, usable)))
        steps.append(Step("not redundant", self._not_redundant(x, y, steps[-1].left)))
        steps.append(Step("univariate", self._significant(x, y, steps[-1].left)))
        candidates = steps[-1].left
        z, mean, sd = self._standardised(x[:, candidates])
        if of_fold is None:
            of_fold = stratified(y, self.plan.folds, self.plan.seed, groups)
        chosen = self._lasso(z, y, of_fold)
        steps.append(Step("LASSO", candidates[np.flatnonzero(self.lasso_coefficients_)]))
        steps.append(Step("largest", candidates[chosen]))
        self.steps_ = tuple(steps)
        self.columns_, self.mean_, self.sd_ = candidates[chosen], mean[chosen], sd[chosen]
        self.coefficients_ = self._weights(z[:, chosen], y, self.lasso_coefficients_[chosen])
        self.names_ = _names(features, self.columns_)
        return self

    def score(self, features: np.ndarray | pd.DataFrame) -> np.ndarray:
        """Shape (n,), of the same columns as in `fit`; by name where both had names."""
        x = features[list(self.names_)] if hasattr(features, "columns") else np.asarray(features)[:, self.columns_]
        return (np.asarray(x, float) - self.mean_) / self.sd_ @ self.coefficients_

    def _reproducible(self, x: np.ndarray, second: np.ndarray | None, columns: np.ndarray) -> np.ndarray:
        if second is None:
            raise BadInput("The plan filters features by their ICC between two segmentations; only one was given.")
        again = np.asarray(second, float)
        both = np.isfinite(again).all(axis=1)
        readings = np.stack([x[both][:, columns].T, again[both][:, columns].T], axis=-1)
        self.agreement_ = icc(readings)
        return columns[self.agreement_.value >= self.plan.icc_at_least]

    def _not_redundant(self, x: np.ndarray, y: np.ndarray, columns: np.ndarray) -> np.ndarray:
        known = self.plan.keep is Keep.MOST_SIGNIFICANT
        p_values = univariate.compare(x[:, columns], y, self.plan.test).p if known else None
        limit, keep = self.plan.correlation_limit, self.plan.keep
        return columns[redundancy.spearman_filter(x[:, columns], limit, keep, p_values)]

    def _significant(self, x: np.ndarray, y: np.ndarray, columns: np.ndarray) -> np.ndarray:
        self.univariate_ = univariate.compare(x[:, columns], y, self.plan.test)
        p = univariate.corrected(self.univariate_.p, self.plan.correction)
        return columns[p < self.plan.level]

    def _standardised(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        mean, sd = x.mean(axis=0), x.std(axis=0, ddof=self.plan.deviation.ddof)
        return (x - mean) / sd, mean, sd

    def _lasso(self, z: np.ndarray, y: np.ndarray, of_fold: np.ndarray) -> np.ndarray:
        """Columns of `z` with the largest coefficients; sets the attributes of the LASSO."""
        self.cross_validated_, self.lasso_coefficients_ = None, np.zeros(z.shape[1])
        if not z.shape[1]:
            return np.array([], int)
        plan = self.plan
        lambdas = lasso.grid(z, y, plan.lambdas, plan.lambda_ratio)
        self.cross_validated_ = lasso.cross_validated(z, y, of_fold, lambdas, plan.measure)
        path = self.cross_validated_.path
        self.lasso_coefficients_ = path.coefficients[self.cross_validated_.index(plan.choice)]
        size = np.abs(self.lasso_coefficients_)
        order = np.argsort(-size, kind="stable")[: plan.largest]
        return order[size[order] > 0]

    def _weights(self, z: np.ndarray, y: np.ndarray, of_lasso: np.ndarray) -> np.ndarray:
        if self.plan.weights is Weights.LASSO or not len(of_lasso):
            return of_lasso
        model = Firth() if self.plan.weights is Weights.FIRTH else MaximumLikelihood()
        return model.fit(z, y).params_[1:]


def _names(features: np.ndarray | pd.DataFrame, columns: np.ndarray) -> Sequence:
    return tuple(features.columns[columns] if hasattr(features, "columns") else columns.tolist())
