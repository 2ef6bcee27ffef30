"""Everything on the panel that is worth keeping, as one typed value that is saved with the scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ct import Finding
from ..radiomics import DEFAULT_ENGINE, FeatureVector

AUTOMATIC, CORRECTED = "automatic", "corrected"
KINDS = (AUTOMATIC, CORRECTED)
"""Whose features: those of the segments as the model drew them, and as the reader left them."""


@dataclass(frozen=True)
class Computed:
    """Features of one pair of CT and segments, and what they belong to.

    Parameters
    ----------
    hashes : mapping
        `mrml.segments.content_hashes` of the segments that were computed on.
    image : str
        SHA-256 of the canonical CT.
    recipe : str
        SHA-256 of what was asked for (features and extraction settings): signatures that share it share features.
    engine : str
    vectors : mapping of str to FeatureVector
    findings : tuple of Finding
        Of CT and segments.
    volumes_ml : mapping
    seconds : float
    """

    hashes: Mapping[str, str]
    image: str
    recipe: str
    engine: str
    vectors: Mapping[str, FeatureVector]
    findings: tuple[Finding, ...]
    volumes_ml: Mapping[str, float]
    seconds: float = 0.0

    @property
    def features(self) -> dict[tuple[str, str], float]:
        return {(voi, name): value for voi, v in self.vectors.items() for name, value in v.values.items()}

    def to_dict(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("image", "recipe", "engine", "seconds")},
            "hashes": dict(self.hashes),
            "volumes_ml": dict(self.volumes_ml),
            "vectors": [vector.to_dict() for vector in self.vectors.values()],
            "findings": [finding.to_dict() for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Computed:
        vectors = [FeatureVector.from_dict(item) for item in data["vectors"]]
        return cls(
            **{
                **data,
                "vectors": {vector.voi: vector for vector in vectors},
                "findings": tuple(Finding.from_dict(item) for item in data["findings"]),
            }
        )


@dataclass(frozen=True)
class PanelState:
    """JSON-ready fields, each with the default of an untouched panel.

    Parameters
    ----------
    alb, inr : float or None
        As typed, `alb` in `alb_unit`.
    what_if : dict
        Values by predictor (ALB in g/L) while a what-if is on; empty while it is off.
    computed : dict
        `Computed.to_dict` by kind.
    written : dict
        Content hashes that the last run wrote: the segments are edited where theirs differ.
    origin : dict
        Model id, version and checksum behind the segments, or the file they came from.
    second_origin : dict
        The same of a later run's segments that wait beside edited ones.
    terms_of : str
        Whose terms are listed; "" follows the patient's own result.
    sign_off : dict
        ``name``, ``time`` and the content hashes it covers; empty without one.
    """

    signature: str = "ptlf-published"
    model: str = ""
    device: str = "auto"
    engine: str = DEFAULT_ENGINE
    demonstration: bool = False
    answers: dict = field(default_factory=dict)
    alb: float | None = None
    alb_unit: str = "g/L"
    inr: float | None = None
    what_if: dict = field(default_factory=dict)
    computed: dict = field(default_factory=dict)
    written: dict = field(default_factory=dict)
    origin: dict = field(default_factory=dict)
    second_origin: dict = field(default_factory=dict)
    sign_off: dict = field(default_factory=dict)
    reader: str = ""
    terms_of: str = ""
    closed_sections: list = field(default_factory=lambda: ["correction", "radscore", "nomogram", "result"])
    last_failure: str = ""

    def of(self, kind: str) -> Computed | None:
        data = self.computed.get(kind)
        return None if data is None else Computed.from_dict(data)
