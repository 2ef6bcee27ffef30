"""The nomogram as a list of lines, areas and texts: what the widget paints and the SVG export writes.

Pure Python, no Qt.  `Layout` places a geometry of `signature.nomogram` on a canvas; `axes_of` draws what changes
only with size or signature, `marks_of` what moves.  Colours are named inks; a theme gives them their values.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..signature import NomogramGeometry, Prediction, interval_text, risk_text
from ..signature.nomogram import Axis

TITLE_WIDTH = 132.0
"""Pixels left of the axes: title, unit and value of each predictor."""

VALUE_WIDTH = 112.0
"""Pixels right of the axes: its points, the total, the risk."""

OVERFLOW = 26.0
"""Pixels beyond each end of an axis in which a value off the axis is marked."""

ROWS = ("points", "ALB", "INR", "Radscore", "total", "risk")
FONT = 12.0
SMALL = 10.5
CHARACTER = 0.62
"""Width of a character as a share of the font size; wide enough for DejaVu Sans, so that labels never touch."""

HORIZON_CHARACTERS = int((TITLE_WIDTH + OVERFLOW - 10) / (SMALL * CHARACTER))

MINIMUM = (560, 400)
"""Smallest canvas on which no texts touch."""


@dataclass(frozen=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    ink: str = "axis"
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True)
class Area:
    x: float
    y: float
    width: float
    height: float
    ink: str
    hatched: bool = False


@dataclass(frozen=True)
class Shape:
    """A closed polygon, filled with `ink`, or only outlined where `hollow`."""

    points: tuple[tuple[float, float], ...]
    ink: str
    hollow: bool = False


@dataclass(frozen=True)
class Text:
    """`anchor` is start, middle or end; `y` is the baseline."""

    x: float
    y: float
    text: str
    size: float = FONT
    anchor: str = "start"
    ink: str = "text"
    bold: bool = False


Primitive = Line | Area | Shape | Text


@dataclass(frozen=True)
class Reading:
    """What the nomogram shows of a patient or of a what-if.

    Parameters
    ----------
    values : mapping of str to float or None
        By predictor: where the markers stand.
    prediction : Prediction or None
        Points, total and risk as they may be shown; nothing else is ever read off the axes.
    ghosts : mapping of str to float or None
        The patient's own values during a what-if.
    dragged : str
        Predictor whose guide line to the points ruler is drawn, or "".
    focused : str
        Predictor that the keyboard moves, or "".
    """

    values: Mapping[str, float | None]
    prediction: Prediction | None = None
    ghosts: Mapping[str, float | None] = field(default_factory=dict)
    dragged: str = ""
    focused: str = ""


@dataclass(frozen=True)
class Layout:
    """Where everything of a geometry stands on a canvas of `width` x `height` pixels."""

    geometry: NomogramGeometry
    width: float
    height: float

    @property
    def left(self) -> float:
        return TITLE_WIDTH + OVERFLOW

    @property
    def right(self) -> float:
        return self.width - VALUE_WIDTH - OVERFLOW

    def y(self, row: str) -> float:
        """Height of a row's axis line."""
        step = (self.height - 30) / len(ROWS)
        return 30 + step * ROWS.index(row) + 0.45 * step

    @property
    def row_height(self) -> float:
        return (self.height - 30) / len(ROWS)

    def x_of_points(self, points: float) -> float:
        return self.left + points / self.geometry.points_max * (self.right - self.left)

    def points_of_x(self, x: float) -> float:
        return (x - self.left) / (self.right - self.left) * self.geometry.points_max

    def x_of_total(self, total: float) -> float:
        g = self.geometry
        return self.left + (total - g.total_low) / (g.total_high - g.total_low) * (self.right - self.left)

    def x_of_value(self, name: str, value: float) -> float:
        return self.x_of_points(self.geometry.points(name, value))

    def value_of_x(self, name: str, x: float) -> float:
        return self.geometry.value(name, self.points_of_x(x))

    def x_of_risk(self, risk: float) -> float:
        return self.x_of_total(self.geometry.total_of_risk(min(max(risk, 1e-12), 1 - 1e-12)))

    def on_canvas(self, x: float) -> tuple[float, int]:
        """`x` kept in sight, and -1 or 1 where it really lies beyond the left or right edge."""
        low, high = self.left - OVERFLOW + 6, self.right + OVERFLOW - 6
        return (low, -1) if x < low else (high, 1) if x > high else (x, 0)

    def row_at(self, y: float) -> str:
        """The predictor whose row holds height `y`, or ""."""
        index = int((y - 30) // self.row_height) if y >= 30 else -1
        row = ROWS[index] if 0 <= index < len(ROWS) else ""
        return row if row in [axis.name for axis in self.geometry.axes] else ""


def axes_of(layout: Layout) -> list[Primitive]:
    """Rulers, axes, ticks, development ranges and hatching: all that no value moves."""
    g = layout.geometry
    drawn = _ruler(layout, "points", "Points", _round_ticks(g.points_max, 10), layout.x_of_points)
    for axis in g.axes:
        drawn += _predictor(layout, axis)
    totals = _round_ticks(g.total_high, 20)
    drawn += _ruler(layout, "total", "Total points", totals, layout.x_of_total)
    empty = _why_no_risk_axis(g)
    if empty:
        drawn += [
            Text(10, layout.y("risk") + 2, "Risk", bold=True),
            Text(layout.left, layout.y("risk") + 2, empty, SMALL, ink="faint"),
        ]
    else:
        drawn += _ruler(layout, "risk", "Risk", g.risk_ticks, layout.x_of_risk, ends=_risk_ends(layout))
    if g.risk_ticks:
        drawn.append(Text(10, layout.y("risk") + 16, short_horizon(g.horizon), SMALL, ink="faint"))
        origin = {"derived": "intercept derived", "figure": "intercept read off"}.get(g.risk_origin)
        if origin:
            drawn.append(Text(10, layout.y("risk") + 29, origin, SMALL, ink="faint"))
    return drawn


def _why_no_risk_axis(g: NomogramGeometry) -> str:
    """A sentence, or "" where there is a risk axis to draw."""
    if not g.risk_ticks:
        return "no risk axis: this signature has no intercept"
    (lowest, low_text), (highest, high_text) = g.risk_ticks[0], g.risk_ticks[-1]
    if g.total_of_risk(lowest) > g.total_high:
        return f"all risks of these axes are below {low_text}"
    if g.total_of_risk(highest) < g.total_low:
        return f"all risks of these axes are above {high_text}"
    return ""


def short_horizon(horizon: str) -> str:
    """As much of it as fits left of the axis; that the procedure is TACE goes without saying."""
    return textwrap.shorten(horizon.removesuffix(" after TACE"), HORIZON_CHARACTERS, placeholder="...")


def _round_ticks(high: float, step: float) -> list[tuple[float, str]]:
    return [(step * i, f"{step * i:g}") for i in range(int(high / step + 1e-9) + 1)]


def _risk_ends(layout: Layout) -> tuple[float, float]:
    xs = [layout.x_of_risk(risk) for risk, _ in layout.geometry.risk_ticks]
    return max(min(xs), layout.left), min(max(xs), layout.right)


def _ruler(layout: Layout, row: str, title: str, ticks, x_of, ends=None) -> list[Primitive]:
    y, (low, high) = layout.y(row), ends or (layout.left, layout.right)
    drawn: list[Primitive] = [Text(10, y + 2, title, bold=True), Line(low, y, high, y)]
    placed = [(x_of(value), text) for value, text in ticks]
    return drawn + _ticks([(x, text) for x, text in placed if low - 0.5 <= x <= high + 0.5], y)


def _ticks(placed: list[tuple[float, str]], y: float) -> list[Primitive]:
    """Every tick its line, and its label where it touches no other: every n-th tick of an even axis, else what fits."""
    if not placed:
        return []
    drawn: list[Primitive] = [Line(x, y, x, y + 6) for x, _ in placed]
    gaps = [b[0] - a[0] for a, b in itertools.pairwise(placed)]
    even = len(gaps) > 1 and max(gaps) - min(gaps) < 1
    widest = max(len(text) for _, text in placed) * SMALL * CHARACTER + 6
    stride = math.ceil(widest / gaps[0]) if even else 1
    first = [placed[0], placed[-1], placed[len(placed) // 2]] if len(placed) > 2 else placed
    order = placed[::stride] if even else [*first, *(tick for tick in placed if tick not in first)]
    taken: list[tuple[float, float]] = []
    for x, text in order:
        half = len(text) * SMALL * CHARACTER / 2 + 3
        if all(x + half <= low or x - half >= high for low, high in taken):
            taken.append((x - half, x + half))
            drawn.append(Text(x, y + 18, text, SMALL, "middle"))
    return drawn


def _predictor(layout: Layout, axis: Axis) -> list[Primitive]:
    y = layout.y(axis.name)

    def x(value: float) -> float:
        return layout.x_of_value(axis.name, value)

    drawn: list[Primitive] = []
    if axis.dev_low is not None:
        low, high = sorted((x(max(axis.dev_low, axis.low)), x(min(axis.dev_high, axis.high))))
        drawn.append(Area(low, y - 5, high - low, 10, "band"))
    if axis.hatched_above is not None:
        start = x(axis.hatched_above)
        end = layout.right + OVERFLOW if axis.points_high > axis.points_low else layout.left - OVERFLOW
        low, high = sorted((start, end))
        drawn.append(Area(low, y - 7, high - low, 14, "hatch", hatched=True))
    drawn.append(Line(x(axis.low), y, x(axis.high), y, width=1.5))
    drawn += _ticks(sorted((x(value), text) for value, text in axis.ticks), y)
    title = f"{axis.label} ({axis.unit})" if axis.unit else axis.label
    return [*drawn, Text(10, y - 4, title, bold=True)]


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
        drawn.append(Text(10, y + 25, f"patient {number(ghost)}", SMALL, ink="faint"))
    if value is None:
        return [*drawn, Text(10, y + 11, "no value", SMALL, ink="faint")]
    outside = is_outside(axis, value)
    ink = "warning" if outside else "marker"
    x, beyond = layout.on_canvas(layout.x_of_value(axis.name, value))
    drawn.append(Shape(_arrow(x, y, beyond), ink))
    drawn.append(Text(10, y + 11, f"{number(value)}{'  off the axis' if outside else ''}", SMALL, ink=ink, bold=True))
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
        text = "withheld" if prediction.state == "withheld" else "not shown"
        drawn.append(Text(layout.width - 10, y + 4, text, SMALL, "end", "faint"))
    if mark := banner(prediction):
        drawn.append(Text(layout.width / 2, 16, mark, FONT, "middle", "warning", True))
    return drawn


def banner(prediction: Prediction) -> str:
    """What stands over a picture that shows no patient's result, "" over one that does."""
    mark = {"what-if": "WHAT-IF", "demonstration": "DEMONSTRATION"}.get(prediction.state)
    return f"{mark} - not this patient's result" if mark else ""


def _intervals(prediction: Prediction) -> list[str]:
    """Texts from the lowest line up: a what-if's bands, the widest first, or the one interval of a risk."""
    bands = [(band.low, band.high) for band in prediction.bands] or [prediction.risk_interval]
    return [interval_text(band) for band in reversed(bands)]


def _arrow(x: float, y: float, beyond: int) -> tuple[tuple[float, float], ...]:
    """A marker that points down at the axis, or sideways where the value lies beyond what is drawn."""
    if beyond:
        return ((x - 5 * beyond, y - 7), (x - 5 * beyond, y + 7), (x + 7 * beyond, y))
    return ((x - 6, y - 11), (x + 6, y - 11), (x, y))


def is_outside(axis: Axis, value: float) -> bool:
    return not axis.low <= value <= axis.high


def number(value: float) -> str:
    """A value as it is shown beside its axis (the typed field keeps every digit)."""
    return f"{value:.4g}"
