"""Which cases a CSV or a folder names, and what is told of one that cannot be read."""

from pathlib import Path

import pytest

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.names import Role
from PTLFPredictorLib.training.cases import Part, read_cases


def table(folder: Path, text: str) -> Path:
    file = folder / "cases.csv"
    file.write_text(text, encoding="utf-8")
    return file


def touch(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def test_a_row_is_a_case_with_paths_beside_the_table(tmp_path):
    (case,) = read_cases(table(tmp_path, "case,ct,segmentation\nA1,ct/1.nii.gz,seg/1.nii.gz\n"))
    assert (case.id, case.ct) == ("A1", tmp_path / "ct/1.nii.gz")
    assert [(source.path, source.role) for source in case.segmentation] == [(tmp_path / "seg/1.nii.gz", None)]
    assert (case.labels, case.patient, case.part) == (None, "", None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff", "sep=;\r\n"])
def test_as_a_spreadsheet_saves_it(tmp_path, delimiter, start):
    lines = ("Case ID,Image,Mask,Patient ID,Set", "A1,a.nii,b.nii,7,train", "A2,c.nii,d.nii,8,test", ",,,,")
    found = read_cases(table(tmp_path, start + "\r\n".join(lines).replace(",", delimiter)))
    assert [(case.id, case.patient, case.part) for case in found] == [("A1", "7", Part.TRAIN), ("A2", "8", Part.TEST)]


def test_a_case_may_say_what_its_labels_mean_or_have_a_file_for_each_role(tmp_path):
    text = 'case,ct,segmentation,labels\nA,a,b.nii,"liver=5,tumor=7+8"\nB,c,liver=d.nii|tumor=e.nii,\n'
    first, second = read_cases(table(tmp_path, text), {Role.PARENCHYMA: (3,)})
    assert first.labels == {Role.LIVER: (5,), Role.TUMOUR: (7, 8)}
    assert second.labels == {Role.PARENCHYMA: (3,)}  # as was said for all
    assert [(source.path.name, source.role) for source in second.segmentation] == [
        ("d.nii", Role.LIVER),
        ("e.nii", Role.TUMOUR),
    ]


def test_all_rows_that_are_wrong_are_told_at_once(tmp_path):
    text = "case,ct,segmentation,split\nA,,b,\nB,c,d,perhaps\nC,c,d,\n"
    with pytest.raises(BadInput, match=r"row 2: ct is empty(.|\n)*row 3: split is 'perhaps'"):
        read_cases(table(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("case,ct\nA,b\n", "no column segmentation; its first row names: case, ct"),
        ("case,ct,segmentation\n", "no cases below its first row"),
        ("", "is empty"),
        ("case,ct,segmentation\nA,b,c\nA,d,e\n", "these cases twice: A"),
        ("case,ct,segmentation,split\nA,b,c,train\nB,d,e,\n", "filled for 1 of 2 cases"),
        ('case,ct,segmentation\n"A,b,c\n', "cannot be read as CSV"),
    ],
)
def test_what_is_no_table_of_cases(tmp_path, text, told):
    with pytest.raises(BadInput, match=told):
        read_cases(table(tmp_path, text))


def test_nothing_there(tmp_path):
    with pytest.raises(BadInput, match="no folder or CSV"):
        read_cases(tmp_path / "missing.csv")
    with pytest.raises(BadInput, match="holds no cases"):
        read_cases(tmp_path)


def test_a_folder_has_a_folder_for_each_case(tmp_path):
    touch(tmp_path / "B" / "ct.nii.gz", tmp_path / "B" / "segmentation.nrrd", tmp_path / "A" / "ct" / "IM0")
    touch(tmp_path / "A" / "labels.nii.gz")
    found = read_cases(tmp_path)
    assert [case.id for case in found] == ["A", "B"]
    assert [case.ct.name for case in found] == ["ct", "ct.nii.gz"]  # DICOM folder, file
    assert [case.segmentation[0].path.name for case in found] == ["labels.nii.gz", "segmentation.nrrd"]


def test_a_folder_that_is_not_whole_is_told(tmp_path):
    touch(tmp_path / "A" / "ct.nii.gz", tmp_path / "B" / "ct.nii.gz", tmp_path / "B" / "labels.nii.gz")
    touch(tmp_path / "C" / "ct.nii.gz", tmp_path / "C" / "labels.nii.gz", tmp_path / "C" / "segmentation.nii.gz")
    with pytest.raises(BadInput, match=r"'A' holds 1 of 'ct' and 0 (.|\n)*'C' holds 1 of 'ct' and 2 "):
        read_cases(tmp_path)


@pytest.mark.parametrize(("with_test", "parts"), [(False, [None, None]), (True, [Part.TRAIN, Part.TRAIN, Part.TEST])])
def test_an_nnunet_data_set_with_its_own_test_cases_or_without(tmp_path, with_test, parts):
    sides = {"Tr": ("a", "b"), "Ts": ("c",) if with_test else ()}
    for side, names in sides.items():
        for name in names:
            touch(tmp_path / f"images{side}" / f"{name}_0000.nii.gz", tmp_path / f"labels{side}" / f"{name}.nii.gz")
    assert [case.part for case in read_cases(tmp_path)] == parts
