"""Geometry of the nomogram: points, totals and risk as numbers, nothing drawn.

``points = coefficient * (value - zero) * points_per_logit``; totals add up; the risk axis is the outcome model's risk
of the total.  Painting (panel, SVG, PDF) places what this module computes; the risk itself comes from
`policy.assessment`, never from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..measures.value import unit_shown
from .model import Signature
from .outcome import OutcomeModel
from .predictors import Predictor, PredictorKind, Value


@dataclass(frozen=True)
class Axis:
    """One predictor's axis.

    Parameters
    ----------
    name, label, unit : str
        Key ("ALB"), title ("Albumin") and unit ("g/L", "" for none).
    kind : PredictorKind
    low, high : float or str
        Ends of the axis in the predictor's unit; of a categorical one the levels with the least and the most points.
    ticks : tuple of (value, text)
        Of a categorical predictor a tick per level: its value and its label.
    points_low, points_high : float
        Points at `low` and `high` (descending for a negative coefficient).
    dev_low, dev_high : float or None
        Range of the development cohort; None where it is not known.
    hatched_above : float or None
        Values from here on are hatched; `note` says why.
    points_of_levels : mapping of str to float
        Of a categorical predictor.
    quantiles : mapping of float to float
        Of the cohort that the evidence is on, by share of its cases: ``{0.05: 29.1, 0.5: 38.0, 0.95: 46.5}``,
        ascending; empty where no valid evidence brings them.
    """

    name: str
    label: str
    unit: str
    low: Value
    high: Value
    ticks: tuple[tuple[Value, str], ...]
    points_low: float
    points_high: float
    dev_low: float | None = None
    dev_high: float | None = None
    hatched_above: float | None = None
    note: str = ""
    kind: PredictorKind = PredictorKind.CONTINUOUS
    points_of_levels: Mapping[str, float] = field(default_factory=dict)
    quantiles: Mapping[float, float] = field(default_factory=dict)

    @property
    def is_categorical(self) -> bool:
        return self.kind is PredictorKind.CATEGORICAL

    def points(self, value: Value) -> float:
        """Points of a value; linear, not clamped to the axis."""
        if self.is_categorical:
            return self.points_of_levels[value]
        return self.points_low + (value - self.low) * self._slope

    def value(self, points: float) -> Value:
        """Inverse of `points`; of a categorical predictor the level that is nearest."""
        if self.is_categorical:
            return min(self.points_of_levels, key=lambda level: abs(self.points_of_levels[level] - points))
        return self.low + (points - self.points_low) / self._slope

    def holds(self, value: Value) -> bool:
        """Whether a value lies on the axis."""
        return value in self.points_of_levels if self.is_categorical else self.low <= value <= self.high

    @property
    def _slope(self) -> float:
        return (self.points_high - self.points_low) / (self.high - self.low)


@dataclass(frozen=True)
class NomogramGeometry:
    """Axes and scales of one signature's nomogram; see `geometry`.

    Parameters
    ----------
    axes : tuple of Axis
        In the order of the signature's predictors.
    points_max, points_step : float
        The points ruler runs from 0 to here, with a tick every step.
    total_low, total_high, total_step : float
        Ends of the axis of total points, and its ticks.
    risk_ticks : tuple of (risk, text)
        Empty where the signature has no intercept: then there is no risk axis.
    risk_origin : str
        Origin of the intercept behind the risk axis ("" without one).
    points_per_logit, offset : float
        ``linear predictor = offset + total / points_per_logit``.
    model : OutcomeModel
        Turns it into a risk.
    horizon : str
        Time that the risk is for, e.g. "within 4 weeks after TACE".
    is_demo : bool
        Fitted on synthetic cases: whatever is drawn on it says so.
    cases : int
        Of the cohort behind the axes' `quantiles`.
    """

    axes: tuple[Axis, ...]
    points_max: float
    points_step: float
    total_low: float
    total_high: float
    total_step: float
    risk_ticks: tuple[tuple[float, str], ...]
    risk_origin: str
    points_per_logit: float
    offset: float | None
    model: OutcomeModel
    horizon: str = ""
    is_demo: bool = False
    cases: int = 0

    def axis(self, name: str) -> Axis:
        return next(axis for axis in self.axes if axis.name == name)

    def points(self, name: str, value: Value) -> float:
        """Points of a predictor's value; linear, not clamped to the axis."""
        return self.axis(name).points(value)

    def value(self, name: str, points: float) -> Value:
        """Inverse of `points`."""
        return self.axis(name).value(points)

    def total(self, values: Mapping[str, Value]) -> float:
        """Sum of the points of all predictors."""
        return sum(self.points(axis.name, values[axis.name]) for axis in self.axes)

    def total_of_risk(self, risk: float) -> float:
        """Total points at which the risk axis shows `risk` (0 < risk < 1)."""
        return (self.model.linear_predictor_of(risk) - self._require_offset()) * self.points_per_logit

    def risk_of_total(self, total: float) -> float:
        """Risk that the axis shows at `total` points."""
        return self.model.risk(self._require_offset() + total / self.points_per_logit)

    def _require_offset(self) -> float:
        if self.offset is None:
            raise ValueError("this signature has no intercept, so its nomogram has no risk axis")
        return self.offset


def geometry(signature: Signature) -> NomogramGeometry:
    """The nomogram of a signature."""
    style, intercept = signature.nomogram, signature.risk_model.intercept
    ticks = tuple((risk, f"{risk * 100:g} %") for risk in style.risk_ticks)
    return NomogramGeometry(
        axes=tuple(_axis(signature, predictor) for predictor in signature.predictors),
        points_max=style.points.high,
        points_step=style.points.step,
        total_low=style.total.low,
        total_high=style.total.high,
        total_step=style.total.step,
        risk_ticks=() if intercept is None else ticks,
        risk_origin="" if intercept is None else str(intercept.origin),
        points_per_logit=style.points_per_logit,
        offset=None if intercept is None else intercept.value + offset_of_zeros(signature),
        model=signature.risk_model,
        horizon=signature.horizon,
        is_demo=signature.is_demo,
        cases=0 if signature.evidence is None else signature.evidence.n,
    )


def offset_of_zeros(signature: Signature) -> float:
    """What the places of 0 points add to the linear predictor."""
    zeros = ((one, signature.axes[one.id].zero_points_at) for one in signature.predictors)
    return math.fsum(signature.risk_model.effect(one, zero) for one, zero in zeros)


def _axis(signature: Signature, predictor: Predictor) -> Axis:
    style, model = signature.axes[predictor.id], signature.risk_model
    zero, per_logit = style.zero_points_at, signature.points_per_logit
    note = predictor.note or style.hatch_note
    if predictor.kind is PredictorKind.CATEGORICAL:
        at_zero = model.effect(predictor, zero)
        points = {
            level.value: (model.effect(predictor, level.value) - at_zero) * per_logit for level in predictor.levels
        }
        low, high = min(points, key=points.get), max(points, key=points.get)
        ticks = tuple((level.value, level.label) for level in predictor.levels)
        return Axis(
            predictor.id, predictor.label, "", low, high, ticks, points[low], points[high],
            note=note, kind=predictor.kind, points_of_levels=points,
        )  # fmt: skip
    low, high = style.range
    coefficient = model.coefficients[predictor.id]
    development = predictor.development_range or (None, None)
    return Axis(
        name=predictor.id,
        label=predictor.label,
        unit=unit_shown(predictor.unit),
        low=low,
        high=high,
        ticks=tuple((value, f"{value:.10g}") for value in style.ticks),
        points_low=coefficient * (low - zero) * per_logit,
        points_high=coefficient * (high - zero) * per_logit,
        dev_low=development[0],
        dev_high=development[1],
        hatched_above=style.hatched_above,
        note=note,
        quantiles=_quantiles(signature, predictor.id),
    )


def _quantiles(signature: Signature, name: str) -> dict[float, float]:
    """Shares and values that the evidence gives of an axis; none where they are no ascending percentiles."""
    known = {} if signature.evidence is None else signature.evidence.axes.get(name, {})
    try:
        found = sorted((float(key.removeprefix("p")) / 100, value) for key, value in known.items())
    except ValueError:
        return {}
    values = [value for _, value in found]
    return dict(found) if values == sorted(values) else {}
