"""Where results are written: never over an input, a result whole or not at all, never two results mixed.

A result is made in a hidden folder beside its place (``.ptlf-...``).  Then the former result's files are moved into
that folder, the record first, and the new ones to their places, the record last: whoever reads a record finds the
files that belong to it, and a run that is killed in between leaves files of one result only (at worst without record;
the former files then lie in ``.ptlf-.../former``).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .errors import BadInput
from .folders import staging

LOCK = ".ptlf-lock"
LOCK_SECONDS = 20.0
"""Files are moved in milliseconds: who holds the lock for longer is dead."""

FORMER = "former"

EXPORTS = ("report.pdf", "result.pdf")
"""Reports that were exported into a result's folder and cannot be made anew here."""


def refuse_inputs(outputs: Iterable[Path], inputs: Iterable[Path], closed: Iterable[Path] = ()) -> None:
    """Refuse outputs that would replace an input or lie among the files of one.

    Parameters
    ----------
    outputs, inputs : iterable of Path
        Files.  Links, relative names and another case of letters hide nothing: files are compared, not names.
    closed : iterable of Path
        Folders that are read as a whole (a DICOM series, a model): no output may lie directly in them.

    Raises
    ------
    BadInput
        Naming the output.
    """
    outputs, closed = list(outputs), list(closed)
    taken = {found: path for path in inputs if (found := _file(path))}
    folders = {found for path in closed if (found := _file(path))}
    for output in outputs:
        if found := taken.get(_file(output)):
            raise BadInput(f"'{output}' would replace an input of this run ('{found.name}'). Write to another place.")
        if _file(output.parent) in folders:
            raise BadInput(
                f"'{output.name}' would lie among the files that this run reads ('{output.parent}'). "
                "Write to another folder."
            )


def _file(path: Path) -> tuple[int, int] | None:
    """What tells a file or folder from all others; None where there is none."""
    try:
        known = os.stat(path)
    except (OSError, ValueError):
        return None
    return known.st_dev, known.st_ino


@contextlib.contextmanager
def output_file(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well.

    Raises
    ------
    BadInput
        When it cannot be written.
    """
    path = Path(path)
    with _told(path):
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        with staging(path.parent) as made:
            part = made / path.name
            yield part
            part.replace(path)


@contextlib.contextmanager
def output_folder(out: Path, names: Sequence[str]) -> Iterator[Path]:
    """A staging folder inside `out`, whose files replace those of a former result when the block ends well.

    When it does not, the staging folder goes, the former result stays, and `out` goes too if it was made here.

    Parameters
    ----------
    out : Path
    names : sequence of str
        All files of a result, the record first; also in folders of it (``tables/roc.csv``).  Read again when the block
        ends.

    Raises
    ------
    BadInput
        When `out` cannot be written to, or holds what must not be mixed with the result, or the disk is full.
    """
    out = Path(out)
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    done = False
    try:
        with contextlib.ExitStack() as stack:
            try:
                _refuse_mixture(out, names)
                out.mkdir(parents=True, exist_ok=True)
                made_in = stack.enter_context(staging(out))
            except OSError as error:
                raise BadInput(f"The folder '{out}' cannot be written to: {error.strerror or error}.") from error
            with _told(out):
                yield made_in
                with _alone(out):
                    _refuse_mixture(out, names)
                    _replace(made_in, out, names)
        done = True
    finally:
        if not done:
            for folder in made:
                with contextlib.suppress(OSError):
                    folder.rmdir()


def _refuse_mixture(out: Path, names: Sequence[str]) -> None:
    for name in names:
        if (out / name).is_dir():
            raise BadInput(f"'{out / name}' is a folder; the result needs that name. Write to another folder.")
    for name in EXPORTS:
        if (out / name).exists():
            raise BadInput(
                f"'{out}' holds the report of a former result ('{name}'), which would lie beside the new one. "
                "Move it, or write to another folder."
            )


def _replace(staging: Path, out: Path, names: Sequence[str]) -> None:
    """The former files away, the record first; then the new ones, the record last; all of it or nothing."""
    new = [name for name in names if (staging / name).exists()]
    former = staging / FORMER
    former.mkdir()
    moved: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        moved.append((source, target))  # before: an interrupt may come between
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)

    try:
        for name in names:
            if os.path.lexists(out / name):
                move(out / name, former / name)
        for name in reversed(new):
            move(staging / name, out / name)
    except BaseException:
        for source, target in reversed(moved):
            if os.path.lexists(target) and not os.path.lexists(source):
                target.rename(source)
        raise


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Two runs that end at once move their files one after the other."""
    lock, patience = out / LOCK, time.monotonic() + LOCK_SECONDS
    while True:
        try:
            lock.mkdir()
            break
        except FileExistsError:
            if time.monotonic() > patience:
                with contextlib.suppress(OSError):
                    lock.rmdir()  # of a run that was killed
                patience += LOCK_SECONDS
            time.sleep(0.02)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.rmdir()


@contextlib.contextmanager
def _told(out: Path) -> Iterator[None]:
    """A system's error as a sentence: on the file that it names, else on `out`."""
    try:
        yield
    except OSError as error:
        named = Path(os.path.abspath(os.fsdecode(error.filename))) if isinstance(error.filename, (str, bytes)) else None
        folder = Path(os.path.abspath(out if out.is_dir() else out.parent))
        if named is not None and folder not in (named, *named.parents):
            raise BadInput(f"'{named.name}' cannot be read or written: {error.strerror}.") from error
        raise BadInput(f"The results could not be written to '{out}': {error.strerror or error}.") from error
    except RuntimeError as error:  # SimpleITK says so when the disk is full
        if "writ" not in str(error).lower():
            raise
        raise BadInput(f"The results could not be written to '{out}'. Is the disk full?") from error
