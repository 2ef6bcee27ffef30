"""From a hospital's table and features to a signature file: what it gives, what it refuses, and in which words."""

import copy
import csv
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from made_hospital import WEIGHTS, hospital
from made_signatures import SITE, alb_inr, four_predictors, normalised, site
from PTLFPredictorLib.cli import main, parser
from PTLFPredictorLib.cohort import lock
from PTLFPredictorLib.cohort.calibrate import limits, run
from PTLFPredictorLib.cohort.calibrate.base import Base
from PTLFPredictorLib.cohort.calibrate.bootstrap import Cases
from PTLFPredictorLib.cohort.calibrate.calibration import calibrate
from PTLFPredictorLib.cohort.calibrate.plan import CalibrationPlan, Interval, Method, Scale
from PTLFPredictorLib.cohort.calibrate.texts import ASSUMES, RELATIVE
from PTLFPredictorLib.cohort.lock import Recipe
from PTLFPredictorLib.cohort.repeat import repeat
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.hashes import file_sha256
from PTLFPredictorLib.segmentation.origin import Drawn, Origin
from PTLFPredictorLib.signature import assess, completeness, describe, load, parse, what_if
from PTLFPredictorLib.signature.files import FOLDER, text_of

ACTIONS_OF_THE_PAGE = ("sample", "extract", "calibrate")

FEW = {"samples": 60}
SCHEMA = json.loads((FOLDER / "signature.schema.json").read_text(encoding="utf-8"))


def calibrated(made, out, signature="ptlf-published", **options):
    """The signature file's data, after a run of the command's own recipe."""
    plan = CalibrationPlan(**{**FEW, **options})
    run(Recipe.of("calibrate", plan, {"table": made.table, "features": made.features, "signature": signature}), out)
    return json.loads((out / "signature.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def with_outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hospital")
    made = hospital(folder)
    return made, calibrated(made, folder / "out"), folder / "out"


@pytest.fixture(scope="module")
def without_outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("relative")
    made = hospital(folder, 90, outcomes="none")
    return made, calibrated(made, folder / "out"), folder / "out"


def patient(made, row=0, laboratory=None, origin=None):
    """A call of `assess` for one of the cases."""
    keys = [term.key for term in load("ptlf-published").terms]
    entered = alb_inr(*(made.laboratory[row] if laboratory is None else laboratory))
    return {"features": dict(zip(keys, made.raw[row], strict=True)), "entered": entered, "findings": []}


# With outcomes


def test_a_hospital_with_outcomes_gets_score_and_risk_for_a_patient_like_its_cases(with_outcomes):
    made, data, _ = with_outcomes
    jsonschema.validate(data, SCHEMA)
    signature = parse(data)
    assert completeness(signature) == "complete"
    row = int(np.argsort(np.abs(made.raw - np.median(made.raw, axis=0)).max(axis=1))[0])
    shown = assess(signature, **patient(made, row), origin=Origin(Drawn.MODEL, model={"weights_sha256": WEIGHTS}))
    z = (made.raw - made.raw.mean(axis=0)) / made.raw.std(axis=0, ddof=1)
    radscore = z @ [term.coefficient for term in signature.terms]
    assert shown.radscore.value == pytest.approx(radscore[row])
    b0, slope = (
        data["outcome"]["intercept"]["value"],
        data["outcome"]["coefficients"]["Radscore"]["value"],
    )
    lp = b0 + 0.163 * made.laboratory[row, 0] + 7.597 * made.laboratory[row, 1] + slope * radscore[row]
    half = 1.959964 * np.sqrt(
        np.array([1, radscore[row]]) @ data["evidence"]["covariance"]["matrix"] @ [1, radscore[row]]
    )
    assert (shown.prediction.state, shown.prediction.linear_predictor) == ("risk", pytest.approx(lp))
    expected = 1 / (1 + np.exp(-lp + half)), 1 / (1 + np.exp(-lp - half))
    assert shown.prediction.risk_interval == pytest.approx(expected)


def test_numbers_changed_by_hand_void_it(with_outcomes):
    made, data, _ = with_outcomes
    for change in (
        lambda file: file["outcome"]["intercept"].update(value=-15.0),
        lambda file: file["normalisation"]["values"][0].update(mean=1.0),
        lambda file: file["evidence"].update(n=1500),
        lambda file: file["evidence"]["covariance"]["matrix"][1].__setitem__(1, 1.0),
    ):
        touched = copy.deepcopy(data)
        change(touched)
        signature = parse(touched)
        assert completeness(signature) == "unproven"
        shown = assess(signature, **patient(made))
        assert shown.prediction.risk is None
        assert "a number was changed after it was written" in shown.prediction.reason


def test_the_evidence_says_what_was_estimated_and_what_was_fixed_and_who_was_left_out(with_outcomes):
    made, data, out = with_outcomes
    evidence = data["evidence"]
    assert (evidence["n"], evidence["events"]) == (157, int(made.outcome.sum()))
    assert (evidence["estimated"], evidence["fixed"]) == (["intercept", "Radscore"], ["ALB", "INR"])
    assert evidence["excluded"] == [{"reason": "slice thickness outside the signature's", "n": 3}]
    assert evidence["report_sha256"] == file_sha256(out / "report.html")
    assert evidence["lock_sha256"] == file_sha256(out / "lock.json")
    assert evidence["masks"] == {"models": [WEIGHTS], "by_hand": False, "edited_share": 0.0}
    assert evidence["protocol"]["slice_thickness_mm"] == [5.0, 5.0]
    assert evidence["calibration"]["holds_mean_and_sd"] is True
    assert len(evidence["calibration"]["fitted_on"]) == 157
    assert data["outcome"]["coefficients"]["ALB"]["value"] == 0.163
    assert data["voi_source"] == "automatic"


def test_the_file_says_in_words_what_it_is(with_outcomes):
    made, data, _ = with_outcomes
    notes = {note["id"]: note["text"] for note in data["notes"]}
    assert notes["normalisation"] == ASSUMES
    assert f"estimated on 157 cases, {made.outcome.sum()} with PTLF" in notes["calibration"]
    assert "fixed at their former values: ALB and INR" in notes["calibration"]
    assert "that of the features' mean and SD" in notes["interval"]
    assert notes["alb_direction"].startswith("In this model a higher albumin raises the risk")
    assert "intercept" not in notes
    assert "derived" not in json.dumps(data["notes"])
    assert data["title"].endswith("calibrated to 157 cases of this hospital")
    assert data["population"].startswith(f"157 cases of this hospital, {made.outcome.sum()} with PTLF.")
    assert not [text for text in data["missing"] if text.startswith(("mean and SD", "the intercept", "covariances"))]


def test_ranges_and_axes_are_those_of_the_cases(with_outcomes):
    made, data, _ = with_outcomes
    low, high = data["development_ranges"]["ALB"]
    assert (low, high) == pytest.approx(np.quantile(made.laboratory[:, 0], (0.025, 0.975)), abs=1e-3)
    ranks = data["normalisation"]["radscore_percentiles"]
    ends = data["nomogram"]["axes"]["Radscore"]["range"]
    assert ends[0] < ranks["p1"] < ranks["p99"] < ends[1]
    logarithms = {v["feature"]: v.get("log_sd") for v in data["normalisation"]["values"]}
    assert [name for name, sd in logarithms.items() if sd] == list(logarithms)[:2]


def test_the_run_is_made_again_byte_for_byte(with_outcomes, tmp_path):
    _, _, out = with_outcomes
    again = repeat(lock.read(out / "lock.json"), out, tmp_path / "again")
    assert again.is_same, [one for one in again.files if not one.is_same]


def test_a_patient_unlike_the_cases_is_withheld(with_outcomes):
    made, data, _ = with_outcomes
    given = patient(made)
    given["features"] = {key: value + 100 for key, value in given["features"].items()}
    assert "unlike the cohort" in assess(parse(data), **given).prediction.reason


# Without outcomes


def test_without_outcomes_a_score_is_relative_and_says_to_what(without_outcomes):
    made, data, _ = without_outcomes
    jsonschema.validate(data, SCHEMA)
    signature = parse(data)
    assert completeness(signature) == "relative"
    shown = assess(signature, **patient(made))
    assert shown.radscore.state == "relative"
    assert shown.radscore.status.startswith("relative to 87 cases of this site, at their ")
    assert shown.prediction.risk is None
    assert "no risk model was fitted on outcomes here (no outcomes are known)" in shown.prediction.reason
    assert what_if(signature, alb_inr(40, 1.1), 3.0).risk is None  # the study's intercept is not of this scale
    notes = {note["id"]: note["text"] for note in data["notes"]}
    assert notes["relative"] == f"{RELATIVE} Why: no outcomes are known."
    assert notes["normalisation"] == ASSUMES
    assert data["evidence"]["estimated"] == []
    assert "no outcomes are known" in describe(signature)


def test_its_report_says_so_and_how_uncertain_mean_and_sd_are(without_outcomes):
    _, _, out = without_outcomes
    report = (out / "report.html").read_text(encoding="utf-8")
    assert RELATIVE in report
    assert ASSUMES.replace("'", "&#x27;") in report or ASSUMES in report
    assert "on a relative score: a standard error of" in report
    assert "Mean and SD of the features stand on 87 cases" in report
    assert "Risk model" not in report


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        (
            {"n": 103, "outcomes": "events 19"},
            {},
            "19 of 100 cases have PTLF, and a risk needs 20 with it and 20 without",
        ),
        ({"n": 103, "intercept": -8.0}, {}, "of 100 cases have no PTLF, and a risk needs 20 with it and 20 without"),
        ({"n": 63, "intercept": -15.2}, {"method": Method.REFIT}, "is given up to 0.4: more cases are needed"),
        ({"n": 203, "slope": -0.5, "seed": 6}, {"method": Method.SLOPE}, "the score does not carry over"),
        ({"n": 103}, {"outcomes": False}, "the outcomes were not to be used"),
    ],
    ids=["few events", "few without", "standard error", "against the score", "not asked for"],
)
def test_outcomes_that_give_no_risk_leave_a_relative_score_and_its_reason(tmp_path, changes, options, words):
    made = hospital(tmp_path, **changes)
    data = calibrated(made, tmp_path / "out", **options)
    signature = parse(data)
    assert completeness(signature) == "relative"
    reason = assess(signature, **patient(made)).prediction.reason
    assert words in reason
    assert words in next(note["text"] for note in data["notes"] if note["id"] == "relative")
    assert words in (tmp_path / "out" / "report.html").read_text(encoding="utf-8").replace("&#x27;", "'")


# Refusals


def test_fewer_than_fifty_cases_are_refused_and_nothing_is_written(tmp_path, capsys):
    made = hospital(tmp_path, 52)
    out = tmp_path / "out"
    arguments = ["--table", str(made.table), "--features", str(made.features), "--out", str(out)]
    assert main(["cohort", "calibrate", *arguments]) == 2
    assert "49 cases are left for the mean and SD of the features; at least 50 are needed" in capsys.readouterr().err
    assert not out.exists()


def command(made, out, *options):
    """Exit code of the command in the shell."""
    arguments = ["--table", str(made.table), "--features", str(made.features), "--out", str(out), "--samples", "100"]
    return main(["cohort", "calibrate", *arguments, *options])


def test_the_refusal_says_what_became_of_the_other_cases(tmp_path, capsys):
    made = hospital(tmp_path, 60, split="validation")
    assert command(made, tmp_path / "out") == 2
    assert "Not among them: " in (said := capsys.readouterr().err)
    assert "kept for validation, as the table's split says, 12." in said


def test_the_command_says_why_there_is_no_risk_and_is_silent_where_there_is_one(tmp_path, capsys, with_outcomes):
    few = hospital(tmp_path, 103, outcomes="events 19")
    assert command(few, tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "No risk, a relative score alone: 19 of 100 cases have PTLF, and a risk needs 20" in said
    assert command(with_outcomes[0], tmp_path / "more", "--method", "intercept", "--interval", "model") == 0
    assert "No risk" not in capsys.readouterr().out


def test_an_outcome_in_words_that_are_no_answer_is_told_with_its_column_before_the_result(tmp_path, capsys):
    made = hospital(tmp_path, 63, outcomes="none")
    text = made.table.read_text(encoding="utf-8")
    made.table.write_text(text.replace(",,yes,Dr. Reader", ",perhaps,yes,Dr. Reader"), encoding="utf-8")
    assert command(made, tmp_path / "out") == 0
    told = capsys.readouterr()
    assert "Column 'outcome', rows 2, 3, 4, " in told.err
    assert "it must be yes or no" in told.err
    assert "No risk, a relative score alone: no outcomes are known." in told.out


def test_a_table_without_a_column_of_the_outcome_is_told_which_it_would_be(tmp_path, capsys):
    made = hospital(tmp_path, 63)
    text = made.table.read_text(encoding="utf-8")
    made.table.write_text(text.replace("outcome", "Leberversagen", 1), encoding="utf-8")
    assert command(made, tmp_path / "out") == 0
    assert "no outcomes are known: the table has no column 'PTLF' (yes or no)" in capsys.readouterr().out


def test_a_laboratory_value_that_is_missing_is_not_called_a_missing_outcome(tmp_path, capsys):
    made = hospital(tmp_path, 73)
    text = made.table.read_text(encoding="utf-8")
    made.table.write_text(text.replace("INR", "Quick", 1), encoding="utf-8")
    assert command(made, tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "outcome and all values of the model are known in 0 cases" in said
    assert "no value of INR in 70" in said


def test_the_folder_of_the_features_is_no_place_for_the_result(tmp_path, capsys):
    made = hospital(tmp_path, 63)
    before = sorted(made.features.iterdir())
    assert command(made, made.features) == 2
    assert "is the folder of the features" in capsys.readouterr().err
    assert sorted(made.features.iterdir()) == before


@pytest.mark.parametrize("action", ["calibrate", "develop", "validate"])
def test_no_command_puts_its_result_where_the_signature_lies_that_it_reads(with_outcomes, capsys, action):
    made, _, out = with_outcomes
    before = (out / "signature.json").read_bytes()
    signature = ["--signature", str(out / "signature.json")]
    inputs = ["--table", str(made.table), "--features", str(made.features)]
    assert main(["cohort", action, *inputs, *signature, "--out", str(out)]) == 2
    assert "would replace an input of this run ('signature.json')" in capsys.readouterr().err
    assert (out / "signature.json").read_bytes() == before


@pytest.mark.parametrize(("n", "warned"), [(50, True), (99, True), (100, False)])
def test_fifty_to_ninety_nine_cases_are_warned_about(n, warned):
    assert bool(limits.check_cases(n)) is warned


@pytest.mark.parametrize(
    ("se", "refused", "warned"), [(0.30, False, False), (0.31, False, True), (0.4, False, True), (0.41, True, False)]
)
def test_the_standard_error_at_the_median_case_decides(se, refused, warned):
    assert (bool(limits.too_uncertain(se)), bool(limits.wide(se))) == (refused, warned)


@pytest.mark.parametrize(
    ("slope", "se", "warned"), [(0.04, 0.064, True), (0.2, 0.11, True), (0.3, 0.07, False), (0.317, 0.0, False)]
)
def test_a_radscore_whose_slope_cannot_be_told_from_none_is_warned_about(slope, se, warned):
    assert bool(limits.adds_little(slope, se)) is warned


def test_twenty_events_are_enough(tmp_path):
    made = hospital(tmp_path, 203, outcomes="events 20", withheld=0)
    base, signature = Base.of(load("ptlf-published")), load("ptlf-published")
    cases = Cases(made.raw, made.laboratory, made.outcome.astype(float))
    assert limits.too_few_events(cases.events, cases.n, signature.outcome) == ""
    found = calibrate(base, cases, CalibrationPlan(**FEW, method=Method.INTERCEPT, interval=Interval.MODEL))
    assert found.gives_risk
    assert found.update.names_ == ("intercept",)


@pytest.mark.parametrize("interval", Interval)
def test_the_interval_is_the_bootstraps_or_the_models_own(with_outcomes, interval):
    made, _, _ = with_outcomes
    cases = Cases(made.raw, made.laboratory, made.outcome.astype(float))
    plan = CalibrationPlan(**FEW, interval=interval, method=Method.SLOPE)
    found = calibrate(Base.of(load("ptlf-published")), cases, plan)
    own = found.update.covariance_
    assert np.array_equal(found.covariance, own) is (interval is Interval.MODEL)
    assert found.standard_error == pytest.approx(
        np.sqrt(np.array([1, found.median_case[2]]) @ found.covariance @ [1, found.median_case[2]])
    )


def test_a_normalisation_that_is_not_there_cannot_be_kept(tmp_path):
    made = hospital(tmp_path, 103)
    with pytest.raises(BadInput, match="has no mean and SD of the features to keep"):
        calibrated(made, tmp_path / "out", scale=Scale.KEEP)


def test_a_kept_normalisation_stays_and_the_model_is_updated_on_it(tmp_path, published_data):
    made = hospital(tmp_path)
    file = tmp_path / "authors.json"
    data = site(published_data, origin="published")
    for value in data["normalisation"]["values"]:
        value |= {"mean": 21.0, "sd": 14.0} if value["voi"] == "tumor" else {"mean": 10.0, "sd": 2.0}
    file.write_text(text_of({**data, "evidence": None}), encoding="utf-8")
    found = calibrated(made, tmp_path / "out", signature=str(file), scale=Scale.KEEP, method=Method.INTERCEPT)
    assert found["normalisation"] == data["normalisation"]
    assert found["evidence"]["estimated"] == ["intercept"]
    assert found["evidence"]["calibration"]["holds_mean_and_sd"] is False
    assert completeness(parse(found)) == "complete"
    assert "normalisation" not in [note["id"] for note in found["notes"]]


def test_a_kept_normalisation_without_a_model_leaves_nothing_to_write(tmp_path, published_data):
    made = hospital(tmp_path, 103, outcomes="none")
    file = tmp_path / "authors.json"
    file.write_text(text_of({**site(published_data, origin="published"), "evidence": None}), encoding="utf-8")
    with pytest.raises(BadInput, match="the normalisation is kept, and no outcomes are known"):
        calibrated(made, tmp_path / "out", signature=str(file), scale=Scale.KEEP)


# Synthetic cases, and a split


def test_synthetic_cases_make_a_demonstration_and_the_command_says_so(tmp_path, capsys):
    made = hospital(tmp_path, synthetic=True, sample=1)
    options = ["--method", "intercept", "--interval", "model", "--samples", "100"]
    arguments = ["--table", str(made.table), "--features", str(made.features), "--out", str(tmp_path / "out")]
    assert main(["cohort", "calibrate", *arguments, *options]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"157 cases, {made.outcome.sum()} with PTLF; 3 left out (report.html says why)\nFitted on")
    assert " + 0.163 x ALB [g/L] + 7.597 x INR + 0.317 x Radscore\nStandard error at the median case: 0." in said
    signature = load(tmp_path / "out" / "signature.json")
    data = signature.data
    assert (data["kind"], data["normalisation"]["origin"], data["evidence"]["synthetic"]) == ("demo", "demo", True)
    assert (completeness(signature), signature.evidence.estimated) == ("demo", ("intercept",))
    assert data["title"].startswith("Demonstration on synthetic cases, not for patients")
    assert "never for a patient" in describe(signature)
    assert "SYNTHETIC" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8").upper()
    assert assess(signature, **patient(made), sample=True).prediction.risk is None
    assert assess(signature, **patient(made), demonstration=True, sample=True).prediction.state == "demonstration"
    assert assess(signature, **patient(made), demonstration=True).prediction.risk is None
    unmarked = {**data, "kind": "site", "normalisation": {**data["normalisation"], "origin": "site"}}
    assert parse(unmarked).is_demo


def test_a_relative_demonstration_shows_no_risk_either(tmp_path):
    made = hospital(tmp_path, 83, synthetic=True, sample=1, outcomes="none")
    signature = parse(calibrated(made, tmp_path / "out"))
    shown = assess(signature, **patient(made), demonstration=True, sample=True)
    assert completeness(signature) == "demo"
    assert (shown.prediction.risk, shown.prediction.risk_interval) == (None, None)


def test_known_sample_cases_in_a_table_that_does_not_say_so_are_refused(tmp_path):
    made = hospital(tmp_path, 103, sample=1)
    with pytest.raises(BadInput, match="1 of the 103 cases are sample cases"):
        calibrated(made, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_cases_that_the_split_keeps_for_validation_stay_out(tmp_path):
    made = hospital(tmp_path, 203, split="validation", outcomes="none")
    data = calibrated(made, tmp_path / "out")
    assert data["evidence"]["n"] == 153
    assert data["evidence"]["excluded"][-1] == {"reason": "kept for validation, as the table's split says", "n": 47}


# The command and its documentation


def test_the_signature_that_is_calibrated_is_never_replaced_by_the_result(with_outcomes, capsys):
    made, _, out = with_outcomes
    before = file_sha256(out / "signature.json")
    arguments = ["--table", str(made.table), "--features", str(made.features), "--out", str(out)]
    assert main(["cohort", "calibrate", *arguments, "--signature", str(out / "signature.json")]) == 2
    assert "would replace an input of this run" in capsys.readouterr().err
    assert file_sha256(out / "signature.json") == before


def test_a_bootstrap_of_a_few_samples_is_no_covariance(with_outcomes, tmp_path, capsys):
    made, _, _ = with_outcomes
    arguments = ["--table", str(made.table), "--features", str(made.features), "--out", str(tmp_path / "out")]
    assert main(["cohort", "calibrate", *arguments, "--samples", "20"]) == 2
    assert "at least 100 bootstrap samples" in capsys.readouterr().err


def test_the_commands_of_the_page_for_clinicians_are_commands():
    page = (Path(__file__).resolve().parents[3] / "docs" / "calibrating.md").read_text(encoding="utf-8")
    block = page.split("```")[1]
    commands = [shlex.split(line) for line in block.strip().splitlines()]
    assert [command[:3] for command in commands[:3]] == [["./ptlf", "cohort", name] for name in ACTIONS_OF_THE_PAGE]
    for command in commands:
        parser().parse_args(command[1:])


def test_the_default_is_the_one_that_the_simulation_chose():
    page = (Path(__file__).resolve().parents[3] / "docs" / "calibration-methods.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| **shrunk slope, bootstrap (default)**"))
    paper, *others = (float(cell.split("±")[0]) for cell in row.strip("| ").split("|")[1:])
    assert 90 <= paper <= 98
    assert min(others) >= 90
    assert (CalibrationPlan().method, CalibrationPlan().interval) == (Method.SHRUNK_SLOPE, Interval.BOOTSTRAP)


# What a calibration may start from


def typed(published_data, folder, **changes):
    """A file with the mean and SD of `hospital`'s features, typed in by hand."""
    data = normalised(published_data, "site")
    for value in data["normalisation"]["values"]:
        value |= {"mean": 24.0, "sd": 16.0} if value["voi"] == "tumor" else {"mean": 10.0, "sd": 2.0}
    data["normalisation"] |= changes
    file = folder / "typed.json"
    file.write_text(text_of(data), encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("options", [{}, {"outcomes": False}, {"method": Method.REFIT}])
def test_nothing_of_a_demonstration_goes_into_a_file_for_patients(tmp_path, options):
    made = hospital(tmp_path, 103)
    with pytest.raises(BadInput, match=r"ptlf-demo is a demonstration, fitted on synthetic cases, and .* are patients"):
        calibrated(made, tmp_path / "out", signature="ptlf-demo", **options)
    assert not (tmp_path / "out").exists()


def test_a_sites_mean_and_sd_are_kept_with_evidence_alone(tmp_path, published_data):
    made = hospital(tmp_path)
    keep = {"scale": Scale.KEEP, "method": Method.INTERCEPT}
    with pytest.raises(BadInput, match="no evidence stands behind the mean and SD of the signature"):
        calibrated(made, tmp_path / "out", signature=typed(published_data, tmp_path), **keep)
    authors = typed(published_data, tmp_path, origin="published")
    assert completeness(parse(calibrated(made, tmp_path / "out", signature=authors, **keep))) == "complete"


def test_void_evidence_is_no_start(with_outcomes, tmp_path):
    made, data, _ = with_outcomes
    changed = copy.deepcopy(data)
    changed["normalisation"]["values"][0]["sd"] *= 2
    (tmp_path / "void.json").write_text(text_of(changed), encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be calibrated: the evidence in the file is void"):
        calibrated(made, tmp_path / "out", signature=str(tmp_path / "void.json"), method=Method.SLOPE)


def test_cases_count_once(with_outcomes, tmp_path):
    """Shrunk towards a slope of the same cases, a slope looks more certain with every round."""
    made, _, out = with_outcomes
    fitted, again = str(out / "signature.json"), "157 of the 157 cases are among those that the signature .* fitted on"
    for scale in Scale:
        with pytest.raises(BadInput, match=again):
            calibrated(made, tmp_path / "out", signature=fitted, scale=scale)
    relative = calibrated(made, tmp_path / "relative", outcomes=False)
    assert completeness(parse(relative)) == "relative"
    with pytest.raises(BadInput, match=again):
        calibrated(made, tmp_path / "out", signature=str(tmp_path / "relative" / "signature.json"), scale=Scale.KEEP)


def test_a_former_calibration_can_be_carried_on_with_other_cases(with_outcomes, tmp_path):
    others = hospital(tmp_path, seed=9, name="other")
    found = calibrated(others, tmp_path / "out", signature=str(with_outcomes[2] / "signature.json"), scale=Scale.KEEP)
    assert completeness(parse(found)) == "complete"
    assert found["id"] == "ptlf-published-site"
    words = next(note["text"] for note in found["notes"] if note["id"] == "interval")
    assert "not that of the features' mean and SD, which count as known" in words


@pytest.mark.parametrize("slip", [{"sd": 256.0}, {"sd": 0.2}, {"mean": 2400.0}])
def test_a_kept_scale_that_the_cases_cannot_have_is_a_slip(tmp_path, published_data, slip):
    made = hospital(tmp_path, 103)
    file = Path(typed(published_data, tmp_path, origin="published"))
    data = json.loads(file.read_text(encoding="utf-8"))
    data["normalisation"]["values"][0] |= slip
    file.write_text(text_of(data), encoding="utf-8")
    short = data["terms"][0]["short"]
    with pytest.raises(BadInput, match=re.escape(f"the cases do not lie on the signature's scale of {short} (")):
        calibrated(made, tmp_path / "out", signature=str(file), scale=Scale.KEEP, method=Method.INTERCEPT)


def test_masks_whose_mark_has_no_room_for_the_whole_hash_are_covered(tmp_path):
    made = hospital(tmp_path, 103, weights=(WEIGHTS, WEIGHTS[:30]))
    found = calibrated(made, tmp_path / "out")
    assert found["evidence"]["masks"]["models"] == [WEIGHTS]
    short = hospital(tmp_path / "short", weights=(WEIGHTS[:30],))
    found = calibrated(short, tmp_path / "out")
    assert found["evidence"]["masks"]["models"] == [WEIGHTS[:30]]
    jsonschema.validate(found, SCHEMA)
    signature = parse(found)
    origin = Origin(Drawn.MODEL, model={"id": "m", "title": "M", "weights_sha256": WEIGHTS})
    other = Origin(Drawn.MODEL, model={"id": "m", "title": "M", "weights_sha256": "d" * 64})
    assert assess(signature, **patient(short), origin=origin).prediction.state == "risk"
    assert assess(signature, **patient(short), origin=other).prediction.state == "withheld"


def test_a_level_that_no_case_has_leaves_the_other_methods(tmp_path, published_data):
    """All have multiple tumours: the coefficient stays fixed, and the refit, which cannot be, is no obstacle."""
    made = hospital(tmp_path)
    rows = list(csv.reader(made.table.read_text(encoding="utf-8").splitlines()))
    told = [["bilirubin [umol/L]", "Tumours"], *([str(5 + i % 30), "multiple"] for i in range(len(rows) - 1))]
    text = "\n".join(",".join([*row, *more]) for row, more in zip(rows, told, strict=True))
    made.table.write_text(text, encoding="utf-8")
    file = tmp_path / "four.json"
    protocol = replace(SITE.protocol, kernels=("soft",))
    file.write_text(text_of(four_predictors(published_data, protocol=protocol)), encoding="utf-8")
    found = calibrated(made, tmp_path / "out", signature=str(file), method=Method.INTERCEPT)
    assert completeness(parse(found)) == "complete"
    assert found["outcome"]["coefficients"]["Tumours=multiple"]["value"] == 0.7
    assert found["evidence"]["calibration"]["closed_testing"] is None
    assert "nothing can be refitted" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    with pytest.raises(BadInput, match="constant"):
        calibrated(made, tmp_path / "refit", signature=str(file), method=Method.REFIT)
