"""``ptlf agreement``: label maps of one case and of many, features of cases read twice."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
import SimpleITK as sitk

import r_reference
from abdomen import image_of, small_arrays
from dicom_seg_files import write_seg
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.cohort.agreement import compare_features, of_folders, of_table, read_features
from PTLFPredictorLib.cohort.agreement.features import VOLUME
from PTLFPredictorLib.errors import BadInput
from rtstruct_files import contours_of, write_rtstruct

CASES = range(3)


def moved(labels: np.ndarray) -> np.ndarray:
    """One column to the side: where it was a reader's, it is another's."""
    return np.roll(labels, 1, axis=2)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """Folders `first`, `second` and `ct` with three cases in each."""
    folder = tmp_path_factory.mktemp("hospital")
    for name in ("first", "second", "ct"):
        (folder / name).mkdir()
    for number in CASES:
        hu, labels = small_arrays(number)
        for name, array in (("first", moved(labels)), ("second", labels), ("ct", hu)):
            sitk.WriteImage(image_of(array), str(folder / name / f"P{number}.nii.gz"))
    return folder


def run(*arguments: object) -> int:
    return main(["agreement", *map(str, arguments)])


def test_one_case_as_a_table_and_as_json(hospital, tmp_path, capsys):
    out = tmp_path / "agreement.json"
    assert run(hospital / "first/P0.nii.gz", hospital / "second/P0.nii.gz", "--out", out) == 0
    printed = capsys.readouterr().out
    assert "Average surface distance (mm)" in printed
    tumour = json.loads(out.read_text())["cases"][0]["regions"]["tumor"]
    _, labels = small_arrays(0)
    a, b = moved(labels) == 2, labels == 2
    dice = 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))
    assert tumour["dice"] == pytest.approx(dice)
    assert f"{dice:.4f}" in printed
    assert tumour["volume_difference_ml"] == pytest.approx(0)


def test_two_folders_as_csv(hospital, tmp_path, capsys):
    out = tmp_path / "agreement.csv"
    assert run(hospital / "first", hospital / "second", "--out", out) == 0
    printed = capsys.readouterr().out
    assert "3 cases: mean (SD)" in printed
    assert "volume of the tumor, log" in printed, "ICC(2,1) of the volumes"
    with open(out, newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["case"], row["region"]) for row in rows[:3]] == [
        ("P0", "liver"), ("P0", "parenchyma"), ("P0", "tumor"),
    ]  # fmt: skip
    assert len(rows) == 9


def test_a_table_with_cts_and_a_report_page(hospital, tmp_path, capsys):
    table = tmp_path / "pairs.csv"
    lines = [f"{n},{hospital}/first/P{n}.nii.gz,{hospital}/second/P{n}.nii.gz,{hospital}/ct/P{n}.nii.gz" for n in CASES]
    table.write_text("case,first,second,ct\n" + "\n".join(lines))
    assert run("--table", table, "--out", tmp_path / "out") == 0
    page = (tmp_path / "out/report.html").read_text()
    assert page.count("data:image/png;base64,") >= 9
    assert str(hospital) not in page
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "agreement.csv", "agreement.json", "report.html", "tables",
    }  # fmt: skip


def test_two_grids_need_the_ct(hospital, tmp_path, capsys):
    labels = sitk.ReadImage(str(hospital / "second/P0.nii.gz"))
    size, spacing = labels.GetSize(), labels.GetSpacing()
    grid = ([size[0] * 2, size[1], size[2]], sitk.Transform(), sitk.sitkNearestNeighbor)
    origin = (labels.GetOrigin()[0] - spacing[0] / 4, *labels.GetOrigin()[1:])
    fine = sitk.Resample(labels, *grid, origin, (spacing[0] / 2, *spacing[1:]), labels.GetDirection())
    sitk.WriteImage(fine, str(tmp_path / "fine.nii.gz"))
    pair = (tmp_path / "fine.nii.gz", hospital / "second/P0.nii.gz")
    assert run(*pair) == 2
    assert "Give the CT (--ct" in capsys.readouterr().err
    out = tmp_path / "out.json"
    assert run(*pair, "--ct", hospital / "ct/P0.nii.gz", "--out", out) == 0
    found = json.loads(out.read_text())
    assert found["cases"][0]["regions"]["tumor"]["dice"] == 1
    assert "another grid than the CT" in found["notes"][0]


def test_another_orientation_is_the_same_space(hospital, tmp_path):
    turned = sitk.DICOMOrient(sitk.ReadImage(str(hospital / "second/P0.nii.gz")), "RAS")
    sitk.WriteImage(turned, str(tmp_path / "ras.nii.gz"))
    out = tmp_path / "out.json"
    assert run(tmp_path / "ras.nii.gz", hospital / "second/P0.nii.gz", "--out", out) == 0
    assert json.loads(out.read_text())["cases"][0]["regions"]["liver"]["dice"] == 1


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
def test_dicom_needs_its_ct(hospital, tmp_path, capsys, kind):
    _, labels = small_arrays(0)
    grid = sitk.ReadImage(str(hospital / "ct/P0.nii.gz"))
    segments = [("Liver", "Liver", labels > 0), ("Tumor", "Neoplasm", labels == 2)]
    if kind == "SEG":
        write_seg(tmp_path / "seg.dcm", grid, segments)
    else:
        contours = [(name, coded, contours_of(grid, mask)) for name, coded, mask in segments]
        write_rtstruct(tmp_path / "seg.dcm", contours)
    pair = (tmp_path / "seg.dcm", hospital / "second/P0.nii.gz")
    assert run(*pair) == 2
    assert "give the CT" in capsys.readouterr().err
    assert run(*pair, "--ct", hospital / "ct/P0.nii.gz", "--out", tmp_path / "out.json") == 0
    regions = json.loads((tmp_path / "out.json").read_text())["cases"][0]["regions"]
    assert (regions["liver"]["dice"], regions["tumor"]["dice"]) == (1, 1)


def test_a_reader_who_drew_tumours_alone(hospital, tmp_path, capsys):
    _, labels = small_arrays(0)
    sitk.WriteImage(image_of((labels == 2).astype(np.uint8)), str(tmp_path / "t.nii.gz"))
    assert run(tmp_path / "t.nii.gz", hospital / "second/P0.nii.gz") == 2
    assert "does not say whether that is the liver" in capsys.readouterr().err
    assert run(f"tumor={tmp_path / 't.nii.gz'}", hospital / "second/P0.nii.gz", "--out", tmp_path / "o.json") == 0
    assert "the tumours alone are compared" in capsys.readouterr().out
    assert list(json.loads((tmp_path / "o.json").read_text())["cases"][0]["regions"]) == ["tumor"]


@pytest.mark.parametrize("said", ["role", "labels"])
def test_a_reader_who_found_no_tumour_has_read(hospital, tmp_path, said):
    """An empty file is a reading where it is said what was looked for: one such case must not stop all others."""
    _, labels = small_arrays(0)
    for name, array in (("some", (labels == 2).astype(np.uint8)), ("none", np.zeros_like(labels))):
        sitk.WriteImage(image_of(array), str(tmp_path / f"{name}.nrrd"))
    some, none, out = tmp_path / "some.nrrd", tmp_path / "none.nrrd", tmp_path / "agreement.json"
    given = (f"tumor={none}", f"tumor={some}") if said == "role" else (none, some, "--labels", "tumor=1")
    assert run(*given, "--out", out) == 0
    (case,) = json.loads(out.read_text())["cases"]
    tumour = case["regions"]["tumor"]
    assert (tumour["dice"], tumour["recall"], tumour["precision"], tumour["hd95_mm"]) == (0.0, 0.0, None, None)
    assert tumour["volume_difference_percent"] == -100
    assert case["lesions"]["false"] == []
    assert not any(lesion["iou"] for lesion in case["lesions"]["true"])
    assert run(none, some, "--out", tmp_path / "unsaid.json") == 2


def empty(hospital, folder):
    """A label map in which nobody, or no network, has drawn anything."""
    image = sitk.ReadImage(str(hospital / "second/P0.nii.gz"))
    sitk.WriteImage(image * 0, str(folder / "empty.nii.gz"))
    return folder / "empty.nii.gz"


def test_an_empty_one_is_compared_where_it_is_said_what_was_looked_for(hospital, tmp_path, capsys):
    out = tmp_path / "agreement.json"
    nothing, labels = empty(hospital, tmp_path), ("--labels", "liver=1,tumor=2")
    assert run(nothing, hospital / "second/P0.nii.gz", *labels, "--out", out) == 0
    assert "'empty.nii.gz' is empty: nothing was drawn." in capsys.readouterr().out
    regions = json.loads(out.read_text())["cases"][0]["regions"]
    assert [regions[name]["dice"] for name in ("liver", "tumor")] == [0, 0]
    assert run(f"tumor={nothing}", f"tumor={nothing}") == 0


def test_an_empty_one_of_which_nothing_is_said_is_refused(hospital, tmp_path, capsys):
    assert run(empty(hospital, tmp_path), hospital / "second/P0.nii.gz") == 2
    assert "holds neither liver nor tumour" in capsys.readouterr().err
    assert run(hospital / "second/P0.nii.gz", hospital / "second/P0.nii.gz", "--labels", "liver=7") == 2
    assert "holds neither liver nor tumour" in capsys.readouterr().err


def test_labels_of_the_second_may_be_others(hospital, tmp_path):
    _, labels = small_arrays(0)
    sitk.WriteImage(image_of(np.array([0, 5, 7], np.uint8)[labels]), str(tmp_path / "other.nii.gz"))
    options = ("--labels", "parenchyma=1,tumor=2", "--second-labels", "liver=5,tumor=7", "--out", tmp_path / "o.json")
    assert run(hospital / "second/P0.nii.gz", tmp_path / "other.nii.gz", *options) == 0
    assert json.loads((tmp_path / "o.json").read_text())["cases"][0]["regions"]["tumor"]["dice"] == 1


def test_a_case_without_partner_is_not_passed_over(hospital, tmp_path):
    with pytest.raises(BadInput, match="has a partner"):
        of_folders(hospital / "first", tmp_path)
    sitk.WriteImage(sitk.Image(2, 2, 2, sitk.sitkUInt8), str(tmp_path / "P0.nii.gz"))
    with pytest.raises(BadInput, match="2 label maps have no partner"):
        of_folders(hospital / "first", tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("case,first\n1,a.nii", "No row .* names the columns"),
        ("case,first,second\n1,a.nii,", "Row 2 .* has no second"),
        ("case,first,second\n1,a.nii,b.nii\n1,a.nii,b.nii", "more than once"),
        ("case,first,second\n", "no row below"),
    ],
)
def test_a_table_that_lacks_something(tmp_path, text, told):
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(BadInput, match=told):
        of_table(tmp_path / "pairs.csv")


def test_several_files_of_one_reader_stand_in_one_cell(tmp_path):
    (tmp_path / "pairs.csv").write_text('case,first,second\n1,"liver=a.nii;tumor=b.nii",c.nii\n')
    (pair,) = of_table(tmp_path / "pairs.csv")
    assert [(source.role, source.path.name) for source in pair.first] == [("liver", "a.nii"), ("tumor", "b.nii")]


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    """R's two readers of 20 cases as two tables of features."""
    folder = tmp_path_factory.mktemp("readers")
    table = r_reference.table("readers")
    for reader in (1, 2):
        named = {f"{name}_r{reader}": name for name in ("liver_ml", "tumour_ml", "entropy", "zonevar")}
        named[f"tumour_ml_r{reader}"] = f"{VOLUME}tumor"
        table[["case", *named]].rename(columns=named).to_csv(folder / f"r{reader}.csv", index=False)
    return folder


def test_cases_read_twice_have_rs_numbers(readers, capsys):
    """A volume on the logarithmic scale, the others as they are."""
    found = compare_features(*(read_features(readers / f"r{reader}.csv") for reader in (1, 2)))
    by_name = {one.name: one for one in found.quantities}
    expected = r_reference.values("icc")
    for name, of_r in ((f"{VOLUME}tumor", "tumour_ml_log"), ("liver_ml", "liver_ml"), ("entropy", "entropy")):
        one, told = by_name[name], expected[of_r]["by_formula_estimate_lower_upper"]["ICC2_1"]
        assert [one.icc, one.low, one.high] == pytest.approx(told, abs=1e-10), name
        assert (one.bias, one.sd) == pytest.approx(
            (expected[of_r]["bland_altman"]["bias"], expected[of_r]["bland_altman"]["sd"]), abs=1e-10
        )
    assert (len(found.cases), found.alone) == (20, ())
    assert found.at_least(0.75) == sum(one.icc >= 0.75 for one in found.features)
    assert run(readers / "r1.csv", readers / "r2.csv") == 0
    assert f"{by_name['entropy'].icc:.3f}" in capsys.readouterr().out


def test_a_feature_that_one_case_lacks_counts_the_others():
    rng = np.random.default_rng(5)
    first = {f"c{n}": {"a": float(x), "b": 1.0} for n, x in enumerate(rng.normal(size=6))}
    second = {case: {"a": row["a"] + 0.1, "b": 1.0} for case, row in first.items()}
    whole = {one.name: one for one in compare_features(first, second).quantities}
    assert (whole["a"].n, math.isnan(whole["b"].icc)) == (6, True), "what never varies has no ICC"
    del second["c0"]["a"], second["c5"]
    first["new"] = {"a": 0.0}
    fewer = compare_features(first, second)
    assert fewer.alone == ("c5", "new")
    (a,) = (one for one in fewer.quantities if one.name == "a")
    kept = {case: {"a": second[case]["a"]} for case in ("c1", "c2", "c3", "c4")}
    alone = compare_features({case: first[case] for case in kept}, kept).quantities[0]
    assert (a.n, a.icc, a.low) == (4, pytest.approx(alone.icc), pytest.approx(alone.low))


def test_readings_of_other_cases_are_refused():
    with pytest.raises(BadInput, match="Are the ids the same"):
        compare_features({"a": {"x": 1.0}}, {"b": {"x": 1.0}})
    with pytest.raises(BadInput, match="no feature in common"):
        compare_features({c: {"x": 1.0} for c in "abc"}, {c: {"y": 1.0} for c in "abc"})


def test_a_table_without_cases_is_no_table_of_features(tmp_path):
    (tmp_path / "x.csv").write_text("patient,a\n1,2\n")
    with pytest.raises(BadInput, match="no table of features"):
        read_features(tmp_path / "x.csv")


def test_features_need_the_ct(hospital, tmp_path, capsys):
    assert run(hospital / "first", hospital / "second", "--signature", "ptlf-published") == 2
    assert "give it (--ct" in capsys.readouterr().err


@pytest.mark.slow
def test_features_of_both_readings_with_the_ct(hospital, tmp_path, capsys):
    params = tmp_path / "two.yaml"
    params.write_text("imageType:\n  Original: {}\nfeatureClass:\n  firstorder: [Mean]\n  shape: [MeshVolume]\n")
    folders = (hospital / "first", hospital / "second")
    assert run(*folders, "--ct", hospital / "ct", "--params", params, "--out", tmp_path / "o.json") == 0
    readings = json.loads((tmp_path / "o.json").read_text())["readings"]
    names = [one["name"] for one in readings["quantities"]]
    assert "tumor__original_firstorder_Mean" in names
    assert readings["features"]["n"] == 4
    assert "Features with ICC >= 0.75: " in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["a.nii"], ["a.nii", "b.nii", "--table", "x.csv"]])
def test_what_is_not_enough_or_too_much(arguments, capsys):
    assert run(*arguments) == 2
    assert "ptlf agreement FIRST SECOND" in capsys.readouterr().err
