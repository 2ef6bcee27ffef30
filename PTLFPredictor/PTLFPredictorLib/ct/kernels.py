"""Convolution kernels by class: what the makers' own names say of sharpness, so that scanners can be compared.

A class is coarse on purpose: it tells a soft tissue kernel from a lung or bone kernel, not one scanner's soft tissue
from another's.  A name that is in no table is "not recognised", never guessed.
"""

from __future__ import annotations

import re
from enum import StrEnum


class KernelClass(StrEnum):
    """How sharp a kernel is, or what it is for."""

    SOFT = "soft"
    STANDARD = "standard"
    SHARP = "sharp"
    LUNG = "lung"
    BONE = "bone"


SOFT, STANDARD, SHARP, LUNG, BONE = CLASSES = tuple(KernelClass)

_GE = {
    SOFT: "SOFT",
    STANDARD: "STANDARD STND STD",
    SHARP: "DETAIL CHEST",
    LUNG: "LUNG",
    BONE: "BONE BONEPLUS EDGE ULTRA",
}
"""GE names what a kernel is for.  Order of sharpness as measured by Solomon, Christianson and Samei (Med Phys 2012; 39:
6048): soft, standard, then detail and chest, then lung, bone and edge."""

_PHILIPS = {SOFT: "A", STANDARD: "B", SHARP: "C D YA YB YC YD", LUNG: "L"}
"""Philips: A smooth, B standard, C and D sharp, Y with enhanced edges, L lung.  No other maker names a kernel by one
letter.  E, F, U and what is for heads and hearts is not in this table."""

_BY_NAME = {
    name: sort for table in (_GE, _PHILIPS) for sort, names in table.items() for name in names.split()
}  # a name stands in one of them only

_SIEMENS = re.compile(r"(?P<family>B|I|BR|BF|BV|BL|BC|BP|QR|QF|QV|UR)(?P<index>\d\d)[A-Z]{0,2}(-[A-Z])?")
"""B30f, I31f, Br40d, Qr40: family and index of sharpness; heads (H, J) have scales of their own."""

_SIEMENS_STANDARD = (30, 50)
"""Indices of standard kernels: "as standard kernels for body tissue studies B30s or B40s are recommended; softer images
are obtained with B20s or B10s", "for higher sharpness B50s, B60s, B70s, B80s" (Siemens, Somatom Sensation, operating
instructions A60).  Br36 to Br49 of newer scanners are the standard of the abdomen by the same numbers."""

_CANON = re.compile(r"FC(?P<index>\d\d)[A-Z]?(-[A-Z])?")
"""Canon and Toshiba: FC and two digits."""

_CANON_BODY = {SOFT: (1, 11), STANDARD: (2, 3, 7, 8, 9, 10, 12, 13, 17, 18, 19), SHARP: (4, 5, 14, 15)}
"""FC01 to FC05 run from smooth to sharp with correction of beam hardening, FC11 to FC15 the same without it; FC07 to
FC10 and FC17 to FC19 are the standard of body tissue (FC08 and FC18 in most abdominal protocols, FC10 in NLST)."""


def class_of(name: str | None) -> KernelClass | None:
    """The class of a kernel, None where its name is in no table.

    Parameters
    ----------
    name : str or None
        As `description.kernel` keeps it: "B30f", "I31f/3", "STANDARD", "FC08", or a class itself.
    """
    words = [word for word in re.split(r"[/\s_]+", str(name or "").strip()) if word]
    if not words:
        return None
    first = words[0].upper()
    if first.lower() in CLASSES:
        return KernelClass(first.lower())
    if first in _BY_NAME:
        return _BY_NAME[first]
    if match := _SIEMENS.fullmatch(first):
        if match["family"] == "BL":
            return LUNG
        low, high = _SIEMENS_STANDARD
        index = int(match["index"])
        return SOFT if index < low else STANDARD if index < high else SHARP
    if match := _CANON.fullmatch(first):
        return _canon(int(match["index"]))
    return None


def _canon(index: int) -> KernelClass | None:
    """FC20 to FC29 are for heads and in no class."""
    if 30 <= index < 40 or 80 <= index < 90:
        return BONE
    if 50 <= index < 60:
        return LUNG
    return next((sort for sort, indices in _CANON_BODY.items() if index in indices), None)
