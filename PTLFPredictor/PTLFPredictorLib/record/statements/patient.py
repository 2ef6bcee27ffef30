"""What page one of a report says of the patient beside the risk: CT, liver function, base rate, reader."""

from __future__ import annotations

from collections.abc import Mapping

from ...confirmation import Confirmation
from ...ct import ContrastPhase, Phase
from ...ct.phase import PhaseSource
from ...errors import BadInput
from ...measures import clinical
from ...measures.clinical import Amount
from ...segmentation.origin import Drawn, Origin
from ...signature import Eligibility, Signature
from ...signature.outcome import INTERCEPT
from ...signature.outcome import Origin as InterceptOrigin
from ..inputs import CTUsed, InputValue
from ..parts import SegmentsKind, SignOff

ALBI = "albi"


def ct_words(ct: CTUsed) -> str:
    """ "Portal venous phase (liver 108 HU, aorta 155 HU); 46 slices 5.0 mm apart, pixels of 0.78 mm, 120 kVp"."""
    column, _row, depth = ct.spacing_mm
    parts = [f"{ct.size[2]} slices {depth:.1f} mm apart", f"pixels of {column:.2f} mm"]
    if ct.source.get("kvp"):
        parts.append(f"{ct.source['kvp']:g} kVp")
    if ct.to_protocol is not None:
        parts.append("averaged from thin slices")
    return f"{_phase_words(ct.phase)}; {', '.join(parts)}"


def _phase_words(phase: Phase) -> str:
    measured = ", ".join(
        f"{organ} {phase.values[name]:.0f} HU"
        for organ, name in (("liver", "liver_hu"), ("aorta", "aorta_hu"))
        if name in phase.values
    )
    said = f"answered by {_by(phase.confirmed.by)}" if phase.confirmed else ""
    if phase.source is PhaseSource.HEADER and not measured:
        said = said or "by the file's header"
    beside = "; ".join(filter(None, (measured, said)))
    name = str(phase.name)
    words = "Contrast phase not known" if phase.name is ContrastPhase.UNKNOWN else f"{name[:1].upper()}{name[1:]} phase"
    return f"{words} ({beside})" if beside else words


def _by(who: Confirmation) -> str:
    return f"{who.reader}, {who.when}" if who.time else f"{who.reader}, time not given"


def signed_words(signed: SignOff | None, origin: Origin) -> str:
    """ "signed off by A. Reader, 26 Nov 2026, 09:12 (segments corrected)", or that nobody has.

    Whether they were corrected is said of a model's segments alone: of others nobody can know.
    """
    if signed is None:
        return "not signed off by a reader"
    by_model = origin.drawn is Drawn.MODEL or origin.model is not None or bool(origin.run)
    if signed.segments is SegmentsKind.CORRECTED and not (by_model or signed.edited):
        return f"signed off by {_by(signed.by)}"
    of = {SegmentsKind.AUTOMATIC: "as the model drew them", SegmentsKind.CORRECTED: "corrected"}
    which = of[signed.segments] if signed.edited or signed.segments is SegmentsKind.AUTOMATIC else "not corrected"
    return f"signed off by {_by(signed.by)} (segments {which})"


def answered_words(by: Confirmation | None) -> str:
    return "" if by is None else f"Answered by {_by(by)}."


def base_rate(signature: Signature) -> str:
    """How often the outcome came in the cases that the risk model rests on, a sentence."""
    outcome, intercept, evidence = signature.outcome, signature.risk_model.intercept, signature.evidence
    if evidence is not None and INTERCEPT in evidence.estimated and evidence.n:
        share = f"{100 * evidence.events / evidence.n:.0f} %"
        return f"Base rate: {evidence.events} of the signature's {evidence.n} cases ({share}) had {outcome}."
    known = intercept is not None and intercept.origin is not InterceptOrigin.FITTED and intercept.prevalence
    if not known:
        return f"Base rate: the signature does not say how many of its cases had {outcome}."
    return f"Base rate: {100 * known.share:.3g} % of {known.of} had {outcome}."


def albi_words(signature: Signature, values: tuple[InputValue, ...], answers: Eligibility) -> str:
    """ "-2.54, grade 2"; why there is none; "" where a predictor of the signature is the score already."""
    if any(one.measure_name == ALBI for one in signature.predictors if one.measure):
        return ""
    given = _liver_tests(signature, values, answers)
    missing = [name for name in ("albumin", "bilirubin") if name not in given]
    if missing:
        return f"not known (no {' and '.join(missing)})"
    try:
        score, grade = (clinical.compute(name, given).value for name in (ALBI, "albi_grade"))
    except BadInput as error:
        return f"not known ({error.message.rstrip('.')})"
    return f"{score:.2f}, grade {grade}".replace("-", "\u2212")


def _liver_tests(signature: Signature, values: tuple[InputValue, ...], answers: Eligibility) -> Mapping[str, Amount]:
    """Albumin and bilirubin, as far as anybody gave them."""
    entered = {one.id: one.value for one in values if isinstance(one.value, (int, float))}
    found = {
        entry.quantity_name: Amount(entered[entry.id], entry.unit)
        for entry in signature.entries
        if entry.quantity_name in ("albumin", "bilirubin") and entry.id in entered
    }
    if answers.bilirubin_umol_per_l is not None:
        found.setdefault("bilirubin", Amount(answers.bilirubin_umol_per_l, "umol/L"))
    return found
