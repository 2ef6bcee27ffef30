"""The nomogram as a list of lines, areas and texts: what the widget paints and the SVG export writes.

Pure Python, no Qt.  `Layout` places a geometry of `signature.nomogram` on a canvas; `axes_of` draws what changes
only with size or signature, `nomogram_marks.marks_of` what moves.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from dataclasses import dataclass

from .. import RESEARCH_USE
from ..signature import NomogramGeometry
from ..signature.nomogram import Axis
from ..signature.outcome import Origin
from ..signature.predictors import Value
from .primitives import SMALL, Area, Line, Primitive, Text

TITLE_WIDTH = 132.0
"""Pixels left of the axes: title, unit and value of each predictor."""

VALUE_WIDTH = 112.0
"""Pixels right of the axes: its points, the total, the risk."""

OVERFLOW = 26.0
"""Pixels beyond each end of an axis in which a value off the axis is marked."""

TOP = 30.0
"""Pixels above the first row."""

CHARACTER = 0.62
"""Width of a character as a share of the font size; wide enough for DejaVu Sans, so that labels never touch."""

HORIZON_CHARACTERS = int((TITLE_WIDTH + OVERFLOW - 10) / (SMALL * CHARACTER))

MINIMUM_WIDTH = 560
"""Narrowest canvas on which no texts touch."""

ROW = 370 / 6
"""Height of a row in pixels in which no texts touch."""

LEVEL_LINES = 3
"""Lines for the labels of levels below a categorical axis."""

FOOTER = 22
"""Pixels below an exported nomogram for its title and the research-use line."""

FOOTER_FONT, FOOTER_CHARACTER = 10, 0.55
"""Its size, and the width of a character of running text as a share of it."""


def rows_of(geometry: NomogramGeometry) -> tuple[str, ...]:
    return ("points", *(axis.name for axis in geometry.axes), "total", "risk")


def height_of(geometry: NomogramGeometry) -> int:
    """Lowest canvas on which no texts touch: 400 pixels with three predictors."""
    return round(TOP + ROW * len(rows_of(geometry)))


@dataclass(frozen=True)
class Layout:
    """Where everything of a geometry stands on a canvas of `width` x `height` pixels."""

    geometry: NomogramGeometry
    width: float
    height: float

    @property
    def rows(self) -> tuple[str, ...]:
        """From the top: the points ruler, the predictors by name, total points, risk."""
        return rows_of(self.geometry)

    @property
    def left(self) -> float:
        return TITLE_WIDTH + OVERFLOW

    @property
    def right(self) -> float:
        return self.width - VALUE_WIDTH - OVERFLOW

    def y(self, row: str) -> float:
        """Height of a row's axis line."""
        return TOP + self.row_height * (self.rows.index(row) + 0.45)

    @property
    def row_height(self) -> float:
        return (self.height - TOP) / len(self.rows)

    def x_of_points(self, points: float) -> float:
        return self.left + points / self.geometry.points_max * (self.right - self.left)

    def points_of_x(self, x: float) -> float:
        return (x - self.left) / (self.right - self.left) * self.geometry.points_max

    def x_of_total(self, total: float) -> float:
        g = self.geometry
        return self.left + (total - g.total_low) / (g.total_high - g.total_low) * (self.right - self.left)

    def x_of_value(self, name: str, value: Value) -> float:
        return self.x_of_points(self.geometry.points(name, value))

    def value_of_x(self, name: str, x: float) -> Value:
        return self.geometry.value(name, self.points_of_x(x))

    def x_of_risk(self, risk: float) -> float:
        return self.x_of_total(self.geometry.total_of_risk(min(max(risk, 1e-12), 1 - 1e-12)))

    def on_canvas(self, x: float) -> tuple[float, int]:
        """`x` kept in sight, and -1 or 1 where it really lies beyond the left or right edge."""
        low, high = self.left - OVERFLOW + 6, self.right + OVERFLOW - 6
        return (low, -1) if x < low else (high, 1) if x > high else (x, 0)

    def row_at(self, y: float) -> str:
        """The predictor whose row holds height `y`, or ""."""
        index = int((y - TOP) // self.row_height)
        return self.geometry.axes[index - 1].name if 1 <= index <= len(self.geometry.axes) else ""


def axes_of(layout: Layout) -> list[Primitive]:
    """Rulers, axes, ticks, development ranges and hatching: all that no value moves."""
    g = layout.geometry
    drawn = _ruler(layout, "points", "Points", _round_ticks(0, g.points_max, g.points_step), layout.x_of_points)
    for axis in g.axes:
        drawn += _predictor(layout, axis)
    totals = _round_ticks(g.total_low, g.total_high, g.total_step)
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
        origin = {Origin.DERIVED: "intercept derived", Origin.FIGURE: "intercept read off"}.get(g.risk_origin)
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


def _round_ticks(low: float, high: float, step: float) -> list[tuple[float, str]]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(step * i, f"{step * i:g}") for i in range(first, last + 1)]


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


def _levels(placed: list[tuple[float, str]], y: float) -> list[Primitive]:
    """A tick and a label for each level: labels that would touch stand below each other."""
    drawn: list[Primitive] = [Line(x, y, x, y + 6) for x, _ in placed]
    free = [-math.inf] * LEVEL_LINES
    for x, text in placed:
        half = len(text) * SMALL * CHARACTER / 2 + 3
        line = next((line for line, end in enumerate(free) if x - half >= end), free.index(min(free)))
        free[line] = x + half
        drawn.append(Text(x, y + 18 + 11 * line, text, SMALL, "middle"))
    return drawn


def _predictor(layout: Layout, axis: Axis) -> list[Primitive]:
    y = layout.y(axis.name)

    def x(value: Value) -> float:
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
    placed = sorted((x(value), text) for value, text in axis.ticks)
    drawn += _levels(placed, y) if axis.is_categorical else _ticks(placed, y)
    title = f"{axis.label} ({axis.unit})" if axis.unit else axis.label
    return [*drawn, Text(10, y - 4, title, bold=True)]


def footer_of(layout: Layout, title: str) -> Text:
    """The line below an exported nomogram: as much of the title as fits before the research-use line."""
    room = int(layout.width / (FOOTER_FONT * FOOTER_CHARACTER)) - len(RESEARCH_USE) - 3
    shown = textwrap.shorten(title, max(room, 0), placeholder="...")
    return Text(layout.width / 2, layout.height + 13, f"{shown} - {RESEARCH_USE}", FOOTER_FONT, "middle", "faint")
