"""The nomogram that one can drag: a plain widget over `render.nomogram_layout`.

The mouse, the keyboard and a double click move a predictor's marker; the widget then tells its owner the new
value and waits to be given a new `Reading`.  It computes no risk.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection

import qt

from ..record.statements import of_prediction
from ..render.nomogram_layout import MINIMUM_WIDTH, Layout, axes_of, height_of
from ..render.nomogram_marks import Reading, marks_of, text_of
from ..signature import NomogramGeometry
from ..signature.nomogram import Axis
from ..signature.predictors import Value
from .nomogram_paint import paint, theme_of
from .timers import Timer

STEPS = {"ALB": 0.1, "INR": 0.01, "Radscore": 0.1}
"""What an arrow key moves, in the predictor's unit; see `step_of`.  Page keys scroll the panel, as everywhere."""

DECIMALS = {"ALB": 1, "INR": 2, "Radscore": 2}
"""A marker that is dragged stops at values that a laboratory reports; see `decimals_of`."""

STEPS_PER_AXIS = 100
"""About as many key strokes lead from one end of any other axis to the other."""

GRAB = 12
"""Pixels beside a marker in which the mouse still takes hold of it."""


class NomogramWidget(qt.QWidget):
    """Paints a geometry and a reading.

    Parameters
    ----------
    on_move : callable
        Called with ``(name, value)`` at most once per turn of the event loop while a marker moves.

    Attributes
    ----------
    counts : Counter
        ``layouts``, ``static_layers`` and ``repaints`` made so far.
    """

    def __init__(self, on_move: Callable[[str, Value], None], parent=None):
        qt.QWidget.__init__(self, parent)
        self._on_move = on_move
        self._geometry: NomogramGeometry | None = None
        self._reading = Reading({})
        self._layout: Layout | None = None
        self._layer = self._layer_key = None
        self._dragged = self._focused = ""
        self._movable: list[str] = []
        self._pending: tuple[str, Value] | None = None
        self._told: tuple[str, Value] | None = None
        self._later = Timer(self._tell)
        self.counts: Counter = Counter()
        self.setFocusPolicy(qt.Qt.StrongFocus)
        self.setMinimumWidth(MINIMUM_WIDTH)
        self.accessibleName = "Nomogram"
        self.toolTip = (
            "Drag a marker or double-click an axis to try other values (what-if; Reset takes them back). Keyboard: Up "
            "and Down choose an axis, Left and Right move its marker."
        )

    # What it shows

    def show_geometry(self, geometry: NomogramGeometry | None, movable: Collection[str] | None = None) -> None:
        """Another signature; None shows nothing.  `movable` are the predictors with a marker to move (None: all)."""
        self._geometry, self._layout = geometry, None
        self._movable = [axis.name for axis in geometry.axes if movable is None or axis.name in movable]
        self._focused = self._movable[0] if self._movable else ""
        self.setMinimumHeight(height_of(geometry) if geometry else 0)
        self.update()

    def show_reading(self, reading: Reading) -> None:
        """Other values, points, total or risk."""
        self._reading, self._told = reading, None
        self.accessibleDescription = self._words()
        self.update()

    def forget(self) -> None:
        """Another patient comes: a move that is under way is none of theirs."""
        self._later.stop()
        self._pending = self._told = None
        if self._dragged:
            self._dragged = ""
            self.unsetCursor()

    def cleanup(self) -> None:
        self._later.close()

    def picture(self) -> tuple[Layout, Reading] | None:
        """What is on screen, for exports; None without a signature."""
        return None if self._geometry is None else (self._placed(), self._reading)

    def _words(self) -> str:
        prediction = self._reading.prediction
        words = [
            f"{name} {text_of(self._geometry.axis(name), value)}"
            for name, value in self._reading.values.items()
            if value is not None
        ]
        if prediction is not None:
            said = of_prediction(prediction, self._geometry.horizon)
            if said.is_what_if and said.bands:
                words.append(f"what-if, risk {said.interval_words}")
            else:
                words.append(f"risk {said.risk}" if said.risk else said.reason)
        return "; ".join(words)

    def marker_at(self, name: str) -> tuple[float, float] | None:
        """Pixels of a predictor's marker, the tip on its axis."""
        value = self._reading.values.get(name)
        if self._geometry is None or value is None:
            return None
        layout = self._placed()
        return layout.on_canvas(layout.x_of_value(name, value))[0], layout.y(name)

    def _placed(self) -> Layout:
        if self._layout is None or (self._layout.width, self._layout.height) != (self.width, self.height):
            self._layout = Layout(self._geometry, self.width, self.height)
            self.counts["layouts"] += 1
        return self._layout

    # Painting

    def paintEvent(self, event):
        if self._geometry is None:
            return
        self.counts["repaints"] += 1
        layout, theme = self._placed(), theme_of(self)
        layer = self._static_layer(layout, theme)
        focused = self._focused if self.hasFocus() else ""
        shown = Reading(self._reading.values, self._reading.prediction, self._reading.ghosts, self._dragged, focused)
        painter = qt.QPainter()
        painter.begin(self)
        try:
            painter.drawImage(qt.QPointF(0, 0), layer)
            painter.setRenderHint(qt.QPainter.Antialiasing, True)
            paint(painter, marks_of(layout, shown), theme)
        finally:
            painter.end()

    def _static_layer(self, layout: Layout, theme: dict[str, str]):
        ratio = self.devicePixelRatioF()
        key = (layout.width, layout.height, ratio, tuple(theme.values()), id(layout.geometry))
        if key != self._layer_key:
            image = qt.QImage(round(layout.width * ratio), round(layout.height * ratio), qt.QImage.Format_ARGB32)
            image.setDevicePixelRatio(ratio)
            image.fill(qt.QColor(theme["background"]))
            painter = qt.QPainter()
            painter.begin(image)
            try:
                painter.setRenderHint(qt.QPainter.Antialiasing, True)
                painter.setFont(self.font)
                paint(painter, axes_of(layout), theme)
            finally:
                painter.end()
            self._layer, self._layer_key = image, key
            self.counts["static_layers"] += 1
        return self._layer

    # Mouse

    def mousePressEvent(self, event):
        name = self._row(event)
        if event.button() != qt.Qt.LeftButton or not name:
            return
        self._focused = name
        marker = self.marker_at(name)
        if marker is not None and abs(event.pos().x() - marker[0]) <= GRAB:
            self._dragged = name
            self.cursor = qt.QCursor(qt.Qt.ClosedHandCursor)
        self.update()

    def mouseMoveEvent(self, event):
        if self._dragged:
            self._move_to_x(self._dragged, event.pos().x())

    def mouseReleaseEvent(self, event):
        if self._dragged:
            self._dragged = ""
            self.unsetCursor()
            self._tell()
            self.update()

    def mouseDoubleClickEvent(self, event):
        name = self._row(event)
        if event.button() == qt.Qt.LeftButton and name:
            self._focused = name
            self._move_to_x(name, event.pos().x())

    def _row(self, event) -> str:
        name = self._placed().row_at(event.pos().y()) if self._geometry else ""
        return name if name in self._movable else ""

    def _move_to_x(self, name: str, x: float) -> None:
        self._move(name, self._placed().value_of_x(name, x))

    # Keyboard

    def keyPressEvent(self, event):
        key = event.key()
        names = self._movable
        value = self._reading.values.get(self._focused)
        steps = {qt.Qt.Key_Left: -1, qt.Qt.Key_Right: 1}
        if names and key in (qt.Qt.Key_Up, qt.Qt.Key_Down):
            index = names.index(self._focused) + (1 if key == qt.Qt.Key_Down else -1)
            self._focused = names[min(max(index, 0), len(names) - 1)]
            self.update()
        elif key in steps and value is not None:
            newest = self._pending or self._told
            if newest and newest[0] == self._focused:
                value = newest[1]  # keys that come before the reading follows add up
            self._move(self._focused, self._next(self._focused, value, steps[key]))
        else:
            qt.QWidget.keyPressEvent(self, event)

    def _next(self, name: str, value: Value, direction: int) -> Value:
        """A step along an axis, to the right of the picture or to the left; of a categorical one the next level."""
        axis = self._geometry.axis(name)
        if not axis.is_categorical:
            return value + direction * step_of(axis)
        levels = sorted(axis.points_of_levels, key=axis.points_of_levels.get)
        return levels[min(max(levels.index(value) + direction, 0), len(levels) - 1)]

    def focusInEvent(self, event):
        self.update()

    def focusOutEvent(self, event):
        self.update()

    # One word to the owner per turn of the event loop

    def _move(self, name: str, value: Value) -> None:
        waiting = self._pending is not None
        axis = self._geometry.axis(name)
        self._pending = (name, value if axis.is_categorical else round(value, decimals_of(axis)))
        if not waiting:
            self._later.start()

    def _tell(self) -> None:
        if self._pending is not None:
            (name, value), self._pending = self._pending, None
            self._told = name, value
            self._on_move(name, value)


def step_of(axis: Axis) -> float:
    """What an arrow key moves on a continuous axis: a power of ten where the table has no entry."""
    return STEPS.get(axis.name) or 10.0 ** math.floor(math.log10((axis.high - axis.low) / STEPS_PER_AXIS) + 0.5)


def decimals_of(axis: Axis) -> int:
    return DECIMALS.get(axis.name, max(0, round(-math.log10(step_of(axis)))))
