"""What is said of a patient's risk, or of a what-if: the value, its state and the reason beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from .bands import CONFIDENCE_INTERVAL, Band, interval_text, risk_text


class PredictionState(StrEnum):
    RISK = "risk"

    RANGE = "range"
    """One input is missing: a range of the risk."""

    WHAT_IF = "what-if"
    DEMONSTRATION = "demonstration"
    WITHHELD = "withheld"
    NOT_COMPUTABLE = "not computable"


class IntervalKind(StrEnum):
    """What `Prediction.risk_interval` is."""

    NONE = "none"
    CONFIDENCE = "confidence"
    MISSING_INPUT = "missing input"
    """The range over the one input that is missing."""

    BANDS = "bands"
    """The widest of a what-if's bands."""


@dataclass(frozen=True)
class Prediction:
    """Points, linear predictor and risk, or why they are not shown.

    Parameters
    ----------
    state : PredictionState
    reason : str
        A sentence: what the risk rests on, or why there is none.  In JSON it is called "status".
    points : mapping of str to float or None
        By predictor; None where it is not shown.
    total_points, linear_predictor, risk : float or None
        Risk as a probability, 0 to 1.  In a what-if it is where the marker stands, and no text names it.
    risk_interval : (float, float) or None
        In a what-if the widest of its bands.
    interval_kind : IntervalKind
    interval_note : str
        What the interval is, or that none can be given.
    bands : tuple of Band
        Of a what-if, the narrowest first.
    assumes : str
        The prevalence that a what-if assumes, and the bands for another one.
    warnings : tuple of str
    withheld_beside : tuple of str
        In a demonstration: the reasons for which a patient's risk would be withheld.
    reasons : tuple of str
        Every reason why there is no risk, each told once: what the signature itself does not allow first, which no
        change of the patient's data lifts.  Empty where there is one.
    withheld_by : tuple of str
        Codes of the findings that are told among `reasons`, or in `withheld_beside`.
    with_own_score : bool
        Of a what-if: its Radscore is the one that was computed from the patient's CT, and with the patient's own values
        the risk is shown.  It then has one number, with its interval; with a typed Radscore it has bands.
    """

    state: PredictionState
    reason: str
    points: Mapping[str, float | None]
    total_points: float | None = None
    linear_predictor: float | None = None
    risk: float | None = None
    risk_interval: tuple[float, float] | None = None
    interval_kind: IntervalKind = IntervalKind.NONE
    interval_note: str = ""
    bands: tuple[Band, ...] = ()
    assumes: str = ""
    warnings: tuple[str, ...] = ()
    withheld_beside: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    withheld_by: tuple[str, ...] = ()
    with_own_score: bool = False

    @property
    def is_numbered(self) -> bool:
        """Whether the risk may be told as one number."""
        return self.risk is not None and (not self.is_what_if or self.with_own_score)

    @property
    def is_what_if(self) -> bool:
        return self.state is PredictionState.WHAT_IF

    @property
    def is_demonstration(self) -> bool:
        return self.state is PredictionState.DEMONSTRATION

    @property
    def interval_words(self) -> str:
        """What is said of the interval: "95 % confidence interval 30-84 %", the bands of a what-if, or why none."""
        if self.bands:
            return "; ".join(band.words for band in self.bands)
        if self.risk_interval is None:
            return self.interval_note
        interval = interval_text(self.risk_interval)
        if self.interval_kind is IntervalKind.CONFIDENCE:
            return f"{CONFIDENCE_INTERVAL} {interval}"
        return f"{interval} ({self.interval_note})"

    def without_risk(self, why: str, points: Mapping[str, float | None] | None = None) -> Prediction:
        """With nothing left to be read but the points of the known inputs: an entry is no value, or is stale.

        Parameters
        ----------
        why : str
        points : mapping of str to float or None, optional
            In place of its own.
        """
        return replace(
            self,
            state=PredictionState.NOT_COMPUTABLE,
            reason=why,
            points=self.points if points is None else points,
            total_points=None,
            linear_predictor=None,
            risk=None,
            risk_interval=None,
            interval_kind=IntervalKind.NONE,
            interval_note="",
            withheld_beside=(),
            reasons=(why,),
            withheld_by=(),
        )

    def as_what_if(self) -> Prediction:
        """What a patient's prediction is where the values, but not the Radscore, are other than the patient's."""
        demonstration = " Demonstration on synthetic cases." if self.is_demonstration else ""
        return replace(
            self,
            state=PredictionState.WHAT_IF,
            reason=f"What-if: other values than the patient's, with the Radscore of this CT.{demonstration}",
            withheld_beside=self.withheld_beside if self.is_demonstration else (),
            withheld_by=self.withheld_by if self.is_demonstration else (),
            with_own_score=True,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; ``risk_text`` and ``risk_interval_words`` are what a person is shown.

        A record holds no what-if with the patient's own Radscore.
        """
        low_high = self.risk_interval
        data = {("status" if name == "reason" else name): value for name, value in asdict(self).items()}
        del data["with_own_score"]
        return {
            **data,
            "state": str(self.state),
            "points": dict(self.points),
            "risk_interval": None if low_high is None else list(low_high),
            "interval_kind": str(self.interval_kind),
            "bands": [band.to_dict() for band in self.bands],
            "risk_text": risk_text(self.risk) if self.is_numbered else None,
            "risk_interval_text": None if low_high is None else interval_text(low_high),
            "risk_interval_words": self.interval_words,
            "warnings": list(self.warnings),
            "withheld_beside": list(self.withheld_beside),
            "reasons": list(self.reasons),
            "withheld_by": list(self.withheld_by),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prediction:
        """From `to_dict`; older records have no list of reasons, those of 0.1.0 no kind of interval or no bands."""
        words = ("risk_text", "risk_interval_text", "risk_interval_words")
        kept = {name: value for name, value in data.items() if name not in words}
        interval = kept["risk_interval"]
        return cls(
            **{
                **{name: value for name, value in kept.items() if name != "status"},
                "state": PredictionState(kept["state"]),
                "reason": kept["status"],
                "points": dict(kept["points"]),
                "risk_interval": None if interval is None else tuple(interval),
                "interval_kind": IntervalKind(kept["interval_kind"]) if "interval_kind" in kept else _kind_of(kept),
                "bands": tuple(Band.from_dict(band) for band in kept.get("bands", ())),
                "warnings": tuple(kept["warnings"]),
                "withheld_beside": tuple(kept["withheld_beside"]),
                "reasons": tuple(kept["reasons"]) if "reasons" in kept else _reasons_of(kept),
                "withheld_by": tuple(kept.get("withheld_by", ())),
            }
        )


def _reasons_of(older: Mapping[str, Any]) -> tuple[str, ...]:
    """Of a record that has only the one text."""
    told = older["state"] in (PredictionState.WITHHELD, PredictionState.NOT_COMPUTABLE)
    return (older["status"].removeprefix("withheld: "),) if told else ()


def _kind_of(older: Mapping[str, Any]) -> IntervalKind:
    """Of a record of 0.1.0, which has nothing but the words."""
    if older["risk_interval"] is None:
        return IntervalKind.NONE
    if older.get("bands"):
        return IntervalKind.BANDS
    confidence = older["interval_note"] == CONFIDENCE_INTERVAL
    return IntervalKind.CONFIDENCE if confidence else IntervalKind.MISSING_INPUT
