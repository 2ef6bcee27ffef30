"""From CT, segments and features to Radscore and prediction: the one way, for shell and panel alike.

>>> assessed = assess_case(Question(signature, entered), ct, segments, vectors)
>>> assessed.assessment.prediction.reason
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .. import record
from ..ct import CT, Finding
from ..measures.radiomics import FeatureVector
from ..record.slices import pictures
from ..sample import known
from ..segmentation.origin import Origin
from ..segmentation.segments import Segments
from ..signature import Assessment, Eligibility, assess, checklist, eligibility, what_if
from ..vois import VOI
from . import features
from .question import Question


@dataclass(frozen=True)
class Assessed:
    """What a question's answer rests on, and the answer.

    Parameters
    ----------
    assessment : Assessment
        Radscore and prediction.
    eligibility : Eligibility
    findings : tuple of Finding
        All: of CT, segments, features, eligibility and score.
    ct : CT or None
        With its phase as measured or confirmed; None where findings alone were given.
    vectors : mapping of VOI to FeatureVector
    sample : int or None
        Seed of a sample case.
    """

    assessment: Assessment
    eligibility: Eligibility
    findings: tuple[Finding, ...]
    ct: CT | None = None
    vectors: Mapping[VOI, FeatureVector] | None = None
    sample: int | None = None


def examine(
    question: Question, ct: CT, segments: Segments, vectors: Mapping[VOI, FeatureVector]
) -> tuple[CT, tuple[Finding, ...]]:
    """The CT with its phase measured in the liver, and what it, the segments and the features give rise to."""
    ct = ct.with_liver(segments.vois.get(VOI.PARENCHYMA), question.signature.protocol, question.phase)
    return ct, (*ct.findings, *segments.findings, *features.findings(segments, vectors))


def assess_case(question: Question, ct: CT, segments: Segments, vectors: Mapping[VOI, FeatureVector]) -> Assessed:
    """Eligibility, findings, Radscore and prediction of one pair of CT and segments; fast, no files.

    Raises
    ------
    BadInput
        For an answer to the study's criteria that is none.
    """
    ct, found = examine(question, ct, segments, vectors)
    seed = known.seed_of(ct.identity)
    assessed = assess_found(question, vectors, found, origin=segments.origin, sample=seed is not None)
    return replace(assessed, ct=ct, sample=seed)


def assess_found(
    question: Question,
    vectors: Mapping[VOI, FeatureVector],
    findings: Iterable[Finding],
    *,
    origin: Origin | None,
    sample: bool,
) -> Assessed:
    """`assess_case` where CT and segments were examined before: what a panel asks again at every key.

    Parameters
    ----------
    question : Question
    vectors : mapping of VOI to FeatureVector
        None of them where nothing was computed: then what can be said all the same.
    findings : iterable of Finding
        Of `examine`.
    origin : Origin or None
        Who drew the segments.
    sample : bool
        Whether the CT is a sample case.
    """
    answers = checklist(question.signature, question.answers)
    found = (*findings, *eligibility.findings(question.signature, answers, question.entered))
    assessment = assess(
        question.signature,
        {(voi, name): value for voi, vector in vectors.items() for name, value in vector.values.items()},
        question.entered,
        found,
        demonstration=question.demonstration,
        sample=sample,
        origin=origin,
    )
    return Assessed(assessment, answers, (*found, *assessment.findings), vectors=vectors)


def make_record(
    question: Question,
    segments: Segments,
    assessed: Assessed,
    seconds: Mapping[str, float],
    *,
    sign_off: record.SignOff | None = None,
    labels_file_sha256: str | None = None,
) -> record.ResultRecord:
    """The result record of an assessed case (`assess_case`); the parameters are those of `record.make`."""
    return record.make(
        ct=assessed.ct,
        segments=segments,
        signature=question.signature,
        entered=question.entered,
        eligibility=assessed.eligibility,
        findings=assessed.findings,
        vectors=assessed.vectors,
        assessment=assessed.assessment,
        what_if=_tried(question, assessed),
        pictures=pictures(assessed.ct, segments),
        demonstration=question.demonstration,
        seconds=seconds,
        sign_off=sign_off,
        labels_file_sha256=labels_file_sha256,
        sample=assessed.sample,
    )


def _tried(question: Question, assessed: Assessed) -> record.WhatIf | None:
    """The what-if of a typed Radscore beside the patient's own result."""
    if question.radscore is None:
        return None
    beside_sample = assessed.sample is not None
    asked = {"demonstration": question.demonstration, "sample": beside_sample}
    return record.WhatIf(question.radscore, what_if(question.signature, question.entered, question.radscore, **asked))
