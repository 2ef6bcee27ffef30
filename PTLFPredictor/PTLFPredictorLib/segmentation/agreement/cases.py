"""Agreement case by case, and over many cases: what `ptlf agreement` and the table of a trained model are made of."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import SimpleITK as sitk

from .matching import LesionMatches, match_lesions
from .overlap import REGIONS, Agreement, agreement

MEASURES = tuple(field.name for field in fields(Agreement))


@dataclass(frozen=True)
class CaseMeasures:
    """Agreement of a case's two label maps.

    Attributes
    ----------
    case : str
        Its id.
    part : str
        Of which cases it is one: "fold 0", "test"; "" where there are no parts.
    regions : mapping of str to Agreement
        By region of `REGIONS`.
    lesions : LesionMatches
    """

    case: str
    part: str
    regions: Mapping[str, Agreement]
    lesions: LesionMatches

    def to_dict(self) -> dict[str, Any]:
        regions = {name: one.to_dict() for name, one in self.regions.items()}
        return {"case": self.case, "part": self.part, "regions": regions, "lesions": self.lesions.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CaseMeasures:
        regions = {name: Agreement.from_dict(one) for name, one in data["regions"].items()}
        return cls(data["case"], data["part"], regions, LesionMatches.from_dict(data["lesions"]))


@dataclass(frozen=True)
class Spread:
    """A measure over cases; NaN where no case has it, the SD also where one has.

    Attributes
    ----------
    n : int
        Cases that have it: no distance to a tumour that was not found, no Dice where neither label map has one.
    """

    n: int
    mean: float
    sd: float
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        known = np.array([value for value in values if not math.isnan(value)])
        if not known.size:
            return cls(0, *(math.nan,) * 5)
        sd = float(known.std(ddof=1)) if known.size > 1 else math.nan
        return cls(known.size, float(known.mean()), sd, float(np.median(known)), float(known.min()), float(known.max()))

    def to_dict(self) -> dict[str, float | int | None]:
        return {name: None if value != value else value for name, value in asdict(self).items()}


def measure(
    case: str, found: sitk.Image, true: sitk.Image, part: str = "", regions: Collection[str] = tuple(REGIONS)
) -> CaseMeasures:
    """Measure a case.

    Parameters
    ----------
    case : str
    found, true : sitk.Image
        Label maps (0 background, 1 parenchyma, 2 tumour) of one grid.
    part : str
    regions : collection of str
        Those that both label maps tell.

    Raises
    ------
    BadInput
        When the two lie on different grids.
    """
    return CaseMeasures(case, part, agreement(found, true, regions), match_lesions(found, true))


def spread(rows: Sequence[CaseMeasures], region: str, name: str) -> Spread:
    """A measure of a region over cases."""
    return Spread.of(getattr(row.regions[region], name) for row in rows if region in row.regions)


def summary(rows: Sequence[CaseMeasures]) -> dict[str, Any]:
    """All measures over cases, as JSON has them: regions by measure, lesions of all cases together."""
    regions = [region for region in REGIONS if any(region in row.regions for row in rows)]
    return {
        "cases": len(rows),
        "regions": {region: {name: spread(rows, region, name).to_dict() for name in MEASURES} for region in regions},
        "lesions": lesion_summary(rows),
    }


def lesion_summary(rows: Sequence[CaseMeasures]) -> dict[str, Any]:
    """Lesions of all cases together: how many there are, were found and are false."""
    all_ = LesionMatches.together(row.lesions for row in rows)
    true, false = len(all_.true), len(all_.false)
    return {
        "true": true,
        "found": all_.found,
        "sensitivity": all_.found / true if true else None,
        "false": false,
        "false_per_case": false / len(rows) if rows else None,
        "cases_without_false": sum(not row.lesions.false for row in rows),
    }
