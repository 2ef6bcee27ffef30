"""Filters: their formulas, and that a box gives the values of the whole image."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from voi_phantoms import ellipsoids, image_of

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures.radiomics.filters import lbp3d, make_filter, sphere
from PTLFPredictorLib.measures.radiomics.filters.wavelet import LOW_PASS, high_pass
from PTLFPredictorLib.measures.radiomics.region import Region, Voi, Volume

ALL_OPTIONS = {
    "Original": {},
    "Wavelet": {"level": 2},
    "LoG": {"sigma": [1.0, 2.0]},
    "Square": {},
    "SquareRoot": {},
    "Logarithm": {},
    "Exponential": {},
    "Gradient": {},
    "LBP3D": {},
}


def filtered(image_type, image, mask, parts=1, **options):
    """All filtered images of a type, as vectors over the VOI."""
    made = make_filter(image_type, Volume.of(image), options)
    region = Region({"voi": Voi(mask)})
    result = {name: np.empty(region.size, made.dtype) for name in made.names}
    with ThreadPoolExecutor(2) as pool:
        made.prepare(region.box, pool)
        for box, inside, where in region.slabs(parts, 10**9):
            for name, values in made.values(box, inside, made.names).items():
                result[name][where] = values
    return result


@pytest.fixture(scope="module")
def case():
    return ellipsoids(seed=3, slice_mm=5.0)


@given(seed=st.integers(0, 2**32 - 1), parts=st.integers(1, 9), voxels=st.sampled_from([1, 40, 10**6]))
def test_slabs_hold_each_voxel_of_the_region_once_in_order_in_boxes_that_end_with_it(seed, parts, voxels):
    rng = np.random.default_rng(seed)
    masks = rng.random((2, *rng.integers(1, 12, 3))) < rng.choice([0.03, 0.4])
    masks[:, 0, 0, 0] |= ~masks.any(axis=(1, 2, 3))
    region, covered, end = Region({name: Voi(mask) for name, mask in zip("ab", masks, strict=True)}), [], 0
    number = np.arange(masks[0].size).reshape(masks[0].shape)
    for box, inside, where in region.slabs(parts, voxels):
        covered.extend(number[box][inside])
        assert (where.start, where.stop - where.start) == (end, np.count_nonzero(inside))
        assert all(plane.any() for axis in range(3) for plane in (inside.take(0, axis), inside.take(-1, axis)))
        end = where.stop
    assert covered == np.flatnonzero(masks.any(axis=0)).tolist()


@pytest.mark.parametrize("image_type", ALL_OPTIONS)
def test_a_small_box_gives_the_values_of_the_whole_image(case, image_type):
    whole = filtered(image_type, case.image, np.ones_like(case.liver), **ALL_OPTIONS[image_type])
    part = filtered(image_type, case.image, case.tumor, parts=3, **ALL_OPTIONS[image_type])
    for name, values in part.items():
        expected = whole[name].reshape(case.ct.shape)[case.tumor]
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-13, err_msg=name)


def test_a_box_far_from_the_border_of_a_large_image_gives_its_log_and_lbp_values():
    ct = np.random.default_rng(5).integers(-100, 200, (40, 150, 140)).astype(np.int16)
    mask = np.zeros(ct.shape, dtype=bool)
    mask[18:22, 70:78, 66:74] = True
    image = image_of(ct, (3.0, 0.7, 0.7))
    whole = sitk.GetArrayFromImage(sitk.LaplacianRecursiveGaussian(image, 1.0, True))
    np.testing.assert_array_equal(filtered("LoG", image, mask, sigma=[1.0])["log-sigma-1-0-mm-3D"], whole[mask])
    everywhere = filtered("LBP3D", image, np.ones_like(mask))
    for name, values in filtered("LBP3D", image, mask).items():
        np.testing.assert_allclose(values, everywhere[name].reshape(ct.shape)[mask], rtol=0, atol=1e-12)


def test_intensity_filters_scale_with_the_largest_magnitude_of_the_whole_image():
    ct = np.array([[[-400, -100, 0], [50, 100, 200]]], dtype=np.int16)
    mask = np.zeros(ct.shape, dtype=bool)
    mask[0, :, 1] = True  # -100 and 100, while the largest magnitude, 400, lies outside
    image = image_of(ct)
    expected = {
        "Square": [25.0, 25.0],
        "SquareRoot": [-200.0, 200.0],
        "Logarithm": [-400 * np.log(101) / np.log(401), 400 * np.log(101) / np.log(401)],
        "Exponential": [400**-0.25, 400**0.25],
    }
    for image_type, values in expected.items():
        np.testing.assert_allclose(filtered(image_type, image, mask)[image_type.lower()], values, rtol=1e-14)


def test_gradient_is_the_central_difference_in_hu_per_mm():
    _, y, x = np.indices((5, 6, 7))
    image = image_of((3 * x + 4 * y).astype(np.int16), (2.0, 1.0, 0.5))
    inner = np.zeros((5, 6, 7), dtype=bool)
    inner[1:-1, 1:-1, 1:-1] = True
    assert np.allclose(filtered("Gradient", image, inner)["gradient"], np.hypot(3 / 0.5, 4 / 1.0))
    assert np.allclose(filtered("Gradient", image, inner, gradientUseSpacing=False)["gradient"], 5.0)


@pytest.mark.parametrize("shape", [(8, 6, 10), (7, 5, 9)])
def test_wavelet_is_a_periodic_convolution_padded_to_even_size(shape):
    ct = np.random.default_rng(2).integers(-500, 500, shape).astype(np.int16)
    padded = np.pad(ct.astype(float), [(0, n % 2) for n in shape], mode="wrap")
    taps = {"L": LOW_PASS["coif1"], "H": high_pass(LOW_PASS["coif1"])}

    def convolve(array, letter, axis):
        return sum(tap * np.roll(array, k - 3, axis) for k, tap in enumerate(taps[letter]))

    found = filtered("Wavelet", image_of(ct), np.ones(shape, dtype=bool))
    assert len(found) == 8
    for name, values in found.items():
        x, y, z = name.removeprefix("wavelet-")
        expected = convolve(convolve(convolve(padded, x, 2), y, 1), z, 0)[: shape[0], : shape[1], : shape[2]]
        np.testing.assert_allclose(values.reshape(shape), expected, atol=1e-10)


def test_wavelet_filters_are_orthonormal():
    for low in LOW_PASS.values():
        high = high_pass(low)
        assert sum(low) == pytest.approx(2**0.5, abs=1e-12)
        assert sum(high) == pytest.approx(0, abs=1e-12)
        assert np.dot(low, low) == pytest.approx(1, abs=1e-12)
        assert np.dot(low, high) == pytest.approx(0, abs=1e-12)


def test_wavelet_names_the_approximation_of_the_last_level():
    made = make_filter("Wavelet", Volume(np.zeros((4, 4, 4), np.int16), (1, 1, 1)), {"level": 2})
    assert len(made.names) == 15
    assert {"wavelet-LLH", "wavelet2-HHH", "wavelet2-LLL"} < set(made.names)
    assert "wavelet-LLL" not in made.names


def test_unknown_wavelet_is_refused():
    with pytest.raises(BadInput, match="wavelets coif1, haar, not 'db4'"):
        make_filter("Wavelet", Volume(np.zeros((4, 4, 4), np.int16), (1, 1, 1)), {"wavelet": "db4"})


def test_log_needs_an_image_that_the_recursion_fits():
    with pytest.raises(BadInput, match=r"too small for the image type LoG with sigma 5\.0 mm"):
        filtered("LoG", image_of(np.zeros((4, 6, 6), np.int16)), np.ones((4, 6, 6), bool), sigma=[5.0])


# ---- LBP-3D


def test_icosphere_of_one_subdivision_has_42_vertices_on_the_sphere():
    vertices = sphere.icosphere(1, 1.0)
    assert vertices.shape == (42, 3)
    np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 1, atol=1e-15)
    np.testing.assert_allclose(vertices.sum(axis=0), 0, atol=1e-12)
    assert {(1, 0, 0), (0, 1, 0), (0, 0, -1)} <= {tuple(v) for v in vertices}
    assert sphere.icosphere(2, 1.5).shape == (162, 3)


@pytest.mark.parametrize(("degree", "order"), [(0, 0), (1, -1), (1, 0), (1, 1), (2, -2), (2, 1), (3, 3)])
def test_spherical_harmonics_are_scipys(degree, order):
    from scipy import special

    azimuth, polar = np.linspace(0, 3, 7), np.linspace(-2.5, 3, 7)
    if hasattr(special, "sph_harm_y"):
        expected = special.sph_harm_y(degree, order, np.arccos(np.cos(polar)), azimuth)
    else:
        expected = special.sph_harm(order, degree, azimuth, np.arccos(np.cos(polar)))
    np.testing.assert_allclose(sphere.spherical_harmonic(degree, order, azimuth, polar), expected, atol=1e-14)


def direct_lbp(ct, mask, levels=2):
    """LBP-3D from its definition, voxel by voxel and vertex by vertex."""
    from scipy import ndimage

    vertices = sphere.icosphere(1, 1.0)
    index = np.argwhere(mask)
    samples = ndimage.map_coordinates(ct, (index[:, None] + vertices).reshape(-1, 3).T, order=3)
    samples = samples.reshape(len(index), -1)
    pattern = samples >= ct[mask][:, None]
    azimuth, polar = np.arccos(vertices[:, 2]), np.arctan2(vertices[:, 1], vertices[:, 0])
    result = {}
    for degree in range(levels):
        orders = range(-degree, degree + 1)
        y = np.stack([sphere.spherical_harmonic(degree, m, azimuth, polar) for m in orders], axis=1)
        on_sphere = (pattern @ y) @ y.T
        result[f"lbp-3D-m{degree + 1}"] = np.sqrt((on_sphere**2).sum(axis=1)).real
    deviation = samples - samples.mean(axis=1, keepdims=True, dtype=float)
    result["lbp-3D-k"] = (deviation**4).mean(axis=1) / (deviation**2).mean(axis=1) ** 2 - 3
    return result


@pytest.mark.parametrize("levels", [2, 3])
def test_lbp_is_its_definition_up_to_the_border_of_the_image(levels):
    ct = np.random.default_rng(8).integers(-300, 300, (7, 9, 8)).astype(np.int16)
    mask = np.ones(ct.shape, dtype=bool)
    mask[2:4, 3:5, 1:6] = False
    found = filtered("LBP3D", image_of(ct), mask, parts=2, lbp3DLevels=levels)
    for name, values in direct_lbp(ct, mask, levels).items():
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-12, err_msg=name)


def test_lbp_rounds_samples_to_the_pixel_type():
    ct = np.random.default_rng(8).integers(0, 4, (9, 9, 9)).astype(np.int16)
    mask = np.ones(ct.shape, dtype=bool)
    as_integers = filtered("LBP3D", image_of(ct), mask)["lbp-3D-m1"]
    as_floats = filtered("LBP3D", image_of(ct.astype(np.float64)), mask)["lbp-3D-m1"]
    assert np.mean(as_integers) > np.mean(as_floats) + 1


def test_lbp_kurtosis_is_undefined_where_the_ct_is_uniform():
    ct = np.full((9, 9, 9), 40, dtype=np.int16)
    mask = np.zeros(ct.shape, dtype=bool)
    mask[3:6, 3:6, 3:6] = True
    found = filtered("LBP3D", image_of(ct), mask)
    assert np.isnan(found["lbp-3D-k"]).all()
    assert np.allclose(found["lbp-3D-m1"], found["lbp-3D-m1"][0])


@settings(max_examples=200)
@given(centre=st.integers(-32768, 32767), sample=st.floats(-40000, 40000))
def test_threshold_is_what_rounding_half_away_from_zero_and_comparing_gives(centre, sample):
    rounded = np.clip(np.trunc(sample + np.copysign(0.5, sample)), -32768, 32767)
    threshold = lbp3d._threshold(np.array([centre], dtype=np.int16))[0]
    assert (sample >= threshold) == (rounded >= centre)


@pytest.mark.parametrize(("sample", "centre", "above"), [(2.5, 3, True), (-2.5, -2, False), (-0.5, 0, False)])
def test_threshold_at_a_half(sample, centre, above):
    assert (sample >= lbp3d._threshold(np.array([centre], dtype=np.int16))[0]) == above
