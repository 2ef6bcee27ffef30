"""What moves on a nomogram: markers, their values and points, total and risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..record.statements import banner
from ..signature import Prediction, PredictionState, interval_text, risk_text
from ..signature.nomogram import Axis
from ..signature.predictors import Value, number_words
from .nomogram_layout import Layout
from .primitives import FONT, SMALL, Area, Line, Primitive, Shape, Text


@dataclass(frozen=True)
class Reading:
    """What the nomogram shows of a patient or of a what-if.

    Parameters
    ----------
    values : mapping of str to float, str or None
        By predictor: where the markers stand.
    prediction : Prediction or None
        Points, total and risk as they may be shown; nothing else is ever read off the axes.
    ghosts : mapping of str to float, str or None
        The patient's own values during a what-if.
    dragged : str
        Predictor whose guide line to the points ruler is drawn, or "".
    focused : str
        Predictor that the keyboard moves, or "".
    """

    values: Mapping[str, Value | None]
    prediction: Prediction | None = None
    ghosts: Mapping[str, Value | None] = field(default_factory=dict)
    dragged: str = ""
    focused: str = ""


def marks_of(layout: Layout, reading: Reading) -> list[Primitive]:
    """Markers, their values and points, total and risk: all that follows the mouse."""
    drawn: list[Primitive] = []
    for axis in layout.geometry.axes:
        drawn += _predictor_marks(layout, axis, reading)
    return drawn + _total_marks(layout, reading) + _risk_marks(layout, reading)


def _predictor_marks(layout: Layout, axis: Axis, reading: Reading) -> list[Primitive]:
    y, value, ghost = layout.y(axis.name), reading.values.get(axis.name), reading.ghosts.get(axis.name)
    drawn: list[Primitive] = []
    if axis.name == reading.focused:
        drawn.append(Area(2, y - 0.4 * layout.row_height, 4, 0.8 * layout.row_height, "marker"))
    if ghost is not None and ghost != value:
        x, beyond = layout.on_canvas(layout.x_of_value(axis.name, ghost))
        drawn.append(Shape(_arrow(x, y, beyond), "ghost", hollow=True))
        drawn.append(Text(10, y + 25, f"patient {text_of(axis, ghost)}", SMALL, ink="faint"))
    if value is None:
        return [*drawn, Text(10, y + 11, "no value", SMALL, ink="faint")]
    outside = not axis.holds(value)
    ink = "warning" if outside else "marker"
    x, beyond = layout.on_canvas(layout.x_of_value(axis.name, value))
    drawn.append(Shape(_arrow(x, y, beyond), ink))
    drawn.append(
        Text(10, y + 11, f"{text_of(axis, value)}{'  off the axis' if outside else ''}", SMALL, ink=ink, bold=True)
    )
    points = reading.prediction.points.get(axis.name) if reading.prediction else None
    if points is not None:
        drawn.append(Text(layout.width - 10, y + 4, f"{points:.1f} points", anchor="end", bold=True))
        if axis.name == reading.dragged and not beyond:
            top = layout.y("points")
            drawn.append(Line(x, y - 12, x, top, "guide", 1.2, dashed=True))
            drawn.append(Shape(_arrow(x, top, 0), "guide"))
            drawn.append(Text(x, top - 14, f"{points:.1f}", anchor="middle", ink="guide", bold=True))
    return drawn


def _total_marks(layout: Layout, reading: Reading) -> list[Primitive]:
    total = reading.prediction.total_points if reading.prediction else None
    y = layout.y("total")
    if total is None:
        return [Text(layout.width - 10, y + 4, "not shown", SMALL, "end", "faint")]
    x, beyond = layout.on_canvas(layout.x_of_total(total))
    drawn: list[Primitive] = [
        Shape(_arrow(x, y, beyond), "warning" if beyond else "marker"),
        Text(layout.width - 10, y + 4, f"{total:.1f}", anchor="end", bold=True),
    ]
    if layout.geometry.risk_ticks and not beyond:
        drawn.append(Line(x, y, x, layout.y("risk") - 10, "guide", 1.0, dashed=True))
    return drawn


def _risk_marks(layout: Layout, reading: Reading) -> list[Primitive]:
    prediction, y = reading.prediction, layout.y("risk")
    if prediction is None or not layout.geometry.risk_ticks:
        return []
    drawn: list[Primitive] = []
    if prediction.risk_interval is not None:
        low, high = (layout.on_canvas(layout.x_of_risk(risk))[0] for risk in prediction.risk_interval)
        drawn.append(Area(low, y - 4, high - low, 8, "interval"))
        for row, text in enumerate(_intervals(prediction)):
            drawn.append(Text(layout.width - 10, y + 18 - 16 * row, text, SMALL, "end"))
    if prediction.risk is not None:
        x, beyond = layout.on_canvas(layout.x_of_risk(prediction.risk))
        drawn.append(Shape(_arrow(x, y, beyond), "marker"))
        if not prediction.is_what_if:
            drawn.append(Text(layout.width - 10, y + 2, risk_text(prediction.risk), FONT + 2, "end", bold=True))
    elif prediction.risk_interval is None:
        text = "withheld" if prediction.state is PredictionState.WITHHELD else "not shown"
        drawn.append(Text(layout.width - 10, y + 4, text, SMALL, "end", "faint"))
    if mark := banner(prediction):
        drawn.append(Text(layout.width / 2, 16, mark, FONT, "middle", "warning", True))
    return drawn


def _intervals(prediction: Prediction) -> list[str]:
    """Texts from the lowest line up: a what-if's bands, the widest first, or the one interval of a risk."""
    bands = [(band.low, band.high) for band in prediction.bands] or [prediction.risk_interval]
    return [interval_text(band) for band in reversed(bands)]


def _arrow(x: float, y: float, beyond: int) -> tuple[tuple[float, float], ...]:
    """A marker that points down at the axis, or sideways where the value lies beyond what is drawn."""
    if beyond:
        return ((x - 5 * beyond, y - 7), (x - 5 * beyond, y + 7), (x + 7 * beyond, y))
    return ((x - 6, y - 11), (x + 6, y - 11), (x, y))


def text_of(axis: Axis, value: Value) -> str:
    """A value as it is shown beside its axis (the typed field keeps every digit)."""
    return dict(axis.ticks).get(value, str(value)) if axis.is_categorical else number_words(value)
