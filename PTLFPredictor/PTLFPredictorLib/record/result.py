"""The result record: everything about one run as one typed value, from which every report is made.

What is not shown is None with a state and a reason beside it.  There are no patient identifiers, but for a case label
and the date of the CT where a reader asked for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import RESEARCH_USE
from ..confirmation import Confirmation
from ..ct import Finding
from ..signature import Eligibility, Prediction, Radscore, ScoredTerm, ScoreState
from ..signature.model import CriterionKind
from ..signature.policy.eligibility import BILIRUBIN, ChecklistItem, CriterionState
from ..vois import VOI
from .inputs import CTUsed, Inputs, Json, SignatureNamed
from .parts import CaseLine, Extraction, FeatureValue, SegmentsUsed, SignOff, WhatIf
from .slices import Picture

SCHEMA = "ptlf-result/2"
FEATURES_SCHEMA = "ptlf-features/1"
"""Format and version of the files, described by ``Resources/Record/*.schema.json``."""


@dataclass(frozen=True)
class ResultRecord:
    """The result of one case.

    Parameters
    ----------
    created : str
        UTC, ISO 8601.
    software : mapping
        Versions of what made it.
    input : Inputs
    findings : tuple of Finding
    eligibility : Eligibility
    segmentation : SegmentsUsed
    extraction : mapping of VOI to Extraction
    features : tuple of FeatureValue
    radscore : Radscore
    prediction : Prediction
    what_if : WhatIf or None
    sign_off : SignOff or None
    seconds : mapping
        By step.
    pictures : tuple of Picture
    research_use : str
    case : CaseLine or None
        Only where a reader asked for it.
    """

    created: str
    software: Mapping[str, str]
    input: Inputs
    findings: tuple[Finding, ...]
    eligibility: Eligibility
    segmentation: SegmentsUsed
    extraction: Mapping[VOI, Extraction]
    features: tuple[FeatureValue, ...]
    radscore: Radscore
    prediction: Prediction
    what_if: WhatIf | None
    sign_off: SignOff | None
    seconds: Mapping[str, float]
    pictures: tuple[Picture, ...]
    research_use: str = RESEARCH_USE
    case: CaseLine | None = None

    def to_dict(self) -> Json:
        """The file's JSON value; `from_dict` gives the same record again."""
        return {
            "schema": SCHEMA,
            "research_use": self.research_use,
            "created": self.created,
            "software": dict(self.software),
            "input": self.input.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "eligibility": self.eligibility.to_dict(),
            "segmentation": self.segmentation.to_dict(),
            "extraction": {voi.in_files: how.to_dict() for voi, how in self.extraction.items()},
            "features": [feature.to_dict() for feature in self.features],
            "radscore": self.radscore.to_dict(),
            "prediction": self.prediction.to_dict(),
            "what_if": None if self.what_if is None else self.what_if.to_dict(),
            "sign_off": None if self.sign_off is None else self.sign_off.to_dict(),
            "seconds": dict(self.seconds),
            "pictures": [picture.to_dict() for picture in self.pictures],
            **({} if self.case is None else {"case": self.case.to_dict()}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ResultRecord:
        """From `to_dict`; KeyError, TypeError or ValueError where a key or value is missing or wrong."""
        what_if, sign_off = data["what_if"], data["sign_off"]
        return cls(
            created=data["created"],
            software=data["software"],
            input=Inputs.from_dict(data["input"]),
            findings=tuple(Finding.from_dict(item) for item in data["findings"]),
            eligibility=_eligibility(data["eligibility"]),
            segmentation=SegmentsUsed.from_dict(data["segmentation"]),
            extraction=_extraction(data["extraction"]),
            features=tuple(FeatureValue.from_dict(item) for item in data["features"]),
            radscore=_radscore(data["radscore"]),
            prediction=Prediction.from_dict(data["prediction"]),
            what_if=None if what_if is None else WhatIf.from_dict(what_if),
            sign_off=None if sign_off is None else SignOff.from_dict(sign_off),
            seconds=data["seconds"],
            pictures=tuple(Picture.from_dict(item) for item in data["pictures"]),
            research_use=data["research_use"],
            case=CaseLine.from_dict(data["case"]) if "case" in data else None,
        )


@dataclass(frozen=True)
class FeaturesRecord:
    """Features alone, with what they depend on; the same parts as in `ResultRecord`.

    `signature` is None where all features were asked for.
    """

    created: str
    software: Mapping[str, str]
    ct: CTUsed
    signature: SignatureNamed | None
    findings: tuple[Finding, ...]
    segmentation: SegmentsUsed
    extraction: Mapping[VOI, Extraction]
    features: tuple[FeatureValue, ...]
    research_use: str = RESEARCH_USE

    def to_dict(self) -> Json:
        return {
            "schema": FEATURES_SCHEMA,
            "research_use": self.research_use,
            "created": self.created,
            "software": dict(self.software),
            "input": {
                "ct": self.ct.to_dict(),
                "signature": None if self.signature is None else self.signature.to_dict(),
            },
            "findings": [finding.to_dict() for finding in self.findings],
            "segmentation": self.segmentation.to_dict(),
            "extraction": {voi.in_files: how.to_dict() for voi, how in self.extraction.items()},
            "features": [feature.to_dict() for feature in self.features],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FeaturesRecord:
        signature = data["input"]["signature"]
        return cls(
            created=data["created"],
            software=data["software"],
            ct=CTUsed.from_dict(data["input"]["ct"]),
            signature=None if signature is None else SignatureNamed.from_dict(signature),
            findings=tuple(Finding.from_dict(item) for item in data["findings"]),
            segmentation=SegmentsUsed.from_dict({"lesions": None, **data["segmentation"]}),
            extraction=_extraction(data["extraction"]),
            features=tuple(FeatureValue.from_dict(item) for item in data["features"]),
            research_use=data["research_use"],
        )


def _extraction(data: Mapping[str, Any]) -> dict[VOI, Extraction]:
    return {VOI.of_file(name): Extraction.from_dict(item) for name, item in data.items()}


def _eligibility(data: Mapping[str, Any]) -> Eligibility:
    return Eligibility(tuple(map(_criterion, data["items"])), data[BILIRUBIN], Confirmation.from_dict(data["answered"]))


def _criterion(data: Mapping[str, Any]) -> ChecklistItem:
    kind, status = CriterionKind(data["kind"]), CriterionState(data["status"])
    return ChecklistItem(**{**data, "kind": kind, "status": status})


def _radscore(data: Mapping[str, Any]) -> Radscore:
    terms = tuple(ScoredTerm(**{**item, "voi": VOI.of_file(item["voi"])}) for item in data["terms"])
    state = ScoreState(data["state"])
    return Radscore(data["value"], state, "" if data["status"] == str(state) else data["status"], terms)
