"""How a signature file's nomogram is drawn: scales, axes and ticks, every entry checked against the model."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import BadInput
from .. import scales
from ..nomogram_style import AxisStyle, NomogramStyle, Ruler, TickRule
from ..outcome import Origin, OutcomeModel
from ..predictors import Predictor, PredictorKind
from ..reader import Reader

MOST_TICKS = 1000
"""Of an axis; more cannot be drawn, and a step that is a slip would ask for millions."""


def read(entry: Reader, predictors: Sequence[Predictor], model: OutcomeModel) -> NomogramStyle:
    """From a file's ``nomogram``."""
    entry.choice("origin", tuple(Origin), default="")
    per_logit = entry.number("points_per_logit", above=0)
    axes, most = {}, []
    listed = entry.sub("axes")
    listed.only([one.id for one in predictors])
    for one in predictors:
        axes[one.id] = style = _axis(listed.sub(one.id), one)
        _check_zero(listed.sub(one.id), one, style, model)
        most.append(per_logit * max(_effects(model, one, style)))
    return NomogramStyle(
        points_per_logit=per_logit,
        points=_ruler(entry.sub("points"), max(most), "a predictor's points"),
        total=_ruler(entry.sub("total"), sum(most), "total points"),
        risk_ticks=_risk_ticks(entry),
        axes=axes,
    )


def _axis(entry: Reader, predictor: Predictor) -> AxisStyle:
    if predictor.kind is PredictorKind.CATEGORICAL:
        entry.only(("zero_points_at",))
        zero = entry.choice("zero_points_at", [level.value for level in predictor.levels])
        return AxisStyle(predictor.label, None, zero)
    low, high = entry.pair("range")
    rule = TickRule(entry.choice("tick_rule", tuple(TickRule)))
    step = _step(entry, low, high) if rule is TickRule.MULTIPLES_AND_ENDS else None
    ticks = _listed(entry, low, high) if step is None else scales.multiples_and_ends(low, high, step)
    return AxisStyle(
        label=predictor.label,
        range=(low, high),
        zero_points_at=entry.number("zero_points_at"),
        ticks=ticks,
        step=step,
        hatched_above=entry.number("hatched_above") if entry.has("hatched_above") else None,
        hatch_note=entry.text("hatch_note", default=""),
    )


def _check_zero(entry: Reader, predictor: Predictor, axis: AxisStyle, model: OutcomeModel) -> None:
    """No point of an axis may have points below 0, which the points ruler does not show."""
    without = [column for column in predictor.columns if model.coefficients[column] == 0]
    if without:
        raise BadInput(f"'outcome.coefficients.{without[0]}.value' is 0: a predictor without effect has no axis.")
    if min(_effects(model, predictor, axis)) >= -1e-9:
        return
    where = f"{entry.where('zero_points_at')} is {predictor.words(axis.zero_points_at)}"
    if axis.range is None:
        least = min(predictor.levels, key=lambda level: model.effect(predictor, level.value))
        raise BadInput(f"{where}: another level would have points below 0. The level of 0 points is '{least.value}'.")
    coefficient = model.coefficients[predictor.id]
    least = axis.range[0] if coefficient >= 0 else axis.range[1]
    raise BadInput(
        f"{where}: part of the axis would have points below 0. With a coefficient of {coefficient:g} the end of 0 "
        f"points is {least:g}."
    )


def _effects(model: OutcomeModel, predictor: Predictor, axis: AxisStyle) -> list[float]:
    places = [level.value for level in predictor.levels] if axis.range is None else axis.range
    return scales.effects(model, predictor, places, axis.zero_points_at)


def _step(entry: Reader, low: float, high: float) -> float:
    step = entry.number("step", above=0)
    if (high - low) / step > MOST_TICKS:
        raise BadInput(f"{entry.where('step')} is {step:g}: that would be more than {MOST_TICKS} ticks.")
    return step


def _listed(entry: Reader, low: float, high: float) -> tuple[float, ...]:
    ticks = entry.list_of_numbers("ticks")
    if not ticks or list(ticks) != sorted(set(ticks)) or ticks[0] < low or ticks[-1] > high:
        raise BadInput(f"{entry.where('ticks')} must be values from {low:g} to {high:g}, ascending.")
    return ticks


def _ruler(entry: Reader, most: float, what: str) -> Ruler:
    low, high = entry.pair("range")
    step = _step(entry, low, high)
    if low > 0 or high < most - 1e-9:
        raise BadInput(f"{entry.where('range')} must hold all {what}: 0 to {most:.4g}.")
    return Ruler(low, high, step)


def _risk_ticks(entry: Reader) -> tuple[float, ...]:
    ticks = entry.list_of_numbers("risk_ticks", above=0, at_least=1)
    if list(ticks) != sorted(set(ticks)) or ticks[-1] >= 1:
        raise BadInput(f"{entry.where('risk_ticks')} must be risks between 0 and 1, ascending.")
    return ticks
