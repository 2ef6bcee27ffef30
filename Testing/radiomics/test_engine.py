"""The engine as a whole: PyRadiomics' values, what is computed when, degenerate VOIs, provenance."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from make_golden import GOLDEN, SLICES_MM, sample_case, unpacked, versions
from voi_phantoms import SIGNATURE, ellipsoids, image_of, mask_of

from PTLFPredictorLib import child
from PTLFPredictorLib.ct import Raster, image_sha256
from PTLFPredictorLib.errors import BadInput, Cancelled
from PTLFPredictorLib.measures.radiomics import (
    DEFAULT_ENGINE,
    ExtractionSettings,
    FeatureVector,
    builtin_engine,
    extract,
    firstorder,
    prepare,
    shape,
)
from PTLFPredictorLib.measures.radiomics.filters import wavelet
from PTLFPredictorLib.measures.radiomics.names import FEATURES
from PTLFPredictorLib.measures.radiomics.settings import ALL_1874
from PTLFPredictorLib.measures.radiomics.textures import glcm, gldm, glrlm, glszm, ngtdm

LIBRARY = Path(builtin_engine.__file__).parents[3]
ORIGINAL = ExtractionSettings(image_types={"Original": {}})
ROOTS_OF_NOISE = ("Imc2", "MCC")
"""Compared absolutely: roots of differences that are next to nothing."""


def equal(name, value, reference):
    if name.rsplit("_", 1)[1] in ROOTS_OF_NOISE:
        return value == pytest.approx(reference, rel=1e-9, abs=1e-7)
    return value == pytest.approx(reference, rel=1e-9, abs=1e-12)


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def case():
    return ellipsoids(slice_mm=5.0)


# ---- PyRadiomics' values


def test_all_1874_features_of_both_vois_are_pyradiomics(golden, case):
    found = extract(case.image, case.masks, {"liver": None, "tumor": None}, ExtractionSettings())
    for voi, tree in golden["all"].items():
        reference = unpacked(tree)
        assert len(reference) == 1874
        assert set(found[voi].values) == set(reference)
        wrong = {n: (found[voi].values[n], v) for n, v in reference.items() if not equal(n, found[voi].values[n], v)}
        assert not wrong


@pytest.mark.parametrize("slice_mm", SLICES_MM)
def test_the_ten_features_of_the_signature_are_pyradiomics(golden, slice_mm):
    case = ellipsoids(slice_mm=slice_mm)
    found = extract(case.image, case.masks, SIGNATURE, ExtractionSettings())
    for voi, reference in golden["signature"][str(slice_mm)].items():
        assert dict(found[voi].values) == pytest.approx(reference, rel=1e-9)


@pytest.mark.parametrize("slice_mm", [5.0, *(pytest.param(mm, marks=pytest.mark.slow) for mm in SLICES_MM[1:])])
def test_the_ten_features_of_sample_cases_are_pyradiomics(golden, slice_mm):
    stored = golden["samples"][str(slice_mm)]
    ct, masks = sample_case(slice_mm)
    found = extract(ct, masks, SIGNATURE, ExtractionSettings())
    # Another processor or NumPy rounds a few voxels of a sample case otherwise, mostly far from the liver; the values
    # below tell whether that matters here.
    same = all(dict(found[voi].values) == pytest.approx(values, rel=1e-6) for voi, values in stored["values"].items())
    if not same and image_sha256(ct) != stored["sha256"] and versions() != golden["versions"]:
        pytest.skip(f"NumPy and SciPy {versions()} make other voxels than the golden {golden['versions']}")
    for voi, reference in stored["values"].items():
        assert dict(found[voi].values) == pytest.approx(reference, rel=1e-6)


# ---- CT and VOI must belong together


def test_a_voi_on_another_grid_is_refused(case):
    wanted = {"tumor": ["original_firstorder_Mean"]}
    bare = sitk.GetImageFromArray(sitk.GetArrayFromImage(sitk.DICOMOrient(case.masks["tumor"], "RAS")))
    shifted = sitk.Image(case.masks["tumor"])
    shifted.SetOrigin((50.0, 0.0, 0.0))
    for image, mask in (
        (sitk.DICOMOrient(case.image, "RAS"), bare),
        (case.image, case.masks["tumor"][:, :, :-1]),
        (case.image, shifted),
    ):
        with pytest.raises(BadInput, match="VOI 'tumor' does not lie on the CT's grid"):
            extract(image, {"tumor": mask}, wanted, ORIGINAL)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("pixel_type", ["int16", "float64"])
def test_a_ct_with_voxels_without_a_number_is_refused(case, value, pixel_type):
    ct = case.ct.astype(float)
    ct[0, 0, 0] = value
    settings = ExtractionSettings(image_types={"Original": {}}, pixel_type=pixel_type, clip_hu=None)
    with pytest.raises(BadInput, match="voxels without a number"):
        extract(image_of(ct, case.spacing_mm), case.masks, {"tumor": None}, settings)


def test_values_that_16_bits_cannot_hold_are_refused_not_wrapped(case):
    image = sitk.Cast(case.image, sitk.sitkInt32) * 1000
    settings = ExtractionSettings(image_types={"Original": {}}, clip_hu=None)
    with pytest.raises(BadInput, match="int16"):
        extract(image, case.masks, {"tumor": None}, settings)
    assert extract(image, case.masks, {"tumor": None}, ORIGINAL)  # clipped to the signature's range


def test_shape_needs_no_original_image(case):
    wanted = {"tumor": ["original_shape_VoxelVolume", "square_firstorder_Mean"]}
    square = ExtractionSettings(image_types={"Square": {}})
    found = extract(case.image, case.masks, wanted, square)["tumor"].values
    voxel_mm3 = float(np.prod(case.spacing_mm))
    assert found["original_shape_VoxelVolume"] == pytest.approx(np.count_nonzero(case.tumor) * voxel_mm3)


# ---- what is computed


def test_it_is_the_default():
    assert DEFAULT_ENGINE == "builtin"


def test_only_what_is_asked_for_is_returned_and_computed(case, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("computed without need")

    monkeypatch.setattr(glszm, "zones", never)
    monkeypatch.setattr(glcm, "features", never)
    wanted = ["wavelet-HHL_firstorder_Mean", "original_glrlm_RunEntropy"]
    found = extract(case.image, case.masks, {"tumor": wanted}, ExtractionSettings())
    assert list(found) == ["tumor"]
    assert sorted(found["tumor"].values) == sorted(wanted)


def test_only_subbands_asked_for_are_filtered_once_for_both_vois(case, monkeypatch):
    calls = []
    values = wavelet.Wavelet.values

    def counted(self, box, inside, names):
        calls.append((tuple(names), np.count_nonzero(inside)))
        return values(self, box, inside, names)

    monkeypatch.setattr(wavelet.Wavelet, "values", counted)
    wanted = {"liver": ["wavelet-HHL_firstorder_Mean"], "tumor": ["wavelet-HHH_firstorder_Mean"]}
    extract(case.image, case.masks, wanted, ExtractionSettings())
    assert {names for names, _ in calls} == {("wavelet-HHL", "wavelet-HHH")}
    assert sum(voxels for _, voxels in calls) == np.count_nonzero(case.liver | case.tumor)


def test_a_voi_has_the_same_values_alone(case):
    together = extract(case.image, case.masks, SIGNATURE, ExtractionSettings())
    for voi in SIGNATURE:
        alone = extract(case.image, case.masks, {voi: SIGNATURE[voi]}, ExtractionSettings())
        assert dict(alone[voi].values) == pytest.approx(dict(together[voi].values), rel=1e-12)


def test_vois_may_overlap(case):
    masks = {"liver": case.masks["liver"] | case.masks["tumor"], "tumor": case.masks["tumor"]}
    wanted = {"liver": None, "tumor": SIGNATURE["tumor"]}
    found = extract(case.image, masks, wanted, ExtractionSettings(image_types={"Exponential": {}, "Wavelet": {}}))
    alone = extract(case.image, masks, {"tumor": SIGNATURE["tumor"]}, ExtractionSettings())
    assert dict(found["tumor"].values) == pytest.approx(dict(alone["tumor"].values), rel=1e-12)


@pytest.mark.parametrize("threads", [1, 5])
def test_the_number_of_threads_changes_nothing(case, golden, monkeypatch, threads):
    monkeypatch.setattr(builtin_engine, "cpu_cores", lambda: threads)
    found = extract(case.image, case.masks, SIGNATURE, ExtractionSettings())
    for voi, reference in golden["signature"]["5.0"].items():
        assert dict(found[voi].values) == pytest.approx(reference, rel=1e-9)


def test_progress_names_each_filter_and_ends_complete(case):
    told = []
    extract(case.image, case.masks, SIGNATURE, ExtractionSettings(), progress=lambda *stage: told.append(stage))
    assert [stage.rsplit(": ")[-1] for stage, _, _ in told] == ["Wavelet", "LoG", "Exponential", "LBP3D", "features"]
    assert [done for _, done, _ in told] == [0, 1, 2, 3, 4]
    assert {total for _, _, total in told} == {4}


def test_progress_may_stop_it_and_no_thread_stays(case):
    def stop(stage, done, total):
        if done == 2:
            raise Cancelled

    before = threading.active_count()
    with pytest.raises(Cancelled):
        extract(case.image, case.masks, SIGNATURE, ExtractionSettings(), progress=stop)
    assert threading.active_count() == before


def test_it_runs_in_the_child_process(case, tmp_path):
    labels = mask_of(case.liver + 2 * case.tumor, case.spacing_mm)
    job = {
        "image": Raster.of(case.image).write(tmp_path / "ct.npy"),
        "labels": Raster.of(labels).write(tmp_path / "labels.npy"),
        "masks": {"tumor": 2},
        "wanted": {"tumor": SIGNATURE["tumor"]},
        "settings": ExtractionSettings().to_dict(),
        "engine": "builtin",
    }
    told = []
    outputs = child.run(
        "PTLFPredictorLib.measures.radiomics.worker", job, tmp_path, progress=lambda *stage: told.append(stage)
    )
    vectors = [FeatureVector.from_dict(v) for v in json.loads(outputs["features"].read_text(encoding="utf-8"))]
    direct = extract(case.image, case.masks, {"tumor": SIGNATURE["tumor"]}, ExtractionSettings())
    assert vectors == [direct["tumor"]]
    assert told[-1] == ("features", 2, 2)


def test_nothing_but_the_standard_library_numpy_and_simpleitk_is_imported_at_file_scope():
    program = (
        "import sys; from PTLFPredictorLib.measures.radiomics import builtin_engine, parameter_file;"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'scipy', 'torch', 'radiomics', 'pywt', 'yaml'}))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=LIBRARY,
        env={"PYTHONPATH": str(LIBRARY)},
    )  # fmt: skip
    assert found.stdout.strip() == "[]"


# ---- the same CT from any file


def test_orientation_pixel_type_and_padding_of_the_file_change_nothing(case):
    reference = extract(case.image, case.masks, SIGNATURE, ExtractionSettings())
    flipped = sitk.DICOMOrient(case.image, "RAS")
    masks = {voi: sitk.DICOMOrient(mask, "RAS") for voi, mask in case.masks.items()}
    as_float = sitk.Cast(flipped, sitk.sitkFloat64) + 0.2
    found = extract(as_float, masks, SIGNATURE, ExtractionSettings())
    for voi in SIGNATURE:
        assert dict(found[voi].values) == pytest.approx(dict(reference[voi].values), rel=1e-9)
        assert found[voi].image_sha256 == reference[voi].image_sha256
        assert found[voi].voi_sha256 == reference[voi].voi_sha256


def test_without_clipping_padding_outside_the_voi_changes_the_features(case):
    padded = case.ct.copy()
    padded[0, 0, 0] = -3024
    wanted = {"tumor": ["exponential_firstorder_Mean"]}
    image = image_of(padded, case.spacing_mm)
    clipped = extract(image, case.masks, wanted, ExtractionSettings())["tumor"]
    assert clipped.values == extract(image_with(case, -1024), case.masks, wanted, ExtractionSettings())["tumor"].values
    free = extract(image, case.masks, wanted, ExtractionSettings(clip_hu=None))["tumor"]
    assert abs(free.values["exponential_firstorder_Mean"] - clipped.values["exponential_firstorder_Mean"]) > 0.01


def image_with(case, hu):
    ct = case.ct.copy()
    ct[0, 0, 0] = hu
    return image_of(ct, case.spacing_mm)


# ---- provenance


def test_a_vector_says_where_it_came_from(case):
    settings = ExtractionSettings()
    vector = extract(case.image, case.masks, {"tumor": SIGNATURE["tumor"]}, settings)["tumor"]
    assert (vector.engine, vector.engine_version) == ("builtin", builtin_engine.VERSION)
    assert vector.settings == settings
    assert vector.image_sha256 == image_sha256(prepare(case.image, settings))
    assert FeatureVector.from_dict(json.loads(json.dumps(vector.to_dict()))) == vector
    other = extract(image_with(case, 7), case.masks, {"tumor": SIGNATURE["tumor"]}, settings)["tumor"]
    assert other.image_sha256 != vector.image_sha256
    assert other.voi_sha256 == vector.voi_sha256


# ---- degenerate VOIs


def noise(shape=(12, 14, 16), seed=1):
    return np.random.default_rng(seed).integers(20, 160, shape).astype(np.int16)


def voi_of(shape, *corners):
    mask = np.zeros(shape, dtype=bool)
    for corner in corners:
        mask[corner] = True
    return mask


def features_of(ct, mask, settings=ORIGINAL, names=None):
    return extract(image_of(ct), {"tumor": mask_of(mask)}, {"tumor": names}, settings)["tumor"].values


def test_one_voxel_is_refused():
    with pytest.raises(BadInput, match="'tumor' is a single voxel"):
        features_of(noise(), voi_of((12, 14, 16), (3, 4, 5)))


def test_a_row_of_voxels_is_refused():
    with pytest.raises(BadInput, match="'tumor' is a row of 6 voxels"):
        features_of(noise(), voi_of((12, 14, 16), (3, 4, slice(5, 11))))


def test_an_empty_voi_is_refused():
    with pytest.raises(BadInput, match="'tumor' is empty"):
        features_of(noise(), np.zeros((12, 14, 16), dtype=bool))


def test_one_slice_has_all_features():
    found = features_of(noise(), voi_of((12, 14, 16), (3, slice(2, 9), slice(3, 12))))
    assert len(found) == 107
    assert found["original_shape_Flatness"] == pytest.approx(0, abs=1e-6)


def test_a_flat_voi_has_all_features():
    found = features_of(np.full((12, 14, 16), 60, np.int16), voi_of((12, 14, 16), (slice(2, 6),) * 3))
    assert len(found) == 107
    assert found["original_firstorder_Variance"] == 0
    assert found["original_glcm_Correlation"] == 1
    assert found["original_ngtdm_Coarseness"] == 1e6


def test_a_uniform_ct_has_no_lbp_kurtosis_and_says_so():
    settings = ExtractionSettings(image_types={"LBP3D": {}})
    with pytest.raises(BadInput, match="'lbp-3D-k' has no finite values in the VOI: the CT is uniform there"):
        features_of(np.full((12, 14, 16), 60, np.int16), voi_of((12, 14, 16), (slice(2, 6),) * 3), settings)


def test_the_whole_image_as_voi_has_all_features():
    found = features_of(noise(), np.ones((12, 14, 16), dtype=bool), ExtractionSettings())
    assert len(found) == 1874


def test_two_voxels_far_apart_have_no_texture_and_the_features_are_named():
    mask = voi_of((12, 14, 16), (1, 1, 1), (8, 9, 11))
    assert features_of(noise(), mask, names=["original_firstorder_Mean"])
    with pytest.raises(BadInput, match="not finite: original_glcm_Contrast"):
        features_of(noise(), mask, names=["original_glcm_Contrast"])


def test_many_pieces_are_one_voi():
    ct, mask = noise(), np.zeros((12, 14, 16), dtype=bool)
    mask[2:5, 2:6, 2:6] = mask[7:11, 8:12, 9:14] = True
    found = features_of(ct, mask)
    assert len(found) == 107
    assert found["original_firstorder_Mean"] == pytest.approx(ct[mask].mean())


def test_more_than_10000_grey_levels_name_the_setting():
    ct = noise()
    ct[0, 0, 0], ct[5, 5, 5] = -1024, 3071
    settings = ExtractionSettings(image_types={"Original": {}}, bin_width=0.1)
    mask = voi_of((12, 14, 16), (slice(2, 9),) * 3)
    with pytest.raises(BadInput, match=r"bin_width of 0\.1"):
        features_of(ct, mask, settings, ["original_glcm_Contrast"])
    assert features_of(ct, mask, settings, ["original_firstorder_Mean"])


def test_more_grey_levels_than_a_square_matrix_can_hold_name_the_setting():
    ct = np.random.default_rng(0).permutation(20 * 20 * 20).reshape(20, 20, 20).astype(np.int16) - 1000
    settings = ExtractionSettings(image_types={"Original": {}}, bin_width=1.0, clip_hu=None)
    mask = voi_of(ct.shape, (slice(2, 19),) * 3)
    with pytest.raises(BadInput, match=r"bin_width of 1, 4913 grey levels occur .* up to 4000"):
        features_of(ct, mask, settings, ["original_glcm_Contrast"])
    assert features_of(ct, mask, settings, ["original_glszm_ZonePercentage"])["original_glszm_ZonePercentage"] == 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("original_glcm_Contrst", "'original_glcm_Contrst' is no feature.*Is 'original_glcm_Contrast' meant"),
        ("original_shape_Volume", "Is 'original_shape_MeshVolume' or 'original_shape_VoxelVolume' meant"),
        ("wavelet-HHH_shape_MeshVolume", r"shape belongs to 'original' alone\.$"),
        ("original_glcm_Qqqqqqqq", r"'wavelet-HHH_glcm_Contrast'\.$"),
        ("contrast", "'contrast' is no feature"),
        ("log-sigma-4-0-mm-3D_glcm_Contrast", "needs the filtered image 'log-sigma-4-0-mm-3D'"),
        ("wavelet-HHH_shape_Flatness", "shape belongs to 'original' alone"),
    ],
)
def test_a_feature_that_settings_do_not_give_is_named(case, name, sentence):
    with pytest.raises(BadInput, match=sentence):
        extract(case.image, case.masks, {"tumor": [name]}, ExtractionSettings())


def test_re_segmentation_leaves_shape_alone():
    ct, mask = noise(), voi_of((12, 14, 16), (slice(2, 9),) * 3)
    settings = ExtractionSettings(image_types={"Original": {}}, resegment_range=(50, 120))
    found, whole = features_of(ct, mask, settings), features_of(ct, mask)
    inside = ct[mask][(ct[mask] >= 50) & (ct[mask] <= 120)]
    assert found["original_firstorder_Mean"] == pytest.approx(inside.mean())
    assert found["original_shape_MeshVolume"] == whole["original_shape_MeshVolume"]
    with pytest.raises(BadInput, match=r"leaves 0 of 343 voxels of the VOI 'tumor'"):
        features_of(ct, mask, ExtractionSettings(image_types={"Original": {}}, resegment_range=(900, 1200)))


def test_resampling_changes_the_grid_and_keeps_the_volume():
    ct = noise((20, 30, 30))
    settings = ExtractionSettings(image_types={"Original": {}}, resampled_spacing_mm=(2.0, 2.0, 2.0))
    mask = voi_of(ct.shape, (slice(4, 16), slice(5, 25), slice(5, 25)))
    found, whole = features_of(ct, mask, settings), features_of(ct, mask)
    assert found["original_shape_VoxelVolume"] % 8 == 0
    assert found["original_shape_VoxelVolume"] == pytest.approx(whole["original_shape_VoxelVolume"], rel=0.2)
    kept = ExtractionSettings(image_types={"Original": {}}, resampled_spacing_mm=(2.0, 2.0, 0.0))
    slabs = features_of(ct, mask, kept)["original_shape_VoxelVolume"] / (2.0 * 2.0 * 1.6)
    assert slabs == pytest.approx(round(slabs), abs=1e-9)


def test_force_2d_has_no_neighbours_across_planes():
    ct = np.zeros((6, 8, 8), dtype=np.int16)
    ct[::2] = 100  # slices alternate; within a slice all voxels are equal
    mask = np.ones(ct.shape, dtype=bool)
    names = ["original_glcm_Contrast"]
    flat = ExtractionSettings(image_types={"Original": {}}, force_2d=True)
    assert features_of(ct, mask, flat, names)["original_glcm_Contrast"] == 0
    assert features_of(ct, mask, ORIGINAL, names)["original_glcm_Contrast"] > 5


def test_the_engine_has_every_feature_that_there_is_a_name_for():
    modules = {"firstorder": firstorder, "shape": shape, "glcm": glcm, "gldm": gldm, "glrlm": glrlm, "glszm": glszm,
               "ngtdm": ngtdm}  # fmt: skip
    assert {name: tuple(module.FEATURES) for name, module in modules.items()} == dict(FEATURES)


def test_all_1874_needs_all_its_image_types():
    names = builtin_engine.filtered_image_names(ExtractionSettings())
    assert list(names) == list(ALL_1874)
    assert sum(map(len, names.values())) == 20
