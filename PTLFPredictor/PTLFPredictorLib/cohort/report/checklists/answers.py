"""Answers to the items of a checklist, and the items as Resources/Checklists has them."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[4] / "Resources" / "Checklists"


class TripodState(StrEnum):
    """Of an item of TRIPOD+AI."""

    REPORTED = "reported"
    PARTLY = "partly"
    NOT_REPORTED = "not reported"
    """By a publication."""

    OPEN = "not answered by the data"
    """Only people can."""

    NOT_APPLICABLE = "not applicable"


class MetricState(StrEnum):
    """Of an item of METRICS; what is open counts as not met."""

    YES = "yes"
    NO = "no"
    OPEN = "not answered by the data"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Answer:
    """What is said to an item; `text` may hold `document.ref`."""

    state: TripodState | MetricState
    text: str = ""


@functools.cache
def resource(name: str) -> dict[str, Any]:
    """A file of Resources/Checklists: "tripod-ai", "metrics", or the id of a signature whose publication was read."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
