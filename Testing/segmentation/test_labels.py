"""From a model's labels to parenchyma and tumour in the CT's own geometry."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation import device, worker
from PTLFPredictorLib.segmentation.segments import by_role


def test_labels_become_roles():
    labels = np.array([[[0, 1, 2, 3, 4, 5]]])
    drawn = by_role(labels, {"parenchyma": [1, 3], "tumor": [4]})
    assert drawn.tolist() == [[[0, 1, 0, 1, 2, 0]]]
    assert drawn.dtype == np.uint8


def test_a_model_without_a_tumour_label_draws_parenchyma_alone():
    assert by_role(np.array([[[0, 1, 2]]]), {"parenchyma": [1]}).tolist() == [[[0, 1, 0]]]


def test_only_the_largest_organ_stays_with_the_tumours_in_it():
    array = np.zeros((5, 20, 20), np.uint8)
    array[1:4, 2:10, 2:10] = 1
    array[2, 4:6, 4:6] = 2
    array[1:4, 14:18, 14:18] = 2  # a tumour of its own, away from the liver
    array[0, 0, 0] = 1
    kept = sitk.GetArrayFromImage(worker.largest_organ(sitk.GetImageFromArray(array)))
    assert kept[2, 4, 4] == 2
    assert (kept == 1).sum() == 3 * 64 - 4
    assert not kept[:, 12:, 12:].any()
    assert kept[0, 0, 0] == 0


def test_an_empty_label_map_stays_empty():
    empty = sitk.GetImageFromArray(np.zeros((3, 4, 5), np.uint8))
    assert sitk.GetArrayFromImage(worker.largest_organ(empty)).sum() == 0


@pytest.mark.parametrize("own", ["LPS", "RAS", "LAI", "PIR", "SRP"])
@pytest.mark.parametrize("trained", ["LPS", "RAS", "PSL"])
def test_labels_drawn_on_the_models_axes_lie_right_on_any_ct(own, trained):
    rng = np.random.default_rng(3)
    ct = sitk.GetImageFromArray(rng.integers(0, 3, (4, 5, 6)).astype(np.int16))
    ct.SetSpacing((0.8, 0.7, 5.0))
    ct.SetOrigin((-10.0, 20.0, 30.0))
    ct = sitk.DICOMOrient(ct, own)
    drawn = sitk.GetArrayFromImage(sitk.DICOMOrient(ct, trained))  # a network that draws what it sees
    labels = worker.in_geometry_of(ct, drawn, trained)
    assert sitk.GetArrayFromImage(labels).tolist() == sitk.GetArrayFromImage(ct).tolist()
    assert (labels.GetOrigin(), labels.GetSpacing(), labels.GetDirection()) == (
        ct.GetOrigin(),
        ct.GetSpacing(),
        ct.GetDirection(),
    )


@pytest.mark.parametrize("word", ["gpu", "cuda:", "cuda:-1", "cuda:x", "", "CPU "])
def test_a_device_that_is_none(word):
    with pytest.raises(BadInput, match="auto, cpu or cuda:N"):
        device.number_of(word)


@pytest.mark.parametrize(("word", "number"), [("cpu", None), ("auto", 0), ("cuda", 0), ("cuda:3", 3)])
def test_devices(word, number):
    assert device.number_of(word) == number
