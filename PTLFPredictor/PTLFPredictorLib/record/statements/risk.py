"""What is said of a risk: of a patient's, of a demonstration's, or of a what-if's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...signature import Prediction, PredictionState, Signature, interval_text, risk_text
from ...signature.predictors import Value
from .words import sentence

BESIDE = "For a patient it would be withheld"
"""Before the reasons for which a demonstration's risk would be withheld."""

NOT_SHOWN = "Risk not shown"

FOR_NO_PATIENT = "DEMONSTRATION ON SYNTHETIC CASES - NOT FOR PATIENTS"
"""On each sheet of a demonstration."""

WATERMARK = "DEMONSTRATION"
"""Behind what stands on each of its sheets."""

WHAT_IF_BANNER = "WHAT-IF - not this patient's result"

_BANNERS = {
    PredictionState.WHAT_IF: WHAT_IF_BANNER,
    PredictionState.DEMONSTRATION: "DEMONSTRATION - not this patient's result",
}


@dataclass(frozen=True)
class RiskStatements:
    """A prediction in words, and the numbers that stand in them.

    Parameters
    ----------
    state : PredictionState
    reason : str
        What the risk rests on, or why there is none; as it is, for `words.sentence`.
    horizon : str
        "within 4 weeks after TACE".
    risk : str
        "48 %", "<1 %"; "" where no single number is shown.
    interval : str
        "28-69 %", "" without one.
    interval_words : str
        The interval and what it is, the bands of a what-if, or why none can be given; "" where nothing is said.
    bands : tuple of str
        Of a what-if, the narrowest first.
    assumes : str
        The prevalence that a what-if assumes.
    warnings, withheld_beside, reasons : tuple of str
        Sentences; see `Prediction`.
    withheld_by : tuple of str
        Codes of the findings that are told among them.
    points : mapping of str to float
        By predictor, of those that are shown.
    total_points, probability : float or None
        A what-if's probability is where a marker stands, never a text.
    ends : (float, float) or None
        Of the interval, as probabilities.
    banner : str
        What stands over a picture of it: "" for a patient's own result.
    """

    state: PredictionState
    reason: str
    horizon: str
    risk: str
    interval: str
    interval_words: str
    bands: tuple[str, ...]
    assumes: str
    warnings: tuple[str, ...]
    withheld_beside: tuple[str, ...]
    reasons: tuple[str, ...]
    withheld_by: tuple[str, ...]
    points: Mapping[str, float]
    total_points: float | None
    probability: float | None
    ends: tuple[float, float] | None
    banner: str

    @property
    def shown(self) -> str:
        """The risk, or its range where there is no single number; "" where nothing may be shown."""
        return self.risk or self.interval

    @property
    def is_what_if(self) -> bool:
        return self.state is PredictionState.WHAT_IF

    @property
    def is_demonstration(self) -> bool:
        return self.state is PredictionState.DEMONSTRATION


def of_prediction(prediction: Prediction, horizon: str) -> RiskStatements:
    """What is said of a prediction, with a record around it or without one (a live panel, a shell's what-if)."""
    numbered = prediction.is_numbered
    return RiskStatements(
        state=prediction.state,
        reason=prediction.reason,
        horizon=horizon,
        risk=risk_text(prediction.risk) if numbered else "",
        interval="" if prediction.risk_interval is None else interval_text(prediction.risk_interval),
        interval_words=prediction.interval_words,
        bands=tuple(band.words for band in prediction.bands),
        assumes=prediction.assumes,
        warnings=tuple(prediction.warnings),
        withheld_beside=tuple(prediction.withheld_beside),
        reasons=tuple(map(sentence, prediction.reasons)),
        withheld_by=prediction.withheld_by,
        points={name: points for name, points in prediction.points.items() if points is not None},
        total_points=prediction.total_points,
        probability=prediction.risk,
        ends=prediction.risk_interval,
        banner=banner(prediction),
    )


def banner(prediction: Prediction) -> str:
    """What stands over a picture that shows no patient's result, "" over one that does."""
    return _BANNERS.get(prediction.state, "")


def placed(values: Mapping[str, Value | None], prediction: Prediction) -> dict[str, Value | None]:
    """Values by predictor that have a place on their axis: a score on another scale than the paper's has none."""
    return {name: None if prediction.points.get(name) is None else value for name, value in values.items()}


def axis_note(signature: Signature) -> str:
    """What must stand beside the nomogram wherever it is shown: the notes on its predictors."""
    return " ".join(one.note for one in signature.predictors if one.note)
