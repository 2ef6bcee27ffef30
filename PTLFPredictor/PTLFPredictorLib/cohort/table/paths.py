"""Paths in cells: relative to the table, as people and spreadsheets write them."""

from __future__ import annotations

import re
from pathlib import Path

from ...segmentation.names import Role, role_named
from ...segmentation.reading import Source


def path_of(text: str, base: Path) -> Path:
    """The path that a cell means: without quotation marks around it; of a backslash path that is not there as it is
    written, the one with slashes."""
    text = text.strip().strip('"').strip()
    path = base / text
    if "\\" in text and not path.exists() and (base / text.replace("\\", "/")).exists():
        return base / text.replace("\\", "/")
    return path


def there(path: Path) -> bool:
    """Whether it is a file, or a folder that holds something."""
    try:
        return path.is_file() or (path.is_dir() and next(path.iterdir(), None) is not None)
    except (OSError, ValueError):
        return False


def sources_of(text: str, base: Path, role: Role | None = None) -> tuple[Source, ...]:
    """``FILE`` or ``ROLE=FILE``, several of them separated by ``|``, ``;`` or a line break.

    Parameters
    ----------
    role : Role, optional
        Of files without one of their own: what the column's name says.
    """
    if there(path_of(text, base)):
        return (Source(path_of(text, base), role),)
    found = []
    for part in filter(None, (part.strip() for part in re.split(r"[|;\n]", text))):
        word, equals, rest = part.partition("=")
        named = role_named(word) if equals else None
        if named is None or named is Role.OTHER or there(path_of(part, base)):
            found.append(Source(path_of(part, base), role))
        else:
            found.append(Source(path_of(rest, base), named))
    return tuple(found)


def identity(path: Path) -> tuple[int, int] | Path:
    """What tells a file from all others, whatever it is called."""
    try:
        known = path.stat()
    except (OSError, ValueError):
        return path
    return known.st_dev, known.st_ino
