"""What stands in and beside the fields of the nomogram's section."""

from __future__ import annotations

from collections.abc import Mapping

from slicer.i18n import tr as _

from ..measures.value import unit_shown
from ..signature import RADSCORE, ScoreState
from ..signature.entries import within_a_sentence
from ..signature.predictors import Value
from .session import Session


def no_score(session: Session) -> str:
    """In the field of a Radscore that there is not."""
    if session.stale(session.kind):
        return _("not computed")
    withheld = session.patient().radscore.state is ScoreState.WITHHELD
    return _("withheld") if withheld else _("cannot be computed")


def origin(session: Session, shown: Mapping[str, Value | None]) -> str:
    """Beside that field: where the score of the markers comes from."""
    if shown.get(RADSCORE) is None:
        return ""
    return _("computed") if session.state.what_if.get(RADSCORE) is None else _("typed: what-if")


def tip(session: Session, name: str) -> str:
    """What a field takes."""
    if name == RADSCORE:
        return _("Type a Radscore to try it: a what-if, told as ranges, never the patient's; empty, it is the CT's own")
    entry = next(one for one in session.signature.entries if one.id == name)
    ranges = [f"{one.range[0]:g} to {one.range[1]:g} {unit_shown(one.unit)}".strip() for one in entry.units]
    text = _("{label} of the patient, or of a what-if: {ranges}")
    return text.format(label=entry.label, ranges=_(" or ").join(ranges))


def own_words(session: Session) -> str:
    """That the markers are a what-if's, and which values are the patient's."""
    given = session.entered().values
    words = [
        f"{within_a_sentence(entry.label)} {entry.words(given[entry.id])}"
        for entry in session.signature.entries
        if entry.id in given
    ]
    words = ", ".join(words) or _("not given")
    return _("What-if: not the patient's values ({own}); switch it off to go back to them.").format(own=words)
