"""What parent and child say to each other: one JSON object per line, and a manifest of the outputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..progress import Progress

Event = dict[str, Any]

LOG_LINES = 400
"""Lines of the child's log that are kept for diagnostics."""

LINE_BYTES = 8192
"""A longer line is cut: a child that writes garbage must not fill the parent's memory."""

LOG_CHARACTERS = 2000
"""What is kept of a line of the log."""

MESSAGE_CHARACTERS = 1200
"""An error's sentence is cut to this, so that its line is whole even if every character is escaped (6 bytes)."""

WAITING_EVENTS = 1000
"""Events kept until the next `Child.poll`; of more, the oldest go."""

JOB, MANIFEST = "job.json", "manifest.json"
"""Files of the work folder: what the child is asked for, and what it made."""


WARM = "--warm"
"""Instead of a job's file on the command line, before the idle seconds: jobs come over the standard input.

A line is a JSON object: ``{"job": number, "work": folder}`` or ``{"cancel": number}``.  Each event of a job then has
its number, the first is `BEGUN`, the last `ENDED` with the ``code`` that a child would exit with, and `LAST` where the
process takes no more; a process that leaves without a job says `LEAVES`.
"""

BEGUN, ENDED, LAST, LEAVES = "begun", "ended", "last", "leaves"


def parse(line: str) -> Event | None:
    """The event in a line; None for anything else, so that it becomes log."""
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return None
    if event["event"] == "progress" and not (type(event.get("done")) is type(event.get("total")) is int):
        return None
    return event


def progress_of(emit: Callable[[Event], None]) -> Progress:
    """A `Progress` that sends its calls to the parent."""
    return lambda stage, done, total: emit({"event": "progress", "stage": stage, "done": done, "total": total})
