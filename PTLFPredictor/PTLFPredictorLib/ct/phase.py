"""Contrast phase: measured first, then what the DICOM header says, then what a reader answers.

"unknown" is an answer: a phase is named only where attenuation or header leave no doubt, and an unknown one withholds
until a reader confirms it.  A word in a header never overrules a measurement without a finding, and no answer overrules
a liver that cannot be in that phase.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..confirmation import Confirmation
from ..errors import BadInput
from .aorta import aorta_hu
from .phase_words import ARTERIAL, DELAYED, PORTAL_VENOUS, UNENHANCED, UNKNOWN, ContrastPhase, named_by

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

    name: ContrastPhase
    by: Confirmation

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", ContrastPhase(self.name))  # a scene keeps the word

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
        return cls(ContrastPhase(name), Confirmation.now(reader, "the contrast phase"))

    def to_dict(self) -> dict[str, str]:
        return {"name": self.name.value, "reader": self.by.reader, "time": self.by.time}


class PhaseSource(StrEnum):
    """What a phase is known by."""

    ATTENUATION = "attenuation"
    HEADER = "header"
    READER = "reader"
    NOTHING = ""


@dataclass(frozen=True)
class Phase:
    """A contrast phase and how it is known.

    Parameters
    ----------
    name : ContrastPhase
    source : PhaseSource
    values : mapping
        Median HU of liver and aorta, delay in seconds, as far as they are known.
    header : ContrastPhase or None
        The phase that the header names.
    word : str
        By which word of the table; "" where by the delay.
    confirmed : ConfirmedPhase, optional
    """

    name: ContrastPhase = UNKNOWN
    source: PhaseSource = PhaseSource.NOTHING
    values: Mapping[str, float] = field(default_factory=dict)
    header: ContrastPhase | None = None
    word: str = ""
    confirmed: ConfirmedPhase | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", ContrastPhase(self.name))
        object.__setattr__(self, "source", PhaseSource(self.source))

    def to_dict(self) -> dict[str, Any]:
        """For the record: no text of the header."""
        return {
            "name": self.name.value,
            "source": self.source.value,
            "values": dict(self.values),
            "header": {"name": self.header.value, "word": self.word} if self.header else None,
            "confirmed": self.confirmed.to_dict() if self.confirmed else None,
        }


def from_header(get: Any) -> Phase:
    """Phase by a DICOM header; `get` takes a keyword and returns its value or None."""
    name, word = named_by(" | ".join(str(get(tag) or "") for tag in _TEXTS))
    if name is not UNKNOWN:
        return Phase(name, PhaseSource.HEADER, {}, name, word)
    delay = _seconds(get("AcquisitionTime")) - _seconds(get("ContrastBolusStartTime"))
    for name, low, high in _DELAYS_S:
        if low <= delay <= high:
            return Phase(name, PhaseSource.HEADER, {"delay_s": delay}, name)
    return Phase()


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
        return Phase()
    values = {"liver_hu": float(np.median(sitk.GetArrayViewFromImage(image)[mask]))}
    aorta = aorta_hu(image, mask)
    if aorta is None:
        return Phase(UNKNOWN, PhaseSource.NOTHING, values)
    values["aorta_hu"] = aorta
    name = classify(values["liver_hu"], aorta)
    return Phase(name, PhaseSource.ATTENUATION if name is not UNKNOWN else PhaseSource.NOTHING, values)


ARTERIAL_AORTA_HU, ARTERIAL_LEAD_HU, ARTERIAL_LIVER_HU = 200.0, 130.0, 95.0
"""Arterial: an aorta nearly 2 SD (20) above the portal venous mean of 165, that leads the liver by twice the 60 to 70
of the portal venous phase, over a liver below 59 + 25 of enhancement + 1 SD (10.8)."""

PORTAL_LIVER_HU, PORTAL_AORTA_BAND_HU, PORTAL_LEAD_HU = 85.0, (110.0, 220.0), (5.0, 110.0)
"""Portal venous: a liver above all but 1 % of those without contrast (58.8 + 2.4 x 10.8), an aorta within 2.5 SD of its
mean of 165, that leads the liver by its mean of nearly 60 and at most 2 SD of the difference (26: 20 of the aorta, 16
of the liver) more or less."""

DELAYED_LIVER_HU, DELAYED_AORTA_HU, DELAYED_LEAD_HU = (65.0, 100.0), (PLAIN_AORTA_HU, 110.0), 20.0
"""Delayed: the aorta has fallen to the liver's attenuation within 1 SD (20); the liver from the least to the mean of a
cirrhotic one in the portal venous phase, the aorta between blood without contrast and the portal venous band."""


def classify(liver_hu: float, aorta_hu: float) -> ContrastPhase:
    """Phase from two attenuations; the bands leave gaps, in which the answer is "unknown".

    The numbers stand above, with means as at `LIVER_HU` and `PORTAL_AORTA_HU`.  Unenhanced: liver and aorta both below
    `PLAIN_AORTA_HU`, which is 1.5 SD above a liver and far above blood without contrast.
    """
    lead = aorta_hu - liver_hu
    if aorta_hu < PLAIN_AORTA_HU and LIVER_HU[UNENHANCED][0] <= liver_hu < PLAIN_AORTA_HU:
        return UNENHANCED
    if aorta_hu > ARTERIAL_AORTA_HU and lead > ARTERIAL_LEAD_HU and liver_hu < ARTERIAL_LIVER_HU:
        return ARTERIAL
    if liver_hu >= PORTAL_LIVER_HU and _in(PORTAL_AORTA_BAND_HU, aorta_hu) and _in(PORTAL_LEAD_HU, lead):
        return PORTAL_VENOUS
    low, high = DELAYED_AORTA_HU
    if _in(DELAYED_LIVER_HU, liver_hu) and low <= aorta_hu < high and abs(lead) < DELAYED_LEAD_HU:
        return DELAYED
    return UNKNOWN


def _in(band: tuple[float, float], hu: float) -> bool:
    return band[0] <= hu <= band[1]
