"""Fields in which a person types what belongs to the patient on screen."""

from __future__ import annotations

from collections.abc import Callable

from .session import Session


class PatientField:
    """A line of text that reaches the patient it was typed for, and no other.

    What is typed carries the session's token of that moment; where another patient is on screen when the field says
    that typing has ended (Return, the focus goes, the section folds), it is dropped.

    Parameters
    ----------
    edit : QLineEdit
    session : Session
    take : callable
        Called with the text that was typed.
    """

    def __init__(self, edit, session: Session, take: Callable[[str], None]):
        self.edit, self._session, self._take = edit, session, take
        self._token = session.token
        edit.connect("textEdited(QString)", self._edited)
        edit.connect("editingFinished()", self._finished)

    def _edited(self, text="") -> None:
        self._token = self._session.token

    def _finished(self) -> None:
        if not self.edit or not self.edit.modified:  # a field says so once more while it is destroyed
            return
        self.edit.modified = False
        if self._token == self._session.token and not self._session.away:
            self._take(self.edit.text)
            self._select()

    def _select(self) -> None:
        """Where the keyboard stays after Return, the next value is typed over this one."""
        if self.edit.hasFocus():
            self.edit.selectAll()

    def commit(self) -> None:
        """Take what is being typed."""
        self._finished()

    @property
    def typing(self) -> bool:
        """Whether somebody is in the middle of typing for the patient on screen."""
        edit = self.edit
        return bool(edit.modified and edit.hasFocus() and self._token == self._session.token)

    def show(self, text: str) -> None:
        """Show a text, unless somebody is typing."""
        if not self.typing and (self.edit.text != text or self.edit.modified):
            self._put(text)
            self._select()

    def clear(self) -> None:
        """Empty the field without a word to anybody: another patient comes."""
        self._put("")

    def _put(self, text: str) -> None:
        blocked = self.edit.blockSignals(True)
        self.edit.text = text  # Qt then takes it as not modified
        self.edit.modified = False
        self.edit.blockSignals(blocked)
