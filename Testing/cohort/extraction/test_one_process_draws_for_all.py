"""The one process that draws for all cases: in turn, each case's failure its own, and no answer to who has gone."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path

import psutil
import pytest

from PTLFPredictorLib.cohort.extraction import drawing
from PTLFPredictorLib.cohort.extraction.drawing import ANSWER, ASKED, ASKS, Asking, Drawing, worker_of
from PTLFPredictorLib.errors import OutOfMemory, UnusableModel

TESTING = Path(__file__).resolve().parents[2]


@pytest.fixture
def draws(monkeypatch):
    monkeypatch.setattr("PTLFPredictorLib.segmentation.run.WORKER", "child.staying")
    monkeypatch.setenv("PYTHONPATH", str(TESTING))
    with Drawing() as made:
        yield made
    assert not [one for one in psutil.Process().children() if "child.staying" in one.cmdline()]


def ask(draws, folder: Path, name: str, what: str = "who", wanted=lambda: True) -> str:
    """What a case's child does, and its parent, in two threads."""
    folder = folder / name
    folder.mkdir()
    told = []

    def parent(event):
        told.append(event)
        threading.Thread(target=draws.answer, args=(folder, wanted), daemon=True).start()

    outputs = Asking(parent).run({"what": what, "name": name}, folder)
    assert told == [{"event": ASKS, "folder": str(folder)}]
    return outputs["out"].read_text()


def test_cases_are_drawn_in_one_process(draws, tmp_path):
    first, second = (ask(draws, tmp_path, name).split(" ") for name in ("a", "b"))
    assert first[0] == second[0]
    assert second[1] == "a,b"


def test_those_that_ask_at_once_are_drawn_one_after_the_other(draws, tmp_path):
    seen = []
    threads = [threading.Thread(target=lambda n=n: seen.append(ask(draws, tmp_path, n))) for n in "abc"]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert len({text.split(" ")[0] for text in seen}) == 1
    assert sorted(text.count(",") for text in seen) == [0, 1, 2]


def test_a_failure_is_that_cases_own(draws, tmp_path):
    with pytest.raises(OutOfMemory, match="ran out of memory"):
        ask(draws, tmp_path, "a", "sigkill")
    with pytest.raises(UnusableModel, match=r"^The model is broken\.$"):
        ask(draws, tmp_path, "b", "unusable model")
    assert ask(draws, tmp_path, "c").endswith(" b,c")


def test_who_has_gone_is_not_drawn_any_more(draws, tmp_path):
    ended = []
    (tmp_path / ASKED).write_text(json.dumps({"what": "steps"}))
    there = [True]
    thread = threading.Thread(target=lambda: ended.append(draws.answer(tmp_path, lambda: there[0])))
    thread.start()
    time.sleep(0.5)
    assert not (tmp_path / ANSWER).exists()
    there[0] = False
    thread.join(5)
    assert ended
    assert ask(draws, tmp_path, "next")  # and does not stand in the way


def test_one_that_waits_its_turn_gives_signs_of_life(monkeypatch, tmp_path):
    monkeypatch.setattr(drawing, "SIGN_OF_LIFE_S", 0.1)
    told = []

    def progress(*event):
        told.append(event)
        if len(told) == 3:
            (tmp_path / ANSWER).write_text(json.dumps({"code": 2, "message": "at last"}))

    with contextlib.suppress(drawing.PTLFError):
        Asking(lambda event: None).run({}, tmp_path, progress=progress)
    assert told == [("The segmentation", 0, 1)] * 3


def test_where_nobody_answers_a_case_draws_by_itself():
    assert worker_of({"payload": ""}, print) is None
    assert worker_of({"payload": "", ASKS: False}, print) is None
    assert isinstance(worker_of({"payload": "", ASKS: True}, print), Asking)
