"""How many lesions there are, how large and how wide they are."""

from __future__ import annotations

import time

import numpy as np
import pytest

from abdomen import ellipsoid
from PTLFPredictorLib.measures.radiomics import shape
from PTLFPredictorLib.record.parts import Lesions
from PTLFPredictorLib.segmentation.lesions import largest_diameter, lesions, text
from PTLFPredictorLib.segmentation.segments import ml_text

SPACING = (0.8, 0.8, 5.0)


def test_pieces_that_touch_at_a_corner_are_one_lesion():
    mask = np.zeros((4, 6, 6), bool)
    mask[0, 0, 0] = mask[1, 1, 1] = True
    mask[3, 4:, 4:] = True
    assert [lesion.volume_ml for lesion in lesions(mask, (1, 1, 1))] == pytest.approx([0.004, 0.002])


@pytest.mark.parametrize(
    ("place", "length"), [(np.s_[1, 2, 3:10], 7 * 0.8), (np.s_[1, 2:6, 3], 4 * 0.7), (np.s_[1, 2, 2], 0.8)]
)
def test_a_row_of_voxels_measures_its_voxels(place, length):
    mask = np.zeros((3, 12, 12), bool)
    mask[place] = True
    assert largest_diameter(lesions(mask, (0.8, 0.7, 5))) == pytest.approx(length)


def test_the_diameter_is_measured_in_one_axial_slice():
    mask = np.zeros((9, 12, 12), bool)
    mask[:, 5, 5] = True  # 45 mm from feet to head
    assert largest_diameter(lesions(mask, SPACING)) == pytest.approx(0.8)


@pytest.mark.parametrize("radii", [(3, 20, 9), (2, 8, 30), (4, 15, 15)])
def test_it_is_pyradiomics_maximum_2d_diameter_of_a_single_lesion(radii):
    mask = ellipsoid((12, 64, 70), (6, 31, 35), radii)
    expected = shape.features(mask, (0.8, 0.8, 5.0)[::-1], ["Maximum2DDiameterSlice"])
    assert largest_diameter(lesions(mask, SPACING)) == pytest.approx(next(iter(expected.values())), rel=1e-6)


def test_no_tumour_no_lesions():
    told = Lesions.of(lesions(np.zeros((3, 4, 5), bool), SPACING))
    assert told.to_dict() == {"count": 0, "largest_diameter_mm": 0.0, "list": []}
    assert text(told.count, told.largest_diameter_mm) == ""


def test_a_record_lists_the_largest_and_counts_all():
    mask = np.zeros((3, 60, 60), bool)
    mask[1, ::2, ::2] = True
    told = Lesions.of(lesions(mask, SPACING))
    assert (told.count, len(told.listed)) == (900, 100)


def test_a_large_mask_takes_no_time_to_speak_of():
    mask = ellipsoid((100, 512, 512), (50, 250, 250), (45, 180, 170))
    start = time.process_time()
    found = lesions(mask, SPACING)
    assert len(found) == 1
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (1378.04, "1378.0 mL"),
        (1.0, "1.0 mL"),
        (0.45, "0.45 mL"),
        (0.0384, "0.038 mL"),
        (0.0032, "0.0032 mL"),
        (0, "0.0 mL"),
    ],
)
def test_small_volumes_keep_digits_that_count(volume, words):
    assert ml_text(volume) == words
