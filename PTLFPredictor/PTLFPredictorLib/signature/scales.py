"""Scales of a nomogram that are computed once, when a signature is made, and then stand in its file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .outcome import OutcomeModel
from .predictors import Predictor, Value

RISK_TICKS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Risks that get a tick; uneven on the axis, as the logistic is."""

POINTS_STEP = 10.0
TOTAL_STEP = 20.0


def effects(model: OutcomeModel, predictor: Predictor, places: Iterable[Value], zero: Value) -> list[float]:
    """What each of some places of an axis adds to the linear predictor beyond its place of 0 points."""
    least = model.effect(predictor, zero)
    return [model.effect(predictor, place) - least for place in places]


def rulers(most_points: Mapping[str, float]) -> dict[str, Any]:
    """The file's ``points``, ``total`` and ``risk_ticks`` for axes with these highest points."""
    points, total = max(most_points.values()), math.fsum(most_points.values())
    return {
        "points": {"range": [0.0, _round_up(points, POINTS_STEP)], "step": POINTS_STEP},
        "total": {"range": [0.0, _round_up(total, TOTAL_STEP)], "step": TOTAL_STEP},
        "risk_ticks": list(RISK_TICKS),
    }


def multiples_and_ends(low: float, high: float, step: float) -> tuple[float, ...]:
    """Multiples of `step` inside the axis, and both of its ends where no multiple is near."""
    values = [i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    for end in (low, high):
        if all(abs(end - value) > 0.5 * step for value in values):
            values.append(end)
    return tuple(sorted(values))


def _round_up(value: float, step: float) -> float:
    return math.ceil(value / step - 1e-9) * step
