"""The same extraction on a local Dask cluster of two worker processes: the same bytes, also when one is lost."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
import SimpleITK as sitk

from abdomen import image_of, small_arrays
from misbehaving_cases import MODULE, started
from PTLFPredictorLib.case import Sources
from PTLFPredictorLib.cohort.extraction import Extraction
from PTLFPredictorLib.cohort.extraction.cluster import run_on
from PTLFPredictorLib.cohort.extraction.contained import Task
from PTLFPredictorLib.cohort.extraction.job import CaseJob, Options
from PTLFPredictorLib.cohort.extraction.run import WORKER, extract
from PTLFPredictorLib.cohort.extraction.schedule import Where
from PTLFPredictorLib.cohort.table import Case
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation import provenance
from PTLFPredictorLib.segmentation.reading import Source
from PTLFPredictorLib.signature import load

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

TESTING = Path(__file__).resolve().parents[2]
DIFFERS = "log.csv"
"""The one file with times in it."""


@pytest.fixture
def cluster(monkeypatch):
    from PTLFPredictorLib.child.process import LIBRARY

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(LIBRARY), str(TESTING))))
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None, memory_limit=None) as made:
        yield made


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> list[Case]:
    """Six small phantoms and three broken ones."""
    folder = tmp_path_factory.mktemp("cohort")
    listed = []
    said = provenance.said("hand", "A. Reader")
    for seed in range(6):
        hu, labels = small_arrays(seed)
        paths = [folder / f"{seed}-{name}.nii.gz" for name in ("ct", "segments", "second")]
        for image, path in zip((hu, labels, np.roll(labels, 1, axis=2)), paths, strict=True):
            sitk.WriteImage(image_of(image), str(path))
        sources = [(Source(path),) for path in paths[1:]]
        listed.append(Case(seed + 2, f"p{seed}", paths[0], *sources, mask_origin=said))
    empty, cut = folder / "empty.nii.gz", folder / "cut.nii.gz"
    sitk.WriteImage(image_of(labels * 0), str(empty))
    cut.write_bytes(listed[0].ct.read_bytes()[:1000])
    listed += [
        Case(8, "empty", listed[0].ct, (Source(empty),)),
        Case(9, "cut", cut, listed[0].segmentation),
        Case(10, "gone", folder / "gone.nii.gz", listed[0].segmentation),
    ]
    return listed


OPTIONS = Options(load("ptlf-published"), second=True)


@pytest.fixture(scope="module")
def one_at_a_time(cases, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("here")
    made = extract(cases, OPTIONS, out, where=Where(1))
    assert [case.id for case in made.cases if not case.done] == ["empty", "cut", "gone"]
    return out


def contents(out: Path) -> dict[str, bytes]:
    files = (path for path in out.rglob("*") if path.is_file() and "cache" not in path.parts)
    return {str(path.relative_to(out)): path.read_bytes() for path in files if path.name != DIFFERS}


def wait_for(condition, seconds: float = 600.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def children_of(process: psutil.Process) -> list[int]:
    """Those that do a case."""
    found = []
    for one in process.children():
        with suppress(psutil.NoSuchProcess):  # ended in this moment
            if WORKER in " ".join(one.cmdline()):
                found.append(one.pid)
    return found


def gone(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def test_two_at_a_time_give_the_same_bytes(cases, one_at_a_time, tmp_path):
    extract(cases, OPTIONS, tmp_path, where=Where(2))
    assert contents(tmp_path) == contents(one_at_a_time)


def test_two_worker_processes_give_the_same_bytes(cases, one_at_a_time, cluster, tmp_path):
    extract(cases, OPTIONS, tmp_path, where=Where(scheduler=cluster.scheduler_address))
    assert contents(tmp_path) == contents(one_at_a_time)


def test_a_worker_that_is_killed_in_the_middle_costs_no_case(cases, one_at_a_time, cluster, tmp_path):
    lost = []

    def kill_one(stage, done, total):
        if stage.startswith("Cases") and done == 2 and not lost:
            pids = [nanny.pid for nanny in cluster.workers.values()]
            wait_for(lambda: any(children_of(psutil.Process(pid)) for pid in pids))
            busy = next(pid for pid in pids if children_of(psutil.Process(pid)))
            lost.extend((busy, *children_of(psutil.Process(busy))))
            os.kill(busy, signal.SIGKILL)

    extract(cases, OPTIONS, tmp_path, where=Where(scheduler=cluster.scheduler_address), progress=kill_one)
    assert lost
    assert all(map(gone, lost))  # the case's child ended with its worker
    assert contents(tmp_path) == contents(one_at_a_time)


def test_a_cases_child_that_is_killed_in_the_middle_costs_no_case(cases, one_at_a_time, tmp_path):
    """By the system, where memory runs out: the case is tried once more, alone."""
    lost, said = [], []

    def kill_one(stage, done, total):
        if stage.startswith("Cases") and done == 1 and not lost:
            wait_for(lambda: lost.extend(children_of(psutil.Process())) or lost)
            os.kill(lost[0], signal.SIGKILL)

    extract(cases, OPTIONS, tmp_path, where=Where(2), progress=kill_one, say=said.append)
    assert lost
    assert any(text.startswith("1 case found too little memory beside others") for text in said)
    assert contents(tmp_path) == contents(one_at_a_time)


def test_a_second_segmentation_is_measured_beside_the_first(one_at_a_time):
    made = Extraction.read(one_at_a_time)
    first, second = made.features().loc["p0"], made.second().loc["p0"]
    assert set(second.index) == set(first.index)
    assert second.notna().all()
    assert (first != second).any()


def test_a_run_that_is_stopped_leaves_no_process_on_the_workers(cluster, tmp_path):
    cts = [tmp_path / f"sleep-{place}.txt" for place in range(4)]
    for ct in cts:
        ct.write_text("sleep 0")
    tasks = [Task(MODULE, CaseJob(Sources(ct), (), None, {}, {}), "The extraction") for ct in cts]
    tasks.append(Task(MODULE, CaseJob(Sources(tmp_path / "ok.txt"), (), None, {}, {}), "The extraction"))
    (tmp_path / "ok.txt").write_text("ok 1")
    tasks.insert(0, tasks.pop())
    with closing(run_on(cluster.scheduler_address, tasks)) as outcomes:
        assert next(outcomes)[0] == 0
        wait_for(lambda: sum(bool(started(ct)) for ct in cts) == 2)
    running = [pid for ct in cts for pid in started(ct)]
    wait_for(lambda: all(map(gone, running)), 60)
    assert sum(bool(started(ct)) for ct in cts) == 2  # what waited never started


def test_a_scheduler_that_is_not_there_is_told(tmp_path, cases, monkeypatch):
    monkeypatch.setattr("PTLFPredictorLib.cohort.extraction.cluster.CONNECT_S", 2)
    with pytest.raises(BadInput, match=r"No Dask scheduler answers at 'tcp://127.0.0.1:9'"):
        extract(cases[:1], OPTIONS, tmp_path, where=Where(scheduler="tcp://127.0.0.1:9"))
