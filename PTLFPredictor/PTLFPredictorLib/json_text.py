"""JSON that a person or another program wrote, read strictly: what is ambiguous is an error, not a guess."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def read(path: str | Path) -> Any:
    """The value of a JSON file: UTF-8, with a byte order mark (Windows) or without, UTF-16 or UTF-32.

    Raises
    ------
    OSError
    ValueError
        As `loads`.
    """
    return loads(Path(path).read_bytes())


def loads(text: str | bytes) -> Any:
    """The value of a JSON text, or of a file's bytes, whose encoding is told by their first ones (RFC 4627).

    Raises
    ------
    ValueError
        Where it is no text, no JSON, names a key twice in one object (Python would keep the last), or has NaN, Infinity
        or a number too large for one (1e999, which Python takes for Infinity).
    """
    if isinstance(text, bytes):
        encoding = json.detect_encoding(text)
        try:
            text = text.decode(encoding)
        except UnicodeDecodeError as error:
            raise ValueError("its text is not in Unicode; save it as UTF-8") from error
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' stands there twice")
    return found


def _finite(text: str) -> float:
    if math.isinf(value := float(text)):
        raise ValueError(f"{text} is too large for a number")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
