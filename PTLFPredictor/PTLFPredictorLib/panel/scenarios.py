"""What-ifs that were pinned, beside the patient's own result: what each tries, its risk, and how far that is from it.

A scenario is kept as what it tries in place of the patient's own values, and predicted anew whenever it is shown: it
follows the patient, and shows what may be shown now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slicer.i18n import tr as _

from ..record.statements import of_prediction, sentences
from ..signature import RADSCORE, Prediction, difference_text
from ..signature.entries import within_a_sentence
from ..signature.predictors import Value
from .numbers import written
from .session import Session

MOST = 8
"""Scenarios of a patient."""

NOW = 0
"""Number of the what-if that is on and not pinned."""

PATIENT = -1


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Parameters
    ----------
    number : int
        Of the scenario; `NOW`, `PATIENT`.
    words : str
        What is tried, or the patient's values of what any scenario tries.
    risk : str
        "69 %", a range or the widest of a what-if's bands, or that it is not shown.
    difference : str
        Percentage points from the patient's risk, "" where one of the two is no single number.
    why : str
        What the risk rests on, its interval or bands, or why it is not shown.
    """

    number: int
    words: str
    risk: str
    difference: str
    why: str


def changes(session: Session, tried: Mapping[str, Value | None]) -> dict[str, Value | None]:
    """What of a what-if is not the patient's own."""
    begun = session.tried()
    return {name: value for name, value in tried.items() if name in begun and value != begun[name]}


def rows(session: Session) -> list[Row]:
    """The patient, the pinned scenarios, and a what-if that is on and not among them; empty where nothing is tried."""
    pinned = [(one["number"], one["values"]) for one in session.state.scenarios]
    now = changes(session, session.state.what_if)
    if now and not session.refused and now not in [values for _number, values in pinned]:
        pinned.append((NOW, now))
    if not pinned:
        return []
    begun, own = session.tried(), session.own()
    names = [name for name in begun if any(name in values for _number, values in pinned)]
    ours = {name: begun[name] for name in names if name != RADSCORE}
    found = [Row(PATIENT, _words(session, ours), *_told(own, None), _why(own))]
    for number, values in pinned:
        prediction = session.scenario(values)
        found.append(Row(number, _words(session, values), *_told(prediction, own), _why(prediction)))
    return found


def why_not_pinned(session: Session) -> str:
    """Why the what-if cannot be pinned, "" where it can."""
    state = session.state
    if not state.what_if:
        return _("Try a what-if first")
    if session.refused:
        return session.refusal()
    found = changes(session, state.what_if)
    if not found:
        return _("Nothing is other than the patient's own")
    if found in [one["values"] for one in state.scenarios]:
        return _("It is pinned already")
    if len(state.scenarios) >= MOST:
        return _("{n} are pinned; remove one first").format(n=MOST)
    return ""


def pin(session: Session) -> None:
    """Keep the what-if that is on."""
    if why_not_pinned(session):
        return
    kept = session.state.scenarios
    number = 1 + max((one["number"] for one in kept), default=0)
    session.update(scenarios=[*kept, {"number": number, "values": changes(session, session.state.what_if)}])


def remove(session: Session, number: int) -> None:
    session.update(scenarios=[one for one in session.state.scenarios if one["number"] != number])


def show(session: Session, number: int) -> None:
    """A pinned scenario becomes the what-if on screen."""
    values = next((one["values"] for one in session.state.scenarios if one["number"] == number), None)
    begun = session.tried()
    if values is not None and set(values) <= set(begun):
        session.update(what_if={**begun, **values}, what_if_refused={})


def _words(session: Session, values: Mapping[str, Value | None]) -> str:
    labels = {entry.id: entry for entry in session.signature.entries}
    words = []
    for name, value in values.items():
        entry = labels.get(name)
        label = name if entry is None else within_a_sentence(entry.label)
        if value is None:
            words.append(_("{label} not given").format(label=label))
        else:
            words.append(f"{label} {written(value) if entry is None else entry.words(value)}")
    text = ", ".join(words)
    return text[:1].upper() + text[1:]


def _told(prediction: Prediction | None, own: Prediction | None) -> tuple[str, str]:
    """Risk and difference."""
    told = "" if prediction is None else of_prediction(prediction, "").shown
    if own is None or prediction is None or not (own.is_numbered and prediction.is_numbered):
        return told or _("not shown"), ""
    return told, difference_text(own.risk, prediction.risk)


def _why(prediction: Prediction | None) -> str:
    if prediction is None:
        return _("Not shown: there is no Radscore, or the signature does not take these values.")
    return sentences(prediction.reason, prediction.interval_words, prediction.assumes)
