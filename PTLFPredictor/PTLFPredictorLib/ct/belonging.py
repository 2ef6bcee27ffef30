"""Whether two files belong to one patient, without knowing who that is.

Identifiers are compared as hashes within one run; neither they nor the hashes are written anywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import BadInput
from .findings import Finding, Level

TAGS = {"patient": "PatientID", "study": "StudyInstanceUID", "frame": "FrameOfReferenceUID"}


def hashed_identifiers(get: Callable[[str], Any]) -> dict[str, str]:
    """Hashes of the identifiers that a DICOM header holds; `get` gives an entry's value or None."""
    found = {name: str(get(tag) or "").strip() for name, tag in TAGS.items()}
    return {name: hashlib.sha256(value.encode()).hexdigest() for name, value in found.items() if value}


def hashed_series(uids: Iterable[Any], ct: Mapping[str, str] | None = None) -> dict[str, str]:
    """Hash of the series among those that a file refers to: the CT's own if it is one of them; empty without any."""
    found = [hashlib.sha256(text.encode()).hexdigest() for uid in uids if (text := str(uid or "").strip())]
    own = (ct or {}).get("series")
    return {"series": own if own in found else found[0]} if found else {}


def check(
    segmentation: Mapping[str, str], ct: Mapping[str, str], *, positions_agree: bool, word: str = "DICOM SEG"
) -> list[Finding]:
    """What it means that a segmentation names another patient, study, series or frame of reference than the CT.

    Parameters
    ----------
    segmentation, ct : mapping
        `hashed_identifiers` and `hashed_series` of both; what one of them does not name is not compared.
    positions_agree : bool
        Whether the segmentation lies on the CT's own voxels.
    word : str
        What kind of file it is, for the sentences.

    Raises
    ------
    BadInput
        When the patients differ.
    """
    differ = {name for name in TAGS if name in segmentation and name in ct and segmentation[name] != ct[name]}
    if "patient" in differ:
        raise BadInput(f"The {word} belongs to another patient than the CT: their PatientID differ.")
    found = []
    if "study" in differ:
        message = f"The {word} belongs to another study than the CT: their StudyInstanceUID differ."
        found.append(Finding("segmentation_study", Level.WITHHOLD, message))
    if "frame" in differ:
        level, ending = (Level.WARN, "positions agree") if positions_agree else (Level.WITHHOLD, "grids differ too")
        message = f"The {word} names another frame of reference than the CT; the {ending}."
        found.append(Finding("segmentation_frame", level, message))
    series = segmentation.get("series")
    if not found and series and series != ct.get("series", series):
        message = (
            f"The {word} was drawn on another series of this study than the CT: their SeriesInstanceUID differ. "
            "Another phase, or another breath? Look whether the outlines fit, or choose that series."
        )
        found.append(Finding("segmentation_series", Level.WARN, message))
    return found
