"""The study's inclusion and exclusion criteria as a checklist: not answered withholds, not met withholds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ... import json_text
from ...confirmation import Confirmation
from ...ct import Finding, Level
from ...errors import BadInput
from ...measures.clinical import units
from ...measures.value import DIMENSIONLESS
from ..entries import Entered
from ..model import CriterionKind, Signature

BILIRUBIN = "bilirubin_umol_per_l"

BILIRUBIN_RANGE = (2.0, 2000.0)
"""Total bilirubin in umol/L that is plausible; below, it is more likely mg/dL."""

AMOUNT = replace(units.BILIRUBIN, range=BILIRUBIN_RANGE)
"""Total bilirubin with its units, umol/L first."""

ANSWERED_BY, ANSWERED_AT = "answered_by", "answered_at"
"""Entries of the answers that say who gave them, and when (ISO 8601)."""


class CriterionState(StrEnum):
    CONFIRMED = "confirmed"
    """The patient fits the study."""

    UNCONFIRMED = "unconfirmed"
    """Not answered."""

    VIOLATED = "violated"

    @property
    def shown(self) -> str:
        """For people; files keep the value."""
        return {self.CONFIRMED: "met", self.UNCONFIRMED: "not answered", self.VIOLATED: "not met"}[self]


@dataclass(frozen=True)
class ChecklistItem:
    """One criterion and its state."""

    id: str
    kind: CriterionKind
    text: str
    status: CriterionState

    @property
    def criterion(self) -> str:
        """As what the patient has to meet: "No extrahepatic metastases"."""
        return self.kind.criterion(self.text)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Eligibility:
    """The checklist of one patient, with bilirubin in umol/L and who answered, where known."""

    items: tuple[ChecklistItem, ...]
    bilirubin_umol_per_l: float | None = None
    answered: Confirmation | None = None

    @property
    def all_met(self) -> bool:
        return all(item.status is CriterionState.CONFIRMED for item in self.items)

    def of_state(self, state: CriterionState) -> list[ChecklistItem]:
        return [item for item in self.items if item.status is state]

    def to_dict(self) -> dict[str, Any]:
        return {
            "items": [item.to_dict() for item in self.items],
            BILIRUBIN: self.bilirubin_umol_per_l,
            "answered": None if self.answered is None else self.answered.to_dict(),
        }


def all_met(signature: Signature, confirmation: Confirmation) -> dict[str, Any]:
    """Answers of a reader for whom all criteria are met: every inclusion so, no exclusion."""
    answers = {criterion.id: criterion.kind is CriterionKind.INCLUSION for criterion in signature.eligibility}
    return {**answers, ANSWERED_BY: confirmation.reader, ANSWERED_AT: confirmation.time}


def known_entries(signature: Signature) -> set[str]:
    """Entries that answers may have."""
    return {criterion.id for criterion in signature.eligibility} | {BILIRUBIN, ANSWERED_BY, ANSWERED_AT}


def read_answers(path: str | Path | None) -> dict[str, Any]:
    """Answers from a JSON file ``{"hcc_confirmed": true, "bilirubin_umol_per_l": 14, ...}``; no file, no answers."""
    if path is None:
        return {}
    try:
        answers = json_text.read(path)
    except OSError as error:
        raise BadInput(f"The eligibility file {path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise BadInput(f"The eligibility file {Path(path).name} is not JSON: {error}.") from error
    if not isinstance(answers, dict):
        raise BadInput(f"The eligibility file {Path(path).name} must be a JSON object of answers.")
    return answers


def checklist(signature: Signature, answers: Mapping[str, Any]) -> Eligibility:
    """The signature's criteria with the user's answers.

    Parameters
    ----------
    answers : mapping
        By criterion id: True (it is so), False (it is not), None or absent (not confirmed); and
        ``bilirubin_umol_per_l``, ``answered_by`` and ``answered_at``.

    Raises
    ------
    BadInput
        For an unknown criterion or an answer that is none.
    """
    known = known_entries(signature)
    unknown = sorted(set(answers) - known)
    if unknown:
        raise BadInput(f"Unknown eligibility entry {', '.join(unknown)}; known are {', '.join(sorted(known))}.")
    bilirubin = answers.get(BILIRUBIN)
    if bilirubin is not None:
        checked_bilirubin(bilirubin)
    items = []
    for criterion in signature.eligibility:
        answer = answers.get(criterion.id)
        if answer not in (True, False, None) or (isinstance(answer, (int, float)) and not isinstance(answer, bool)):
            raise BadInput(f"The eligibility entry '{criterion.id}' must be true, false or null, not {answer!r}.")
        fits = None if answer is None else answer == (criterion.kind is CriterionKind.INCLUSION)
        status = {
            None: CriterionState.UNCONFIRMED,
            True: CriterionState.CONFIRMED,
            False: CriterionState.VIOLATED,
        }[fits]
        items.append(ChecklistItem(criterion.id, criterion.kind, criterion.text, status))
    return Eligibility(tuple(items), bilirubin, _answered(answers))


def checked_bilirubin(value: Any, unit: str = "umol/L") -> float:
    """Total bilirubin in umol/L.

    Raises
    ------
    BadInput
        For what is no number and what is implausible; where it is plausible in the other unit, it says so.
    """
    own = AMOUNT.unit_named(unit)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInput(f"Bilirubin must be a number in {own.shown}, not {value!r}.")
    refused = f"Bilirubin {value:g} {own.shown} is implausible"
    if math.isfinite(value):
        if (other := AMOUNT.other_unit(value, unit)) is not None:
            meant = (
                f"{value:g} {AMOUNT.unit_named(other).shown} are {AMOUNT.convert(value, other, unit):.2g} {own.shown}"
            )
            raise BadInput(f"{refused}; {meant}.")
        low, high = AMOUNT.range_in(unit)
        if low <= value <= high:
            return AMOUNT.convert(value, unit)
    raise BadInput(f"{refused}.")


def answer_of(kind: CriterionKind, state: CriterionState) -> bool | None:
    """What stands in the answers where a criterion of this kind is met, not met, or not answered."""
    return (
        None
        if state is CriterionState.UNCONFIRMED
        else (kind is CriterionKind.INCLUSION) == (state is CriterionState.CONFIRMED)
    )


def _answered(answers: Mapping[str, Any]) -> Confirmation | None:
    name, time = answers.get(ANSWERED_BY), answers.get(ANSWERED_AT)
    for entry, value in ((ANSWERED_BY, name), (ANSWERED_AT, time)):
        if value is not None and not isinstance(value, str):
            raise BadInput(f"The eligibility entry '{entry}' must be a text, not {value!r}.")
    return Confirmation(name, time or "") if name else None


def findings(signature: Signature, eligibility: Eligibility, entered: Entered) -> list[Finding]:
    """What the checklist and the outcome's own laboratory criteria mean for Radscore and risk."""
    found = []
    for item in eligibility.of_state(CriterionState.VIOLATED):
        message = f"The study did not include such patients: not met is '{item.criterion}'."
        found.append(Finding(f"eligibility_{item.id}", Level.WITHHOLD, message))
    open_items = eligibility.of_state(CriterionState.UNCONFIRMED)
    if open_items:
        found.append(
            Finding(
                "eligibility",
                Level.WITHHOLD,
                f"{len(open_items)} of {len(eligibility.items)} criteria of the study are not answered for this "
                "patient. Answer them under Eligibility (shell: --eligibility FILE, or --all-criteria-met with "
                "--reader NAME).",
                {"unanswered": [item.id for item in open_items]},
            )
        )
    limits = signature.limits
    inr = amount_of(signature, entered, "inr", DIMENSIONLESS)
    if inr is not None and inr > limits.inr_outcome:
        found.append(
            Finding(
                "outcome_present_inr",
                Level.WITHHOLD,
                f"INR {inr:g} is above {limits.inr_outcome:g}: by the study's definition liver failure is "
                "already present.",
                {"inr": inr},
            )
        )
    typed = amount_of(signature, entered, "bilirubin", "umol/L")
    known = [value for value in (eligibility.bilirubin_umol_per_l, typed) if value is not None]
    bilirubin = max(known, default=None)
    if bilirubin is not None and bilirubin >= limits.bilirubin_umol_per_l:
        found.append(
            Finding(
                "outcome_present_bilirubin",
                Level.WITHHOLD,
                f"Bilirubin {bilirubin:g} µmol/L is at or above {limits.bilirubin_umol_per_l:g}: by the study's "
                "definition liver failure is already present.",
                {"bilirubin_umol_per_l": bilirubin},
            )
        )
    return found


def amount_of(signature: Signature, entered: Entered, quantity: str, unit: str) -> float | None:
    """The highest that was entered of a quantity ("bilirubin"), in `unit`; None where there is none."""
    found = (
        entry.quantity.convert(entered.values[entry.id], entry.unit, unit)
        for entry in signature.entries
        if entry.quantity_name == quantity and entry.id in entered.values
    )
    return max(found, default=None)
