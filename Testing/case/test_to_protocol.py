"""Thin slices brought to the protocol's, from the CT to the record: asked for, told, equal to a CT in such slices."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of, phantom_arrays
from PTLFPredictorLib import json_text
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.ct import read_ct
from PTLFPredictorLib.sample import known
from PTLFPredictorLib.segmentation import find_model, ledger, marks
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin

HAND = ("--mask-origin", "hand", "--reader", "A. Reader")


def thin(array, step=1.25):
    """Each slice of 5 mm as four equal ones, so that slabs of four are the slices of 5 mm, at their places."""
    image = image_of(np.repeat(array, round(5 / step), axis=0), (0.8, 0.8, step))
    x, y, z = image.GetOrigin()
    image.SetOrigin((x, y, z - (5 - step) / 2))
    return image


@pytest.fixture(scope="module")
def thin_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("thin")
    hu, labels = phantom_arrays()
    sitk.WriteImage(thin(hu), str(folder / "ct.nii.gz"))
    sitk.WriteImage(thin(labels), str(folder / "labels.nii.gz"))
    return {"ct": folder / "ct.nii.gz", "labels": folder / "labels.nii.gz"}


def predict(files, out, *more, labels=None):
    given = ["--ct", files["ct"], "--segmentation", labels or files["labels"], "--alb", 43.6, "--inr", 1.09]
    code = main(["predict", *map(str, (*given, "--out", out, *more))])
    return json_text.read(out / "result.json") if code == 0 else code


def findings(result):
    return {finding["code"]: finding for finding in result["findings"]}


@pytest.fixture(scope="module")
def native(phantom_files, tmp_path_factory):
    return predict(phantom_files, tmp_path_factory.mktemp("native") / "out", *HAND)


@pytest.fixture(scope="module")
def in_slabs(thin_files, tmp_path_factory):
    out = tmp_path_factory.mktemp("slabs") / "out"
    return predict(thin_files, out, *HAND, "--to-protocol"), out


def test_without_being_asked_a_thin_ct_is_withheld_and_the_way_is_named(thin_files, tmp_path):
    result = predict(thin_files, tmp_path / "out", *HAND)
    found = findings(result)
    assert found["slice_thickness"]["level"] == "withhold"
    assert "--to-protocol" in found["slice_thickness"]["message"]
    assert "to_protocol" not in found
    assert result["input"]["ct"]["to_protocol"] is None
    assert result["input"]["ct"]["size"][2] == 88


def test_ct_segments_and_features_are_those_of_a_ct_in_such_slices(in_slabs, native):
    result, _ = in_slabs
    assert result["features"] == native["features"]
    assert result["segmentation"]["volumes_ml"] == pytest.approx(native["segmentation"]["volumes_ml"])
    assert result["input"]["ct"]["sha256"] == native["input"]["ct"]["sha256"]
    assert result["segmentation"]["sha256"] == native["segmentation"]["sha256"]


def test_it_is_told_in_findings_and_record_and_the_slices_are_judged_anew(in_slabs):
    result, out = in_slabs
    found = findings(result)
    assert found["to_protocol"]["level"] == "warn"
    assert "The slices of 1.25 mm were averaged to 22 slabs of 5 mm" in found["to_protocol"]["message"]
    assert found["slice_thickness"]["level"] == "pass"
    plan = result["input"]["ct"]["to_protocol"]
    assert (plan["step_mm"], plan["slab_mm"], plan["slices"], plan["slabs"], plan["count"]) == (1.25, 5.0, 88, 22, 4)
    assert len(plan["original"]) == 64
    assert "averaged to 22 slabs" in (out / "report.html").read_text(encoding="utf-8")


def test_the_label_map_is_written_on_the_slabs(in_slabs, phantom):
    written = sitk.ReadImage(str(in_slabs[1] / "labels.nii.gz"))
    assert written.GetSpacing() == pytest.approx((0.8, 0.8, 5.0))
    assert written.GetOrigin() == pytest.approx(phantom[1].GetOrigin(), abs=1e-3)
    assert np.array_equal(sitk.GetArrayFromImage(written), sitk.GetArrayFromImage(phantom[1]))


def test_labels_in_slabs_given_again_are_the_same_and_still_known(in_slabs, thin_files, tmp_path):
    first, out = in_slabs
    again = predict(thin_files, tmp_path / "out", "--to-protocol", labels=out / "labels.nii.gz")
    assert again["segmentation"]["sha256"] == first["segmentation"]["sha256"]
    assert again["segmentation"]["origin"]["drawn"] == "hand"
    assert "mask_origin_unknown" not in findings(again)


def test_a_ct_in_the_protocols_slices_is_left_as_it_is(phantom_files, native, tmp_path):
    result = predict(phantom_files, tmp_path / "out", *HAND, "--to-protocol")
    found = findings(result)["to_protocol"]
    assert found["level"] == "pass"
    assert "there is nothing to average" in found["message"]
    assert result["features"] == native["features"]


def test_slices_that_are_too_thick_stay_withheld_and_it_says_why(tmp_path):
    hu, labels = phantom_arrays()
    for name, array in (("ct", hu), ("labels", labels)):
        sitk.WriteImage(image_of(array, (0.8, 0.8, 7.0)), str(tmp_path / f"{name}.nii.gz"))
    files = {name: tmp_path / f"{name}.nii.gz" for name in ("ct", "labels")}
    found = findings(predict(files, tmp_path / "out", *HAND, "--to-protocol"))
    assert found["slice_thickness"]["level"] == "withhold"
    assert "--to-protocol" not in found["slice_thickness"]["message"]
    assert found["to_protocol"]["level"] == "warn"
    assert "cannot be made thinner" in found["to_protocol"]["message"]


def test_a_liver_cut_off_in_the_lowest_thin_slice_stays_cut_off_in_slabs(thin_files, tmp_path):
    image = thin(phantom_arrays()[1])
    array = sitk.GetArrayFromImage(image)
    array[0] = array[32] > 0  # one thin slice: less than half of the lowest slab
    cut = sitk.GetImageFromArray(array)
    cut.CopyInformation(image)
    sitk.WriteImage(cut, str(tmp_path / "labels.nii.gz"))
    found = findings(predict(thin_files, tmp_path / "out", *HAND, "--to-protocol", labels=tmp_path / "labels.nii.gz"))
    assert found["truncated_liver"]["level"] == "withhold"


def test_the_demo_models_mask_keeps_its_mark_through_slabs(thin_files, tmp_path):
    identity = find_model("ptlf-demo-1").identity
    labels = sitk.ReadImage(str(thin_files["labels"]), sitk.sitkUInt8)
    drawn = Origin(Drawn.MODEL, Known.RUN, identity)
    ledger.remember(read_ct(thin_files["ct"]).identity, labels, drawn)
    result = predict(thin_files, tmp_path / "a", "--to-protocol")  # a file without a mark: known by the ledger
    assert findings(result)["model_not_for_patients"]["level"] == "withhold"
    written = tmp_path / "a" / "labels.nii.gz"
    assert marks.of_file(written).origin.model["weights_sha256"] == identity["weights_sha256"]
    bare = tmp_path / "bare.nii.gz"
    image = sitk.GetImageFromArray(sitk.GetArrayFromImage(sitk.ReadImage(str(written))))
    image.CopyInformation(sitk.ReadImage(str(written)))
    sitk.WriteImage(image, str(bare))
    again = predict(thin_files, tmp_path / "b", "--to-protocol", *HAND, labels=bare)  # a copy that lost it: the ledger
    assert again["segmentation"]["origin"]["model"]["id"] == identity["id"]
    assert findings(again)["model_not_for_patients"]["level"] == "withhold"


def test_features_take_it_too_and_need_a_signature(thin_files, native, tmp_path, capsys):
    asked = ["features", "--ct", thin_files["ct"], "--segmentation", thin_files["labels"], *HAND, "--to-protocol"]
    assert main([*map(str, asked), "--signature", "ptlf-published", "--out", str(tmp_path / "f.json")]) == 0
    made = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert made["features"] == native["features"]
    assert made["input"]["ct"]["to_protocol"]["slabs"] == 22
    assert main([*map(str, asked), "--all", "--out", str(tmp_path / "g.json")]) == 2
    assert "--to-protocol brings a CT to the slices of a signature" in capsys.readouterr().err


def test_a_sample_case_in_slabs_is_still_a_sample_case(thin_files):
    ct = read_ct(thin_files["ct"])
    from PTLFPredictorLib.signature import load

    brought = ct.to_protocol(load("ptlf-published").protocol)
    assert brought.slabs.slabs == 22
    assert brought.identity == ct.identity
    assert known.seed_of(brought.identity) == known.seed_of(ct.identity)


def test_the_ct_without_its_clip_range_is_the_same_ct_in_slabs(thin_files):
    from PTLFPredictorLib.signature import load

    protocol = load("ptlf-published").protocol
    narrow = read_ct(thin_files["ct"], protocol, (-100, 300)).to_protocol(protocol)
    assert narrow.identity == read_ct(thin_files["ct"], protocol).to_protocol(protocol).identity
