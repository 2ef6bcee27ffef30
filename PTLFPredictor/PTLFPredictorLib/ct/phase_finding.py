"""What a contrast phase means for a signature: the measurement, the header's word and a reader's answer settled.

A word in a header never overrules a measurement without a finding, and no answer overrules a liver that cannot be in
that phase.
"""

from __future__ import annotations

from dataclasses import replace

from .findings import Finding, Level, Protocol
from .phase import (
    ENHANCED_LIVER_HU,
    LIVER_HU,
    PHASES,
    PLAIN_AORTA_HU,
    PORTAL_AORTA_HU,
    ConfirmedPhase,
    Phase,
    PhaseSource,
)
from .phase_words import ARTERIAL, DELAYED, PORTAL_VENOUS, UNKNOWN, ContrastPhase

_MAY_BE = {DELAYED: (PORTAL_VENOUS,), PORTAL_VENOUS: (DELAYED, ARTERIAL)}
"""Measured phase -> what it may be instead, if a reader says so: in cirrhosis the portal venous liver is enhanced less,
and late arterial, portal venous and delayed run into one another.  No contrast and the arterial phase are certain."""


def before_segments(header: Phase, protocol: Protocol | None) -> Finding:
    """What the header's phase means as long as there is no liver segment to measure in; `settle` decides later."""
    values, later = header.to_dict(), "It is measured when the features are computed."
    if header.name is UNKNOWN:
        wanted = f" It should be {' or '.join(protocol.phases)}." if protocol else ""
        return Finding(
            "phase", Level.WARN, f"The DICOM header does not name the contrast phase.{wanted} {later}", values
        )
    told = f"Contrast phase: {header.name} {_by(header)}"
    if protocol is None or header.name in protocol.phases:
        return Finding("phase", Level.PASS, f"{told}. {later}", values)
    return Finding("phase", Level.WITHHOLD, f"{told}; {_signature(protocol.phases)}. {later}", values)


def settle(
    header: Phase, measured: Phase, confirmed: ConfirmedPhase | None, protocol: Protocol | None
) -> tuple[Phase, Finding]:
    """The phase by all that is known, and what it means for a signature fitted on `protocol.phases`.

    Parameters
    ----------
    header : Phase
        Of `from_header`, or settled before.
    measured : Phase
        Of `from_attenuation`.
    confirmed : ConfirmedPhase, optional
        A reader's answer.
    protocol : Protocol, optional
        Without one, nothing is withheld.
    """
    wanted = protocol.phases if protocol else PHASES
    named = Phase(
        UNKNOWN, PhaseSource.NOTHING, {**_delay(header), **measured.values}, header.header, header.word, confirmed
    )
    phase, level, message = _settled(named, measured, wanted)
    if protocol is None and level is Level.WITHHOLD:
        level = Level.WARN
    values = phase.to_dict()
    if level is Level.WITHHOLD:
        values["answers"] = answers = [name for name in wanted if _can_be(name, measured)]
        if answers and confirmed is None:
            message += " " + _question(answers)
    return phase, Finding("phase", level, message, values)


def _settled(named: Phase, measured: Phase, wanted: tuple[str, ...]) -> tuple[Phase, Level, str]:
    """(phase, level of the finding, its sentence)."""
    found, told = _found(measured), _told(named)
    signature = _signature(wanted)
    as_measured = replace(named, name=measured.name, source=measured.source)
    confirmed = named.confirmed
    if confirmed is not None:
        who = f"{confirmed.by.reader} confirmed the {confirmed.name} phase ({confirmed.by.when})"
        if not _can_be(confirmed.name, measured):
            return as_measured, Level.WITHHOLD, f"{who}, but it is ruled out: {found}."
        by_reader = replace(named, name=confirmed.name, source=PhaseSource.READER)
        if confirmed.name not in wanted:
            return by_reader, Level.WITHHOLD, f"{who}; {signature}. {_sentence(found)}"
        if measured.name is confirmed.name and named.header in (None, confirmed.name):
            return as_measured, Level.PASS, f"Contrast phase: {measured.name} ({found}). {who}."
        guess = f", which looks {measured.name}" if measured.name not in (UNKNOWN, confirmed.name) else ""
        other = told if named.header is not confirmed.name else ""
        return by_reader, Level.WARN, f"{who}; measured: {found}{guess}{other}."
    if measured.name is not UNKNOWN:
        other = told if named.header not in (None, measured.name) else ""
        if measured.name not in wanted:
            return as_measured, Level.WITHHOLD, f"Contrast phase: {measured.name} ({found}){other}; {signature}."
        return as_measured, Level.WARN if other else Level.PASS, f"Contrast phase: {measured.name} ({found}){other}."
    if measured.values and not any(_can_be(name, measured) for name in wanted):
        return as_measured, Level.WITHHOLD, f"This is not the {' or '.join(wanted)} phase ({found}){told}; {signature}."
    if named.header:
        by_header = replace(named, name=named.header, source=PhaseSource.HEADER)
        if named.header not in wanted:
            message = f"Contrast phase: {named.header} {_by(named)}; {signature}. {_sentence(found)}"
            return by_header, Level.WITHHOLD, message
        if _header_counts(named.header, measured):
            return by_header, Level.PASS, f"Contrast phase: {named.header} {_by(named)}, not by measurement: {found}."
        return as_measured, Level.WITHHOLD, f"The contrast phase cannot be told: {found}{told}."
    return as_measured, Level.WITHHOLD, f"The contrast phase cannot be told: {found}, and the DICOM header names none."


def _can_be(name: ContrastPhase, measured: Phase) -> bool:
    """Whether a reader may say that it is phase `name`."""
    liver = measured.values.get("liver_hu")
    if liver is not None and not LIVER_HU[name][0] <= liver <= LIVER_HU[name][1]:
        return False
    return measured.name in (UNKNOWN, name) or name in _MAY_BE.get(measured.name, ())


def _header_counts(name: ContrastPhase, measured: Phase) -> bool:
    """Whether a header's word is enough although the measurement does not decide."""
    liver, aorta = measured.values.get("liver_hu"), measured.values.get("aorta_hu")
    if name in (PORTAL_VENOUS, DELAYED):
        if liver is not None and liver < ENHANCED_LIVER_HU:
            return False
        return aorta is None or PLAIN_AORTA_HU <= aorta <= PORTAL_AORTA_HU
    return True


def _signature(phases: tuple[str, ...]) -> str:
    return f"the signature was fitted on the {' or '.join(phases)} phase"


def _found(measured: Phase) -> str:
    """What was measured, in words."""
    liver, aorta = measured.values.get("liver_hu"), measured.values.get("aorta_hu")
    if liver is None:
        return "nothing is measured without a liver segment"
    if aorta is None:
        return f"liver {liver:.0f} HU, no aorta found"
    return f"liver {liver:.0f} HU, aorta {aorta:.0f} HU"


def _told(named: Phase) -> str:
    """What the header says beside a measurement."""
    return f", while the DICOM header says {named.header} {_how(named)}" if named.header else ""


def _by(named: Phase) -> str:
    return f"by the DICOM header {_how(named)}"


def _how(named: Phase) -> str:
    """The table's word, or the delay: never the header's own text."""
    return f"('{named.word}')" if named.word else f"({named.values['delay_s']:.0f} s after the injection)"


def _delay(header: Phase) -> dict[str, float]:
    return {name: value for name, value in header.values.items() if name == "delay_s"}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _question(answers: list[str]) -> str:
    given = " or ".join(f'--phase "{name}"' for name in answers)
    which = " or ".join(answers)
    return f"Look at the CT: if it is {which}, a reader can confirm it (in a shell: {given} --reader NAME)."
