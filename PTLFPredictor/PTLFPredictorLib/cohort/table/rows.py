"""Rows as cases: each cell checked, what is implausible told and not used."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...ct import ConfirmedPhase, Level
from ...errors import BadInput
from ...segmentation import provenance
from ...segmentation.names import role_named
from ...segmentation.origin import Origin
from ...segmentation.reading import Source, parse_labels
from ...signature import Entered, Signature, all_met
from ...signature.policy.eligibility import ANSWERED_AT, ANSWERED_BY, BILIRUBIN, BILIRUBIN_RANGE
from . import values, words
from .case import Case, ClinicalColumn, LeftOut, Split
from .columns import Field, listed
from .finding import Code, TableFinding
from .numbers import is_missing
from .outcome import Components, OutcomeRule, Sign
from .paths import path_of, sources_of, there
from .row import Layout, Row

_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
"""What a spreadsheet makes of a long number."""

_YES_OR_NO = "yes or no"

_MEASURED = {
    "bilirubin_umol_per_l": Field.BILIRUBIN_AFTER,
    "inr": Field.INR_AFTER,
    "pta_percent": Field.PTA_AFTER,
}

_SIGNS = {
    "ascites": Field.ASCITES_AFTER,
    "encephalopathy": Field.ENCEPHALOPATHY_AFTER,
    "ascites_before": Field.ASCITES_BEFORE,
    "encephalopathy_before": Field.ENCEPHALOPATHY_BEFORE,
}


_BASELINE = {
    Field.BILIRUBIN: "umol/L",
    Field.ASCITES_BEFORE: "",
    Field.ENCEPHALOPATHY_BEFORE: "",
}
"""What is known of a patient before TACE and is no entry of the signature: with its unit; 0 or 1 for a sign."""


class NoCaseError(Exception):
    """Why a row is no case."""


def cases_of(
    layout: Layout, signature: Signature, rule: OutcomeRule, base: Path, images: bool
) -> tuple[list[Case], list[LeftOut]]:
    """The rows that are cases, and those that are none.

    Parameters
    ----------
    layout : Layout
        Takes the findings.
    base : Path
        Paths are relative to it.
    images : bool
        Whether CT and segments must be there.
    """
    cases, left_out = [], []
    for row in layout.rows():
        try:
            cases.append(_case(row, signature, rule, base, images))
        except NoCaseError as reason:
            left_out.append(LeftOut(row.number, row.text(Field.ID), str(reason)))
            message = f"left out: {reason}."
            layout.findings.append(TableFinding(row.number, "", Level.WITHHOLD, Code.LAYOUT, message))
    return cases, left_out


def _case(row: Row, signature: Signature, rule: OutcomeRule, base: Path, images: bool) -> Case:
    width, wide = row.layout.sheet.width, len(row.cells)
    if wide > width:
        raise NoCaseError(f"it has {wide} cells, the header {width} (a decimal comma without quotation marks?)")
    name = row.text(Field.ID)
    if not name:
        raise NoCaseError("it has no case id")
    if _SHORTENED.fullmatch(name):
        raise NoCaseError("the spreadsheet has shortened the case id to a rounded number")
    acquisition = words.whole(row.text(Field.ACQUISITION))
    if acquisition and not acquisition.isdecimal():
        raise NoCaseError("its acquisition is no whole number")
    ct = _ct(row, base, images)
    segmentation, second = (_sources(row, held, base, images) for held in (Field.SEGMENTATION, Field.SEGMENTATION_2))
    components = _components(row)
    return Case(
        row=row.number,
        id=name,
        ct=ct,
        segmentation=segmentation,
        segmentation_2=second,
        labels=row.answer(Field.LABELS, parse_labels),
        mask_origin=_mask_origin(row, segmentation),
        series_uid=row.text(Field.SERIES) or None,
        acquisition=int(acquisition) if acquisition else None,
        phase=_phase(row),
        entered=_entered(row, signature),
        clinical={**row.clinical(), **_before(row, components, signature)},
        outcome=_outcome(row, components, rule),
        components=components,
        all_criteria_met=row.word(Field.ALL_MET, words.yes_or_no, _YES_OR_NO),
        answers=_answers(row, signature),
        patient=row.text(Field.PATIENT),
        centre=row.text(Field.CENTRE),
        split=row.word(Field.SPLIT, words.split, "training, validation or external validation") or Split.NONE,
        synthetic=bool(row.word(Field.SYNTHETIC, words.yes_or_no, _YES_OR_NO)),
    )


def _ct(row: Row, base: Path, needed: bool) -> Path:
    text = row.text(Field.CT)
    if not text and needed:
        raise NoCaseError("it names no CT")
    ct = path_of(text, base) if text else Path()
    if needed and not there(ct):
        raise NoCaseError("its CT is not there, or is an empty folder")
    return ct


def _sources(row: Row, held: str, base: Path, needed: bool) -> tuple[Source, ...]:
    found: list[Source] = []
    for column in listed(row.layout.columns, held):
        if not is_missing(cell := row.cell(column)):
            found += sources_of(cell, base, role_named(column.stated))
    if needed and not all(there(source.path) for source in found):
        raise NoCaseError("a segmentation file is not there")
    return tuple(found)


def _mask_origin(row: Row, given: Sequence[Source]) -> Origin | None:
    def said(text: str) -> Origin:
        if not given:
            raise BadInput("it says who drew segments, but the row names none: the model draws them.")
        by = row.require_reader(Field.MASK_READER)
        drawn = "hand" if text.casefold() in ("hand", "by hand", "manual") else text
        return _said(drawn, by.reader).with_changes(named=by)

    return row.answer(Field.MASK_ORIGIN, said, Code.READER)


@functools.cache
def _said(text: str, reader: str) -> Origin:
    return provenance.said(text, reader) or Origin()


def _phase(row: Row) -> ConfirmedPhase | None:
    def confirmed(text: str) -> ConfirmedPhase:
        by = row.require_reader(Field.PHASE_READER)
        return ConfirmedPhase(ConfirmedPhase.now(text, by.reader).name, by)

    return row.answer(Field.PHASE, confirmed, Code.READER)


def _answers(row: Row, signature: Signature) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    by = row.answered_by(Field.CRITERIA_READER)
    all_are_met = words.yes_or_no(row.text(Field.ALL_MET))
    if all_are_met and by is None:
        message = "nobody answers for it: name the reader in a column 'reader'. The criteria count as not answered."
        row.tell(Field.ALL_MET, Level.WITHHOLD, Code.READER, message)
    elif all_are_met and by is not None:
        answers = all_met(signature, by)
    for criterion in signature.eligibility:
        answer = row.word(criterion.id, words.yes_or_no, _YES_OR_NO)
        if answer is None:
            continue
        if all_are_met and answer != answers.get(criterion.id, answer):
            message = f"contradicts '{row.layout.of[Field.ALL_MET].title}'; this answer counts."
            row.tell(criterion.id, Level.WITHHOLD, Code.CONTRADICTION, message)
        answers[criterion.id] = answer
    if answers and by is not None:
        answers |= {ANSWERED_BY: by.reader, ANSWERED_AT: by.time}
    bilirubin = row.amount(Field.BILIRUBIN)
    if bilirubin is not None and bilirubin >= BILIRUBIN_RANGE[0]:
        answers[BILIRUBIN] = bilirubin
    return answers


def _components(row: Row) -> Components:
    def severity(held: str) -> Sign | None:
        return row.word(held, words.sign, "yes, no, a grade from 1 to 4, or a word for one")

    measured = {name: row.amount(held) for name, held in _MEASURED.items()}
    return Components(**measured, **{name: severity(held) for name, held in _SIGNS.items()})


def baseline_columns(layout: Layout, signature: Signature) -> tuple[ClinicalColumn, ...]:
    """Columns of `Case.clinical` that the table has under names of its own meaning."""
    asked = {entry.id for entry in signature.entries}
    return tuple(
        ClinicalColumn(held.value, unit) for held, unit in _BASELINE.items() if held in layout.of and held not in asked
    )


def _before(row: Row, components: Components, signature: Signature) -> dict[str, float]:
    signs = {
        Field.ASCITES_BEFORE: components.ascites_before,
        Field.ENCEPHALOPATHY_BEFORE: components.encephalopathy_before,
    }
    found: dict[str, float] = {}
    for column in baseline_columns(row.layout, signature):
        value = row.amount(column.name) if column.unit else signs[Field(column.name)]
        if value is not None:
            found[column.name] = float(value.present) if isinstance(value, Sign) else value
    return found


def _outcome(row: Row, components: Components, rule: OutcomeRule) -> bool | None:
    told = row.word(Field.OUTCOME, words.yes_or_no, _YES_OR_NO)
    derived = components.outcome(rule)
    if told is None or derived is None or told == derived:
        return derived if told is None else told
    message = f"contradicts its components by the rule '{rule}': the outcome counts as not known."
    row.tell(Field.OUTCOME, Level.WITHHOLD, Code.CONTRADICTION, message)
    return None


def _entered(row: Row, signature: Signature) -> Entered:
    found: dict[str, float | str | None] = {}
    for entry in signature.entries:
        column = row.layout.of.get(entry.id)
        if column is None:
            continue
        if is_missing(row.cell(column)):
            row.tell(entry.id, Level.WARN, Code.MISSING, "no value.")
        elif entry.quantity is not None:
            found[entry.id] = row.amount(entry.id)
        else:
            found[entry.id] = values.level_of(entry, row.cell(column), row.layout.teller(row.number, column))
    return Entered(found)
