"""The nomogram in the panel: drawn where there is room, else a points list, a risk bar and a window of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import qt
from slicer.i18n import tr as _

from ..record.statements import banner, of_prediction
from ..render.nomogram_layout import MINIMUM_WIDTH
from ..signature import Prediction, Predictor, PredictorSource, Signature, geometry
from ..signature.predictors import Value
from .nomogram_paint import theme_of
from .nomogram_widget import NomogramWidget
from .timers import Timer
from .widgets import plain_label

SCROLL_BAR = 24
"""Pixels that a vertical scroll bar may take."""

SPARE = 60
"""Pixels that the nomogram takes inside the panel beyond its lowest; a window of its own may be larger."""

WIDGET_MAXIMUM = 16777215
"""Qt's QWIDGETSIZE_MAX."""


class RiskBar(qt.QWidget):
    """Risk from 0 to 100 % on a plain bar, for a panel that is too narrow for the nomogram."""

    def __init__(self, parent=None):
        qt.QWidget.__init__(self, parent)
        self._prediction: Prediction | None = None
        self.setMinimumSize(120, 34)
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)

    def show_prediction(self, prediction: Prediction | None) -> None:
        self._prediction = prediction
        self.accessibleName = self.words()
        self.update()

    def words(self) -> str:
        """What the bar shows, in words: "Risk 31 %", "Demonstration: Risk 31 %"."""
        words = _("Risk {risk}").format(risk=self._text())
        demonstration = self._prediction is not None and self._prediction.is_demonstration
        return _("Demonstration: {words}").format(words=words) if demonstration else words

    def _text(self) -> str:
        shown = self._prediction
        if shown is None or (shown.risk is None and shown.risk_interval is None):
            return _("not shown")
        said = of_prediction(shown, "")
        return _("as a what-if {bands}").format(bands=said.interval_words) if said.is_what_if else said.shown

    def paintEvent(self, event):
        theme, shown = theme_of(self), self._prediction
        painter = qt.QPainter()
        painter.begin(self)
        try:
            painter.setRenderHint(qt.QPainter.Antialiasing, True)
            left, right, y = 12.0, self.width - 12.0, 10.0
            painter.fillRect(qt.QRectF(left, y, right - left, 8), qt.QColor(theme["band"]))
            if shown is not None and shown.risk_interval is not None:
                low, high = (left + risk * (right - left) for risk in shown.risk_interval)
                painter.fillRect(qt.QRectF(low, y, high - low, 8), qt.QColor(theme["interval"]))
            if shown is not None and shown.risk is not None:
                x = left + shown.risk * (right - left)
                painter.fillRect(qt.QRectF(x - 2, y - 4, 4, 16), qt.QColor(theme["marker"]))
            painter.setPen(qt.QPen(qt.QColor(theme["text"])))
            for share, text in ((0.0, "0"), (0.5, "50"), (1.0, "100 %")):
                shift = painter.fontMetrics().horizontalAdvance(text) * (0.5 if share < 1 else 1)
                x = left + share * (right - left) + (10 if share == 1 else 0)
                painter.drawText(qt.QPointF(x - shift, y + 22), text)
        finally:
            painter.end()


class NomogramPane(qt.QWidget):
    """The nomogram where there is room for it; a points list, a risk bar and "Open nomogram" where there is not."""

    def __init__(self, on_move: Callable[[str, Value], None], parent=None):
        qt.QWidget.__init__(self, parent)
        self.nomogram = NomogramWidget(on_move)
        self._predictors: tuple[Predictor, ...] = ()
        self.points_label = plain_label()
        self.points_label.wordWrap = True
        self.risk_bar = RiskBar()
        self.open_button = qt.QPushButton(_("Open nomogram"))
        self.open_button.connect("clicked()", self.open_window)
        self._narrow = qt.QWidget()
        narrow = qt.QVBoxLayout(self._narrow)
        narrow.setContentsMargins(0, 0, 0, 0)
        for widget in (self.points_label, self.risk_bar, self.open_button):
            narrow.addWidget(widget)
        self._layout = qt.QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self._narrow)
        self._layout.addWidget(self.nomogram)
        self.window_of_its_own = self._closed_window = None
        self.is_narrow = True
        self._later = Timer(self._arrange)
        self.nomogram.hide()
        self.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Preferred)
        self.setMinimumWidth(200)

    def resizeEvent(self, event):
        # Later, not here: a new height may bring a scroll bar, which changes the width within this very event.
        # The dead band keeps that scroll bar from turning the arrangement back and forth for ever.
        limit = MINIMUM_WIDTH + (SCROLL_BAR if self.is_narrow else 0)
        if (self.width < limit) != self.is_narrow:
            self.is_narrow = not self.is_narrow
            self._later.start()

    def _arrange(self) -> None:
        inside = self.window_of_its_own is None and not self.is_narrow
        self._narrow.setVisible(not inside)
        if self.window_of_its_own is None:
            self.nomogram.setVisible(inside)
        height = self.nomogram.minimumHeight
        self.setMinimumHeight(height if inside else 0)
        self.setMaximumHeight(height + SPARE if inside else WIDGET_MAXIMUM)

    def open_window(self) -> None:
        """The nomogram in a window of its own; closing the window brings it back."""
        if self.window_of_its_own is None:
            self.window_of_its_own = _NomogramWindow(self._take_back)
            self.window_of_its_own.setPalette(self.palette)
            self.window_of_its_own.layout().addWidget(self.nomogram)
            self.nomogram.show()
            self.window_of_its_own.resize(820, 500)
        self.window_of_its_own.show()
        self.window_of_its_own.raise_()

    def _take_back(self) -> None:
        # It is within its own closeEvent: without a reference PythonQt would delete it there and then.
        self._closed_window, self.window_of_its_own = self.window_of_its_own, None
        if self:  # else the panel is gone, and the nomogram goes with its window
            self._layout.addWidget(self.nomogram)
            self._arrange()
        if self._closed_window is not None:
            self._closed_window.deleteLater()

    def close_window(self) -> None:
        self._later.stop()
        if self.window_of_its_own is not None:
            self.window_of_its_own.close()

    def cleanup(self) -> None:
        self.close_window()
        self._later.close()
        self.nomogram.cleanup()

    def forget(self) -> None:
        """Another patient comes."""
        self.nomogram.forget()

    def show_signature(self, chosen: Signature) -> None:
        """Another signature: its axes; only what is entered, and the Radscore, can be moved."""
        self._predictors = chosen.predictors
        movable = [one.id for one in chosen.predictors if one.source is not PredictorSource.MEASURE]
        self.nomogram.show_geometry(geometry(chosen), movable)
        self._arrange()

    def show_prediction(
        self, prediction: Prediction, values: Mapping[str, Value | None], refused: Collection[str] = ()
    ) -> None:
        """`refused` are the predictors whose entry is no value."""
        mark = banner(prediction)
        lines = [mark] if mark else []
        for one in self._predictors:
            value, points = values.get(one.id), prediction.points.get(one.id)
            shown = "" if points is None else _(": {points:.1f} points").format(points=points)
            absent = _("no value") if one.id in refused else _("not given")
            lines.append(f"{one.label} {absent if value is None else one.words(value) + shown}")
        if prediction.total_points is not None:
            lines.append(_("Total: {total:.1f} points").format(total=prediction.total_points))
        self.risk_bar.show_prediction(prediction)
        self.points_label.text = "\n".join([*lines, self.risk_bar.words()])


class _NomogramWindow(qt.QWidget):
    def __init__(self, on_close: Callable[[], None]):
        qt.QWidget.__init__(self)
        self._on_close = on_close
        self.windowTitle = _("Nomogram")
        self.setLayout(qt.QVBoxLayout())

    def closeEvent(self, event):
        self._on_close()
        qt.QWidget.closeEvent(self, event)
