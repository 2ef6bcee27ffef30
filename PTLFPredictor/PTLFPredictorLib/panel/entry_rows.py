"""Rows of fields for what a person enters, made from the signature's entries: a number with its unit, or a list."""

from __future__ import annotations

import re
from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from ..measures.value import DIMENSIONLESS
from ..signature import Entry
from ..signature.entries import within_a_sentence
from .fields import PatientField
from .session import Session
from .widgets import WheelGuard, as_tip, plain_label

KEYS = "ABNQZ"
"""Letters (Alt+letter) that nothing else on the panel takes; a field has the first that is in its label."""


def with_keys(labels: list[str]) -> list[str]:
    """Each label with a letter of its own, where one of its letters is free: "&Albumin", "I&NR"."""
    free, found = list(KEYS), []
    for label in labels:
        plain = label.replace("&", "&&")
        key = next((key for key in free if key in plain.upper()), "")
        place = plain.upper().index(key)
        found.append(f"{plain[:place]}&{plain[place:]}" if key else plain)
        free = [one for one in free if one != key]
    return found


class EntryRows:
    """The rows above the Radscore's; made anew where a signature takes other entries.

    Widgets are named after the entry and appear in `ui` under these names: ``albEdit``, ``albUnit``,
    ``bclcLevel``.

    Parameters
    ----------
    ui : object
        Has ``inputsHolder``, a grid of label, field and unit, and ``radscoreEdit`` below the rows.
    session : Session
    on_text : callable
        Called with entry and text when a person has typed a number.
    on_unit : callable
        Called with entry and unit.
    on_level : callable
        Called with entry and level, None for "not given".

    Attributes
    ----------
    fields : dict of str to PatientField
        Of the entries that are numbers, by id.
    """

    def __init__(
        self,
        ui,
        session: Session,
        on_text: Callable[[str, str], None],
        on_unit: Callable[[str, str], None],
        on_level: Callable[[str, str | None], None],
    ):
        self._ui, self._session = ui, session
        self._on_text, self._on_unit, self._on_level = on_text, on_unit, on_level
        self._wheel = WheelGuard()
        self._entries: tuple[Entry, ...] = ()
        self._filling = False
        self._names: list[str] = []
        self.fields: dict[str, PatientField] = {}
        self._units: dict[str, qt.QComboBox] = {}
        self._levels: dict[str, qt.QComboBox] = {}

    def show_entries(self, entries: tuple[Entry, ...]) -> None:
        """Rows of these entries, from the first row of the grid; the widgets of the rows before are deleted."""
        if entries == self._entries:
            return
        self._clear()
        self._entries = entries
        grid = self._ui.inputsHolder.layout()
        made = []
        for row, (entry, words) in enumerate(zip(entries, with_keys([one.label for one in entries]), strict=True)):
            name = re.sub(r"\W", "_", entry.id).lower()
            label = self._named(plain_label(_("{label}:").format(label=words)), f"{name}Label")
            grid.addWidget(label, row, 0)
            new = self._row_of_levels(entry, name, row) if entry.quantity is None else self._row(entry, name, row)
            label.setBuddy(new[0])
            made += new
        before = self._ui.radscoreEdit.previousInFocusChain()
        while before.focusPolicy == qt.Qt.NoFocus:  # Qt puts nothing behind a widget that takes no focus
            before = before.previousInFocusChain()
        for widget in made:  # they are worked through before the Radscore, as they stand
            qt.QWidget.setTabOrder(before, widget)
            before = widget

    def _row(self, entry: Entry, name: str, row: int) -> list:
        grid = self._ui.inputsHolder.layout()
        edit = self._named(qt.QLineEdit(), f"{name}Edit")
        edit.placeholderText, edit.accessibleName = _("not given"), entry.label
        self.fields[entry.id] = PatientField(edit, self._session, lambda text, name=entry.id: self._on_text(name, text))
        grid.addWidget(edit, row, 1)
        if len(entry.units) < 2:
            if entry.unit != DIMENSIONLESS:
                grid.addWidget(self._named(plain_label(entry.unit), f"{name}Unit"), row, 2)
            return [edit]
        box = self._named(self._list([one.unit for one in entry.units]), f"{name}Unit")
        box.minimumContentsLength = 8
        box.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        box.accessibleName = _("Unit of {label}").format(label=entry.label)
        box.toolTip = as_tip(
            _("In which unit {label} is typed; what stands there is read again, not converted").format(
                label=within_a_sentence(entry.label)
            )
        )
        box.connect("currentIndexChanged(int)", lambda index, entry=entry: self._choose_unit(entry, index))
        grid.addWidget(box, row, 2)
        self._units[entry.id] = box
        return [edit, box]

    def _row_of_levels(self, entry: Entry, name: str, row: int) -> list:
        box = self._named(self._list([_("not given"), *(level.label for level in entry.levels)]), f"{name}Level")
        box.minimumContentsLength = 8
        box.accessibleName = entry.label
        box.toolTip = as_tip(_("{label} of the patient, or of a what-if").format(label=entry.label))
        box.connect("currentIndexChanged(int)", lambda index, entry=entry: self._choose_level(entry, index))
        self._ui.inputsHolder.layout().addWidget(box, row, 1)
        self._levels[entry.id] = box
        return [box]

    def _named(self, widget, name: str):
        widget.objectName = name
        setattr(self._ui, name, widget)
        self._names.append(name)
        return widget

    def _list(self, words: list[str]):
        box = qt.QComboBox()
        box.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
        for word in words:
            box.addItem(word)
        self._wheel.watch(box)
        return box

    def _clear(self) -> None:
        for field in self.fields.values():
            field.clear()
        for name in self._names:
            widget = getattr(self._ui, name)
            widget.hide()
            self._ui.inputsHolder.layout().removeWidget(widget)
            widget.deleteLater()
            delattr(self._ui, name)
        self._names = []
        self.fields, self._units, self._levels = {}, {}, {}

    def _choose_unit(self, entry: Entry, index: int) -> None:
        if not self._filling:
            self._on_unit(entry.id, entry.units[index].unit)

    def _choose_level(self, entry: Entry, index: int) -> None:
        if not self._filling:
            self._on_level(entry.id, entry.levels[index - 1].value if index else None)

    def show_unit(self, name: str, unit: str) -> None:
        entry, box = self._entry(name), self._units.get(name)
        if box is not None:
            self._show(box, [one.unit for one in entry.units].index(unit))

    def show_level(self, name: str, value: str | None) -> None:
        """A level, or none; one that the signature does not have is shown as none."""
        values = [level.value for level in self._entry(name).levels]
        self._show(self._levels[name], values.index(value) + 1 if value in values else 0)

    def _show(self, box, index: int) -> None:
        self._filling = True
        box.currentIndex = index
        self._filling = False

    def _entry(self, name: str) -> Entry:
        return next(entry for entry in self._entries if entry.id == name)

    def leave(self) -> None:
        """Another patient comes: a list that is open, or a number that is being typed, is not theirs."""
        for box in (*self._units.values(), *self._levels.values()):
            box.hidePopup()
        for field in self.fields.values():
            field.clear()
