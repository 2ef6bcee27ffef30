"""`ptlf cohort develop` and `repeat` on files: what is written, what comes again, what is refused before any work."""

import csv
import importlib
import json
import re
import shutil

import pytest

from made_cohort import QUICK_OPTIONS, made_cohort, write_cohort
from PTLFPredictorLib.cohort import lock
from PTLFPredictorLib.hashes import file_sha256
from PTLFPredictorLib.signature import completeness, describe, load

TABLES = {
    "characteristics",
    "univariate",
    "multivariate",
    "steps",
    "terms",
    "model_combined",
    "optimism",
    "validation_auc",
}
"""Of those that the paper has: Supplementary Table 2, Tables 2 and 3, and of the selection and the comparison."""


@pytest.fixture(scope="module")
def ptlf():
    from PTLFPredictorLib.cli import main

    return lambda *arguments: main(["cohort", *map(str, arguments)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_cohort(tmp_path_factory.mktemp("cohort"), made_cohort(count=40))


@pytest.fixture(scope="module")
def out(tmp_path_factory, files, ptlf):
    folder = tmp_path_factory.mktemp("developed") / "out"
    table, features = files
    code = ptlf("develop", "--table", table, "--features", features, "--out", folder, "--id", "here", *QUICK_OPTIONS)
    assert code == 0
    return folder


def developed(ptlf, files, out, *more):
    return ptlf("develop", "--table", files[0], "--features", files[1], "--out", out, *QUICK_OPTIONS, *more)


class TestWritten:
    def test_signature_report_tables_and_lock(self, out):
        assert {path.name for path in out.iterdir()} == {"signature.json", "report.html", "tables", "lock.json"}
        assert {path.stem for path in (out / "tables").iterdir()} >= TABLES

    def test_the_signature_is_one_that_the_product_takes_and_bound_to_report_and_lock(self, out):
        made = load(out / "signature.json")
        assert made.id == "here"
        assert made.evidence.report_sha256 == file_sha256(out / "report.html")
        assert made.evidence.lock_sha256 == file_sha256(out / "lock.json")
        assert made.evidence.written_by.startswith("ptlf cohort develop")
        assert completeness(made) != "complete"  # 98 cases: too uncertain for a risk
        assert "standard error" in made.evidence.calibration["no_risk"]
        assert made.evidence.no_risk in describe(made)

    def test_the_lock_has_every_option_with_its_default(self, out):
        plan = json.loads((out / "lock.json").read_text(encoding="utf-8"))["plan"]
        assert plan["selection"]["folds"] == 4
        assert plan["selection"]["correlation_limit"] == 0.8
        assert plan["selection"]["deviation"] == "n-1"
        assert plan["clinical"]["categorical"] == "Pearson chi-square"
        assert plan["missing"] == "complete"
        assert plan["per"]["INR"] == 0.1

    def test_youden_s_cut_off_and_the_other_models_stand_where_validate_finds_them(self, out):
        told = load(out / "signature.json").evidence.calibration
        columns = set(load(out / "signature.json").risk_model.columns)
        assert 0 < told["cut_offs"]["youden"]["risk"] < 1
        assert set(told["models"]) == {"clinical", "radiomics"}
        assert all(set(one["coefficients"]) <= columns for one in told["models"].values())
        assert len(told["fitted_on"]) == load(out / "signature.json").evidence.n

    def test_odds_ratios_are_per_sensible_unit(self, out):
        with open(out / "tables" / "model_combined.csv", newline="", encoding="utf-8") as stream:
            rows = {row["Predictor"]: row for row in csv.DictReader(stream)}
        assert rows["INR"]["Odds ratio per"] == "0.1"
        assert rows["BCLC stage: C against A"]["Odds ratio per"] == "1"

    def test_the_report_names_no_case_and_no_folder(self, out, files):
        text = (out / "report.html").read_text(encoding="utf-8")
        assert not re.search(r"\bC\d{3}\b", text)
        assert str(files[0].parent) not in text

    @pytest.mark.slow
    def test_validate_measures_the_same_on_the_validation_cases(self, out, files, ptlf, tmp_path, capsys):
        capsys.readouterr()
        options = ("--table", files[0], "--features", files[1], "--signature", out / "signature.json")
        assert ptlf("validate", *options, "--out", tmp_path / "validated") == 0
        with open(out / "tables" / "validation_auc.csv", newline="", encoding="utf-8") as stream:
            ours = {row["model"]: row for row in csv.DictReader(stream)}["combined"]
        result = json.loads((tmp_path / "validated" / "result.json").read_text(encoding="utf-8"))
        assert result["models"]["signature"]["auc"]["auc"] == pytest.approx(
            float(ours["AUC (95 % interval to read): value"])
        )


class TestRepeat:
    @pytest.mark.slow
    def test_the_same_again_byte_for_byte(self, out, ptlf, tmp_path, capsys):
        capsys.readouterr()
        assert ptlf("repeat", out / "lock.json", "--out", tmp_path / "again") == 0
        told = capsys.readouterr().out
        assert "DIFFERENT" not in told
        names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
        assert names == {line.split()[1] for line in told.splitlines() if line.startswith("identical")}
        for name in names:
            assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes(), name

    def test_what_differs_is_named_with_the_versions_that_differ(self, out, ptlf, tmp_path, capsys, monkeypatch):
        first = tmp_path / "first"
        shutil.copytree(out, first)
        data = json.loads((first / "lock.json").read_text(encoding="utf-8"))
        data["versions"]["scipy"] = "0.1"
        data["outputs"]["tables/steps.csv"] = "0" * 64
        data["outputs"]["tables/gone.csv"] = "0" * 64
        (first / "lock.json").write_text(json.dumps(data), encoding="utf-8")
        monkeypatch.setattr("PTLFPredictorLib.cohort.repeat.importlib.import_module", lambda *_: Copied(out))
        assert ptlf("repeat", first / "lock.json", "--out", tmp_path / "again") == 1
        told = capsys.readouterr().out
        assert re.search(r"scipy: 0\.1 in the first run", told)
        assert re.search(r"DIFFERENT +tables/steps\.csv", told)
        assert re.search(r"MISSING +tables/gone\.csv", told)
        assert re.search(r"DIFFERENT +lock\.json", told)
        assert re.search(r"identical +report\.html", told)

    def test_a_changed_table_is_no_repetition(self, out, files, ptlf, tmp_path, capsys):
        changed = tmp_path / "cohort.csv"
        changed.write_text(files[0].read_text(encoding="utf-8").replace("C001", "C999", 1), encoding="utf-8")
        assert ptlf("repeat", out / "lock.json", "--out", tmp_path / "again", "--table", changed) == 2
        assert "is not the one of the first run" in capsys.readouterr().err
        assert not (tmp_path / "again").exists()

    def test_nor_may_it_replace_the_first_run(self, out, ptlf, capsys):
        before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
        assert ptlf("repeat", out / "lock.json", "--out", out) == 2
        assert "Write to another folder" in capsys.readouterr().err
        assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


class Copied:
    """A room whose run gives the files of another one."""

    def __init__(self, source):
        self.source = source

    def run(self, recipe, out, **_):
        shutil.copytree(self.source, out)


class TestRefused:
    """With a sentence and exit code 2, and nothing is written."""

    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"split": ["validation"] * 147}, "No case is a training case"),
            ({"split": ["training"] * 100 + [""] * 47}, "have no split"),
            ({"PTLF": ["yes"] * 147}, "training cases .* have the outcome and 0 have not"),
            ({"PTLF": ["no"] * 147}, "0 have the outcome"),
            ({"all_criteria_met": ["no"] * 147}, "None of the 147 cases is left"),
        ],
    )
    def test_a_table_that_nothing_can_be_learnt_from(self, files, ptlf, tmp_path, capsys, change, word):
        folder = tmp_path / "cohort"
        folder.mkdir()
        wrong = write_cohort(folder, made_cohort(count=12), **change)
        assert developed(ptlf, wrong, tmp_path / "out") == 2
        assert re.search(word, capsys.readouterr().err)
        assert not (tmp_path / "out").exists()

    def test_a_misspelt_split_is_told_with_its_row(self, ptlf, tmp_path, capsys):
        wrong = write_cohort(
            tmp_path, made_cohort(count=12), split=["trainig"] + ["training"] * 99 + ["validation"] * 47
        )
        assert developed(ptlf, wrong, tmp_path / "out") == 2
        assert "split" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("options", "word"),
        [
            (("--variable", "Albumine"), "no clinical column Albumine"),
            (("--always", "Albumine"), "no clinical column Albumine"),
            (("--p", "0"), "--p is a number above 0"),
            (("--spearman", "1.5"), "--spearman is a number"),
            (("--folds", "1"), "--folds is a whole number from 3"),
            (("--cutoff", "1"), "--cutoff is a risk between 0 and 1"),
            (("--per", "INR"), "must read like INR=0.1"),
            (("--jobs", "0"), "--jobs"),
            (("--icc", "0.75"), "0 of 98 training cases have features of a second one"),
            (("--signature", "nowhere.json"), "There is no signature 'nowhere.json'"),
        ],
    )
    def test_an_option_that_cannot_be_meant(self, files, ptlf, tmp_path, capsys, options, word):
        assert developed(ptlf, files, tmp_path / "out", *options) == 2
        assert re.search(word, capsys.readouterr().err)
        assert not (tmp_path / "out").exists()

    def test_a_table_or_features_that_are_not_there(self, files, ptlf, tmp_path, capsys):
        assert developed(ptlf, (tmp_path / "no.csv", files[1]), tmp_path / "out") == 2
        assert developed(ptlf, (files[0], tmp_path / "no"), tmp_path / "out") == 2
        assert capsys.readouterr().err.count("ptlf:") == 2

    def test_columns_are_checked_before_features_are_computed(self, files, ptlf, tmp_path, capsys):
        """Without --features every CT would be read first: the table is refused at once."""
        table = tmp_path / "cohort.csv"
        table.write_text(files[0].read_text(encoding="utf-8"), encoding="utf-8")
        for name in re.findall(r"^(C\d+),", table.read_text(encoding="utf-8"), re.MULTILINE):
            (tmp_path / f"{name}.nii.gz").write_bytes(b"no image")
        assert ptlf("develop", "--table", table, "--out", tmp_path / "out", "--variable", "Albumine") == 2
        assert "no clinical column Albumine" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


def test_an_interrupted_run_leaves_the_former_result(out, files, ptlf, tmp_path, monkeypatch, capsys):
    there = tmp_path / "out"
    shutil.copytree(out, there)
    before = {path: path.read_bytes() for path in there.rglob("*") if path.is_file()}

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("PTLFPredictorLib.cohort.develop.run"), "document", stop)
    assert developed(ptlf, files, there, "--bootstraps", "0", "--nested-repeats", "0") == 130
    assert {path: path.read_bytes() for path in there.rglob("*") if path.is_file()} == before
    assert "Cancelled" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--p", "1e-9"), ("--univariate-p", "1e-9")])
def test_a_report_whatever_was_kept_without_split_and_resampling(ptlf, tmp_path, options):
    files = write_cohort(tmp_path, made_cohort(training=None, count=12))
    out = tmp_path / "out"
    assert developed(ptlf, files, out, "--bootstraps", "0", "--nested-repeats", "0", *options) == 0
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "There are no validation cases" in text
    assert (out / "signature.json").exists() == ("--p" not in options)


def test_nothing_kept_is_a_report_without_split_and_resampling(ptlf, tmp_path):
    files = write_cohort(tmp_path, made_cohort(training=None, count=12))
    out, nothing = tmp_path / "out", ("--p", "1e-9", "--univariate-p", "1e-9")
    assert developed(ptlf, files, out, "--bootstraps", "0", "--nested-repeats", "0", *nothing) == 0
    assert "there is no model" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_where_no_feature_is_kept_the_report_is_there_and_no_old_signature(out, files, ptlf, tmp_path, capsys):
    there = tmp_path / "out"
    shutil.copytree(out, there)
    capsys.readouterr()
    assert developed(ptlf, files, there, "--p", "1e-9", "--bootstraps", "0", "--nested-repeats", "0") == 0
    assert "No signature was written" in capsys.readouterr().out
    assert (there / "report.html").exists()
    assert not (there / "signature.json").exists()
    assert lock.read(there / "lock.json").signature == ""
