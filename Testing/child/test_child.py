"""Work in a child process: what happens to it, what the user is told, and that nothing is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from PTLFPredictorLib import child
from PTLFPredictorLib.errors import (
    BadInput,
    Cancelled,
    MissingDependency,
    OutOfMemory,
    PTLFError,
    UnusableModel,
)

MODULE = "child.misbehaving"
TESTING = Path(__file__).resolve().parents[1]
LIBRARY = TESTING.parent / "PTLFPredictor"
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join((str(LIBRARY), str(TESTING)))}


def run(what: str, work: Path, *, environment: dict | None = None, **options):
    job = {"what": what, **{key: options.pop(key) for key in ("pids", "bytes", "path") if key in options}}
    return child.run(MODULE, job, work, environment={**ENVIRONMENT, **(environment or {})}, **options)


def start(what: str, work: Path, **options) -> child.Child:
    return child.Child(MODULE, {"what": what, **options}, work, environment=ENVIRONMENT)


def alive(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def wait_for(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_outputs_come_back_with_progress(tmp_path):
    told = []
    outputs = run("works", tmp_path, progress=lambda *event: told.append(event))
    assert outputs["out"].read_text() == "result"
    assert told == [("start", 0, 1)]


@pytest.mark.parametrize(
    ("what", "kind", "sentence"),
    [
        ("sigkill", OutOfMemory, "stopped from outside \\(signal 9\\).*ran out of memory"),
        ("segfault", PTLFError, "ended with exit code -11"),
        ("exit 77", PTLFError, "ended with exit code 77.*the last words"),
        ("exit 0 without manifest", PTLFError, "without naming its results"),
        ("garbage", PTLFError, "without naming its results"),
        ("damaged result", PTLFError, "left a damaged result \\(out.txt\\)"),
        ("torch's words", OutOfMemory, "too little memory"),
        ("no memory in C++", OutOfMemory, "bad_alloc"),
        ("no memory in a thread", OutOfMemory, "too little memory"),
        ("bad input", BadInput, "^The CT has no slices.$"),
        ("unusable model", UnusableModel, "^The model is broken.$"),
        ("missing package", MissingDependency, "a_package_that_is_not_there.*doctor"),
        ("bug", PTLFError, "unexpected error: ZeroDivisionError"),
    ],
)
def test_every_end_has_its_sentence(tmp_path, what, kind, sentence):
    with pytest.raises(kind, match=f"(?s){sentence}") as caught:
        run(what, tmp_path)
    assert type(caught.value) is kind
    assert len(caught.value.message) < 25_000


ANY_CHARACTERS = {"Chinese": "\u8102" * 1000, "no UTF-8": "a\udcff/b", "escapes": '\\"\x01' * 100}


@pytest.mark.parametrize("path", ANY_CHARACTERS.values(), ids=ANY_CHARACTERS)
def test_a_sentence_of_any_characters_arrives_whole(tmp_path, path):
    with pytest.raises(BadInput) as caught:
        run("bad input with a path", tmp_path, path=path)
    assert caught.value.message == path


def test_a_module_in_the_current_folder_is_not_imported(tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    for name in ("json", "numpy", "SimpleITK", "signal"):
        (here / f"{name}.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    monkeypatch.chdir(here)
    assert run("works", tmp_path)["out"].read_text() == "result"
    assert not (tmp_path / "executed").exists()


def test_a_child_that_has_ended_is_not_killed_again(tmp_path, monkeypatch):
    ended = start("works", tmp_path)
    wait_for(lambda: not ended.running)
    ended.result()
    killed = []
    monkeypatch.setattr(child.process, "kill_tree", killed.append)
    ended.cancel()
    assert killed == []


LAUNCHER = """#!/bin/sh
"{python}" "$@"
code=$?
[ $code -le 128 ] && exit $code
echo "error: [python-real] exit abnormally - Report the problem." >&2
exit 1
"""


@pytest.fixture
def python_slicer(tmp_path):
    """PythonSlicer is CTK's AppLauncher: it waits for the real Python and turns a crash into exit code 1."""
    path = tmp_path / "PythonSlicer"
    path.write_text(LAUNCHER.format(python=sys.executable))
    path.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    return str(path), work


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for the launcher")
def test_behind_slicers_launcher_a_killed_child_is_told_as_exhausted_memory(python_slicer):
    python, work = python_slicer
    with pytest.raises(OutOfMemory, match="ran out of memory"):
        run("sigkill", work, python=python)
    with pytest.raises(PTLFError, match=r"exit code 77.*the last words"):
        run("exit 77", work, python=python)
    assert run("works", work, python=python)["out"].read_text() == "result"


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for the launcher")
def test_behind_slicers_launcher_cancel_ends_the_real_python(python_slicer):
    python, work = python_slicer
    one = child.Child(MODULE, {"what": "sleep"}, work, environment=ENVIRONMENT, python=python)
    wait_for(lambda: one.poll() != [])
    (real,) = psutil.Process(one.pid).children()
    one.cancel()
    wait_for(lambda: not alive(real.pid) and not alive(one.pid))


def test_garbage_neither_breaks_the_parent_nor_hides_good_lines(tmp_path):
    told = []
    with pytest.raises(PTLFError):
        run("garbage", tmp_path, progress=lambda *event: told.append(event))
    assert told == [("nearly", 1, 2)]


def test_a_result_outside_the_work_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere.txt").write_text("x")
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(PTLFError, match="damaged result"):
        run("result elsewhere", work)


def test_a_manifest_of_an_earlier_run_proves_nothing(tmp_path):
    run("works", tmp_path)
    with pytest.raises(PTLFError, match="without naming its results"):
        run("exit 0 without manifest", tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no address space limit")
def test_exhausted_memory_is_told_as_such(tmp_path):
    with pytest.raises(OutOfMemory, match="too little free memory"):
        run("memory", tmp_path, bytes=2 << 30, environment={child.MEMORY_LIMIT: "1000"})


def test_a_hanging_child_is_stopped_by_the_watchdog(tmp_path):
    begun = time.monotonic()
    with pytest.raises(PTLFError, match="gave no sign of life for 1 s and was stopped"):
        run("sleep", tmp_path, silence_s=1.0)
    assert time.monotonic() - begun < 6


def test_cancel_ends_child_and_its_workers_within_3_s(tmp_path):
    pids = tmp_path / "pid"
    started = start("worker and sleep", tmp_path, pids=str(pids))
    wait_for(lambda: pids.exists() and pids.read_text())
    worker, begun = int(pids.read_text()), time.monotonic()
    started.cancel()
    wait_for(lambda: not alive(started.pid) and not alive(worker), 3)
    assert time.monotonic() - begun < 3
    assert not started.running
    with pytest.raises(Cancelled):
        started.result()


def test_an_exception_in_progress_stops_the_child(tmp_path):
    def stop(stage, done, total):
        raise Cancelled()

    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(Cancelled):
        run("sleep", tmp_path, progress=stop)
    assert not [p for p in psutil.Process().children(recursive=True) if p not in before and alive(p.pid)]


def test_workers_that_outlive_the_child_are_ended(tmp_path):
    begun = time.monotonic()
    outputs = run("worker that outlives it", tmp_path)
    assert outputs["out"].read_text() == "result"
    assert time.monotonic() - begun < 8
    assert not [p for p in psutil.process_iter(["cmdline"]) if "time.sleep(600)" in " ".join(p.info["cmdline"] or ())]


def test_the_child_dies_with_a_parent_that_was_killed_and_leaves_no_files(tmp_path):
    pids, work = tmp_path / "pid", tmp_path / "work"
    work.mkdir()
    code = (
        f"import time; from pathlib import Path; from PTLFPredictorLib import child;"
        f"c = child.Child({MODULE!r}, {{'what': 'worker and sleep', 'pids': {str(pids)!r}}}, Path({str(work)!r}));"
        f"print(c.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **ENVIRONMENT}, stdout=subprocess.PIPE, text=True
    )
    started = int(parent.stdout.readline())
    wait_for(lambda: pids.exists() and pids.read_text())
    worker = int(pids.read_text())
    assert alive(started)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not alive(started) and not alive(worker), 5)
    assert not work.exists()


def test_an_interpreter_that_cannot_be_run(tmp_path):
    with pytest.raises(MissingDependency, match="could not be started: '/nowhere/python'"):
        child.run(MODULE, {"what": "works"}, tmp_path, what="The segmentation", python="/nowhere/python")


def test_the_parents_environment_is_not_changed(tmp_path):
    before = dict(os.environ)
    run("works", tmp_path, environment={"OMP_NUM_THREADS": "1"})
    assert dict(os.environ) == before


def test_libraries_that_print_do_not_disturb(tmp_path):
    job = tmp_path / "job.json"
    job.write_text(json.dumps({}))
    code = (
        "import os, sys; from PTLFPredictorLib import child\n"
        "def f(job, work, emit):\n"
        "    sys.stdout.write('no line end'); sys.stdout.flush(); os.system('echo from a subprocess')\n"
        "    emit({'event': 'device', 'device': 'cpu', 'why': 'chosen'})\n"
        "    return {}\n"
        "child.serve(f)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(job)],
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    output, log = process.stdout.read(), process.stderr.read()
    assert process.wait(20) == 0
    assert [json.loads(line)["event"] for line in output.splitlines() if line] == ["device"]
    assert "no line end" in log
    assert "from a subprocess" in log
