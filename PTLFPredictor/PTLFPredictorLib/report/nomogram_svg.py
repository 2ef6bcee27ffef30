"""The nomogram as clinicians know it, as SVG: points ruler, an axis per predictor, total points, risk.

It draws the geometry of `signature.nomogram`; a marker stands where the axis reads the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from ..signature.nomogram import Axis, NomogramGeometry
from ..signature.prediction import Prediction

WIDTH, LEFT, RIGHT = 1000, 170, 950
"""Drawing width, and where the axes begin and end, in SVG units."""

TOP, ROW = 34, 56
TICK, FONT = 7, 15

INK, SOFT, BAND, MARK = "#222", "#777", "#cfe3f3", "#b03a00"


@dataclass(frozen=True)
class _Canvas:
    parts: list[str]

    def line(self, x1: float, y1: float, x2: float, y2: float, stroke: str = INK, more: str = "") -> None:
        self.parts.append(f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{stroke}" {more}/>')

    def text(self, x: float, y: float, text: str, anchor: str = "middle", fill: str = INK, more: str = "") -> None:
        self.parts.append(
            f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" fill="{fill}" {more}>{escape(text)}</text>'
        )

    def rect(self, x1: float, x2: float, y: float, height: float, fill: str) -> None:
        x, width = min(x1, x2), abs(x2 - x1)
        self.parts.append(f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height}" fill="{fill}"/>')

    def dot(self, x: float, y: float, name: str) -> None:
        self.parts.append(
            f'<circle class="marker" data-axis="{name}" cx="{x:.3f}" cy="{y:.2f}" r="6" fill="{MARK}" stroke="#fff"/>'
        )


def svg(
    geometry: NomogramGeometry,
    values: Mapping[str, float],
    prediction: Prediction | None = None,
    *,
    watermark: str = "",
) -> str:
    """The nomogram with a marker for each of `values` (ALB in g/L, INR, Radscore; those that may be shown).

    Total and risk are marked only where `prediction` shows them.
    """
    canvas = _Canvas([])
    ruler_y = TOP
    _ruler(canvas, geometry, ruler_y)
    for row, axis in enumerate(geometry.axes, start=1):
        y = TOP + row * ROW
        _predictor_axis(canvas, geometry, axis, y)
        if axis.name in values:
            _marker(canvas, geometry, axis, y, values[axis.name], ruler_y)
    total_y = TOP + (len(geometry.axes) + 1) * ROW
    _total_axis(canvas, geometry, total_y)
    last_y = total_y
    if geometry.risk_ticks:
        last_y = total_y + ROW
        _risk_axis(canvas, geometry, last_y)
    if prediction is not None and prediction.total_points is not None:
        _total_marker(canvas, geometry, prediction, total_y, last_y)
    height = last_y + 44
    if watermark:
        canvas.parts.append(
            f'<text class="watermark" x="{WIDTH / 2}" y="{height / 2}" text-anchor="middle" font-size="64" '
            f'fill="{MARK}" opacity="0.16" transform="rotate(-14 {WIDTH / 2} {height / 2})">{escape(watermark)}</text>'
        )
    return (
        f'<svg class="nomogram" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Nomogram" font-family="Helvetica, Arial, sans-serif" font-size="{FONT}">{_HATCH}'
        f"{''.join(canvas.parts)}</svg>"
    )


_HATCH = (
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<line x1="0" y1="0" x2="0" y2="7" stroke="{SOFT}" stroke-width="2"/></pattern></defs>'
)


def x_of_points(geometry: NomogramGeometry, points: float) -> float:
    """Place of a number of points on the ruler and on the predictors' axes, in SVG units; not clamped."""
    return LEFT + (RIGHT - LEFT) * points / geometry.points_max


def x_of_total(geometry: NomogramGeometry, total: float) -> float:
    """Place of total points on the two last axes, in SVG units; not clamped."""
    return LEFT + (RIGHT - LEFT) * (total - geometry.total_low) / (geometry.total_high - geometry.total_low)


def _ruler(canvas: _Canvas, geometry: NomogramGeometry, y: float) -> None:
    canvas.text(12, y + 5, "Points", "start", more='font-weight="bold"')
    canvas.line(LEFT, y, RIGHT, y)
    steps = round(geometry.points_max / 5)
    for i in range(steps + 1):
        x = x_of_points(geometry, i * 5)
        canvas.line(x, y, x, y - (TICK if i % 2 == 0 else TICK / 2))
        if i % 2 == 0:
            canvas.text(x, y - TICK - 4, f"{i * 5:g}")


def _predictor_axis(canvas: _Canvas, geometry: NomogramGeometry, axis: Axis, y: float) -> None:
    def x(value: float) -> float:
        return x_of_points(geometry, geometry.points(axis.name, value))

    canvas.text(12, y + 5, axis.label, "start", more='font-weight="bold"')
    if axis.unit:
        canvas.text(12, y + 21, axis.unit, "start", SOFT, 'font-size="12"')
    if axis.dev_low is not None and axis.dev_high is not None:
        canvas.rect(x(axis.dev_low), x(axis.dev_high), y - 5, 10, BAND)
    if axis.hatched_above is not None:
        end = x_of_points(geometry, geometry.points_max)
        canvas.rect(x(axis.hatched_above), min(end, x(axis.hatched_above) + 90), y - 5, 10, "url(#hatch)")
        canvas.text(x(axis.hatched_above) + 98, y + 5, axis.note, "start", SOFT, 'font-size="12"')
    canvas.line(x(axis.low), y, x(axis.high), y)
    for value, label in axis.ticks:
        canvas.line(x(value), y, x(value), y + TICK)
        canvas.text(x(value), y + TICK + 14, label, more='font-size="13"')


def _marker(canvas: _Canvas, geometry: NomogramGeometry, axis: Axis, y: float, value: float, ruler_y: float) -> None:
    points = geometry.points(axis.name, value)
    x = x_of_points(geometry, points)
    text = f"{value:.4g}{' ' + axis.unit if axis.unit else ''}: {points:.1f} points"
    beyond = not axis.low <= value <= axis.high
    if beyond:
        text += " (beyond the axis)"
    edge = min(max(x, LEFT - 20), RIGHT + 20)
    if x != edge:  # off the page: an arrow at the margin says where
        canvas.text(edge, y + 5, "\u25b6" if x > edge else "\u25c0", fill=MARK)
        canvas.text(edge, y - 10, text, "end" if x > edge else "start", MARK)
        return
    canvas.line(x, y, x, ruler_y, MARK, 'stroke-dasharray="3 4" stroke-width="1" opacity="0.7"')
    canvas.dot(x, y, axis.name)
    anchor = "end" if x > RIGHT - 150 else "start"
    canvas.text(x + (-10 if anchor == "end" else 10), y - 10, text, anchor, MARK, _HALO)


_HALO = 'paint-order="stroke" style="stroke:#fff;stroke-width:4px" font-weight="bold" font-size="14"'


def _total_axis(canvas: _Canvas, geometry: NomogramGeometry, y: float) -> None:
    canvas.text(12, y + 5, "Total points", "start", more='font-weight="bold"')
    canvas.line(LEFT, y, RIGHT, y)
    for i in range(round((geometry.total_high - geometry.total_low) / 10) + 1):
        total = geometry.total_low + 10 * i
        x = x_of_total(geometry, total)
        canvas.line(x, y, x, y + (TICK if i % 2 == 0 else TICK / 2))
        if i % 2 == 0:
            canvas.text(x, y + TICK + 14, f"{total:g}", more='font-size="13"')


def _risk_axis(canvas: _Canvas, geometry: NomogramGeometry, y: float) -> None:
    canvas.text(12, y + 5, "Risk", "start", more='font-weight="bold"')
    origin = {"derived": "intercept derived", "figure": "intercept from the figure"}.get(geometry.risk_origin)
    if origin:
        canvas.text(12, y + 21, origin, "start", SOFT, 'font-size="12"')
    placed = [(x_of_total(geometry, geometry.total_of_risk(risk)), label) for risk, label in geometry.risk_ticks]
    placed = [(x, label) for x, label in placed if LEFT <= x <= RIGHT]
    if not placed:
        return
    canvas.line(placed[0][0], y, placed[-1][0], y)
    last = -1e9
    for x, label in placed:
        canvas.line(x, y, x, y + TICK)
        if x - last > 34:
            canvas.text(x, y + TICK + 14, label.removesuffix(" %"), more='font-size="13"')
            last = x
    canvas.text(placed[-1][0] + 26, y + TICK + 14, "%", "start", SOFT, 'font-size="13"')


def _total_marker(
    canvas: _Canvas, geometry: NomogramGeometry, prediction: Prediction, total_y: float, risk_y: float
) -> None:
    from ..signature.prediction import risk_text

    x = x_of_total(geometry, prediction.total_points)
    if not LEFT - 20 <= x <= RIGHT + 20:
        edge = RIGHT if x > RIGHT else LEFT
        text = f"{prediction.total_points:.1f} points, beyond the axis"
        canvas.text(edge, total_y - 10, text, "end" if x > RIGHT else "start", MARK)
        return
    canvas.line(x, total_y, x, risk_y, MARK, 'stroke-dasharray="3 4"')
    canvas.dot(x, total_y, "total")
    side, anchor = (-10, "end") if x > RIGHT - 150 else (10, "start")
    canvas.text(x + side, total_y - 10, f"{prediction.total_points:.1f} points", anchor, MARK, _HALO)
    if prediction.risk is not None and geometry.risk_ticks:
        canvas.dot(x, risk_y, "risk")
        canvas.text(x + side, risk_y - 10, f"{risk_text(prediction.risk)}", anchor, MARK, _HALO)
