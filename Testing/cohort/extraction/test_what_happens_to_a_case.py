"""A case that crashes, is killed or is bad: the others finish; a run that is stopped leaves no process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from misbehaving_cases import MODULE, started
from PTLFPredictorLib.case import Question, Sources
from PTLFPredictorLib.child.process import LIBRARY
from PTLFPredictorLib.cohort.extraction import run as extraction_run
from PTLFPredictorLib.cohort.extraction.contained import Task, contained
from PTLFPredictorLib.cohort.extraction.job import CaseJob, Options
from PTLFPredictorLib.cohort.extraction.schedule import Where
from PTLFPredictorLib.cohort.table import Case
from PTLFPredictorLib.errors import MissingDependency
from PTLFPredictorLib.segmentation.reading import Source
from PTLFPredictorLib.signature import load

TESTING = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def misbehaving(monkeypatch):
    monkeypatch.setattr(extraction_run, "WORKER", MODULE)
    monkeypatch.setattr("PTLFPredictorLib.segmentation.run.WORKER", "child.staying")
    monkeypatch.setenv("PYTHONPATH", str(TESTING))


def cases(folder: Path, *whats: str) -> list[Case]:
    """Cases whose CTs say what happens: "ok", "bad", "segfault", "killed-once", "sleep"."""
    made = []
    for place, what in enumerate(whats):
        ct = folder / f"{what}-{place}.txt"
        if not ct.exists():
            ct.write_text(f"{what} {place}")
        made.append(Case(place + 2, f"{what}-{place}", ct, (Source(ct),)))
    return made


def extract(listed: list[Case], out: Path, **options):
    return extraction_run.extract(listed, Options(load("ptlf-published")), out, **options)


def starts(listed: list[Case]) -> list[int]:
    return [len(started(case.ct)) for case in listed]


def wait_for(condition, seconds: float = 600.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_whatever_becomes_of_one_case_the_others_finish(tmp_path):
    listed = cases(tmp_path, "ok", "segfault", "killed-once", "bad", "drawn")
    said, told = [], []
    made = extract(
        listed, tmp_path / "out", where=Where(2), say=said.append, progress=lambda *event: told.append(event)
    )
    values = [list(case.features.values()) for case in made.cases]
    assert values == [[0.0], [], [2.0], [], [1.0]]  # each its own, in the table's order, whatever ended first
    assert "exit code -11" in made.cases[1].problem
    assert made.cases[3].problem == "The CT is no image that can be read."
    assert starts(listed) == [1, 1, 2, 1, 1]  # what was killed for want of memory, once more, alone
    assert any("once more, alone" in text for text in said)
    assert told[-1] == ("Cases: 2 failed", 5, 5)

    again = extract(listed, tmp_path / "out", where=Where(2))
    assert again == made
    assert starts(listed) == [1, 1, 2, 1, 1]
    extract(listed, tmp_path / "out", where=Where(2), retry=True)
    assert starts(listed) == [1, 2, 2, 2, 1]


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 130), pytest.param("SIGINT", 130, marks=pytest.mark.slow)])
def test_a_run_that_is_stopped_keeps_what_is_finished_and_leaves_no_process(tmp_path, name, code):
    listed = cases(tmp_path, "ok", "sleep", "drawn-steps", "ok")
    (tmp_path / "table.csv").write_text(
        "case,ct,segmentation\n" + "".join(f"{case.id},{case.ct.name},{case.ct.name}\n" for case in listed)
    )
    out = tmp_path / "out"
    code_of_run = (
        "import sys; from PTLFPredictorLib.cohort.extraction import run; from PTLFPredictorLib.cli import main; "
        "from PTLFPredictorLib.segmentation import run as drawing; drawing.WORKER = 'child.staying'; "
        f"run.WORKER = {MODULE!r}; sys.exit(main(sys.argv[1:]))"
    )
    command = ("cohort", "extract", "--table", str(tmp_path / "table.csv"), "--out", str(out), "--jobs", "2")
    run = subprocess.Popen(
        [sys.executable, "-c", code_of_run, *command],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(LIBRARY), str(TESTING)))},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: started(listed[1].ct) and started(listed[2].ct) and list((out / "cache").glob("*.json")))
        children = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(getattr(signal, name))
        _, said = run.communicate(timeout=120)
    finally:
        run.kill()
    assert run.returncode == code
    assert "Finished cases are kept" in said
    assert "Traceback" not in said
    assert "Warning" not in said
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in children)
    assert starts(listed) == [1, 1, 1, 0]
    assert len(list((out / "cache").glob("*.json"))) == 1
    assert not (out / "cases.json").exists()


def test_a_case_without_segments_needs_a_model_that_is_named(tmp_path):
    listed = [Case(2, "a", tmp_path / "ct.txt")]
    with pytest.raises(extraction_run.BadInput, match=r"1 of the 1 cases have no segmentation.*--model"):
        extract(listed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_table_without_a_case_is_told(tmp_path):
    with pytest.raises(extraction_run.BadInput, match="No row of the table is a case"):
        extract([], tmp_path / "out")


@pytest.mark.slow
def test_a_machine_with_other_versions_computes_nothing():
    job = CaseJob(Sources(Path("ct")), (), Question(load("ptlf-published")), {}, {"numpy": "0.1"})
    outcome = contained(Task("PTLFPredictorLib.cohort.extraction.worker", job, "The extraction"))
    assert re.match(r"This machine has other versions than the one that asks it: numpy \S+ for 0\.1\.", outcome.problem)
    assert outcome.exit_code == MissingDependency.exit_code


def test_outputs_do_not_replace_a_ct(tmp_path):
    listed = cases(tmp_path, "ok")
    ct = tmp_path / "cases.json"
    listed[0].ct.rename(ct)
    with pytest.raises(extraction_run.BadInput, match="would replace an input"):
        extract([Case(2, "a", ct, (Source(ct),))], tmp_path)
    assert ct.read_text() == "ok 0"
