"""A child process that stays between jobs: what it has imported and loaded serves the next one too."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..progress import Progress, no_progress
from .job import POLL_S, SILENCE_S, Job, followed
from .process import Process
from .protocol import BEGUN, ENDED, LAST, LEAVES, WARM, Event

IDLE = "PTLF_IDLE_S"
"""Environment variable: seconds after which a warm child without a job leaves."""

IDLE_S = 300.0

CANCEL_GRACE_S = 1.0
"""What a job gets to stop by itself, at its next progress; then its process is ended."""


class Warm:
    """Jobs one after the other in one process, which is started when a job needs it.

    The process leaves by itself when it has had no job for a while, when a job failed in a way that leaves it in doubt
    (out of memory, an unexpected error) or left threads or processes behind, and when its parent is gone; the next job
    gets a new one.

    Parameters
    ----------
    module : str
        Module whose ``__main__`` calls `serve`.
    what : str
        Name of the work in sentences.
    idle_s : float, optional
        `IDLE_S`, or what the environment variable `IDLE` says.
    environment, python
        See `Child`.
    """

    def __init__(
        self,
        module: str,
        *,
        what: str = "The run",
        idle_s: float | None = None,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ):
        self.module, self.what, self.python = module, what, python
        self.environment = dict(environment or {})
        self.idle_s = idle_seconds() if idle_s is None else idle_s
        self._resident: _Resident | None = None
        self._job: WarmJob | None = None
        self._numbers = 0
        self._lock = threading.RLock()
        self._closed = self._to_release = False

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the process that waits or works; None where there is none."""
        resident = self._resident
        return resident.process.pid if resident is not None and resident.usable else None

    @property
    def busy(self) -> bool:
        return self._job is not None and self._job.running

    def start(
        self, job: Mapping[str, Any], work: Path, *, what: str | None = None, silence_s: float = SILENCE_S
    ) -> WarmJob:
        """Start a job; one at a time.

        Parameters
        ----------
        job, work, what, silence_s
            See `Job`.
        """
        with self._lock:
            if self._closed or self.busy:
                raise RuntimeError("closed" if self._closed else "one job at a time")
            self._numbers += 1
            self._job = WarmJob(self, self._numbers, job, work, what or self.what, silence_s)
            return self._job

    def run(
        self,
        job: Mapping[str, Any],
        work: Path,
        *,
        progress: Progress = no_progress,
        on_event: Callable[[Event], None] = lambda event: None,
        **options: Any,
    ) -> dict[str, Path]:
        """A job to its end; returns the outputs.  `progress` may raise to stop it.  `options` are `start`'s."""
        started = self.start(job, work, **options)
        try:
            return followed(started, progress, on_event)
        except BaseException:
            started.cancel()
            raise

    def release(self) -> None:
        """Give back memory, on the graphics card too: the process leaves, at once or after its job."""
        with self._lock:
            if self.busy:
                self._to_release = True
            else:
                self._end()

    def close(self) -> None:
        """Cancel what runs, and take no more jobs."""
        with self._lock:
            self._closed = True
            if self._job is not None:
                self._job.cancel()
            self._end()

    def place(self) -> _Resident:
        """The process that waits, or a new one."""
        with self._lock:
            if self._resident is None or not self._resident.usable:
                self._end()
                self._resident = _Resident(self)
            return self._resident

    def job_is_over(self, resident: _Resident) -> None:
        """End the process that a job has left behind, unless it waits for the next."""
        with self._lock:
            if self._resident is resident and (self._to_release or not resident.usable):
                self._to_release = False
                self._end()

    def _end(self) -> None:
        resident, self._resident = self._resident, None
        if resident is not None:
            resident.process.kill()


class _Resident:
    """The process of a `Warm`, and the job it hears for."""

    def __init__(self, warm: Warm):
        self.leaves = self.served = False
        self.job: WarmJob | None = None
        self.process = Process(
            warm.module,
            [WARM, f"{warm.idle_s:g}"],
            self._hear,
            what=warm.what,
            environment=warm.environment,
            python=warm.python,
        )

    @property
    def usable(self) -> bool:
        return not self.leaves and self.process.returncode is None

    def _hear(self, event: Event | None, line: str) -> None:
        job = self.job
        if event is not None and (event["event"] == LEAVES or event.get(LAST)):
            self.leaves = True
        if event is not None and event["event"] == ENDED:
            self.served = True
        if job is None or job.ended:
            return  # nothing of a former job may come into the next one's log
        number = None if event is None else event.get("job")
        if number == job.number:
            job.hear(event, line)
        elif number is None:
            job.hear(None, line)


class WarmJob(Job):
    """A job of a warm worker: polled and cancelled as a `Child` is."""

    def __init__(self, warm: Warm, number: int, job: Mapping[str, Any], work: Path, what: str, silence_s: float):
        super().__init__(job, work, what, silence_s)
        self._warm, self.number = warm, number
        self._code: int | None = None
        self._begun = self._stopped = self._over = False
        self._send()

    def _send(self) -> None:
        for _again in range(2):  # the process that waited may have left in this very moment
            self._resident = self._warm.place()
            self._process = self._resident.process
            self._process.last_line = time.monotonic()
            self._resident.job = self
            if self._ask({"job": self.number, "work": str(self.work)}):
                return

    def _ask(self, command: Mapping[str, Any]) -> bool:
        return self._process.send(json.dumps(command))

    @property
    def ended(self) -> bool:
        """Whether the process has said that it has."""
        return self._code is not None

    @property
    def code(self) -> int | None:
        return super().code if self._code is None else self._code

    def hear(self, event: Event | None, line: str) -> None:
        kind = None if event is None else event["event"]
        if kind == BEGUN:
            self._begun = True
        elif kind == ENDED:
            self._code = event.get("code", 1)
        else:
            super().hear(event, line)

    @property
    def running(self) -> bool:
        if self._over:
            return False
        if not self.ended:
            if self._process.running:
                return True
            gone = self._resident.leaves or self._resident.served  # by itself, or ended from outside while it waited
            if gone and not self._begun and not self._stopped:
                self._send()
                return True
        self._over = True
        self._warm.job_is_over(self._resident)
        return False

    def cancel(self) -> None:
        """Ask it to stop at its next progress, and end its process where it does not; `result` raises `Cancelled`."""
        self._cancelled = self._stopped = True
        if self.running and self._ask({"cancel": self.number}):
            patience = time.monotonic() + CANCEL_GRACE_S
            while self.running and time.monotonic() < patience:
                time.sleep(POLL_S / 5)
        self.kill()

    def kill(self) -> None:
        """End the process, if the job still runs."""
        self._stopped = True
        if self.running:
            super().kill()
            self._warm.job_is_over(self._resident)
            self._over = True


def idle_seconds() -> float:
    """`IDLE_S`, or what the environment says."""
    try:
        return max(0.0, float(os.environ.get(IDLE, "")))
    except ValueError:
        return IDLE_S
