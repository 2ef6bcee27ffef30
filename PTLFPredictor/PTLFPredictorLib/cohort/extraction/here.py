"""Many tasks on this machine, as many at a time as its cores and its memory allow."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence

from ...child.system import cpu_cores, free_memory_bytes
from ...errors import Cancelled
from .contained import Outcome, Task, contained
from .drawing import Drawing

GB = 1 << 30


def jobs_for(bytes_per_task: float, bytes_once: float = 0.0) -> tuple[int, str]:
    """How many tasks at a time, and why, in words.

    Parameters
    ----------
    bytes_per_task : float
        Memory that one needs at most.
    bytes_once : float
        What the one process needs that draws for all.
    """
    cores, free = cpu_cores(), free_memory_bytes()
    if free is None:
        return cores, f"{cores} cores"
    fitting = max(1, int((free - bytes_once) // bytes_per_task))
    words = f"{cores} cores, {free / GB:.1f} GB free, up to {bytes_per_task / GB:.1f} GB a case"
    words += f" and {bytes_once / GB:.1f} GB to draw" if bytes_once else ""
    return min(cores, fitting), words


def run_here(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[int, Outcome]]:
    """Number and outcome of each task, as they end; closing the iterator, or an exception in it, ends all children.

    Parameters
    ----------
    tasks : sequence of Task
    jobs : int
        At a time.  joblib's threads: each only waits for its child.
    """
    from joblib import Parallel, delayed

    stop, idle, active, drawing = threading.Event(), threading.Condition(), [0], Drawing()

    def one(number: int) -> tuple[int, Outcome | None]:
        with idle:
            active[0] += 1
        try:
            return number, contained(tasks[number], stop.is_set, drawing)
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
        drawing.close()
