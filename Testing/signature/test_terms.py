"""What the signature says of its terms, checked by computing; numbers on real CTs are in docs/terms.md."""

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.measures.radiomics import extract
from PTLFPredictorLib.signature import load

SIZE = "exponential_glrlm_RunLengthNonUniformity"
ZONES = "wavelet-HHH_glszm_SizeZoneNonUniformity"
ENTROPY = "wavelet-HHH_glcm_DifferenceEntropy"
MEANS = ("wavelet-HHL_firstorder_Mean", "wavelet-LHH_firstorder_Mean")


@pytest.fixture(scope="module")
def values(phantom):
    """Features of the phantom after its HU or its tumour were changed."""
    image, labels = phantom
    settings = load("ptlf-published").extraction

    def compute(change=lambda hu, labels: hu, mask=lambda labels: labels):
        hu = change(sitk.GetArrayFromImage(image).astype(float), sitk.GetArrayFromImage(labels))
        drawn = mask(sitk.GetArrayFromImage(labels))
        ct = sitk.GetImageFromArray(np.rint(hu).astype(np.int16))
        ct.CopyInformation(image)
        vois = {}
        for name, label in (("tumor", 2), ("liver", 1)):
            vois[name] = sitk.GetImageFromArray((drawn == label).astype(np.uint8))
            vois[name].CopyInformation(image)
        wanted = {
            "tumor": [SIZE, ZONES, "exponential_firstorder_Maximum"],
            "liver": [
                ENTROPY,
                *MEANS,
                "wavelet-HHH_firstorder_Maximum",
                "wavelet-HHL_firstorder_MeanAbsoluteDeviation",
            ],
        }
        found = extract(ct, vois, wanted, settings)
        return {name: value for vector in found.values() for name, value in vector.values.items()}

    return compute


def eroded(labels):
    """A smaller tumour of the same shape."""
    tumour = sitk.GetImageFromArray((labels == 2).astype(np.uint8))
    kept = sitk.GetArrayFromImage(sitk.BinaryErode(tumour, [3, 3, 0], sitk.sitkBall))
    return np.where((labels == 2) & (kept == 0), 1, labels)


def test_the_exponential_term_does_not_see_attenuation_but_the_mask_alone(values):
    as_it_is = values()
    assert as_it_is["exponential_firstorder_Maximum"] < 25
    assert values(lambda hu, labels: hu + 40 * (labels == 2))[SIZE] == as_it_is[SIZE]
    noise = np.random.default_rng(1)
    assert values(lambda hu, labels: hu + noise.normal(0, 15, hu.shape))[SIZE] == as_it_is[SIZE]
    assert values(mask=eroded)[SIZE] < 0.9 * as_it_is[SIZE]


def test_the_two_hhh_terms_stand_still_where_the_detail_stays_within_25_hu(values):
    flat = {1: 105.0, 2: 70.0}
    noise = np.random.default_rng(2)

    def with_noise(sd):
        def change(hu, labels):
            for label, level in flat.items():
                hu[labels == label] = level
            grown = noise.normal(0, sd, hu.shape)
            return np.where(labels > 0, hu + grown, hu)

        return change

    calm, loud = values(with_noise(3)), values(with_noise(25))
    assert calm[ENTROPY] == pytest.approx(1.0, abs=0.1)
    assert loud[ENTROPY] > 1.5
    assert loud[ZONES] > 3 * calm[ZONES]


def test_means_of_high_pass_images_are_near_zero_beside_their_spread(values):
    found = values()
    for name in MEANS:
        assert abs(found[name]) < 0.2 * found["wavelet-HHL_firstorder_MeanAbsoluteDeviation"]
