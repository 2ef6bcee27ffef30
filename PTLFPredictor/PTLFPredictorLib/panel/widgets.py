"""Small widgets of the panel: findings with icons, terms with bars, the nomogram in a narrow panel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import qt
from slicer.i18n import tr as _

from ..ct import Finding
from ..ct.findings import without_shell
from ..render.nomogram_picture import MINIMUM, banner
from ..signature import Prediction, ScoredTerm, interval_text, risk_text
from .nomogram_paint import theme_of
from .nomogram_widget import NomogramWidget

SCROLL_BAR = 24
"""Pixels that a vertical scroll bar may take."""

TALLEST = 460
"""Pixels that the nomogram takes inside the panel; a window of its own may be larger."""

WIDGET_MAXIMUM = 16777215
"""Qt's QWIDGETSIZE_MAX."""

BAR_WIDTH, NUMBER_WIDTH = 64, 48
"""Pixels of a contribution's bar and of its number beside it."""

ORDER = {"fail": 0, "withhold": 1, "warn": 2, "pass": 3}


def clear(layout) -> None:
    """Take everything out of a layout and delete it."""
    while layout.count():
        widget = layout.takeAt(0).widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def say(label, text: str) -> None:
    """Show a text in a label; an empty one takes no room."""
    label.text = text = without_shell(text)
    label.setVisible(bool(text))


def mark(edit, why: str) -> None:
    """Mark a field whose entry is no value, with the reason; "" takes the mark away."""
    edit.setStyleSheet(f"QLineEdit {{ border: 2px solid {theme_of(edit)['warning']}; }}" if why else "")
    edit.toolTip = edit.accessibleDescription = why


class WheelGuard(qt.QObject):
    """Lists do not take the mouse wheel: scrolling the panel must not change a choice that lies under the mouse."""

    def watch(self, widget) -> None:
        """Guard a list, or the list inside a node selector."""
        for box in (widget, *widget.children()):
            if box.inherits("QComboBox"):
                box.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() != qt.QEvent.Wheel:
            return False
        event.ignore()  # for the scroll area around the panel
        return True


class FindingsList(qt.QWidget):
    """Findings, the gravest first, each an icon and its sentence."""

    def __init__(self, parent=None):
        qt.QWidget.__init__(self, parent)
        self._grid = qt.QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self._shown: tuple[Finding, ...] = ()

    def show_findings(self, findings: Iterable[Finding]) -> None:
        ordered = tuple(sorted(findings, key=lambda finding: ORDER[finding.level]))
        if ordered == self._shown:
            return
        self._shown = ordered
        clear(self._grid)
        words = {"fail": _("Cannot be used"), "withhold": _("Withholds the risk"), "warn": _("Note"), "pass": _("Fine")}
        for row, finding in enumerate(ordered):
            icon = qt.QLabel(self)
            icon.setPixmap(_level_icon(self, finding.level))
            icon.toolTip = icon.accessibleName = words[finding.level]
            text = qt.QLabel(without_shell(finding.message), self)
            text.wordWrap = True
            text.setTextInteractionFlags(qt.Qt.TextSelectableByMouse)
            self._grid.addWidget(icon, row, 0, qt.Qt.AlignTop)
            self._grid.addWidget(text, row, 1)


def _level_icon(widget, level: str):
    """A sign whose shape, not only its colour, tells the level: check, triangle, barred circle, cross."""
    size = 16
    ratio = 2
    image = qt.QImage(size * ratio, size * ratio, qt.QImage.Format_ARGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(qt.QColor(0, 0, 0, 0))
    theme = theme_of(widget)
    pen = qt.QPen(qt.QColor({"pass": theme["marker"], "warn": theme["faint"]}.get(level, theme["warning"])))
    pen.setWidthF(2)
    painter = qt.QPainter()
    painter.begin(image)
    try:
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        painter.setPen(pen)
        path = qt.QPainterPath()
        strokes = {
            "pass": [(3, 9, 6, 12), (6, 12, 13, 4)],
            "warn": [(8, 2, 14, 13), (14, 13, 2, 13), (2, 13, 8, 2), (8, 6, 8, 9.5)],
            "withhold": [(4, 4, 12, 12)],
            "fail": [(3, 3, 13, 13), (13, 3, 3, 13)],
        }[level]
        for x1, y1, x2, y2 in strokes:
            path.moveTo(x1, y1)
            path.lineTo(x2, y2)
        if level == "withhold":
            path.addEllipse(2, 2, 12, 12)
        painter.drawPath(path)
    finally:
        painter.end()
    return qt.QPixmap.fromImage(image)


class ContributionBar(qt.QWidget):
    """A bar to the left (lowers the Radscore) or right (raises it) of a middle line, its number beside it."""

    def __init__(self, value: float | None, largest: float, parent=None):
        qt.QWidget.__init__(self, parent)
        self._value, self._largest = value, largest
        self.setMinimumSize(72, 16)
        self.accessibleName = _("contribution {value}").format(value="-" if value is None else f"{value:+.2f}")
        self.toolTip = "" if value is None else repr(value)

    def paintEvent(self, event):
        theme = theme_of(self)
        width, height = self.width, self.height
        painter = qt.QPainter()
        painter.begin(self)
        try:
            if self._value is None:
                painter.setPen(qt.QPen(qt.QColor(theme["faint"])))
                painter.drawText(qt.QPoint(4, int(height / 2 + 4)), "-")
                return
            middle = (width - NUMBER_WIDTH) / 2
            length = (middle - 2) * abs(self._value) / self._largest if self._largest > 0 else 0
            left = middle if self._value >= 0 else middle - length
            painter.fillRect(
                qt.QRectF(left, 3, length, height - 6), qt.QColor(theme["interval" if self._value >= 0 else "hatch"])
            )
            painter.setPen(qt.QPen(qt.QColor(theme["axis"])))
            painter.drawLine(qt.QPointF(middle, 1), qt.QPointF(middle, height - 1))
            text = f"{self._value:+.2f}"
            start = width - 4 - painter.fontMetrics().horizontalAdvance(text)
            painter.setPen(qt.QPen(qt.QColor(theme["text"])))
            painter.drawText(qt.QPointF(start, height / 2 + 4), text)
        finally:
            painter.end()


class TermsTable(qt.QTableWidget):
    """The terms of a Radscore: short name, raw value, Z-score, contribution."""

    def __init__(self, parent=None):
        qt.QTableWidget.__init__(self, parent)
        self.setColumnCount(4)
        self.setHorizontalHeaderLabels([_("Term"), _("Raw"), "z", _("Contribution")])
        self.verticalHeader().hide()
        self.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        self.setSelectionMode(qt.QAbstractItemView.NoSelection)
        self.setFocusPolicy(qt.Qt.TabFocus)
        self.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, qt.QHeaderView.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(3, qt.QHeaderView.Fixed)
        header.resizeSection(3, BAR_WIDTH + NUMBER_WIDTH)
        self.accessibleName = _("Terms of the Radscore")
        self._shown: tuple = ()

    def show_terms(self, terms: tuple[ScoredTerm, ...], notes: Mapping[tuple[str, str], str]) -> None:
        """Terms, and by VOI and feature what each measures and when it cannot vary (its tool tip)."""
        if (terms, notes) == self._shown:
            return
        self._shown = terms, notes
        self.setRowCount(len(terms))
        largest = max((abs(t.contribution) for t in terms if t.contribution is not None), default=0.0)
        for row, term in enumerate(terms):
            name = qt.QTableWidgetItem(term.short)
            note = notes.get((term.voi, term.feature), "")
            name.setToolTip("\n".join(filter(None, (f"{term.voi.in_files}: {term.feature}", note))))
            self.setItem(row, 0, name)
            for column, value, form in ((1, term.raw, "{:.5g}"), (2, term.z, "{:+.2f}")):
                cell = qt.QTableWidgetItem("-" if value is None else form.format(value))
                cell.setToolTip("" if value is None else repr(value))
                cell.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
                self.setItem(row, column, cell)
            self.setCellWidget(row, 3, ContributionBar(term.contribution, largest, self))
            self.setRowHeight(row, 22)
        self.setFixedHeight(self.horizontalHeader().sizeHint.height() + 22 * len(terms) + 4)


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
        if shown.is_what_if:
            return _("as a what-if {bands}").format(bands=shown.interval_words)
        return risk_text(shown.risk) if shown.risk is not None else interval_text(shown.risk_interval)

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

    def __init__(self, on_move: Callable[[str, float], None], parent=None):
        qt.QWidget.__init__(self, parent)
        self.nomogram = NomogramWidget(on_move)
        self.points_label = qt.QLabel()
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
        self._window = self._closed_window = None
        self._is_narrow = True
        self._later = qt.QTimer()
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.connect("timeout()", self._arrange)
        self.nomogram.hide()
        self.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Preferred)
        self.setMinimumWidth(200)

    @property
    def is_narrow(self) -> bool:
        return self._is_narrow

    def resizeEvent(self, event):
        # Later, not here: a new height may bring a scroll bar, which changes the width within this very event.
        # The dead band keeps that scroll bar from turning the arrangement back and forth for ever.
        limit = MINIMUM[0] + (SCROLL_BAR if self._is_narrow else 0)
        if (self.width < limit) != self._is_narrow:
            self._is_narrow = not self._is_narrow
            self._later.start()

    def _arrange(self) -> None:
        inside = self._window is None and not self.is_narrow
        self._narrow.setVisible(not inside)
        if self._window is None:
            self.nomogram.setVisible(inside)
        self.setMinimumHeight(MINIMUM[1] if inside else 0)
        self.setMaximumHeight(TALLEST if inside else WIDGET_MAXIMUM)

    def open_window(self) -> None:
        """The nomogram in a window of its own; closing the window brings it back."""
        if self._window is None:
            self._window = _NomogramWindow(self._take_back)
            self._window.setPalette(self.palette)
            self._window.layout().addWidget(self.nomogram)
            self.nomogram.show()
            self._window.resize(820, 500)
        self._window.show()
        self._window.raise_()

    @property
    def window_of_its_own(self):
        return self._window

    def _take_back(self) -> None:
        # It is within its own closeEvent: without a reference PythonQt would delete it there and then.
        self._closed_window, self._window = self._window, None
        self._layout.addWidget(self.nomogram)
        self._arrange()
        if self._closed_window is not None:
            self._closed_window.deleteLater()

    def close_window(self) -> None:
        self._later.stop()
        if self._window is not None:
            self._window.close()

    def forget(self) -> None:
        """Another patient comes."""
        self.nomogram.forget()

    def show_prediction(
        self, prediction: Prediction, values: dict[str, float | None], labels: dict[str, str], refused=()
    ) -> None:
        """`refused` are the predictors whose entry is no value."""
        mark = banner(prediction)
        lines = [mark] if mark else []
        for name, label in labels.items():
            value, points = values.get(name), prediction.points.get(name)
            shown = "" if points is None else _(": {points:.1f} points").format(points=points)
            absent = _("no value") if name in refused else _("not given")
            lines.append(f"{label} {absent if value is None else f'{value:.4g}{shown}'}")
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
