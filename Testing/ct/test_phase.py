"""Contrast phase from the attenuation of aorta and liver: told where it is certain, else unknown."""

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of, phantom_arrays
from PTLFPredictorLib.ct import canonical, phase, read_ct
from PTLFPredictorLib.segmentation.reading import parse_labels, read_segments


def aorta_with_fat(shape, radius):
    _, row, column = np.indices(shape)
    return np.hypot(row - 74, column - 80) <= radius


def of_phantom(liver, aorta):
    hu, labels = phantom_arrays()
    hu = hu.astype(float)
    hu[labels == 1] += liver - 105
    hu[aorta_with_fat(hu.shape, 17)] = -80
    hu[aorta_with_fat(hu.shape, 9)] = aorta
    ct = canonical(image_of(np.rint(hu).astype(np.int16)))
    return phase.from_attenuation(ct.image, image_of((labels == 1).astype(np.uint8)))


@pytest.mark.parametrize(
    ("liver", "aorta", "name"),
    [
        (105, 150, "portal venous"),
        (60, 300, "arterial"),
        (55, 42, "unenhanced"),
        (80, 90, "delayed"),
        (80, 200, "unknown"),
        (120, 300, "unknown"),
    ],
)
def test_phase_of_the_phantom(liver, aorta, name):
    found = of_phantom(liver, aorta)
    assert found.name == name
    if name not in ("unknown", "unenhanced"):
        assert found.values["aorta_hu"] == pytest.approx(aorta, abs=12)


def test_without_an_aorta_the_answer_is_unknown():
    hu, labels = phantom_arrays()
    hu[aorta_with_fat(hu.shape, 9.5)] = 45
    ct = canonical(image_of(hu))
    assert phase.from_attenuation(ct.image, image_of((labels == 1).astype(np.uint8))).name == "unknown"


def test_real_portal_venous_cts_are_recognised(shared):
    cases = [
        ("ircad17/dicom", "ircad17/liver1_tumour2.nii.gz", None, 163),
        ("totalseg_small/dicom", "totalseg_small/example_seg_dicom.nii.gz", "liver=5", 151),
    ]
    for folder, labels, roles, aorta in cases:
        ct = read_ct(shared / folder)
        segments = read_segments(shared / labels, ct, parse_labels(roles))
        found = phase.from_attenuation(ct.image, segments.mask(1))
        assert found.name == "portal venous"
        assert found.values["aorta_hu"] == pytest.approx(aorta, abs=8)


def test_an_empty_mask_tells_nothing(phantom):
    empty = sitk.Image(phantom[0].GetSize(), sitk.sitkUInt8)
    assert phase.from_attenuation(phantom[0], empty).name == "unknown"
