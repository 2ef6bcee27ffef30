"""Where a marker may be moved to: values that a laboratory reports, on the axis."""

from __future__ import annotations

import math

from ..signature.nomogram import Axis
from ..signature.predictors import Value

STEPS = {"ALB": 0.1, "INR": 0.01, "Radscore": 0.1}
"""What an arrow key moves, in the predictor's unit; see `step_of`.  Page keys scroll the panel, as everywhere."""

DECIMALS = {"ALB": 1, "INR": 2, "Radscore": 2}
"""A marker that is dragged stops at values that a laboratory reports; see `decimals_of`."""

STEPS_PER_AXIS = 100
"""About as many key strokes lead from one end of any other axis to the other."""


def step_of(axis: Axis) -> float:
    """What an arrow key moves on a continuous axis: a power of ten where the table has no entry."""
    return STEPS.get(axis.name) or 10.0 ** math.floor(math.log10((axis.high - axis.low) / STEPS_PER_AXIS) + 0.5)


def decimals_of(axis: Axis) -> int:
    return DECIMALS.get(axis.name, max(0, round(-math.log10(step_of(axis)))))


def next_value(axis: Axis, value: Value, direction: int) -> Value:
    """A step along an axis, to the right of the picture or to the left; of a categorical one the next level."""
    if not axis.is_categorical:
        return value + direction * step_of(axis) * (1 if axis.points_high > axis.points_low else -1)
    levels = sorted(axis.points_of_levels, key=axis.points_of_levels.get)
    return levels[min(max(levels.index(value) + direction, 0), len(levels) - 1)]


def on_axis(axis: Axis, value: Value, now: Value | None = None) -> Value:
    """A value as a laboratory reports it, at most the axis' end.

    From a value beyond it (`now`), which somebody typed, a move goes no further away.
    """
    if axis.is_categorical:
        return value
    ends = (axis.low, axis.high) if now is None else (axis.low, axis.high, now)
    return min(max(round(value, decimals_of(axis)), min(ends)), max(ends))
