"""What can be done with the chosen model: try it on the sample case, or delete it, after a question."""

from __future__ import annotations

from collections.abc import Callable

import slicer
from slicer.i18n import tr as _

from ..errors import PTLFError
from ..segmentation import remove, weights_store
from ..segmentation.model_list import Listed, Place, size_text
from .section import Host


class ModelActions:
    """The buttons below what is known of a model, and the question that one of them asks.

    Parameters
    ----------
    host : Host
        Of its sections, `ct` brings the sample and `segmentation` draws.
    chosen : callable
        Returns the chosen entry.
    tell : callable
        Takes what came of it, in words.
    """

    def __init__(self, host: Host, chosen: Callable[[], Listed | None], tell: Callable[[str], None]):
        self._host, self._chosen, self._tell = host, chosen, tell
        self._asked: Listed | None = None
        self._tries = False
        self.confirm = _confirm
        ui = host.ui
        ui.tryButton.connect("clicked()", self.try_on_the_sample)
        ui.deleteButton.connect("clicked()", self.ask)
        ui.confirmButton.connect("clicked()", lambda: self.answer(True))
        ui.refuseButton.connect("clicked()", lambda: self.answer(False))

    @property
    def _draws(self) -> bool:
        """Whether a run is at work, with whatever model: the list is closed meanwhile."""
        return self._host.segmentation.run.state.busy

    def forget(self) -> None:
        """Nothing is asked any more."""
        self._asked = None

    def try_on_the_sample(self) -> None:
        """What this model draws on the synthetic sample case; in place of a patient only where that is wanted."""
        session = self._host.session
        question = _("The sample case takes the place of this patient; what was entered for this CT is cleared.")
        if session.volume is not None and not session.is_sample and not self.confirm(question):
            return
        self._tries = True
        if not (self._host.session.is_sample or self._host.ct.sample.state.busy):
            self._host.ct.load_sample()
        self._host.changed()

    def _go_on_trying(self) -> None:
        """Called at each refresh: draws once the sample is there, and gives up where it does not come."""
        if self._tries and not self._host.ct.sample.state.busy:
            self._tries = False
            if self._host.session.is_sample and not self._draws:
                self._host.segmentation.press()

    def ask(self) -> None:
        """The question before a model, or what has come of a download, is deleted."""
        entry = self._asked = self._chosen()
        if entry is None:
            return
        if entry.place is Place.OFFERED:
            words = _("Remove the {size} that came of '{title}'? The download then starts anew.")
        else:
            words = _("Delete '{title}' ({size}) from this computer? It cannot be undone.")
            if entry.offer is not None:
                words = _("Delete '{title}' ({size}) from this computer? It can be fetched again.")
        size = size_text(entry.came or entry.bytes)
        self._host.ui.askLabel.text = words.format(title=entry.title, size=size)
        self._host.ui.askFrame.show()
        self._host.ui.refuseButton.setFocus()
        self._host.changed()

    def answer(self, yes: bool) -> None:
        """To the question."""
        entry, self._asked = self._asked, None
        if not yes or entry is None:
            self._tell("")
            return
        try:
            self._tell(self._delete(entry))
        except PTLFError as error:
            self._tell(error.message)

    def _delete(self, entry: Listed) -> str:
        if entry.place is Place.OFFERED:
            return _("{size} were removed.").format(size=size_text(weights_store.drop_partial(entry.id)))
        if self._draws:
            return _("A run draws with it. Cancel it, or wait for its end.")
        self._host.segmentation.run.release()  # the process that waits has it loaded
        remove(entry.folder_name)
        return _("'{title}' was deleted.").format(title=entry.title)

    def refresh(self, busy: bool) -> None:
        """Show what can be done; `busy` while a model is on its way."""
        self._go_on_trying()
        ui, entry = self._host.ui, self._chosen()
        partial = entry is not None and entry.place is Place.OFFERED and entry.came > 0
        ui.tryButton.setVisible(entry is not None and entry.model is not None)
        ui.tryButton.enabled = not (self._draws or self._tries)
        ui.deleteButton.setVisible(not busy and (partial or (entry is not None and bool(entry.folder_name))))
        ui.deleteButton.text = _("Remove what came...") if partial else _("Delete...")
        ui.deleteButton.enabled = not (self._draws or self._asked is not None)
        ui.askFrame.setVisible(self._asked is not None and not busy)
        ui.confirmButton.text = _("Remove") if partial else _("Delete")


def _confirm(question: str) -> bool:
    return slicer.util.confirmOkCancelDisplay(question, windowTitle=_("Try on the sample"))
