"""How well two label maps agree: the measures of the study's Table 1, volumes and surface distances."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import SimpleITK as sitk

from ...ct import bounding_box
from ...errors import BadInput
from ..segments import EXCLUDED, PARENCHYMA, TUMOUR
from .surfaces import surface_distances

REGIONS = {"liver": (PARENCHYMA, TUMOUR, EXCLUDED), "parenchyma": (PARENCHYMA,), "tumor": (TUMOUR,)}


@dataclass(frozen=True)
class Agreement:
    """Agreement of one region; NaN where a measure does not exist (both empty, or distances to an empty one).

    Attributes
    ----------
    dice : float
        ``2 |A & B| / (|A| + |B|)``.
    jaccard : float
        ``|A & B| / |A or B|``.
    precision, recall : float
        ``|A & B| / |A|`` and ``|A & B| / |B|`` for A found and B true.
    volume_ml, true_volume_ml, volume_difference_ml : float
        Found, true, found minus true.
    hd95_mm, assd_mm : float
        95th percentile and mean of the distances between the two surfaces, both directions together (`surfaces`).
    volume_difference_percent : float
        Of the true volume.
    """

    dice: float
    jaccard: float
    precision: float
    recall: float
    volume_ml: float
    true_volume_ml: float
    volume_difference_ml: float
    hd95_mm: float
    assd_mm: float = math.nan
    volume_difference_percent: float = math.nan

    def to_dict(self) -> dict[str, float | None]:
        return {name: None if math.isnan(value) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, float | None]) -> Agreement:
        return cls(**{name: math.nan if value is None else value for name, value in data.items()})


def agreement(found: sitk.Image, true: sitk.Image, regions: Collection[str] = tuple(REGIONS)) -> dict[str, Agreement]:
    """Agreement of two label maps of one geometry, by region of `REGIONS`.

    0 is background, 1 parenchyma, 2 tumour, 3 a lesion that was left out.

    Raises
    ------
    BadInput
        When the two lie on different grids.
    """
    require_one_grid(found, true)
    arrays = [sitk.GetArrayViewFromImage(image) for image in (found, true)]
    box = bounding_box((arrays[0] != 0) | (arrays[1] != 0)) or (slice(0, 0),) * 3
    arrays, spacing = [array[box] for array in arrays], true.GetSpacing()
    return {region: compare(*(np.isin(array, REGIONS[region]) for array in arrays), spacing) for region in regions}


def require_one_grid(found: sitk.Image, true: sitk.Image) -> None:
    """Raise `BadInput` where two label maps do not lie on one grid."""
    if found.GetSize() != true.GetSize() or not np.allclose(found.GetSpacing(), true.GetSpacing(), rtol=1e-4):
        raise BadInput("The two label maps lie on different grids and cannot be compared.")


def compare(found: np.ndarray, true: np.ndarray, spacing_mm: tuple[float, float, float]) -> Agreement:
    """Agreement of two masks, shape (z, y, x); `spacing_mm` is (x, y, z).

    Dice and Jaccard are counted here: ITK's LabelOverlapMeasuresImageFilter computes Dice from Jaccard, which differs
    in the last digit, and has no answer for two empty masks (0) or an empty one (1.8e308).
    """
    voxel_ml = float(np.prod(spacing_mm)) / 1000
    a, b, both = (int(np.count_nonzero(mask)) for mask in (found, true, found & true))
    apart = surface_distances(found, true, spacing_mm)
    return Agreement(
        dice=_ratio(2 * both, a + b),
        jaccard=_ratio(both, a + b - both),
        precision=_ratio(both, a),
        recall=_ratio(both, b),
        volume_ml=a * voxel_ml,
        true_volume_ml=b * voxel_ml,
        volume_difference_ml=(a - b) * voxel_ml,
        hd95_mm=apart.hd95_mm,
        assd_mm=apart.assd_mm,
        volume_difference_percent=100 * _ratio(a - b, b),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
