"""How well two label maps agree: the measures of the study's Table 1, the volume difference and HD95."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import SimpleITK as sitk

from ...errors import BadInput
from ..segments import PARENCHYMA, TUMOUR

REGIONS = {"liver": (PARENCHYMA, TUMOUR), "parenchyma": (PARENCHYMA,), "tumor": (TUMOUR,)}


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
    hd95_mm : float
        95th percentile of the distances between the two surfaces, both directions together.
    """

    dice: float
    jaccard: float
    precision: float
    recall: float
    volume_ml: float
    true_volume_ml: float
    volume_difference_ml: float
    hd95_mm: float

    def to_dict(self) -> dict[str, float | None]:
        return {name: None if math.isnan(value) else value for name, value in asdict(self).items()}


def agreement(found: sitk.Image, true: sitk.Image) -> dict[str, Agreement]:
    """Agreement of two label maps (0 background, 1 parenchyma, 2 tumour) of one geometry, by region of `REGIONS`.

    Raises
    ------
    BadInput
        When the two lie on different grids.
    """
    if found.GetSize() != true.GetSize() or not np.allclose(found.GetSpacing(), true.GetSpacing(), rtol=1e-4):
        raise BadInput("The two label maps lie on different grids and cannot be compared.")
    arrays = [sitk.GetArrayViewFromImage(image) for image in (found, true)]
    spacing = true.GetSpacing()
    return {
        region: compare(*(np.isin(array, labels) for array in arrays), spacing) for region, labels in REGIONS.items()
    }


def compare(found: np.ndarray, true: np.ndarray, spacing_mm: tuple[float, float, float]) -> Agreement:
    """Agreement of two masks, shape (z, y, x); `spacing_mm` is (x, y, z).

    Dice and Jaccard are counted here: ITK's LabelOverlapMeasuresImageFilter computes Dice from Jaccard, which differs
    in the last digit, and has no answer for two empty masks (0) or an empty one (1.8e308).
    """
    voxel_ml = float(np.prod(spacing_mm)) / 1000
    a, b, both = (int(np.count_nonzero(mask)) for mask in (found, true, found & true))
    return Agreement(
        dice=_ratio(2 * both, a + b),
        jaccard=_ratio(both, a + b - both),
        precision=_ratio(both, a),
        recall=_ratio(both, b),
        volume_ml=a * voxel_ml,
        true_volume_ml=b * voxel_ml,
        volume_difference_ml=(a - b) * voxel_ml,
        hd95_mm=_hd95(found, true, spacing_mm) if a and b else math.nan,
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _hd95(a: np.ndarray, b: np.ndarray, spacing_mm: tuple[float, float, float]) -> float:
    box = tuple(slice(max(0, hits[0] - 1), hits[-1] + 2) for hits in map(np.flatnonzero, _projections(a | b)))
    images = []
    for mask in (a[box], b[box]):
        image = sitk.GetImageFromArray(np.pad(mask, 1).astype(np.uint8))
        image.SetSpacing([float(s) for s in spacing_mm])
        images.append(image)
    surfaces = [sitk.LabelContour(image) for image in images]
    distances = []
    for surface, other in (surfaces, surfaces[::-1]):
        to_other = sitk.SignedMaurerDistanceMap(other, squaredDistance=False, useImageSpacing=True)
        values = np.abs(sitk.GetArrayViewFromImage(to_other))
        distances.append(values[sitk.GetArrayViewFromImage(surface) > 0])
    return float(np.percentile(np.concatenate(distances), 95))


def _projections(mask: np.ndarray) -> list[np.ndarray]:
    return [mask.any(axis=(1, 2)), mask.any(axis=(0, 2)), mask.any(axis=(0, 1))]
