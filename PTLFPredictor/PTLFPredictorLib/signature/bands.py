"""Bands of a risk: over what is not known of the model, from the narrowest to the widest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .covariance import INTERCEPT, NORMAL_95
from .model import PREDICTORS, Intercept, Prevalence, Signature
from .nomogram import logistic

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


@dataclass(frozen=True)
class Band:
    """A range of the risk, and what it is over; "95 % confidence interval" stands for itself."""

    over: str
    low: float
    high: float

    @property
    def words(self) -> str:
        text = interval_text((self.low, self.high))
        return f"{text} ({self.over})" if self.over.startswith(CONFIDENCE_INTERVAL) else f"{text} over {self.over}"

    def shifted(self, logits: float) -> Band:
        """The band for an intercept that is higher by `logits`."""
        return Band(self.over, *(logistic(_logit(risk) + logits) for risk in (self.low, self.high)))


def of_what_if(signature: Signature, values: Mapping[str, float], missing: str | None) -> tuple[Band, ...]:
    """Bands of a typed Radscore's risk.

    Over the intercept's range where it has one, and over the printed standard errors too; or by the covariance of
    what was estimated.  One input that is `missing` is ranged over as well, over the central 95 % of the cohort.
    """
    places, over = [dict(values)], []
    if missing is not None:
        low, high = signature.development_ranges[missing]
        places = [{**values, missing: value} for value in (low, high)]
        over.append(f"{signature.axes[missing].label} {low:g} to {high:g}")
    covariance = signature.covariance
    if covariance is not None:
        proven = signature.evidence is not None or signature.is_demo
        if not over and proven:
            return (_band(signature, places, (0.0,), [covariance.half_width(places[0])], CONFIDENCE_INTERVAL),)
        over.append(CONFIDENCE_INTERVAL if proven else UNPROVEN_COVARIANCE)
        halves = [covariance.half_width(place) for place in places]
        return (_band(signature, places, (0.0,), halves, _and(over)),)
    intercept, found = signature.risk_model.intercept, []
    shifts: tuple[float, ...] = (0.0,)
    if intercept.range is not None:
        shifts = tuple(b0 - intercept.value for b0 in intercept.range)
        over.append(range_words(intercept))
    if over:
        found.append(_band(signature, places, shifts, [0.0] * len(places), _and(over)))
    if signature.risk_model.standard_errors:
        halves = [_printed_half_width(signature, place) for place in places]
        over = ["that", PRINTED_ERRORS] if over else [PRINTED_ERRORS]
        found.append(_band(signature, places, shifts, halves, _and(over)))
    return tuple(found)


def assumed_prevalence(signature: Signature, bands: Sequence[Band]) -> str:
    """What the intercept assumes, and what the bands would be for another prevalence; "" where it is not known."""
    intercept, evidence = signature.risk_model.intercept, signature.evidence
    if intercept is not None and intercept.origin == "fitted":  # what a file kept of the published one is not its own
        if evidence is None or INTERCEPT not in evidence.estimated:
            return ""
        share = f"{100 * evidence.events / evidence.n:.3g} %"
        return f"This assumes that {share} get {signature.outcome}, as in the {evidence.n} cases of the evidence."
    if intercept is None or intercept.prevalence is None:
        return ""
    study = intercept.prevalence
    told = f"This assumes that {_percent(study)} get {signature.outcome}, as in {study.of}."
    for other in intercept.elsewhere if bands else ():
        moved = (band.shifted(other.intercept - intercept.value) for band in bands)
        ranges = " and ".join(interval_text((band.low, band.high)) for band in moved)
        told += f" Where {_percent(other)} do, as in {other.of}, the risk would be {ranges}."
    return told


def _percent(prevalence: Prevalence) -> str:
    return f"{100 * prevalence.share:.3g} %"


def range_words(intercept: Intercept) -> str:
    what = {"derived": "the derived intercept's range", "figure": "the reading of the figure"}
    return what.get(intercept.origin, "the range of the intercept")


def linear_predictor(signature: Signature, values: Mapping[str, float]) -> float:
    """``b0 + sum of coefficient * value`` over ALB [g/L], INR and Radscore; ValueError without an intercept."""
    model = signature.risk_model
    if model.intercept is None:
        raise ValueError("the signature has no intercept")
    return model.intercept.value + math.fsum(model.coefficients[name] * values[name] for name in PREDICTORS)


def _band(
    signature: Signature,
    places: Sequence[Mapping[str, float]],
    shifts: Sequence[float],
    halves: Sequence[float],
    over: str,
) -> Band:
    """Over all corners: `places` of the predictors, `shifts` of the intercept, `halves` of the predictor's error."""
    corners = [(linear_predictor(signature, place), half) for place, half in zip(places, halves, strict=True)]
    low = min(lp - half for lp, half in corners) + min(shifts)
    high = max(lp + half for lp, half in corners) + max(shifts)
    return Band(over, logistic(low), logistic(high))


def _printed_half_width(signature: Signature, values: Mapping[str, float]) -> float:
    """Half the 95 % range of the linear predictor by the printed errors, around the development means."""
    model = signature.risk_model
    errors = (model.standard_errors[name] * (values[name] - model.centres[name]) for name in PREDICTORS)
    return NORMAL_95 * math.hypot(*errors)


def _and(parts: Sequence[str]) -> str:
    return " and ".join(parts)


def _logit(risk: float) -> float:
    tiny = 1e-300
    return math.log(max(risk, tiny)) - math.log(max(1 - risk, tiny))
