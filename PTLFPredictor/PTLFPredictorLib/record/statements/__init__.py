"""The record in words: every sentence that an output shows is made here, once; outputs lay them out.

>>> said = of_record(record.read("result.json"))
>>> said.risk.shown, said.risk.reason
('48 %', 'Demonstration on synthetic cases, not for patients. Predicted risk of PTLF within 4 weeks after TACE.')

What has no record yet (a live panel, a what-if in a shell) is put into the same words by `of_prediction`,
`of_radscore` and `of_signature`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...confirmation import written_time
from ...ct import Finding
from ...signature import Eligibility, Entered, Prediction, PredictorSource, Signature, parse
from ...signature.entries import within_a_sentence
from ...signature.policy.eligibility import CriterionState
from ...signature.predictors import Value
from ..inputs import InputValue
from ..parts import CaseLine
from ..result import ResultRecord
from ..slices import Picture
from .model import ModelStatements, of_signature
from .patient import albi_words, answered_words, base_rate, ct_words, signed_words
from .provenance import LesionStatement, Provenance, SegmentsStatements, of_provenance, of_segments
from .risk import (
    BESIDE,
    FOR_NO_PATIENT,
    NOT_SHOWN,
    WATERMARK,
    WHAT_IF_BANNER,
    RiskStatements,
    axis_note,
    banner,
    of_prediction,
    placed,
)
from .score import ScoreStatements, TermStatement, of_radscore
from .words import CRITERION_WORDS, LEVEL_WORDS, sentence, sentences

__all__ = [
    "BESIDE",
    "CRITERION_WORDS",
    "FOR_NO_PATIENT",
    "LEVEL_WORDS",
    "NOT_SHOWN",
    "WATERMARK",
    "WHAT_IF_BANNER",
    "CriterionStatement",
    "EligibilityStatements",
    "InputStatement",
    "LesionStatement",
    "ModelStatements",
    "Nomogram",
    "Provenance",
    "RiskStatements",
    "ScoreStatements",
    "SegmentsStatements",
    "Statements",
    "TermStatement",
    "axis_note",
    "banner",
    "of_prediction",
    "of_radscore",
    "of_record",
    "of_signature",
    "placed",
    "sentence",
    "sentences",
]


@dataclass(frozen=True)
class InputStatement:
    """One entered value; `words` has its unit, "not given" without a value."""

    id: str
    label: str
    value: Value | None
    unit: str
    words: str


@dataclass(frozen=True)
class CriterionStatement:
    """One criterion of the study, and what was answered."""

    text: str
    state: CriterionState


@dataclass(frozen=True)
class EligibilityStatements:
    """The checklist; `bilirubin` and `answered` are sentences, "" where not given."""

    criteria: tuple[CriterionStatement, ...]
    bilirubin: str
    answered: str


@dataclass(frozen=True)
class Nomogram:
    """What a nomogram of the result shows: the predictors that have a place on it, and what is read there."""

    signature: Signature
    values: Mapping[str, Value | None]
    prediction: Prediction
    title: str
    note: str


@dataclass(frozen=True)
class Statements:
    """All that is said of a result.

    Parameters
    ----------
    outcome : str
        "Post-TACE liver failure".
    title : str
        Of a page.
    research_use : str
    watermark : bool
        Whether every page must say that it is a demonstration: whatever a demo signature shows.
    created, version, signed : str
        When and with which version it was made; who signed it off, or that nobody has.
    case : CaseLine
        What was asked for to stand on the report: the case's label, the CT's date; "" for a blank line.
    ct : str
        Phase, and how it is known; slices.
    risk : RiskStatements
    base_rate : str
        A sentence.
    inputs : tuple of InputStatement
    measures : tuple of InputStatement
        What was computed of the inputs for the risk model, e.g. an ALBI score.
    bilirubin, albi : str
        For the line of laboratory values; "" where they stand there already.
    score : ScoreStatements
    findings : tuple of Finding
    what_if, tried : RiskStatements and float, or None
        A what-if's risk, and the Radscore that was typed.
    segments : SegmentsStatements
    volumes_ml : mapping
        In full digits.
    eligibility : EligibilityStatements
    model : ModelStatements
    provenance : Provenance
    nomogram : Nomogram
    pictures : tuple of Picture
    """

    outcome: str
    title: str
    research_use: str
    watermark: bool
    created: str
    version: str
    signed: str
    case: CaseLine
    ct: str
    risk: RiskStatements
    base_rate: str
    inputs: tuple[InputStatement, ...]
    measures: tuple[InputStatement, ...]
    bilirubin: str
    albi: str
    score: ScoreStatements
    findings: tuple[Finding, ...]
    what_if: RiskStatements | None
    tried: float | None
    segments: SegmentsStatements
    volumes_ml: Mapping[str, float]
    eligibility: EligibilityStatements
    model: ModelStatements
    provenance: Provenance
    nomogram: Nomogram
    pictures: tuple[Picture, ...]


def of_record(record: ResultRecord) -> Statements:
    """All that is said of a result, from its record alone.

    Raises
    ------
    BadInput
        Where the signature inside the record cannot be used.
    """
    signature, what_if = parse(record.input.signature.data), record.what_if
    outcome = signature.data["outcome"].get("title", signature.outcome)
    return Statements(
        outcome=outcome,
        title=f"Pre-procedural risk of {within_a_sentence(outcome)}",
        research_use=record.research_use,
        watermark=signature.is_demo,
        created=written_time(record.created),
        version=record.software["PTLFPredictor"],
        signed=signed_words(record.sign_off, record.segmentation.origin),
        case=record.case or CaseLine(),
        ct=ct_words(record.input.ct),
        risk=of_prediction(record.prediction, signature.horizon),
        base_rate=base_rate(signature),
        inputs=tuple(_input(value, signature) for value in record.input.values),
        measures=_measures(record, signature),
        bilirubin=_bilirubin(record, signature),
        albi=albi_words(signature, record.input.values, record.eligibility),
        score=of_radscore(record.radscore, signature),
        findings=record.findings,
        what_if=None if what_if is None else of_prediction(what_if.prediction, signature.horizon),
        tried=None if what_if is None else what_if.radscore,
        segments=of_segments(record.segmentation),
        volumes_ml=record.segmentation.volumes_ml,
        eligibility=_eligibility(record.eligibility),
        model=of_signature(signature),
        provenance=of_provenance(record),
        nomogram=_nomogram(record, signature),
        pictures=record.pictures,
    )


def _input(given: InputValue, signature: Signature) -> InputStatement:
    if given.value is None:
        words = "not given"
    elif isinstance(given.value, str):
        entry = next((one for one in signature.entries if one.id == given.id), None)
        words = given.value if entry is None else entry.words(given.value)
    else:
        words = f"{given.value:g} {given.unit}".strip()
    return InputStatement(given.id, given.label, given.value, given.unit, words)


def _bilirubin(record: ResultRecord, signature: Signature) -> str:
    """Of the eligibility criteria, where no entry of the signature is the bilirubin."""
    value = record.eligibility.bilirubin_umol_per_l
    if value is None or any(entry.quantity_name == "bilirubin" for entry in signature.entries):
        return ""
    return f"{value:g} \u00b5mol/L"


def _measures(record: ResultRecord, signature: Signature) -> tuple[InputStatement, ...]:
    values = _values(record, signature)
    return tuple(
        InputStatement(one.id, one.label, values[one.id], "", one.words(values[one.id]))
        for one in signature.predictors
        if one.source is PredictorSource.MEASURE and one.id in values
    )


def _values(record: ResultRecord, signature: Signature) -> dict[str, Value]:
    """Of the predictors that are known."""
    entered = Entered({value.id: value.value for value in record.input.values})
    return signature.values_of(entered, record.radscore.value)


def _nomogram(record: ResultRecord, signature: Signature) -> Nomogram:
    values = _values(record, signature)
    shown = placed(values, record.prediction)
    return Nomogram(signature, shown, record.prediction, record.input.signature.title, axis_note(signature))


def _eligibility(answers: Eligibility) -> EligibilityStatements:
    bilirubin = answers.bilirubin_umol_per_l
    return EligibilityStatements(
        criteria=tuple(CriterionStatement(item.criterion, item.status) for item in answers.items),
        bilirubin="" if bilirubin is None else f"Bilirubin {bilirubin:g} \u00b5mol/L.",
        answered=answered_words(answers.answered),
    )
