"""From CT and segments to the report: real files, the real child process, on the phantom and on a real CT."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of, phantom_arrays
from PTLFPredictorLib import json_text, record
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.vois import VOI
from record_schemas import problems


def predict(*arguments):
    return main(["predict", *map(str, arguments)])


@pytest.fixture(scope="module")
def result(phantom_files, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "new" / "out"
    files = ("--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"])
    assert predict(*files, "--alb", 43.6, "--inr", 1.09, "--radscore", 7.72, "--out", out) == 0
    return out


def test_three_files_and_nothing_else(result):
    assert sorted(path.name for path in result.iterdir()) == ["labels.nii.gz", "report.html", "result.json"]


def test_the_record_holds_what_the_contract_names(result):
    data = json_text.read(result / "result.json")
    contract = {"schema", "software", "input", "findings", "eligibility", "segmentation", "features", "radscore"}
    assert contract | {"prediction", "sign_off"} <= data.keys()
    assert data["segmentation"]["volumes_ml"].keys() == {"liver", "parenchyma", "tumor"}
    assert len(data["features"]) == 10
    assert all(np.isfinite(item["value"]) for item in data["features"])
    assert [(i["voi"], i["feature"]) for i in data["features"]] == [
        (t["voi"], t["feature"]) for t in data["radscore"]["terms"]
    ]
    assert data["radscore"]["terms"][0].keys() >= {"voi", "feature", "raw", "z", "coefficient", "contribution"}
    assert data["prediction"]["points"].keys() == {"ALB", "INR", "Radscore"}
    assert data["sign_off"] is None


def test_the_record_is_as_its_json_schema_says_and_reads_back(result):
    data = json_text.read(result / "result.json")
    assert problems(data) == []
    assert record.read(result / "result.json").to_dict() == data


def test_the_patients_result_is_never_the_what_if(result):
    data = json_text.read(result / "result.json")
    assert data["radscore"]["value"] is None
    assert data["prediction"]["risk"] is None
    assert data["prediction"]["points"]["Radscore"] is None
    assert data["what_if"]["risk"] == pytest.approx(0.837, abs=0.0005)
    assert data["what_if"]["state"] == "what-if"


def test_features_say_where_they_come_from(result):
    data = json_text.read(result / "result.json")
    for voi in ("liver", "tumor"):
        assert data["extraction"][voi]["settings"]["pixel_type"] == "int16"
        assert len(data["extraction"][voi]["voi_sha256"]) == 64
    assert data["extraction"]["liver"]["image_sha256"] == data["input"]["ct"]["sha256"]


def test_the_label_map_is_the_one_that_was_measured(result, phantom):
    written = sitk.ReadImage(str(result / "labels.nii.gz"))
    assert np.array_equal(sitk.GetArrayFromImage(written), sitk.GetArrayFromImage(phantom[1]))


def test_a_second_run_replaces_the_first(result, phantom_files):
    files = ("--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"])
    before = json.loads((result / "result.json").read_text())
    assert predict(*files, "--inr", 1.2, "--out", result) == 0
    after = json.loads((result / "result.json").read_text())
    assert after["input"]["values"][1] == {"id": "INR", "label": "INR", "value": 1.2, "unit": ""}
    assert after["features"] == before["features"]
    assert len(list(result.iterdir())) == 3


def test_no_patient_identifier_reaches_any_output(phantom, phantom_files, tmp_path, write_dicom):
    folder = write_dicom(tmp_path / "dicom", phantom[0], tags={"SeriesDescription": "Secret^Name portal venous"})
    assert predict("--ct", folder, "--segmentation", phantom_files["labels"], "--out", tmp_path / "out") == 0
    text = "".join((tmp_path / "out" / name).read_text() for name in ("result.json", "report.html"))
    for secret in ("SECRET-ID-77", "Secret^Name", "1.2.826.0.1.3680043.8.498.1"):
        assert secret not in text
    assert json_text.read(tmp_path / "out" / "result.json")["input"]["ct"]["phase"]["name"] == "portal venous"


def test_without_a_tumour_the_parenchymas_features_and_a_finding(phantom, phantom_files, tmp_path):
    sitk.WriteImage(sitk.Cast(phantom[1] > 0, sitk.sitkUInt8), str(tmp_path / "liver.nii.gz"))
    out = tmp_path / "out"
    given = f"parenchyma={tmp_path / 'liver.nii.gz'}"
    assert predict("--ct", phantom_files["ct"], "--segmentation", given, "--out", out) == 0
    data = json_text.read(out / "result.json")
    assert {item["voi"] for item in data["features"]} == {"liver"}
    assert "no_tumor" in {finding["code"] for finding in data["findings"]}
    assert data["prediction"]["risk"] is None


TINY = {"one voxel": np.s_[7:8, 50:51, 40:41], "one row": np.s_[7:8, 50:51, 36:42]}


@pytest.mark.parametrize("place", TINY.values(), ids=TINY.keys())
def test_a_tumour_too_small_for_features_has_a_report_that_withholds(phantom, phantom_files, tmp_path, capsys, place):
    array = np.minimum(sitk.GetArrayFromImage(phantom[1]), 1)
    array[place] = 2
    sitk.WriteImage(image_of(array), str(tmp_path / "l.nrrd"))
    assert predict("--ct", phantom_files["ct"], "--segmentation", tmp_path / "l.nrrd", "--out", tmp_path / "out") == 0
    data = json_text.read(tmp_path / "out" / "result.json")
    told = {finding["code"]: finding for finding in data["findings"]}
    assert told["tumor_features"]["level"] == "withhold"
    assert "too small" in told["tumor_features"]["message"]
    assert "--drop-below 0.1" in told["tumor_features"]["message"]
    assert told["small_tumor"]["level"] == "warn"
    assert {item["voi"] for item in data["features"]} == {"liver"}
    assert data["prediction"]["risk"] is None
    assert "tumour 0.0 mL" not in capsys.readouterr().out


def test_lesions_stand_in_record_report_and_on_the_terminal(phantom, phantom_files, tmp_path, capsys):
    array = sitk.GetArrayFromImage(phantom[1])
    array[7, 90:95, 60:80] = 2
    sitk.WriteImage(image_of(array), str(tmp_path / "l.nrrd"))
    assert predict("--ct", phantom_files["ct"], "--segmentation", tmp_path / "l.nrrd", "--out", tmp_path / "out") == 0
    data = json_text.read(tmp_path / "out" / "result.json")["segmentation"]
    assert data["lesions"]["count"] == len(data["lesions"]["list"]) == 2
    assert data["lesions"]["list"][1]["volume_ml"] == pytest.approx(100 * 0.8 * 0.8 * 5 / 1000)
    assert sum(one["volume_ml"] for one in data["lesions"]["list"]) == pytest.approx(data["volumes_ml"]["tumor"])
    largest = max(one["diameter_mm"] for one in data["lesions"]["list"])
    assert data["lesions"]["largest_diameter_mm"] == largest
    words = f"2 lesions, largest diameter {largest:.1f} mm"
    assert words in capsys.readouterr().out
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    assert words in page
    assert (
        f"Liver {data['volumes_ml']['liver']:.1f} mL, of it parenchyma {data['volumes_ml']['parenchyma']:.1f} mL"
        in page
    )


def test_case_label_and_date_stand_on_the_report_only_where_asked_for(phantom_files, tmp_path):
    given = ("--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"])
    assert predict(*given, "--out", tmp_path / "plain") == 0
    assert "case" not in json_text.read(tmp_path / "plain" / "result.json")
    asked = ("--case-label", "Trial 7, case 12", "--ct-date", "14 Oct 2026")
    assert predict(*given, *asked, "--out", tmp_path / "asked") == 0
    assert json_text.read(tmp_path / "asked" / "result.json")["case"] == {
        "label": "Trial 7, case 12",
        "ct_date": "14 Oct 2026",
    }
    page = (tmp_path / "asked" / "report.html").read_text(encoding="utf-8")
    assert "Trial 7, case 12" in page
    assert "14 Oct 2026" in page


FORMATS = {
    "ras.nii.gz": ("RAS", sitk.sitkInt16),
    "ras-float.nii.gz": ("RAS", sitk.sitkFloat32),
    "flipped.nrrd": ("RPI", sitk.sitkInt16),
    "flipped-float.nrrd": ("LAI", sitk.sitkFloat64),
}


def ten_values(ct, labels, out):
    command = ["features", "--ct", ct, "--segmentation", labels, "--signature", "ptlf-published", "--out", out]
    assert main([str(word) for word in command]) == 0
    return {(item.voi, item.feature): item.value for item in record.read_features(out)}


@pytest.fixture(scope="module")
def values_from_dicom(phantom, phantom_files, tmp_path_factory, write_dicom):
    folder = tmp_path_factory.mktemp("values")
    return ten_values(write_dicom(folder / "dicom", phantom[0]), phantom_files["labels"], folder / "a.json")


@pytest.mark.parametrize("name", FORMATS)
def test_same_ten_values_from_any_file_of_the_same_ct(phantom, phantom_files, values_from_dicom, tmp_path, name):
    axes, pixel = FORMATS[name]
    sitk.WriteImage(sitk.Cast(sitk.DICOMOrient(phantom[0], axes), pixel), str(tmp_path / name))
    found = ten_values(tmp_path / name, phantom_files["labels"], tmp_path / "b.json")
    assert len(values_from_dicom) == 10
    assert found == pytest.approx(values_from_dicom, rel=1e-9, abs=1e-12)


@pytest.mark.slow
def test_same_ten_values_of_a_real_ct_from_any_file(shared, tmp_path):
    from PTLFPredictorLib.ct import read_ct

    labels = shared / "ircad17" / "liver1_tumour2.nii.gz"
    expected = ten_values(shared / "ircad17" / "dicom", labels, tmp_path / "a.json")
    image = read_ct(shared / "ircad17" / "dicom").image
    for name, (axes, pixel) in FORMATS.items():
        sitk.WriteImage(sitk.Cast(sitk.DICOMOrient(image, axes), pixel), str(tmp_path / name))
        assert ten_values(tmp_path / name, labels, tmp_path / "b.json") == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_real_ct_with_the_published_signature(shared, tmp_path, capsys):
    ct, labels = shared / "ircad17" / "dicom", shared / "ircad17" / "liver1_tumour2.nii.gz"
    code = predict("--ct", ct, "--segmentation", labels, "--alb", 43.6, "--inr", 1.09, "--out", tmp_path / "real")
    data = json_text.read(tmp_path / "real" / "result.json")
    assert code == 0
    assert data["segmentation"]["volumes_ml"]["parenchyma"] == pytest.approx(1696.4, abs=2)
    assert data["segmentation"]["volumes_ml"]["tumor"] == pytest.approx(164.2, abs=1)
    assert len(data["features"]) == 10
    assert "Cannot be computed: the paper does not give" in capsys.readouterr().out
    assert any("1.6 mm" in finding["message"] for finding in data["findings"])


@pytest.mark.slow
def test_all_1874_features_of_a_real_ct_in_coarse_slabs(shared, tmp_path):
    from PTLFPredictorLib.ct import read_ct

    image = read_ct(shared / "ircad17" / "dicom").image
    coarse = sitk.BinShrink(sitk.Cast(image, sitk.sitkFloat32), [2, 2, 3])
    sitk.WriteImage(sitk.Cast(sitk.Round(coarse), sitk.sitkInt16), str(tmp_path / "coarse.nrrd"))
    labels = shared / "ircad17" / "liver1_tumour2.nii.gz"
    command = [
        "features",
        "--ct",
        tmp_path / "coarse.nrrd",
        "--segmentation",
        labels,
        "--all",
        "--out",
        tmp_path / "f.json",
    ]
    assert main([str(word) for word in command]) == 0
    listed = record.read_features(tmp_path / "f.json")
    for voi in VOI:
        assert sum(item.voi is voi for item in listed) == 1874
    assert all(np.isfinite(item.value) for item in listed)


def test_features_as_csv_read_back_exactly(phantom_files, tmp_path):
    command = ["features", "--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"]]
    command += ["--signature", "ptlf-published", "--out"]
    assert main([*map(str, command), str(tmp_path / "f.csv")]) == 0
    assert main([*map(str, command), str(tmp_path / "f.json")]) == 0
    rows = [line.split(",") for line in (tmp_path / "f.csv").read_text().splitlines()]
    assert rows[0] == ["voi", "feature", "value"]
    assert problems(json_text.read(tmp_path / "f.json"), "features.schema.json") == []
    values = [float(value) for _, _, value in rows[1:]]
    assert values == [item.value for item in record.read_features(tmp_path / "f.json")]


def test_a_damaged_record_is_told(tmp_path):
    (tmp_path / "r.json").write_text('{"schema": "other"}')
    with pytest.raises(BadInput, match="no result record"):
        record.read(tmp_path / "r.json")


def test_the_phantom_is_what_the_other_tests_take_it_for():
    hu, labels = phantom_arrays()
    assert np.median(hu[labels == 1]) == pytest.approx(105, abs=1)
    assert np.median(hu[labels == 2]) == pytest.approx(70, abs=2)
    assert not (labels[[0, -1]] > 0).any()
