"""Bands of a risk: over what is not known of the model, from the narrowest to the widest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..model import Signature
from ..outcome import INTERCEPT, Intercept, Origin, OutcomeModel, Prevalence
from ..predictors import Value
from .gaps import Gap

CONFIDENCE_INTERVAL = "95 % confidence interval"

UNPROVEN_COVARIANCE = "the covariance in the file, which no evidence stands behind"

PRINTED_ERRORS = "the printed standard errors of the coefficients (95 %, taken as independent)"


def risk_text(risk: float) -> str:
    """Risk for people: an integer percent, "<1 %" or ">99 %"."""
    percent = 100 * risk
    if percent < 1:
        return "<1 %"
    if percent > 99:
        return ">99 %"
    return f"{round(percent)} %"


def interval_text(interval: tuple[float, float]) -> str:
    """An interval for people: "74-86 %", or one text where both ends read the same."""
    low, high = (risk_text(risk) for risk in interval)
    if low == high:
        return high
    between = " to " if low.startswith("<") or high.startswith(">") else "-"
    return f"{low.removesuffix(' %')}{between}{high}"


def difference_text(before: float, after: float) -> str:
    """Percentage points between two risks as they are told: "+11" from 69 to 80 %; "" where one is "<1" or ">99 %"."""
    told = [risk_text(risk).removesuffix(" %") for risk in (before, after)]
    return f"{int(told[1]) - int(told[0]):+d}" if all(map(str.isdigit, told)) else ""


@dataclass(frozen=True)
class Band:
    """A range of the risk, and what it is over.

    Parameters
    ----------
    over : str
    low, high : float
    confidence : bool
        It is the 95 % confidence interval and nothing else, which stands for itself.
    """

    over: str
    low: float
    high: float
    confidence: bool = False

    @property
    def words(self) -> str:
        text = interval_text((self.low, self.high))
        return f"{text} ({self.over})" if self.confidence else f"{text} over {self.over}"

    def shifted(self, model: OutcomeModel, by: float) -> Band:
        """The band for an intercept that is higher by `by`."""
        low, high = (model.risk(model.linear_predictor_of(risk) + by) for risk in (self.low, self.high))
        return Band(self.over, low, high, self.confidence)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Band:
        """From `to_dict`; records of 0.1.0 know a confidence interval by its words alone."""
        return cls(**{"confidence": data["over"] == CONFIDENCE_INTERVAL, **data})


def of_what_if(signature: Signature, values: Mapping[str, Value], gap: Gap | None) -> tuple[Band, ...]:
    """Bands of a typed Radscore's risk.

    Over the intercept's range where it has one, and over the printed standard errors too; or by the covariance of
    what was estimated.  One input that is missing (`gap`) is ranged over as well.
    """
    model, over = signature.risk_model, []
    places: Sequence[Mapping[str, Value]] = [dict(values)]
    if gap is not None:
        places = gap.places
        over.append(gap.words)
    covariance = signature.covariance
    if covariance is not None:
        proven = signature.evidence is not None or signature.is_demo
        halves = [model.half_width(place, covariance) for place in places]
        over.append(CONFIDENCE_INTERVAL if proven else UNPROVEN_COVARIANCE)
        return (_band(model, places, (0.0,), halves, _and(over), confidence=gap is None and proven),)
    intercept, found = model.intercept, []
    shifts: tuple[float, ...] = (0.0,)
    if intercept.range is not None:
        shifts = tuple(b0 - intercept.value for b0 in intercept.range)
        over.append(range_words(intercept))
    if over:
        found.append(_band(model, places, shifts, [0.0] * len(places), _and(over)))
    if model.standard_errors:
        halves = [model.printed_half_width(place) for place in places]
        over = ["that", PRINTED_ERRORS] if over else [PRINTED_ERRORS]
        found.append(_band(model, places, shifts, halves, _and(over)))
    return tuple(found)


def assumed_prevalence(signature: Signature, bands: Sequence[Band]) -> str:
    """What the intercept assumes, and what the bands would be for another prevalence; "" where it is not known."""
    model, evidence = signature.risk_model, signature.evidence
    intercept = model.intercept
    if intercept is not None and intercept.origin is Origin.FITTED:  # what a file kept of the published one is not its
        if evidence is None or INTERCEPT not in evidence.estimated:  # own
            return ""
        share = f"{100 * evidence.events / evidence.n:.3g} %"
        return f"This assumes that {share} get {signature.outcome}, as in the {evidence.n} cases of the evidence."
    if intercept is None or intercept.prevalence is None:
        return ""
    study = intercept.prevalence
    told = f"This assumes that {_percent(study)} get {signature.outcome}, as in {study.of}."
    for other in intercept.elsewhere if bands else ():
        moved = (band.shifted(model, other.intercept - intercept.value) for band in bands)
        ranges = " and ".join(interval_text((band.low, band.high)) for band in moved)
        told += f" Where {_percent(other)} do, as in {other.of}, the risk would be {ranges}."
    return told


def _percent(prevalence: Prevalence) -> str:
    return f"{100 * prevalence.share:.3g} %"


def range_words(intercept: Intercept) -> str:
    what = {Origin.DERIVED: "the derived intercept's range", Origin.FIGURE: "the reading of the figure"}
    return what.get(intercept.origin, "the range of the intercept")


def _band(
    model: OutcomeModel,
    places: Sequence[Mapping[str, Value]],
    shifts: Sequence[float],
    halves: Sequence[float],
    over: str,
    confidence: bool = False,
) -> Band:
    """Over all corners: `places` of the predictors, `shifts` of the intercept, `halves` of the predictor's error."""
    corners = [(model.linear_predictor(place), half) for place, half in zip(places, halves, strict=True)]
    low = min(lp - half for lp, half in corners) + min(shifts)
    high = max(lp + half for lp, half in corners) + max(shifts)
    return Band(over, model.risk(low), model.risk(high), confidence)


def _and(parts: Sequence[str]) -> str:
    return " and ".join(parts)
