"""A child process for one job."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..progress import Progress, no_progress
from .job import SILENCE_S, Job, followed
from .process import Process
from .protocol import Event


class Child(Job):
    """One run in a child process.

    Parameters
    ----------
    module : str
        Module whose ``__main__`` calls `serve`, e.g. ``PTLFPredictorLib.measures.radiomics.worker``.
    job, work, what, silence_s
        See `Job`.
    environment : mapping
        Added to the child's environment (never to the parent's).
    python : str
        Interpreter; inside Slicer that is PythonSlicer, not ``sys.executable``.
    """

    def __init__(
        self,
        module: str,
        job: Mapping[str, Any],
        work: Path,
        *,
        what: str = "The run",
        silence_s: float = SILENCE_S,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ):
        super().__init__(job, work, what, silence_s)
        self._process = Process(
            module, [str(self.job_file)], self.hear, what=what, environment=environment, python=python
        )

    @property
    def running(self) -> bool:
        return self._process.running

    def result(self) -> dict[str, Path]:
        self._process.kill_tree()  # workers that outlived their parent
        return super().result()


def run(
    module: str,
    job: Mapping[str, Any],
    work: Path,
    *,
    progress: Progress = no_progress,
    on_event: Callable[[Event], None] = lambda event: None,
    **options: Any,
) -> dict[str, Path]:
    """Run to the end and return the outputs; `progress` may raise to stop the child.

    `options` are `Child`'s.  Whatever exception passes through here, the child is gone afterwards.
    """
    child = Child(module, job, work, **options)
    try:
        return followed(child, progress, on_event)
    except BaseException:
        child.kill()
        raise
