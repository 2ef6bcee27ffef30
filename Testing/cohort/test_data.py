"""Table and extraction joined: who stays, and for everybody else one reason."""

import math
from dataclasses import replace

import numpy as np
import pytest

from PTLFPredictorLib.cohort.data import CohortData, Missing
from PTLFPredictorLib.cohort.extraction import CaseState, ExtractedCase, Extraction, ObservedCase, ObservedMask
from PTLFPredictorLib.cohort.table import CohortTable
from PTLFPredictorLib.ct import ContrastPhase, Finding, Level
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.hashes import json_sha256
from PTLFPredictorLib.signature import load, parse
from PTLFPredictorLib.signature.evidence import ObservedMasks, ObservedProtocol
from PTLFPredictorLib.vois import VOI

PUBLISHED = load("ptlf-published")
SCAN = ObservedCase(ContrastPhase.PORTAL_VENOUS, 5.0, 0.78, 120.0, "soft")
KEYS = [term.key for term in PUBLISHED.terms]

HEAD = "id,all_criteria_met,reader,ALB [g/L],INR,age,PTLF,centre,split,synthetic"
ROW = "{},yes,A,40,1.1,60,no,X,train,no"


def table_of(tmp_path, *rows, head=HEAD):
    path = tmp_path / "table.csv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return CohortTable.read(path, PUBLISHED, images=False)


def extracted(name, **changes):
    made = ExtractedCase(
        name,
        CaseState.DONE,
        features={key: float(k) for k, key in enumerate(KEYS)},
        protocol=SCAN,
        masks=ObservedMask(by_hand=True),
        ct_identity=f"ct of {name}",
        labels_sha256=f"labels of {name}",
    )
    return replace(made, **changes)


def extraction_of(*cases, signature=PUBLISHED):
    asked = {"signature": {"id": signature.id, "version": "1", "sha256": json_sha256(signature.data)}}
    return Extraction(cases, signature.extraction, "", "builtin", "1", asked)


def joined(tmp_path, rows, cases, signature=PUBLISHED, **options):
    return CohortData.join(table_of(tmp_path, *rows), extraction_of(*cases), signature, **options)


def reasons(data):
    return {one.case: one.code for one in data.exclusions}


def test_a_case_that_has_everything_stays(tmp_path):
    data = joined(tmp_path, [ROW.format("a"), "b,yes,A,35,1.3,70,yes,Y,test,no"], [extracted("b"), extracted("a")])
    assert list(data.outcome.index) == list(data.clinical.index) == list(data.features.index) == ["a", "b"]
    assert data.clinical.to_dict("list") == {"ALB": [40, 35], "INR": [1.1, 1.3], "age": [60, 70]}
    assert [(one.name, one.unit) for one in data.columns] == [("ALB", "g/L"), ("INR", ""), ("age", "")]
    assert list(data.outcome) == [0, 1]
    assert (data.n, data.events, data.synthetic) == (2, 1, False)
    assert list(data.split) == ["training", "validation"]
    assert list(data.centre) == ["X", "Y"]
    assert data.features.shape == (2, len(KEYS))
    assert (data.flow.total, data.flow.steps, data.flow.included) == (2, (), 2)


def test_each_case_is_left_out_for_its_first_reason(tmp_path):
    rows = [
        ROW.format("stays"),
        ROW.format(""),  # row 3
        ROW.format("not extracted"),
        ROW.format("failed"),
        ROW.format("copy"),
        "ineligible,no,A,40,1.1,60,,X,train,no",  # and its outcome is not known
        "unanswered,,,40,1.1,60,no,X,train,no",
        "failure before,yes,A,40,1.6,60,no,X,train,no",
        ROW.format("thick"),
        ROW.format("no feature"),
        "open,yes,A,,1.1,60,,X,train,no",
        "no albumin,yes,A,,1.1,60,yes,X,train,no",
        "no age,yes,A,40,1.1,,yes,X,train,no",
    ]
    found = [extracted(row.split(",")[0]) for row in rows]
    by = {case.id: k for k, case in enumerate(found)}
    found[by["failed"]] = ExtractedCase("failed", CaseState.FAILED, "It is cut off.")
    found[by["copy"]] = extracted("copy", ct_identity="ct of stays")
    thick = Finding("slice_thickness", Level.WITHHOLD, "The slices are 7 mm.")
    found[by["thick"]] = extracted("thick", findings=(Finding("x", Level.WARN, ""), thick))
    found[by["no feature"]] = extracted("no feature", features={KEYS[0]: 1.0})
    data = joined(tmp_path, rows, [case for case in found if case.id not in ("", "not extracted")])
    assert list(data.outcome.index) == ["stays", "no age"]
    assert reasons(data) == {
        "row 3": "row:it has no case id",
        "not extracted": "not_extracted",
        "failed": "failed",
        "copy": "duplicate:ct",
        "ineligible": "eligibility:all_criteria_met",
        "unanswered": "unanswered",
        "failure before": "eligibility:outcome_present_inr",
        "thick": "checks:slice_thickness",
        "no feature": "features",
        "open": "outcome",
        "no albumin": "missing:ALB",
    }
    assert data.flow.total == 13
    assert data.flow.included == 2
    assert data.flow.steps[0].code == "row:it has no case id"
    assert sum(step.n for step in data.flow.steps) == 11
    assert sum(one.n for one in data.flow.excluded) == 11
    assert "slice thickness outside the signature's" in [one.reason for one in data.flow.excluded]


def test_what_an_analysis_does_not_need_leaves_nobody_out(tmp_path):
    rows = ["a,yes,A,,1.1,60,,X,train,no", ROW.format("b")]
    cases = [extracted("a"), extracted("b")]
    assert joined(tmp_path, rows, cases).n == 1
    without_outcomes = joined(tmp_path, rows, cases, outcomes=False, predictors=())
    assert without_outcomes.n == 2
    assert math.isnan(without_outcomes.outcome["a"])
    imputed = joined(tmp_path, ["a,yes,A,,1.1,60,no,X,train,no"], cases[:1], missing=Missing.IMPUTE)
    assert (imputed.n, math.isnan(imputed.clinical["ALB"]["a"])) == (1, True)


def test_missing_values_are_counted_where_complete_cases_are_taken(tmp_path):
    rows = ["a,yes,A,,1.1,60,yes,X,train,no", "b,yes,A,40,1.1,,yes,X,train,no", ROW.format("c")]
    data = joined(tmp_path, rows, [extracted(name) for name in "abc"], predictors=())
    complete = data.complete(["ALB", "age"])
    assert (complete.n, complete.flow.included) == (1, 1)
    assert [(step.code, step.n) for step in complete.flow.steps] == [("missing:ALB", 1), ("missing:age", 1)]
    with pytest.raises(BadInput, match="no column weight; it has ALB, INR, age"):
        data.complete(["weight"])


def test_observed_protocol_and_masks_are_of_the_cases_that_stay(tmp_path):
    rows = [ROW.format("a"), ROW.format("b"), "c,no,A,40,1.1,60,no,X,train,no"]
    data = joined(
        tmp_path,
        rows,
        [
            extracted("a", masks=ObservedMask("f" * 64, changed=0.02)),
            extracted("b", protocol=replace(SCAN, slice_thickness_mm=4.8, kvp=None, kernel="", saturated_hu=True)),
            extracted("c", protocol=replace(SCAN, slice_thickness_mm=1.0)),
        ],
    )
    phases = (ContrastPhase.PORTAL_VENOUS,)
    assert data.protocol == ObservedProtocol(phases, (4.8, 5.0), (0.78, 0.78), (120.0,), ("soft",), True, False)
    assert data.masks == ObservedMasks(("f" * 64,), True, 0.02)
    one = data.only(data.clinical.index == "a")
    assert (one.protocol.saturated_hu, one.masks.by_hand, list(one.extracted)) == (False, False, ["a"])


def test_the_same_ct_on_both_sides_of_the_split_stops(tmp_path):
    rows = [ROW.format("a"), "b,yes,A,41,1.2,50,no,X,test,no"]
    with pytest.raises(BadInput, match="Rows 2 and 3 of the table hold the same CT"):
        joined(tmp_path, rows, [extracted("a"), extracted("b", ct_identity="ct of a")])


def test_the_same_segments_on_two_cts_are_a_mix_up_of_files(tmp_path):
    cases = [extracted("a"), extracted("b", labels_sha256="labels of a"), extracted("c")]
    data = joined(tmp_path, [ROW.format(name) for name in "abc"], cases)
    assert list(data.outcome.index) == ["c"]
    assert set(reasons(data).values()) == {"duplicate:segments"}


def test_sample_cases_are_known_whatever_the_table_says(tmp_path):
    rows, cases = [ROW.format("a"), ROW.format("b")], [extracted("a", sample=3000), extracted("b")]
    with pytest.raises(BadInput, match="1 of the 2 cases are sample cases"):
        joined(tmp_path, rows, cases)
    marked = joined(tmp_path, [row.removesuffix("no") + "yes" for row in rows], cases)
    assert marked.synthetic


def test_a_model_not_for_patients_leaves_out_patients_and_no_synthetic_case(tmp_path):
    drawn = extracted("a", findings=(Finding("model_not_for_patients", Level.WITHHOLD, "Not for patients."),))
    assert joined(tmp_path, [ROW.format("a")], [drawn]).n == 0
    assert joined(tmp_path, ["a,yes,A,40,1.1,60,no,X,train,yes"], [drawn]).n == 1


def test_another_signature_s_protocol_is_held_against_what_was_observed(tmp_path):
    """The extraction was asked for the published one; this one takes thin slices."""
    takes = replace(PUBLISHED.protocol, slice_thickness_mm=(0.5, 2.0))
    thin = replace(PUBLISHED, protocol=takes, data={**PUBLISHED.data, "id": "thin"})
    rows = [ROW.format("a"), ROW.format("b")]
    thick = Finding("slice_thickness", Level.WITHHOLD, "The slices are 1 mm.")
    cases = [extracted("a"), extracted("b", protocol=replace(SCAN, slice_thickness_mm=1.0), findings=(thick,))]
    assert list(joined(tmp_path, rows, cases).outcome.index) == ["a"]
    data = joined(tmp_path, rows, cases, signature=thin)
    assert (list(data.outcome.index), reasons(data)) == (["b"], {"a": "checks:slice_thickness"})


def test_features_of_another_signature_are_refused(tmp_path):
    case = extracted("a", features={(KEYS[0][0], "original_firstorder_Mean"): 1.0})
    with pytest.raises(BadInput, match="lacks 10 of the 10 features that are needed"):
        joined(tmp_path, [ROW.format("a")], [case])


def test_without_features_in_particular_a_case_needs_some_of_each_voi(tmp_path):
    """A case without a tumour is left out; a single feature that could not be computed is not."""
    one, no_tumour = dict.fromkeys(KEYS[1:], 1.0), {key: 1.0 for key in KEYS if key[0] is VOI.PARENCHYMA}
    cases = [extracted("a"), extracted("b", features=one), extracted("c", features=no_tumour)]
    rows = [ROW.format(name) for name in "abc"]
    assert list(joined(tmp_path, rows, cases).outcome.index) == ["a"]
    data = joined(tmp_path, rows, cases, features=())
    assert (list(data.outcome.index), reasons(data)) == (["a", "b"], {"c": "features"})
    assert data.features.isna().sum().sum() == 1


def test_a_table_that_stops_is_not_joined(tmp_path):
    with pytest.raises(BadInput, match="case id is that of row 2"):
        joined(tmp_path, [ROW.format("a"), ROW.format("a")], [extracted("a")])


def test_measures_and_levels_of_a_signature_are_columns(tmp_path, published_data):
    import made_signatures

    signature = parse(made_signatures.four_predictors(published_data))
    path = tmp_path / "t.csv"
    path.write_text("id,ALB [g/L],bilirubin [umol/L],Tumours,PTLF,all_criteria_met,reader\na,40,20,multiple,1,yes,A\n")
    table = CohortTable.read(path, signature, images=False)
    data = CohortData.join(table, extraction_of(extracted("a"), signature=signature), signature)
    kinds = {column.name: column.levels for column in data.columns}
    assert list(kinds) == ["ALB", "Tumours", "bilirubin", "ALBI"]
    assert kinds["Tumours"][0] in ("one", "solitary", "single")
    row = data.clinical.loc["a"]
    assert row["Tumours"] == "multiple"
    assert np.isclose(row["ALBI"], 0.66 * math.log10(20) - 0.085 * 40)
