"""Small things of wording that all statements share."""

from __future__ import annotations

from ...ct.findings import Level
from ...signature.policy.eligibility import CriterionState

LEVEL_WORDS = {
    Level.PASS: "\u2713 met",
    Level.WARN: "! note",
    Level.WITHHOLD: "\u25a0 blocks the risk",
    Level.FAIL: "\u2715 stops",
}
"""Sign and word for each level of a finding: readable without colour."""

CRITERION_WORDS = {
    CriterionState.CONFIRMED: f"\u2713 {CriterionState.CONFIRMED.shown}",
    CriterionState.UNCONFIRMED: f"? {CriterionState.UNCONFIRMED.shown}",
    CriterionState.VIOLATED: f"\u25a0 {CriterionState.VIOLATED.shown}",
}
"""Of a criterion, which is worded as what must be so: "No extrahepatic metastases"."""


def sentence(text: str) -> str:
    """With a capital letter and a full stop; "" stays."""
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + "."


def sentences(*texts: str) -> str:
    """Each as a sentence, on one line."""
    return " ".join(filter(None, map(sentence, texts)))
