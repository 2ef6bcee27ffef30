"""Many tasks on this machine, as many at a time as its cores and its memory allow."""

from __future__ import annotations

import shutil
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...child.system import cpu_cores, free_memory_bytes
from ...errors import Cancelled
from .contained import Outcome, Task, contained

GB = 1 << 30


def jobs_for(bytes_per_task: float) -> tuple[int, str]:
    """How many tasks at a time, and why, in words.

    Parameters
    ----------
    bytes_per_task : float
        Memory that one needs at most.
    """
    cores, free = cpu_cores(), free_memory_bytes()
    if free is None:
        return cores, f"{cores} cores"
    fitting = max(1, int(free // bytes_per_task))
    words = f"{cores} cores, {free / GB:.1f} GB free, up to {bytes_per_task / GB:.1f} GB a case"
    return min(cores, fitting), words


def has_gpu() -> bool:
    """Whether a graphics card of NVIDIA may be here; looks for its driver, asks nothing of it."""
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia").exists()


def run_here(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[int, Outcome]]:
    """Number and outcome of each task, as they end; closing the iterator, or an exception in it, ends all children.

    Parameters
    ----------
    tasks : sequence of Task
    jobs : int
        At a time.  joblib's threads: each only waits for its child.
    """
    from joblib import Parallel, delayed

    stop, idle, active = threading.Event(), threading.Condition(), [0]

    def one(number: int) -> tuple[int, Outcome | None]:
        with idle:
            active[0] += 1
        try:
            return number, contained(tasks[number], stop.is_set)
        except Cancelled:
            return number, None
        finally:
            with idle:
                active[0] -= 1
                idle.notify_all()

    parallel = Parallel(n_jobs=jobs, backend="threading", return_as="generator_unordered", batch_size=1)
    outcomes = parallel(delayed(one)(number) for number in range(len(tasks)))
    try:
        for number, outcome in outcomes:
            if outcome is not None:
                yield number, outcome
    finally:
        stop.set()
        with warnings.catch_warnings(
            action="ignore", category=UserWarning
        ):  # that tasks were cancelled: as they should
            outcomes.close()
        with idle:
            idle.wait_for(lambda: active[0] == 0, timeout=30)
