"""What moves on a nomogram: markers, their values and points, total and risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..record.statements import banner, of_prediction
from ..signature import RADSCORE, Prediction, PredictionState, difference_text, interval_text, risk_text
from ..signature.nomogram import Axis
from ..signature.predictors import Value, number_words
from .nomogram_layout import EDGE, POINTS, RISK, TOTAL, Layout
from .primitives import FONT, SMALL, Area, Line, Primitive, Shape, Text
from .text_width import fitted, width_of


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
    patient : Prediction or None
        The patient's own during a what-if, as it may be shown.
    dragged : str
        Predictor whose guide line to the points ruler is drawn, or "".
    focused : str
        Predictor that the keyboard moves, or "".
    """

    values: Mapping[str, Value | None]
    prediction: Prediction | None = None
    ghosts: Mapping[str, Value | None] = field(default_factory=dict)
    patient: Prediction | None = None
    dragged: str = ""
    focused: str = ""


def marks_of(layout: Layout, reading: Reading) -> list[Primitive]:
    """Markers, their values and points, total and risk: all that follows the mouse."""
    drawn: list[Primitive] = []
    for axis in layout.geometry.axes:
        drawn += _predictor_marks(layout, axis, reading)
    return drawn + _total_marks(layout, reading) + _risk_marks(layout, reading) + _banner(layout, reading)


def _predictor_marks(layout: Layout, axis: Axis, reading: Reading) -> list[Primitive]:
    row, value, ghost = layout.row(axis.name), reading.values.get(axis.name), reading.ghosts.get(axis.name)
    y, edge = row.axis, layout.width - EDGE
    drawn: list[Primitive] = []
    room = layout.width - 2 * EDGE if layout.narrow else layout.title_room
    if axis.name == reading.focused:
        drawn.append(Area(2, row.top + 2, 4, row.bottom - row.top - 4, "marker"))
    if ghost is not None and ghost != value:
        x, beyond = layout.on_canvas(layout.x_of_value(axis.name, ghost))
        drawn.append(Shape(_arrow(x, y, beyond), "ghost", hollow=True))
        text = fitted(f"patient {text_of(axis, ghost)}", layout.title_room, SMALL)
        place = (edge, row.right[1], "end") if layout.narrow else (EDGE, row.left[2], "start")
        drawn.append(Text(*place[:2], text, SMALL, place[2], "faint"))
        room -= width_of(text, SMALL) + 6 if layout.narrow else 0
    if value is None:
        return [*drawn, Text(EDGE, row.left[1], "no value", SMALL, ink="faint")]
    outside = not axis.holds(value)
    ink = "warning" if outside else "marker"
    x, beyond = layout.on_canvas(layout.x_of_value(axis.name, value))
    drawn.append(Shape(_arrow(x, y, beyond), ink))
    words = fitted(f"{text_of(axis, value)}{'  off the axis' if outside else ''}", room, SMALL, bold=True)
    drawn.append(Text(EDGE, row.left[1], words, SMALL, ink=ink, bold=True))
    points = reading.prediction.points.get(axis.name) if reading.prediction else None
    if points is not None:
        drawn.append(Text(edge, row.right[0], f"{points:.1f} points", anchor="end", bold=True))
        if axis.name == reading.dragged and not beyond:
            drawn += _guide_to_points(layout, x, y, points)
    return drawn


def _guide_to_points(layout: Layout, x: float, y: float, points: float) -> list[Primitive]:
    top = layout.y(POINTS)
    text = Text(x, top - 14, f"{points:.1f}", anchor="middle", ink="guide", bold=True)
    taken = EDGE + width_of("Points", FONT, bold=True) + width_of(text.text, FONT, bold=True) / 2 + 4
    guide: list[Primitive] = [
        Line(x, y - 12, x, top, "guide", 1.2, dashed=True),
        Shape(_arrow(x, top, 0), "guide"),
    ]
    return guide if layout.narrow and x < taken else [*guide, text]


def _total_marks(layout: Layout, reading: Reading) -> list[Primitive]:
    row, edge = layout.row(TOTAL), layout.width - EDGE
    total = reading.prediction.total_points if reading.prediction else None
    own = reading.patient.total_points if reading.patient else None
    number = f"{total:.1f}" if total is not None else "not shown"
    drawn: list[Primitive] = []
    if own is not None and own != total:
        x, beyond = layout.on_canvas(layout.x_of_total(own))
        drawn.append(Shape(_arrow(x, row.axis, beyond), "ghost", hollow=True))
        words = f"patient {own:.1f}"
        if layout.narrow:
            drawn.append(Text(edge - width_of(number, FONT, bold=True) - 6, row.right[0], words, SMALL, "end", "faint"))
        else:
            drawn.append(Text(edge, row.right[1], words, SMALL, "end", "faint"))
    if total is None:
        return [*drawn, Text(edge, row.right[0], number, SMALL, "end", "faint")]
    x, beyond = layout.on_canvas(layout.x_of_total(total))
    g = layout.geometry
    ink = "marker" if g.total_low <= total <= g.total_high else "warning"
    drawn += [Shape(_arrow(x, row.axis, beyond), ink), Text(edge, row.right[0], number, anchor="end", bold=True)]
    if g.risk_ticks and not beyond and not layout.narrow:  # below the labels; a narrow canvas has no room between rows
        drawn.append(Line(x, row.axis + 22, x, layout.y(RISK) - 12, "guide", 1.0, dashed=True))
    return drawn


def _risk_marks(layout: Layout, reading: Reading) -> list[Primitive]:
    prediction, row, edge = reading.prediction, layout.row(RISK), layout.width - EDGE
    if prediction is None or not layout.geometry.risk_ticks:
        return []
    y = row.axis
    drawn: list[Primitive] = []
    if prediction.risk_interval is not None:
        low, high = (layout.on_canvas(layout.x_of_risk(risk))[0] for risk in prediction.risk_interval)
        drawn.append(Area(low, y - 7, high - low, 7, "interval"))
        below = 1 if prediction.is_numbered else 0
        for line, text in enumerate(_intervals(prediction), below):
            drawn.append(Text(edge, row.right[line], text, SMALL, "end"))
    drawn += _ghost_of_risk(layout, reading)
    if prediction.risk is not None:
        x, beyond = layout.on_canvas(layout.x_of_risk(prediction.risk))
        drawn.append(Shape(_arrow(x, y, beyond), "marker"))
        if prediction.is_numbered:
            drawn.append(Text(edge, row.right[0], risk_text(prediction.risk), FONT + 2, "end", bold=True))
    elif prediction.risk_interval is None:
        text = "withheld" if prediction.state is PredictionState.WITHHELD else "not shown"
        drawn.append(Text(edge, row.right[0], text, SMALL, "end", "faint"))
    return drawn


def _ghost_of_risk(layout: Layout, reading: Reading) -> list[Primitive]:
    """Where the patient's own risk stands, and how far the what-if is from it."""
    own, row = reading.patient, layout.row(RISK)
    if own is None or not (told := of_prediction(own, "").shown):
        return []
    drawn: list[Primitive] = []
    if own.is_numbered:
        x, beyond = layout.on_canvas(layout.x_of_risk(own.risk))
        drawn.append(Shape(_arrow(x, row.axis, beyond), "ghost", hollow=True))
    words = f"patient {told}"
    if own.is_numbered and reading.prediction.is_numbered:
        words = ", ".join(filter(None, (words, difference_text(own.risk, reading.prediction.risk))))
    place = (EDGE, row.left[-1], "start") if layout.narrow else (layout.width - EDGE, row.right[2], "end")
    return [*drawn, Text(*place[:2], words, SMALL, place[2], "faint")]


def _banner(layout: Layout, reading: Reading) -> list[Primitive]:
    """That it is not the patient's; of a demo signature all that is drawn says already that it is a demonstration."""
    prediction = reading.prediction
    if prediction is None or (layout.marks and not prediction.is_what_if):
        return []
    lines = layout.banner_lines(banner(prediction))
    return [
        Text(layout.width / 2, layout.banner_y(len(layout.marks) + i), line, FONT, "middle", "warning", True)
        for i, line in enumerate(filter(None, lines))
    ]


def _intervals(prediction: Prediction) -> list[str]:
    """A what-if's bands, the narrowest first, or the one interval of a risk."""
    bands = [(band.low, band.high) for band in prediction.bands] or [prediction.risk_interval]
    return [interval_text(band) for band in bands]


def _arrow(x: float, y: float, beyond: int) -> tuple[tuple[float, float], ...]:
    """A marker that points down at the axis, or sideways where the value lies beyond what is drawn."""
    if beyond:
        return ((x - 5 * beyond, y - 7), (x - 5 * beyond, y + 7), (x + 7 * beyond, y))
    return ((x - 6, y - 11), (x + 6, y - 11), (x, y))


def text_of(axis: Axis, value: Value) -> str:
    """A value as it is shown beside its axis (the typed field keeps every digit)."""
    if axis.is_categorical:
        return dict(axis.ticks).get(value, str(value))
    return number_words(round(value, 2) if axis.name == RADSCORE else value)
