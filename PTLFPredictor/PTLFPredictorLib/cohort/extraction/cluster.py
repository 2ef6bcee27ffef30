"""The same tasks on the machines of a Dask cluster; their outcomes, and so all files, are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import uuid4

from ...child.system import cpu_cores
from ...errors import BadInput, MissingDependency, OutOfMemory, PTLFError
from .contained import Outcome, Task, contained
from .drawing import Drawing

CONNECT_S = 30


def run_on(address: str, tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
    """Number and outcome of each task, as they end; closing the iterator takes back what has not ended.

    A task whose worker is lost is given to another one.  The workers need this program and its packages, in the same
    versions, and must reach the CTs under the same paths.

    Parameters
    ----------
    address : str
        Of the scheduler: "tcp://host:8786".
    tasks : sequence of Task

    Raises
    ------
    MissingDependency
        Without Dask.
    BadInput
        Where no scheduler answers there, or it has no workers.
    PTLFError
        Where the scheduler is lost on the way.
    """
    client = _client(address)
    futures: dict[Any, int] = {}
    try:
        from distributed import as_completed

        run = uuid4().hex
        for number, task in enumerate(tasks):
            futures[client.submit(_on_worker, task, key=f"ptlf-{run}-{number}", pure=False)] = number
        for future in as_completed(list(futures), loop=client.loop):
            number = futures.pop(future)
            yield number, _outcome_of(future)
            future.release()
    finally:
        client.cancel(list(futures), force=True)
        client.close()


def threads_of(address: str) -> tuple[int, int]:
    """Workers of a cluster and their threads: as many tasks run at a time."""
    client = _client(address)
    try:
        workers = client.nthreads()
    finally:
        client.close()
    return len(workers), sum(workers.values())


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingDependency(
            "Dask is not installed, which --scheduler needs: './ptlf cohort extract --scheduler ...' installs it, in "
            "another environment 'pip install dask distributed' does. Without it this machine's cores are used."
        ) from error
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise BadInput(f"No Dask scheduler answers at '{address}' ('dask scheduler' starts one).") from error
    if not client.nthreads():
        client.close()
        raise BadInput(f"The Dask scheduler at '{address}' has no workers ('dask worker {address}' starts one).")
    return client


def _outcome_of(future: Any) -> Outcome:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        sentence = "The machines that computed this case were lost, one after the other; it may need more memory."
        return Outcome(problem=sentence, exit_code=OutOfMemory.exit_code)
    except ImportError as error:
        raise MissingDependency(f"A Dask worker lacks this program or a package of it: {error}.") from error
    except Exception as error:
        if future.status == "error":
            raise
        raise PTLFError("The Dask scheduler was lost. Run again: finished cases are kept.") from error


def _on_worker(task: Task) -> Outcome:
    """On a worker: the child ends when the task is taken back, or its client is gone."""
    from distributed import get_worker
    from distributed.worker import thread_state

    worker, key = get_worker(), thread_state.key
    cores = max(1, cpu_cores() // worker.state.nthreads)

    def taken_back() -> bool:
        state = worker.state.tasks.get(key)
        return state is None or state.state not in ("executing", "long-running")

    return contained(replace(task, cores=cores), taken_back, _drawing())


@cache
def _drawing() -> Drawing:
    """Of this worker's process: its networks stay loaded, for some minutes, until the next case."""
    return Drawing()
