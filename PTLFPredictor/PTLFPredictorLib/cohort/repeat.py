"""A run made again from its lock file, and its files compared with those of the first run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..errors import BadInput
from ..hashes import file_sha256
from ..progress import Progress, no_progress
from . import lock as locks
from .lock import Lock

ROOMS = {"calibrate": "calibrate", "develop": "develop", "validate": "validate"}
"""Command of a lock file -> the room whose ``run(recipe, out, progress, jobs)`` makes it."""


class Verdict(StrEnum):
    """What became of a file."""

    IDENTICAL = "identical"
    DIFFERENT = "DIFFERENT"
    MISSING = "MISSING"
    """The run did not make it again."""

    NEW = "NEW"
    """The first run had none."""


@dataclass(frozen=True)
class Compared:
    """A file of the run."""

    name: str
    verdict: Verdict

    @property
    def is_same(self) -> bool:
        return self.verdict is Verdict.IDENTICAL


@dataclass(frozen=True)
class Repeated:
    """A repeated run.

    Parameters
    ----------
    files : tuple of Compared
    versions : tuple of (str, str, str)
        What is not of the version of the first run: name, then, now.
    """

    files: tuple[Compared, ...]
    versions: tuple[tuple[str, str, str], ...]

    @property
    def is_same(self) -> bool:
        return all(one.is_same for one in self.files)


def repeat(
    first: Lock,
    folder: Path,
    out: Path,
    moved: Mapping[str, Path] | None = None,
    *,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> Repeated:
    """Run again what a lock file says, with its time, and compare.

    Parameters
    ----------
    first : Lock
    folder : Path
        Where the lock file lies: lock and signature of the first run, which no lock can hold the hash of, are compared
        with those that lie there.
    out : Path
        Another folder.
    moved : mapping of str to Path
        Inputs that are not where they were.

    Raises
    ------
    BadInput
        For a command that is none, inputs that are gone or changed, and as the run itself.
    """
    if first.recipe.command not in ROOMS:
        raise BadInput(f"The lock file is of '{first.recipe.command}', which is no run that can be made again.")
    if out.exists() and out.resolve() == folder.resolve():
        raise BadInput("The run would replace the first one, which it is compared with. Write to another folder.")
    recipe = locks.found(first, moved or {})
    room = importlib.import_module(f".{ROOMS[recipe.command]}", __package__)
    room.run(recipe, out, progress=progress, jobs=jobs)
    again = locks.read(out / locks.NAME)
    names = [*first.outputs, *(name for name in again.outputs if name not in first.outputs)]
    files = [Compared(name, _verdict(first.outputs.get(name), again.outputs.get(name))) for name in names]
    if first.signature or again.signature:
        files.append(Compared(locks.SIGNATURE, _of_signature(first, again, folder, out)))
    files.append(Compared(locks.NAME, _beside(folder / locks.NAME, out / locks.NAME)))
    now = again.versions
    differ = tuple((name, old, now.get(name, "")) for name, old in first.versions.items() if old != now.get(name, ""))
    return Repeated(tuple(files), differ)


def _verdict(old: str | None, new: str | None) -> Verdict:
    if new is None:
        return Verdict.MISSING
    if old is None:
        return Verdict.NEW
    return Verdict.IDENTICAL if old == new else Verdict.DIFFERENT


def _beside(old: Path, new: Path) -> Verdict:
    return _verdict(*(file_sha256(path) if path.is_file() else None for path in (old, new)))


def _of_signature(first: Lock, again: Lock, folder: Path, out: Path) -> Verdict:
    """Byte for byte where the first run's lies beside its lock; else by what the lock says of it."""
    if (folder / locks.SIGNATURE).is_file():
        return _beside(folder / locks.SIGNATURE, out / locks.SIGNATURE)
    return _verdict(first.signature or None, again.signature or None)
