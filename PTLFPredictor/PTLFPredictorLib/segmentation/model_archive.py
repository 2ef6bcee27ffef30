"""A zip archive of a model: unpacked only where no path of it leaves the target, and only what inference reads."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePath, PurePosixPath

from ..errors import UnusableModel
from .model_files import CARD, CHECKPOINT, CHECKPOINT_BEST, DATASET, ENTRY, MANIFEST, PLANS

ARCHIVE_BYTES, ARCHIVE_FILES = 8 << 30, 5000
"""Five folds of the largest preset have some 2 GB."""

OF_PACKAGES = frozenset({ENTRY, MANIFEST, CARD})
"""What a package of ours has beside its networks, at its root or one folder below (`model_package`)."""

READ = frozenset({DATASET, PLANS, CHECKPOINT, CHECKPOINT_BEST})


def unpack_members(archive: Path, target: Path, *, below: str = "") -> None:
    """Unpack what inference reads from a zip archive; no path leaves `target`.

    Parameters
    ----------
    archive, target : Path
    below : str
        Only of this folder in it, where there is such a folder; its path is dropped.
    """
    try:
        if not archive.is_file():
            raise zipfile.BadZipFile("it is no plain file")
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            _check_members(archive.name, members)
            for member, name in _wanted(members, below):
                if not member.is_dir():
                    destination = inside(target, name)
                    destination.parent.mkdir(parents=True, exist_ok=True)
                    with opened.open(member) as data, open(destination, "wb") as out:
                        shutil.copyfileobj(data, out)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise UnusableModel(
            f"'{archive.name}' is no zip archive that can be read, or it is damaged ({error})."
        ) from error
    target.mkdir(parents=True, exist_ok=True)


def _wanted(members: list[zipfile.ZipInfo], below: str) -> list[tuple[zipfile.ZipInfo, str]]:
    """The members that inference reads, and their names below the folder that is asked for."""
    paths = [(member, PurePosixPath(member.filename)) for member in members]
    wanted = [(member, path) for member, path in paths if _is_wanted(path)]
    if below and any(path.is_relative_to(below) for _, path in wanted):
        wanted = [(member, path.relative_to(below)) for member, path in wanted if path.is_relative_to(below)]
    return [(member, path.as_posix()) for member, path in wanted]


def _is_wanted(path: PurePath) -> bool:
    return path.name in READ or (path.name in OF_PACKAGES and len(path.parts) <= 2)


def copy_members(source: Path, target: Path) -> None:
    """Copy from an unpacked package what `unpack_members` would take of it."""
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if path.is_symlink():
            raise UnusableModel(f"'{source.name}' holds a symbolic link ({name.name}); copy the file itself.")
        if path.is_file() and _is_wanted(name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)


def inside(base: Path, name: str) -> Path:
    """``base / name``; raises `UnusableModel` if that lies outside `base`."""
    path = (Path(base) / name).resolve()
    if Path(base).resolve() not in (path, *path.parents):
        raise UnusableModel(f"The path '{name}' leads out of the model's folder.")
    return Path(base) / name


def _check_members(name: str, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > ARCHIVE_FILES or sum(member.file_size for member in members) > ARCHIVE_BYTES:
        raise UnusableModel(f"'{name}' would unpack to more than a model has; it was not unpacked.")
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", member.filename):
            raise UnusableModel(f"'{name}' wants to write outside its folder ({member.filename}); it was not unpacked.")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnusableModel(
                f"'{name}' is compressed in an unusual way ({member.filename}); pack it as a plain zip."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UnusableModel(f"'{name}' holds a symbolic link ({member.filename}); it was not unpacked.")
