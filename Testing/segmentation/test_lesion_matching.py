"""Which lesions were found: by intersection over union, each with one partner."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.agreement import LesionMatches, match, match_lesions, measure, summary
from PTLFPredictorLib.segmentation.agreement.cases import CaseMeasures, Spread

MM = (1.0, 1.0, 1.0)


def lesions(*columns: slice) -> np.ndarray:
    """Bars of 2 x 2 voxels along the columns."""
    mask = np.zeros((4, 4, 60), bool)
    for one in columns:
        mask[1:3, 1:3, one] = True
    return mask


def test_found_missed_and_false():
    found = match(lesions(slice(2, 12), slice(50, 55)), lesions(slice(4, 14), slice(30, 36)), MM)
    large, small = found.true
    assert (large.volume_ml, small.volume_ml) == pytest.approx((0.04, 0.024)), "the larger one first"
    assert large.iou == pytest.approx(8 / 12)
    assert large.covered == pytest.approx(0.8)
    assert (large.is_found, small.is_found, small.iou, small.covered) == (True, False, 0, 0)
    assert [one.volume_ml for one in found.false] == pytest.approx([0.02])
    assert found.found == 1


def test_one_blot_over_three_lesions_finds_one_of_them():
    found = match(lesions(slice(0, 40)), lesions(slice(0, 10), slice(15, 20), slice(30, 35)), MM)
    assert [one.is_found for one in found.true] == [True, False, False]
    assert [one.covered for one in found.true] == [1, 1, 1], "though each is covered"
    assert not found.false


def test_a_lesion_in_two_pieces_is_found_once_and_the_other_piece_is_false():
    found = match(lesions(slice(0, 6), slice(8, 12)), lesions(slice(0, 12)), MM)
    assert found.true[0].iou == pytest.approx(0.5)
    assert [one.volume_ml for one in found.false] == pytest.approx([0.016])


@pytest.mark.parametrize(("voxels", "is_found"), [(10, True), (11, False)])
def test_a_tenth_of_what_both_hold_is_the_least(voxels, is_found):
    found = match(lesions(slice(0, voxels)), lesions(slice(0, 1)), MM)
    assert found.true[0].is_found is is_found
    assert len(found.false) == (not is_found)


def test_partners_are_chosen_so_that_the_most_is_shared():
    """Greedy, the first drawn lesion would take the true one that the second needs."""
    true = lesions(slice(0, 20), slice(22, 40))
    drawn = lesions(slice(0, 9), slice(11, 21))
    drawn[1:3, 1:3, 21:30] = True  # the second drawn one goes on into the second true one
    found = match(drawn, true, MM)
    assert [one.is_found for one in found.true] == [True, True]


def test_nothing_anywhere_and_nothing_on_one_side():
    empty, one = lesions(), lesions(slice(3, 8))
    assert match(empty, empty, MM) == LesionMatches()
    assert (len(match(empty, one, MM).true), match(empty, one, MM).found) == (1, 0)
    assert (len(match(one, empty, MM).true), len(match(one, empty, MM).false)) == (0, 1)


def test_by_size():
    found = match(lesions(slice(0, 30)), lesions(slice(0, 25), slice(50, 55)), MM)
    small, large = found.of_size(0, 10), found.of_size(20, 50)
    assert (len(small.true), small.found, len(large.true), large.found) == (1, 0, 1, 1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_lesion_is_counted_once(seed):
    rng = np.random.default_rng(seed)
    a, b = (ndimage.gaussian_filter(rng.normal(size=(6, 12, 12)), 0.8) > rng.uniform(0.1, 0.6) for _ in range(2))
    there, back = match(a, b, MM), match(b, a, MM)
    of_a, of_b = (ndimage.label(mask, np.ones((3, 3, 3)))[1] for mask in (a, b))
    assert len(there.true) == of_b
    assert there.found + len(there.false) == of_a
    assert there.found == back.found, "pairs are pairs from either side"
    assert sum(one.volume_ml for one in there.true) == pytest.approx(np.count_nonzero(b) / 1000)
    assert all(0.1 <= one.iou <= 1 for one in there.true if one.is_found)
    assert LesionMatches.from_dict(there.to_dict()) == there


def label_map(tumour: np.ndarray, liver: bool = True) -> sitk.Image:
    image = sitk.GetImageFromArray(np.where(tumour, 2, int(liver)).astype(np.uint8))
    image.SetSpacing(MM)
    return image


def test_a_case_is_measured_and_read_back():
    row = measure("S_1", label_map(lesions(slice(2, 12))), label_map(lesions(slice(4, 14))), "fold 0")
    assert row.regions["tumor"].dice == pytest.approx(0.8)
    assert row.regions["liver"].dice == 1
    assert row.lesions.found == 1
    assert CaseMeasures.from_dict(row.to_dict()) == row


def test_only_the_regions_that_both_tell():
    row = measure("S_1", label_map(lesions(slice(2, 12)), False), label_map(lesions(slice(4, 14))), regions=["tumor"])
    assert set(row.regions) == {"tumor"}
    assert set(summary([row])["regions"]) == {"tumor"}


def test_two_grids_are_refused():
    with pytest.raises(BadInput, match="different grids"):
        match_lesions(label_map(lesions()), label_map(lesions()[:, :, 1:]))


def test_a_summary_counts_cases_that_have_a_measure_and_all_lesions():
    hit = measure("a", label_map(lesions(slice(2, 12))), label_map(lesions(slice(2, 12))))
    missed = measure("b", label_map(lesions()), label_map(lesions(slice(2, 12))))
    false = measure("c", label_map(lesions(slice(2, 12))), label_map(lesions()))
    found = summary([hit, missed, false])
    tumour = found["regions"]["tumor"]
    assert (tumour["dice"]["n"], tumour["dice"]["mean"], tumour["dice"]["median"]) == (3, pytest.approx(1 / 3), 0)
    assert (tumour["hd95_mm"]["n"], tumour["hd95_mm"]["sd"]) == (1, None)
    assert found["lesions"] == {
        "true": 2, "found": 1, "sensitivity": 0.5, "false": 1, "false_per_case": pytest.approx(1 / 3),
        "cases_without_false": 2,
    }  # fmt: skip


def test_a_spread_of_nothing_is_no_number():
    assert Spread.of([float("nan")]).to_dict() == dict.fromkeys(("mean", "sd", "median", "low", "high")) | {"n": 0}
