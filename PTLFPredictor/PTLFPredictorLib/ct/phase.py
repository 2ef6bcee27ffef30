"""Contrast phase: measured first, then what the DICOM header says, then what a reader answers.

"unknown" is an answer: a phase is named only where attenuation or header leave no doubt, and an unknown one withholds
until a reader confirms it.  A word in a header never overrules a measurement without a finding, and no answer overrules
a liver that cannot be in that phase.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..confirmation import Confirmation
from ..errors import BadInput
from .aorta import aorta_hu
from .findings import Finding, Level, Protocol
from .phase_words import ARTERIAL, DELAYED, PORTAL_VENOUS, UNENHANCED, UNKNOWN, named_by

PHASES = (UNENHANCED, ARTERIAL, PORTAL_VENOUS, DELAYED)

_TEXTS = ("SeriesDescription", "AcquisitionContrast", "ImageComments")
"""Header entries that may name the phase; protocol and study descriptions name what was planned, often all phases."""

_DELAYS_S = ((ARTERIAL, 15, 42), (PORTAL_VENOUS, 55, 95), (DELAYED, 150, 900))
"""Seconds after the start of injection: early arterial 20, late arterial 35, portal venous 60 (Francis et al., AJR
2003); 35, 65 and delayed 360 (Choi et al., J Korean Radiol Soc 1995).  Between the ranges, which allow for slow
hearts and the scan's own length, the delay does not decide."""

LIVER_HU = {PORTAL_VENOUS: (65.0, 250.0), DELAYED: (50.0, 250.0), ARTERIAL: (20.0, 125.0), UNENHANCED: (-50.0, 100.0)}
"""Median HU of the liver's parenchyma that a phase can have; outside, the phase is ruled out, whoever says it.

Without contrast 58.8 +- 10.8 (3357 adults; at most 40, steatosis, in 6 %: Boyce et al., AJR 2010); in the
portal venous phase 39.8 +- 11.9 more in cirrhosis, 56.2 +- 13.7 without (Naruo et al., Radiat Med 2007; 25: 106); in
the late arterial phase 15 to 25 more (Goshima et al., AJR 2006).  So a cirrhotic portal venous liver has
98.6 +- 16.1, and 65 lies 2.1 SD below: one in fifty falls short, against seven of ten without contrast.  Measured here:
45 to 48 without contrast, 50 to 55 arterial, 93 to 119 portal venous.  The other limits leave room for steatosis and
iron; 250 is no liver in any phase."""

ENHANCED_LIVER_HU = 80.0
"""Above this (58.8 + 2 x 10.8) a liver without contrast hardly lies: asked for before a header's word is enough."""

PORTAL_AORTA_HU = 270.0
"""Above this an aorta is arterial: 40 HU of blood and 117 to 125 of enhancement in the portal venous phase (Goshima;
arterial 300 to 336), 4 SD of 20, and a quarter more at 100 kV."""

PLAIN_AORTA_HU = 75.0
"""Below this an aorta holds no contrast (30 to 50 HU without): a bright liver beside it holds iron or amiodarone."""


@dataclass(frozen=True)
class ConfirmedPhase:
    """A contrast phase that a reader answers for."""

    name: str
    by: Confirmation

    @classmethod
    def now(cls, name: str, reader: str) -> ConfirmedPhase:
        """Confirmed at this moment.

        Raises
        ------
        BadInput
            For a phase that there is not, or without a reader's name.
        """
        name = re.sub(r"[\s_-]+", " ", name.strip().lower())
        if name not in PHASES:
            raise BadInput(f"There is no contrast phase '{name}'; it is one of {', '.join(PHASES)}.")
        return cls(name, Confirmation.now(reader, "the contrast phase"))

    def to_dict(self) -> dict[str, str]:
        return {"name": self.name, "reader": self.by.reader, "time": self.by.time}


@dataclass(frozen=True)
class Phase:
    """A contrast phase and how it is known.

    Parameters
    ----------
    name : str
        One of `PHASES`, or "unknown".
    source : str
        "attenuation", "header", "reader" or "".
    values : mapping
        Median HU of liver and aorta, delay in seconds, as far as they are known.
    header, word : str
        The phase that the header names ("" if none), and by which word of the table ("" where by the delay).
    confirmed : ConfirmedPhase, optional
    """

    name: str
    source: str
    values: Mapping[str, float] = field(default_factory=dict)
    header: str = ""
    word: str = ""
    confirmed: ConfirmedPhase | None = None

    def to_dict(self) -> dict[str, Any]:
        """For the record: no text of the header."""
        return {
            "name": self.name,
            "source": self.source,
            "values": dict(self.values),
            "header": {"name": self.header, "word": self.word} if self.header else None,
            "confirmed": self.confirmed.to_dict() if self.confirmed else None,
        }


def from_header(get: Any) -> Phase:
    """Phase by a DICOM header; `get` takes a keyword and returns its value or None."""
    name, word = named_by(" | ".join(str(get(tag) or "") for tag in _TEXTS))
    if name != UNKNOWN:
        return Phase(name, "header", {}, name, word)
    delay = _seconds(get("AcquisitionTime")) - _seconds(get("ContrastBolusStartTime"))
    for name, low, high in _DELAYS_S:
        if low <= delay <= high:
            return Phase(name, "header", {"delay_s": delay}, name)
    return Phase(UNKNOWN, "")


def _seconds(time: Any) -> float:
    """Seconds of a DICOM time (HHMMSS.F); NaN if absent, which no comparison accepts."""
    match = re.fullmatch(r"(\d\d)(\d\d)(\d\d(?:\.\d+)?)", str(time or "").strip())
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) if match else float("nan")


def from_attenuation(image: sitk.Image, parenchyma: sitk.Image | None) -> Phase:
    """Phase by the median HU of parenchyma and aorta.

    Parameters
    ----------
    image : sitk.Image
        Canonical CT (axes L, P, S; HU).
    parenchyma : sitk.Image or None
        Mask (> 0) in the same geometry; without one nothing is measured.
    """
    mask = None if parenchyma is None else sitk.GetArrayViewFromImage(parenchyma) > 0
    if mask is None or not mask.any():
        return Phase(UNKNOWN, "")
    values = {"liver_hu": float(np.median(sitk.GetArrayViewFromImage(image)[mask]))}
    aorta = aorta_hu(image, mask)
    if aorta is None:
        return Phase(UNKNOWN, "", values)
    values["aorta_hu"] = aorta
    name = classify(values["liver_hu"], aorta)
    return Phase(name, "attenuation" if name != UNKNOWN else "", values)


def classify(liver_hu: float, aorta_hu: float) -> str:
    """Phase from two attenuations; the bands leave gaps, in which the answer is "unknown".

    Means are those at `LIVER_HU` and `PORTAL_AORTA_HU`, blood without contrast 30 to 50 HU.

    - unenhanced: liver and aorta both below 75, which is 1.5 SD above a liver and far above blood without contrast;
    - arterial: an aorta above 200 (portal venous mean of 165 and nearly 2 SD) that leads the liver by more than 130,
      twice the 60 to 70 of the portal venous phase, over a liver below 95 (59, 25 of enhancement and 1 SD);
    - portal venous: a liver of 85 or more (above all but 1 % of livers without contrast), an aorta between 110 and
      220 (mean and 2.5 SD) that leads it by 5 to 110;
    - delayed: the aorta has fallen to within 20 of the liver, both between the bands without contrast and above.
    """
    lead = aorta_hu - liver_hu
    if aorta_hu < PLAIN_AORTA_HU and LIVER_HU[UNENHANCED][0] <= liver_hu < 75:
        return UNENHANCED
    if aorta_hu > 200 and lead > 130 and liver_hu < 95:
        return ARTERIAL
    if liver_hu >= 85 and 110 <= aorta_hu <= 220 and 5 <= lead <= 110:
        return PORTAL_VENOUS
    if 65 <= liver_hu <= 100 and 75 <= aorta_hu < 110 and abs(lead) < 20:
        return DELAYED
    return UNKNOWN


_MAY_BE = {DELAYED: (PORTAL_VENOUS,), PORTAL_VENOUS: (DELAYED, ARTERIAL)}
"""Measured phase -> what it may be instead, if a reader says so: in cirrhosis the portal venous liver is enhanced less,
and late arterial, portal venous and delayed run into one another.  No contrast and the arterial phase are certain."""


def before_segments(header: Phase, protocol: Protocol | None) -> Finding:
    """What the header's phase means as long as there is no liver segment to measure in; `settle` decides later."""
    values, later = header.to_dict(), "It is measured once there is a liver segment."
    if header.name == UNKNOWN:
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
    named = Phase(UNKNOWN, "", {**_delay(header), **measured.values}, header.header, header.word, confirmed)
    phase, level, message = _settled(named, measured, wanted)
    if protocol is None and level == Level.WITHHOLD:
        level = Level.WARN
    values = phase.to_dict()
    if level == Level.WITHHOLD:
        values["answers"] = answers = [name for name in wanted if _can_be(name, measured)]
        if answers and confirmed is None:
            message += " " + _question(answers)
    return phase, Finding("phase", level, message, values)


def _settled(named: Phase, measured: Phase, wanted: tuple[str, ...]) -> tuple[Phase, str, str]:
    """(phase, level of the finding, its sentence)."""
    found, told = _found(measured), _told(named)
    signature = _signature(wanted)
    as_measured = replace(named, name=measured.name, source=measured.source)
    confirmed = named.confirmed
    if confirmed is not None:
        who = f"{confirmed.by.reader} confirmed the {confirmed.name} phase ({confirmed.by.time})"
        if not _can_be(confirmed.name, measured):
            return as_measured, Level.WITHHOLD, f"{who}, but it is ruled out: {found}."
        by_reader = replace(named, name=confirmed.name, source="reader")
        if confirmed.name not in wanted:
            return by_reader, Level.WITHHOLD, f"{who}; {signature}. {_sentence(found)}"
        if measured.name == confirmed.name and named.header in ("", confirmed.name):
            return as_measured, Level.PASS, f"Contrast phase: {measured.name} ({found}). {who}."
        guess = f", which looks {measured.name}" if measured.name not in (UNKNOWN, confirmed.name) else ""
        other = told if named.header != confirmed.name else ""
        return by_reader, Level.WARN, f"{who}; measured: {found}{guess}{other}."
    if measured.name != UNKNOWN:
        other = told if named.header not in ("", measured.name) else ""
        if measured.name not in wanted:
            return as_measured, Level.WITHHOLD, f"Contrast phase: {measured.name} ({found}){other}; {signature}."
        return as_measured, Level.WARN if other else Level.PASS, f"Contrast phase: {measured.name} ({found}){other}."
    if measured.values and not any(_can_be(name, measured) for name in wanted):
        return as_measured, Level.WITHHOLD, f"This is not the {' or '.join(wanted)} phase ({found}){told}; {signature}."
    if named.header:
        by_header = replace(named, name=named.header, source="header")
        if named.header not in wanted:
            message = f"Contrast phase: {named.header} {_by(named)}; {signature}. {_sentence(found)}"
            return by_header, Level.WITHHOLD, message
        if _header_counts(named.header, measured):
            return by_header, Level.PASS, f"Contrast phase: {named.header} {_by(named)}, not by measurement: {found}."
        return as_measured, Level.WITHHOLD, f"The contrast phase cannot be told: {found}{told}."
    return as_measured, Level.WITHHOLD, f"The contrast phase cannot be told: {found}, and the DICOM header names none."


def _can_be(name: str, measured: Phase) -> bool:
    """Whether a reader may say that it is phase `name`."""
    liver = measured.values.get("liver_hu")
    if liver is not None and not LIVER_HU[name][0] <= liver <= LIVER_HU[name][1]:
        return False
    return measured.name in (UNKNOWN, name) or name in _MAY_BE.get(measured.name, ())


def _header_counts(name: str, measured: Phase) -> bool:
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
