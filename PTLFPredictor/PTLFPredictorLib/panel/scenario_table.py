"""The table of pinned what-ifs beside the patient's own risk."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from . import scenarios
from .scenarios import NOW, PATIENT, Row
from .session import Session
from .widgets import as_tip, clear, plain_label


class ScenarioTable(qt.QWidget):
    """Takes no room while nothing is tried."""

    def __init__(self, session: Session, parent=None):
        qt.QWidget.__init__(self, parent)
        self._session = session
        self._rows: list[Row] = []
        self._grid = qt.QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Minimum)
        self.accessibleName = _("What-ifs compared")
        self.hide()

    def refresh(self, before) -> None:
        """`before` is the widget after which the keyboard comes here."""
        rows = scenarios.rows(self._session)
        if rows == self._rows:
            return
        self._rows = rows
        clear(self._grid)
        for line, row in enumerate(rows):
            for widget in self._place(line, row):
                qt.QWidget.setTabOrder(before, widget)
                before = widget
        self.setVisible(bool(rows))

    def texts(self) -> list[tuple[str, ...]]:
        """What stands in the table, row by row."""
        return [(_name(row), row.words, row.risk, row.difference) for row in self._rows]

    def _place(self, line: int, row: Row) -> list:
        words = plain_label(row.words)
        words.wordWrap = True
        risk, difference = plain_label(row.risk), plain_label(row.difference)
        for label, tip in ((risk, row.why), (difference, _("Percentage points from the patient's own risk"))):
            label.setAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            label.toolTip = as_tip(tip)
        font = qt.QFont(risk.font)
        font.setBold(True)
        risk.setFont(font)
        self._grid.addWidget(words, line, 1)
        self._grid.addWidget(risk, line, 2, 1, 1 if row.difference or row.number == PATIENT else 2)
        if row.difference:
            self._grid.addWidget(difference, line, 3)
        if row.number in (PATIENT, NOW):
            self._grid.addWidget(plain_label(_name(row)), line, 0)
            return []
        show = self._button(_name(row), _("Show {name} on the nomogram").format(name=_name(row)))
        remove = self._button("\u2715", _("Remove {name}").format(name=_name(row)))
        show.connect("clicked()", lambda number=row.number: scenarios.show(self._session, number))
        remove.connect("clicked()", lambda number=row.number: scenarios.remove(self._session, number))
        self._grid.addWidget(show, line, 0, qt.Qt.AlignLeft)
        self._grid.addWidget(remove, line, 4)
        return [show, remove]

    @staticmethod
    def _button(text: str, tip: str):
        button = qt.QToolButton()
        button.text, button.toolTip, button.accessibleName = text, as_tip(tip), tip
        button.autoRaise = True
        button.setFocusPolicy(qt.Qt.StrongFocus)
        return button


def _name(row: Row) -> str:
    names = {PATIENT: _("Patient"), NOW: _("What-if")}
    return names.get(row.number) or _("What-if {number}").format(number=row.number)
