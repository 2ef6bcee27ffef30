"""List boxes: over values, told by value when a person chooses, by nobody when filled or shown; in node selectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class Choices:
    """Values behind the words of a list box.

    Parameters
    ----------
    box : QComboBox
    on_choice : callable
        Called with the value that a person has chosen.
    entries : iterable of (value, words)

    Attributes
    ----------
    values : list
        In the order of the list.
    """

    def __init__(self, box, on_choice: Callable[[Any], None], entries: Iterable[tuple[Any, str]] = ()):
        self._box, self._on_choice = box, on_choice
        self.values: list[Any] = []
        self.fill(entries)
        box.connect("currentIndexChanged(int)", self._chosen)

    def fill(self, entries: Iterable[tuple[Any, str]]) -> None:
        """Other entries, in place of all."""
        entries = list(entries)
        blocked = self._box.blockSignals(True)
        self._box.clear()
        self.values = [value for value, _words in entries]
        for _value, words in entries:
            self._box.addItem(words)
        self._box.blockSignals(blocked)

    def insert(self, index: int, value: Any, words: str) -> None:
        blocked = self._box.blockSignals(True)
        self.values.insert(index, value)
        self._box.insertItem(index, words)
        self._box.blockSignals(blocked)

    def show(self, value: Any) -> None:
        """The value's entry; the first one where it has none."""
        blocked = self._box.blockSignals(True)
        self._box.currentIndex = self.values.index(value) if value in self.values else 0
        self._box.blockSignals(blocked)

    def _chosen(self, index: int) -> None:
        if 0 <= index < len(self.values):
            self._on_choice(self.values[index])


def inner_list(selector):
    """The list inside a node selector: the selector itself takes no focus, so that a label's key would lead nowhere."""
    return next(box for box in selector.children() if box.inherits("QComboBox"))
