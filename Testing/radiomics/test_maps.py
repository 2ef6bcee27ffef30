"""Maps: a feature of each voxel's neighbourhood, as PyRadiomics' ``voxelBased`` makes them."""

import importlib.util

import numpy as np
import pytest
import SimpleITK as sitk
from map_phantoms import NAMES, WAYS, of_pyradiomics, settings_of, stored, volume

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures.radiomics import ExtractionSettings, maps
from PTLFPredictorLib.measures.radiomics.maps import MapSettings, compute, require_maps
from PTLFPredictorLib.measures.radiomics.settings import IMAGE_TYPES

ORIGINAL = ExtractionSettings(image_types={"Original": {}})
PLAIN_MEAN = "original_glcm_JointAverage"
"""PyRadiomics alone takes a plain mean over directions here, which is NaN where one of them has no pair."""


def values_of(image, mask, names, settings, **how):
    """Name -> values of the VOI's voxels."""
    inside = sitk.GetArrayViewFromImage(mask) > 0
    made = compute(image, mask, names, settings, MapSettings(**how))
    return {name: sitk.GetArrayFromImage(found)[inside] for name, found, _ in made}


def assert_equal(found, reference):
    """To 1e-9 of the value, or of the map's largest where it is next to nothing; NaN where PyRadiomics has NaN."""
    assert found.keys() == reference.keys()
    for name, values in reference.items():
        of_both = ~np.isnan(values)
        assert of_both.any(), name
        if not name.endswith("_glcm_JointAverage"):
            assert np.array_equal(np.isnan(found[name]), ~of_both), name
        nothing = 1e-12 * np.abs(values[of_both]).max()
        np.testing.assert_allclose(found[name][of_both], values[of_both], rtol=1e-9, atol=nothing, err_msg=name)


@pytest.mark.parametrize("way", WAYS)
def test_maps_are_pyradiomics(way):
    assert_equal(values_of(*volume(), NAMES, settings_of(way), **WAYS[way][1]), stored(way))


def test_a_direction_without_pairs_is_left_out_of_every_mean():
    """PyRadiomics' JointAverage is NaN there; its SumAverage, twice the same, is not."""
    found = values_of(*volume(), [PLAIN_MEAN, "original_glcm_SumAverage"], ORIGINAL)
    theirs = stored("radius 1")
    assert (np.isnan(theirs[PLAIN_MEAN]) & ~np.isnan(theirs["original_glcm_SumAverage"])).any()
    np.testing.assert_allclose(2 * found[PLAIN_MEAN], theirs["original_glcm_SumAverage"], rtol=1e-12)


def test_a_voxel_by_itself_has_first_order_but_no_pairs():
    image, mask = volume()
    names = ["original_glcm_Contrast", "original_glrlm_RunEntropy", "original_firstorder_Mean"]
    names += ["original_gldm_DependenceEntropy", "original_glszm_ZoneEntropy", "original_ngtdm_Coarseness"]
    made = {name: found for name, found, _ in compute(image, mask, names, ORIGINAL)}
    corner = [made[name][0, 0, 0] for name in names]
    assert np.isnan(corner[:2]).all()
    assert corner[2] == image[0, 0, 0]
    assert corner[3:] == pytest.approx([0, 0, 1e6], abs=1e-12)


@pytest.mark.parametrize("places", [27, 27 * 7])
def test_how_many_are_looked_at_together_is_all_the_same(monkeypatch, places):
    image, mask = volume()
    whole = values_of(image, mask, NAMES, ORIGINAL)
    monkeypatch.setattr(maps, "PLACES", places)
    told = []
    made = compute(image, mask, NAMES, ORIGINAL, progress=lambda *event: told.append(event))
    inside = sitk.GetArrayViewFromImage(mask) > 0
    for name, found, values in made:
        np.testing.assert_array_equal(sitk.GetArrayViewFromImage(found)[inside], values)
        np.testing.assert_allclose(values, whole[name], rtol=1e-14, atol=1e-15)
    assert ("VOI: original glcm", inside.sum(), inside.sum()) in told
    assert len(told) >= 6 * inside.sum() * 27 / places


def test_a_map_lies_on_the_ct_and_says_what_is_outside():
    image, mask = volume()
    image.SetOrigin((12.5, -7.25, 99.0))
    mask.CopyInformation(image)
    ((_, found, _),) = compute(image, mask, NAMES[:1], ORIGINAL, MapSettings(init_value=float("nan")))
    assert (found.GetSize(), found.GetOrigin(), found.GetSpacing(), found.GetDirection()) == (
        image.GetSize(), image.GetOrigin(), image.GetSpacing(), image.GetDirection()
    )  # fmt: skip
    inside = sitk.GetArrayViewFromImage(mask) > 0
    assert np.array_equal(np.isnan(sitk.GetArrayViewFromImage(found)), ~inside)
    ((_, found, _),) = compute(image, mask, NAMES[:1], ORIGINAL)
    assert not sitk.GetArrayViewFromImage(found)[~inside].any()


def test_re_segmentation_leaves_voxels_out_of_neighbourhoods_and_map():
    image, mask = volume()
    settings = ExtractionSettings(image_types={"Original": {}}, resegment_range=(-60, 60))
    hu, inside = (sitk.GetArrayViewFromImage(one) for one in (image, mask))
    kept = (inside > 0) & (hu >= -60) & (hu <= 60)
    ((_, found, values),) = compute(
        image, mask, ["original_firstorder_Maximum"], settings, MapSettings(init_value=-1000.0)
    )
    array = sitk.GetArrayViewFromImage(found)
    assert values.size == kept.sum() < inside.sum()
    assert np.array_equal(array > -1000, kept)
    assert array[kept].max() <= 60


def test_a_filtered_image_is_the_engines():
    """With a radius that reaches the whole VOI, each voxel's mean is the VOI's."""
    from PTLFPredictorLib.measures.radiomics import extract

    image, mask = volume(shape=(9, 9, 10))
    name = "log-sigma-2-0-mm-3D_firstorder_Mean"
    settings = ExtractionSettings(image_types={"LoG": {"sigma": [2.0]}})
    sitk_mask = mask * 0
    sitk_mask[2:6, 2:6, 2:6] = 1
    (value,) = extract(image, {"tumor": sitk_mask}, {"tumor": [name]}, settings)["tumor"].values.values()
    found = values_of(image, sitk_mask, [name], settings, kernel_radius=3)[name]
    np.testing.assert_allclose(found, value, rtol=1e-12)


@pytest.mark.parametrize(
    ("names", "settings", "sentence"),
    [
        (["original_shape_Sphericity"], {}, "no map of 'original_shape_Sphericity': it describes the VOI's outline"),
        (["original_glcm_MCC"], {}, "no map of 'original_glcm_MCC': .* rounding"),
        (["original_glcm_Imc2"], {}, "no map of 'original_glcm_Imc2'"),
        (["original_glcm_Contrastt"], {}, "is no feature"),
        (["exponential_glcm_Contrast"], {}, "needs the image type Exponential"),
        (["original_glcm_Contrast"], {"resampled_spacing_mm": (1, 1, 1)}, "resample"),
        (["original_glcm_Contrast"], {"weighting_norm": "euclidean"}, "weight"),
        ([], {}, "No map is named"),
    ],
)
def test_what_there_is_no_map_of_is_refused_with_a_reason(names, settings, sentence):
    with pytest.raises(BadInput, match=sentence):
        require_maps(names, ExtractionSettings(image_types={"Original": {}}, **settings))


@pytest.mark.parametrize("radius", [0, 8, -1])
def test_a_radius_is_a_few_voxels(radius):
    with pytest.raises(BadInput, match="kernel radius"):
        MapSettings(kernel_radius=radius)


HAS_PYRADIOMICS = importlib.util.find_spec("radiomics") and importlib.util.find_spec("radiomics.featureextractor")


@pytest.mark.slow
@pytest.mark.skipif(not HAS_PYRADIOMICS, reason="PyRadiomics is not in this Python")
@pytest.mark.parametrize("how", [{}, {"masked_kernel": False}, {"kernel_radius": 3}], ids=str)
def test_maps_of_filtered_images_are_pyradiomics(how):
    """A larger VOI, every filter; outside the VOI PyRadiomics' LBP-3D image is the CT itself."""
    types = {name: {"sigma": [2.0]} if name == "LoG" else {} for name in IMAGE_TYPES}
    if not how.get("masked_kernel", True):
        del types["LBP3D"]
    settings = ExtractionSettings(image_types=types, clip_hu=None)
    image, mask = volume(shape=(14, 15, 16), seed=9)
    theirs = of_pyradiomics(image, mask, settings, **how)
    assert_equal(values_of(image, mask, list(theirs), settings, **how), theirs)
