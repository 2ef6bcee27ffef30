"""What `ptlf cohort calibrate` can be asked: every option with its default."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..table import OutcomeRule


class Scale(StrEnum):
    """Where mean and SD of each feature come from."""

    ESTIMATE = "estimate"
    """The cases of this run."""

    KEEP = "keep"
    """The signature's file."""


class Method(StrEnum):
    """What of the risk model is estimated in the cases; what is not stays as it is in the signature's file."""

    SHRUNK_SLOPE = "shrunk-slope"
    """Intercept and Radscore's slope, the slope shrunk towards the signature's (`shrinkage`)."""

    SLOPE = "slope"
    """Intercept and Radscore's slope."""

    INTERCEPT = "intercept"
    """The intercept alone: recalibration in the large."""

    OVERALL_SLOPE = "overall-slope"
    """Intercept and one factor for all coefficients: logistic recalibration."""

    REFIT = "refit"
    """Everything anew."""

    @property
    def words(self) -> str:
        """For a report."""
        return _WORDS[self]


_WORDS = {
    Method.SHRUNK_SLOPE: "intercept and shrunk Radscore slope",
    Method.SLOPE: "intercept and Radscore slope",
    Method.INTERCEPT: "intercept alone",
    Method.OVERALL_SLOPE: "intercept and overall slope",
    Method.REFIT: "full refit",
}


class Interval(StrEnum):
    """What a patient's interval holds."""

    BOOTSTRAP = "bootstrap"
    """The whole procedure is repeated in samples of the cases: mean, SD, model and shrinkage."""

    MODEL = "model"
    """The model's own covariance: mean and SD of the features count as known."""


@dataclass(frozen=True)
class CalibrationPlan:
    """Options of a calibration.

    Parameters
    ----------
    scale : Scale
    method : Method
    interval : Interval
    samples : int
        Of the bootstrap.
    seed : int
        Of the bootstrap.
    outcomes : bool
        Whether known outcomes are used; False gives a relative signature.
    rule : OutcomeRule
        How the components of the outcome make it.
    reader : str
        Who answers for what the table says of phase and masks; "" where the table names them.
    """

    scale: Scale = Scale.ESTIMATE
    method: Method = Method.SHRUNK_SLOPE
    interval: Interval = Interval.BOOTSTRAP
    samples: int = 1000
    seed: int = 2026
    outcomes: bool = True
    rule: OutcomeRule = OutcomeRule.PAPER_ANY
    reader: str = ""
