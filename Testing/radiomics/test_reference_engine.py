"""PyRadiomics as an engine: where it runs, and the five values that it must give before it is used."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import SimpleITK as sitk
from voi_phantoms import ellipsoids

from PTLFPredictorLib import child
from PTLFPredictorLib.child.system import ONE_THREAD
from PTLFPredictorLib.ct import Raster
from PTLFPredictorLib.errors import BadInput, MissingDependency, OutOfMemory
from PTLFPredictorLib.measures.radiomics import (
    ExtractionSettings,
    available_engines,
    child_options,
    extract,
    known_values,
    names,
)
from PTLFPredictorLib.measures.radiomics.interpreter import VARIABLE

WORKER = "PTLFPredictorLib.measures.radiomics.worker"
ORIGINAL = ExtractionSettings(image_types={"Original": {}})

KNOWN = {
    "exponential_glrlm_RunLengthNonUniformity": 567.4183634472399,
    "wavelet-HHH_glszm_SizeZoneNonUniformity": 86.84313725490196,
    "lbp-3D-m1_firstorder_Skewness": 0.027885173770120765,
    "log-sigma-1-0-mm-3D_gldm_DependenceNonUniformityNormalized": 0.06465869922710521,
    "wavelet-HHH_glcm_DifferenceEntropy": 2.6413348719712793,
}
"""PyRadiomics 3.0.1 with NumPy 2.4.6 and SciPy 1.16.3."""


def run_on_test_image(engine, work):
    image, mask = known_values.image_and_mask()
    job = {
        "image": Raster.of(image).write(work / "ct.npy"),
        "labels": Raster.of(mask).write(work / "labels.npy"),
        "masks": {"tumor": 1},
        "wanted": {"tumor": list(KNOWN)},
        "settings": known_values.SETTINGS.to_dict(),
        "engine": engine,
    }
    outputs = child.run(WORKER, job, work, **child_options(engine))
    return json.loads(outputs["features"].read_text(encoding="utf-8"))[0]


# ---- five values


def test_the_built_in_engine_gives_the_five_values():
    image, mask = known_values.image_and_mask()
    found = extract(image, {"tumor": mask}, {"tumor": known_values.NAMES}, known_values.SETTINGS)["tumor"]
    assert dict(found.values) == pytest.approx(KNOWN, rel=1e-9)
    assert known_values.stored() == KNOWN


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"wavelet-HHH_glszm_SizeZoneNonUniformity": 86.84318}, ""),  # 5e-7
        (
            {"wavelet-HHH_glszm_SizeZoneNonUniformity": 86.844},
            "wavelet-HHH_glszm_SizeZoneNonUniformity is 86.844 instead of 86.84313725",
        ),
        (
            {"lbp-3D-m1_firstorder_Skewness": float("nan")},
            "lbp-3D-m1_firstorder_Skewness is nan instead of 0.02788517377",
        ),
        ({"lbp-3D-m1_firstorder_Skewness": None}, "lbp-3D-m1_firstorder_Skewness is left out"),
    ],
)
def test_the_first_value_that_differs_by_more_than_a_millionth_is_named(change, said):
    found = {name: value for name, value in (KNOWN | change).items() if value is not None}
    assert known_values.first_difference(found, KNOWN) == said


# ---- where it runs


def test_an_interpreter_that_is_named_is_used_for_pyradiomics_alone(monkeypatch):
    monkeypatch.setenv(VARIABLE, "/opt/radiomics/bin/python")
    monkeypatch.setenv("PYTHONPATH", "/slicer/lib/python3.12/site-packages")
    here = {"python": "/slicer/PythonSlicer", "environment": ONE_THREAD}
    assert available_engines() == ("builtin", "pyradiomics")
    assert child_options("builtin", "/slicer/PythonSlicer") == here
    options = child_options("pyradiomics", "/slicer/PythonSlicer")
    assert options["python"] == "/opt/radiomics/bin/python"
    paths = {"PYTHONPATH": str(Path(child.__file__).parents[2]), "PYTHONHOME": ""}
    assert options["environment"] == here["environment"] | paths


def test_without_one_pyradiomics_is_looked_for_where_other_children_run(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    here = {"python": "/slicer/PythonSlicer", "environment": ONE_THREAD}
    assert child_options("pyradiomics", "/slicer/PythonSlicer") == here
    for name in [name for name in sys.modules if name.split(".")[0] == "radiomics"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert available_engines() == ("builtin",)
    package = tmp_path / "radiomics"
    package.mkdir()
    assert available_engines() == ("builtin",)  # a folder of that name is no package
    (package / "__init__.py").touch()
    sys.path_importer_cache.clear()
    assert available_engines() == ("builtin", "pyradiomics")  # as the extension SlicerRadiomics leaves it


def test_an_interpreter_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, "/nowhere/python")
    with pytest.raises(MissingDependency, match="'/nowhere/python' cannot be run"):
        run_on_test_image("pyradiomics", tmp_path)


def test_a_python_without_pyradiomics_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, sys.executable)
    if (
        subprocess.run([sys.executable, "-I", "-c", "import radiomics"], capture_output=True, check=False).returncode
        == 0
    ):
        pytest.skip("this Python has PyRadiomics")
    with pytest.raises(MissingDependency, match=r"not installed in this Python 3.1\d.*SlicerRadiomics"):
        run_on_test_image("pyradiomics", tmp_path)


@pytest.mark.slow
def test_pyradiomics_runs_in_the_interpreter_that_is_named(monkeypatch, tmp_path):
    if not os.environ.get(VARIABLE):
        pytest.skip(f"{VARIABLE} names no interpreter with PyRadiomics: './ptlf test --slow' makes one")
    vector = run_on_test_image("pyradiomics", tmp_path)
    assert vector["values"] == pytest.approx(KNOWN, rel=1e-9)
    assert vector["engine"] == "pyradiomics"


# ---- whose fault it is


def test_too_little_memory_is_no_bad_input():
    """ITK's words: "Failed to allocate memory for image."."""
    case = ellipsoids()
    fine = ExtractionSettings(image_types={"Original": {}}, resampled_spacing_mm=(1e-4, 1e-4, 1e-4))
    with pytest.raises(OutOfMemory, match="too little free memory"):
        extract(case.image, {"tumor": case.masks["tumor"]}, {"tumor": ["original_firstorder_Mean"]}, fine)


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, TypeError])
def test_a_programming_error_is_not_told_as_the_users(kind):
    def broken(stage, done, total):
        raise kind("of our own making")

    case = ellipsoids()
    wanted = {"tumor": ["original_firstorder_Mean"]}
    with pytest.raises(kind, match="of our own making"):
        extract(case.image, {"tumor": case.masks["tumor"]}, wanted, ORIGINAL, progress=broken)


def test_what_the_user_can_mend_still_is_bad_input():
    case = ellipsoids()
    nothing = sitk.Image(case.masks["tumor"]) * 0
    with pytest.raises(BadInput, match="'tumor' is empty"):
        extract(case.image, {"tumor": nothing}, {"tumor": ["original_firstorder_Mean"]}, ORIGINAL)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image": sitk.Image(4, 4, sitk.sitkInt16)}, "'image' has 2 dimensions"),
        ({"masks": {}}, "'masks' lacks tumor, which 'wanted' names"),
        ({"wanted": {"tumor": "original_firstorder_Mean"}}, "'wanted' holds a text for 'tumor'"),
    ],
    ids=["image", "masks", "wanted"],
)
def test_a_callers_mistake_names_the_argument(change, said):
    case = ellipsoids()
    arguments = {"image": case.image, "masks": case.masks, "wanted": {"tumor": ["original_firstorder_Mean"]}}
    with pytest.raises(ValueError, match=said):
        extract(**{**arguments, **change}, settings=ORIGINAL)


@pytest.mark.parametrize("function", [names.split, names.image_type_of])
@pytest.mark.parametrize("feature", ["glcm_Contrast", "original_glcm_Sharpness", "wavelet_shape_Flatness_"])
def test_a_text_that_is_no_features_name_is_told_with_the_argument(function, feature):
    with pytest.raises(ValueError, match=f"'feature' is '{feature}', which names none"):
        function(feature)
