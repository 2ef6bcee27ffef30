"""A typed Radscore, checked; what else a person enters is checked by its `entries.Entry`."""

from __future__ import annotations

import math

from ..errors import BadInput

RADSCORE_LIMIT = 1000.0
"""A typed Radscore beyond this, up or down, is a slip."""


def checked_radscore(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadInput(f"Radscore must be a number, not {value!r}.")
    if abs(value) > RADSCORE_LIMIT:
        raise BadInput(
            f"Radscore {value:g} is implausible; expected is {-RADSCORE_LIMIT:g} to {RADSCORE_LIMIT:g}, and mostly a "
            "number of two digits."
        )
    return value
