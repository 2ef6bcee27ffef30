"""What of a nomogram does not follow from the model: its axes, rulers and ticks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .predictors import Value


class TickRule(StrEnum):
    """Which values of a nomogram's axis get a tick."""

    MULTIPLES_AND_ENDS = "multiples and ends"
    """Multiples of the step inside the axis, and an end that lies more than half a step from the next of them."""

    LISTED = "listed"
    """Those that the file lists."""


@dataclass(frozen=True)
class AxisStyle:
    """How one predictor's axis is drawn.

    Parameters
    ----------
    label : str
        The predictor's.
    range : (float, float) or None
        Ends of the axis; None for a categorical predictor, whose axis goes from level to level.
    zero_points_at : float or str
        The value, or the level, that gets 0 points.
    ticks : tuple of float
        Values with a tick; of a categorical predictor every level has one.
    step : float or None
        Between ticks, where the rule is by multiples.
    """

    label: str
    range: tuple[float, float] | None
    zero_points_at: Value
    ticks: tuple[float, ...] = ()
    step: float | None = None
    hatched_above: float | None = None
    hatch_note: str = ""


@dataclass(frozen=True)
class Ruler:
    """A scale of points, from `low` to `high`, with a tick every `step`."""

    low: float
    high: float
    step: float


@dataclass(frozen=True)
class NomogramStyle:
    """What of a nomogram does not follow from the model: axes, rulers and ticks, as the file gives them.

    Parameters
    ----------
    points_per_logit : float
        Points for one unit of the linear predictor.
    points, total : Ruler
        Of one predictor's points, and of their sum.
    risk_ticks : tuple of float
        Risks that get a tick, ascending.
    axes : mapping of str to AxisStyle
        By predictor.
    """

    points_per_logit: float
    points: Ruler
    total: Ruler
    risk_ticks: tuple[float, ...]
    axes: Mapping[str, AxisStyle]
