"""A Python module in a process group of its own: started, heard line by line, ended with everything it started."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..errors import MissingDependency
from .protocol import LINE_BYTES, Event, parse
from .system import kill_tree, start_options

LIBRARY = Path(__file__).resolve().parents[2]
"""The folder that holds this package: on the child's path."""

GRACE_S = 2.0
"""What a child's own workers get to end after it has ended."""


class Process:
    """A running child.

    Parameters
    ----------
    module : str
    arguments : sequence of str
        After ``python -m MODULE``.
    hear : callable
        Takes each line, from a thread: the event in it, or None, and the line itself.
    what : str
        Name of the work in sentences.
    environment : mapping
        Added to the child's environment (never to the parent's).
    python : str

    Attributes
    ----------
    last_line : float
        When it was heard last, by `time.monotonic`.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        hear: Callable[[Event | None, str], None],
        *,
        what: str,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ):
        paths = [str(LIBRARY), *filter(None, [os.environ.get("PYTHONPATH")])]
        try:
            self._process = subprocess.Popen(
                [python, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={
                    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin cost 4 times the CPU beside other work
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
        self._hear, self._gone, self._ended = hear, False, None
        self._lock = threading.Lock()
        self.last_line = time.monotonic()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    def _read(self) -> None:
        stream = self._process.stdout
        with stream:
            while line := stream.readline(LINE_BYTES):
                self.last_line = time.monotonic()
                text = line.decode("utf-8", errors="replace").rstrip()
                self._hear(parse(text), text)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=GRACE_S)  # a warm child may end while nobody asks: it must not stay a zombie
        self.kill_tree()
        with self._lock, contextlib.suppress(OSError):
            self._process.stdin.close()

    def send(self, line: str) -> bool:
        """Write a line to its standard input; whether it could be written."""
        try:
            with self._lock:
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()
        except (OSError, ValueError):  # ended, or closed by us
            return False
        return True

    @property
    def running(self) -> bool:
        """Whether it, or the thread that hears it, is still at work; nothing more is heard once it is not."""
        if self._process.poll() is None:
            return True
        if not self._reader.is_alive():
            return False
        self._ended = self._ended or time.monotonic()
        if time.monotonic() - self._ended > GRACE_S:  # a worker of the ended child holds its output open
            self.kill_tree()
            self._reader.join(timeout=GRACE_S)
            return False
        return True

    def kill(self) -> None:
        """End it and everything it started, at once; returns when they are gone."""
        self.kill_tree()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._reader.join(timeout=5)

    def kill_tree(self) -> None:
        """Not again once the child has been waited for: its number may be another process's by then."""
        if not self._gone:
            kill_tree(self._process.pid)
            self._gone = self._process.poll() is not None
