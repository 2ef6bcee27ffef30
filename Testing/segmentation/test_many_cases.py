"""Twenty-four CTs through one worker, some cancelled, killed or without memory: each its own fate, and no leaks."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.errors import Cancelled, OutOfMemory
from PTLFPredictorLib.sample import make_case
from PTLFPredictorLib.segmentation import Segmenter, default_model, segment
from PTLFPredictorLib.segmentation.how import How

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("needs_nnunet")]

CANCELLED = {5, 11, 16, 19, 22}
KILLED = {7, 13}
OUT_OF_MEMORY = {9}
KILLED_BETWEEN = {15}
"""Case by case (1 to 24); `KILLED_BETWEEN`: the process that waits, before that case."""

MB = 1 << 20


@pytest.fixture(scope="module")
def cts() -> list[sitk.Image]:
    """Cases of sizes that differ."""
    made = [make_case(31 + number, matrix=128, tumours=1).ct for number in range(4)]
    return [sitk.RegionOfInterest(ct, (76 + 4 * n, 72, 40 + n), (8, 20, 0)) for n, ct in enumerate(made)]


@pytest.fixture(scope="module")
def large() -> sitk.Image:
    """More than the pages that a process has left over from small ones."""
    return make_case(31, matrix=512).ct


@pytest.fixture(scope="module")
def cold(cts) -> list[np.ndarray]:
    """What a process of its own draws on each."""
    drawn = []
    for ct in cts:
        with tempfile.TemporaryDirectory() as work:
            drawn.append(sitk.GetArrayFromImage(segment(ct, default_model(), work=Path(work), how=How("cpu")).labels))
    assert all(np.any(labels) for labels in drawn)
    return drawn


class Held:
    """What this process and the worker's hold."""

    def __init__(self, pid: int):
        me, worker = psutil.Process(), psutil.Process(pid)
        self.mb = worker.memory_info().rss / MB, me.memory_info().rss / MB
        self.threads = worker.num_threads(), me.num_threads()
        self.files = (worker.num_fds(), me.num_fds()) if hasattr(me, "num_fds") else (0, 0)
        self.processes = len(me.children(recursive=True))


def at_a_tile(act):
    """A progress that does something once the first tile is drawn."""

    def progress(stage, done, total):
        if stage == "Tiles" and done:
            act()

    return progress


def at_the_start(act):
    """A progress that does something once, when the process is at work and has not read the CT."""
    left = [act]
    return lambda stage, done, total: left and left.pop()()


def stop():
    raise Cancelled()


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="the system cannot limit a process that runs")
def test_every_case_has_its_own_fate_and_nothing_leaks(cts, cold, large, tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))  # the worker's
    held, pids = {}, []
    with Segmenter() as segmenter:
        for number in range(1, 25):
            which, work = number % len(cts), tmp_path / f"case{number}"
            work.mkdir()
            asked = {"work": work, "how": How("cpu")}

            def kill(segmenter=segmenter):
                os.kill(segmenter.pid, signal.SIGKILL)

            def narrow(segmenter=segmenter):
                worker = psutil.Process(segmenter.pid)
                worker.rlimit(psutil.RLIMIT_AS, (worker.memory_info().vms + MB,) * 2)

            if number in CANCELLED:
                with pytest.raises(Cancelled):
                    segmenter.segment(cts[which], default_model(), progress=at_a_tile(stop), **asked)
            elif number in KILLED:
                with pytest.raises(OutOfMemory, match="stopped from outside"):
                    segmenter.segment(cts[which], default_model(), progress=at_a_tile(kill), **asked)
            elif number in OUT_OF_MEMORY:
                with pytest.raises(OutOfMemory):
                    segmenter.segment(large, default_model(), progress=at_the_start(narrow), **asked)
            else:
                if number in KILLED_BETWEEN:
                    kill()
                    time.sleep(0.2)
                drawn = segmenter.segment(cts[which], default_model(), **asked).labels
                assert np.array_equal(sitk.GetArrayFromImage(drawn), cold[which]), number
                pids.append(segmenter.pid)
                held[number] = Held(segmenter.pid)
    print({number: [round(mb) for mb in one.mb] for number, one in held.items()})
    assert not psutil.Process().children(recursive=True)
    assert list(temporary.iterdir()) == []

    # the worker's within its last process, for two processes differ by some 80 MB; ours from the first case on
    for whose, early, late in ((0, (15, 17, 18), (20, 21, 23, 24)), (1, (1, 2, 3), (21, 23, 24))):
        before, after = (max(held[n].mb[whose] for n in numbers) for numbers in (early, late))
        assert after < 1.05 * before + 20
    first, last = held[4], held[24]
    assert last.files == first.files
    assert last.processes == first.processes == 1
    assert last.threads[1] == first.threads[1]
    assert last.threads[0] <= first.threads[0] + 1
    assert pids[0] == pids[4]  # a cancelled case leaves the process as it was: 1 to 6
    assert len(set(pids)) == 1 + len(KILLED | OUT_OF_MEMORY | KILLED_BETWEEN)
