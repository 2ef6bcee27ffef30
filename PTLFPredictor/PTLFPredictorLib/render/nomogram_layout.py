"""Where everything of a nomogram stands on a canvas: rows from the top, axes, and the texts beside or above them.

Pure Python, no Qt.  `Layout` places a geometry of `signature.nomogram`; `nomogram_axes.axes_of` draws what changes
only with size or signature, `nomogram_marks.marks_of` what moves.  A canvas of `WIDE_FROM` pixels or more has titles
left of the axes and numbers right of them; on a narrower one both stand above the axis, which has the whole width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

from ..record.statements import FOR_NO_PATIENT, WHAT_IF_BANNER
from ..signature import NomogramGeometry
from ..signature.nomogram import Axis
from ..signature.outcome import Origin
from ..signature.predictors import Value
from .primitives import FONT, SMALL
from .text_width import fitted, width_of, wrapped

MINIMUM_WIDTH = 280
"""Narrowest canvas on which no texts touch."""

WIDE_FROM = 680
"""Pixels from which titles stand left of the axes."""

EDGE = 10.0
"""Pixels left and right of all texts."""

TITLE_WIDTH, VALUE_WIDTH = 132.0, 112.0
"""On a wide canvas: left of the axes titles and values, right of them points, total and risk."""

WIDE_OVERFLOW, NARROW_OVERFLOW = 26.0, 15.0
"""Pixels beyond each end of an axis in which a value off the axis is marked."""

WIDE_ROW = (27.75, 33.92)
"""Pixels above and below an axis in which no texts touch."""

LINE, ARROW, BELOW = 13.0, 16.0, 23.0
"""On a narrow canvas: a line of text above the axis, the markers between text and axis, and ticks with labels."""

APART = 8.0
"""On a narrow canvas: between the labels of an axis and the next one's title, which else reads as their caption."""

LEVEL_LINE = 11.0
"""Between labels of levels that would touch and stand below each other."""

BANNER_LINE = 15.0

ZOOM_BELOW = 0.8
"""Where the risks that have a tick take less of the total points' axis than this, the axis shows no more than them."""

POINTS, TOTAL, RISK = "points", "total", "risk"
"""Rows that are no predictor's."""


def rows_of(geometry: NomogramGeometry) -> tuple[str, ...]:
    """From the top: the points ruler, the predictors by name, total points, risk."""
    return (POINTS, *(axis.name for axis in geometry.axes), TOTAL, RISK)


def height_of(geometry: NomogramGeometry, width: float) -> int:
    """Lowest canvas of this width on which no texts touch: 400 pixels with three predictors, 436 on a narrow one."""
    return lowest(geometry, width).least_height


def lowest(geometry: NomogramGeometry, width: float) -> Layout:
    """The layout of a width at its least height."""
    layout = Layout(geometry, width, 0)
    return replace(layout, height=layout.least_height)


@dataclass(frozen=True)
class Row:
    """Top of a row, its axis line, the baselines of the texts left and right of it, and its end."""

    top: float
    axis: float
    left: tuple[float, ...]
    right: tuple[float, ...]
    bottom: float


@dataclass(frozen=True)
class Layout:
    """Where everything of a geometry stands on a canvas of `width` x `height` pixels."""

    geometry: NomogramGeometry
    width: float
    height: float

    @property
    def narrow(self) -> bool:
        return self.width < WIDE_FROM

    @property
    def rows(self) -> tuple[str, ...]:
        return rows_of(self.geometry)

    @property
    def overflow(self) -> float:
        return NARROW_OVERFLOW if self.narrow else WIDE_OVERFLOW

    @cached_property
    def left(self) -> float:
        return EDGE + NARROW_OVERFLOW if self.narrow else TITLE_WIDTH + WIDE_OVERFLOW

    @cached_property
    def right(self) -> float:
        return self.width - (EDGE + NARROW_OVERFLOW if self.narrow else VALUE_WIDTH + WIDE_OVERFLOW)

    # Rows

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """Lines that stand over all that is drawn of a demo signature, on every canvas and in every copy."""
        return tuple(wrapped(FOR_NO_PATIENT, self.width - 2 * EDGE, FONT, bold=True)) if self.geometry.is_demo else ()

    def banner_lines(self, text: str) -> list[str]:
        """A banner, which stands below `marks`."""
        return wrapped(text, self.width - 2 * EDGE, FONT, bold=True)

    def banner_y(self, line: int) -> float:
        """Baseline of a line above the first row."""
        return BANNER_LINE * (line + 1) + (-2.0 if self.narrow else 1.0)

    @cached_property
    def _top(self) -> float:
        lines = len(self.marks) + len(self.banner_lines(WHAT_IF_BANNER))
        return lines * BANNER_LINE + (4.0 if self.narrow else 15.0)

    @cached_property
    def _heights(self) -> tuple[tuple[float, float], ...]:
        """Least pixels above and below the axis, by row."""
        return tuple(self._above_and_below(row) for row in self.rows)

    def _above_and_below(self, row: str) -> tuple[float, float]:
        levels = next((axis for axis in self.geometry.axes if axis.name == row and axis.is_categorical), None)
        lines = 0 if levels is None else 1 + max(line for _, _, line, _ in self.levels(levels))
        above, below = (LINE * self._lines(row) + ARROW, BELOW) if self.narrow else WIDE_ROW
        apart = APART if self.narrow and row != RISK else 0.0
        return above, max(below, BELOW + LEVEL_LINE * (lines - 1)) + apart

    def _lines(self, row: str) -> int:
        """Lines of text above the axis on a narrow canvas."""
        if row in (POINTS, TOTAL):
            return 1
        return 3 if row == RISK and self.origin_words else 2

    @cached_property
    def least_height(self) -> int:
        return round(self._top + sum(map(sum, self._heights)))

    @cached_property
    def _rows(self) -> dict[str, Row]:
        spare = (self.height - self._top - sum(map(sum, self._heights))) / len(self.rows)
        found, top = {}, self._top
        for row, (above, below) in zip(self.rows, self._heights, strict=True):
            axis, bottom = top + above + 0.45 * spare, top + above + below + spare
            if self.narrow:
                first = axis - above + LINE - 2
                left = right = tuple(first + LINE * i for i in range(self._lines(row)))
            else:
                left = tuple(axis + y for y in ((2, 16, 29) if row in (POINTS, TOTAL, RISK) else (-4, 11, 25)))
                right = tuple(axis + y for y in (4, 18, 31))
            found[row] = Row(top, axis, left, right, bottom)
            top = bottom
        return found

    def row(self, name: str) -> Row:
        return self._rows[name]

    def y(self, row: str) -> float:
        """Height of a row's axis line."""
        return self._rows[row].axis

    def row_at(self, y: float) -> str:
        """The predictor whose row holds height `y`, or ""."""
        held = (axis.name for axis in self.geometry.axes if self.row(axis.name).top <= y < self.row(axis.name).bottom)
        return next(held, "")

    def axis_at(self, x: float, y: float) -> str:
        """The predictor whose axis is under a point, with the room of its markers and ticks, or ""."""
        name = self.row_at(y)
        beside = self.left - self.overflow <= x <= self.right + self.overflow
        return name if name and beside and -ARROW <= y - self.y(name) <= BELOW else ""

    # Texts

    def title(self, text: str, room: float | None = None) -> str:
        """As much of a row's title as has room left of the axes, or above them beside the points."""
        room = room or (self.width - 2 * EDGE - width_of("100.0 points", FONT, bold=True) - 8)
        return fitted(text, room if self.narrow else TITLE_WIDTH + WIDE_OVERFLOW - EDGE - 14, FONT, bold=True)

    @property
    def title_room(self) -> float:
        """Pixels of a small text below a title."""
        return self.width / 2 - EDGE - 4 if self.narrow else TITLE_WIDTH + WIDE_OVERFLOW - EDGE - 14

    @property
    def origin_words(self) -> str:
        """Where an intercept comes from that nobody fitted, "" for one that was."""
        words = {Origin.DERIVED: "intercept derived", Origin.FIGURE: "intercept read off"}
        return words.get(self.geometry.risk_origin, "")

    def levels(self, axis: Axis) -> list[tuple[float, float, int, str]]:
        """Of a categorical axis: x of tick and label, which line the label stands on, and the label."""
        low, high = (
            (EDGE, self.width - EDGE) if self.narrow else (self.left - self.overflow, self.right + self.overflow)
        )
        ends: list[float] = []
        found = []
        for tick, label in sorted((self.x_of_points(axis.points(value)), text) for value, text in axis.ticks):
            text = fitted(label, high - low, SMALL)
            half = width_of(text, SMALL) / 2
            x = min(max(tick, low + half), high - half)
            line = next((i for i, end in enumerate(ends) if x - half >= end + 6), len(ends))
            ends[line : line + 1] = [x + half]
            found.append((tick, x, line, text))
        return found

    # Scales

    def x_of_points(self, points: float) -> float:
        return self.left + points / self.geometry.points_max * (self.right - self.left)

    def points_of_x(self, x: float) -> float:
        return (x - self.left) / (self.right - self.left) * self.geometry.points_max

    @cached_property
    def totals(self) -> tuple[float, float]:
        """Ends of the axis of total points.

        Total and risk stand above each other, as on paper.  Where the risks of the ticks take a small part of all
        totals (a third, of the published signature), the axis shows that part alone, so that the risk can be read.
        """
        g = self.geometry
        low, high = g.total_low, g.total_high
        if not g.risk_ticks:
            return low, high
        first, last = (g.total_of_risk(g.risk_ticks[i][0]) for i in (0, -1))
        within = max(first, low), min(last, high)
        if within[1] - within[0] < 0.5 * (last - first) or last - first > ZOOM_BELOW * (high - low):
            return low, high
        return within

    def x_of_total(self, total: float) -> float:
        low, high = self.totals
        return self.left + (total - low) / (high - low) * (self.right - self.left)

    @property
    def total_step(self) -> float:
        """Between ticks of the total points: the file's, or a part of it where the axis shows few of them."""
        (low, high), step = self.totals, self.geometry.total_step
        return next((step / part for part in (1, 2, 5) if (high - low) * part / step >= 4), step / 10)

    def x_of_value(self, name: str, value: Value) -> float:
        return self.x_of_points(self.geometry.points(name, value))

    def value_of_x(self, name: str, x: float) -> Value:
        return self.geometry.value(name, self.points_of_x(x))

    def x_of_risk(self, risk: float) -> float:
        return self.x_of_total(self.geometry.total_of_risk(min(max(risk, 1e-12), 1 - 1e-12)))

    def on_canvas(self, x: float) -> tuple[float, int]:
        """`x` kept in sight, and -1 or 1 where it really lies beyond the left or right edge."""
        low, high = self.left - self.overflow + 6, self.right + self.overflow - 6
        return (low, -1) if x < low else (high, 1) if x > high else (x, 0)


def short_horizon(horizon: str, room: float = math.inf) -> str:
    """As much of it as has room; that the procedure is TACE goes without saying."""
    return fitted(horizon.removesuffix(" after TACE"), room, SMALL)
