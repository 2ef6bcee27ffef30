"""The line that names the case on screen: the CT alone, no name of a node, which may be the patient's."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..confirmation import written_day
from ..ct import ContrastPhase
from ..errors import PTLFError
from .session import Session


def case_words(session: Session) -> str:
    """ "CT 14 Oct 2026, portal venous, 51 slices of 5 mm"; the phase once it is known.

    "" without a CT, "CT" alone where it cannot be used.
    """
    if session.volume is None:
        return ""
    try:
        ct = session.ct()
    except PTLFError:
        return _("CT")
    day = session.day_of_ct
    first = _("Synthetic sample") if session.is_sample else _("CT")
    phase = phase_of(session)
    parts = [first if day is None else f"{first} {written_day(day)}"]
    if phase is not ContrastPhase.UNKNOWN:
        parts.append(str(phase))
    thickness = ct.source.get("slice_thickness_mm") or ct.image.GetSpacing()[2]
    parts.append(_("{n} slices of {mm} mm").format(n=ct.image.GetSize()[2], mm=f"{thickness:.3g}"))
    return ", ".join(parts)


def phase_of(session: Session) -> ContrastPhase:
    """The contrast phase: settled with what was measured, else a reader's answer, else the header's.

    Raises
    ------
    PTLFError
        For a CT that cannot be used.
    """
    session.ct()
    said = session.confirmed_phase
    if said and not session.state.computed:
        return ContrastPhase(said["value"])
    found = next((finding for finding in session.findings() if finding.code == "phase"), None)
    return ContrastPhase.UNKNOWN if found is None else ContrastPhase(found.values.get("name", ContrastPhase.UNKNOWN))
