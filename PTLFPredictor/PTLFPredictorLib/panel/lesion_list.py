"""The lesions in section 2: number, volume, diameter, attenuation, and a tick: unticked is in neither VOI."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import qt
from slicer.i18n import tr as _

from ..mrml.lesions import SceneLesion, show_in_slices
from ..segmentation.lesions import ml_text
from .section import Section
from .session import Session
from .theme import theme_of
from .widgets import plain_label, say

ROWS_SEEN = 6
"""More lesions than that scroll."""

ROWS = 50
"""Lesions that are listed, the largest; a model's specks may be hundreds."""


class LesionsSection(Section):
    """The list in `ui.lesionsHolder`.

    Parameters
    ----------
    editor : callable
        Gives Slicer's Segment Editor, so that its Undo knows of a tick, too.
    """

    def __init__(self, ui, session: Session, editor: Callable[[], Any]):
        self.ui, self.session, self._editor = ui, session, editor
        self.list = LesionList(self.count, self.go)
        self.rest = plain_label()
        self.rest.objectName, self.rest.wordWrap = "lesionsRestLabel", True
        ui.lesionsHolder.setSizePolicy(qt.QSizePolicy.Preferred, qt.QSizePolicy.Fixed)
        for widget in (self.list, self.rest):
            ui.lesionsHolder.layout().addWidget(widget)
        self._token = None

    def refresh(self) -> None:
        found = self.session.lesions.listed()
        self._token = self.session.token
        self.ui.lesionsHolder.setVisible(bool(found))
        self.list.show_lesions(found[:ROWS])
        rest = found[ROWS:]
        volume = ml_text(sum(one.volume_ml for one in rest))
        say(self.rest, _("and {count} smaller ones, {volume}").format(count=len(rest), volume=volume) if rest else "")

    def count(self, lesion: SceneLesion, counted: bool) -> None:
        """The tick was set or taken away."""
        if self._token != self.session.token:
            return
        editor = self._editor()
        if editor.segmentationNode() is self.session.segmentation:
            editor.saveStateForUndo()
            if counted:  # the segment that it comes from may vanish, and the brush would go on with another one
                editor.setActiveEffect(None)
        self.session.lesions.count(lesion, counted, self.ui.readerEdit.text)
        self.refresh()  # a tick that could not be taken goes back at once

    def go(self, lesion: SceneLesion) -> None:
        show_in_slices(lesion)


class LesionList(qt.QTableWidget):
    """A row a lesion; Space ticks, Enter and a click show it in the slices.

    Parameters
    ----------
    count : callable
        Takes the lesion and whether it is to count.
    go : callable
        Takes the lesion.
    """

    def __init__(self, count: Callable[[SceneLesion, bool], None], go: Callable[[SceneLesion], None], parent=None):
        qt.QTableWidget.__init__(self, parent)
        self._count, self._go = count, go
        self._shown: tuple[SceneLesion, ...] = ()
        self._filling = False
        self.objectName, self.accessibleName = "lesionList", _("Lesions")
        self.toolTip = _(
            "Untick a lesion that is no tumour, such as a cyst: it then counts neither as tumour nor as parenchyma. A "
            "click, or Enter, shows it in the slices."
        )
        self.accessibleDescription = self.toolTip
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self.setColumnCount(4)
        self.setHorizontalHeaderLabels([_("Lesion"), _("mL"), _("mm"), _("HU")])
        for column, tip in enumerate(
            (
                _("Ticked lesions count as tumour"),
                _("Volume in millilitres"),
                _("Largest diameter in an axial slice, in millimetres"),
                _("Mean attenuation in Hounsfield units"),
            )
        ):
            self.horizontalHeaderItem(column).setToolTip(tip)
            side = qt.Qt.AlignRight if column else qt.Qt.AlignLeft
            self.horizontalHeaderItem(column).setTextAlignment(side | qt.Qt.AlignVCenter)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        self.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        self.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        self.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(0, qt.QHeaderView.Stretch)
        for column in (1, 2, 3):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        self.connect("cellChanged(int,int)", self._changed)
        self.connect("cellClicked(int,int)", self._wanted)
        self.connect("cellActivated(int,int)", self._wanted)
        self.connect("currentCellChanged(int,int,int,int)", self._moved)

    def show_lesions(self, found: tuple[SceneLesion, ...]) -> None:
        if found == self._shown and all(self._is_ticked(row) == one.counted for row, one in enumerate(found)):
            return
        self._shown, self._filling = found, True
        try:
            self.setRowCount(len(found))
            for row, lesion in enumerate(found):
                self._show(row, lesion)
        finally:
            self._filling = False
        self.resizeRowsToContents()
        rows = sum(self.rowHeight(row) for row in range(min(len(found), ROWS_SEEN)))
        self.setFixedHeight(self.horizontalHeader().sizeHint.height() + rows + 2 * self.frameWidth)

    def _show(self, row: int, lesion: SceneLesion) -> None:
        name = _("lesion {number}") if lesion.counted else _("lesion {number}, not counted")
        name = name.format(number=lesion.number)
        volume = ml_text(lesion.volume_ml).removesuffix(" mL")
        hu = "-" if math.isnan(lesion.mean_hu) else f"{lesion.mean_hu:.0f}"
        faint = None if lesion.counted else qt.QBrush(qt.QColor(theme_of(self)["faint"]))
        for column, text in enumerate((name, volume, f"{lesion.diameter_mm:.0f}", hu)):
            item = self.item(row, column)
            if item is None:
                item = qt.QTableWidgetItem()
                flags = qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable
                item.setFlags(flags if column else flags | qt.Qt.ItemIsUserCheckable)
                if column:
                    item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
                self.setItem(row, column, item)
            item.setText(text)
            item.setToolTip(self.toolTip)
            item.setData(qt.Qt.ForegroundRole, faint)
        said = _("{name}: {volume} mL, {diameter} mm, {hu} HU").format(
            name=name, volume=volume, diameter=f"{lesion.diameter_mm:.0f}", hu=hu
        )
        first = self.item(row, 0)
        first.setData(qt.Qt.AccessibleTextRole, said)
        first.setCheckState(qt.Qt.Checked if lesion.counted else qt.Qt.Unchecked)

    def _is_ticked(self, row: int) -> bool:
        return self.item(row, 0).checkState() == qt.Qt.Checked

    def _changed(self, row: int, column: int) -> None:
        if self._filling or column or row >= len(self._shown):
            return
        lesion, ticked = self._shown[row], self._is_ticked(row)
        if ticked != lesion.counted:
            self._count(lesion, ticked)

    def _wanted(self, row: int, column: int) -> None:
        if row < len(self._shown):
            self._go(self._shown[row])

    def _moved(self, row: int, column: int, _row_before: int, _column_before: int) -> None:
        """The current cell is the one with the tick, so that Space always ticks."""
        if column > 0:
            self.setCurrentCell(row, 0)
