"""Where downloads lie until the model made of them has its place: one process at a time, with space enough."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from ...errors import BadInput
from ...progress import Progress
from ..model_digests import user_folder

HEARTBEAT_S, DEAD_S = 2.0, 20.0
"""Who downloads says so this often; whoever has said nothing for so long was killed."""

KEPT_DAYS = 14
"""A download that was cut is kept this long to be continued."""

SPARE_BYTES = 100 << 20


def downloads_folder() -> Path:
    return user_folder() / ".downloads"


@contextlib.contextmanager
def alone(progress: Progress, *, waits: bool = True) -> Iterator[Path]:
    """The downloads' folder, for this process alone; waits for another one that has it.

    Raises
    ------
    BadInput
        When it cannot be written to, or another process has it and nobody wants to wait.
    """
    folder = downloads_folder()
    lock = folder.with_name(f"{folder.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                lock.mkdir()
                break
            except FileExistsError:
                _take_from_the_dead(lock)
            if not waits and lock.exists():
                raise BadInput("A download is running. Wait for its end, or stop it; nothing was removed.")
            progress("Waiting for another download", 0, 1)
            time.sleep(0.1)
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise BadInput(f"The folder '{folder.parent}' cannot be written to: {error.strerror}.") from error
    ended = threading.Event()
    threading.Thread(target=_heartbeat, args=(lock, ended), daemon=True).start()
    try:
        _drop_stale(folder)
        yield folder
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()  # when nothing is left to continue
        ended.set()
        with contextlib.suppress(OSError):
            lock.rmdir()


def require_space(needed: int, already: int = 0) -> None:
    """Refuse to begin what the disk cannot hold.

    Parameters
    ----------
    needed : int
        Bytes of archives and of what is unpacked of them.
    already : int
        Bytes of them that lie there.
    """
    free = shutil.disk_usage(user_folder()).free
    missing = needed - already + SPARE_BYTES - free
    if missing > 0:
        raise BadInput(
            f"The disk of '{user_folder()}' has {free / 1e6:.0f} MB free; {(needed - already) / 1e6:.0f} MB and some "
            f"to spare are needed. Free {missing / 1e6:.0f} MB, or name another folder in PTLF_MODELS."
        )


def _take_from_the_dead(lock: Path) -> None:
    with contextlib.suppress(OSError):
        if time.time() - lock.stat().st_mtime > DEAD_S:
            grave = lock.with_name(f"{lock.name}-{uuid.uuid4().hex}")
            lock.rename(grave)  # of several who wait, one alone succeeds
            grave.rmdir()


def _heartbeat(lock: Path, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT_S):
        with contextlib.suppress(OSError):
            os.utime(lock)


def _drop_stale(folder: Path) -> None:
    for path in folder.glob("*.zip*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT_DAYS * 86400:
                path.unlink()
