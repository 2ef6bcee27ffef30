"""Numbers that a person types: with point or comma, shown again with every digit that was typed."""

from __future__ import annotations

import math

from ..errors import BadInput


def read_number(text: str, what: str) -> float | None:
    """The number in a field, None where it is empty; `BadInput` where it is none."""
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        value = float(text) if "_" not in text else math.nan  # Python reads 1_09 as 109
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(f"{what}: '{text}' is no number.")
    return value


def written(value: float | None) -> str:
    """The shortest text that reads back as the same number."""
    if value is None:
        return ""
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
