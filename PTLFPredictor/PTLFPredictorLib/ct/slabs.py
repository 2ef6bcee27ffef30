"""Thin slices to the protocol's: slabs, each the mean of the slices that it covers, for a CT and its label map.

Which slices make which slab stands in `slab_plan`, whose names are found here too.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from .slab_plan import CRUMB_MM, Plan, finding, plan, reason

__all__ = ["Plan", "apply_ct", "apply_labels", "finding", "grid_before", "plan", "reason"]

PARENCHYMA, LESIONS = 1, (2, 3)
"""Labels of the derived label map: parenchyma; tumour, and a lesion that the reader unticked.  All are organ."""


def apply_ct(image: sitk.Image, plan: Plan) -> sitk.Image:
    """The CT in slabs: weighted mean of the slices, rounded to whole HU (halves to the even one: no shift on average).

    Parameters
    ----------
    image : sitk.Image
        Canonical: int16 HU, third index axis from feet to head.
    plan : Plan
    """
    array = _slices_of(image, plan)
    result = np.empty((plan.slabs, *array.shape[1:]), np.int16)
    for slab in range(plan.slabs):
        if plan.count is not None:
            first = slab * plan.count
            mean = array[first : first + plan.count].sum(axis=0, dtype=np.int32) / plan.count
        else:
            first, overlaps = plan.overlaps(slab)
            mean = _weighted_sum(array, first, overlaps) / overlaps.sum()
        np.rint(mean, out=mean)
        result[slab] = mean
    return _placed(result, image, plan)


def apply_labels(labels: sitk.Image, plan: Plan) -> sitk.Image:
    """The label map in slabs, by majority: organ first, then the lesions in it; a tie goes to the middle slice.

    A voxel is organ where more than half of the slab is (parenchyma or lesion), and tumour where more than half
    is tumour, so that each segment is what it would be alone, and a tumour never leaves its organ.

    Parameters
    ----------
    labels : sitk.Image
        uint8 on the grid of the CT that `plan` is for: 0 background, 1 parenchyma, 2 tumour, 3 unticked lesion.
    plan : Plan
    """
    array = _slices_of(labels, plan)
    if array.max() > max(LESIONS):
        raise ValueError(f"no derived label map: it holds the label {array.max()}")
    result = np.zeros((plan.slabs, *array.shape[1:]), np.uint8)
    box = _box(array)
    array, inside = array[(slice(None), *box)], result[(slice(None), *box)]
    present = [label for label in LESIONS if (array == label).any()]
    for slab in range(plan.slabs):
        first, overlaps = plan.overlaps(slab)
        slices, middle = array[first : first + overlaps.size], array[plan.middle(slab)]
        if not slices.any():
            continue
        inside[slab][_majority(slices > 0, middle > 0, overlaps)] = PARENCHYMA
        for label in present:
            inside[slab][_majority(slices == label, middle == label, overlaps)] = label
    return _placed(result, labels, plan)


def _majority(votes: np.ndarray, middle: np.ndarray, overlaps: np.ndarray) -> np.ndarray:
    """Where `votes` (slices, rows, columns) have more than half of the weight, or half of it and the middle slice."""
    twice, whole = 2 * _weighted_sum(votes, 0, overlaps), overlaps.sum()
    return np.where(twice == whole, middle, twice > whole)


def _weighted_sum(array: np.ndarray, first: int, overlaps: np.ndarray) -> np.ndarray:
    total = np.zeros(array.shape[1:])
    for overlap, plane in zip(overlaps, array[first : first + overlaps.size], strict=True):
        total += overlap * plane
    return total


def _box(array: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns that hold a label."""
    flat = array.any(axis=0)
    edges = [np.flatnonzero(flat.any(axis=axis)) for axis in (1, 0)]
    return tuple(slice(int(at[0]), int(at[-1]) + 1) if at.size else slice(0, 0) for at in edges)


def grid_before(image: sitk.Image, plan: Plan) -> sitk.Image:
    """An empty uint8 image on the grid that `image`, in slabs now, had before: to bring a label map there."""
    grid = sitk.Image((*image.GetSize()[:2], plan.slices), sitk.sitkUInt8)
    grid.SetSpacing((*image.GetSpacing()[:2], plan.step_mm))
    grid.SetDirection(image.GetDirection())
    grid.SetOrigin(image.TransformContinuousIndexToPhysicalPoint((0, 0, -plan.offset_mm / plan.slab_mm)))
    return grid


def _slices_of(image: sitk.Image, plan: Plan) -> np.ndarray:
    if image.GetSize()[2] != plan.slices or abs(image.GetSpacing()[2] - plan.step_mm) > CRUMB_MM:
        raise ValueError("the plan was made for other slices")
    return sitk.GetArrayViewFromImage(image)


def _placed(array: np.ndarray, image: sitk.Image, plan: Plan) -> sitk.Image:
    result = sitk.GetImageFromArray(array)
    result.SetSpacing((*image.GetSpacing()[:2], plan.slab_mm))
    result.SetDirection(image.GetDirection())
    result.SetOrigin(image.TransformContinuousIndexToPhysicalPoint((0, 0, plan.offset_mm / plan.step_mm)))
    return result
