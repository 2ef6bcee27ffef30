"""Titles of sections that fit the panel: a long one ends in dots, and its tool tip tells it whole."""

from __future__ import annotations

from collections.abc import Callable

import qt

from .widgets import as_tip

BESIDE = 48
"""Pixels of a title's line that are not text: arrow, margins."""


class Titles:
    """The titles that were shown, to be fitted again when the panel gets another width.

    Parameters
    ----------
    width : callable
        Pixels that the panel has.
    """

    def __init__(self, width: Callable[[], int]):
        self._width = width
        self._words: dict[str, tuple] = {}

    def show(self, button, words: str) -> None:
        """The title of a section, by its button."""
        self._words[button.objectName] = button, words
        self._fit(button, words)

    def fit(self) -> None:
        for button, words in self._words.values():
            self._fit(button, words)

    def _fit(self, button, words: str) -> None:
        room = max(self._width() - BESIDE, BESIDE)
        fitted = button.fontMetrics().elidedText(words, qt.Qt.ElideRight, room)
        if button.text != fitted:
            button.text = fitted
        if button.accessibleName != words:
            button.accessibleName = words
            button.toolTip = as_tip(words)
