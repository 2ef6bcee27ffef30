"""What may be shown: from features and laboratory values to Radscore and risk, or to the reason why not.

This module is the table "What may be shown" of the design, and the only place where a risk is made:
`assess` for a patient, `what_if` for a Radscore that somebody typed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..ct import Finding, of_level
from . import nomogram
from .inputs import LaboratoryValues
from .model import PREDICTORS, Intercept, Signature
from .radscore import Radscore, ScoredTerm, score_terms, sum_of

NORMAL_95 = 1.959963984540054
"""97.5th percentile of the standard normal distribution."""

NO_NORMALISATION = (
    "cannot be computed: the paper does not give the training cohort's mean and SD of each feature; a site "
    "can supply them from its own cases, in the signature file"
)
NO_INTERVAL = "no interval can be given: the covariances of the coefficients are not known"

CONFIDENCE_INTERVAL = "95 % confidence interval"

NO_CONFIDENCE_INTERVAL = NO_INTERVAL.replace("interval", "confidence interval")


@dataclass(frozen=True)
class Prediction:
    """Points, linear predictor and risk, or why they are not shown.

    Parameters
    ----------
    state : str
        "risk", "range" (one input missing), "what-if", "demonstration", "withheld" or "not computable".
    status : str
        A sentence: what the risk rests on, or why there is none.
    points : mapping of str to float or None
        By predictor; None where it is not shown.
    total_points, linear_predictor, risk : float or None
        Risk as a probability, 0 to 1.
    risk_interval : (float, float) or None
    interval_note : str
        What the interval is, or that none can be given.
    warnings : tuple of str
    withheld_beside : tuple of str
        In a demonstration: the reasons for which a patient's risk would be withheld.
    """

    state: str
    status: str
    points: Mapping[str, float | None]
    total_points: float | None = None
    linear_predictor: float | None = None
    risk: float | None = None
    risk_interval: tuple[float, float] | None = None
    interval_note: str = ""
    warnings: tuple[str, ...] = ()
    withheld_beside: tuple[str, ...] = ()

    @property
    def is_what_if(self) -> bool:
        return self.state == "what-if"

    @property
    def is_demonstration(self) -> bool:
        return self.state == "demonstration"

    @property
    def interval_words(self) -> str:
        """What is said of the interval beside the risk: "95 % confidence interval 30-84 %", or why there is none."""
        if self.risk_interval is None:
            return self.interval_note
        interval = interval_text(self.risk_interval)
        if self.interval_note == CONFIDENCE_INTERVAL:
            return f"{CONFIDENCE_INTERVAL} {interval}"
        return f"{interval} ({self.interval_note})"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; ``risk_text`` and ``risk_interval_words`` are what a person is shown."""
        low_high = self.risk_interval
        return {
            **asdict(self),
            "points": dict(self.points),
            "risk_interval": None if low_high is None else list(low_high),
            "risk_text": None if self.risk is None else risk_text(self.risk),
            "risk_interval_text": None if low_high is None else interval_text(low_high),
            "risk_interval_words": self.interval_words,
            "warnings": list(self.warnings),
            "withheld_beside": list(self.withheld_beside),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prediction:
        words = ("risk_text", "risk_interval_text", "risk_interval_words")
        kept = {name: value for name, value in data.items() if name not in words}
        interval = kept["risk_interval"]
        return cls(
            **{
                **kept,
                "risk_interval": None if interval is None else tuple(interval),
                "warnings": tuple(kept["warnings"]),
                "withheld_beside": tuple(kept["withheld_beside"]),
            }
        )


@dataclass(frozen=True)
class Assessment:
    """Radscore and prediction of one pair of VOIs, with the findings that the score itself gave rise to."""

    radscore: Radscore
    prediction: Prediction
    findings: tuple[Finding, ...]


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


def equation(signature: Signature) -> str:
    """The risk model in words: ``logit P(PTLF) = ...``."""
    model = signature.risk_model
    start = "b0" if model.intercept is None else f"{model.intercept.value:.6g}"
    names = {"ALB": "ALB [g/L]", "INR": "INR", "Radscore": "Radscore"}
    terms = [
        f"{'-' if model.coefficients[name] < 0 else '+'} {abs(model.coefficients[name]):.6g} x {names[name]}"
        for name in PREDICTORS
    ]
    return f"logit P({signature.outcome}) = {' '.join([start, *terms])}"


def completeness(signature: Signature) -> str:
    """How much a signature can say of a patient.

    Returns
    -------
    str
        "unnormalised" (features only), "relative" (a score, no risk), "complete", or "demo".
    """
    normalisation, intercept = signature.normalisation, signature.risk_model.intercept
    if normalisation is None:
        return "unnormalised"
    if signature.is_demo:
        return "demo"
    # A score normalised here belongs to an intercept fitted here; the paper's own to the paper's.
    fitting = {"site": ("fitted",), "published": ("published", "figure")}[normalisation.origin]
    return "complete" if intercept is not None and intercept.origin in fitting else "relative"


def assess(
    signature: Signature,
    features: Mapping[tuple[str, str], float],
    laboratory: LaboratoryValues,
    findings: Iterable[Finding],
    *,
    demonstration: bool = False,
) -> Assessment:
    """Radscore and risk of a patient, as far as they may be shown.

    Parameters
    ----------
    features : mapping of (voi, feature) to float
        Raw values; a VOI that does not exist has none.
    laboratory : LaboratoryValues
    findings : iterable of Finding
        Of CT, segments and eligibility; those of level "withhold" withhold.
    demonstration : bool
        The user asked for a demonstration; lets a demo signature's risk be shown, marked as such.
    """
    terms = score_terms(signature, features)
    value = sum_of(signature, terms)
    state = completeness(signature)
    own = score_findings(signature, terms, value)
    reasons = [finding.message for finding in of_level([*findings, *own], "withhold")]
    base = Prediction("not computable", "", points_of(signature, _known(laboratory)))
    warnings = input_warnings(signature, _known(laboratory))

    if any(term.raw is None for term in terms):
        absent = " and ".join(dict.fromkeys(_VOI_TEXT[t.voi] for t in terms if t.raw is None))
        why = f"cannot be computed: there are no features of the {absent}"
        return Assessment(Radscore(None, why, terms), _no_risk(base, "not computable", why, warnings), own)
    if state == "unnormalised":
        why = NO_NORMALISATION
        return Assessment(Radscore(None, why, terms), _no_risk(base, "not computable", why, warnings), own)
    if state == "demo" and not demonstration:
        why = "a demonstration on synthetic cases: shown only in demonstration mode, never for a patient"
        score = Radscore(None if reasons else value, _score_status(state, reasons), _hide(terms, bool(reasons)))
        return Assessment(score, _no_risk(base, "withheld", why, warnings), own)
    if reasons and state != "demo":
        why = "withheld: " + " ".join(reasons)
        return Assessment(Radscore(None, why, _hide(terms, True)), _no_risk(base, "withheld", why, warnings), own)
    score = Radscore(value, _score_status(state, []), terms)
    if state == "relative":
        why = "withheld: the score is relative to this site's cases, and no risk model was fitted on outcomes here"
        return Assessment(score, _no_risk(base, "withheld", why, warnings), own)
    prediction = _risk(signature, laboratory, value, base)
    if state == "demo":
        prediction = _as_demonstration(prediction, reasons)
    return Assessment(score, prediction, own)


def what_if(
    signature: Signature, laboratory: LaboratoryValues, radscore: float, *, demonstration: bool = False
) -> Prediction:
    """Risk for a Radscore that was typed in: marked, and never a patient's result.

    The interval is that of the intercept's range where it was derived or read off a figure.
    """
    base = Prediction("what-if", "", points_of(signature, {**_known(laboratory), "Radscore": radscore}))
    if signature.is_demo and not demonstration:
        return _no_risk(base, "withheld", "a demonstration signature: shown only in demonstration mode", [])
    prediction = _risk(signature, laboratory, radscore, base)
    if prediction.risk is None and prediction.risk_interval is None:
        return prediction
    intercept = signature.risk_model.intercept
    origin = {"derived": "derived, not published", "figure": "read off the paper's figure"}.get(intercept.origin)
    note = f" The intercept is {origin}." if origin else ""
    if signature.is_demo:
        note += " Demonstration on synthetic cases."
    return replace(
        prediction, state="what-if", status=f"What-if: the Radscore was typed in, not computed from a CT.{note}"
    )


def points_of(signature: Signature, values: Mapping[str, float]) -> dict[str, float | None]:
    """Points of each predictor that has a value."""
    geometry = nomogram.geometry(signature)
    return {name: geometry.points(name, values[name]) if name in values else None for name in PREDICTORS}


def score_findings(signature: Signature, terms: Iterable[ScoredTerm], value: float | None) -> tuple[Finding, ...]:
    """Findings on the Z-scores and on the Radscore's place on its axis."""
    found, limits = [], signature.limits
    for term in terms:
        if term.z is None or abs(term.z) <= limits.z_warn:
            continue
        withheld = abs(term.z) > limits.z_withhold
        found.append(
            Finding(
                "feature_far_from_cohort",
                "withhold" if withheld else "warn",
                f"{term.short} lies {abs(term.z):.1f} SD from the cohort's mean"
                + (": unlike the cohort." if withheld else "."),
                {"voi": term.voi, "feature": term.feature, "z": term.z},
            )
        )
    low, high = signature.axes["Radscore"].range
    if value is not None and not low <= value <= high:
        found.append(
            Finding(
                "radscore_off_axis",
                "withhold",
                f"The Radscore lies off its axis ({low:g} to {high:g}): the CT is unlike those that the signature was "
                "fitted on.",
                {"radscore": value},
            )
        )
    return tuple(found)


def input_warnings(signature: Signature, values: Mapping[str, float]) -> list[str]:
    """Sentences on values outside the development range or beyond the drawn axis."""
    found = []
    origin = "derived " if signature.data["development_ranges"].get("origin") == "derived" else ""
    for name, value in values.items():
        style, development = signature.axes[name], signature.development_ranges[name]
        if not style.range[0] <= value <= style.range[1]:
            found.append(f"{style.label} {value:.4g} lies beyond the axis ({style.range[0]:g} to {style.range[1]:g}).")
        if development and not development[0] <= value <= development[1]:
            low, high = development
            found.append(f"{style.label} {value:.4g} is outside the {origin}development range ({low:g} to {high:g}).")
        if style.hatched_above is not None and value > style.hatched_above and style.hatch_note:
            found.append(style.hatch_note)
    return found


_VOI_TEXT = {"tumor": "tumour", "liver": "parenchyma"}


def _known(laboratory: LaboratoryValues) -> dict[str, float]:
    values = {"ALB": laboratory.albumin_g_per_l, "INR": laboratory.inr}
    return {name: value for name, value in values.items() if value is not None}


def _score_status(state: str, reasons: list[str]) -> str:
    if reasons:
        return "withheld: " + " ".join(reasons)
    return {"relative": "relative", "demo": "demonstration", "complete": "computed"}[state]


def _hide(terms: tuple[ScoredTerm, ...], hidden: bool) -> tuple[ScoredTerm, ...]:
    """Without contributions, whose sum would be the withheld Radscore."""
    return tuple(replace(term, contribution=None) for term in terms) if hidden else terms


def _no_risk(base: Prediction, state: str, why: str, warnings: Iterable[str]) -> Prediction:
    return replace(base, state=state, status=why, warnings=tuple(warnings), interval_note="")


def _as_demonstration(prediction: Prediction, reasons: list[str]) -> Prediction:
    return replace(
        prediction,
        state="demonstration",
        status=f"Demonstration on synthetic cases, not for patients. {prediction.status}",
        withheld_beside=tuple(reasons),
    )


def _risk(signature: Signature, laboratory: LaboratoryValues, radscore: float, base: Prediction) -> Prediction:
    """Risk by the equation, or its range over the one input that is missing."""
    known = {**_known(laboratory), "Radscore": radscore}
    base = replace(base, points=points_of(signature, known), warnings=tuple(input_warnings(signature, known)))
    if signature.risk_model.intercept is None:
        return replace(base, state="not computable", status="cannot be computed: the signature has no intercept")
    missing = [name for name in PREDICTORS if name not in known]
    if len(missing) > 1:
        return replace(base, state="not computable", status="cannot be computed: ALB and INR are missing")
    if missing:
        return _range_over_missing(signature, known, missing[0], base)
    lp = linear_predictor(signature, known)
    interval, note = _interval(signature, known, lp)
    return replace(
        base,
        state="risk",
        status=f"Computed by the equation, {signature.horizon}.",
        total_points=sum(base.points.values()),
        linear_predictor=lp,
        risk=nomogram.logistic(lp),
        risk_interval=interval,
        interval_note=note,
    )


def linear_predictor(signature: Signature, values: Mapping[str, float]) -> float:
    """``b0 + sum of coefficient * value`` over ALB [g/L], INR and Radscore; ValueError without an intercept."""
    model = signature.risk_model
    if model.intercept is None:
        raise ValueError("the signature has no intercept")
    return model.intercept.value + math.fsum(model.coefficients[name] * values[name] for name in PREDICTORS)


def _interval(signature: Signature, values: Mapping[str, float], lp: float) -> tuple[tuple[float, float] | None, str]:
    model = signature.risk_model
    if model.covariance is not None:
        x = np.array([1.0, *(values[name] for name in PREDICTORS)])
        half = NORMAL_95 * math.sqrt(max(float(x @ model.covariance @ x), 0.0))
        return (nomogram.logistic(lp - half), nomogram.logistic(lp + half)), CONFIDENCE_INTERVAL
    intercept = model.intercept
    if intercept.range is not None:
        bounds = tuple(nomogram.logistic(lp - intercept.value + b0) for b0 in intercept.range)
        return bounds, f"over {_range_words(intercept)}; {NO_CONFIDENCE_INTERVAL}"
    return None, NO_INTERVAL


def _range_words(intercept: Intercept) -> str:
    what = {"derived": "the derived intercept's range", "figure": "the reading of the figure"}
    return what.get(intercept.origin, "the range of the intercept")


def _range_over_missing(signature: Signature, known: Mapping[str, float], missing: str, base: Prediction) -> Prediction:
    development = signature.development_ranges[missing]
    label = signature.axes[missing].label
    if development is None:
        return replace(base, state="not computable", status=f"cannot be computed: {label} is missing")
    model = signature.risk_model
    intercept = model.intercept
    shifts, also = (0.0,), ""
    if model.covariance is None and intercept.range is not None:
        shifts = tuple(b0 - intercept.value for b0 in intercept.range)
        also = f" and {_range_words(intercept)}"
    ends = [linear_predictor(signature, {**known, missing: value}) for value in development]
    low, high = development
    return replace(
        base,
        state="range",
        status=f"{label} is missing: the range of the risk over its central 95 % ({low:g} to {high:g}){also}.",
        risk_interval=(nomogram.logistic(min(ends) + min(shifts)), nomogram.logistic(max(ends) + max(shifts))),
        interval_note=f"range over {label} {low:g} to {high:g}{also}, not a confidence interval",
    )
