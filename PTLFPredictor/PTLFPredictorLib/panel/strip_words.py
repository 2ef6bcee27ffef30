"""What the strip says of the case: taken from the session and its statements, never computed here.  No widgets."""

from __future__ import annotations

from dataclasses import dataclass

from slicer.i18n import tr as _

from ..record.statements import BESIDE, RiskStatements, of_prediction, sentence, sentences
from ..signature import PredictionState, Signature, completeness
from .next_step import Step
from .session import Session

NOT_SHOWN = _("Risk not shown")


@dataclass(frozen=True)
class StripWords:
    """Texts of the strip.

    Parameters
    ----------
    risk : str
        The large line: the risk or its range, or that none is shown.
    line : str
        The interval and until when; or the reason that matters most.
    more : int
        How many reasons more there are.
    notes : tuple of str
        What else is to be known of the result, sentences: all reasons where there are several, warnings, and on which
        segments it is based.
    large : bool
        A risk of this very patient is shown.
    unfold : bool
        The notes belong to a number that is shown: nobody has to ask for them.
    """

    risk: str
    line: str
    more: int = 0
    notes: tuple[str, ...] = ()
    large: bool = False
    unfold: bool = False


def strip_words(session: Session, step: Step) -> StripWords:
    """Of the patient on screen, or of the what-if while one is on."""
    if session.state.what_if:
        return _of_what_if(session)
    if session.refused:
        return StripWords(NOT_SHOWN, session.refusal())
    stale = session.stale(session.kind)
    if step.why and (stale or not session.state.computed):
        return StripWords(NOT_SHOWN, step.why)
    if stale:
        return StripWords(NOT_SHOWN, sentence(session.stale_words(stale)))
    said = _said(session)
    notes = [*said.warnings, *(f"{BESIDE}: {reason}" for reason in said.withheld_beside)]
    if not said.shown:
        told = said.reasons or (sentence(said.reason),)
        listed = [*told, *notes] if len(told) > 1 else notes
        return StripWords(NOT_SHOWN, told[0], len(told) - 1, tuple(listed))
    unfold = bool(notes)
    notes.append(_("Based on the {segments}.").format(segments=session.segments_words(session.kind)))
    outcome = session.signature.outcome
    words = _("Predicted risk of {outcome} {risk}").format(outcome=outcome, risk=said.shown)
    if said.is_demonstration:
        words = _("Demonstration: {words}").format(words=words[:1].lower() + words[1:])
    if said.state is PredictionState.RISK:
        line = sentences(said.horizon, said.interval_words)
    else:
        line = sentences(said.reason, said.interval_words)
    return StripWords(words, line, 0, tuple(notes), bool(said.risk) and not said.is_demonstration, unfold)


def _of_what_if(session: Session) -> StripWords:
    if session.refused:
        return StripWords(NOT_SHOWN, session.refusal())
    tried = session.what_if()
    if tried is None:
        return StripWords(NOT_SHOWN, _("A what-if without a Radscore: type one in section 4."))
    said = of_prediction(tried, session.signature.horizon)
    never = _("It is never exported as the patient's.")
    line = sentences(said.reason, said.interval_words, never)
    if not said.is_what_if or not said.shown:
        return StripWords(NOT_SHOWN, line)
    beside = [f"{BESIDE}: {reason}" for reason in said.withheld_beside]  # of a demonstration
    notes = tuple(filter(None, (said.assumes, *said.warnings, *beside)))
    return StripWords(_("What-if: {risk}").format(risk=said.shown), line, 0, notes, unfold=True)


def _said(session: Session) -> RiskStatements:
    return of_prediction(session.patient().prediction, session.signature.horizon)


def pill_words(session: Session) -> str:
    """Whether the result is of what is on screen, and whose name stands under the segments; "" without segments."""
    if session.segmentation is None:
        return ""
    signed = session.signed
    words = _("sign-off cancelled") if session.state.sign_off_fell else _("not signed")
    if signed is not None:
        words = _("signed: {who}\n{when}").format(who=signed.reader, when=signed.when)
    stale = session.state.computed and session.stale(session.kind)
    return _("stale\n{words}").format(words=words) if stale else words


def signature_words(signature: Signature) -> str:
    """The signature by its title, with the cases behind it or with what it can give."""
    evidence = signature.evidence
    if evidence is None:
        return f"{signature.title}: {completeness(signature).short}"
    cases = _("{n} patients, {events} events").format(n=evidence.n, events=evidence.events)
    return f"{signature.title}, {cases}"
