"""Tasks given to what computes, their outcomes taken as they come, how far it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ...child.system import cpu_cores
from ...errors import OutOfMemory
from ...progress import Progress, no_progress
from .cluster import run_on, threads_of
from .contained import Outcome, Task
from .here import jobs_for, run_here


@dataclass(frozen=True)
class Where:
    """What computes.

    Parameters
    ----------
    jobs : int, optional
        Cases at a time on this machine; chosen by cores and free memory where it is not given.
    scheduler : str
        Address of a Dask scheduler, "" for this machine alone.
    why : str
        Why so many `jobs`, in words.
    """

    jobs: int | None = None
    scheduler: str = ""
    why: str = "as --jobs says"


HERE = Where()


def outcomes(
    tasks: Sequence[Task],
    where: Where,
    bytes_per_task: float,
    progress: Progress = no_progress,
    say: Callable[[str], None] = lambda text: None,
    bytes_once: float = 0.0,
) -> Iterator[tuple[int, Outcome]]:
    """Number and outcome of each task, as they end; one that found no memory is tried once more, alone, at the end.

    Parameters
    ----------
    tasks : sequence of Task
        Their `cores` are set here.
    where : Where
    bytes_per_task : float
        Memory that one needs at most.
    progress : Progress
        Told after each that it is done, and how many failed.
    say : callable
        Told how many run at a time, and why.
    bytes_once : float
        Memory of the one process that draws for all.
    """
    if not tasks:
        return
    at_a_time, why = _at_a_time(where, bytes_per_task, bytes_once)
    say(f"{at_a_time} case{'s' * (at_a_time > 1)} at a time ({why})")
    tasks = [replace(task, cores=max(1, cpu_cores() // at_a_time)) for task in tasks]
    done, failed, again = 0, 0, []

    def count(outcome: Outcome) -> None:
        nonlocal done, failed
        done, failed = done + 1, failed + bool(outcome.exit_code)
        progress(f"Cases: {failed} failed" if failed else "Cases", done, len(tasks))

    progress("Cases", 0, len(tasks))
    for number, outcome in _running(tasks, where, at_a_time):
        if outcome.exit_code == OutOfMemory.exit_code and at_a_time > 1:
            again.append(number)
            continue
        yield number, outcome
        count(outcome)
    if again:
        say(f"{len(again)} case{'s' * (len(again) > 1)} found too little memory beside others: once more, alone")
        for place, outcome in _running([tasks[number] for number in again], where, 1):
            yield again[place], outcome
            count(outcome)


def _at_a_time(where: Where, bytes_per_task: float, bytes_once: float) -> tuple[int, str]:
    if where.scheduler:
        workers, threads = threads_of(where.scheduler)
        return threads, f"{workers} Dask workers"
    return jobs_for(bytes_per_task, bytes_once) if where.jobs is None else (where.jobs, where.why)


def _running(tasks: Sequence[Task], where: Where, at_a_time: int) -> Iterator[tuple[int, Outcome]]:
    running = run_on(where.scheduler, tasks) if where.scheduler else run_here(tasks, at_a_time)
    with contextlib.closing(running):
        yield from running
