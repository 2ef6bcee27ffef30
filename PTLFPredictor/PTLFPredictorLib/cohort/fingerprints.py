"""Which CTs a signature was fitted on, so that a validation can tell whether its cases are others.

`calibrate` and `develop` put the fingerprints into the evidence (``calibration["fitted_on"]``); they are digits of a
hash of the pixels and name nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .extraction import ExtractedCase

FITTED_ON = "fitted_on"
"""Key in an evidence's ``calibration``."""

DIGITS = 16


def fingerprint(case: ExtractedCase) -> str:
    """Of a case's CT."""
    return case.ct_identity[:DIGITS]


def fingerprints(cases: Iterable[ExtractedCase]) -> list[str]:
    """Of all of them, sorted: their order says nothing of the table's."""
    return sorted({fingerprint(case) for case in cases})


def fitted_on(calibration: Mapping[str, Any]) -> frozenset[str] | None:
    """What the evidence says; None where it does not."""
    found = calibration.get(FITTED_ON)
    return frozenset(map(str, found)) if isinstance(found, list) else None
