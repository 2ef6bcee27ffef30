"""A worker that stays: one process for many jobs, each job alone, and nothing that outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from child.test_child import ENVIRONMENT, LAUNCHER, alive, wait_for
from PTLFPredictorLib import child
from PTLFPredictorLib.child.warm import IDLE_S, idle_seconds
from PTLFPredictorLib.errors import BadInput, Cancelled, MissingDependency, OutOfMemory, PTLFError, UnusableModel

MODULE = "child.staying"


@pytest.fixture
def warm():
    with child.Warm(MODULE, environment=ENVIRONMENT) as worker:
        yield worker


@pytest.fixture
def place(tmp_path):
    """A new work folder at each call."""
    numbers = iter(range(1000))

    def make() -> Path:
        folder = tmp_path / f"work{next(numbers)}"
        folder.mkdir()
        return folder

    return make


def who(warm, work, name="") -> tuple[int, str]:
    """Process of a job, and the names of all jobs that it has seen."""
    pid, seen = warm.run({"what": "who", "name": name}, work)["out"].read_text().split(" ", 1)
    return int(pid), seen


def test_jobs_share_one_process_and_what_it_keeps(warm, place):
    assert warm.pid is None
    first = who(warm, place(), "a")
    assert first == (warm.pid, "a")
    assert who(warm, place(), "b") == (first[0], "a,b")


def test_the_module_serves_a_single_child_as_well(place):
    outputs = child.run(MODULE, {"what": "who", "name": "alone"}, place(), environment=ENVIRONMENT)
    assert outputs["out"].read_text().endswith(" alone")


def test_each_job_has_a_log_of_its_own(warm, place):
    logs = []
    for name in ("first", "second"):
        job = warm.start({"what": "who", "name": name}, place())
        wait_for(lambda job=job: not job.running)
        logs.append([line for line in job.log if line])
    assert logs == [[f"I work for {name}", "no line endfrom a subprocess"] for name in ("first", "second")]


def test_progress_and_events_arrive(warm, place):
    told = []
    warm.run({"what": "steps", "steps": 3}, place(), progress=lambda *event: told.append(event))
    assert told == [("steps", step, 600) for step in range(3)]


@pytest.mark.parametrize(
    ("what", "kind", "sentence", "stays"),
    [
        ("bad input", BadInput, "^The CT has no slices.$", True),
        ("unusable model", UnusableModel, "^The model is broken.$", True),
        ("bug", PTLFError, "unexpected error: ZeroDivisionError", False),
        ("missing package", MissingDependency, "a_package_that_is_not_there", False),
        ("torch's words", OutOfMemory, "too little memory", False),
        ("no memory in a thread", OutOfMemory, "too little memory", False),
        ("no memory in C++", OutOfMemory, "bad_alloc", False),
        ("sigkill", OutOfMemory, "stopped from outside \\(signal 9\\).*ran out of memory", False),
        ("segfault", PTLFError, "ended with exit code -11", False),
        ("exit 77", PTLFError, "ended with exit code 77.*the last words", False),
        ("exit 0 without manifest", PTLFError, "without naming its results", False),
        ("exits", PTLFError, "without naming its results", False),
        ("damaged result", PTLFError, "left a damaged result \\(out.txt\\)", False),
    ],
)
def test_a_job_that_fails_fails_alone(place, what, kind, sentence, stays):
    with child.Warm(MODULE, environment=ENVIRONMENT) as warm:
        before = warm.start({"what": "who"}, place())
        wait_for(lambda: not before.running)
        with pytest.raises(kind, match=f"(?s){sentence}") as caught:
            warm.run({"what": what}, place())
        assert type(caught.value) is kind
        assert (warm.pid == before.pid) is stays
        assert stays or not alive(before.pid)
        after, seen = who(warm, place(), "next")
        assert seen == ("who," + what + ",next" if stays else "next")
        assert (after == before.pid) is stays


def test_cancel_asks_first_and_the_process_stays(warm, place):
    pid, _ = who(warm, place(), "a")
    job = warm.start({"what": "steps"}, place())
    wait_for(lambda: job.poll())
    job.cancel()
    assert not job.running
    with pytest.raises(Cancelled):
        job.result()
    assert who(warm, place(), "b") == (pid, "a,steps,b")


def test_a_job_that_does_not_listen_is_ended_with_what_it_started(warm, place, tmp_path):
    pids = tmp_path / "pid"
    job = warm.start({"what": "worker and sleep", "pids": str(pids)}, place())
    wait_for(lambda: pids.exists() and pids.read_text())
    worker = int(pids.read_text())
    job.cancel()
    assert not alive(job.pid)
    wait_for(lambda: not alive(worker), 1)
    with pytest.raises(Cancelled):
        job.result()
    assert who(warm, place())[1] == ""


def test_an_exception_in_progress_cancels_the_job(warm, place):
    def stop(stage, done, total):
        raise Cancelled()

    pid, _ = who(warm, place())
    with pytest.raises(Cancelled):
        warm.run({"what": "steps"}, place(), progress=stop)
    assert not warm.busy
    assert warm.pid == pid


@pytest.mark.parametrize("what", ["process left", "thread left"])
def test_a_process_in_which_a_job_left_something_takes_no_more(warm, place, what):
    pid, _ = who(warm, place())
    family = psutil.Process(pid)
    job = warm.start({"what": what}, place())
    left = []
    while job.running:
        left += [one.pid for one in family.children() if one.pid not in left] if alive(pid) else []
        time.sleep(0.001)
    if what == "process left":
        assert job.result()["out"].read_text() == "result"  # it ended well all the same
    assert not alive(pid)
    wait_for(lambda: not any(map(alive, left)), 5)  # killed; the system takes a moment to take them away
    assert who(warm, place())[0] != pid


def test_without_a_job_it_leaves_and_the_next_job_gets_a_new_one(place):
    with child.Warm(MODULE, environment=ENVIRONMENT, idle_s=0.3) as warm:
        pid, _ = who(warm, place())
        time.sleep(0.15)
        assert who(warm, place())[0] == pid  # a job begins the time anew
        wait_for(lambda: not psutil.pid_exists(pid), 5)  # not even a zombie, though nobody asks
        assert warm.pid is None
        assert who(warm, place())[0] != pid


def test_one_that_leaves_in_the_very_moment_of_a_job_does_not_lose_it(place):
    with child.Warm(MODULE, environment=ENVIRONMENT, idle_s=0.0) as warm:
        pids = {who(warm, place())[0] for _ in range(4)}
    assert not any(map(alive, pids))


def test_one_that_was_ended_while_it_waited_does_not_lose_the_next_job(warm, place):
    """A system short of memory ends what holds most of it: the worker that waits."""
    for _ in range(3):
        pid, _ = who(warm, place(), "a")
        psutil.Process(pid).kill()
        again, seen = who(warm, place(), "b")
        assert (again != pid, seen) == (True, "b")


def test_how_long_it_waits_is_said_by_the_environment(monkeypatch):
    monkeypatch.delenv(child.IDLE, raising=False)
    assert idle_seconds() == IDLE_S
    monkeypatch.setenv(child.IDLE, "12.5")
    assert child.Warm(MODULE).idle_s == 12.5
    monkeypatch.setenv(child.IDLE, "soon")
    assert idle_seconds() == IDLE_S


def test_release_ends_it_at_once_or_after_its_job(warm, place):
    pid, _ = who(warm, place())
    warm.release()
    assert not alive(pid)
    job = warm.start({"what": "steps", "steps": 10}, place())
    warm.release()
    wait_for(lambda: not job.running)
    assert job.result() == {}
    assert not alive(job.pid)
    assert who(warm, place())[0] != job.pid


def test_close_cancels_and_ends(place):
    warm = child.Warm(MODULE, environment=ENVIRONMENT)
    job = warm.start({"what": "steps"}, place())
    wait_for(lambda: job.poll())
    warm.close()
    warm.close()
    with pytest.raises(Cancelled):
        job.result()
    assert not alive(job.pid)
    with pytest.raises(RuntimeError, match="closed"):
        warm.start({"what": "who"}, place())


def test_one_job_at_a_time(warm, place):
    warm.start({"what": "steps"}, place())
    with pytest.raises(RuntimeError, match="one job at a time"):
        warm.start({"what": "who"}, place())


def test_a_hanging_job_is_stopped_by_the_watchdog_a_waiting_worker_is_not(warm, place):
    pid, _ = who(warm, place())
    time.sleep(0.6)
    warm.start({"what": "who"}, place(), silence_s=0.5)
    wait_for(lambda: not warm.busy)
    job = warm.start({"what": "sleep"}, place(), silence_s=0.5)
    wait_for(lambda: job.poll() is not None and not job.running, 5)
    with pytest.raises(PTLFError, match=r"gave no sign of life for 0\.5 s and was stopped"):
        job.result()
    assert not alive(pid)


def test_an_interpreter_that_cannot_be_run_is_told_at_each_job(place):
    with child.Warm(MODULE, what="The segmentation", python="/nowhere/python") as warm:
        for _ in range(2):
            with pytest.raises(MissingDependency, match="The segmentation could not be started: '/nowhere/python'"):
                warm.run({"what": "who"}, place())


def test_what_a_job_starts_finds_no_commands_to_read(warm, place):
    assert warm.run({"what": "input"}, place())["out"].read_text() == "''"
    assert who(warm, place())[0]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no address space limit")
def test_memory_runs_out_in_one_job_and_is_there_for_the_next(place):
    limited = {**ENVIRONMENT, child.MEMORY_LIMIT: "1000"}
    with child.Warm(MODULE, environment=limited) as warm:
        pid, _ = who(warm, place())
        with pytest.raises(OutOfMemory, match="too little free memory"):
            warm.run({"what": "limit", "bytes": 2 << 30}, place())
        assert who(warm, place())[0] != pid


PARENT = """
import sys, time
from pathlib import Path
from PTLFPredictorLib import child
warm = child.Warm({module!r})
warm.run({{"what": "who"}}, Path(sys.argv[1]))
job = warm.start({{"what": sys.argv[3], "pids": sys.argv[4]}}, Path(sys.argv[2])) if sys.argv[3] else None
print(warm.pid, flush=True)
time.sleep(float(sys.argv[5]))
"""


@pytest.mark.parametrize("what", ["worker and sleep", "steps", ""])
def test_it_dies_with_a_parent_that_was_killed_and_leaves_no_files_of_its_job(place, tmp_path, what):
    done, work, pids = place(), place(), tmp_path / "pid"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(module=MODULE), str(done), str(work), what, str(pids), "600"],
        env={**os.environ, **ENVIRONMENT},
        stdout=subprocess.PIPE,
        text=True,
    )
    started = int(parent.stdout.readline())
    if what == "worker and sleep":
        wait_for(lambda: pids.exists() and pids.read_text())
    elif what:
        wait_for((work / "job.json").exists)
        time.sleep(0.2)
    family = [one.pid for one in psutil.Process(started).children()]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not alive(started) and not any(map(alive, family)), 5)
    assert work.exists() is (what == "")  # without a job at work there is nothing of a patient
    assert done.exists()  # its owner may still want it


def test_a_parent_that_ends_without_closing_it_leaves_no_process(place):
    ended = subprocess.run(
        [sys.executable, "-c", PARENT.format(module=MODULE), str(place()), str(place()), "", "", "0"],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )
    wait_for(lambda: not alive(int(ended.stdout)), 5)


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for the launcher")
def test_behind_slicers_launcher(place, tmp_path):
    python = tmp_path / "PythonSlicer"
    python.write_text(LAUNCHER.format(python=sys.executable))
    python.chmod(0o755)
    with child.Warm(MODULE, environment=ENVIRONMENT, python=str(python)) as warm:
        pid, _ = who(warm, place())
        assert pid != warm.pid
        assert who(warm, place())[0] == pid
        with pytest.raises(OutOfMemory, match="ran out of memory"):
            warm.run({"what": "sigkill"}, place())
        pid, _ = who(warm, place())
        warm.release()
        wait_for(lambda: not alive(pid), 2)


def test_many_jobs_leave_no_threads_files_or_processes(place):
    def held():
        me = psutil.Process()
        return threading.active_count(), me.num_fds() if hasattr(me, "num_fds") else 0, len(me.children())

    before = held()
    with child.Warm(MODULE, environment=ENVIRONMENT) as warm:
        for number in range(6):
            who(warm, place())
            job = warm.start({"what": "steps"}, place())
            job.cancel()
            if number % 3 == 2:
                with pytest.raises(PTLFError):
                    warm.run({"what": "sigkill"}, place())
    assert held() == before
