"""The three models of the source paper, made of the rows given and nothing else: radiomics, clinical, combined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..statistics.firth import Firth
from ..statistics.logistic import MaximumLikelihood
from .cases import Cases
from .clinical import ClinicalPredictors, design, logistic
from .plan import ClinicalPlan, SelectionPlan
from .radscore import Radscore

RADIOMICS, CLINICAL, COMBINED = "radiomics", "clinical", "combined"


@dataclass(frozen=True)
class Model:
    """A logistic model of the Radscore, of clinical predictors, or of both.

    Attributes
    ----------
    clinical : tuple of str
        Its clinical predictors, whose coefficients follow the intercept; categories have several.
    radscore : Radscore or None
        Its coefficient is the last, where any feature was kept.
    logistic : MaximumLikelihood or Firth
        Firth's where the outcomes are separated.
    """

    clinical: tuple[str, ...]
    radscore: Radscore | None
    logistic: MaximumLikelihood | Firth

    @property
    def names(self) -> tuple:
        """Clinical predictors and features."""
        return self.clinical + (tuple(self.radscore.names_) if self.radscore else ())

    def linear_predictor(self, cases: Cases) -> np.ndarray:
        """Shape (n,)."""
        return self.logistic.linear_predictor(_columns(self.clinical, self.radscore, cases))


def fit_models(
    cases: Cases, selection: SelectionPlan | None = None, clinical: ClinicalPlan | None = None
) -> Mapping[str, Model]:
    """ "radiomics", "clinical" and "combined", as far as there are features and clinical variables.

    The combined model has the clinical predictors and the Radscore, without another selection.
    """
    radscore = predictors = None
    if cases.features is not None:
        radscore = Radscore(selection).fit(cases.features, cases.outcome, groups=cases.origin, second=cases.second)
    if cases.clinical is not None:
        predictors = ClinicalPredictors(clinical).fit(cases.clinical, cases.outcome).names_
    made = {}
    if radscore:
        made[RADIOMICS] = _model((), radscore, cases)
    if predictors is not None:
        made[CLINICAL] = _model(predictors, None, cases)
    if len(made) == 2:
        made[COMBINED] = _model(predictors, radscore, cases)
    return made


def _model(clinical: tuple[str, ...], radscore: Radscore | None, cases: Cases) -> Model:
    return Model(clinical, radscore, logistic(_columns(clinical, radscore, cases), cases.outcome))


def _columns(clinical: tuple[str, ...], radscore: Radscore | None, cases: Cases) -> np.ndarray:
    columns = design(cases.clinical, clinical)[0] if clinical else np.empty((cases.n, 0))
    if radscore and len(radscore.names_):
        columns = np.column_stack([columns, radscore.score(cases.features)])
    return columns
