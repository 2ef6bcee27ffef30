"""The child's side: run a function on the job, tell the parent of it, end with an exit code and a manifest."""

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
from .protocol import MANIFEST, MESSAGE_CHARACTERS, Event
from .system import die_with_parent, limit_memory


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
    threading.Thread(target=die_with_parent, args=(job_file.parent,), daemon=True).start()

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
        limit_memory()
        outputs = function(json.loads(job_file.read_text(encoding="utf-8")), job_file.parent, emit)
        write_manifest(job_file.parent, outputs)
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


def write_manifest(work: Path, outputs: Mapping[str, Path]) -> None:
    listed = {
        name: {"file": str(Path(path).relative_to(work)), "sha256": file_sha256(path)} for name, path in outputs.items()
    }
    temporary = work / f"{MANIFEST}.part"
    temporary.write_text(json.dumps({"outputs": listed}), encoding="utf-8")
    temporary.replace(work / MANIFEST)
