"""One job of a child: what is said of it meanwhile, and what came of it, believed as far as its manifest proves."""

from __future__ import annotations

import contextlib
import json
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import EXIT_CODES, Cancelled, OutOfMemory, PTLFError, tells_of_memory
from ..hashes import file_sha256
from ..progress import Progress, no_progress
from .process import Process
from .protocol import JOB, LOG_CHARACTERS, LOG_LINES, MANIFEST, WAITING_EVENTS, Event
from .system import was_killed

SILENCE_S = 900.0
"""A child that says nothing for this long is taken to hang."""

LAUNCHERS_WORDS = "exit abnormally - Report the problem"
"""CTK's AppLauncher (PythonSlicer) says this and returns 1 where the Python behind it was killed or crashed."""

POLL_S = 0.05


class Job(ABC):
    """What `Child` and a warm worker's `WarmJob` have in common.

    Parameters
    ----------
    job : mapping
        JSON-ready arguments.
    work : Path
        Existing folder of this job alone: job, outputs and manifest are written here.  If this process is killed, the
        child removes it.
    what : str
        Name of the work in sentences, e.g. "The segmentation".
    silence_s : float
        Watchdog: seconds without a line after which the child is stopped.
    """

    _process: Process

    def __init__(self, job: Mapping[str, Any], work: Path, what: str, silence_s: float):
        self.what, self.work, self.silence_s = what, Path(work), silence_s
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self._error: Event | None = None
        self._cancelled = self._hung = False
        self._events: deque[Event] = deque(maxlen=WAITING_EVENTS)
        self.job_file.write_text(json.dumps(dict(job)), encoding="utf-8")
        (self.work / MANIFEST).unlink(missing_ok=True)  # one of an earlier run would prove nothing

    @property
    def job_file(self) -> Path:
        return self.work / JOB

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    @abstractmethod
    def running(self) -> bool:
        """Whether it is not yet known what came of it."""

    @property
    def code(self) -> int | None:
        """The exit code it ended with."""
        return self._process.returncode

    def hear(self, event: Event | None, line: str) -> None:
        if event is None:
            self.log.append(line[:LOG_CHARACTERS])
        elif event["event"] == "error":
            self._error = event
        else:
            self._events.append(event)

    def poll(self) -> list[Event]:
        """Events since the last call, never blocking; stops a child that has hung."""
        if self.running and time.monotonic() - self._process.last_line > self.silence_s:
            self._hung = True
            self.kill()
        events = []
        with contextlib.suppress(IndexError):
            while True:
                events.append(self._events.popleft())
        return events

    def cancel(self) -> None:
        """Stop it; `result` then raises `Cancelled`."""
        self._cancelled = True
        self.kill()

    def kill(self) -> None:
        """End the child and everything it started, at once; returns when they are gone."""
        self._process.kill()

    def result(self) -> dict[str, Path]:
        """Outputs by name, each checked against its SHA-256; call when not `running`.

        Raises
        ------
        PTLFError
            Of the kind the exit code stands for, with a sentence that says what happened and what to do.
        """
        self.poll()
        if self._cancelled:
            raise Cancelled()
        code = self.code
        if self._hung:
            raise PTLFError(
                f"{self.what} gave no sign of life for {self.silence_s:g} s and was stopped. "
                f"Try again; if it happens again, choose the CPU.{self._log_tail()}"
            )
        if code == 0:
            return self._outputs()
        if self._error is not None:
            raise EXIT_CODES.get(code, PTLFError)(str(self._error.get("message", "unknown error")))
        killed = was_killed(code)
        if killed or any(LAUNCHERS_WORDS in line for line in self.log):
            how = "was stopped from outside (signal 9)" if killed else "was stopped from outside or crashed"
            raise OutOfMemory(
                f"{self.what} {how}. Most often the computer ran out of memory: close other programs and try again."
            )
        kind = EXIT_CODES.get(code, PTLFError)
        if any(tells_of_memory(line) for line in self.log):
            kind = OutOfMemory  # C++ code that finds no memory aborts
        raise kind(f"{self.what} ended with exit code {code}.{self._log_tail()}")

    def _outputs(self) -> dict[str, Path]:
        try:
            manifest = json.loads((self.work / MANIFEST).read_text(encoding="utf-8"))
            outputs = {name: (self.work / item["file"], item["sha256"]) for name, item in manifest["outputs"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise PTLFError(f"{self.what} ended without naming its results.{self._log_tail()}") from error
        inside = self.work.resolve()
        for path, digest in outputs.values():
            if inside not in path.resolve().parents or not path.is_file() or file_sha256(path) != digest:
                raise PTLFError(f"{self.what} left a damaged result ({path.name}). Try again.")
        return {name: path for name, (path, _) in outputs.items()}

    def _log_tail(self) -> str:
        lines = [line for line in self.log if line.strip()][-8:]
        return " Its last lines: " + " | ".join(lines) if lines else ""


def followed(
    job: Job, progress: Progress = no_progress, on_event: Callable[[Event], None] = lambda event: None
) -> dict[str, Path]:
    """Wait for the end of a job and return its outputs; `progress` may raise.  An exception leaves it running."""
    while job.running:
        _tell(job.poll(), progress, on_event)
        time.sleep(POLL_S)
    _tell(job.poll(), progress, on_event)
    return job.result()


def _tell(events: list[Event], progress: Progress, on_event: Callable[[Event], None]) -> None:
    for event in events:
        if event["event"] == "progress":
            progress(str(event.get("stage", "")), event["done"], event["total"])
        else:
            on_event(event)
