"""Geometry of the nomogram: points, totals and risk as numbers, nothing drawn.

``points = coefficient * (value - zero) * points_per_logit``; totals add up; the risk axis is the logistic of the
total.  Painting (panel, SVG, PDF) places what this module computes; the risk itself comes from
`prediction`, never from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .model import PREDICTORS, Signature

RISK_TICKS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Risks that get a tick; uneven on the axis, as the logistic is."""

POINTS_STEP = 10.0
TOTAL_STEP = 20.0


@dataclass(frozen=True)
class Axis:
    """One predictor's axis.

    Parameters
    ----------
    name, label, unit : str
        Key ("ALB"), title ("Albumin") and unit ("g/L", "" for none).
    low, high : float
        Ends of the axis in the predictor's unit.
    ticks : tuple of (value, text)
    points_low, points_high : float
        Points at `low` and `high` (descending for a negative coefficient).
    dev_low, dev_high : float or None
        Range of the development cohort; None where it is not known.
    hatched_above : float or None
        Values from here on are hatched; `note` says why.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    points_low: float
    points_high: float
    dev_low: float | None = None
    dev_high: float | None = None
    hatched_above: float | None = None
    note: str = ""


@dataclass(frozen=True)
class NomogramGeometry:
    """Axes and scales of one signature's nomogram; see `geometry`.

    Parameters
    ----------
    axes : tuple of Axis
        In the order of `model.PREDICTORS`.
    points_max : float
        The points ruler runs from 0 to here.
    total_low, total_high : float
        Ends of the axis of total points.
    risk_ticks : tuple of (risk, text)
        Empty where the signature has no intercept: then there is no risk axis.
    risk_origin : str
        Origin of the intercept behind the risk axis ("" without one).
    points_per_logit, offset : float
        ``logit(risk) = offset + total / points_per_logit``.
    horizon : str
        Time that the risk is for, e.g. "within 4 weeks after TACE".
    """

    axes: tuple[Axis, ...]
    points_max: float
    total_low: float
    total_high: float
    risk_ticks: tuple[tuple[float, str], ...]
    risk_origin: str
    points_per_logit: float
    offset: float | None
    horizon: str = ""

    def axis(self, name: str) -> Axis:
        return next(axis for axis in self.axes if axis.name == name)

    def points(self, name: str, value: float) -> float:
        """Points of a predictor's value; linear, not clamped to the axis."""
        axis = self.axis(name)
        return axis.points_low + (value - axis.low) * self._slope(axis)

    def value(self, name: str, points: float) -> float:
        """Inverse of `points`."""
        axis = self.axis(name)
        return axis.low + (points - axis.points_low) / self._slope(axis)

    @staticmethod
    def _slope(axis: Axis) -> float:
        return (axis.points_high - axis.points_low) / (axis.high - axis.low)

    def total(self, values: Mapping[str, float]) -> float:
        """Sum of the points of all predictors."""
        return sum(self.points(axis.name, values[axis.name]) for axis in self.axes)

    def total_of_risk(self, risk: float) -> float:
        """Total points at which the risk axis shows `risk` (0 < risk < 1)."""
        return (math.log(risk / (1 - risk)) - self._require_offset()) * self.points_per_logit

    def risk_of_total(self, total: float) -> float:
        """Risk that the axis shows at `total` points."""
        return logistic(self._require_offset() + total / self.points_per_logit)

    def _require_offset(self) -> float:
        if self.offset is None:
            raise ValueError("this signature has no intercept, so its nomogram has no risk axis")
        return self.offset


def geometry(signature: Signature) -> NomogramGeometry:
    """The nomogram of a signature."""
    axes = tuple(_axis(signature, name) for name in PREDICTORS)
    highest = max(max(axis.points_low, axis.points_high) for axis in axes)
    intercept = signature.risk_model.intercept
    offset = None
    if intercept is not None:
        zeros = ((signature.axes[name].zero_points_at, signature.risk_model.coefficients[name]) for name in PREDICTORS)
        offset = intercept.value + sum(zero * coefficient for zero, coefficient in zeros)
    most = sum(max(axis.points_low, axis.points_high) for axis in axes)
    return NomogramGeometry(
        axes=axes,
        points_max=_round_up(highest, POINTS_STEP),
        total_low=0.0,
        total_high=_round_up(most, TOTAL_STEP),
        risk_ticks=() if offset is None else tuple((risk, f"{risk * 100:g} %") for risk in RISK_TICKS),
        risk_origin="" if intercept is None else intercept.origin,
        points_per_logit=signature.points_per_logit,
        offset=offset,
        horizon=signature.horizon,
    )


def _axis(signature: Signature, name: str) -> Axis:
    style = signature.axes[name]
    coefficient = signature.risk_model.coefficients[name]
    low, high = style.range

    def points(value: float) -> float:
        return coefficient * (value - style.zero_points_at) * signature.points_per_logit

    development = signature.development_ranges[name] or (None, None)
    note = style.hatch_note
    if name == "ALB" and "alb_direction" in signature.notes:
        note = signature.notes["alb_direction"]
    return Axis(
        name=name,
        label=style.label,
        unit="g/L" if name == "ALB" else "",
        low=low,
        high=high,
        ticks=_ticks(low, high, style.step),
        points_low=points(low),
        points_high=points(high),
        dev_low=development[0],
        dev_high=development[1],
        hatched_above=style.hatched_above,
        note=note,
    )


def _ticks(low: float, high: float, step: float) -> tuple[tuple[float, str], ...]:
    """Multiples of `step` inside the axis, and both of its ends where no multiple is near."""
    values = [i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    for end in (low, high):
        if all(abs(end - value) > 0.5 * step for value in values):
            values.append(end)
    return tuple((value, f"{value:.10g}") for value in sorted(values))


def _round_up(value: float, step: float) -> float:
    return math.ceil(value / step - 1e-9) * step


def logistic(x: float) -> float:
    """``1 / (1 + exp(-x))`` without overflow."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))
