"""A way from cases to models, as resampling sees it: rows in, models out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from ..statistics.firth import Firth
from ..statistics.logistic import MaximumLikelihood, Separated
from .plan import SelectionPlan
from .radscore import Radscore

if TYPE_CHECKING:
    import pandas as pd


class Way(Protocol):
    """Makes models of rows of some cases, all selection included, and applies them to others."""

    y: np.ndarray
    """Outcomes of all the cases, shape (n,)."""

    def fit(self, rows: np.ndarray) -> Any:
        """Learn from these rows alone, which may be repeated: copies of a case then count as one in folds."""

    def linear_predictors(self, fitted: Any, rows: np.ndarray) -> Mapping[str, np.ndarray]:
        """Of each model by its name, shape (len(rows),)."""

    def names(self, fitted: Any) -> Mapping[str, tuple]:
        """What each model is made of: features, clinical variables."""


class FittedRadiomics(NamedTuple):
    """A Radscore and the logistic model of it."""

    radscore: Radscore
    logistic: MaximumLikelihood | Firth


class Radiomics:
    """The radiomics model alone: Radscore, then a logistic model of it.

    Parameters
    ----------
    features : pandas.DataFrame or np.ndarray, shape (n, p)
    y : np.ndarray, shape (n,)
        0 or 1.
    plan : SelectionPlan, optional
    """

    MODEL = "radiomics"

    def __init__(self, features: pd.DataFrame | np.ndarray, y: np.ndarray, plan: SelectionPlan | None = None):
        self.features, self.y, self.plan = features, np.asarray(y, float), plan

    def fit(self, rows: np.ndarray) -> FittedRadiomics:
        """Radscore and its logistic model on these rows; see `Way.fit`."""
        x, y = self._rows(rows), self.y[rows]
        radscore = Radscore(self.plan).fit(x, y, groups=rows)
        column = radscore.score(x)[:, None][:, : len(radscore.names_)]  # none where no feature was kept
        try:
            return FittedRadiomics(radscore, MaximumLikelihood().fit(column, y))
        except Separated:
            return FittedRadiomics(radscore, Firth(flic=True).fit(column, y))

    def linear_predictors(self, fitted: FittedRadiomics, rows: np.ndarray) -> dict[str, np.ndarray]:
        return {self.MODEL: self.of_features(fitted, self._rows(rows))}

    def names(self, fitted: FittedRadiomics) -> dict[str, tuple]:
        return {self.MODEL: tuple(fitted.radscore.names_)}

    @staticmethod
    def of_features(fitted: FittedRadiomics, features: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Linear predictor of cases that may be new, shape (n,)."""
        column = fitted.radscore.score(features)[:, None]
        return fitted.logistic.linear_predictor(column[:, : len(fitted.logistic.params_) - 1])

    def _rows(self, rows: np.ndarray) -> pd.DataFrame | np.ndarray:
        return self.features.iloc[rows] if hasattr(self.features, "iloc") else self.features[rows]
