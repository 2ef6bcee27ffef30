"""Work in a child process: progress as JSON lines, one way to stop it, and no success without proof.

The parent starts ``python -m MODULE job.json`` in a process group of its own and reads its standard output:
one JSON object per line (``{"event": "progress", "stage": ..., "done": ..., "total": ...}``, ``"device"`` with
a reason, ``"error"`` with a sentence).  Lines that are not such objects are log.  The run has succeeded only
if the exit code is 0 *and* ``manifest.json`` names every output with its SHA-256.  The child dies with its
parent: it watches its standard input, which the parent holds open.

Parent side: `Child` (poll it from a timer, as a panel does) or `run` (waits, as a command line does).
Child side: `serve`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from ..errors import EXIT_CODES, Cancelled, MissingDependency, OutOfMemory, PTLFError, is_out_of_memory, tells_of_memory
from ..hashes import file_sha256
from ..progress import Progress, no_progress

Event = dict[str, Any]

LOG_LINES = 400
"""Lines of the child's log that are kept for diagnostics."""

LINE_BYTES = 8192
"""A longer line is cut: a child that writes garbage must not fill the parent's memory."""

LOG_CHARACTERS = 2000
"""What is kept of a line of the log."""

MESSAGE_CHARACTERS = 1200
"""An error's sentence is cut to this, so that its line is whole even if every character is escaped (6 bytes)."""

WAITING_EVENTS = 1000
"""Events kept until the next `Child.poll`; of more, the oldest go."""

MEMORY_LIMIT = "PTLF_MEMORY_LIMIT_MB"
"""Environment variable: address space that a child may use, in MB (not on Windows)."""

SILENCE_S = 900.0
"""A child that says nothing for this long is taken to hang."""

LAUNCHERS_WORDS = "exit abnormally - Report the problem"
"""CTK's AppLauncher (PythonSlicer) says this and returns 1 where the Python behind it was killed or crashed."""

GRACE_S = 2.0
"""What a child's own workers get to end after it has ended."""

_WINDOWS = os.name == "nt"


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
        job_file = self.work / "job.json"
        job_file.write_text(json.dumps(dict(job)), encoding="utf-8")
        (self.work / "manifest.json").unlink(missing_ok=True)  # one of an earlier run would prove nothing
        library = str(Path(__file__).resolve().parents[2])
        paths = [library, *filter(None, [os.environ.get("PYTHONPATH")])]
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
                start_new_session=not _WINDOWS,
                creationflags=subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW if _WINDOWS else 0,
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
            event = _parse(text)
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
        killed = code < 0 and -code == signal.SIGKILL
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
            manifest = json.loads((self.work / "manifest.json").read_text(encoding="utf-8"))
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


def _parse(line: str) -> Event | None:
    """The event in a line; None for anything else, so that it becomes log."""
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return None
    if event["event"] == "progress" and not (type(event.get("done")) is type(event.get("total")) is int):
        return None
    return event


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


def kill_tree(pid: int) -> None:
    """End the process group that `Child` started, workers included; nothing happens if it is gone."""
    if _WINDOWS:
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], capture_output=True, check=False)
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def serve(function: Callable[[dict[str, Any], Path, Callable[[Event], None]], Mapping[str, Path]]) -> None:
    """Child side: run `function` on the job named on the command line, then exit with its code.

    Parameters
    ----------
    function : callable
        Takes ``(job, work, emit)``, writes its outputs under `work` and returns them by name.  ``emit`` sends an
        event; `progress_of` makes a `Progress` of it.
    """
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    os.dup2(2, 1)  # what libraries print is log, not events
    job_file = Path(sys.argv[1])
    threading.Thread(target=_die_with_parent, args=(job_file.parent,), daemon=True).start()

    def emit(event: Event) -> None:
        if "message" in event:
            event = {**event, "message": str(event["message"])[:MESSAGE_CHARACTERS]}
        events.write("\n" + json.dumps(event, ensure_ascii=False) + "\n")  # a library may have left a line open
        events.flush()

    def fail(error: BaseException) -> NoReturn:
        code, message = _told(error)
        emit({"event": "error", "message": message})
        _leave(code)

    def fail_in_thread(failed: threading.ExceptHookArgs) -> None:
        fail(failed.exc_value or MemoryError())

    threading.excepthook = fail_in_thread  # a library would wait for its thread for ever: nnU-Net for the next tile
    try:
        _limit_memory()
        outputs = function(json.loads(job_file.read_text(encoding="utf-8")), job_file.parent, emit)
        _write_manifest(job_file.parent, outputs)
    except Exception as error:
        fail(error)
    _leave(0)


def _leave(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads of libraries must not keep a finished child alive


def _told(error: BaseException) -> tuple[int, str]:
    """Exit code and sentence of a failure in the child; its traceback goes to the log."""
    if isinstance(error, PTLFError):
        return error.exit_code, error.message
    if isinstance(error, MemoryError):
        return OutOfMemory.exit_code, "The computer has too little free memory for this. Close other programs."
    traceback.print_exception(error)
    if is_out_of_memory(error):
        return OutOfMemory.exit_code, f"There was too little memory for this ({_first_line(error)})."
    if isinstance(error, ImportError):
        return MissingDependency.exit_code, f"A package is missing: {error}. './ptlf doctor' says how to get it."
    return 1, f"An unexpected error: {type(error).__name__}: {error}"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def progress_of(emit: Callable[[Event], None]) -> Progress:
    """A `Progress` that sends its calls to the parent."""
    return lambda stage, done, total: emit({"event": "progress", "stage": stage, "done": done, "total": total})


def _write_manifest(work: Path, outputs: Mapping[str, Path]) -> None:
    listed = {
        name: {"file": str(Path(path).relative_to(work)), "sha256": file_sha256(path)} for name, path in outputs.items()
    }
    temporary = work / "manifest.json.part"
    temporary.write_text(json.dumps({"outputs": listed}), encoding="utf-8")
    temporary.replace(work / "manifest.json")


def _limit_memory() -> None:
    limit = os.environ.get(MEMORY_LIMIT)
    if limit and not _WINDOWS:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(limit) << 20,) * 2)


def _die_with_parent(work: Path) -> None:
    """A parent that was killed cannot remove the patient's CT."""
    with contextlib.suppress(OSError, ValueError):
        while os.read(0, 4096):
            pass
    shutil.rmtree(work, ignore_errors=True)
    if not _WINDOWS and os.getpgrp() == os.getpid():  # a group of our own, as `Child` makes it
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)
