"""How well a calibrated model does in its own cases, and how much of that is optimism."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..statistics import calibration, discrimination
from ..statistics.logistic import Separated
from ..statistics.newton import expit
from ..statistics.optimism import Optimism, optimism
from .bootstrap import samples_of
from .calibration import Calibration
from .plan import Scale
from .scaling import FeatureScaling
from .update import Update

SAMPLES = 200
"""Of the bootstrap of optimism, at most."""

AUC, SLOPE, BRIER = "AUC", "calibration slope", "Brier score"


@dataclass(frozen=True)
class Performance:
    """Of a calibrated model.

    Parameters
    ----------
    auc_radscore, auc : discrimination.Auc
        Of the Radscore alone, and of the risk; apparent.
    brier : calibration.Brier
        Apparent.
    optimism : Optimism
        Of `AUC`, `SLOPE` and `BRIER`: normalisation, update and shrinkage repeated in each sample.  A slope is nan
        where the linear predictor tells the outcomes apart.
    linear_predictor : np.ndarray, shape (n,)
    """

    auc_radscore: discrimination.Auc
    auc: discrimination.Auc
    brier: calibration.Brier
    optimism: Optimism
    linear_predictor: np.ndarray

    @property
    def risk(self) -> np.ndarray:
        return expit(self.linear_predictor)


def performance(made: Calibration) -> Performance:
    """In the cases of the calibration, whose model gives a risk."""
    base, cases, y = made.base, made.cases, made.cases.outcome
    kept = made.scaling if made.plan.scale is Scale.KEEP else None

    def fit(rows: np.ndarray) -> tuple[FeatureScaling, Update]:
        sample = cases.taken(rows)
        scaling = kept or FeatureScaling().fit(sample.features)
        design = base.design(sample.others, base.scores(scaling, sample.features))
        return scaling, Update(base, made.plan.method).fit(design, sample.outcome)

    def measure(model: tuple[FeatureScaling, Update], rows: np.ndarray) -> dict[str, float]:
        scaling, update = model
        sample = cases.taken(rows)
        eta = update.linear_predictor(base.design(sample.others, base.scores(scaling, sample.features)))
        return {
            AUC: discrimination.auc(eta, sample.outcome),
            SLOPE: _slope(eta, sample.outcome),
            BRIER: calibration.brier(expit(eta), sample.outcome).score,
        }

    eta = made.update.linear_predictor(made.design)
    return Performance(
        discrimination.delong(made.radscore, y),
        discrimination.delong(eta, y),
        calibration.brier(expit(eta), y),
        optimism(fit, measure, samples_of(cases.n, min(SAMPLES, made.plan.samples), made.plan.seed + 1)),
        eta,
    )


def _slope(eta: np.ndarray, y: np.ndarray) -> float:
    try:
        return calibration.slope(eta, y).value
    except Separated:
        return float("nan")
