"""What may be shown: from features and entries to Radscore and risk, or to the reason why not.

This module is the table "What may be shown" of the design, and the only place where a risk is made: `assess` for a
patient, `what_if` for a Radscore that somebody typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ...ct import Finding, Level, of_level
from ...segmentation.origin import Origin
from ...vois import VOI
from .. import nomogram
from ..entries import Entered, Known
from ..model import NormalisationOrigin, Signature
from ..outcome import Origin as NumberOrigin
from ..outcome import interval
from ..predictors import RADSCORE, PredictorKind, Value
from ..predictors import number_words as words
from ..radscore import Radscore, ScoredTerm, ScoreState, score_terms, sum_of
from . import bands, masks, states
from .bands import CONFIDENCE_INTERVAL
from .gaps import Gap, NoRange, gap_of
from .prediction import IntervalKind, Prediction, PredictionState
from .score_findings import rank, score_findings
from .states import SignatureState, completeness

NO_INTERVAL = "no interval can be given: the covariances of the coefficients are not known"


@dataclass(frozen=True)
class Assessment:
    """Radscore and prediction of one pair of VOIs, with the findings that the score itself gave rise to."""

    radscore: Radscore
    prediction: Prediction
    findings: tuple[Finding, ...]


def assess(
    signature: Signature,
    features: Mapping[tuple[VOI, str], float],
    entered: Entered,
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
    entered : Entered
    findings : iterable of Finding
        Of CT, segments and eligibility; those of level `WITHHOLD` withhold.
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
    blocking = of_level([*findings, *own], Level.WITHHOLD)
    reasons, codes = [one.message for one in blocking], tuple(dict.fromkeys(one.code for one in blocking))
    base = _of_inputs(signature, signature.known(entered))

    of_state = _why_no_risk(signature, state, demonstration, sample)
    if cannot := _why_no_score(terms, state):
        score = Radscore(None, ScoreState.NOT_COMPUTABLE, cannot, terms)
        no_means = states.NO_MEANS if state is SignatureState.UNNORMALISED else ""
        no_features = "" if cannot == states.NO_NORMALISATION else f"the Radscore {cannot}"
        why = _reasons(of_state, no_means, no_features, *reasons)
        return Assessment(score, replace(base, reason=cannot, reasons=why, withheld_by=codes), own)
    shown_anyway = state is SignatureState.DEMO and demonstration and sample
    score, no_risk = Radscore(value, *_called(signature, state, value), terms), ""
    if reasons and not shown_anyway:
        no_risk = "withheld: " + " ".join(reasons)
        score = Radscore(None, ScoreState.WITHHELD, no_risk, _hide(terms))
    why = of_state or no_risk if state is SignatureState.DEMO else no_risk or of_state
    if why:
        told = _reasons(of_state, *reasons)
        withheld = replace(base, state=PredictionState.WITHHELD, reason=why, reasons=told, withheld_by=codes)
        return Assessment(score, withheld, own)
    prediction = _risk(signature, entered, value)
    if state is SignatureState.DEMO:
        prediction = _as_demonstration(prediction, reasons, codes)
    return Assessment(score, prediction, own)


def what_if(
    signature: Signature,
    entered: Entered,
    radscore: float,
    *,
    demonstration: bool = False,
    sample: bool = True,
    typed: bool = True,
) -> Prediction:
    """Risk for a Radscore that was typed in: marked, never a patient's result, and told in bands, not in one number.

    A demo signature shows one in demonstration mode alone, and beside no CT but a sample case (`sample` False: it
    stands beside another CT).  `typed` False: the Radscore is a CT's own, and has no risk with the patient's values.
    """
    known = signature.values_of(entered, radscore)
    base = Prediction(PredictionState.WITHHELD, "", points_of(signature, known))
    if signature.is_demo and not demonstration:
        return _withheld(base, states.WHAT_IF_NOT_IN_DEMONSTRATION_MODE)
    if signature.is_demo and not sample:
        return _withheld(base, states.NO_SAMPLE_CT)
    state = completeness(signature)
    if state is SignatureState.REFERENCE:
        return _withheld(base, states.WHAT_IF_OF_A_REFERENCE)
    if state is SignatureState.RELATIVE and not typed:  # no place on an axis that other cases were fitted on
        base = replace(base, points=points_of(signature, signature.values_of(entered)))
        return _withheld(base, states.risk_of_a_relative(signature))
    prediction = _risk(signature, entered, radscore)
    if prediction.risk is None and prediction.risk_interval is None:
        return prediction
    gap = gap_of(signature, entered, radscore)
    found = bands.of_what_if(signature, known, gap if isinstance(gap, Gap) else None)
    intercept = signature.risk_model.intercept
    origin = {NumberOrigin.DERIVED: "derived, not published", NumberOrigin.FIGURE: "read off the paper's figure"}
    note = f" The intercept is {origin[intercept.origin]}." if intercept.origin in origin else ""
    if signature.is_demo:
        note += " Demonstration on synthetic cases."
    what = "the Radscore was typed in, not computed from a CT" if typed else "other values than the patient's"
    return replace(
        prediction,
        state=PredictionState.WHAT_IF,
        reason=f"What-if: {what}.{note}",
        risk_interval=(found[-1].low, found[-1].high) if found else None,
        interval_kind=IntervalKind.BANDS if found else IntervalKind.NONE,
        interval_note="" if found else NO_INTERVAL,
        bands=found,
        assumes=bands.assumed_prevalence(signature, found),
    )


def points_of(signature: Signature, values: Mapping[str, Value]) -> dict[str, float | None]:
    """Points of each predictor that has a value; a score on a reference scale is on no axis and has none."""
    if completeness(signature) is SignatureState.REFERENCE:
        values = {name: value for name, value in values.items() if name != RADSCORE}
    geometry = nomogram.geometry(signature)
    return {axis.name: geometry.points(axis.name, values[axis.name]) if axis.name in values else None
            for axis in geometry.axes}  # fmt: skip


def input_warnings(signature: Signature, values: Mapping[str, Value]) -> list[str]:
    """Sentences on values outside the development range or beyond the drawn axis."""
    found = []
    origin = "derived " if signature.development_origin == NumberOrigin.DERIVED else ""
    for name, value in values.items():
        predictor, style = signature.predictor(name), signature.axes[name]
        if predictor.kind is PredictorKind.CATEGORICAL:
            continue
        (low, high), development = style.range, predictor.development_range
        if not low <= value <= high:
            found.append(f"{style.label} {words(value)} lies beyond the axis ({low:g} to {high:g}).")
        if development and not development[0] <= value <= development[1]:
            low, high = development
            found.append(
                f"{style.label} {words(value)} is outside the {origin}development range ({low:g} to {high:g})."
            )
        if style.hatched_above is not None and value > style.hatched_above and style.hatch_note:
            found.append(style.hatch_note)
    return found


def _reasons(*told: str) -> tuple[str, ...]:
    """Each once, in this order, without the word that says what follows from it."""
    return tuple(dict.fromkeys(text.removeprefix("withheld: ") for text in told if text))


def _withheld(base: Prediction, why: str) -> Prediction:
    return replace(base, state=PredictionState.WITHHELD, reason=why, reasons=_reasons(why))


def _without(base: Prediction, why: str) -> Prediction:
    return replace(base, reason=why, reasons=(f"the risk {why}",))


def _of_inputs(signature: Signature, known: Known) -> Prediction:
    """Points and warnings of what is known; no risk yet."""
    warnings = (*input_warnings(signature, known.values), *known.notes)
    return Prediction(PredictionState.NOT_COMPUTABLE, "", points_of(signature, known.values), warnings=warnings)


def _why_no_score(terms: Iterable[ScoredTerm], state: SignatureState) -> str:
    absent = list(dict.fromkeys(term.voi.words for term in terms if term.raw is None))
    if absent:
        return f"cannot be computed: there are no features of the {' and '.join(absent)}"
    return states.NO_NORMALISATION if state is SignatureState.UNNORMALISED else ""


def _why_no_risk(signature: Signature, state: SignatureState, demonstration: bool, sample: bool) -> str:
    """Why a signature in this state shows no patient's risk, "" where it may."""
    if state is SignatureState.DEMO:
        if not demonstration:
            return states.NOT_IN_DEMONSTRATION_MODE
        return "" if sample else states.NO_SAMPLE_CT
    if state is SignatureState.UNPROVEN:
        return states.risk_of_an_unproven(signature)
    if state is SignatureState.REFERENCE:
        return states.RISK_OF_A_REFERENCE
    return states.risk_of_a_relative(signature) if state is SignatureState.RELATIVE else ""


def _called(signature: Signature, state: SignatureState, value: float) -> tuple[ScoreState, str]:
    """What a score that is shown is called, and the sentence beside it."""
    if state is SignatureState.REFERENCE:
        ranks = signature.normalisation.radscore_percentiles
        return ScoreState.REFERENCE, states.reference_label(signature) + (f"; {rank(value, ranks)}" if ranks else "")
    of_the_site = signature.normalisation.origin is NormalisationOrigin.SITE
    if state is SignatureState.RELATIVE or (state is SignatureState.UNPROVEN and of_the_site):
        ranks = signature.normalisation.radscore_percentiles
        return ScoreState.RELATIVE, f"{states.relative_label(signature)}, {rank(value, ranks)}" if ranks else ""
    return (ScoreState.DEMONSTRATION if state is SignatureState.DEMO else ScoreState.COMPUTED), ""


def _hide(terms: tuple[ScoredTerm, ...]) -> tuple[ScoredTerm, ...]:
    """Without contributions, whose sum would be the withheld Radscore."""
    return tuple(replace(term, contribution=None) for term in terms)


def _as_demonstration(prediction: Prediction, reasons: list[str], codes: tuple[str, ...]) -> Prediction:
    why = prediction.reason
    return replace(
        prediction,
        state=PredictionState.DEMONSTRATION,
        reason=f"Demonstration on synthetic cases, not for patients. {why[:1].upper()}{why[1:]}",
        withheld_beside=tuple(reasons),
        withheld_by=codes,
    )


def _risk(signature: Signature, entered: Entered, radscore: float) -> Prediction:
    """Risk by the equation, or its range over the one input that is missing."""
    model, known = signature.risk_model, signature.known(entered, radscore)
    base = _of_inputs(signature, known)
    if model.intercept is None:
        return _without(base, "cannot be computed: the signature has no intercept")
    gap = gap_of(signature, entered, radscore)
    if isinstance(gap, NoRange):
        return _without(base, gap.why)
    if gap is not None:
        risks = [model.risk(model.linear_predictor(place)) for place in gap.places]
        return replace(
            base,
            state=PredictionState.RANGE,
            reason=gap.why,
            risk_interval=(min(risks), max(risks)),
            interval_kind=IntervalKind.MISSING_INPUT,
            interval_note=f"range over {gap.words}, not a confidence interval",
        )
    lp, covariance = model.linear_predictor(known.values), signature.covariance
    return replace(
        base,
        state=PredictionState.RISK,
        reason=f"Predicted risk of {signature.outcome} {signature.horizon}.",
        total_points=sum(base.points.values()),
        linear_predictor=lp,
        risk=model.risk(lp),
        risk_interval=None if covariance is None else interval(model, known.values, covariance),
        interval_kind=IntervalKind.NONE if covariance is None else IntervalKind.CONFIDENCE,
        interval_note=NO_INTERVAL if covariance is None else CONFIDENCE_INTERVAL,
    )
