"""Rulers, axes, ticks, the cohort's distribution, development ranges and hatching: all that no value moves."""

from __future__ import annotations

import itertools
import math

from .. import RESEARCH_USE
from ..signature import NomogramGeometry
from ..signature.nomogram import Axis
from ..signature.predictors import Value
from .nomogram_layout import EDGE, POINTS, RISK, TOTAL, Layout, short_horizon
from .primitives import FONT, SMALL, Area, Line, Primitive, Shape, Text
from .text_width import fitted, width_of, wrapped

HATCH = 22.0
"""Pixels of the hatching beyond the axis' end; what lies further out is said in words."""

DISTRIBUTION = 11.0
"""Height of the densest part of the cohort's distribution."""


def axes_of(layout: Layout) -> list[Primitive]:
    """Everything but the marks; of a demo signature with the words that it is for no patient."""
    g = layout.geometry
    drawn: list[Primitive] = [
        Text(layout.width / 2, layout.banner_y(i), line, FONT, "middle", "warning", True)
        for i, line in enumerate(layout.marks)
    ]
    drawn += _ruler(layout, POINTS, "Points", _round_ticks(0, g.points_max, g.points_step), layout.x_of_points)
    for axis in g.axes:
        drawn += _predictor(layout, axis)
    drawn += _ruler(layout, TOTAL, "Total points", _round_ticks(*layout.totals, layout.total_step), layout.x_of_total)
    return drawn + _risk(layout)


def _risk(layout: Layout) -> list[Primitive]:
    g, row = layout.geometry, layout.row(RISK)
    empty = _why_no_risk_axis(g)
    if empty:
        text = fitted(empty, layout.right - layout.left, SMALL)
        drawn: list[Primitive] = [
            Text(EDGE, row.left[0], "Risk", bold=True),
            Text(layout.left, row.axis + 2, text, SMALL, ink="faint"),
        ]
    else:
        drawn = _ruler(layout, RISK, "Risk", _risk_ticks(g), layout.x_of_risk, ends=_risk_ends(layout))
    if g.risk_ticks:
        x, y, room = EDGE, row.left[1], layout.title_room
        if layout.narrow:  # beside the word, on its line
            x, y = EDGE + width_of("Risk", FONT, bold=True) + 6, row.left[0]
            room = layout.width - EDGE - x - width_of(">99 to >99 %", FONT + 2, bold=True)
        drawn.append(Text(x, y, short_horizon(g.horizon, room), SMALL, ink="faint"))
        if layout.origin_words:
            drawn.append(Text(EDGE, row.left[1 if layout.narrow else 2], layout.origin_words, SMALL, ink="faint"))
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


def _risk_ticks(g: NomogramGeometry) -> list[tuple[float, str]]:
    """With the sign on the first and the last alone: between them it would cost room for more labels."""
    inner = [(risk, text.removesuffix(" %")) for risk, text in g.risk_ticks[1:-1]]
    return [g.risk_ticks[0], *inner, *g.risk_ticks[1:][-1:]]


def _round_ticks(low: float, high: float, step: float) -> list[tuple[float, str]]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(step * i, f"{step * i:g}") for i in range(first, last + 1)]


def _risk_ends(layout: Layout) -> tuple[float, float]:
    xs = [layout.x_of_risk(risk) for risk, _ in layout.geometry.risk_ticks]
    return max(min(xs), layout.left), min(max(xs), layout.right)


def _ruler(layout: Layout, row: str, title: str, ticks, x_of, ends=None) -> list[Primitive]:
    place, (low, high) = layout.row(row), ends or (layout.left, layout.right)
    y = place.axis
    drawn: list[Primitive] = [Text(EDGE, place.left[0], title, bold=True), Line(low, y, high, y)]
    placed = [(x_of(value), text) for value, text in ticks]
    return drawn + _ticks([(x, text) for x, text in placed if low - 0.5 <= x <= high + 0.5], y)


def _ticks(placed: list[tuple[float, str]], y: float) -> list[Primitive]:
    """Every tick its line, and its label where it touches no other: every n-th tick of an even axis, else what fits."""
    if not placed:
        return []
    drawn: list[Primitive] = [Line(x, y, x, y + 6) for x, _ in placed]
    gaps = [b[0] - a[0] for a, b in itertools.pairwise(placed)]
    even = len(gaps) > 1 and max(gaps) - min(gaps) < 1
    widest = max(width_of(text, SMALL) for _, text in placed) + 6
    stride = math.ceil(widest / gaps[0]) if even else 1
    first = [placed[0], placed[-1], placed[len(placed) // 2]] if len(placed) > 2 else placed
    order = placed[::stride] if even else [*first, *(tick for tick in placed if tick not in first)]
    taken: list[tuple[float, float]] = []
    for x, text in order:
        half = width_of(text, SMALL) / 2 + 3
        if all(x + half <= low or x - half >= high for low, high in taken):
            taken.append((x - half, x + half))
            drawn.append(Text(x, y + 18, text, SMALL, "middle"))
    return drawn


def _predictor(layout: Layout, axis: Axis) -> list[Primitive]:
    row = layout.row(axis.name)
    y = row.axis

    def x(value: Value) -> float:
        return layout.x_of_value(axis.name, value)

    drawn = _distribution(layout, axis)
    if axis.dev_low is not None:
        low, high = sorted((x(max(axis.dev_low, axis.low)), x(min(axis.dev_high, axis.high))))
        drawn.append(Area(low, y - 5, high - low, 10, "band"))
    if axis.hatched_above is not None:
        end = x(axis.high)
        end += HATCH if axis.points_high > axis.points_low else -HATCH
        end = min(max(end, layout.left - layout.overflow), layout.right + layout.overflow)
        low, high = sorted((x(axis.hatched_above), end))
        drawn.append(Area(low, y - 7, high - low, 14, "hatch", hatched=True))
    drawn.append(Line(x(axis.low), y, x(axis.high), y, width=1.5))
    if 0.5 in axis.quantiles:
        at = x(axis.quantiles[0.5])
        drawn.append(Line(at, y - DISTRIBUTION, at, y, "median", 1.5))
    if axis.is_categorical:
        drawn += [Line(tick, y, tick, y + 6) for tick, *_ in layout.levels(axis)]
        drawn += [Text(at, y + 18 + 11 * line, text, SMALL, "middle") for _, at, line, text in layout.levels(axis)]
    else:
        drawn += _ticks(sorted((x(value), text) for value, text in axis.ticks), y)
    return [*drawn, Text(EDGE, row.left[0], _title(layout, axis), bold=True)]


def _title(layout: Layout, axis: Axis) -> str:
    whole = f"{axis.label} ({axis.unit})" if axis.unit else axis.label
    return whole if layout.title(whole) == whole else layout.title(axis.label)


def _distribution(layout: Layout, axis: Axis) -> list[Primitive]:
    """How the cohort lies on an axis: between two of its quantiles, as high as cases are dense there."""
    low, high = axis.low, axis.high
    steps = []
    for (share, value), (next_share, next_value) in itertools.pairwise(axis.quantiles.items()):
        if next_value - value > 1e-6 * (high - low):
            inside = max(value, low), min(next_value, high)
            steps.append((*inside, (next_share - share) / (next_value - value)))
    steps = [step for step in steps if step[1] > step[0]]
    if not steps:
        return []
    top, y = max(density for *_, density in steps), layout.y(axis.name)
    corners = []
    for a, b, density in steps:
        height = y - DISTRIBUTION * density / top
        corners += [(layout.x_of_value(axis.name, a), height), (layout.x_of_value(axis.name, b), height)]
    return [Shape(((corners[0][0], y), *corners, (corners[-1][0], y)), "cohort")]


def footer_of(layout: Layout, title: str) -> tuple[list[Text], float]:
    """Lines below an exported nomogram, and its height with them: what it is not for, whole at every width; title."""
    room = layout.width - 2 * EDGE
    safety = wrapped(RESEARCH_USE, room, SMALL, bold=True)
    lines = [*safety, *wrapped(title, room, SMALL)]
    middle, last = layout.width / 2, len(lines) - 1
    drawn = [
        Text(middle, layout.height + 12 + 13 * i, line, SMALL, "middle", "faint", bold=i < len(safety))
        for i, line in enumerate(lines)
    ]
    return drawn, layout.height + 20 + 13 * last
