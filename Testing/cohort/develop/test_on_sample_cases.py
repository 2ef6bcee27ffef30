"""A signature developed on sample cases: the product takes it, and it is a demonstration wherever it is shown.

The sixty cases and their features are those of `sample_way`; what is developed is made of the published signature's ten
features, since those are at hand.
"""

import csv
import json

import pytest

from PTLFPredictorLib.signature import SignatureState, completeness, load
from sample_way import READER, ptlf, walked

pytestmark = pytest.mark.slow

QUICK = ("--bootstraps", "4", "--nested-folds", "3", "--nested-repeats", "1", "--folds", "5", "--lasso-measure", "auc")

TEN = ("--p", "0.9", "--variable", "ALB", "--variable", "INR", "--always", "ALB")
"""Among ten features with sixty cases few are significant: let them pass."""


@pytest.fixture(scope="module")
def way():
    way, answer = walked()
    assert answer.code == 0, answer.err
    return way


def developed(way, out, *options, table=None):
    asked = ("--table", table or way.table, "--features", way.features, "--out", out)
    return ptlf("cohort", "develop", *asked, *QUICK, *TEN, *options)


@pytest.fixture(scope="module")
def out(way, tmp_path_factory):
    folder = tmp_path_factory.mktemp("developed") / "out"
    answer = developed(way, folder)
    assert answer.code == 0, answer.err
    return folder


def test_it_is_a_demonstration_by_its_evidence(out):
    made = load(out / "signature.json")
    assert made.evidence is not None, made.evidence_problem
    assert made.evidence.synthetic
    assert completeness(made) is SignatureState.DEMO
    assert {one.id for one in made.predictors} >= {"ALB", "Radscore"}
    assert "SYNTHETIC" in (out / "report.html").read_text(encoding="utf-8").upper()


def test_nothing_in_the_file_can_be_changed_to_make_it_more(out, tmp_path):
    data = json.loads((out / "signature.json").read_text(encoding="utf-8"))
    data["kind"] = "site"
    data["normalisation"]["origin"] = "site"
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert completeness(load(path)) is not SignatureState.COMPLETE


def test_predict_shows_a_marked_risk_in_demonstration_mode_alone(way, out, tmp_path):
    with open(way.held_out, encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    images, signature = way.held_out.with_suffix(""), out / "signature.json"
    options = {"ALB": ("--alb", row["albumin [g/L]"]), "INR": ("--inr", row["INR"])}
    given = [word for entry in load(signature).entries for word in options[entry.id]]
    asked = ("predict", "--ct", images / "ct.nrrd", "--segmentation", images / "segmentation.nii.gz",
             "--mask-origin", "hand", "--reader", READER, "--all-criteria-met", "--signature", signature)  # fmt: skip
    shown = ptlf(*asked, *given, "--demonstration", "--out", tmp_path / "shown")
    assert shown.code == 0, shown.err
    made = json.loads((tmp_path / "shown" / "result.json").read_text(encoding="utf-8"))
    assert made["radscore"]["value"] is not None, made["radscore"]
    hidden = ptlf(*asked, *given, "--out", tmp_path / "hidden")
    assert hidden.code == 0, hidden.err
    made = json.loads((tmp_path / "hidden" / "result.json").read_text(encoding="utf-8"))
    assert made["prediction"]["risk"] is None
    for text in (shown.out, (tmp_path / "shown" / "report.html").read_text(encoding="utf-8")):
        assert "demonstration" in text.lower()


def test_the_same_again(out, tmp_path):
    answer = ptlf("cohort", "repeat", out / "lock.json", "--out", tmp_path / "again")
    assert answer.code == 0, answer.out
    assert "DIFFERENT" not in answer.out


def test_with_the_mark_taken_from_the_table_nothing_is_developed(way, tmp_path):
    lines = way.table.read_text(encoding="utf-8-sig").splitlines()
    place = lines[0].split(",").index("synthetic")
    rows = list(csv.reader(lines))
    table = tmp_path / "unmarked.csv"
    with open(table, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([cell for k, cell in enumerate(row) if k != place] for row in rows)
    answer = developed(way, tmp_path / "out", table=table)
    assert answer.code == 2
    assert "are sample cases" in answer.err
    assert not (tmp_path / "out").exists()
