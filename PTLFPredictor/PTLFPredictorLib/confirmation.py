"""Who answered a question that only a reader can answer, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from .errors import BadInput

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""English, whatever the system's language is."""


@dataclass(frozen=True)
class Confirmation:
    """A reader's name and the local time, ISO 8601 with its offset, to the second."""

    reader: str
    time: str

    @classmethod
    def now(cls, reader: str | None, what: str) -> Confirmation:
        """The confirmation of `reader`, now.

        Raises
        ------
        BadInput
            Without a name; `what` is what the reader was to answer for, e.g. "the contrast phase".
        """
        name = (reader or "").strip()
        if not name:
            raise BadInput(f"Who answers for {what}? Give the reader's name.")
        return cls(name, now())

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Confirmation:
        """Of an answer that holds more than ``reader`` and ``time``."""
        return cls(answer["reader"], answer["time"])

    @property
    def when(self) -> str:
        """The time as people write it; see `written_time`."""
        return written_time(self.time)

    def to_dict(self) -> dict[str, str]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Confirmation | None:
        return cls(**data) if data else None


def now() -> str:
    """The local time, ISO 8601 with its offset, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def written_time(iso: str) -> str:
    """A time as people write it, "26 Nov 2026, 09:12": the clock of the place where it was taken, UTC marked as such.

    What is no ISO 8601 time is given back as it is: a record from elsewhere must stay readable.
    """
    try:
        time = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    utc = " UTC" if time.utcoffset() is not None and not time.utcoffset() else ""
    return f"{written_day(time)}, {time:%H:%M}{utc}"


def written_day(day: date) -> str:
    """ "26 Nov 2026"."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
