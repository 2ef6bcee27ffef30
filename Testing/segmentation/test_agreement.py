"""Agreement of two label maps, against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.agreement import agreement, compare

SPACING = (0.8, 0.8, 5.0)


def box(x: slice, y: slice = slice(2, 12), z: slice = slice(2, 8)) -> np.ndarray:
    mask = np.zeros((10, 14, 40), bool)
    mask[z, y, x] = True
    return mask


def test_two_boxes_ten_voxels_wide_and_shifted_by_five():
    found, true = box(slice(5, 15)), box(slice(10, 20))
    result = compare(found, true, SPACING)
    assert result.dice == pytest.approx(0.5)
    assert result.jaccard == pytest.approx(1 / 3)
    assert result.precision == result.recall == pytest.approx(0.5)
    assert result.volume_ml == pytest.approx(600 * 0.8 * 0.8 * 5 / 1000)
    assert result.volume_difference_ml == 0
    assert result.hd95_mm == pytest.approx(5 * 0.8)


def test_a_box_in_a_larger_one():
    found, true = box(slice(5, 25)), box(slice(5, 15))
    result = compare(found, true, SPACING)
    assert (result.precision, result.recall) == (0.5, 1.0)
    assert result.dice == pytest.approx(2 / 3)
    assert result.volume_difference_ml == pytest.approx(result.true_volume_ml)
    assert result.hd95_mm == pytest.approx(10 * 0.8)


def test_distance_counts_the_slice_thickness():
    assert compare(box(slice(5, 15), z=slice(2, 5)), box(slice(5, 15), z=slice(3, 6)), SPACING).hd95_mm == 5.0


def test_equal_masks():
    result = compare(box(slice(3, 9)), box(slice(3, 9)), SPACING)
    assert (result.dice, result.jaccard, result.volume_difference_ml) == (1, 1, 0)
    assert result.hd95_mm == pytest.approx(0, abs=1e-5)


def test_nothing_found_has_no_distance_and_no_precision():
    result = compare(np.zeros((10, 14, 40), bool), box(slice(3, 9)), SPACING)
    assert (result.dice, result.recall) == (0, 0)
    assert math.isnan(result.hd95_mm)
    assert math.isnan(result.precision)
    assert result.to_dict()["hd95_mm"] is None


def test_nothing_to_find_and_nothing_found_is_no_perfect_score():
    empty = np.zeros((4, 4, 4), bool)
    assert math.isnan(compare(empty, empty, SPACING).dice)


def label_map(array: np.ndarray) -> sitk.Image:
    image = sitk.GetImageFromArray(array.astype(np.uint8))
    image.SetSpacing(SPACING)
    return image


def test_regions_of_a_label_map():
    true = np.where(box(slice(5, 25)), 1, 0)
    true[box(slice(10, 20))] = 2
    found = np.where(box(slice(5, 25)), 1, 0)
    result = agreement(label_map(found), label_map(true))
    assert result["liver"].dice == 1
    assert result["parenchyma"].recall == 1
    assert result["parenchyma"].precision == 0.5
    assert result["tumor"].dice == 0


def test_maps_of_different_scans_are_not_compared():
    with pytest.raises(BadInput, match="different grids"):
        agreement(label_map(np.ones((4, 5, 6))), label_map(np.ones((4, 5, 7))))


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_dice_and_jaccard_tell_the_same_and_swap_precision_with_recall(seed, p, q):
    rng = np.random.default_rng(seed)
    a, b = rng.random((4, 5, 6)) < p, rng.random((4, 5, 6)) < q
    if not (a.any() and b.any()):
        return
    there, back = compare(a, b, SPACING), compare(b, a, SPACING)
    assert there.dice == pytest.approx(2 * there.jaccard / (1 + there.jaccard))
    assert (there.precision, there.recall) == (back.recall, back.precision)
    assert there.hd95_mm == pytest.approx(back.hd95_mm)
    diagonal = float(np.linalg.norm(np.multiply((5, 4, 3), SPACING)))
    assert 0 <= there.hd95_mm <= diagonal


@pytest.mark.parametrize("seed", range(8))
def test_overlap_is_that_of_itk(seed):
    """ITK computes Dice from Jaccard: the same but for the last digit."""
    rng = np.random.default_rng(seed)
    found, true = (rng.random((6, 9, 11)) < share for share in rng.uniform(0.1, 0.9, 2))
    itk = sitk.LabelOverlapMeasuresImageFilter()
    itk.Execute(*(sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (found, true)))
    result = compare(found, true, SPACING)
    assert result.dice == pytest.approx(itk.GetDiceCoefficient(1), rel=1e-14)
    assert result.jaccard == itk.GetJaccardCoefficient(1)
