"""Many patients with a signature: each line says what ``ptlf predict`` says, a bad case is listed, the rest go on."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import SimpleITK as sitk

from abdomen import image_of, small_arrays
from PTLFPredictorLib import child, json_text
from PTLFPredictorLib.case import OUTPUTS
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.cohort.extraction.contained import Outcome
from PTLFPredictorLib.cohort.predict import run as predict_run
from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.sample import known
from samples import drawn

SEED = 41
DEMO = ("--signature", "demo", "--demonstration", "--reader", "A. Reader")
ROWS = (
    ("sample", "sample.nii.gz", "sample-segments.nii.gz", "43.6"),
    ("made", "made.nii.gz", "made-segments.nii.gz", "30"),
    ("cut off", "cut.nii.gz", "made-segments.nii.gz", "30"),
)


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """A sample case, on which the demonstration may be shown, a phantom, on which it may not, and a broken CT."""
    folder = tmp_path_factory.mktemp("patients")
    sample = drawn(SEED, matrix=128)
    known.remember(canonical(sample.ct).identity, SEED, {"matrix": 128})
    made = map(image_of, small_arrays())
    for name, ct, labels in (("sample", sample.ct, sample.labels), ("made", *made)):
        sitk.WriteImage(ct, str(folder / f"{name}.nii.gz"))
        sitk.WriteImage(labels, str(folder / f"{name}-segments.nii.gz"))
    (folder / "cut.nii.gz").write_bytes((folder / "made.nii.gz").read_bytes()[:1000])
    with open(folder / "table.csv", "w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("case", "ct", "segmentation", "mask_origin", "ALB", "INR"))
        rows.writerows((case, ct, segments, "hand", alb, "1.09") for case, ct, segments, alb in ROWS)
    return folder / "table.csv"


def command(table: Path, out: Path, *more: object) -> list[str]:
    return list(map(str, ("cohort", "predict", "--table", table, "--out", out, *DEMO, *more)))


@pytest.fixture(scope="module")
def predicted(table, tmp_path_factory) -> tuple[Path, int]:
    out = tmp_path_factory.mktemp("out")
    return out, main(command(table, out, "--jobs", 2))


def lines(out: Path) -> dict[str, dict[str, str]]:
    with open(out / "predictions.csv", newline="", encoding="utf-8-sig") as stream:
        return {row["case"]: row for row in csv.DictReader(stream)}


def test_a_broken_case_is_a_line_with_its_sentence_and_the_rest_go_on(predicted):
    out, code = predicted
    assert code == 1
    found = lines(out)
    assert list(found) == [case for case, *_ in ROWS]
    assert [line["state"] for line in found.values()] == ["demonstration", "withheld", "failed"]
    assert found["cut off"]["reason"].startswith("The CT is cut off")
    assert not any(found["cut off"][name] for name in ("risk", "probability", "interval", "radscore", "report"))
    assert (out / found["sample"]["report"]).is_file()


def test_a_withheld_risk_shows_no_number_and_its_reason(predicted):
    line = lines(predicted[0])["made"]
    assert not any(line[name] for name in ("risk", "probability", "interval", "radscore"))
    assert line["reason"].startswith("withheld: a demonstration signature shows a risk only on a sample CT")
    assert "eligibility" in line["withheld_for"]


TIMES = {"created", "seconds", "time"}
"""What differs between two runs of ``predict``."""


def without_times(value):
    if isinstance(value, dict):
        return {name: without_times(item) for name, item in value.items() if name not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "row", [pytest.param(ROWS[0], id="shown"), pytest.param(ROWS[1], id="withheld", marks=pytest.mark.slow)]
)
def test_a_line_says_what_the_single_command_says(predicted, table, tmp_path, capsys, row):
    out, _ = predicted
    case, ct, segments, alb = row
    given = ["--ct", table.parent / ct, "--segmentation", table.parent / segments, "--mask-origin", "hand"]
    given += ["--inr", "1.09", "--alb", alb, "--out", tmp_path / "one"]
    assert main(["predict", *map(str, given), *DEMO]) == 0
    said = capsys.readouterr().out
    line = lines(out)[case]
    single = json_text.read(tmp_path / "one" / OUTPUTS["record"])
    many = json_text.read(out / Path(line["report"]).with_name(OUTPUTS["record"]))
    assert without_times(many) == without_times(single)
    numbers = re.findall(r"\d+(?:\.\d+)?", " ".join(line[n] for n in ("risk", "probability", "interval", "radscore")))
    assert all(number in said for number in numbers)
    assert bool(numbers) == (case == "sample")
    assert line["reason"].lower() in said.lower()


def test_a_finished_run_computes_nothing_again(predicted, table, monkeypatch, capsys):
    out, _ = predicted
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    monkeypatch.setattr(child, "Child", None)  # whoever starts a child fails
    assert main(command(table, out)) == 1
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    said = capsys.readouterr().out
    assert "sample: risk " in said
    assert "made: risk not shown. Withheld: a demonstration" in said
    assert "2 of 3 patients done." in said


class Asked(Exception):
    """A child would be started."""


def started(table: Path, out: Path, monkeypatch, *more: object) -> list[str]:
    """Folders of the cases that a run would compute."""
    names: list[str] = []

    def instead(tasks, *_):
        names.extend(Path(task.payload[0].ct).name for task in tasks)
        return iter(())

    monkeypatch.setattr(predict_run, "outcomes", instead)
    with pytest.raises(TypeError):  # a line has nothing to say
        main(["cohort", "--debug", *command(table, out, *more)[1:]])
    return names


def test_a_value_that_changes_asks_again_for_that_patient_alone(predicted, table, monkeypatch):
    out, _ = predicted
    text = table.read_text()
    table.write_text(text.replace("43.6", "31.0"))
    try:
        assert started(table, out, monkeypatch) == ["sample.nii.gz"]
    finally:
        table.write_text(text)


def test_failed_cases_are_tried_again_when_asked(predicted, table, monkeypatch):
    assert started(table, predicted[0], monkeypatch, "--retry") == ["cut.nii.gz"]


def test_segments_that_a_reader_corrected_in_place_are_not_replaced(predicted, table, monkeypatch):
    """Whatever the run computed: that patient fails until they are moved away."""
    out, _ = predicted
    folder = (out / lines(out)["made"]["report"]).parent
    labels = folder / OUTPUTS["labels"]
    before = {path: path.read_bytes() for path in (*folder.iterdir(), out / "predictions.csv")}
    labels.write_bytes(b"corrected")
    files = {"case": b'{"line": {"case": "", "state": "withheld"}, "record_sha256": ""}'}
    files |= dict.fromkeys(OUTPUTS.values(), b"new")
    monkeypatch.setattr(predict_run, "outcomes", lambda *_: iter([(0, Outcome(files))]))
    text = table.read_text()
    table.write_text(text.replace(",30,", ",31,", 1))
    try:
        main(command(table, out))
        assert labels.read_bytes() == b"corrected"
        assert (folder / OUTPUTS["record"]).read_bytes() == before[folder / OUTPUTS["record"]]
        assert "is not as a former run wrote it" in lines(out)["made"]["reason"]
    finally:
        table.write_text(text)
        for path, data in before.items():
            path.write_bytes(data)


def test_a_result_that_was_moved_away_is_made_again(predicted, table, monkeypatch):
    out, _ = predicted
    record = (out / lines(out)["made"]["report"]).with_name(OUTPUTS["record"])
    record.rename(record.with_suffix(".away"))
    try:
        assert started(table, out, monkeypatch) == ["made.nii.gz"]
    finally:
        record.with_suffix(".away").rename(record)
