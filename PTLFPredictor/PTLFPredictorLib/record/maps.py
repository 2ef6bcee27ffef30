"""The record beside maps: what they were made of, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..measures.radiomics import ExtractionSettings
from ..vois import VOI
from .inputs import Json
from .result import FeaturesRecord

SCHEMA = "ptlf-maps/1"


@dataclass(frozen=True)
class MapMade:
    """One map, in short.

    Parameters
    ----------
    feature, file : str
    voxels : int
        Of the VOI.
    undefined : int
        Those of them without a value: NaN in the file.
    lowest, mean, highest : float or None
        Of the others; None without any.
    """

    feature: str
    file: str
    voxels: int
    undefined: int
    lowest: float | None
    mean: float | None
    highest: float | None

    @classmethod
    def of(cls, feature: str, file: str, values: np.ndarray) -> MapMade:
        """Of the values of the VOI's voxels."""
        known = values[~np.isnan(values)]
        numbers = (float(known.min()), float(known.mean()), float(known.max())) if known.size else (None,) * 3
        return cls(feature, file, values.size, values.size - known.size, *numbers)


@dataclass(frozen=True)
class MapsRecord:
    """What maps of one VOI were made of, and how.

    Parameters
    ----------
    case : FeaturesRecord
        CT, segments and findings; without features.
    voi : VOI
    engine, engine_version : str
    settings : ExtractionSettings
    kernel : mapping
        `maps.MapSettings.to_dict`.
    maps : tuple of MapMade
    """

    case: FeaturesRecord
    voi: VOI
    engine: str
    engine_version: str
    settings: ExtractionSettings
    kernel: Mapping[str, float | bool | str]
    maps: tuple[MapMade, ...]

    def to_dict(self) -> Json:
        case = {name: value for name, value in self.case.to_dict().items() if name not in ("features", "extraction")}
        return {
            **case,
            "schema": SCHEMA,
            "voi": self.voi.in_files,
            "engine": self.engine,
            "engine_version": self.engine_version,
            "settings": self.settings.to_dict(),
            "kernel": dict(self.kernel),
            "maps": [dict(vars(made)) for made in self.maps],
        }

    def write(self, path: Path) -> None:
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        path.write_text(text, encoding="utf-8")
