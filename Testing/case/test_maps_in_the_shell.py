"""``features --maps``: files on the CT's grid, a record beside them, and what is refused before anything is read."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib import RESEARCH_USE
from PTLFPredictorLib.cli import main


@pytest.fixture
def run(phantom_files, capsys):
    """``ptlf features`` on the phantom -> exit code, stdout, stderr."""

    def command(*options, which=("--all",)):
        given = ["--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"], *which, *options]
        code = main(["features", *(str(word) for word in given)])
        return code, *capsys.readouterr()

    return command


def test_maps_are_written_with_their_record(run, phantom, phantom_files, tmp_path):
    out = tmp_path / "maps"
    names = "original_firstorder_Mean,original_ngtdm"
    code, said, told = run("--maps", names, "--out-maps", out, "--kernel-radius", 2, "--outside", "nan")
    assert code == 0
    assert "Maps of the tumour: 6." in said
    assert RESEARCH_USE in said
    assert "tumour: original ngtdm" in told
    made = json.loads((out / "maps.json").read_text())
    assert made["schema"] == "ptlf-maps/1"
    assert made["research_use"] == RESEARCH_USE
    assert made["kernel"] == {"kernelRadius": 2, "maskedKernel": True, "initValue": "nan"}
    assert {f["code"] for f in made["findings"]} >= {"volumes", "hounsfield"}
    assert "features" not in made
    assert sorted(path.name for path in out.iterdir()) == sorted(["maps.json", *(one["file"] for one in made["maps"])])
    mean = sitk.ReadImage(str(out / "tumor_original_firstorder_Mean.nrrd"))
    ct, tumour = sitk.ReadImage(str(phantom_files["ct"])), sitk.GetArrayFromImage(phantom[1]) == 2
    for part in ("Size", "Spacing", "Origin", "Direction"):
        assert np.allclose(getattr(mean, f"Get{part}")(), getattr(ct, f"Get{part}")(), atol=1e-6)
    array = sitk.GetArrayFromImage(mean)
    assert np.array_equal(~np.isnan(array), tumour)
    assert mean.GetMetaData("PTLF_notice") == RESEARCH_USE
    assert mean.GetMetaData("PTLF_kernelRadius") == "2"
    one = next(one for one in made["maps"] if one["feature"] == "original_firstorder_Mean")
    assert (one["voxels"], one["undefined"]) == (tumour.sum(), 0)
    assert one["mean"] == pytest.approx(array[tumour].mean())
    place = tuple(np.argwhere(tumour)[tumour.sum() // 2])
    around = tuple(slice(max(at - 2, 0), at + 3) for at in place)
    hu = sitk.GetArrayFromImage(phantom[0])
    assert array[place] == pytest.approx(hu[around][tumour[around]].mean())


def test_features_and_maps_of_the_parenchyma_in_one_call(run, tmp_path):
    options = ("--maps", "original_gldm_DependenceEntropy", "--out-maps", tmp_path / "maps", "--maps-of", "liver")
    params = tmp_path / "one.json"
    params.write_text('{"imageType": {"Original": {}}, "featureClass": {"firstorder": ["Mean"]}}')
    code, said, _ = run(*options, "--out", tmp_path / "f.json", which=("--params", params))
    assert code == 0
    assert "Features: 1 of the tumour, 1 of the parenchyma." in said
    assert "Maps of the parenchyma: 1" in said
    assert len(json.loads((tmp_path / "f.json").read_text())["features"]) == 2
    assert (tmp_path / "maps" / "liver_original_gldm_DependenceEntropy.nrrd").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "Name a file with --out"),
        (("--maps", "original_glcm_Contrast"), "--out-maps"),
        (("--out-maps", "maps"), "name them with --maps"),
        (("--kernel-radius", "0", "--out", "f.json"), "--kernel-radius is for maps"),
        (("--whole-kernel", "--out", "f.json"), "--whole-kernel is for maps"),
        (("--outside", "0", "--out", "f.json"), "--outside is for maps"),
        (("--maps-of", "tumor", "--out", "f.json"), "--maps-of is for maps"),
        (("--maps", "original_glcm", "--out-maps", "maps", "--kernel-radius", "0"), "must be 1 to 7 voxels"),
        (("--maps", "original_glcm_Contrst", "--out-maps", "maps"), "Is 'original_glcm_Contrast' meant?"),
        (("--maps", "original_glcm_MCC", "--out-maps", "maps"), "There is no map of 'original_glcm_MCC'"),
        (("--maps", "original_glcm_Nothing", "--out-maps", "maps"), "is no feature"),
        (("--maps", "original_shape", "--out-maps", "maps"), "is no feature"),
        (("--maps", "original_glcm", "--out-maps", "maps", "--kernel-radius", 99), "must be 1 to 7 voxels"),
        (("--maps", "original_glcm", "--out-maps", "maps", "--engine", "pyradiomics"), "built-in engine alone"),
    ],
)
def test_what_does_not_go_together_is_told_before_anything_is_read(run, tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    code, _, told = run(*options)
    assert code == 2
    assert sentence in told
    assert "Reading" not in told
    assert not list(tmp_path.iterdir())


def test_maps_are_not_written_among_the_slices_of_a_series(phantom, phantom_files, write_dicom, tmp_path, capsys):
    ct = write_dicom(tmp_path / "ct", phantom[0])
    before = sorted(ct.iterdir())
    given = ["features", "--ct", ct, "--segmentation", phantom_files["labels"], "--all", "--out-maps", ct]
    assert main([str(word) for word in [*given, "--maps", "original_firstorder_Mean"]]) == 2
    assert "would lie among the files" in capsys.readouterr().err
    assert sorted(ct.iterdir()) == before
