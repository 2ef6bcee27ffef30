"""What a result was made of: CT, entered values and signature, each a frozen value that is a block of the JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..confirmation import Confirmation
from ..ct import ConfirmedPhase, Phase, slabs
from ..ct.phase_words import ContrastPhase

Json = dict[str, Any]


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
    header, said = data["header"], data["confirmed"]
    confirmed = None if said is None else ConfirmedPhase(said["name"], Confirmation.of(said))
    named, word = (None, "") if header is None else (ContrastPhase(header["name"]), header["word"])
    return Phase(data["name"], data["source"], data["values"], named, word, confirmed)


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
