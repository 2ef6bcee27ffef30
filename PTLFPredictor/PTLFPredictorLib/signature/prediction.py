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
from ..segmentation.origin import Origin
from . import bands, masks, nomogram, states
from .bands import CONFIDENCE_INTERVAL, Band, interval_text, linear_predictor, risk_text
from .evidence import NONE, ends
from .inputs import LaboratoryValues
from .model import PREDICTORS, Signature
from .radscore import Radscore, ScoredTerm, score_terms, sum_of
from .states import completeness

NO_INTERVAL = "no interval can be given: the covariances of the coefficients are not known"


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
        Risk as a probability, 0 to 1.  In a what-if it is where the marker stands, and no text names it.
    risk_interval : (float, float) or None
        In a what-if the widest of its bands.
    interval_note : str
        What the interval is, or that none can be given.
    bands : tuple of Band
        Of a what-if, the narrowest first.
    assumes : str
        The prevalence that a what-if assumes, and the bands for another one.
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
    bands: tuple[Band, ...] = ()
    assumes: str = ""
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
        """What is said of the interval: "95 % confidence interval 30-84 %", the bands of a what-if, or why none."""
        if self.bands:
            return "; ".join(band.words for band in self.bands)
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
            "bands": [asdict(band) for band in self.bands],
            "risk_text": None if self.risk is None or self.is_what_if else risk_text(self.risk),
            "risk_interval_text": None if low_high is None else interval_text(low_high),
            "risk_interval_words": self.interval_words,
            "warnings": list(self.warnings),
            "withheld_beside": list(self.withheld_beside),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prediction:
        """From `to_dict`; records without bands are older."""
        words = ("risk_text", "risk_interval_text", "risk_interval_words")
        kept = {name: value for name, value in data.items() if name not in words}
        interval = kept["risk_interval"]
        return cls(
            **{
                **kept,
                "risk_interval": None if interval is None else tuple(interval),
                "bands": tuple(Band(**band) for band in kept.get("bands", ())),
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


def assess(
    signature: Signature,
    features: Mapping[tuple[str, str], float],
    laboratory: LaboratoryValues,
    findings: Iterable[Finding],
    *,
    demonstration: bool = False,
    sample: bool = False,
    origin: Origin | None = None,
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
    sample : bool
        The CT is a sample case of the product; on no other CT does a demo signature show a risk.
    origin : Origin, optional
        Who drew the segments; see `masks`.
    """
    terms = score_terms(signature, features)
    value = sum_of(signature, terms)
    state = completeness(signature)
    own = (*score_findings(signature, terms, value), *masks.findings(signature, origin))
    reasons = [finding.message for finding in of_level([*findings, *own], "withhold")]
    base = Prediction("not computable", "", points_of(signature, _known(laboratory)))
    warnings = input_warnings(signature, _known(laboratory))

    if any(term.raw is None for term in terms):
        absent = " and ".join(dict.fromkeys(t.voi.words for t in terms if t.raw is None))
        why = f"cannot be computed: there are no features of the {absent}"
        return Assessment(Radscore(None, why, terms), _no_risk(base, "not computable", why, warnings), own)
    if state == states.UNNORMALISED:
        why = states.NO_NORMALISATION
        return Assessment(Radscore(None, why, terms), _no_risk(base, "not computable", why, warnings), own)
    shown_anyway = state == states.DEMO and demonstration and sample
    if reasons and not shown_anyway:
        why = "withheld: " + " ".join(reasons)
        score, no_risk = Radscore(None, why, _hide(terms)), why
    else:
        score, no_risk = Radscore(value, _score_status(signature, state, value), terms), ""
    of_state = _why_no_risk(signature, state, demonstration, sample)
    why = of_state or no_risk if state == states.DEMO else no_risk or of_state
    if why:
        return Assessment(score, _no_risk(base, "withheld", why, warnings), own)
    prediction = _risk(signature, laboratory, value, base)
    if state == states.DEMO:
        prediction = _as_demonstration(prediction, reasons)
    return Assessment(score, prediction, own)


def what_if(
    signature: Signature,
    laboratory: LaboratoryValues,
    radscore: float,
    *,
    demonstration: bool = False,
    sample: bool = True,
) -> Prediction:
    """Risk for a Radscore that was typed in: marked, never a patient's result, and told in bands, not in one number.

    A demo signature shows one in demonstration mode alone, and beside no CT but a sample case (`sample` False: it
    stands beside another CT).
    """
    base = Prediction("what-if", "", points_of(signature, {**_known(laboratory), "Radscore": radscore}))
    if signature.is_demo and not demonstration:
        return _no_risk(base, "withheld", "a demonstration signature: shown only in demonstration mode", [])
    if signature.is_demo and not sample:
        return _no_risk(base, "withheld", states.NO_SAMPLE_CT, [])
    if completeness(signature) == states.REFERENCE:
        base = replace(base, points={**base.points, "Radscore": None})
        return _no_risk(base, "withheld", states.WHAT_IF_OF_A_REFERENCE, [])
    prediction = _risk(signature, laboratory, radscore, base)
    if prediction.risk is None and prediction.risk_interval is None:
        return prediction
    known = {**_known(laboratory), "Radscore": radscore}
    found = bands.of_what_if(signature, known, next((name for name in PREDICTORS if name not in known), None))
    intercept = signature.risk_model.intercept
    origin = {"derived": "derived, not published", "figure": "read off the paper's figure"}.get(intercept.origin)
    note = f" The intercept is {origin}." if origin else ""
    if signature.is_demo:
        note += " Demonstration on synthetic cases."
    return replace(
        prediction,
        state="what-if",
        status=f"What-if: the Radscore was typed in, not computed from a CT.{note}",
        risk_interval=(found[-1].low, found[-1].high) if found else None,
        interval_note="" if found else NO_INTERVAL,
        bands=found,
        assumes=bands.assumed_prevalence(signature, found),
    )


def points_of(signature: Signature, values: Mapping[str, float]) -> dict[str, float | None]:
    """Points of each predictor that has a value."""
    geometry = nomogram.geometry(signature)
    return {name: geometry.points(name, values[name]) if name in values else None for name in PREDICTORS}


def score_findings(signature: Signature, terms: Iterable[ScoredTerm], value: float | None) -> tuple[Finding, ...]:
    """Findings on the evidence, on the Z-scores and on the Radscore's place on its axis."""
    terms = list(terms)
    found, limits = [], signature.limits
    problem = signature.evidence_problem
    if problem not in ("", NONE):
        found.append(Finding("evidence_void", "warn", f"{problem[0].upper()}{problem[1:]}."))
    for term in terms:
        if term.z is None:
            continue
        z, on_log = distance(signature, term)
        if z is not None and abs(z) <= limits.z_warn:
            continue
        withheld = z is None or abs(z) > limits.z_withhold
        if z is None:
            message = f"{term.short} is {term.raw:g}, in the cohort always above 0 (judged on its logarithm)"
        else:
            scale = " on the log scale" if on_log else ""
            message = f"{term.short} lies {abs(z):.1f} SD from the cohort's mean{scale}"
        found.append(
            Finding(
                "feature_far_from_cohort",
                "withhold" if withheld else "warn",
                message + (": unlike the cohort." if withheld else "."),
                {"voi": term.voi.in_files, "feature": term.feature, "z": z, "scale": "log" if on_log else "raw"},
            )
        )
    found += _outside_percentiles(signature, terms)
    low, high = signature.axes["Radscore"].range
    if value is not None and not low <= value <= high:
        found.append(
            Finding(
                "radscore_off_axis",
                "withhold",
                f"The Radscore lies off its axis ({low:g} to {high:g}): the CT is unlike those that the signature was "
                "fitted on.",
            )
        )
    return tuple(found)


def distance(signature: Signature, term: ScoredTerm) -> tuple[float | None, bool]:
    """How many SD a scored term lies from the cohort, and whether that is told on the log scale.

    Where the normalisation gives mean and SD of the logarithm the feature is skewed: of a log-normal measure of size,
    0.4 to 0.8 % of the cohort itself, always the largest tumours, lie beyond 6 SD of the raw scale.  None for a
    value that has no logarithm.
    """
    moments = signature.normalisation.log.get((term.voi, term.feature))
    if moments is None:
        return term.z, False
    return ((math.log(term.raw) - moments[0]) / moments[1] if term.raw > 0 else None), True


def _outside_percentiles(signature: Signature, terms: Iterable[ScoredTerm]) -> list[Finding]:
    """Terms outside the percentiles that the evidence brings, in one finding."""
    known = {} if signature.evidence is None else signature.evidence.percentiles
    outside = []
    for term in terms:
        ranks = known.get((term.voi, term.feature))
        if ranks is None or term.raw is None:
            continue
        low, high = ends(ranks)
        if not ranks[low] <= term.raw <= ranks[high]:
            outside.append(f"{term.short} ({_ordinal(float((low if term.raw < ranks[low] else high)[1:]))})")
    if not outside:
        return []
    message = f"Beyond the outer percentile of the cases of the evidence: {', '.join(outside)}."
    return [Finding("feature_outside_percentiles", "warn", message)]


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


def _known(laboratory: LaboratoryValues) -> dict[str, float]:
    values = {"ALB": laboratory.albumin_g_per_l, "INR": laboratory.inr}
    return {name: value for name, value in values.items() if value is not None}


def _why_no_risk(signature: Signature, state: str, demonstration: bool, sample: bool) -> str:
    """Why a signature in this state shows no patient's risk, "" where it may."""
    if state == states.DEMO:
        if not demonstration:
            return states.NOT_IN_DEMONSTRATION_MODE
        return "" if sample else states.NO_SAMPLE_CT
    if state == states.UNPROVEN:
        return states.risk_of_an_unproven(signature)
    if state == states.REFERENCE:
        return states.RISK_OF_A_REFERENCE
    return states.RISK_OF_A_RELATIVE_SCORE if state == states.RELATIVE else ""


def _score_status(signature: Signature, state: str, value: float) -> str:
    """What a score that is shown is called."""
    if state == states.REFERENCE:
        ranks = signature.normalisation.radscore_percentiles
        return states.reference_label(signature) + (f"; {_rank(value, ranks)}" if ranks else "")
    if state == states.UNPROVEN:
        return "relative" if signature.normalisation.origin == "site" else "computed"
    return {states.RELATIVE: "relative", states.DEMO: "demonstration", states.COMPLETE: "computed"}[state]


def _rank(value: float, ranks: Mapping[str, float]) -> str:
    """Where a score lies among the reference's: "at their 48th percentile", or beyond the outermost that is known."""
    low, high = ends(ranks)
    if value < ranks[low]:
        return f"below their {_ordinal(float(low[1:]))} percentile"
    if value > ranks[high]:
        return f"above their {_ordinal(float(high[1:]))} percentile"
    numbers = [float(name[1:]) for name in ranks]
    return f"at their {_ordinal(float(np.interp(value, list(ranks.values()), numbers)))} percentile"


def _ordinal(number: float) -> str:
    whole = round(number)
    teens = whole % 100 in (11, 12, 13)
    return f"{whole}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(whole % 10, 'th')}"


def _hide(terms: tuple[ScoredTerm, ...]) -> tuple[ScoredTerm, ...]:
    """Without contributions, whose sum would be the withheld Radscore."""
    return tuple(replace(term, contribution=None) for term in terms)


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


def _interval(signature: Signature, values: Mapping[str, float], lp: float) -> tuple[tuple[float, float] | None, str]:
    covariance = signature.covariance
    if covariance is None:
        return None, NO_INTERVAL
    half = covariance.half_width(values)
    return (nomogram.logistic(lp - half), nomogram.logistic(lp + half)), CONFIDENCE_INTERVAL


def _range_over_missing(signature: Signature, known: Mapping[str, float], missing: str, base: Prediction) -> Prediction:
    development = signature.development_ranges[missing]
    label = signature.axes[missing].label
    if development is None:
        return replace(base, state="not computable", status=f"cannot be computed: {label} is missing")
    ends_of_it = [linear_predictor(signature, {**known, missing: value}) for value in development]
    low, high = development
    return replace(
        base,
        state="range",
        status=f"{label} is missing: the range of the risk over its central 95 % ({low:g} to {high:g}).",
        risk_interval=(nomogram.logistic(min(ends_of_it)), nomogram.logistic(max(ends_of_it))),
        interval_note=f"range over {label} {low:g} to {high:g}, not a confidence interval",
    )
