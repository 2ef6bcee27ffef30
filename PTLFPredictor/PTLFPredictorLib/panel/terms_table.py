"""The terms of a Radscore in the panel: a table with a bar for each contribution."""

from __future__ import annotations

from collections.abc import Mapping

import qt
from slicer.i18n import tr as _

from ..signature import ScoredTerm
from .theme import theme_of
from .timers import Timer
from .widgets import as_tip

BAR_WIDTH, NUMBER_WIDTH = 64, 48
"""Pixels of a contribution's bar and of its number beside it."""

WIDE = 400
"""Pixels from which there is room for bars."""


class ContributionBar(qt.QWidget):
    """A bar to the left (lowers the Radscore) or right (raises it) of a middle line, its number beside it."""

    def __init__(self, value: float | None, largest: float, parent=None):
        qt.QWidget.__init__(self, parent)
        self._value, self._largest = value, largest
        self.setMinimumSize(NUMBER_WIDTH, 16)
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
            if middle >= BAR_WIDTH / 2 - 1:
                self._paint_bar(painter, theme, middle, height)
            text = f"{self._value:+.2f}"
            start = width - 4 - painter.fontMetrics().horizontalAdvance(text)
            painter.setPen(qt.QPen(qt.QColor(theme["text"])))
            painter.drawText(qt.QPointF(start, height / 2 + 4), text)
        finally:
            painter.end()

    def _paint_bar(self, painter, theme, middle, height) -> None:
        length = (middle - 2) * abs(self._value) / self._largest if self._largest > 0 else 0
        left = middle if self._value >= 0 else middle - length
        colour = qt.QColor(theme["interval" if self._value >= 0 else "hatch"])
        painter.fillRect(qt.QRectF(left, 3, length, height - 6), colour)
        painter.setPen(qt.QPen(qt.QColor(theme["axis"])))
        painter.drawLine(qt.QPointF(middle, 1), qt.QPointF(middle, height - 1))


class TermsTable(qt.QTableWidget):
    """The terms of a Radscore below the volume that each is of: short name, raw value, Z-score, contribution."""

    def __init__(self, parent=None):
        qt.QTableWidget.__init__(self, parent)
        self.setColumnCount(4)
        self.setHorizontalHeaderLabels([_("Term"), _("Raw"), "z", _("Contribution")])
        self.verticalHeader().hide()
        self.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        self.setSelectionMode(qt.QAbstractItemView.NoSelection)
        self.setFocusPolicy(qt.Qt.TabFocus)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, qt.QHeaderView.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(3, qt.QHeaderView.Fixed)
        self.accessibleName = _("Terms of the Radscore")
        self.toolTip = _("Each term with its value; the tool tip of its name says what it measures")
        self._shown: tuple = ()
        self._later = Timer(self._fit)  # a header that is being laid out takes no other width
        header.connect("sectionResized(int,int,int)", self._column_resized)

    def show_terms(self, terms: tuple[ScoredTerm, ...], notes: Mapping[tuple[str, str], str]) -> None:
        """Terms, and by VOI and feature what each measures and when it cannot vary (its tool tip)."""
        if (terms, notes) == self._shown:
            return
        self._shown = terms, notes
        self.clearSpans()
        self.setRowCount(0)
        largest = max((abs(t.contribution) for t in terms if t.contribution is not None), default=0.0)
        for voi in dict.fromkeys(term.voi for term in terms):
            self._add_title(voi.words[:1].upper() + voi.words[1:])
            for term in terms:
                if term.voi == voi:
                    self._add(term, notes.get((term.voi, term.feature), ""), largest)
        self.setColumnHidden(2, all(term.z is None for term in terms))
        self.setColumnHidden(3, all(term.contribution is None for term in terms))
        self._fit()

    def _new_row(self, item) -> int:
        row = self.rowCount
        self.setRowCount(row + 1)
        self.setItem(row, 0, item)
        return row

    def _add_title(self, words: str) -> None:
        item = qt.QTableWidgetItem(words)
        font = qt.QFont(self.font)
        font.setBold(True)
        item.setFont(font)
        self.setSpan(self._new_row(item), 0, 1, 4)

    def _add(self, term: ScoredTerm, note: str, largest: float) -> None:
        name = qt.QTableWidgetItem(term.short)
        name.setToolTip(as_tip("\n".join(filter(None, (f"{term.voi.in_files}: {term.feature}", note)))))
        row = self._new_row(name)
        for column, value, form in ((1, term.raw, "{:.4g}"), (2, term.z, "{:+.2f}")):
            cell = qt.QTableWidgetItem("-" if value is None else form.format(value))
            cell.setToolTip("" if value is None else repr(value))
            cell.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            self.setItem(row, column, cell)
        self.setCellWidget(row, 3, ContributionBar(term.contribution, largest, self))

    def _column_resized(self, column=0, before=0, now=0) -> None:
        if column == 0:  # the one that takes what room there is
            self._later.start()

    def let_go(self) -> None:
        self._later.close()

    def _fit(self) -> None:
        """Bars where there is room for them; each row as high as its name needs, and the table as high as its rows."""
        bars = BAR_WIDTH if self.width >= WIDE else 0
        self.horizontalHeader().resizeSection(3, bars + NUMBER_WIDTH)
        self.horizontalHeaderItem(3).setText(_("Contribution") if bars else _("Part"))
        self.resizeRowsToContents()
        rows = sum(self.rowHeight(row) for row in range(self.rowCount))
        height = self.horizontalHeader().sizeHint.height() + rows + 4
        if (self.minimumHeight, self.maximumHeight) != (height, height):
            self.setFixedHeight(height)
