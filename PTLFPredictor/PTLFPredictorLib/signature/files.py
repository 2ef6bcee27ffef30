"""Signature files: found, read, checked, upgraded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .. import json_text
from ..errors import BadInput
from . import reading
from .model import Signature
from .policy import limits

FOLDER = Path(__file__).resolve().parents[2] / "Resources" / "Signatures"


def available() -> list[Path]:
    """Signature files that are shipped, by name."""
    return sorted(path for path in FOLDER.glob("*.json") if not path.name.endswith(".schema.json"))


def load(spec: str | Path) -> Signature:
    """Read a signature by the id of a shipped one, or from a file.

    Raises
    ------
    BadInput
        When there is none, or when the file breaks the contract; the sentence names the entry.
    """
    path = path_of(spec)
    try:
        data = _json_of(path)
    except OSError as error:
        shipped = ", ".join(one.stem for one in available())
        raise BadInput(
            f"There is no signature '{spec}'. Shipped are {shipped}; or name a signature file (JSON)."
        ) from error
    return _parsed(path, data)


def path_of(spec: str | Path) -> Path:
    """The file of a shipped signature by its id, any other name as the path that it is."""
    shipped = {path.stem: path for path in available()}
    aliases = {"demo": "ptlf-demo", "published": "ptlf-published"}
    return shipped.get(aliases.get(str(spec), str(spec)), Path(spec))


def _parsed(path: Path, data: Any) -> Signature:
    try:
        return parse(data)
    except BadInput as error:
        raise BadInput(f"The signature file {path.name} cannot be used: {error}") from error


def parse(data: Any) -> Signature:
    """A `Signature` from its JSON, every entry and its limits checked; JSON of schema 1 is converted."""
    signature = reading.read(data)
    limits.check(signature, FOLDER / "ptlf-published.json")
    return signature


def with_data(signature: Signature, **changes: Any) -> Signature:
    """A copy whose file has other top-level entries; checked like a file."""
    return parse({**signature.data, **changes})


def upgrade(path: str | Path, out: str | Path) -> tuple[str, ...]:
    """Write a signature file of schema 1 as schema 2; what it became, in sentences.

    Raises
    ------
    BadInput
        Where the file cannot be read, is no usable signature, or is of schema 2 already.
    """
    path = Path(path)
    try:
        data = _json_of(path)
    except OSError as error:
        raise BadInput(f"The signature file {path} cannot be read: {error.strerror or error}.") from error
    signature = _parsed(path, data)
    if not signature.upgraded:
        raise BadInput(f"The signature file {path.name} is of schema 2 already.")
    Path(out).write_text(text_of(signature.data), encoding="utf-8")
    return signature.upgraded


def text_of(data: Any) -> str:
    """A signature's JSON as it is written into a file."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _json_of(path: Path) -> Any:
    try:
        return json_text.loads(path.read_bytes())
    except ValueError as error:
        raise BadInput(f"The signature file {path.name} is not JSON: {error}.") from error
