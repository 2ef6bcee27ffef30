"""From a CT and masks to the volumes and VOIs that filters and features work on.

PyRadiomics 3.0.1, ``featureextractor.loadImage`` and ``imageoperations.{normalizeImage, resampleImage,
resegmentMask, checkMask}``, in that order.  Resampling departs from IBSI: its grid keeps the CT's corner, where IBSI
aligns the centres.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ...errors import BadInput
from .inputs import Mask, Scan
from .region import Voi, Volume
from .settings import ExtractionSettings


@dataclass(frozen=True)
class Prepared:
    """VOIs that share a volume.

    Parameters
    ----------
    volume : Volume
    shape_vois : dict of str to Voi
        As segmented: what shape is measured on.
    vois : dict of str to Voi
        After re-segmentation: what all other classes are computed on.
    """

    volume: Volume
    shape_vois: dict[str, Voi]
    vois: dict[str, Voi]


def prepare_vois(ct: Scan, masks: Mapping[str, Mask], settings: ExtractionSettings) -> Iterator[Prepared]:
    """One group for all VOIs, or one per VOI where resampling crops to each.

    Raises
    ------
    BadInput
        For a VOI of fewer than two dimensions, or one that re-segmentation leaves too little of.
    """
    if not settings.normalize and settings.resampled_spacing_mm is None:
        volume = Volume(ct.voxels, ct.spacing_mm, ct, ct.extremes)
        yield _prepared(volume, {name: Voi(mask.inside, mask.box) for name, mask in masks.items()}, settings)
        return
    image = ct.to_image()
    if settings.normalize:
        image = normalised(image, settings.normalize_scale, settings.remove_outliers)
    if settings.resampled_spacing_mm is None:
        volume = Volume.of(image)
        yield _prepared(volume, {name: Voi(mask.inside, mask.box) for name, mask in masks.items()}, settings)
        return
    for name, mask in masks.items():
        coarse, coarse_mask = resampled(image, mask.to_image(), settings)
        inside = sitk.GetArrayViewFromImage(coarse_mask).astype(bool)
        if not inside.any():
            raise BadInput(f"The VOI '{name}' is empty: there is nothing to compute features of.")
        yield _prepared(Volume.of(coarse), {name: Voi(inside)}, settings)


def _prepared(volume: Volume, shape_vois: dict[str, Voi], settings: ExtractionSettings) -> Prepared:
    for name, voi in shape_vois.items():
        _require_two_dimensions(name, voi)
    vois = dict(shape_vois)
    if settings.resegment_range is not None:
        for name, voi in shape_vois.items():
            vois[name] = Voi(resegmented(name, volume.voxels[voi.box], voi.mask, settings), voi.box)
            _require_two_dimensions(name, vois[name])
    return Prepared(volume, shape_vois, vois)


def _require_two_dimensions(name: str, voi: Voi) -> None:
    """PyRadiomics computes nothing of a VOI that is a single voxel or a straight line along an axis."""
    if voi.size == 1:
        raise BadInput(f"The VOI '{name}' is a single voxel: no feature can be computed of it.")
    if sum(size > 1 for size in voi.mask.shape) < 2:
        raise BadInput(
            f"The VOI '{name}' is a row of {voi.size} voxels; features need a VOI that extends along at least two axes."
        )


def normalised(image: sitk.Image, scale: float, remove_outliers: float | None) -> sitk.Image:
    """(x - mean) / SD over the whole image, clipped at `remove_outliers` SD, times `scale`."""
    image = sitk.Normalize(image)
    if remove_outliers is not None:
        image = sitk.Clamp(image, image.GetPixelID(), -remove_outliers, remove_outliers)
    return image * scale


def resegmented(name: str, voxels: np.ndarray, inside: np.ndarray, settings: ExtractionSettings) -> np.ndarray:
    """The VOI without the voxels outside ``resegment_range`` (closed), IBSI 'range re-segmentation'.

    Parameters
    ----------
    name : str
        Of the VOI, for the error.
    voxels, inside : ndarray, shape (z, y, x)
        CT and VOI (bool) over one box.
    settings : ExtractionSettings
    """
    values = voxels[inside]
    low, high = (*settings.resegment_range, np.inf)[:2]
    if settings.resegment_mode == "relative":
        largest = values.max()
        low, high = largest * low, largest * high
    elif settings.resegment_mode == "sigma":
        mean, deviation = values.mean(), values.std()
        low, high = mean + deviation * low, mean + deviation * high
    keep = (values >= low) & (values <= high)
    if keep.sum() <= 1:
        raise BadInput(
            f"Re-segmentation to {settings.resegment_range} ({settings.resegment_mode}) leaves {keep.sum()} of "
            f"{keep.size} voxels of the VOI '{name}'. Widen 'resegment_range' or correct the segment."
        )
    result = np.zeros_like(inside)
    result[inside] = keep
    return result


def resampled(image: sitk.Image, mask: sitk.Image, settings: ExtractionSettings) -> tuple[sitk.Image, sitk.Image]:
    """CT and mask on a grid of ``resampled_spacing_mm`` around the VOI.

    An axis along which the VOI has one slice keeps its spacing.  The mask is resampled by nearest neighbour.
    """
    box = sitk.LabelShapeStatisticsImageFilter()
    box.Execute(mask)
    start_size = np.array(box.GetBoundingBox(1))
    start, size = start_size[:3], start_size[3:]
    padding = settings.pad_distance
    old = np.array(mask.GetSpacing())
    asked = np.array(settings.resampled_spacing_mm, dtype=float)
    new = np.where((size != 1) & (asked > 0), asked, old)
    whole = np.array(mask.GetSize())
    if np.allclose(old, new):
        low = np.maximum(start - padding, 0)
        high = np.minimum(start + size + padding, whole)
        crop = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        return image[crop], mask[crop]
    ratio = old / new
    low = np.maximum(np.floor((start - 0.5) * ratio - padding), 0)
    high = np.minimum(np.ceil((start + size - 0.5) * ratio + padding), np.ceil(whole * ratio) - 1)
    resample = sitk.ResampleImageFilter()
    resample.SetOutputSpacing(new.tolist())
    resample.SetOutputDirection(mask.GetDirection())
    resample.SetSize([int(n) for n in high - low + 1])
    origin = 0.5 * (new - old) / old + low / ratio
    resample.SetOutputOrigin(mask.TransformContinuousIndexToPhysicalPoint(origin.tolist()))
    resample.SetInterpolator(getattr(sitk, settings.interpolator))
    resample.SetOutputPixelType(image.GetPixelID())
    coarse_image = resample.Execute(image)
    resample.SetInterpolator(sitk.sitkNearestNeighbor)
    resample.SetOutputPixelType(mask.GetPixelID())
    return coarse_image, resample.Execute(mask)
