"""The list of models and the search box over it: what a person chooses is told by id."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slicer.i18n import tr as _

from ..segmentation.model_list import Listed, Place
from .widgets import as_tip

ADD = ""
"""Value of the list's last entry: a model from a file or folder; no model has it as its id."""

LINES, LEAST_LINES = 11, 4
"""Of text that the list shows at once, at most and at least; an entry has two."""


class ModelChoice:
    """Entries behind the lines of the list.

    Parameters
    ----------
    box : QListWidget
    search : QLineEdit
    on_choice : callable
        Called with the id that a person has chosen; `ADD` for a model of one's own.

    Attributes
    ----------
    entries : list of Listed
    values : list of str
        Ids in the order of the list, `ADD` last.
    """

    def __init__(self, box, search, on_choice: Callable[[str], None]):
        self._box, self._search, self._on_choice = box, search, on_choice
        self.entries: list[Listed] = []
        self.values: list[str] = []
        self._shown: list[str] = []
        self._current = ADD
        box.connect("currentRowChanged(int)", self._chosen)
        search.connect("textChanged(QString)", lambda text: self._list())
        search.connect("returnPressed()", self._take_first)

    def fill(self, entries: Sequence[Listed]) -> None:
        """Other entries, in place of all."""
        self.entries = list(entries)
        self.values = [*(entry.id for entry in entries), ADD]
        self._list()

    def show(self, value: str) -> None:
        """Mark the entry of that id, where the search leaves it in the list."""
        self._current = value
        row = self._shown.index(value) if value in self._shown else -1
        if self._box.currentRow != row:
            blocked = self._box.blockSignals(True)
            self._box.setCurrentRow(row)
            self._box.blockSignals(blocked)

    def _list(self) -> None:
        words = self._search.text.split()
        found = [entry for entry in self.entries if entry.matches(words)]
        blocked = self._box.blockSignals(True)
        self._box.clear()
        self._shown = [*(entry.id for entry in found), ADD]
        for row, text in enumerate([*(_line(entry) for entry in found), _("Add a model of your own...")]):
            self._box.addItem(text)
            self._box.item(row).setToolTip(as_tip(text))
        self._box.blockSignals(blocked)
        lines = min(max(2 * len(found) + 1, LEAST_LINES), LINES)
        self._box.setFixedHeight(round(1.06 * lines * self._box.fontMetrics().lineSpacing()))
        self.show(self._current)

    def _take_first(self) -> None:
        """Return in the search box: the first model that it has found, and the keyboard goes on in the list."""
        if self._search.text.strip() and len(self._shown) > 1:
            self._box.setCurrentRow(0)
            self._box.setFocus()

    def _chosen(self, row: int) -> None:
        if 0 <= row < len(self._shown):
            self._on_choice(self._shown[row])


def _line(entry: Listed) -> str:
    """Title, and below it where the model is."""
    state = entry.state
    if entry.place is not Place.BROKEN and not entry.for_patients:
        state = _("{state}; not for patients").format(state=state)
    return f"{entry.title}\n{state}"
