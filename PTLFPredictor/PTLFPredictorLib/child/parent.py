"""The parent's side: start a child, hear what it says, stop it, and believe only what its manifest proves."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import EXIT_CODES, Cancelled, MissingDependency, OutOfMemory, PTLFError, tells_of_memory
from ..hashes import file_sha256
from ..progress import Progress, no_progress
from .protocol import JOB, LINE_BYTES, LOG_CHARACTERS, LOG_LINES, MANIFEST, WAITING_EVENTS, Event, parse
from .system import kill_tree, start_options, was_killed

LIBRARY = Path(__file__).resolve().parents[2]
"""The folder that holds this package: on the child's path."""

SILENCE_S = 900.0
"""A child that says nothing for this long is taken to hang."""

LAUNCHERS_WORDS = "exit abnormally - Report the problem"
"""CTK's AppLauncher (PythonSlicer) says this and returns 1 where the Python behind it was killed or crashed."""

GRACE_S = 2.0
"""What a child's own workers get to end after it has ended."""


class Child:
    """One run in a child process.

    Parameters
    ----------
    module : str
        Module whose ``__main__`` calls `serve`, e.g. ``PTLFPredictorLib.measures.radiomics.worker``.
    job : mapping
        JSON-ready arguments of the run.
    work : Path
        Existing folder of this run alone: job, outputs and manifest are written here.  If this process is killed, the
        child removes it.
    what : str
        Name of the work in sentences, e.g. "The segmentation".
    silence_s : float
        Watchdog: seconds without a line after which the child is stopped.
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
        self.what, self.work, self.silence_s = what, Path(work), silence_s
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self._error: Event | None = None
        self._cancelled = self._hung = self._gone = False
        self._events: deque[Event] = deque(maxlen=WAITING_EVENTS)
        job_file = self.work / JOB
        job_file.write_text(json.dumps(dict(job)), encoding="utf-8")
        (self.work / MANIFEST).unlink(missing_ok=True)  # one of an earlier run would prove nothing
        paths = [str(LIBRARY), *filter(None, [os.environ.get("PYTHONPATH")])]
        try:
            self._process = subprocess.Popen(
                [python, "-m", module, str(job_file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(paths),
                    "PYTHONIOENCODING": "utf-8",
                    "PYTHONSAFEPATH": "1",  # or a torch.py in the current folder would be imported
                    "PYTHONUNBUFFERED": "1",
                    **(environment or {}),
                },
                **start_options(),
            )
        except OSError as error:
            raise MissingDependency(
                f"{what} could not be started: '{python}' cannot be run ({error.strerror})."
            ) from error
        self._last_line = time.monotonic()
        self._ended: float | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        stream = self._process.stdout
        while line := stream.readline(LINE_BYTES):
            self._last_line = time.monotonic()
            text = line.decode("utf-8", errors="replace").rstrip()
            event = parse(text)
            if event is None:
                self.log.append(text[:LOG_CHARACTERS])
            elif event["event"] == "error":
                self._error = event
            else:
                self._events.append(event)

    def poll(self) -> list[Event]:
        """Events since the last call, never blocking; stops a child that has hung."""
        if self.running and time.monotonic() - self._last_line > self.silence_s:
            self._hung = True
            self.kill()
        events = []
        with contextlib.suppress(IndexError):
            while True:
                events.append(self._events.popleft())
        return events

    @property
    def running(self) -> bool:
        if self._process.poll() is None:
            return True
        if not self._reader.is_alive():
            return False
        self._ended = self._ended or time.monotonic()
        if time.monotonic() - self._ended > GRACE_S:  # a worker of the ended child holds its output open
            self._kill_tree()
            self._reader.join(timeout=GRACE_S)
            return False
        return True

    def cancel(self) -> None:
        """Stop the run; `result` then raises `Cancelled`."""
        self._cancelled = True
        self.kill()

    def kill(self) -> None:
        """End the child and everything it started, at once; returns when they are gone."""
        self._kill_tree()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._reader.join(timeout=5)

    def _kill_tree(self) -> None:
        """Not again once the child has been waited for: its number may be another process's by then."""
        if not self._gone:
            kill_tree(self._process.pid)
            self._gone = self._process.poll() is not None

    def result(self) -> dict[str, Path]:
        """Outputs by name, each checked against its SHA-256; call when not `running`.

        Raises
        ------
        PTLFError
            Of the kind the exit code stands for, with a sentence that says what happened and what to do.
        """
        self.poll()
        self._kill_tree()  # workers that outlived their parent
        if self._cancelled:
            raise Cancelled()
        code = self._process.returncode
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
        while child.running:
            _tell(child.poll(), progress, on_event)
            time.sleep(0.05)
        _tell(child.poll(), progress, on_event)
        return child.result()
    except BaseException:
        child.kill()
        raise


def _tell(events: list[Event], progress: Progress, on_event: Callable[[Event], None]) -> None:
    for event in events:
        if event["event"] == "progress":
            progress(str(event.get("stage", "")), event["done"], event["total"])
        else:
            on_event(event)
