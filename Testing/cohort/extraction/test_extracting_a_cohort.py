"""Small CTs through ``ptlf cohort extract``: a run that is killed half-way, broken cases, the files that come of it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import SimpleITK as sitk

from abdomen import image_of, phantom_arrays
from PTLFPredictorLib import child, json_text
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.cohort.extraction import Extraction, column_of
from PTLFPredictorLib.vois import VOI
from rtstruct_files import contours_of, write_rtstruct

GOOD = ("p1", "p2", "p3")
BROKEN = {
    "missing file": "its CT is not there",
    "empty mask": "The segmentation is empty",
    "corrupt DICOM": "The slices cannot be decoded.*It is cut off",
}
SAME = ("cases.json", "features.parquet", "report.html", "tables/cases.csv", "tables/findings.csv")
"""Files that are the same bytes whatever computed them."""


@pytest.fixture(scope="module")
def table(tmp_path_factory, write_dicom) -> Path:
    """Three phantoms (one with an RTSTRUCT) and three broken cases, in folders that are named after patients."""
    folder = tmp_path_factory.mktemp("cohort")
    rows = [("case", "ct", "segmentation", "mask_origin")]
    for seed, case in enumerate(GOOD):
        inside = folder / f"Secret_Name_{seed}"
        inside.mkdir()
        for image, name in zip(phantom_arrays(seed), ("ct.nii.gz", "segments.nii.gz"), strict=True):
            sitk.WriteImage(image_of(image), str(inside / name))
        rows.append((case, f"{inside.name}/ct.nii.gz", f"{inside.name}/segments.nii.gz", "hand"))
    _, labels = phantom_arrays(2)  # the last one's segments are contours
    masks = {"Liver": labels > 0, "Tumor": labels == 2}
    contours = [(name, "", contours_of(image_of(labels), mask)) for name, mask in masks.items()]
    write_rtstruct(folder / "Secret_Name_2" / "contours.dcm", contours)
    rows[3] = (*rows[3][:2], "Secret_Name_2/contours.dcm", "hand")
    first = rows[1]
    rows.append(("missing file", "Secret_Name_9/ct.nii.gz", first[2], "hand"))
    _, labels = phantom_arrays()
    sitk.WriteImage(image_of(labels * 0), str(folder / "Secret_empty.nii.gz"))
    rows.append(("empty mask", first[1], "Secret_empty.nii.gz", "hand"))
    series = write_dicom(folder / "Secret_series", image_of(phantom_arrays()[0][:4]))
    for file in series.iterdir():
        file.write_bytes(file.read_bytes()[:2000])
    rows.append(("corrupt DICOM", series.name, first[2], "hand"))
    with open(folder / "table.csv", "w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return folder / "table.csv"


def command(table: Path, out: Path, *more: object) -> list[str]:
    return list(map(str, ("cohort", "extract", "--table", table, "--out", out, "--reader", "A. Reader", *more)))


def entries(out: Path) -> dict[str, float]:
    """What is kept, and since when."""
    return {path.name: path.stat().st_mtime for path in (out / "cache").glob("*.json")}


def kept(out: Path) -> dict[str, str]:
    with open(out / "log.csv", newline="") as stream:
        return {row["case"]: row["kept"] for row in csv.DictReader(stream)}


def wait_for(condition, seconds: float = 600.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def half_way(table, tmp_path_factory) -> tuple[Path, dict[str, float], list[psutil.Process]]:
    """A run that was killed once it had finished a case; what it had kept, and the processes that it had started."""
    out = tmp_path_factory.mktemp("out") / "features"
    run = subprocess.Popen(
        [sys.executable, "-m", "PTLFPredictorLib.cli", *command(table, out, "--jobs", 1)],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(child.process.LIBRARY)},
    )
    try:
        process = psutil.Process(run.pid)
        wait_for(lambda: entries(out) and process.children())
        children = process.children(recursive=True)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    return out, entries(out), children


@pytest.fixture(scope="module")
def extracted(half_way, table, printed) -> tuple[Path, int, str]:
    """The same command again: its folder, exit code and words."""
    out, _, _ = half_way
    code = main(command(table, out, "--jobs", 2))
    return out, code, printed()


@pytest.fixture(scope="module")
def printed():
    """What is printed, for a fixture of the module."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        yield text.getvalue


def test_a_run_that_is_killed_leaves_no_process(half_way):
    _, _, children = half_way
    wait_for(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in children), 60)


def test_it_goes_on_where_it_was_and_repeats_no_finished_case(half_way, extracted):
    out, before, _ = half_way
    after = entries(out)
    assert 1 <= len(before) < len(after) == 5  # three good ones, and two that the table did not leave out
    assert {name: after[name] for name in before} == before
    assert list(kept(out).values()).count("yes") == len(before)


def test_three_broken_cases_are_listed_and_the_rest_finish(extracted):
    out, code, said = extracted
    assert code == 1
    found = {case.id: case for case in Extraction.read(out).cases}
    assert [case for case in GOOD if found[case].done and len(found[case].features) == 10] == list(GOOD)
    failed = {line.split(":")[0].removeprefix("[failed] ") for line in said.splitlines() if line.startswith("[failed]")}
    assert failed == set(BROKEN)
    page = (out / "report.html").read_text(encoding="utf-8")
    for case, sentence in BROKEN.items():
        line = next(line for line in said.splitlines() if line.startswith(f"[failed] {case}: "))
        assert re.search(sentence, line), line
        assert case in page
    assert "3 of 6 cases extracted" in said


def test_a_finished_run_computes_nothing_again_and_writes_the_same_bytes(extracted, table, monkeypatch):
    out, _, _ = extracted
    before = {name: (out / name).read_bytes() for name in SAME}
    monkeypatch.setattr(child, "Child", None)  # whoever starts a child fails
    assert main(command(table, out)) == 1
    assert {name: (out / name).read_bytes() for name in SAME} == before
    assert set(kept(out).values()) == {"yes"}


def test_features_are_those_of_the_single_command_to_the_last_bit(extracted, table, tmp_path):
    out, _, _ = extracted
    ct, segments = (table.parent / "Secret_Name_0" / name for name in ("ct.nii.gz", "segments.nii.gz"))
    one = tmp_path / "features.json"
    given = ("--ct", ct, "--segmentation", segments, "--mask-origin", "hand", "--reader", "A. Reader")
    assert main(["features", *map(str, given), "--signature", "ptlf-published", "--out", str(one)]) == 0
    single = json_text.read(one)
    row = Extraction.read(out).features().loc["p1"]
    assert dict(row) == {
        column_of((VOI.of_file(item["voi"]), item["feature"])): item["value"] for item in single["features"]
    }
    case = json.loads((out / "cases.json").read_text())["cases"][0]
    told = {finding["code"]: finding for finding in case["findings"]}
    assert {finding["code"]: finding for finding in single["findings"]} == told
    assert case["labels_sha256"] == single["segmentation"]["sha256"]


def test_no_file_tells_where_a_patients_files_lie(extracted):
    out, _, _ = extracted
    for path in out.rglob("*"):
        if path.is_file():
            assert b"Secret" not in path.read_bytes(), path


def test_a_case_whose_ct_changes_is_computed_again_and_no_other(extracted, table, tmp_path):
    out, _, _ = extracted
    before = entries(out)
    ct = table.parent / "Secret_Name_2" / "ct.nii.gz"
    original = ct.read_bytes()
    sitk.WriteImage(image_of(phantom_arrays(7)[0]), str(ct))
    try:
        main(command(table, out, "--jobs", 2))
    finally:
        ct.write_bytes(original)
    assert len(entries(out)) == len(before) + 1
    assert [case for case, word in kept(out).items() if word == "no"] == ["p3"]
