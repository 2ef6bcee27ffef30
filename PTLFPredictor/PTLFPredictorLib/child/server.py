"""The child's side: run a function on a job or on one after the other, and tell the parent of it."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from ..errors import MissingDependency, OutOfMemory, PTLFError, is_out_of_memory
from ..hashes import file_sha256
from .protocol import JOB, MANIFEST, MESSAGE_CHARACTERS, WARM, Event
from .system import die_with_parent, limit_memory


class Teller:
    """Sends events; what libraries print is log, not events, from when it is made."""

    def __init__(self) -> None:
        self._stream = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
        self._lock = threading.Lock()
        os.dup2(2, 1)

    def __call__(self, event: Event) -> None:
        if "message" in event:
            event = {**event, "message": str(event["message"])[:MESSAGE_CHARACTERS]}
        with self._lock:
            self._stream.write(
                "\n" + json.dumps(event, ensure_ascii=False) + "\n"
            )  # a library may have left a line open
            self._stream.flush()


def serve(function: Callable[..., Mapping[str, Path]], keeping: Callable[[], Any] | None = None) -> None:
    """Child side: run `function` on the job named on the command line, then exit with its code; or, asked to stay
    (`protocol.WARM`), on the jobs that come.

    Parameters
    ----------
    function : callable
        Takes ``(job, work, emit)``, writes its outputs under `work` and returns them by name.  ``emit`` sends an
        event, and raises `Cancelled` where a warm job is to stop; `progress_of` makes a `Progress` of it.
    keeping : callable, optional
        Called once in a process; what it returns is `function`'s fourth argument and stays between jobs: loaded
        networks, nothing of a patient.
    """
    tell = Teller()
    kept = () if keeping is None else (keeping(),)
    if sys.argv[1] == WARM:
        from .warm_server import serve_jobs

        serve_jobs(function, kept, tell, float(sys.argv[2]))
    job_file = Path(sys.argv[1])
    threading.Thread(target=die_with_parent, args=(job_file.parent,), daemon=True).start()

    def fail(error: BaseException) -> NoReturn:
        code, message = told(error)
        tell({"event": "error", "message": message})
        _leave(code)

    def fail_in_thread(failed: threading.ExceptHookArgs) -> None:
        fail(failed.exc_value or MemoryError())

    threading.excepthook = fail_in_thread  # a library would wait for its thread for ever: nnU-Net for the next tile
    try:
        limit_memory()
        work_on(function, job_file.parent, tell, kept)
    except Exception as error:
        fail(error)
    _leave(0)


def work_on(
    function: Callable[..., Mapping[str, Path]], work: Path, emit: Callable[[Event], None], kept: tuple[Any, ...]
) -> None:
    """The job that lies in a work folder, to its manifest."""
    job = json.loads((work / JOB).read_text(encoding="utf-8"))
    write_manifest(work, function(job, work, emit, *kept))


def flush() -> None:
    """What libraries have printed goes before the event that follows."""
    sys.stdout.flush()
    sys.stderr.flush()


def _leave(code: int) -> NoReturn:
    flush()
    os._exit(code)  # threads of libraries must not keep a finished child alive


def told(error: BaseException) -> tuple[int, str]:
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


def write_manifest(work: Path, outputs: Mapping[str, Path]) -> None:
    listed = {
        name: {"file": str(Path(path).relative_to(work)), "sha256": file_sha256(path)} for name, path in outputs.items()
    }
    temporary = work / f"{MANIFEST}.part"
    temporary.write_text(json.dumps({"outputs": listed}), encoding="utf-8")
    temporary.replace(work / MANIFEST)
