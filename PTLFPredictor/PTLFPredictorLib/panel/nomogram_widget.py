"""The nomogram that one can drag: a plain widget over `render.nomogram_layout`.

The mouse, the keyboard and a double click move a predictor's marker; the widget then tells its owner the new
value and waits to be given a new `Reading`.  It computes no risk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace

import qt
from slicer.i18n import tr as _

from ..record.statements import FOR_NO_PATIENT, banner, of_prediction
from ..render.nomogram_axes import axes_of
from ..render.nomogram_layout import MINIMUM_WIDTH, Layout, height_of
from ..render.nomogram_marks import Reading, marks_of, text_of
from ..signature import NomogramGeometry
from ..signature.predictors import Value, number_words
from .nomogram_paint import paint
from .nomogram_steps import next_value, on_axis
from .theme import theme_of
from .timers import Timer
from .widgets import as_tip

GRAB = 12
"""Pixels beside a marker in which the mouse still takes hold of it."""

SCROLL_BAR = 24
"""Pixels that a vertical scroll bar may take."""

HINT = _(
    "Drag a marker or double-click an axis to try other values (a what-if; switch it off to go back). Keyboard: Up and "
    "Down choose an axis, Left and Right move its marker."
)


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
        self._later, self._fit_later = Timer(self._tell), Timer(self._fit)
        self.counts: Counter = Counter()
        self.setFocusPolicy(qt.Qt.StrongFocus)
        self.setMinimumWidth(MINIMUM_WIDTH)
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self.setMouseTracking(True)
        self.accessibleName, self.toolTip = _("Nomogram"), HINT

    # What it shows

    def show_geometry(self, geometry: NomogramGeometry | None, movable: Collection[str] | None = None) -> None:
        """Another signature; None shows nothing.  `movable` are the predictors with a marker to move (None: all)."""
        self._geometry, self._layout = geometry, None
        self._movable = [axis.name for axis in geometry.axes if movable is None or axis.name in movable]
        self._focused = self._movable[0] if self._movable else ""
        self._fit()
        self.update()

    def resizeEvent(self, event):
        self._fit_later.start()  # not here: a new height may bring a scroll bar, which changes the width in this event

    def _fit(self) -> None:
        """As high as its texts need: at the width where titles move beside the axes, with a scroll bar and without.

        Else that bar would come and go for ever.
        """
        widths = (self.width, self.width + SCROLL_BAR)
        self.setMinimumHeight(max(height_of(self._geometry, one) for one in widths) if self._geometry else 0)

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
        self._fit_later.close()

    def picture(self) -> tuple[Layout, Reading] | None:
        """What is on screen, for exports; None without a signature."""
        return None if self._geometry is None else (self._placed(), self._reading)

    def _words(self) -> str:
        g, prediction = self._geometry, self._reading.prediction
        words = [FOR_NO_PATIENT] if g.is_demo else []
        if prediction is not None and prediction.is_what_if:
            words.append(banner(prediction))
        for name, value in self._reading.values.items():
            if value is not None:
                axis = g.axis(name)
                words.append(" ".join(filter(None, (axis.label, text_of(axis, value), axis.unit))))
        if prediction is not None:
            said = of_prediction(prediction, g.horizon)
            shown = "; ".join(filter(None, (said.risk, said.interval_words)))
            words.append(_("risk {risk}").format(risk=shown) if said.shown else said.reason)
        return "; ".join(words)

    def hint_at(self, x: float, y: float) -> str:
        """What stands under the mouse: of a marker its value and points, else of the axis there; the usual hint beside.

        Of total and risk nothing: they are told of a patient or a what-if alone, and as the policy has it.
        """
        name = self._placed().axis_at(x, y) if self._geometry else ""
        if not name:
            return HINT
        axis, marker = self._geometry.axis(name), self.marker_at(name)
        value = self._reading.values.get(name)
        if marker is None or abs(x - marker[0]) > GRAB:
            value = on_axis(axis, self._placed().value_of_x(name, x))
        of = " ".join(filter(None, (axis.label, text_of(axis, value), axis.unit)))
        words = [_("{value}: {points:.1f} points").format(value=of, points=axis.points(value))]
        quantiles = axis.quantiles
        if {0.05, 0.5, 0.95} <= set(quantiles):
            low, middle, high = (number_words(quantiles[share]) for share in (0.05, 0.5, 0.95))
            cohort = _("The cohort's {n} cases: median {middle}, 90 % of them {low} to {high}")
            words.append(cohort.format(n=self._geometry.cases, middle=middle, low=low, high=high))
        return "\n".join(words)

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
        shown = replace(self._reading, dragged=self._dragged, focused=focused)
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
            image = qt.QImage(round(layout.width * ratio), round(layout.height * ratio), qt.QImage.Format_RGB32)
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
        else:
            self.toolTip = as_tip(self.hint_at(event.pos().x(), event.pos().y()))

    def mouseReleaseEvent(self, event):
        if self._dragged:
            self._dragged = ""
            self.unsetCursor()
            self._tell()
            self.update()

    def mouseDoubleClickEvent(self, event):
        name = self._placed().axis_at(event.pos().x(), event.pos().y()) if self._geometry else ""
        if event.button() == qt.Qt.LeftButton and name in self._movable:
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
            self._move(self._focused, next_value(self._geometry.axis(self._focused), value, steps[key]))
        else:
            qt.QWidget.keyPressEvent(self, event)

    def focusInEvent(self, event):
        self.update()

    def focusOutEvent(self, event):
        self.update()

    # One word to the owner per turn of the event loop

    def _move(self, name: str, value: Value) -> None:
        waiting = self._pending is not None
        self._pending = (name, on_axis(self._geometry.axis(name), value, self._reading.values.get(name)))
        if not waiting:
            self._later.start()

    def _tell(self) -> None:
        if self._pending is not None:
            (name, value), self._pending = self._pending, None
            self._told = name, value
            self._on_move(name, value)
