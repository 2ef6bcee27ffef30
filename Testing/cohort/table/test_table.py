"""A cohort's table: what people write is read, what could be meant otherwise is told, nothing is guessed."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from PTLFPredictorLib.cohort.table import Code, CohortTable, OutcomeRule, Sign, Split
from PTLFPredictorLib.ct import ContrastPhase, Level
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.names import Role
from PTLFPredictorLib.segmentation.origin import Drawn, Known
from PTLFPredictorLib.signature import (
    Category,
    Predictor,
    PredictorKind,
    PredictorSource,
    checklist,
    load,
    parse,
)
from PTLFPredictorLib.signature.policy.eligibility import CriterionState

PUBLISHED = load("ptlf-published")


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ("1.nrrd", "2.nrrd", "3.nrrd", "4.nrrd", "seg1.nii.gz", "liver.nii", "tumor.nii"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "dicom").mkdir()
    (tmp_path / "dicom" / "a").write_bytes(b"a")
    (tmp_path / "empty").mkdir()
    return tmp_path


def read(folder: Path, text: str | bytes, signature=PUBLISHED, **options) -> CohortTable:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CohortTable.read(path, signature, **options)


def told(table: CohortTable, code: Code, column: str | None = None) -> list[str]:
    """Findings of one kind: "7: sentence"."""
    return [f"{f.row}: {f.message}" for f in table.findings if f.code is code and column in (None, f.column)]


ROW = "case,ct,albumin [g/dL],INR\n"


def test_a_plain_table(folder):
    table = read(folder, ROW + "P1,1.nrrd,3.8,1.1\nP2,dicom,4.1,0.9\n")
    first, second = table.cases
    assert (first.row, first.id, first.ct) == (2, "P1", folder / "1.nrrd")
    assert dict(first.entered.values) == {"ALB": 38.0, "INR": 1.1}
    assert second.ct == folder / "dicom"
    assert (first.segmentation, first.mask_origin, first.outcome, first.split) == ((), None, None, Split.NONE)
    assert not table.synthetic
    assert len(table.sha256) == 64


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.replace("\n", "\r\n").encode("utf-8"),
        lambda text: text.replace("\n", "\r").encode("utf-8"),
        lambda text: text.replace(",", ";").replace(".8", ",8").encode("utf-8"),
        lambda text: text.replace(",", "\t").encode("utf-8"),
        lambda text: ("sep=;\r\n" + text.replace(",", ";")).encode("utf-8"),
        lambda text: text.replace("3.8", '"3,8"').encode("utf-8"),
        lambda text: text.encode("cp1252"),
    ],
)
def test_whatever_the_spreadsheet_writes_the_values_are_the_same(folder, encoded):
    table = read(folder, encoded("case,ct,albumin [g/dL],INR,centre\nP1,1.nrrd,3.8,1,Tübingen\nP2,2.nrrd,4.0,1,Ulm\n"))
    assert [case.entered.values["ALB"] for case in table.cases] == [38.0, 40.0]
    assert [case.centre for case in table.cases] == ["Tübingen", "Ulm"]
    assert [case.row for case in table.cases] == [2, 3]


def test_a_file_that_is_not_utf_8_is_told_as_such(folder):
    assert "Windows-1252" in told(read(folder, "case,ct,centre\n1,1.nrrd,Köln\n".encode("cp1252")), Code.LAYOUT)[0]
    chinese = "case,ct,centre\n1,1.nrrd,合肥\n".encode("gb18030")
    assert read(folder, chinese, encoding="gb18030").cases[0].centre == "合肥"


def test_parquet_is_read_as_the_same_table(folder):
    frame = pd.DataFrame(
        {
            "case": [1, 2],
            "ct": ["1.nrrd", "2.nrrd"],
            "albumin [g/L]": [38.5, float("nan")],
            "INR": [1, 2],
            "synthetic": [True, True],
            "taken": pd.to_datetime(["2024-01-01", "2024-01-02"]),
        }
    )
    frame.to_parquet(folder / "table.parquet")
    table = CohortTable.read(folder / "table.parquet", PUBLISHED)
    assert [case.id for case in table.cases] == ["1", "2"]
    assert [dict(case.entered.values) for case in table.cases] == [{"ALB": 38.5, "INR": 1.0}, {"INR": 2.0}]
    assert table.synthetic


def test_a_spreadsheet_as_people_keep_it(folder):
    """A title, merged cells above, units in a row of their own, blank rows, a line of means, Excel's errors."""
    table = read(
        folder,
        "Kohorte 2021-2024;;;;;;\n;;Labor;;;;\nFall;CT;Albumin;INR;AFP;Bilirubin peak [µmol/l];Nachname\n"
        ";;g/dl;;ng/mL;;\n001;1.nrrd;3,8;1,09;1.234,5;40;Geheim\n\n2;2.nrrd;38;1,1;<5;90;Geheim\n"
        "3;3.nrrd;04. Mrz;1,100;#NV;;Geheim\nMittelwert;;3,9;;;;\n;;;;;;\n;;;;;;\n",
    )
    first, second, third = table.cases
    assert (first.row, first.id, dict(first.entered.values)) == (5, "001", {"ALB": 38.0, "INR": 1.09})
    assert dict(first.clinical) == {"AFP": 1234.5}
    assert dict(second.entered.values) == {"INR": 1.1}
    assert dict(third.entered.values) == {"INR": 1.1}
    assert [(row.row, row.reason) for row in table.left_out] == [(9, "it names no CT")]
    assert table.rows == 4
    assert "7: Albumin 38 g/dL is implausible; is it 38 g/L? Then choose the unit g/L." in told(table, Code.IMPLAUSIBLE)
    assert told(table, Code.UNREADABLE) == [
        "7: the cell is a limit, not a number.",
        "8: the cell is a date or time: has the spreadsheet made one of a number?",
        "8: the cell is a formula that failed, or a column that was too narrow, when the table was saved.",
    ]
    assert [column.unit for column in table.clinical] == ["ng/mL"]
    assert not any("Geheim" in one.message for one in table.findings)


def test_a_decimal_comma_without_quotation_marks_does_not_shift_a_row(folder):
    table = read(folder, ROW + "P1,1.nrrd,3,8,1.1\nP2,2.nrrd,4.0,1.0\n")
    assert [case.id for case in table.cases] == ["P2"]
    assert "decimal comma" in table.left_out[0].reason


def test_notes_beside_the_table_are_told_and_shift_nothing(folder):
    """The header has an empty cell above them: the spreadsheet pads its rows."""
    table = read(folder, "case;ct;albumin [g/L];\nP1;1.nrrd;40;ask Miller\nP2;2.nrrd;41;\n")
    assert [case.id for case in table.cases] == ["P1", "P2"]
    assert "None: column 4 has no name and 1 cells that hold something: not read." in told(table, Code.COLUMN)


def test_paths_are_taken_as_they_are_written(folder):
    """Letters that look alike are different files: composed and decomposed accents, ligatures, full width digits."""
    for name in ("caf\u00e9.nrrd", "cafe\u0301.nrrd", "\ufb01.nrrd", "\uff11.nrrd"):
        (folder / name).write_bytes(name.encode())
        assert read(folder, f"id,ct\n1,{name}\n").cases[0].ct == folder / name


def test_numbers_of_a_data_frame_are_answers_too(folder):
    """pandas writes a column of 0, 1 and gaps as 0.0, 1.0 and nothing."""
    table = read(folder, "id,ct,PTLF,hcc_confirmed,acquisition\n1,1.nrrd,1.0,1.0,2.0\n2,2.nrrd,0.0,,\n")
    assert [case.outcome for case in table.cases] == [True, False]
    assert table.cases[0].answers == {"hcc_confirmed": True}
    assert table.cases[0].acquisition == 2


@pytest.mark.parametrize(
    "title",
    ["Serum\nalbumin\n[g/dL]", "ALB (g/dL)", "Albumin [g/dl]", "alb_g_per_dL", "serum albumin g/dL", "Albumin, g/dL"],
)
def test_a_unit_in_the_header_is_found_however_it_is_written(folder, title):
    quoted = f'"{title}"'
    assert read(folder, f"id,ct,{quoted}\n1,1.nrrd,4.0\n").cases[0].entered.values == {"ALB": 40.0}


def test_a_column_of_units_goes_row_by_row(folder):
    table = read(folder, "id,ct,albumin,albumin_unit\n1,1.nrrd,4.0,g/dL\n2,2.nrrd,40,g/l\n3,3.nrrd,41,\n")
    assert [case.entered.values.get("ALB") for case in table.cases] == [40.0, 40.0, None]
    assert told(table, Code.UNIT) == ["4: the number has no unit."]


def test_a_slip_of_unit_is_asked_about_and_the_value_not_used(folder):
    table = read(folder, "id,ct,albumin\n1,1.nrrd,4.0\n2,2.nrrd,40\n")
    assert [case.entered.values.get("ALB") for case in table.cases] == [None, 40.0]
    assert "is it 4 g/dL?" in told(table, Code.IMPLAUSIBLE)[0]
    assert "no unit is stated: taken as g/L" in told(table, Code.UNIT)[0]


def test_bilirubin_without_a_unit_is_never_used(folder):
    """5 can be mg/dL and µmol/L: the one is jaundice, the other normal."""
    table = read(folder, "id,ct,bilirubin_after,inr_after\n1,1.nrrd,5,1\n2,2.nrrd,5 mg/dL,1\n")
    assert [case.components.bilirubin_umol_per_l for case in table.cases] == [None, 85.5]
    assert "no unit is stated" in told(table, Code.UNIT)[0]


def test_text_in_a_column_of_numbers_is_told_by_row_and_column_and_not_repeated(folder):
    table = read(folder, ROW + "P1,1.nrrd,Mueller,1.1\n")
    assert table.cases[0].entered.values == {"INR": 1.1}
    assert told(table, Code.UNREADABLE, "albumin [g/dL]") == ["2: the cell is text where a number is expected."]
    assert not any("Mueller" in one.words for one in table.findings)


def test_missing_values_are_told_and_nothing_else(folder):
    table = read(folder, ROW + "P1,1.nrrd,NA,-\nP2,2.nrrd,,1.0\n")
    assert [dict(case.entered.values) for case in table.cases] == [{}, {"INR": 1.0}]
    assert told(table, Code.MISSING) == ["2: no value.", "2: no value.", "3: no value."]


def test_paths_are_relative_to_the_table_and_must_be_there(folder):
    table = read(folder, f"id,ct\n1,.\\1.nrrd\n2,{folder}/2.nrrd\n3,nowhere.nrrd\n4,empty\n5,\n")
    assert [case.ct for case in table.cases] == [folder / "./1.nrrd", folder / "2.nrrd"]
    assert [(row.row, row.reason) for row in table.left_out] == [
        (4, "its CT is not there, or is an empty folder"),
        (5, "its CT is not there, or is an empty folder"),
        (6, "it names no CT"),
    ]
    assert len(CohortTable.read(table.path, PUBLISHED, images=False).cases) == 5


def test_segmentations_in_one_file_or_several(folder):
    table = read(
        folder,
        "id,ct,segmentation,labels\n1,1.nrrd,seg1.nii.gz,\"liver=5,tumor=7+8\"\n"
        "2,2.nrrd,liver=liver.nii|tumor=tumor.nii,\n3,3.nrrd,,\n4,4.nrrd,gone.nii,\n",
    )  # fmt: skip
    one, two, three = table.cases
    assert [(source.path, source.role) for source in one.segmentation] == [(folder / "seg1.nii.gz", None)]
    assert one.labels == {Role.LIVER: (5,), Role.TUMOUR: (7, 8)}
    assert [(source.path.name, source.role) for source in two.segmentation] == [
        ("liver.nii", Role.LIVER),
        ("tumor.nii", Role.TUMOUR),
    ]
    assert three.segmentation == ()
    assert table.left_out[0].reason == "a segmentation file is not there"
    columns = read(folder, "id,ct,segmentation [liver],segmentation [tumor]\n1,1.nrrd,liver.nii,tumor.nii\n")
    assert [source.role for source in columns.cases[0].segmentation] == [Role.LIVER, Role.TUMOUR]


def test_who_drew_the_segments_needs_a_reader(folder):
    head = "id,ct,segmentation,mask_origin,mask_reader\n"
    table = read(folder, head + "1,1.nrrd,seg1.nii.gz,hand,A. Reader\n2,2.nrrd,liver.nii,hand,\n3,3.nrrd,,hand,B\n")
    one, two, three = (case.mask_origin for case in table.cases)
    assert (one.drawn, one.known, one.named.reader, one.named.time) == (Drawn.HAND, Known.READER, "A. Reader", "")
    assert two is None
    assert three is None
    assert told(table, Code.READER) == [
        "3: nobody answers for it: name the reader in a column 'reader'.",
        "4: it says who drew segments, but the row names none: the model draws them.",
    ]
    assert read(folder, head + "2,2.nrrd,liver.nii,hand,\n", reader="C").cases[0].mask_origin.named.reader == "C"
    unknown = read(folder, head + "1,1.nrrd,seg1.nii.gz,model:none,A\n")
    assert unknown.cases[0].mask_origin is None
    assert len(told(unknown, Code.READER)) == 1


def test_a_phase_is_confirmed_by_a_reader(folder):
    table = read(
        folder, "id,ct,phase,reader,answered_at\n1,1.nrrd,Portal_Venous,A,2024-05-04T10:00:00\n2,2.nrrd,late,A,\n"
    )
    phase = table.cases[0].phase
    assert (phase.name, phase.by.reader, phase.by.time) == (ContrastPhase.PORTAL_VENOUS, "A", "2024-05-04T10:00:00")
    assert table.cases[1].phase is None
    assert "no contrast phase 'late'" in told(table, Code.READER)[0]


def states(case):
    return [item.status for item in checklist(PUBLISHED, case.answers).items]


def test_eligibility_by_criterion_and_all_at_once(folder):
    criteria = ",".join(one.id for one in PUBLISHED.eligibility)
    table = read(folder, f"id,ct,{criteria}\n1,1.nrrd,yes,1,ja,no,0,nein,n,false\n2,2.nrrd,yes,yes,yes,yes,no,no,no,\n")
    assert set(states(table.cases[0])) == {CriterionState.CONFIRMED}
    assert states(table.cases[1])[3] is CriterionState.VIOLATED
    assert states(table.cases[1])[-1] is CriterionState.UNCONFIRMED
    head = "id,ct,all_criteria_met,reader,anticoagulants\n"
    table = read(folder, head + "1,1.nrrd,yes,A,\n2,2.nrrd,yes,,\n3,3.nrrd,no,A,\n4,4.nrrd,yes,A,yes\n")
    one, two, three, four = table.cases
    assert set(states(one)) == {CriterionState.CONFIRMED}
    assert one.answers["answered_by"] == "A"
    assert set(states(two)) == {CriterionState.UNCONFIRMED}
    assert three.all_criteria_met is False
    assert states(four)[-1] is CriterionState.VIOLATED
    assert told(table, Code.CONTRADICTION) == ["5: contradicts 'all_criteria_met'; this answer counts."]


def test_without_answers_to_the_criteria_it_is_said_before_any_work(folder):
    messages = told(read(folder, ROW + "1,1.nrrd,4,1\n"), Code.COLUMN)
    assert any("no column answers 'hcc_confirmed', 'first_tace'" in message for message in messages)


def test_outcome_of_its_own_column_and_of_its_components(folder):
    table = read(folder, "id,ct,PTLF\n1,1.nrrd,yes\n2,2.nrrd,0\n3,3.nrrd,perhaps\n4,4.nrrd,\n")
    assert [case.outcome for case in table.cases] == [True, False, None, None]
    assert "of 2 of 4 cases is not known (rows 4 and 5)" in told(table, Code.MISSING)[0]
    other = read(folder, "id,ct,PTLF\n1,1.nrrd,yes\n", rule=OutcomeRule.APASL_ALL)
    assert any("makes no other of it" in message for message in told(other, Code.COLUMN, "PTLF"))
    text = (
        "id,ct,bilirubin peak [mg/dL],INR after,ascites before,ascites after,encephalopathy before,HE after\n"
        "1,1.nrrd,5.5,1.2,no,no,no,no\n2,2.nrrd,6,1.6,slight,moderate,no,no\n3,3.nrrd,1,1,yes,yes,no,no\n"
    )
    table = read(folder, text)
    assert [case.outcome for case in table.cases] == [True, True, False]
    assert table.cases[1].components.ascites == Sign(True, 2)
    assert [case.outcome for case in read(folder, text, rule=OutcomeRule.APASL_ALL).cases] == [False, True, False]
    assert any("counts as not new" in message and "row 4" in message for message in told(table, Code.COLUMN))


def test_an_outcome_that_contradicts_its_components_is_not_known(folder):
    table = read(folder, "id,ct,PTLF,bilirubin after [umol/L]\n1,1.nrrd,no,90\n2,2.nrrd,yes,90\n")
    assert [case.outcome for case in table.cases] == [None, True]
    assert "paper_any" in told(table, Code.CONTRADICTION)[0]


def test_without_a_column_of_encephalopathy_nobody_is_called_free_of_the_outcome(folder):
    table = read(folder, "id,ct,bilirubin after [umol/L],INR after\n1,1.nrrd,20,1.1\n2,2.nrrd,90,1.1\n")
    assert [case.outcome for case in table.cases] == [None, True]
    assert any("'encephalopathy_after'" in message for message in told(table, Code.COLUMN))


def test_further_columns_are_numbers_levels_or_left_out(folder):
    head = "id,ct,age,BCLC,AFP [ng/mL],remark,CT date,neutrophil,neutrophil unit\n"
    table = read(
        folder,
        head + "1,1.nrrd,61,A,12,came late,2024-01-01,4.1,10^9/L\n2,2.nrrd,58,B,400,nothing,2024-01-02,3.2,10^9/L\n"
        "3,3.nrrd,70,A,9,see letter,2024-01-03,2.0,10^9/L\n4,4.nrrd,55,A,7,again,2024-01-04,2,10^9/L\n",
    )
    assert [(one.name, one.unit, one.levels) for one in table.clinical] == [
        ("age", "", ()),
        ("BCLC", "", ("A", "B")),
        ("AFP", "ng/mL", ()),
        ("neutrophil", "10^9/L", ()),
    ]
    assert dict(table.cases[0].clinical) == {"age": 61.0, "BCLC": "A", "AFP": 12.0, "neutrophil": 4.1}
    assert {f.column for f in table.findings if "not read" in f.message} == {"remark", "CT date"}
    mixed = read(folder, "id,ct,AFP,AFP_unit\n1,1.nrrd,3,ng/mL\n2,2.nrrd,4,kU/L\n")
    assert mixed.clinical == ()
    assert "several units" in told(mixed, Code.UNIT)[0]


def test_what_was_known_before_tace_is_a_clinical_column_too(folder):
    """The paper's candidates hold bilirubin and ascites; a sign is 1 whatever its grade."""
    text = "id,ct,bilirubin [mg/dL],ascites_before,ascites_after\n1,1.nrrd,1.0,slight,slight\n2,2.nrrd,99,none,\n"
    table = read(folder, text)
    assert [(one.name, one.unit) for one in table.clinical] == [("bilirubin", "umol/L"), ("ascites_before", "")]
    assert [dict(case.clinical) for case in table.cases] == [
        {"bilirubin": 17.1, "ascites_before": 1.0},
        {"ascites_before": 0.0},
    ]
    assert len(told(table, Code.IMPLAUSIBLE)) == 1
    levels = (Category("0", "no"), Category("1", "yes"))
    entered = PredictorKind.CATEGORICAL, PredictorSource.ENTERED
    ascites = Predictor("ascites_before", "Ascites before TACE", *entered, levels=levels)
    asked = replace(PUBLISHED, predictors=(*PUBLISHED.predictors, ascites))
    table = read(folder, text, asked)
    assert table.cases[0].entered.values["ascites_before"] == "1"
    assert table.cases[0].components.ascites_before == Sign(True, 1)
    assert [one.name for one in table.clinical] == ["bilirubin"]


def test_columns_that_name_patients_are_not_read(folder):
    table = read(folder, "id,ct,Patient Name,date of birth\n1,1.nrrd,Secret,1950-01-01\n")
    assert table.clinical == ()
    assert len([f for f in table.findings if "identify patients" in f.message]) == 2


def test_a_misspelt_column_is_asked_about(folder):
    messages = told(read(folder, "id,ct,albumine [g/L],INR\n1,1.nrrd,40,1\n"), Code.COLUMN)
    assert "None: no column holds Albumin ('ALB'); is it 'albumine [g/L]'?" in messages


def test_duplicates_stop(folder):
    table = read(folder, "id,ct\nP1,1.nrrd\nP1,2.nrrd\nP3,./1.nrrd\np3,3.nrrd\n")
    assert [case.row for case in table.cases] == [2, 4, 5]
    stops = [f.words for f in table.findings if f.level is Level.FAIL]
    assert stops == ["Row 3: the case id is that of row 2.", "Row 4: rows 2 and 4 name the same CT."]
    assert any("differ only in capital letters" in message for message in told(table, Code.DUPLICATE))
    with pytest.raises(BadInput, match=r"cannot be used as it is. Row 3: .* \(1 more such findings"):
        table.require_usable()


def test_the_same_file_under_a_link_is_the_same_ct(folder):
    (folder / "link.nrrd").symlink_to(folder / "1.nrrd")
    assert told(read(folder, "id,ct\n1,1.nrrd\n2,link.nrrd\n"), Code.DUPLICATE) == ["3: rows 2 and 3 name the same CT."]
    series = read(folder, "id,ct,series\n1,dicom,1.2\n2,dicom,1.3\n")
    assert told(series, Code.DUPLICATE) == []


def test_equal_values_throughout_are_asked_about(folder):
    head = "id,ct,albumin [g/L],INR,age\n"
    table = read(folder, head + "1,1.nrrd,40,1.1,60\n2,2.nrrd,40,1.1,60\n3,3.nrrd,40,1.1,61\n")
    assert told(table, Code.DUPLICATE) == ["3: rows 2 and 3 have the same values throughout: the same patient twice?"]
    assert told(read(folder, "id,ct,age\n1,1.nrrd,60\n2,2.nrrd,60\n"), Code.DUPLICATE) == []


def test_leakage_between_the_sides_of_a_split(folder):
    table = read(
        folder,
        "id,ct,patient,centre,split\n1,1.nrrd,a,X,train\n2,2.nrrd,a,X,validation\n3,3.nrrd,b,X,Training\n4,4.nrrd,b,Y,train\n",
    )
    assert told(table, Code.LEAKAGE) == [
        "3: rows 2 and 3 are of one patient, on both sides of the split.",
        "None: 1 centre is on both sides of the split: what is validated is not another hospital.",
    ]
    assert "no independent cases" in told(table, Code.DUPLICATE)[0]
    with pytest.raises(BadInput, match="both sides"):
        table.require_usable()
    same_ct = read(folder, "id,ct,split\n1,1.nrrd,train\n2,1.nrrd,test\n")
    assert told(same_ct, Code.LEAKAGE) == ["3: rows 2 and 3 name the same CT, on both sides of the split."]


def test_patients_and_synthetic_cases_are_not_mixed(folder):
    with pytest.raises(BadInput, match="cannot be mixed"):
        read(folder, "id,ct,synthetic\n1,1.nrrd,yes\n2,2.nrrd,no\n").require_usable()


def test_what_is_no_table_of_cases_is_refused(folder):
    for text, words in [
        ("", "It is empty"),
        (
            "name,age\nx,5\n",
            "names the columns of case id and CT .* The first row that holds something has 'name', 'age'",
        ),
        ('case,ct\n1,"1.nrrd\n2,2.nrrd\n', "quotation mark"),
        (b"PK\x03\x04", "spreadsheet's own file"),
        ("case,ct,ALB,albumin\n1,1.nrrd,40,41\n", "'ALB' and 'albumin'"),
    ]:
        with pytest.raises(BadInput, match=words):
            read(folder, text)
    with pytest.raises(BadInput, match="cannot be read"):
        CohortTable.read(folder / "gone.csv", PUBLISHED)


def test_a_signature_with_other_entries_has_other_columns(folder, published_data):
    import made_signatures

    signature = parse(made_signatures.four_predictors(published_data))
    table = read(
        folder, "id,ct,ALB [g/L],bilirubin [umol/L],Tumours\n1,1.nrrd,40,20,Multiple\n2,2.nrrd,40,20,many\n", signature
    )
    assert dict(table.cases[0].entered.values) == {"ALB": 40.0, "bilirubin": 20.0, "Tumours": "multiple"}
    assert table.cases[0].answers["bilirubin_umol_per_l"] == 20.0
    assert "Tumours" not in table.cases[1].entered.values
    assert "none of" in told(table, Code.UNREADABLE)[0]
