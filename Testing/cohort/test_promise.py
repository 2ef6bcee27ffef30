"""The whole promise: a hospital's cases bring the published signature to life, and synthetic ones nobody's risk.

Sixty sample cases through `calibrate` against the published signature, then the held-out case through both ways of
predicting.  `Testing/panel/test_promise_widget.py` goes on in the panel.
"""

import csv
import json
from pathlib import Path

import pytest

from PTLFPredictorLib.cohort.table import CohortTable
from PTLFPredictorLib.signature import SignatureState, completeness, load
from sample_way import READER, documented, ptlf, walked

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def way():
    way, answer = walked()
    assert answer.code == 0, answer.err
    return way


def rows_of(table: Path) -> list[dict[str, str]]:
    with open(table, encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def without_event(row: dict[str, str]) -> dict[str, str]:
    after = {"bilirubin_after [mg/dL]": "1.0", "inr_after": "1.1", "ascites_after": row["ascites_before"]}
    return {**row, **after, "encephalopathy_after": "none"}


def test_the_calibrated_signature_is_a_demonstration(way):
    signature = load(way.signature)
    evidence = signature.evidence
    assert evidence is not None, signature.evidence_problem
    assert evidence.synthetic
    assert completeness(signature) is SignatureState.DEMO
    assert signature.title.startswith("Demonstration on synthetic cases")
    assert evidence.n >= 50
    assert evidence.events >= 20
    assert evidence.masks.by_hand
    assert evidence.protocol.slice_thickness_mm == pytest.approx((4.6, 5.0))
    report = (way.calibrated / "report.html").read_text(encoding="utf-8")
    assert "synthetic" in report.lower()
    assert "demonstration" in report.lower()


def test_the_held_out_case_has_a_risk_that_is_marked_everywhere(way, tmp_path):
    (row,) = rows_of(way.held_out)
    images = way.held_out.with_suffix("")
    asked = ("predict", "--ct", images / "ct.nrrd", "--segmentation", images / "segmentation.nii.gz",
             "--mask-origin", "hand", "--reader", READER, "--all-criteria-met", "--signature", way.signature,
             "--alb", row["albumin [g/L]"], "--inr", row["INR"])  # fmt: skip
    shown = ptlf(*asked, "--demonstration", "--out", tmp_path / "shown")
    assert shown.code == 0, shown.err
    made = json.loads((tmp_path / "shown" / "result.json").read_text(encoding="utf-8"))
    assert made["prediction"]["state"] == "demonstration"
    assert 0 < made["prediction"]["risk"] < 1
    assert made["prediction"]["risk_interval"] is not None
    for text in (shown.out, (tmp_path / "shown" / "report.html").read_text(encoding="utf-8")):
        assert "demonstration" in text.lower()
    hidden = ptlf(*asked, "--out", tmp_path / "hidden")
    made = json.loads((tmp_path / "hidden" / "result.json").read_text(encoding="utf-8"))
    assert made["prediction"]["risk"] is None
    assert "only in demonstration mode" in hidden.out


def test_the_documentation_s_examples_run_word_for_word(way):
    done = documented("README.md")[:3]
    for page in ("README.md", "docs/calibrating.md", "docs/cohort-table.md"):
        for words in documented(page):
            if words in done:
                continue
            answer = way.run(words)
            assert answer.code == 0, (page, words, answer.err)
            done.append(words)
    assert {words[1] for words in done} >= {"sample", "extract", "calibrate", "predict", "repeat"}


def test_a_cohort_of_one_is_predicted_with_the_same_mark(way, tmp_path):
    asked = ("cohort", "predict", "--table", way.held_out, "--signature", way.signature)
    done = ptlf(*asked, "--demonstration", "--out", tmp_path)
    assert done.code == 0, done.err
    (line,) = rows_of(tmp_path / "predictions.csv")
    assert (line["case"], line["state"]) == ("S7299", "demonstration")
    assert line["risk"].endswith("%")
    assert "demonstration" in line["reason"].lower()


def test_with_the_mark_taken_from_the_table_the_samples_are_still_known(way, tmp_path):
    rows = [{name: value for name, value in row.items() if name != "synthetic"} for row in rows_of(way.table)]
    table = write_rows(tmp_path / "unmarked.csv", rows)
    refused = way.calibrate(table, tmp_path / "out")
    assert refused.code == 2
    assert "60 of the 60 cases are sample cases" in refused.err
    assert not (tmp_path / "out").exists()
    for command in (("develop",), ("validate", "--signature", way.signature)):
        refused = ptlf("cohort", *command, "--table", table, "--features", way.features, "--out", tmp_path / "out")
        assert (refused.code, "are sample cases" in refused.err) == (2, True), refused.err


def test_below_50_cases_there_is_no_normalisation(way, tmp_path):
    table = write_rows(tmp_path / "few.csv", rows_of(way.table)[:49])
    refused = way.calibrate(table, tmp_path / "out")
    assert refused.code == 2
    assert "at least 50 are needed" in refused.err
    assert not (tmp_path / "out").exists()


def test_below_20_events_there_is_no_risk(way, tmp_path):
    rows = rows_of(way.table)
    cases = CohortTable.read(way.table, load("ptlf-published")).cases
    events = [k for k, case in enumerate(cases) if case.outcome]
    for k in events[19:]:
        rows[k] = without_event(rows[k])
    done = way.calibrate(write_rows(tmp_path / "rare.csv", rows), tmp_path / "out")
    assert done.code == 0, done.err
    signature = load(tmp_path / "out" / "signature.json")
    assert signature.normalisation is not None
    assert signature.covariance is None
    assert "a risk needs 20 with it and 20 without" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_above_the_standard_error_there_is_no_risk(way, tmp_path):
    """An outcome that albumin and INR tell almost alone: a full refit of sixty cases is too steep to be certain."""

    def logit(row: dict[str, str]) -> float:
        return 0.163 * float(row["albumin [g/L]"]) + 7.597 * float(row["INR"])

    rows = sorted(map(without_event, rows_of(way.table)), key=logit, reverse=True)
    for k in {*range(26), 26, 29, 32, 35} - {25, 22, 19, 16}:
        rows[k]["bilirubin_after [mg/dL]"] = "9.0"
    done = way.calibrate(write_rows(tmp_path / "steep.csv", rows), tmp_path / "out", "--method", "refit")
    assert done.code == 0, done.err
    signature = load(tmp_path / "out" / "signature.json")
    assert signature.evidence.events == 26
    assert signature.covariance is None
    assert "standard error of the linear predictor at the median case is" in signature.evidence.calibration["no_risk"]
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "a risk is given up to 0.4: more cases are needed" in report
