"""``ptlf cohort validate``: from a table and features to report, tables, result and lock, and the same again."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import json

import pytest

import made_validation
from PTLFPredictorLib import cli
from PTLFPredictorLib.cohort import lock
from PTLFPredictorLib.cohort.calibrate.plan import CalibrationPlan
from PTLFPredictorLib.cohort.repeat import repeat
from PTLFPredictorLib.cohort.validate import Validation, overlap
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature.files import text_of

CALIBRATION = {
    "cut_offs": {"youden": {"risk": 0.4, "linear_predictor": -0.405}},
    "models": {"clinical": {"intercept": -6.0, "coefficients": {"ALB": 0.02, "INR": 4.0}}},
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("inputs")
    of = made_validation.signature(calibration=CALIBRATION)
    (tmp_path / "signature.json").write_text(text_of(dict(of.data)), encoding="utf-8")
    table, cases = made_validation.cohort(tmp_path, of)
    features = made_validation.write(cases, of, tmp_path / "features")
    return ["--signature", str(tmp_path / "signature.json"), "--table", str(table), "--features", str(features)]


def validate(inputs, out, *more):
    return cli.main(["cohort", "validate", *inputs, "--out", str(out), *more])


@pytest.fixture(scope="module")
def first(inputs, tmp_path_factory):
    """The folder of a run, and what it said."""
    out, said = tmp_path_factory.mktemp("run") / "out", io.StringIO()
    with contextlib.redirect_stdout(said):
        assert validate(inputs, out, "--cutoff", "0.3", "--by", "sex", "--fewest", "20") == 0
    return out, said.getvalue()


def test_what_it_writes_and_says(first):
    out, said = first
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    tables = "auc compared calibration smoothers hosmer_lemeshow net_benefit cutoffs subgroups cases"
    tables += " characteristics tripod_ai metrics"
    assert {"report.html", "result.json", "lock.json", *(f"tables/{name}.csv" for name in tables.split())} == names
    found = Validation.from_dict(json.loads((out / "result.json").read_text()))
    assert f"AUC {found.own.auc.auc:.3f}" in said
    assert "80 cases" in said
    page = (out / "report.html").read_text()
    for words in ("lowess", "Hosmer-Lemeshow", "Youden, training cases", "signature \u2212 clinical", "too few"):
        assert words in page
    with open(out / "tables" / "cases.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["risk"]) for row in rows] == pytest.approx(list(found.own.risk), abs=0)
    assert [int(row["outcome"]) for row in rows] == list(found.own.outcome)


def test_it_is_made_again_byte_for_byte(first, tmp_path):
    out, _ = first
    repeated = repeat(lock.read(out / lock.NAME), out, tmp_path / "again", {})
    assert len(repeated.files) > 10
    assert [one for one in repeated.files if not one.is_same] == []


def test_slips_are_told_before_anything_is_written(inputs, tmp_path, capsys):
    for option, value, words in (
        ("--cutoff", "30", "risk between 0 and 1, not 30"),
        ("--prevalence", "7.5", "share between 0 and 1, not 7.5"),
        ("--fewest", "0", "at least, not 0"),
        ("--by", "Sex", "no column Sex"),
    ):
        assert validate(inputs, tmp_path / "out", option, value) == 2
        assert words in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


def test_the_table_of_the_fit_without_a_split_is_refused(tmp_path, capsys):
    """A signature beside the lock of its own run: the table is known by its hash."""
    of = made_validation.signature()
    table, _ = made_validation.cohort(tmp_path, of, split="")
    recipe = lock.Recipe.of("calibrate", CalibrationPlan(), {"table": table})
    lock_sha = lock.write(tmp_path, recipe)
    fitted = dataclasses.replace(of, evidence=dataclasses.replace(of.evidence, lock_sha256=lock_sha))
    sha = recipe.inputs["table"].sha256
    with pytest.raises(BadInput, match="the table that the signature was fitted on"):
        overlap.refuse_own_table(fitted, tmp_path / "signature.json", sha)
    overlap.refuse_own_table(fitted, tmp_path / "signature.json", "0" * 64)
    overlap.refuse_own_table(of, tmp_path / "signature.json", sha)
