"""The features of one VOI, and where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .settings import ExtractionSettings


@dataclass(frozen=True)
class FeatureVector:
    """Features of one VOI with their provenance.

    Parameters
    ----------
    voi : str
        Name of the VOI; a `VOI` in a case.
    values : mapping of str to float
        By PyRadiomics' names, e.g. ``wavelet-HHH_glszm_SizeZoneNonUniformity``; all finite.
    engine : str
        "builtin" or "pyradiomics".
    engine_version : str
    settings : ExtractionSettings
    image_sha256, voi_sha256 : str
        `image_sha256` of the canonical CT and of the VOI's mask.
    """

    voi: str
    values: Mapping[str, float]
    engine: str
    engine_version: str
    settings: ExtractionSettings
    image_sha256: str
    voi_sha256: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "voi": self.voi,
            "values": dict(self.values),
            "engine": self.engine,
            "engine_version": self.engine_version,
            "settings": self.settings.to_dict(),
            "image_sha256": self.image_sha256,
            "voi_sha256": self.voi_sha256,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FeatureVector:
        return cls(**{**data, "settings": ExtractionSettings.from_dict(data["settings"])})
