"""LoG by banded products: ITK's recursion to the last digit of single precision, and ITK itself on flat tissue."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from make_golden import sample_case
from voi_phantoms import SHARED_DATA, ellipsoids, image_of

from PTLFPredictorLib.child.system import ONE_THREAD
from PTLFPredictorLib.measures.radiomics import ExtractionSettings, builtin_engine, prepare
from PTLFPredictorLib.measures.radiomics.discretise import discretise
from PTLFPredictorLib.measures.radiomics.filters import log, log_bands, log_lines, make_filter
from PTLFPredictorLib.measures.radiomics.region import Region, Voi, Volume


def ours(image, mask, sigma, threads=2):
    """The engine's voxels of one sigma."""
    made, region = make_filter("LoG", Volume.of(image), {"sigma": [sigma]}), Region({"voi": Voi(mask)})
    with ThreadPoolExecutor(threads) as pool:
        return builtin_engine.filtered_voxels(made, region, made.names, pool)[made.names[0]]


def bands_alone(image, mask, sigma):
    """Without ITK's help on flat tissue."""
    volume, voi = Volume.of(image), Voi(mask)
    with ThreadPoolExecutor(2) as pool:
        return log_bands.Laplacian(volume.voxels, volume.spacing_mm, sigma, voi.box, voi.mask, pool).values()


def itks(image, sigma):
    """ITK's filter over the whole image, as PyRadiomics calls it."""
    return sitk.GetArrayFromImage(sitk.LaplacianRecursiveGaussian(image, sigma, True))


def steps_apart(found, expected):
    """Largest difference, in units in the last place of the largest value: a pass may round to the other neighbour."""
    difference = np.abs(found.astype(float) - expected).max()
    return difference / np.spacing(np.float32(np.abs(expected).max() + 1e-30))


def moved(found, expected):
    """Voxels that are in another bin."""
    return np.count_nonzero(discretise(found, 25.0, None, "").levels != discretise(expected, 25.0, None, "").levels)


# ---- one pass along a line


def line_matrix(sigma, spacing, order, length):
    reach = int(np.ceil(log_lines.REACH_PER_SIGMA * sigma / spacing))
    response = log_lines.response(sigma, spacing, order, reach)
    return log_lines.rows_of(response, slice(0, length), slice(0, length), length)


@settings(max_examples=60, deadline=None)
@given(sigma=st.floats(0.4, 6.0), spacing=st.floats(0.3, 6.0), order=st.sampled_from([0, 2]), length=st.integers(4, 90))
def test_the_matrix_of_a_pass_is_itks_recursion_over_the_identity(sigma, spacing, order, length):
    identity = sitk.GetImageFromArray(np.eye(length))
    identity.SetSpacing((spacing, 1.0))
    passed = sitk.RecursiveGaussian(identity, sigma, True, order, 0)  # a row for each unit impulse along x
    expected = sitk.GetArrayFromImage(passed).T
    np.testing.assert_allclose(line_matrix(sigma, spacing, order, length), expected, rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize(("sigma", "spacing"), [(1.0, 0.7), (1.0, 5.0), (3.0, 0.8)])
def test_smoothing_keeps_a_constant_and_the_second_derivative_of_half_the_square_is_sigma_squared(sigma, spacing):
    places = np.arange(301.0)
    smooth, second = (line_matrix(sigma, spacing, order, places.size) for order in (0, 2))
    np.testing.assert_allclose(smooth.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(second.sum(axis=1), 0, atol=1e-11)
    assert second[150] @ (places**2 / 2) == pytest.approx(sigma**2, rel=1e-7)
    assert smooth[150] @ places == pytest.approx(150)


def test_a_part_of_the_matrix_is_cut_from_the_whole():
    response = log_lines.response(1.5, 0.8, 2, 40)
    whole = log_lines.rows_of(response, slice(0, 70), slice(0, 70), 70)
    for rows, columns in ((slice(0, 9), slice(0, 49)), (slice(30, 40), slice(0, 70)), (slice(60, 70), slice(20, 70))):
        np.testing.assert_array_equal(log_lines.rows_of(response, rows, columns, 70), whole[rows, columns])


# ---- voxels


@st.composite
def volumes(draw):
    """A CT of 4 to 24 voxels a side in anisotropic spacing and a VOI of boxes, up to its border."""
    shape = tuple(draw(st.integers(4, 24)) for _ in range(3))
    spacing = tuple(draw(st.sampled_from([0.5, 0.7, 1.0, 1.6, 2.5, 5.0])) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ct = np.round(rng.normal(60, draw(st.sampled_from([5, 80, 600])), shape)).clip(-1024, 3071)
    mask = np.zeros(shape, dtype=bool)
    for _ in range(draw(st.integers(1, 2))):
        low = [draw(st.integers(0, size - 1)) for size in shape]
        high = [draw(st.integers(start + 1, size)) for start, size in zip(low, shape, strict=True)]
        mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    kind = draw(st.sampled_from([np.int16, np.float32, np.float64]))
    return ct.astype(kind), mask, spacing


@settings(max_examples=60, deadline=None)
@given(volumes(), st.sampled_from([0.5, 1.0, 2.0, 3.0, 5.0]))
def test_any_voi_has_itks_values_of_the_whole_image(drawn, sigma):
    ct, mask, spacing = drawn
    assume(all(size > np.ceil(sigma / step) for size, step in zip(ct.shape, spacing, strict=True)))
    image = image_of(ct, spacing)
    whole = itks(image, sigma)
    found = ours(image, mask, sigma)
    assert found.dtype == np.float32
    assert np.abs(found.astype(float) - whole[mask]).max() <= np.spacing(np.abs(whole).max())


@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("slice_mm", [5.0, 1.5])
def test_liver_and_tumour_of_a_phantom_are_itks_and_no_voxel_is_in_another_bin(sigma, slice_mm):
    case = ellipsoids(slice_mm=slice_mm, shape_mm=(60.0, 70.0, 80.0))
    whole = itks(case.image, sigma)
    for mask in (case.liver, case.tumor):
        found = ours(case.image, mask, sigma)
        assert steps_apart(found, whole[mask]) <= 1
        assert moved(found, whole[mask]) == 0


def test_the_number_of_threads_changes_no_bit():
    case = ellipsoids(slice_mm=5.0)
    np.testing.assert_array_equal(*(ours(case.image, case.liver, 1.0, threads) for threads in (1, 3)))


def check_image(image, masks):
    for sigma in (1.0, 2.0, 3.0):
        whole = itks(image, sigma)
        for mask in masks:
            found, expected = ours(image, mask, sigma), whole[mask]
            assert steps_apart(found, expected) <= 1
            assert np.count_nonzero(found != expected) <= 1e-4 * expected.size  # one rounding of a pass
            assert moved(found, expected) == 0


def test_products_in_pieces_where_linear_algebra_may_have_threads_are_the_same(monkeypatch):
    case, found = ellipsoids(slice_mm=2.5), []
    for value in ("1", "2"):
        for name in ONE_THREAD:
            monkeypatch.setenv(name, value)
        found.append(ours(case.image, case.liver, 2.0))
    assert steps_apart(*found) <= 1
    assert moved(*found) == 0


@pytest.mark.slow
def test_liver_and_tumour_of_a_sample_case_are_itks():
    ct, masks = sample_case(2.5)
    check_image(prepare(ct, ExtractionSettings()), [sitk.GetArrayFromImage(mask) > 0 for mask in masks.values()])


@pytest.mark.slow
def test_liver_and_tumour_of_a_real_ct_are_itks():
    folder = SHARED_DATA / "ircad17"
    if not folder.is_dir():
        pytest.skip("no ../shared/data/ircad17")
    reader = sitk.ImageSeriesReader()
    files = sorted((folder / "dicom").iterdir(), key=lambda path: int(path.name.rsplit("_", 1)[1]))
    reader.SetFileNames([str(path) for path in files])
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "liver1_tumour2.nii.gz")))
    image = prepare(reader.Execute(), ExtractionSettings(orientation="as stored"))
    check_image(image, [labels == 1, labels == 2])


# ---- where nothing but rounding decides


@pytest.mark.parametrize(("value", "flat"), [(0.0, True), (3e-6, True), (-3e-6, True), (4e-6, False), (-2.5, False)])
def test_a_value_a_billion_times_smaller_than_the_image_is_noise(value, flat):
    assert log.is_flat(np.array([value], dtype=np.float32), 3071.0) == flat


def uniform(value=40, spacing=(2.0, 0.8, 0.8)):
    ct = np.full((14, 60, 80), value, dtype=np.int16)
    mask = np.zeros(ct.shape, dtype=bool)
    mask[3:8, 6:40, 5:40] = True
    return image_of(ct, spacing), mask


def ramp():
    z, y, x = np.indices((24, 60, 60))
    mask = np.zeros(z.shape, dtype=bool)
    mask[8:16, 20:40, 20:40] = True
    return image_of((3 * x + 2 * y - 5 * z).astype(np.int16), (2.0, 0.8, 0.8)), mask


def half_flat():
    image, mask = uniform()
    ct = sitk.GetArrayFromImage(image)
    ct[:, :, 60:] += np.random.default_rng(2).integers(-30, 31, ct[:, :, 60:].shape).astype(np.int16)
    mask[3:8, 6:40, 60:70] = True
    return image_of(ct, (2.0, 0.8, 0.8)), mask


@pytest.mark.parametrize("phantom", [uniform, half_flat])
@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_on_flat_tissue_the_noise_is_itks_own(phantom, sigma):
    image, mask = phantom()
    expected = itks(image, sigma)[mask]
    assert np.count_nonzero(log.is_flat(expected, 40.0)) > log.STRAYS
    np.testing.assert_array_equal(ours(image, mask, sigma), expected)


def test_on_evenly_sloping_tissue_the_noise_is_itks_own_where_it_starts_22_sigma_before_the_voi():
    image, mask = ramp()
    (found, expected), box = (ours(image, mask, 0.5), itks(image, 0.5)[mask]), np.s_[6:54, 6:54, 2:22]
    assert np.count_nonzero(log.is_flat(expected, 200.0)) > log.STRAYS
    np.testing.assert_array_equal(found, itks(image[box], 0.5)[mask[box[::-1]]])
    assert moved(found, expected) == 0


@pytest.mark.parametrize("size", [2, 3])
def test_of_a_voi_of_a_few_voxels_of_noise_the_block_is_the_vois_too(size):
    ct = np.full((70, 70, 70), -1000, np.int16)
    ct[5:65, 5:65, 5:65] = 60 + np.arange(60, dtype=np.int16)
    image, mask = image_of(ct, (1.0, 1.0, 1.0)), np.zeros(ct.shape, bool)
    mask[34 : 34 + size, 33:35, 35:37] = True
    box = tuple(slice(low - 22, high + 22) for low, high in ((35, 37), (33, 35), (34, 34 + size)))
    np.testing.assert_array_equal(ours(image, mask, 1.0), itks(image[box], 1.0)[mask[box[::-1]]])


def test_its_sign_would_put_voxels_into_another_bin():
    image, mask = uniform(-37, (5.0, 0.7, 0.7))
    expected = itks(image, 2.0)[mask]
    assert moved(bands_alone(image, mask, 2.0), expected) > 0
    assert moved(ours(image, mask, 2.0), expected) == 0


@pytest.fixture
def asked(monkeypatch):
    """Sizes of the images that ITK's recursion is asked to filter."""
    sizes, recursive = [], sitk.RecursiveGaussian

    def counted(image, *arguments):
        sizes.append(image.GetSize())
        return recursive(image, *arguments)

    monkeypatch.setattr(sitk, "RecursiveGaussian", counted)
    return sizes


def test_itk_is_asked_on_flat_tissue_and_nowhere_else(asked):
    case = ellipsoids(slice_mm=5.0)
    ours(case.image, case.liver, 1.0)
    assert asked == []
    ours(*uniform(), 1.0)
    assert len(asked) == 9


def test_around_one_voxel_that_is_nothing_by_chance_itk_filters_a_small_box(asked):
    noise = np.random.default_rng(4).integers(-200, 200, (41, 61, 61)).astype(np.int16)
    odd = noise - noise[::-1, ::-1, ::-1]  # its LoG is nothing in the middle
    middle = tuple(size // 2 for size in odd.shape)
    image = image_of(odd, (1.0, 1.0, 1.0))
    mask = np.zeros(odd.shape, dtype=bool)
    mask[18:23, 20:45, 20:45] = True
    found = np.zeros(odd.shape, dtype=np.float32)
    found[mask] = ours(image, mask, 0.5)
    assert len(asked) == 9
    assert asked[0] == (23, 23, 23)  # 11 voxels of halo on each side
    box = tuple(slice(i - 11, i + 12) for i in middle)
    np.testing.assert_array_equal(found[middle], itks(image_of(odd[box], (1.0, 1.0, 1.0)), 0.5)[11, 11, 11])
    whole = itks(image, 0.5)
    assert np.abs(found - whole)[mask].max() <= np.spacing(np.abs(whole).max())
