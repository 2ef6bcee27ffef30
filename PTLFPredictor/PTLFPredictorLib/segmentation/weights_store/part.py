"""What is to be fetched, and what of it has come so far."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ... import json_text

ABOUT = 3
"""A file of which only about the size is known may have at most so many times it."""


@dataclass(frozen=True)
class Wanted:
    """What is to be fetched: its name, and how long it is, exactly or about."""

    what: str
    size: int
    exact: bool

    def refusal(self, size: int) -> str:
        """Why a file of that size cannot be it, or ""."""
        if self.exact and size != self.size:
            return (
                f"The publisher's file has {size} bytes; {self.what} had {self.size} when this was written: it is "
                "another file by now, and was not fetched. A newer version of this product may know it."
            )
        if size > ABOUT * self.size:
            return f"The publisher's file has {size} bytes, far more than {self.what} (about {self.size}): not fetched."
        return ""


@dataclass
class Part:
    """What has come so far, and which version of the file it is of."""

    path: Path

    @property
    def notes(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def told(self) -> tuple[str, int]:
        """The ETag, or the date of change, that the server said ("" where none is sure), and the whole file's bytes."""
        try:
            data = json_text.read(self.notes)
            return str(data["validator"]), int(data["bytes"])
        except (OSError, ValueError, TypeError, KeyError):
            return "", 0

    def begin(self, validator: str, size: int) -> None:
        self.path.unlink(missing_ok=True)
        self.notes.write_text(json.dumps({"validator": validator, "bytes": size}), encoding="utf-8")

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)
