"""CT and VOIs as they come in: prepared where they are read, with ITK's values, and never copied whole."""

import time
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from voi_phantoms import SIGNATURE, ellipsoids, image_of, mask_of

from PTLFPredictorLib.ct import Grid, Raster, image_sha256
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures.radiomics import ExtractionSettings, Mask, builtin_engine, extract, inputs, prepare
from PTLFPredictorLib.measures.radiomics.filters import make_filter
from PTLFPredictorLib.measures.radiomics.inputs import PreparedVoxels, Scan
from PTLFPredictorLib.measures.radiomics.region import Volume

STORED = (np.int16, np.uint16, np.int32, np.float32, np.float64)
SITK = {"int16": sitk.sitkInt16, "float32": sitk.sitkFloat32, "float64": sitk.sitkFloat64}
SHAPE = (5, 6, 7)


def by_itk(image, asked):
    """The settings' orientation, clip range and pixel type by ITK's own filters, on the whole image."""
    if asked.orientation == "LPS":
        image = sitk.DICOMOrient(image, "LPS")
    if asked.clip_hu is not None:
        image = sitk.Clamp(image, image.GetPixelID(), *asked.clip_hu)
    if asked.pixel_type == "int16" and "float" in image.GetPixelIDTypeAsString():
        image = sitk.Round(image)
    return sitk.Cast(image, SITK[asked.pixel_type])


@st.composite
def cases(draw):
    dtype = draw(st.sampled_from(STORED))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low, high = draw(st.sampled_from([(0, 90), (-90, 90), (-3000, 4000)]))
    values = rng.uniform(max(low, 0) if dtype is np.uint16 else low, high, SHAPE)
    values = values.round(draw(st.integers(0, 1)) * 2) + draw(st.sampled_from([0, 0.5]))
    image = sitk.GetImageFromArray(values.astype(dtype))
    image.SetSpacing((0.7, 0.8, 1.6))
    image = sitk.DICOMOrient(image, draw(st.sampled_from(["LPS", "RAS", "PIR"])))
    asked = ExtractionSettings(
        image_types={"Original": {}},
        pixel_type=draw(st.sampled_from(list(SITK))),
        orientation=draw(st.sampled_from(["LPS", "as stored"])),
        clip_hu=draw(st.sampled_from([None, (-1024, 3071), (-50, 60), (-20.7, 30.7), (10, 20)])),
    )
    return image, asked


@settings(max_examples=50, deadline=None)
@given(case=cases(), box=st.tuples(*[st.slices(n) for n in SHAPE]))
def test_what_is_read_is_what_itk_makes_of_the_whole(case, box):
    image, asked = case
    expected = by_itk(image, asked)
    voxels = sitk.GetArrayViewFromImage(expected)
    scan = Scan(Raster.of(image), asked)
    assert scan.voxels.dtype == voxels.dtype
    assert scan.voxels.shape == voxels.shape
    np.testing.assert_array_equal(scan.voxels[box], voxels[box])
    assert scan.extremes == (voxels.min(), voxels.max())
    assert scan.sha256 == image_sha256(expected) == image_sha256(scan.to_image()) == image_sha256(prepare(image, asked))
    assert scan.spacing_mm == expected.GetSpacing()[::-1]


def test_halves_are_rounded_up():
    image = sitk.GetImageFromArray(np.array([[[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49, -0.51]]]))
    asked = ExtractionSettings(image_types={"Original": {}})
    assert Scan(Raster.of(image), asked).voxels[:].tolist() == [[[-2, -1, 0, 1, 2, 3, 0, -1]]]


def test_a_ct_that_is_as_asked_is_not_touched_and_its_hash_is_taken():
    image = image_of(np.arange(24, dtype=np.int16).reshape(2, 3, 4))
    scan = Scan(Raster.of(image, "known"), ExtractionSettings())
    assert np.shares_memory(scan.voxels, sitk.GetArrayViewFromImage(image))
    assert scan.to_image() is image
    assert scan.sha256 == "known"


@pytest.mark.parametrize(
    "asked",
    [{"clip_hu": (0, 20)}, {"pixel_type": "float64"}, {"orientation": "LPS"}],
    ids=["clipped", "another type", "turned"],
)
def test_the_hash_of_a_ct_that_is_not_as_asked_is_not_the_known_one(asked):
    image = image_of(np.arange(24, dtype=np.int16).reshape(2, 3, 4))
    if "orientation" in asked:
        image = sitk.DICOMOrient(image, "RAS")
    scan = Scan(Raster.of(image, "known"), ExtractionSettings(**asked))
    assert scan.sha256 == image_sha256(prepare(image, ExtractionSettings(**asked))) != "known"


def test_a_range_that_the_clipping_leaves_too_wide_is_refused():
    image = image_of(np.array([[[-40_000, 40_000]]], dtype=np.int32))
    for clip in (None, (-35_000, 35_000)):
        with pytest.raises(BadInput, match=r"runs from -\d+ to \d+, more than the pixel type int16 holds"):
            Scan(Raster.of(image), ExtractionSettings(clip_hu=clip))
    assert Scan(Raster.of(image), ExtractionSettings(clip_hu=(-32_768, 32_767))).extremes == (-32_768, 32_767)


# ---- VOIs


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    share=st.sampled_from([0.0, 0.01, 0.2, 1.0]),
    dtype=st.sampled_from([np.uint8, np.int16, np.float32]),
    label=st.sampled_from([None, 1, 2]),
    orientation=st.sampled_from(["LPS", "RAS"]),
)
def test_a_mask_has_the_box_the_voxels_and_the_hash_of_its_image(seed, share, dtype, label, orientation):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(SHAPE) < share, rng.integers(1, 4, SHAPE), 0).astype(dtype)
    if dtype is not np.uint8:
        values[0, 0, 0] = -1  # not above 0
    drawn = sitk.DICOMOrient(image_of(values), orientation)
    mask = Mask(Raster.of(drawn), label).oriented(ExtractionSettings())
    expected = sitk.Cast(drawn > 0 if label is None else drawn == label, sitk.sitkUInt8)
    expected = sitk.DICOMOrient(expected, "LPS")
    inside = sitk.GetArrayViewFromImage(expected).astype(bool)
    assert mask.sha256 == image_sha256(expected) == image_sha256(mask.to_image())
    if not inside.any():
        assert mask.box is None
        return
    where = np.nonzero(inside)
    assert mask.box == tuple(slice(int(w.min()), int(w.max()) + 1) for w in where)
    np.testing.assert_array_equal(mask.inside, inside[mask.box])


@pytest.mark.parametrize("where", ["inside", "at the border"])
def test_features_are_the_same_from_files_with_labels(where, tmp_path):
    """At the border a filter reads what lies at the image's other end, or mirrors it."""
    case = ellipsoids()
    liver, tumor = case.liver, case.tumor
    if where == "at the border":
        liver, tumor = (np.roll(mask, (4, 9, 11), (0, 1, 2)) for mask in (liver, tumor))
        assert liver[0].any() or liver[-1].any()
    masks = {"liver": mask_of(liver, case.spacing_mm), "tumor": mask_of(tumor, case.spacing_mm)}
    labels = Raster.read(Raster.of(mask_of(liver + 2 * tumor, case.spacing_mm)).write(tmp_path / "l.npy"), tmp_path)
    image = Raster.read(Raster.of(case.image).write(tmp_path / "ct.npy"), tmp_path)
    for asked in (ExtractionSettings(), ExtractionSettings(clip_hu=(-40, 150), pixel_type="float64")):
        found = extract(image, {"liver": Mask(labels, 1), "tumor": Mask(labels, 2)}, SIGNATURE, asked)
        whole = by_itk(case.image, asked)
        unprepared = ExtractionSettings(clip_hu=None, pixel_type=asked.pixel_type)
        expected = extract(whole, masks, SIGNATURE, unprepared)
        for voi in SIGNATURE:
            assert found[voi].values == expected[voi].values
            assert found[voi].voi_sha256 == expected[voi].voi_sha256
            assert found[voi].image_sha256 == expected[voi].image_sha256


# ---- memory


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """54 MB of CT, of which a VOI of 12 mm is wanted; as images and as files."""
    ct = np.random.default_rng(4).integers(-60, 160, (300, 300, 300)).astype(np.int16)
    labels = np.zeros(ct.shape, dtype=np.uint8)
    labels[150:162, 140:152, 130:142] = 1
    folder = tmp_path_factory.mktemp("work")
    image, drawn = image_of(ct, (1.0, 1.0, 1.0)), image_of(labels, (1.0, 1.0, 1.0))
    files = [Raster.read(Raster.of(one).write(folder / f"{n}.npy"), folder) for n, one in enumerate((image, drawn))]
    return (image, drawn), (files[0], Mask(files[1], 1))


@pytest.mark.parametrize("how", ["images", "files"])
@pytest.mark.parametrize("clip_hu", [(-1024, 3071), (-50, 150)], ids=["as it is", "clipped"])
def test_a_small_voi_of_a_large_ct_takes_little_memory(large, how, clip_hu):
    image, mask = large[how == "files"]
    asked = ExtractionSettings(clip_hu=clip_hu)
    names = [f"{name}_firstorder_Mean" for name in ("original", "square", "gradient", "wavelet-HHL", "lbp-3D-m1")]
    tracemalloc.start()
    try:
        found = extract(image, {"voi": mask}, {"voi": names}, asked)["voi"]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.values) == len(names)
    assert peak < 15e6  # a copy of the CT has 54 MB, of the mask 27


def test_names_that_share_work_are_filtered_together_and_others_as_far_as_they_fit():
    volume = Volume(np.zeros((8, 8, 8), np.int16), (1.0, 1.0, 1.0))
    made = make_filter("Wavelet", volume, {})
    all_names, room = list(made.names), builtin_engine.VECTORS_BYTES // made.dtype.itemsize
    assert builtin_engine.batches(made, all_names, room // 8) == [all_names]
    pairs = builtin_engine.batches(made, all_names, room)
    assert sorted(name for pair in pairs for name in pair) == sorted(all_names)
    assert all(len(pair) == 2 and pair[0][:-1] == pair[1][:-1] for pair in pairs)  # the slices' filter differs
    assert [len(some) for some in builtin_engine.batches(made, all_names, room // 4)] == [4, 4]
    assert builtin_engine.batches(made, ["wavelet-HHH"], room) == [["wavelet-HHH"]]
    lbp = make_filter("LBP3D", volume, {})
    assert builtin_engine.batches(lbp, lbp.names, 10 * room) == [list(lbp.names)]
    log = make_filter("LoG", volume, {"sigma": [1.0, 2.0]})
    assert builtin_engine.batches(log, log.names, 10 * room) == [[name] for name in log.names]


def test_only_as_many_images_stay_as_are_worked_on(monkeypatch):
    """And in the same order of features, with the same values."""
    case = ellipsoids()
    asked = ExtractionSettings(image_types={"Wavelet": {}})
    bands = builtin_engine.filtered_image_names(asked)["Wavelet"]
    names = [f"{band}_{feature}" for band in bands for feature in ("firstorder_Mean", "gldm_DependenceEntropy")]
    together = extract(case.image, case.masks, {"liver": names, "tumor": names}, asked)
    alive, most = weakref.WeakSet(), []

    class Watched(builtin_engine.FilteredVoi):
        def __init__(self, *args):
            super().__init__(*args)
            alive.add(self)
            most.append(len(alive))

    monkeypatch.setattr(builtin_engine, "FilteredVoi", Watched)
    monkeypatch.setattr(builtin_engine, "VECTORS_BYTES", 0)
    monkeypatch.setattr(builtin_engine, "cpu_cores", lambda: 2)
    found = extract(case.image, case.masks, {"liver": names, "tumor": names}, asked)
    assert len(most) == 16
    assert max(most) <= 4  # two threads, one more job waiting, and the one that is being made
    for voi in found:
        assert list(found[voi].values.items()) == list(together[voi].values.items())


def test_a_job_that_fails_stops_those_behind_it(monkeypatch):
    begun = []

    def job(number):
        def run():
            begun.append(number)
            if number == 3:
                raise BadInput("the third")
            return "", "", {}

        return run

    monkeypatch.setattr(builtin_engine, "cpu_cores", lambda: 2)
    with ThreadPoolExecutor(2) as pool, pytest.raises(BadInput, match="the third"):
        builtin_engine._done((job(number) for number in range(1000)), pool)
    assert len(begun) < 20


def test_an_index_of_any_kind_reads_prepared_voxels():
    stored = np.random.default_rng(2).normal(0, 100, (4, 5, 6))
    voxels = PreparedVoxels(stored, (-50.0, 50.0), np.dtype(np.int16))
    expected = np.rint(np.clip(stored, -50, 50)).astype(np.int16)
    for index in ((1, slice(2), slice(None)), np.ix_([0, 3, 3], [4], [1, 2]), stored > 0, (2, 3, 4)):
        np.testing.assert_array_equal(voxels[index], expected[index])


def test_a_mask_on_another_grid_is_refused_from_a_file_too(tmp_path):
    case = ellipsoids()
    raster = Raster.of(case.masks["tumor"])
    grid = Grid(raster.grid.size, raster.grid.spacing, (0.0, 3.0, 0.0), raster.grid.direction)
    with pytest.raises(BadInput, match="VOI 'tumor' does not lie on the CT's grid"):
        extract(case.image, {"tumor": Mask(Raster(raster.voxels, grid))}, {"tumor": None}, ExtractionSettings())


def test_inputs_are_looked_at_once(monkeypatch, tmp_path):
    """Extremes of the CT, whose hash is known; box and hash of each VOI."""
    case = ellipsoids()
    image = Raster.read(Raster.of(case.image, "known").write(tmp_path / "ct.npy"), tmp_path)
    labels = Raster.read(Raster.of(mask_of(case.liver + 2 * case.tumor, case.spacing_mm)).write(tmp_path / "l.npy"),
                         tmp_path)  # fmt: skip
    looks = []
    planes = inputs.Raster.planes
    monkeypatch.setattr(inputs.Raster, "planes", lambda self: (looks.append(self), planes(self))[1])
    found = extract(image, {"liver": Mask(labels, 1), "tumor": Mask(labels, 2)}, SIGNATURE, ExtractionSettings())
    assert [one is image for one in looks].count(True) == 1
    assert [one is labels for one in looks].count(True) == 2
    assert {vector.image_sha256 for vector in found.values()} == {"known"}


def test_grey_levels_of_an_image_are_made_once_whatever_asks_for_them_at_a_time(monkeypatch):
    case = ellipsoids()
    asked = ExtractionSettings(image_types={"Original": {}, "Square": {}})
    made = []
    discretise = builtin_engine.discretise

    def counted(values, width, count, image):
        made.append(image)
        time.sleep(0.05)  # long enough for a second class to ask
        return discretise(values, width, count, image)

    monkeypatch.setattr(builtin_engine, "discretise", counted)
    monkeypatch.setattr(builtin_engine, "cpu_cores", lambda: 4)
    extract(case.image, case.masks, {"tumor": None}, asked)
    assert sorted(made) == ["original", "square"]
