"""The parts of a result record, each a frozen value that reads from and writes to its block of the JSON file.

A VOI is written by its name in files; what another room has a type for (`Finding`, `Origin`, `Prediction`) is that
type, read and written by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..confirmation import Confirmation
from ..ct import ConfirmedPhase, Phase, slabs
from ..measures.radiomics import ExtractionSettings
from ..segmentation.lesions import Lesion
from ..segmentation.origin import Origin
from ..signature import Prediction
from ..vois import VOI

Json = dict[str, Any]

LABELS = {"0": "background", "1": "parenchyma", "2": "tumor"}
"""What the numbers of the label map mean."""


@dataclass(frozen=True)
class SlabsUsed:
    """How thin slices were averaged, and the SHA-256 of the CT before that (None where it is not known)."""

    plan: slabs.Plan
    original: str | None

    def to_dict(self) -> Json:
        return {**self.plan.to_dict(), "original": self.original}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SlabsUsed:
        return cls(slabs.Plan.from_dict(data), data["original"])


@dataclass(frozen=True)
class CTUsed:
    """The canonical CT.

    Parameters
    ----------
    source : mapping
        Format, slices, and what of the scan the header says; `ct.CT.source`, no identifiers.
    size : (int, int, int)
    spacing_mm : (float, float, float)
    phase : Phase
    sha256 : str
        Of its voxels and grid.
    to_protocol : SlabsUsed or None
    sample : int or None
        Seed of a sample case of the product.
    """

    source: Mapping[str, Any]
    size: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    phase: Phase
    sha256: str
    to_protocol: SlabsUsed | None
    sample: int | None

    def to_dict(self) -> Json:
        return {
            **self.source,
            "size": list(self.size),
            "spacing_mm": list(self.spacing_mm),
            "phase": self.phase.to_dict(),
            "sha256": self.sha256,
            "to_protocol": None if self.to_protocol is None else self.to_protocol.to_dict(),
            "sample": self.sample,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CTUsed:
        own = ("size", "spacing_mm", "phase", "sha256", "to_protocol", "sample")
        return cls(
            source={name: value for name, value in data.items() if name not in own},
            size=tuple(data["size"]),
            spacing_mm=tuple(data["spacing_mm"]),
            phase=_phase(data["phase"]),
            sha256=data["sha256"],
            to_protocol=None if data["to_protocol"] is None else SlabsUsed.from_dict(data["to_protocol"]),
            sample=data["sample"],
        )


def _phase(data: Mapping[str, Any]) -> Phase:
    header, said = data["header"] or {"name": "", "word": ""}, data["confirmed"]
    confirmed = None if said is None else ConfirmedPhase(said["name"], Confirmation(said["reader"], said["time"]))
    return Phase(data["name"], data["source"], data["values"], header["name"], header["word"], confirmed)


@dataclass(frozen=True)
class InputValue:
    """One value that a person entered; `value` is in `unit`, None where it was not given."""

    id: str
    label: str
    value: float | str | None
    unit: str

    def to_dict(self) -> Json:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> InputValue:
        return cls(**data)


@dataclass(frozen=True)
class SignatureNamed:
    """Which signature; `sha256` is that of its file's content."""

    id: str
    version: str
    sha256: str

    def to_dict(self) -> Json:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SignatureNamed:
        return cls(**data)


@dataclass(frozen=True)
class SignatureUsed:
    """The signature, whole: a report is made from the record alone."""

    id: str
    version: str
    title: str
    sha256: str
    data: Mapping[str, Any]

    def to_dict(self) -> Json:
        return {name: getattr(self, name) for name in ("id", "version", "title", "sha256", "data")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SignatureUsed:
        return cls(**data)


@dataclass(frozen=True)
class Inputs:
    """What the result was made of, beside the segments."""

    ct: CTUsed
    values: tuple[InputValue, ...]
    signature: SignatureUsed
    demonstration: bool

    def to_dict(self) -> Json:
        return {
            "ct": self.ct.to_dict(),
            "values": [value.to_dict() for value in self.values],
            "signature": self.signature.to_dict(),
            "demonstration": self.demonstration,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Inputs:
        return cls(
            CTUsed.from_dict(data["ct"]),
            tuple(InputValue.from_dict(item) for item in data["values"]),
            SignatureUsed.from_dict(data["signature"]),
            data["demonstration"],
        )


@dataclass(frozen=True)
class Lesions:
    """How many lesions, the largest diameter in mm (0 without one), and the largest ones by volume."""

    count: int
    largest_diameter_mm: float
    listed: tuple[Lesion, ...]

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
class SegmentsUsed:
    """The segments.

    Parameters
    ----------
    volumes_ml : mapping
        Of ``liver`` (the whole organ), ``parenchyma`` and ``tumor``.
    lesions : Lesions or None
        None in records of version 0.1.0 that did not count them.
    origin : Origin
    sha256 : str
        Of the label map's voxels and grid.
    file_sha256 : str or None
        Of the file of the label map beside the record; None where there is none.
    """

    volumes_ml: Mapping[str, float]
    lesions: Lesions | None
    origin: Origin
    sha256: str
    file_sha256: str | None = None

    def to_dict(self) -> Json:
        return {
            "volumes_ml": dict(self.volumes_ml),
            "lesions": None if self.lesions is None else self.lesions.to_dict(),
            "origin": self.origin.to_dict(),
            "labels": LABELS,
            "sha256": self.sha256,
            "file_sha256": self.file_sha256,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SegmentsUsed:
        return cls(
            data["volumes_ml"],
            None if data["lesions"] is None else Lesions.from_dict(data["lesions"]),
            Origin.from_dict(data["origin"]),
            data["sha256"],
            data["file_sha256"],
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
class SignOff:
    """A reader's sign-off: of which segments ("automatic" or "corrected"), and whether they were edited."""

    by: Confirmation
    segments: str
    edited: bool

    def to_dict(self) -> Json:
        return {**self.by.to_dict(), "segments": self.segments, "edited": self.edited}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SignOff:
        return cls(Confirmation(data["reader"], data["time"]), data["segments"], data["edited"])
