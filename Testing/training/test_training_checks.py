"""Every case is checked before anything is trained, by itself and with the others, and all that is wrong is told."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.ct import Level
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.reading import Source, parse_labels
from PTLFPredictorLib.training import checks, run
from PTLFPredictorLib.training.cases import Part, TrainingCase
from PTLFPredictorLib.training.checks import Checked, check_one, together, usable
from PTLFPredictorLib.training.recipe import SMALL, Recipe
from PTLFPredictorLib.training.state import State


@pytest.fixture(scope="module")
def good(phantom_files) -> TrainingCase:
    return TrainingCase("good", phantom_files["ct"], (Source(phantom_files["labels"]),))


def drawn(tmp_path, phantom, change) -> tuple[Source]:
    array = sitk.GetArrayFromImage(phantom[1])
    change(array)
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(phantom[1])
    sitk.WriteImage(image, str(tmp_path / "labels.nrrd"))
    return (Source(tmp_path / "labels.nrrd"),)


def test_a_case_that_can_be_used(good, phantom):
    checked, (ct, labels) = check_one(good, 7)
    assert checked.problems == ()
    assert (checked.name, checked.tumours, checked.slices, checked.slice_mm) == ("case_007", 1, 22, 5.0)
    truth = sitk.GetArrayViewFromImage(phantom[1])
    assert checked.tumour_ml == pytest.approx((truth == 2).sum() * 0.8 * 0.8 * 5 / 1000)
    assert checked.liver_ml == pytest.approx((truth > 0).sum() * 0.8 * 0.8 * 5 / 1000)
    assert checked.phase == "portal venous"
    assert np.array_equal(sitk.GetArrayViewFromImage(labels), truth)
    assert ct.GetPixelID() == sitk.sitkInt16


def test_a_lesion_that_a_reader_left_out_is_learned_as_liver_without_tumour(good, phantom, tmp_path):
    def cyst(array):
        array[6:9, 60:66, 90:98] = 3

    source = drawn(tmp_path, phantom, cyst)
    checked, (_, labels) = check_one(replace(good, segmentation=source, labels=parse_labels("excluded=3")), 1)
    assert np.array_equal(sitk.GetArrayFromImage(labels), sitk.GetArrayFromImage(phantom[1]))
    assert "left_out_is_liver" in {finding.code for finding in checked.findings}
    assert "left_out_is_liver" not in {finding.code for finding in check_one(good, 1)[0].findings}


def moved(image: sitk.Image, millimetres: float) -> sitk.Image:
    copy = sitk.Image(image)
    copy.SetOrigin((image.GetOrigin()[0] + millimetres, *image.GetOrigin()[1:]))
    return copy


def far_tumour(array):
    array[2:5, 2:12, 2:12] = 2


def no_liver(array):
    array[array == 1] = 0


def another_label(array):
    array[10:12, 60:64, 60:64] = 3


def swapped(array):
    array[:] = np.array([0, 2, 1])[array]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (far_tumour, "of the tumour lies away from the liver"),
        (no_liver, "holds the label 2 alone"),
        (another_label, "Not counted: label 3 ("),
        (swapped, "are the two swapped?"),
        (lambda array: array.fill(0), "is empty"),
        (lambda array: np.putmask(array, array == 1, 9), "9"),
    ],
)
def test_a_label_map_that_cannot_be_right_is_told(good, phantom, tmp_path, change, told):
    checked, images = check_one(replace(good, segmentation=drawn(tmp_path, phantom, change)), 1)
    assert told in " ".join(checked.problems)
    assert images is None


def test_what_would_withhold_a_score_is_a_note_here(good, phantom, tmp_path):
    checked, _ = check_one(replace(good, segmentation=drawn(tmp_path, phantom, swapped)), 1)
    assert any(finding.level is Level.WITHHOLD for finding in checked.findings)
    assert {finding.level for finding in checked.told} == {Level.WARN}


def test_a_label_that_was_said_to_be_something_else_does_not_stop(good, phantom, tmp_path):
    other = parse_labels("liver=1,tumor=2,other=3")
    checked, images = check_one(replace(good, segmentation=drawn(tmp_path, phantom, another_label), labels=other), 1)
    assert checked.problems == ()
    assert 3 not in sitk.GetArrayViewFromImage(images[1])


def test_a_speck_away_from_the_liver_is_told_and_does_not_stop(good, phantom, tmp_path):
    def speck(array):
        array[3, 4, 4:9] = 2  # 16 microlitres

    checked, images = check_one(replace(good, segmentation=drawn(tmp_path, phantom, speck)), 1)
    assert checked.problems == ()
    assert images is not None
    assert [told.values["ml"] for told in checked.told if told.code == "stray_tumor"] == [pytest.approx(0.016)]


@pytest.mark.parametrize(("millimetres", "stops"), [(0.0, False), (40.0, True), (1e4, True)])
def test_labels_that_leave_the_ct_stop(good, phantom, tmp_path, millimetres, stops):
    sitk.WriteImage(moved(phantom[1], -millimetres), str(tmp_path / "labels.nrrd"))
    checked, _ = check_one(replace(good, segmentation=(Source(tmp_path / "labels.nrrd"),)), 1)
    assert bool(checked.problems) is stops


def test_a_file_that_is_not_there_is_a_problem_of_its_case_alone(good, tmp_path):
    kept = []
    cases = [replace(good, id="gone", ct=tmp_path / "gone.nii"), good]
    found = checks.check_all(cases, lambda checked, ct, labels: kept.append(checked.name))
    assert ["no file" in " ".join(one.problems) for one in found] == [True, False]
    assert kept == ["case_002"]
    with pytest.raises(BadInput, match=r"1 of 2 cases cannot be trained on:\n  'gone': There is no file"):
        usable(found)
    assert [one.case.id for one in usable(found, leave_out=True)] == ["good"]


def case(number: int, **given) -> Checked:
    of_case = {name: given.pop(name) for name in ("patient", "part") if name in given}
    made = TrainingCase(f"c{number}", None, (), **of_case)
    return Checked(made, number, identity=given.pop("identity", f"ct{number}"), **given)


def test_the_same_ct_twice_is_told_of_both():
    first, second, third = together([case(1, identity="x"), case(2), case(3, identity="x")])
    assert first.problems == ("Its CT, or a part of it, is that of 'c3', too.",)
    assert second.problems == ()
    assert third.problems == ("Its CT, or a part of it, is that of 'c1', too.",)


def test_a_copy_elsewhere_or_of_fewer_slices_is_the_same_ct(good, phantom, tmp_path):
    """As a conversion leaves it that drops the origin, or slices above the liver."""
    fewer, padded = phantom[0][:, :, 1:], sitk.ConstantPad(phantom[0], (0, 0, 0), (0, 0, 4), -1024)
    cases = [good]
    for name, image in (("origin", moved(phantom[0], 7)), ("fewer", fewer), ("padded", padded)):
        labels = sitk.Resample(phantom[1], image, sitk.Transform(), sitk.sitkNearestNeighbor)
        labels = moved(phantom[1], 7) if name == "origin" else labels
        for what, one in (("ct", image), ("labels", labels)):
            sitk.WriteImage(one, str(tmp_path / f"{name}-{what}.nrrd"))
        cases.append(TrainingCase(name, tmp_path / f"{name}-ct.nrrd", (Source(tmp_path / f"{name}-labels.nrrd"),)))
    noise = sitk.AdditiveGaussianNoise(phantom[0], 5.0, 0.0, 1)
    sitk.WriteImage(noise, str(tmp_path / "another.nrrd"))
    found = checks.check_all([*cases, replace(good, id="another", ct=tmp_path / "another.nrrd")])
    assert len({one.identity for one in found}) == 5
    assert [" ".join(one.problems) for one in found] == [
        "Its CT, or a part of it, is that of 'origin', 'fewer', 'padded', too.",
        "Its CT, or a part of it, is that of 'good', 'fewer', 'padded', too.",
        "Its CT, or a part of it, is that of 'good', 'origin', 'padded', too.",
        "Its CT, or a part of it, is that of 'good', 'origin', 'fewer', too.",
        "",
    ]


@pytest.mark.parametrize("known", [{"patient": "p"}, {"person": "hash of a PatientID"}])
def test_a_patient_on_both_sides_of_the_given_split_is_told(known):
    found = together([case(1, part=Part.TRAIN, **known), case(2, part=Part.TEST, **known), case(3, part=Part.TEST)])
    assert [bool(one.problems) for one in found] == [True, True, False]
    assert "'c1', 'c2' are of one patient, on both sides" in found[0].problems[0]
    within = together([case(1, part=Part.TEST, **known), case(2, part=Part.TEST, **known)])
    assert not any(one.problems for one in within)


def test_patients_are_joined_by_either_sign():
    found = [case(1, patient="a"), case(2, patient="a", person="h"), case(3, person="h"), case(4), case(5, patient="b")]
    assert checks.patients(found) == [1, 1, 1, 2, 3]


def test_dicom_says_whose_it_is_and_no_file_does(write_dicom, phantom, phantom_files, tmp_path):
    folder = write_dicom(tmp_path / "ct", phantom[0])
    checked, _ = check_one(TrainingCase("d", folder, (Source(phantom_files["labels"]),), patient="Mr X"), 1)
    assert checked.problems == ()
    assert len(checked.person) == 64
    checks.write(tmp_path / "checks.csv", [checked])
    text = (tmp_path / "checks.csv").read_text()
    assert "SECRET" not in text
    assert "Mr X" not in text
    assert checked.person not in text
    with open(tmp_path / "checks.csv", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["number"], row["case"], row["patient"], row["state"]) == ("case_001", "d", "1", "used")


def test_what_is_left_out_is_not_in_the_data_set(good, phantom, tmp_path, needs_nnunet):
    """nnU-Net prepares all that lies there, and one network of all cases is trained on it."""
    cases = [good, replace(good, id="copy")]
    for name in "abc":
        noise = sitk.AdditiveGaussianNoise(phantom[0], 5.0, 0.0, ord(name))
        sitk.WriteImage(noise, str(tmp_path / f"{name}.nrrd"))
        cases.append(replace(good, id=name, ct=tmp_path / f"{name}.nrrd"))
    request = run.Request(cases, tmp_path / "out", Recipe(folds=1, small=SMALL), leave_out_failed=True)
    request.out.mkdir()
    State.begin(request.out, cases, request.recipe, request.description.name)
    known = run._make_dataset(request)
    assert {*known.train, *known.test} == {"case_003", "case_004", "case_005"}
    for side, names in (("Tr", known.train), ("Ts", known.test)):
        assert [one.name for one in sorted((request.layout.raw / f"images{side}").iterdir())] == [
            f"{name}_0000.nii.gz" for name in names
        ]
        assert [one.name for one in sorted((request.layout.raw / f"labels{side}").iterdir())] == [
            f"{name}.nii.gz" for name in names
        ]
