"""`features` and `segment` tell what was found on CT and segments, as `predict` does."""

import json

import pytest
import SimpleITK as sitk

from PTLFPredictorLib import record
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.ct import Finding
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.render import terminal


@pytest.fixture
def tilted(tmp_path, phantom, write_dicom):
    """A CT of a tilted gantry: each slice 1.5 mm further to the back."""
    return write_dicom(tmp_path / "tilted", phantom[0], shear_mm=1.5)


def told(capsys, *words):
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def features(capsys, ct, labels, out, *which):
    return told(capsys, "features", "--ct", ct, "--segmentation", labels, *(which or SIGNATURE), "--out", out)


TILT = "The gantry was tilted"
SIGNATURE = ("--signature", "ptlf-published")


def test_a_tilted_gantry_is_told_by_features_as_by_predict(capsys, tilted, phantom_files, tmp_path):
    given = ("--ct", tilted, "--segmentation", phantom_files["labels"])
    predicted = told(capsys, "predict", *given, "--out", tmp_path / "out")
    said = features(capsys, tilted, phantom_files["labels"], tmp_path / "f.json")
    (line,) = [line for line in said.splitlines() if TILT in line]
    assert line.startswith("[blocks the risk] ")
    assert line in predicted.splitlines()
    found = {f["code"]: f["level"] for f in json.loads((tmp_path / "f.json").read_text())["findings"]}
    assert found["gantry_tilt"] == "withhold"


def test_every_finding_of_predict_on_ct_and_segments_is_in_the_features_file(phantom_files, tmp_path, capsys):
    given = ("--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"])
    told(capsys, "predict", *given, "--out", tmp_path / "out")
    features(capsys, phantom_files["ct"], phantom_files["labels"], tmp_path / "f.json")
    of_predict = json.loads((tmp_path / "out" / "result.json").read_text())
    of_features = json.loads((tmp_path / "f.json").read_text())
    others = {"eligibility", "eligibility_unknown", "demonstration"}
    on_images = {f["code"] for f in of_features["findings"]}
    assert on_images >= {"hounsfield", "slice_thickness", "in_plane_spacing", "phase", "volumes"}
    assert [f for f in of_predict["findings"] if f["code"] in on_images - others] == of_features["findings"]
    for block in ("extraction", "features"):
        assert of_features[block] == of_predict[block]
    assert of_features["input"]["ct"] == of_predict["input"]["ct"]
    assert of_features["segmentation"]["sha256"] == of_predict["segmentation"]["sha256"]


def test_the_features_file_says_what_its_values_depend_on(phantom_files, tmp_path, capsys):
    features(capsys, phantom_files["ct"], phantom_files["labels"], tmp_path / "f.json")
    data = json.loads((tmp_path / "f.json").read_text())
    assert data["schema"] == "ptlf-features/1"
    assert data["software"].keys() >= {"PTLFPredictor", "NumPy", "SimpleITK"}
    assert data["input"]["signature"]["id"] == "ptlf-published"
    assert len(data["input"]["signature"]["sha256"]) == 64
    for voi in ("liver", "tumor"):
        assert data["extraction"][voi].keys() == {"engine", "engine_version", "settings", "image_sha256", "voi_sha256"}
    assert data["extraction"]["liver"]["settings"]["pixel_type"] == "int16"


def test_a_sound_ct_is_not_said_to_be_tilted(capsys, phantom, phantom_files, tmp_path, write_dicom):
    folder = write_dicom(tmp_path / "dicom", phantom[0])
    assert TILT not in features(capsys, folder, phantom_files["labels"], tmp_path / "f.json")


def test_csv_stays_plain_and_the_findings_are_told(capsys, tilted, phantom_files, tmp_path):
    assert TILT in features(capsys, tilted, phantom_files["labels"], tmp_path / "f.csv")
    lines = (tmp_path / "f.csv").read_text().splitlines()
    assert lines[0] == "voi,feature,value"
    assert all(len(line.split(",")) == 3 for line in lines)


def test_segment_tells_findings_too(needs_nnunet, capsys, tilted, tmp_path):
    said = told(capsys, "segment", "--ct", tilted, "--device", "cpu", "--out", tmp_path / "labels.nii.gz")
    assert sum(TILT in line and line.startswith("[blocks the risk] ") for line in said.splitlines()) == 1
    assert said.count("not for patients") == 1
    assert sitk.ReadImage(str(tmp_path / "labels.nii.gz")).GetSize()[2] == 22


def test_a_finding_that_stops_predict_is_named_unusable():
    findings = [Finding("liver", "fail", "No liver."), Finding("spacing", "pass", "Fine.")]
    assert terminal.finding_lines(findings) == ["[unusable] No liver."]


VALUES = [{"voi": "tumor", "feature": "original_firstorder_Mean", "value": 61.5}]


@pytest.mark.parametrize("data", [VALUES, {"schema": "ptlf-features/1", "features": VALUES}])
def test_features_are_read_from_the_former_list_and_from_the_object(tmp_path, data):
    (tmp_path / "f.json").write_text(json.dumps(data))
    assert [one.to_dict() for one in record.read_features(tmp_path / "f.json")] == VALUES


@pytest.mark.parametrize("text", ["{}", "[1]", '[{"voi": "a"}]', "nothing", '{"features": [{"voi": 1, "value": 2}]}'])
def test_what_holds_no_features_is_told(tmp_path, text):
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(BadInput, match="no file of features that can be read"):
        record.read_features(tmp_path / "f.json")
