"""Where the user's models lie, how one gets there and goes: made whole beside its place, or not at all."""

from __future__ import annotations

import atexit
import contextlib
import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..child.system import held
from ..errors import BadInput
from ..folders import staging
from . import model_digests, model_folder
from .model import Model
from .model_archive import unpack_members
from .model_digests import user_folder
from .model_files import ENTRY, MANIFEST

MADE_IN = ".adding-"
"""Begin of the names of folders in which a model is made; one of a process that was killed goes after `STALE_S`."""

STALE_S = 24 * 3600.0

GOING = ".removing-"
"""Begin of the names of models on their way out: no list shows one, and what of it could not be deleted goes later."""

IN_USE = ".in-use"
"""Folder with a file for each run that draws with a model; its process holds it (`child.system.held`)."""


@contextmanager
def adding() -> Iterator[Path]:
    """A folder on the disk of the user's models, gone when the block ends; a system's errors as sentences."""
    base = user_folder()
    with ExitStack() as stack:
        try:
            base.mkdir(parents=True, exist_ok=True)
            remove_leftovers()
            made = stack.enter_context(staging(base, MADE_IN))
        except OSError as error:
            raise BadInput(f"The models' folder '{base}' cannot be written to: {error.strerror}.") from error
        try:
            yield made
        except OSError as error:
            raise BadInput(f"The model could not be written to '{base}': {error.strerror or error}.") from error


def remove_leftovers() -> None:
    """What killed processes and earlier versions left in the models' folder."""
    base = user_folder()
    shutil.rmtree(base / ".unpacked", ignore_errors=True)  # archives that earlier versions unpacked and kept
    for path in base.glob(f"{GOING}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in base.glob(f"{MADE_IN}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_S:
                shutil.rmtree(path)


def name_of(folder: Path) -> str:
    """Of the user's model that a folder belongs to, "" for one from elsewhere: what `remove_folder` takes."""
    base, folder = user_folder().resolve(), folder.resolve()
    return folder.relative_to(base).parts[0] if base in folder.parents else ""


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """While the block goes on, no process deletes the model of that folder; nothing happens for one from elsewhere."""
    name, marks = name_of(folder), user_folder() / IN_USE
    if not name:
        yield
        return
    with ExitStack() as stack:
        with contextlib.suppress(OSError):  # a folder that cannot be written to: nothing can be deleted in it either
            marks.mkdir(exist_ok=True)
            while True:
                mark = marks / f"{name}+{uuid.uuid4().hex}"
                if stack.enter_context(held(mark)) and mark.exists():  # else one that deletes took it for a dead one's
                    break
            stack.callback(_unlink, mark)
        yield


def in_use(model_id: str) -> bool:
    """Whether a run draws with the user's model of that id, in whatever process."""
    for mark in (user_folder() / IN_USE).glob(f"{model_id}+*"):
        with contextlib.suppress(OSError), held(mark) as left:
            if not left:
                return True
            _unlink(mark)  # of one that was killed
    return False


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def remove_folder(model_id: str) -> None:
    """Delete the folder of a model of the user: gone from every list in one step, or left as it is.

    Raises
    ------
    BadInput
        When a run draws with it, or the system does not let it go.
    """
    folder, going = user_folder() / model_id, user_folder() / f"{GOING}{uuid.uuid4().hex}"
    refusal = f"A run draws with the model '{model_id}'. Wait for its end, or cancel it; nothing was deleted."
    if in_use(model_id):
        raise BadInput(refusal)
    try:
        folder.rename(going)
    except OSError as error:
        raise BadInput(f"The model '{model_id}' could not be deleted: {error.strerror}. It is as it was.") from error
    if in_use(model_id):  # begun in between
        going.rename(folder)
        raise BadInput(refusal)
    if going.is_symlink():
        going.unlink()
    shutil.rmtree(going, ignore_errors=True)


def install(staged: Path, model: Model) -> Model:
    """Give a model that was made in `staged` its place among the user's models, in one step.

    Raises
    ------
    BadInput
        When there is one of that id.
    """
    target = user_folder() / model.id
    if target.exists():
        raise BadInput(f"There is a model '{model.id}' already. Remove it first, or give another id.")
    entry = model.to_dict(staged)
    for step in model.steps:
        model_digests.keep(step.folder, model_folder.checkpoint_files(step.folder, step.folds))
    for described_anew in (*staged.rglob(MANIFEST), *staged.rglob(ENTRY)):
        described_anew.unlink()
    (staged / ENTRY).write_text(json.dumps(entry, indent=1), encoding="utf-8")
    try:
        staged.replace(target)
    except OSError:
        if target.exists():  # another process was faster
            raise BadInput(f"There is a model '{model.id}' already.") from None
        raise
    return Model.from_dict(entry, target, shipped=model.shipped)


_unpacked: dict[tuple[Path, int, int], Path] = {}
"""Archives that this process has unpacked, by path, size and time of change."""


def unpacked(archive: Path) -> Path:
    """A folder that holds a model's archive unpacked; gone when this process ends."""
    stat = archive.stat()
    key = archive.resolve(), stat.st_size, stat.st_mtime_ns
    if key not in _unpacked or not _unpacked[key].is_dir():
        with adding():
            folder = Path(tempfile.mkdtemp(prefix=MADE_IN, dir=user_folder()))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            try:
                unpack_members(archive, folder / "model")
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        _unpacked[key] = folder / "model"
    return _unpacked[key]
