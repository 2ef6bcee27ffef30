"""All that is learnt from training cases: Radscore, clinical variables, and the three models of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ...signature.predictors import RADSCORE
from ..selection.plan import SelectionPlan
from ..selection.radscore import Radscore
from . import risk_model
from .clinical import ClinicalPlan, ClinicalSelection, complete_cases
from .gaps import fill
from .risk_model import RiskModel
from .variables import Variable, design, names

if TYPE_CHECKING:
    import pandas as pd


class Model(StrEnum):
    """The models that the source paper compares."""

    CLINICAL = "clinical"
    RADIOMICS = "radiomics"
    COMBINED = "combined"


@dataclass(frozen=True)
class Fitted:
    """One of the models.

    Parameters
    ----------
    variables : tuple of Variable
        Its clinical variables.
    with_radscore : bool
        Whether the Radscore is its last column.
    risk : RiskModel
    rows : np.ndarray of bool, shape (n,)
        The training cases that it was fitted on: those in which its variables are known.
    """

    variables: tuple[Variable, ...]
    with_radscore: bool
    risk: RiskModel
    rows: np.ndarray

    def design(self, clinical: pd.DataFrame, radscore: np.ndarray) -> np.ndarray:
        """Shape (n, columns); nan where something is not known."""
        return _design(self.variables, clinical, radscore if self.with_radscore else None)

    def linear_predictor(self, clinical: pd.DataFrame, radscore: np.ndarray) -> np.ndarray:
        """Shape (n,)."""
        return self.risk.linear_predictor(self.design(clinical, radscore))


class Pipeline:
    """From features and clinical variables to the clinical, the radiomics and the combined model.

    Parameters
    ----------
    selection : SelectionPlan
    clinical : ClinicalPlan
    variables : sequence of Variable
        Clinical candidates.
    imputations : int
        Of missing clinical values; 0 for complete cases.

    Attributes
    ----------
    radscore_ : Radscore
    clinical_ : ClinicalSelection
    models_ : dict of Model to Fitted
        Without a clinical variable that is independent there is no clinical model and the combined one is that of the
        Radscore alone; without a feature it is the clinical one; without both there is none.
    prevalence_ : float
        Share of the training cases with the outcome.
    """

    def __init__(
        self, selection: SelectionPlan, clinical: ClinicalPlan, variables: Sequence[Variable], imputations: int = 0
    ):
        self.selection, self.clinical, self.variables = selection, clinical, tuple(variables)
        self.imputations = imputations

    def fit(
        self,
        features: pd.DataFrame,
        clinical: pd.DataFrame,
        y: np.ndarray,
        *,
        groups: np.ndarray | None = None,
        second: pd.DataFrame | None = None,
        with_intervals: bool = True,
    ) -> Pipeline:
        """Learn everything from these cases.

        Parameters
        ----------
        features : DataFrame, shape (n, p)
        clinical : DataFrame
            A column for each candidate.
        y : np.ndarray, shape (n,)
            0 or 1.
        groups : np.ndarray of int, shape (n,), optional
            Copies of one case, in a bootstrap sample.
        second : DataFrame, shape (n, p), optional
            Features of a second segmentation; rows of nan where there is none.
        with_intervals : bool
            False for refits: see `risk_model.fit`.

        Raises
        ------
        BadInput
            Where all cases have the same outcome.
        """
        y = np.asarray(y, float)
        self.prevalence_ = float(y.mean())
        self.radscore_ = Radscore(self.selection).fit(features, y, groups=groups, second=second)
        score = self.radscore_.score(features)
        imputed: Sequence[pd.DataFrame] = ()
        if self.imputations:
            imputed = fill(self.variables, clinical, score, y, self.imputations, self.selection.seed)
        self.clinical_ = ClinicalSelection(self.clinical, self.variables).fit(
            clinical, y, imputed, with_intervals=with_intervals
        )
        frames = imputed or (clinical,)
        self.models_: dict[Model, Fitted] = {}
        for model, variables, with_radscore in self._wanted():
            rows, there = complete_cases(variables, frames[0])
            if not 0 < y[rows].sum() < rows.sum() or not (there or with_radscore):
                continue
            each = frames if there else (clinical,)
            x = np.stack([_design(there, one[rows], score[rows] if with_radscore else None) for one in each])
            columns = (*names(there), *((RADSCORE,) if with_radscore else ()))
            risk = risk_model.fit(
                x, y[rows], columns, self.clinical.penalty, self.clinical.interval, with_intervals=with_intervals
            )
            self.models_[model] = Fitted(tuple(there), with_radscore, risk, rows)
        return self

    def score(self, features: pd.DataFrame) -> np.ndarray:
        """Radscores, shape (n,)."""
        return self.radscore_.score(features)

    def linear_predictors(self, features: pd.DataFrame, clinical: pd.DataFrame) -> dict[Model, np.ndarray]:
        """Of each model, shape (n,); nan where something that it takes is not known.

        Where the training cases gave no model, everybody has their share of events: who knows nothing says that.
        """
        score = self.score(features)
        constant = math.log(self.prevalence_ / (1 - self.prevalence_))
        return {
            model: self.models_[model].linear_predictor(clinical, score)
            if model in self.models_
            else np.full(len(clinical), constant)
            for model in Model
        }

    def _wanted(self) -> list[tuple[Model, Sequence[Variable], bool]]:
        kept, radiomics = self.clinical_.kept_, bool(len(self.radscore_.columns_))
        found: list[tuple[Model, Sequence[Variable], bool]] = []
        if kept:
            found.append((Model.CLINICAL, kept, False))
        if radiomics:
            found.append((Model.RADIOMICS, (), True))
        if kept or radiomics:
            found.append((Model.COMBINED, kept, radiomics))
        return found


def common(models: Mapping[Model, np.ndarray]) -> np.ndarray:
    """Cases in which every model has a linear predictor, shape (n,) of bool: only there can models be compared."""
    return np.all([np.isfinite(values) for values in models.values()], axis=0)


def _design(variables: Sequence[Variable], clinical: pd.DataFrame, radscore: np.ndarray | None) -> np.ndarray:
    x = design(variables, clinical)
    return x if radscore is None else np.column_stack([x, radscore])
