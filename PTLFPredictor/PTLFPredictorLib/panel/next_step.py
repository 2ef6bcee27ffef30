"""The one next step of a case: why it is the next, what its button says, and what the button does.  No widgets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from slicer.i18n import tr as _

from ..ct import Finding
from ..errors import PTLFError
from ..record.statements import of_prediction
from ..signature import PredictionState, SignatureState, completeness
from ..signature.policy.eligibility import BILIRUBIN
from .session import SECOND_ROLE, Session
from .state import StaleWhy


class Act(StrEnum):
    """What a next step's button does."""

    CANCEL = "cancel"
    LOAD_CT = "load a CT"
    USE_CT = "use the one CT of the scene"
    CHOOSE_CT = "choose a CT"
    USE_SEGMENTS = "use the one segmentation of the scene"
    DECIDE = "decide between edited and new segments"
    CHOOSE_MODEL = "choose a model"
    SEGMENT = "segment"
    COMPUTE = "compute"
    ENTER = "enter a value"
    CRITERIA = "answer the criteria"
    ORIGIN = "say who drew the segments"
    PHASE = "confirm the phase"
    SLABS = "bring the CT to the protocol's slices"
    CORRECT = "correct the segments"
    WHY = "list the reasons"
    TRY_RADSCORE = "type a Radscore as a what-if"
    DEMONSTRATE = "show a demonstration"
    LEAVE_DEMO = "go back to the signature before the demonstration"
    END_WHAT_IF = "end the what-if"
    SIGN_OFF = "sign off"
    EXPORT = "export the report"


@dataclass(frozen=True)
class Step:
    """The next step.

    Parameters
    ----------
    act : Act
    why : str
        Why there is no risk before it, a sentence; "" where the prediction itself has the reasons.
    words, tip : str
        Of the button.
    entry : str
        Of `Act.ENTER`: the entry of the signature whose field is meant, or `BILIRUBIN`.
    """

    act: Act
    words: str
    tip: str
    why: str = ""
    entry: str = ""


@dataclass(frozen=True)
class Around:
    """What the session does not know: of the scene, of this computer, of what is at work.

    Parameters
    ----------
    busy : str
        What works, a sentence; "" while nothing does.
    ct_waits, segments_wait : bool
        The scene has exactly one CT, or exactly one segmentation, that could be used.
    model : bool
        A segmentation model is chosen and on this computer.
    not_segmented, not_computed: str
        Why the last run failed, a sentence; "" where it did not.
    """

    busy: str = ""
    ct_waits: bool = False
    segments_wait: bool = False
    model: bool = True
    not_segmented: str = ""
    not_computed: str = ""


REMEDIES = {
    "slice_thickness": Act.SLABS,
    "mask_origin_unknown": Act.ORIGIN,
    "phase": Act.PHASE,
    "eligibility": Act.CRITERIA,
    "truncated_liver": Act.CORRECT,
    "no_tumor": Act.CORRECT,
    "model_not_for_patients": Act.CORRECT,
}
"""By finding that withholds: what a person can do about it here."""


def next_step(session: Session, around: Around) -> Step:
    """The step that brings this case on, whatever its state."""
    if around.busy:
        return Step(Act.CANCEL, _("Cancel"), _("Stop what is being computed now"), around.busy)
    return _before_result(session, around) or _of_result(session)


def _before_result(session: Session, around: Around) -> Step | None:
    """Up to features that belong to what is on screen; None where there are such."""
    if session.volume is None:
        return _a_ct(around)
    try:
        session.ct().require_usable()
    except PTLFError as error:
        return Step(Act.CHOOSE_CT, _("Choose another CT"), _("To the list of CTs"), error.message)
    if session.signature.is_demo and not session.is_sample:
        tip = _("Back to the signature that was chosen before, with the demonstration mode off")
        why = _("A demonstration signature shows a risk only on a sample CT, and this CT is none.")
        return Step(Act.LEAVE_DEMO, _("Leave demonstration"), tip, why)
    if session.node(SECOND_ROLE) is not None:
        why = _("New segments wait beside the edited ones.")
        return Step(Act.DECIDE, _("Keep or replace"), _("Keep the edited segments or use the new ones"), why)
    if session.segmentation is None:
        return _segments(around)
    stale = session.stale(session.kind)
    if stale is None:
        return None
    why = session.stale_words(stale).rstrip(".")
    why = why[:1].upper() + why[1:] + "."
    if stale.why is StaleWhy.CT_UNUSABLE:
        return Step(Act.CHOOSE_CT, _("Choose another CT"), _("To the list of CTs"), why)
    if session.state.computed:
        return Step(Act.COMPUTE, _("Recompute"), _("Compute the features of what is on screen now"), why)
    why = around.not_computed or _("The features are not computed yet.")
    return Step(Act.COMPUTE, _("Compute"), _("Compute the features"), why)


def _a_ct(around: Around) -> Step:
    why = _("Load a CT, or draw the sample case (section 1).")
    if around.ct_waits:
        return Step(Act.USE_CT, _("Use this CT"), _("The one CT that is in the scene"), why)
    return Step(Act.LOAD_CT, _("Load CT"), _("To section 1: DICOM, a file or the sample case"), why)


def _segments(around: Around) -> Step:
    why = around.not_segmented or _("There are no segments.")
    if around.segments_wait:
        tip = _("The one segmentation that is in the scene")
        return Step(Act.USE_SEGMENTS, _("Use these segments"), tip, why)
    if not around.model:
        return Step(Act.CHOOSE_MODEL, _("Choose a model"), _("A segmentation model for this computer"), why)
    return Step(Act.SEGMENT, _("Segment"), _("Draw liver and tumour with the chosen model"), why)


def _of_result(session: Session) -> Step:
    """What follows features that belong to what is on screen."""
    for entry in session.refused:
        return _enter(session, entry, refused=True)
    if session.state.what_if:
        return Step(Act.END_WHAT_IF, _("End what-if"), _("Back to the patient's own values"))
    prediction = session.patient().prediction
    state, missing = prediction.state, _missing(session)
    open_yet = state is PredictionState.RANGE or (state is PredictionState.DEMONSTRATION and prediction.risk is None)
    if open_yet and missing:
        return _enter(session, missing[0])
    if state in (PredictionState.RANGE, PredictionState.DEMONSTRATION):
        return _export()
    if state is PredictionState.RISK and session.signed is not None:
        return _export()
    if state is PredictionState.RISK:
        return Step(Act.SIGN_OFF, _("Sign off"), _("The reader answers for these segments, by name"))
    if signature_says_no(session):
        return _lead_on(session)
    found = session.withholding()
    if missing and (session.signature.is_demo or not found):
        return _enter(session, missing[0])
    return _remedy(session, found)


def signature_says_no(session: Session) -> bool:
    """Whether the signature itself gives no risk here, whatever the patient's data are."""
    state = completeness(session.signature)
    if state is SignatureState.DEMO:
        return not (session.desk.demonstration and session.is_sample)
    return state is not SignatureState.COMPLETE


def can_try_a_radscore(session: Session) -> bool:
    """Whether a typed Radscore gives a what-if with this signature, on this CT."""
    state = completeness(session.signature)
    if state is SignatureState.DEMO:
        return not signature_says_no(session)
    return state is not SignatureState.REFERENCE


def _lead_on(session: Session) -> Step:
    if session.is_sample:
        tip = _("The demo signature, in demonstration mode: on synthetic cases, not for patients")
        return Step(Act.DEMONSTRATE, _("Show demonstration"), tip)
    if can_try_a_radscore(session):
        tip = _("A what-if: a risk for a Radscore that you type, never the patient's")
        return Step(Act.TRY_RADSCORE, _("Try a what-if"), tip)
    return _reasons(session)


def _export() -> Step:
    return Step(Act.EXPORT, _("Export report"), _("The report as HTML or PDF"))


def _reasons(session: Session) -> Step:
    """Where nothing else leads on: the reasons; where the strip tells the only one already, the report with it."""
    said = of_prediction(session.patient().prediction, session.signature.horizon)
    if len(said.reasons) < 2 and not said.warnings and not said.withheld_beside:
        return _export()
    return Step(Act.WHY, _("Show reasons"), _("All reasons why no risk is shown"))


def _missing(session: Session) -> list[str]:
    known = session.entered().values
    return [entry.id for entry in session.signature.entries if known.get(entry.id) is None]


def _enter(session: Session, name: str, *, refused: bool = False) -> Step:
    labels = {BILIRUBIN: _("bilirubin"), **{entry.id: entry.label for entry in session.signature.entries}}
    label = labels.get(name, _("the Radscore"))
    label = label if label.isupper() else label[:1].lower() + label[1:]
    words = _("Correct {label}") if refused else _("Enter {label}")
    tip = _("To its field in section 1") if name == BILIRUBIN else _("To its field in section 4")
    return Step(Act.ENTER, words.format(label=label), tip, entry=name)


def _remedy(session: Session, found: Iterable[Finding]) -> Step:
    """For the first reason that a person can do something about here."""
    steps = {
        Act.SLABS: (_("To {mm} mm slabs"), _("Average the thin slices to those of the signature")),
        Act.ORIGIN: (_("Who drew them?"), _("Say who drew these segments")),
        Act.PHASE: (_("Confirm phase"), _("Say which contrast phase the CT shows")),
        Act.CRITERIA: (_("Answer criteria"), _("To the study's criteria in section 1")),
        Act.CORRECT: (_("Correct segments"), _("To the segments in section 2")),
    }
    for finding in found:
        act = REMEDIES.get(finding.code)
        if act is Act.SLABS:
            plan, _reason = session.slab_plan()
            if plan is None:
                continue
            words, tip = steps[act]
            return Step(act, words.format(mm=f"{plan.slab_mm:g}"), tip)
        if act is not None:
            return Step(act, *steps[act])
    return _reasons(session)
