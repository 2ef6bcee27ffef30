"""One case in a child process of its own: whatever happens in it, the other cases go on.

A crash of a process pool's worker (joblib's loky, Dask) takes its pool or its neighbours along; a child (`child`) takes
nothing along, ends with everything it started, at once when its parent is gone, and has a sentence for each end.
"""

from __future__ import annotations

import base64
import pickle
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import child
from ...child.system import CORES, ONE_THREAD
from ...errors import Cancelled, PTLFError
from .drawing import ASKS, Drawing

ITK_THREADS = "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"

TEMPORARY = "TMPDIR"
"""Where Python makes temporary folders."""

POLL_S = 0.05


@dataclass(frozen=True)
class Task:
    """What a child is asked for.

    Parameters
    ----------
    module : str
        Whose ``__main__`` calls `child.serve` with a function that takes its `payload` by `payload_of`.
    payload : object
        Pickled: parent and child are one program.
    what : str
        What failed, for sentences: "The extraction".
    cores : int
        That the child may use.
    """

    module: str
    payload: Any
    what: str
    cores: int = 1


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Parameters
    ----------
    files : mapping of str to bytes
        The child's outputs, by name; empty where it failed.
    problem : str
        "" where it did not fail.
    exit_code : int
        Of the kind of error (`errors.EXIT_CODES`); 0 where it did not fail.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    problem: str = ""
    exit_code: int = 0


def payload_of(job: Mapping[str, Any]) -> Any:
    """In the child: the task's payload."""
    return pickle.loads(base64.b64decode(job["payload"]))


def contained(task: Task, stopped: Callable[[], bool] = lambda: False, drawing: Drawing | None = None) -> Outcome:
    """Run a task in a child process; a failure is an outcome too.

    Parameters
    ----------
    task : Task
    stopped : callable
        Asked every `POLL_S`; once it is true, the child is ended.
    drawing : Drawing, optional
        Draws where the task needs a model to draw; without it the child has a process of its own for that.

    Raises
    ------
    Cancelled
        When it was stopped.
    """
    job = {"payload": base64.b64encode(pickle.dumps(task.payload)).decode("ascii"), ASKS: drawing is not None}
    environment = {**ONE_THREAD, ITK_THREADS: str(task.cores), CORES: str(task.cores)}
    with tempfile.TemporaryDirectory(prefix="ptlf-", ignore_cleanup_errors=True) as folder:
        running = None
        try:
            if stopped():
                raise Cancelled()
            environment[TEMPORARY] = folder  # nothing of a case stays, whatever ends its child
            running = child.Child(task.module, job, Path(folder), what=task.what, environment=environment)
            while running.running:
                if stopped():
                    running.cancel()
                for event in running.poll():
                    if event["event"] == ASKS and drawing is not None:
                        drawing.answer(Path(event["folder"]), lambda: running.running and not stopped())
                time.sleep(POLL_S)
            return Outcome({name: path.read_bytes() for name, path in running.result().items()})
        except Cancelled:
            raise
        except PTLFError as error:
            return Outcome(problem=error.message, exit_code=error.exit_code)
        finally:
            if running is not None:
                running.kill()
