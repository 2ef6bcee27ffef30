"""Where the user's own data lies on this computer: models, and the ledger of masks and samples."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

STAGED = ".ptlf-"
"""How the name of a staging folder begins."""

DATA = "PTLF_DATA"
"""Environment variable that names another folder."""

STAGED = ".ptlf-"
"""Begin of the names of folders in which something is made."""


def data_folder() -> Path:
    """``PTLF_DATA``, else the platform's folder for data of applications; it need not exist yet."""
    if given := os.environ.get(DATA):
        return Path(given)
    home = Path.home()
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "PTLFPredictor"


def keep(file: Path, data: bytes, *, entries: int, size: int) -> None:
    """Write an entry of a bounded folder in one step; the oldest others go beyond `entries` files or `size` bytes.

    Several processes may do so at once: an entry is there as a whole or not at all.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        try:
            os.replace(name, file)
        except PermissionError:
            if not file.exists():  # else Windows: another process reads the same entry
                raise
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
    _drop_oldest(file, entries, size)


@contextlib.contextmanager
def staging(base: Path, prefix: str = STAGED) -> Iterator[Path]:
    """A hidden folder inside `base`, on the same disk, so that what is made in it takes its place in one step; gone
    when the block ends.

    Raises
    ------
    OSError
        When it cannot be made.
    """
    made = Path(tempfile.mkdtemp(prefix=prefix, dir=base))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _drop_oldest(newest: Path, entries: int, size: int) -> None:
    found = []
    for item in os.scandir(newest.parent):
        with contextlib.suppress(OSError):  # gone in the meantime
            found.append((item.name != newest.name, item.stat().st_mtime, item.stat().st_size, item.path))
    found.sort()
    count, total = len(found), sum(length for _, _, length, _ in found)
    for other, _, length, path in found:
        if count <= entries and total <= size:
            return
        if other:
            with contextlib.suppress(OSError):
                os.unlink(path)
            count, total = count - 1, total - length
