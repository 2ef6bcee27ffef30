"""The parts of a result record, each a frozen value that reads from and writes to its block of the JSON file.

A VOI is written by its name in files; what another room has a type for (`Finding`, `Origin`, `Prediction`) is that
type, read and written by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..confirmation import Confirmation
from ..measures.radiomics import ExtractionSettings
from ..segmentation.lesions import Lesion, largest_diameter
from ..segmentation.origin import Origin
from ..signature import Prediction
from ..vois import VOI
from .inputs import Json

LABELS = {"0": "background", "1": "parenchyma", "2": "tumor"}
"""What the numbers of the label map mean."""

EXCLUDED_LABEL = {"3": "excluded lesion"}
"""And where a reader left lesions out."""

LISTED = 100
"""Lesions that a record lists, the largest first."""


@dataclass(frozen=True)
class Lesions:
    """How many lesions, the largest diameter in mm (0 without one), and the largest ones by volume."""

    count: int
    largest_diameter_mm: float
    listed: tuple[Lesion, ...]

    @classmethod
    def of(cls, found: Sequence[Lesion]) -> Lesions:
        """Of all lesions, the largest first."""
        return cls(len(found), largest_diameter(found), tuple(found[:LISTED]))

    def to_dict(self) -> Json:
        return {
            "count": self.count,
            "largest_diameter_mm": self.largest_diameter_mm,
            "list": [lesion.to_dict() for lesion in self.listed],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Lesions:
        return cls(data["count"], data["largest_diameter_mm"], tuple(Lesion(**item) for item in data["list"]))


@dataclass(frozen=True)
class LeftOut:
    """Lesions that a reader left out, and who did, where it is known."""

    lesions: Lesions
    by: Confirmation | None

    def to_dict(self) -> Json:
        return {**self.lesions.to_dict(), "by": None if self.by is None else self.by.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LeftOut:
        return cls(Lesions.from_dict(data), Confirmation.from_dict(data["by"]))


@dataclass(frozen=True)
class SegmentsUsed:
    """The segments.

    Parameters
    ----------
    volumes_ml : mapping
        Of ``liver`` (the whole organ), ``parenchyma``, ``tumor``, and ``excluded`` where lesions were left out.
    lesions : Lesions or None
        None in records of version 0.1.0 that did not count them.
    origin : Origin
    sha256 : str
        Of the label map's voxels and grid.
    file_sha256 : str or None
        Of the file of the label map beside the record; None where there is none.
    excluded : LeftOut or None
        None where no lesion was left out; the file then says nothing of it.
    """

    volumes_ml: Mapping[str, float]
    lesions: Lesions | None
    origin: Origin
    sha256: str
    file_sha256: str | None = None
    excluded: LeftOut | None = None

    def to_dict(self) -> Json:
        data: Json = {
            "volumes_ml": dict(self.volumes_ml),
            "lesions": None if self.lesions is None else self.lesions.to_dict(),
            "origin": self.origin.to_dict(),
            "labels": dict(LABELS),
            "sha256": self.sha256,
        }
        if self.excluded is not None:
            data |= {"excluded": self.excluded.to_dict(), "labels": {**LABELS, **EXCLUDED_LABEL}}
        return data if self.file_sha256 is None else {**data, "file_sha256": self.file_sha256}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SegmentsUsed:
        return cls(
            data["volumes_ml"],
            None if data["lesions"] is None else Lesions.from_dict(data["lesions"]),
            Origin.from_dict(data["origin"]),
            data["sha256"],
            data.get("file_sha256"),
            LeftOut.from_dict(data["excluded"]) if data.get("excluded") else None,
        )


@dataclass(frozen=True)
class Extraction:
    """How the features of one VOI were computed, and of what."""

    engine: str
    engine_version: str
    settings: ExtractionSettings
    image_sha256: str
    voi_sha256: str

    def to_dict(self) -> Json:
        return {**vars(self), "settings": self.settings.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Extraction:
        return cls(**{**data, "settings": ExtractionSettings.from_dict(data["settings"])})


@dataclass(frozen=True)
class FeatureValue:
    """One feature of one VOI."""

    voi: VOI
    feature: str
    value: float

    def to_dict(self) -> Json:
        return {"voi": self.voi.in_files, "feature": self.feature, "value": self.value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FeatureValue:
        return cls(VOI.of_file(data["voi"]), data["feature"], data["value"])


@dataclass(frozen=True)
class WhatIf:
    """What a typed Radscore would give; never the patient's result."""

    radscore: float
    prediction: Prediction

    def to_dict(self) -> Json:
        return {"radscore": self.radscore, **self.prediction.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WhatIf:
        rest = {name: value for name, value in data.items() if name != "radscore"}
        return cls(data["radscore"], Prediction.from_dict(rest))


@dataclass(frozen=True)
class CaseLine:
    """What a reader asked to stand on the report, to tell the case by; "" leaves a blank line for the hand."""

    label: str = ""
    ct_date: str = ""

    def to_dict(self) -> Json:
        return dict(vars(self))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CaseLine:
        return cls(**data)


class SegmentsKind(StrEnum):
    """Which segments a result is of: those that the model drew, or those that the reader left."""

    AUTOMATIC = "automatic"
    CORRECTED = "corrected"


@dataclass(frozen=True)
class SignOff:
    """A reader's sign-off: of which segments, and whether they were edited."""

    by: Confirmation
    segments: SegmentsKind
    edited: bool

    def to_dict(self) -> Json:
        return {**self.by.to_dict(), "segments": str(self.segments), "edited": self.edited}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SignOff:
        return cls(Confirmation.of(data), SegmentsKind(data["segments"]), data["edited"])
