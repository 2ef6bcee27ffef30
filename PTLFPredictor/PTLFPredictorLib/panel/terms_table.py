"""The terms of a Radscore in the panel: a table with a bar for each contribution."""

from __future__ import annotations

from collections.abc import Mapping

import qt
from slicer.i18n import tr as _

from ..signature import ScoredTerm
from .nomogram_paint import theme_of
from .widgets import as_tip

BAR_WIDTH, NUMBER_WIDTH = 64, 48
"""Pixels of a contribution's bar and of its number beside it."""


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
            name.setToolTip(as_tip("\n".join(filter(None, (f"{term.voi.in_files}: {term.feature}", note)))))
            self.setItem(row, 0, name)
            for column, value, form in ((1, term.raw, "{:.5g}"), (2, term.z, "{:+.2f}")):
                cell = qt.QTableWidgetItem("-" if value is None else form.format(value))
                cell.setToolTip("" if value is None else repr(value))
                cell.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
                self.setItem(row, column, cell)
            self.setCellWidget(row, 3, ContributionBar(term.contribution, largest, self))
            self.setRowHeight(row, 22)
        self.setFixedHeight(self.horizontalHeader().sizeHint.height() + 22 * len(terms) + 4)
