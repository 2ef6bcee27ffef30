"""Extraction settings and PyRadiomics parameter files."""

import builtins
import dataclasses
import importlib.util
import json

import pytest

from PTLFPredictorLib.errors import BadInput, MissingDependency
from PTLFPredictorLib.measures.radiomics import ExtractionSettings
from PTLFPredictorLib.measures.radiomics.parameter_file import read_parameter_file, write_parameter_file
from PTLFPredictorLib.signature import load


def test_the_defaults_are_the_signatures():
    settings = ExtractionSettings()
    assert (settings.pixel_type, settings.orientation, settings.clip_hu) == ("int16", "LPS", (-1024, 3071))
    assert (settings.bin_width, settings.bin_count, settings.resampled_spacing_mm) == (25.0, None, None)


def test_settings_survive_json():
    settings = ExtractionSettings(
        image_types={"LoG": {"sigma": [1.5]}},
        bin_width=None,
        bin_count=32,
        resampled_spacing_mm=(1, 1, 0),
        resegment_range=(0,),
        distances=(1, 2),
        weighting_norm="euclidean",
    )
    assert ExtractionSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("bin_width", 0, "must be above 0"),
        ("bin_count", 16, "'bin_width' is 25.0; it must be set, or bin_count, not both"),
        ("resampled_spacing_mm", (1, 1), "three lengths in mm"),
        ("resampled_spacing_mm", (0, 0, 0), "three lengths in mm"),
        ("resegment_range", (5, 1), r"\(low, high\)"),
        ("resegment_mode", "absolut", "'absolute', 'relative' or 'sigma'"),
        ("distances", (), "whole numbers of voxels from 1"),
        ("distances", (0,), "whole numbers of voxels from 1"),
        ("gldm_a", -1, "0 or more"),
        ("pad_distance", -1, "0 or more"),
        ("force_2d_dimension", 3, "0, 1 or 2"),
        ("weighting_norm", "L2", "manhattan, euclidean, infinity, no_weighting"),
        ("remove_outliers", 0, "above 0"),
        ("interpolator", "linear", "one of sitkNearestNeighbor"),
        ("pixel_type", "int8", "one of int16"),
        ("orientation", "RAS", "'LPS' or 'as stored'"),
        ("clip_hu", (3071, -1024), r"\(low, high\)"),
        ("image_types", {"LBP2D": {}}, "'LBP2D' is no image type"),
        ("image_types", {"LoG": {}}, "needs a list 'sigma'"),
        ("image_types", {"Wavelet": {"levels": 2}}, "Wavelet has no option levels"),
        ("image_types", ["Original"], "image types with their options"),
        ("image_types", {"Original": None}, "image types with their options"),
        ("image_types", {"Wavelet": {"level": 0}}, "'level' of the image type Wavelet is 0; .* whole number from 1"),
        ("image_types", {"Wavelet": {"start_level": -1}}, "'start_level' .* whole number from 0"),
        ("image_types", {"LBP3D": {"lbp3DLevels": "2"}}, "'lbp3DLevels' .* whole number from 1"),
        ("image_types", {"LBP3D": {"lbp3DIcosphereRadius": 0}}, "'lbp3DIcosphereRadius' .* above 0"),
        ("image_types", {"LoG": {"sigma": 1.0}}, "needs a list 'sigma'"),
        ("image_types", {"LoG": {"sigma": [float("nan")]}}, "needs a list 'sigma'"),
        ("image_types", {"Gradient": {"gradientUseSpacing": "false"}}, "'gradientUseSpacing' .* true or false"),
        ("bin_width", "25", "'bin_width' is '25'; it must be a number"),
        ("bin_width", float("inf"), "'bin_width' is inf; it must be a number"),
        ("force_2d", "false", "'force_2d' is 'false'; it must be true or false"),
        ("normalize_scale", None, "must be a number"),
        ("gldm_a", 1.5, "'gldm_a' is 1.5; it must be a whole number"),
        ("distances", 2, "a list of numbers"),
        ("clip_hu", (None, 3071), "a list of numbers"),
        ("clip_hu", 3071, "a list of numbers"),
    ],
)
def test_a_setting_outside_what_is_possible_is_named(name, value, sentence):
    with pytest.raises(BadInput, match=sentence):
        ExtractionSettings(**{name: value})


def test_an_unknown_setting_is_an_error():
    with pytest.raises(BadInput, match="Unknown extraction setting: binwidth"):
        ExtractionSettings.from_dict({"binwidth": 25})


# ---- parameter files

CT_FILE = {
    "setting": {
        "binWidth": 10,
        "interpolator": "sitkLinear",
        "resampledPixelSpacing": [1, 1, 3],
        "padDistance": 10,
        "resegmentRange": [-3, 3],
        "resegmentMode": "sigma",
        "voxelArrayShift": 1000,
        "label": 1,
    },
    "imageType": {"Original": {}, "LoG": {"sigma": [2.0, 4.5]}},
    "featureClass": {"shape": None, "glcm": ["Contrast", "Imc1"], "firstorder": []},
}


def written(path, content):
    path.write_text(json.dumps(content) if path.suffix == ".json" else content, encoding="utf-8")
    return path


def test_a_parameter_file_is_translated(tmp_path):
    settings, features = read_parameter_file(written(tmp_path / "ct.json", CT_FILE))
    assert settings == ExtractionSettings(
        image_types={"Original": {}, "LoG": {"sigma": [2.0, 4.5]}},
        orientation="as stored",
        clip_hu=None,
        bin_width=10,
        interpolator="sitkLinear",
        resampled_spacing_mm=(1, 1, 3),
        pad_distance=10,
        resegment_range=(-3, 3),
        resegment_mode="sigma",
        voxel_array_shift=1000,
    )
    assert len(features) == 14 + 3 * (2 + 18)
    assert "log-sigma-4-5-mm-3D_glcm_Imc1" in features
    assert "original_glcm_Correlation" not in features


def test_without_classes_all_features_are_enabled(tmp_path):
    _, features = read_parameter_file(written(tmp_path / "all.json", {"setting": {"binCount": 32}}))
    assert len(features) == 107


def test_shape_is_enabled_beside_any_image_type_as_in_pyradiomics(tmp_path):
    _, features = read_parameter_file(written(tmp_path / "p.json", {"imageType": {"Square": {}}}))
    assert len(features) == 14 + 93
    only = {"imageType": {"Square": {}}, "featureClass": {"shape": ["Flatness"], "glcm": ["Contrast"]}}
    _, features = read_parameter_file(written(tmp_path / "p.json", only))
    assert features == ("original_shape_Flatness", "square_glcm_Contrast")


def test_nothing_is_resampled_where_a_file_gives_no_spacing_or_no_interpolator(tmp_path):
    for setting in ({"interpolator": "sitkBSpline"}, {"interpolator": None, "resampledPixelSpacing": [1, 1, 1]}):
        settings, _ = read_parameter_file(written(tmp_path / "p.json", {"setting": setting}))
        assert settings.resampled_spacing_mm is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"settings": {}}, "unknown sections: settings"),
        ({"setting": {"binwidth": 3}}, "'binwidth' is not known"),
        ({"setting": {"symmetricalGLCM": False}}, "'symmetricalGLCM: False' is not possible"),
        ({"setting": {"minimumROISize": 50}}, "'minimumROISize' is not known"),
        ({"imageType": {"LBP2D": {}}}, "'LBP2D' is no image type"),
        ({"imageType": {"Wavelet": {"binWidth": 10}}}, "image type alone are not possible here: binWidth"),
        ({"featureClass": {"shape2D": None}}, "'shape2D' is not known"),
        ({"featureClass": {"shape": ["Compactness1"]}}, "shape has no feature Compactness1"),
        ({"setting": {"preCrop": True}}, "'preCrop: True' is not possible"),
        ({"setting": {"minimumROIDimensions": 3}}, "'minimumROIDimensions: 3' is not possible"),
        ({"setting": {"binWidth": "10"}}, "'bin_width' is '10'; it must be a number"),
        ({"imageType": ["Original"]}, "section 'imageType' .* names with their options"),
        ({"featureClass": ["glcm"]}, "section 'featureClass' .* names with their options"),
        ({"featureClass": {"glcm": "Contrast"}}, "class 'glcm' needs a list of its features"),
        ({"featureClass": {"glcm": [1]}}, "glcm has no feature 1"),
        ({"featureClass": {"glcm": [{"Contrast": []}]}}, "glcm has no feature {'Contrast'"),
        ({"imageType": {"LoG": 5}}, "image type 'LoG' needs its options by their names, or nothing, not 5"),
        ({"imageType": {"LoG": [1.0]}}, "image type 'LoG' needs its options"),
        ([1, 2], "holds no sections"),
    ],
)
def test_what_cannot_be_honoured_is_named(tmp_path, content, sentence):
    with pytest.raises(BadInput, match=sentence):
        read_parameter_file(written(tmp_path / "p.json", content))


def test_a_file_that_is_not_there_or_not_json_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_parameter_file(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match="not well formed"):
        read_parameter_file(tmp_path / "bad.json")


def test_yaml_is_read_where_a_package_for_it_is_installed(tmp_path):
    if not any(importlib.util.find_spec(name) for name in ("yaml", "ruamel")):
        pytest.skip("neither PyYAML nor ruamel.yaml is installed here")
    path = written(tmp_path / "ct.yaml", "setting:\n  binWidth: 10\nimageType:\n  Square:\n")
    settings, features = read_parameter_file(path)
    assert (settings.bin_width, len(features)) == (10, 14 + 93)
    with pytest.raises(BadInput, match="not well formed"):
        read_parameter_file(written(tmp_path / "bad.yaml", "setting: [1"))
    for content, sentence in (
        ("1: {}\na: {}\n", "unknown sections: 1, a"),
        ("imageType:\n  LoG: {1: 2, a: 3}\n", "LoG has no option 1, a"),
        ("[" * 5000, "nested too deeply"),
    ):
        with pytest.raises(BadInput, match=sentence):
            read_parameter_file(written(tmp_path / "odd.yaml", content))


def test_a_file_is_json_by_its_name_in_capitals_too(tmp_path):
    (tmp_path / "CT.JSON").write_text(json.dumps(CT_FILE), encoding="utf-16")  # which YAML would not read
    assert read_parameter_file(tmp_path / "CT.JSON")[0].bin_width == 10


def test_yaml_without_a_package_for_it_says_what_to_do(tmp_path, monkeypatch):
    original = builtins.__import__

    def without_yaml(name, *args, **kwargs):
        if name.split(".")[0] in ("yaml", "ruamel"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_yaml)
    with pytest.raises(MissingDependency, match="PyYAML, which is not installed"):
        read_parameter_file(written(tmp_path / "ct.yaml", "setting:\n  binWidth: 10\n"))


# ---- written


def published():
    """Settings of the published signature, and its ten features by VOI as its file names them."""
    signature = load("ptlf-published")
    return signature.extraction, {voi.in_files: names for voi, names in signature.wanted.items()}


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_signature_written_and_read_again_asks_for_the_same(tmp_path, suffix):
    if suffix == ".yaml":
        pytest.importorskip("yaml")
    settings, wanted = published()
    text = write_parameter_file(settings, wanted, title="PTLF", as_json=suffix == ".json")
    read, features = read_parameter_file(written_text(tmp_path / f"ptlf{suffix}", text))
    needed = {"Wavelet": {}, "LoG": {"sigma": [1.0]}, "Exponential": {}, "LBP3D": {}}
    assert read == dataclasses.replace(settings, image_types=needed, orientation="as stored", clip_hu=None)
    assert {name for names in wanted.values() for name in names} <= set(features)
    assert len(features) == (8 + 1 + 1 + 3) * 8  # filtered images x distinct features


def written_text(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_what_a_parameter_file_cannot_say_stands_in_its_comment():
    settings, wanted = published()
    comment = [line for line in write_parameter_file(settings, wanted, title="PTLF").splitlines() if line[0] == "#"]
    assert comment[0] == "# PTLF"
    assert comment[1] == (
        "# Give PyRadiomics the CT in HU as int16, its array along L, P, S (columns to the left, rows to the back, "
        "slices feet to head), clipped to -1024 to 3071 HU."
    )
    assert "# Of the VOI 'tumor' are wanted:" in comment
    assert "# wavelet-HHH_glszm_SizeZoneNonUniformity" in comment


@pytest.mark.parametrize(
    "changed",
    [
        {"bin_width": None, "bin_count": 16},
        {"resegment_range": (40.0,), "resampled_spacing_mm": (1.0, 1.0, 0.0), "interpolator": "sitkLinear"},
        {"force_2d": True, "force_2d_dimension": 2, "weighting_norm": "euclidean", "distances": (1, 2)},
        {"normalize": True, "remove_outliers": 3.0},
    ],
)
def test_every_setting_survives(tmp_path, changed):
    settings = ExtractionSettings(**changed)
    text = write_parameter_file(settings, {"liver": None}, as_json=True)
    read, features = read_parameter_file(written_text(tmp_path / "all.json", text))
    assert read == dataclasses.replace(settings, orientation="as stored", clip_hu=None)
    assert len(features) == 1874
