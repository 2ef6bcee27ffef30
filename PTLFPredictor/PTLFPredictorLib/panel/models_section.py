"""On top of section 2: which model draws, how one that is not on this computer yet gets here, and how one goes.

A line names the chosen model; what unfolds below it lists those that are here and those that may be fetched, with all
that is known of each.  Nothing is fetched before the reader has seen licence, size and citation and pressed the button
that agrees to them; nothing is deleted before a question was answered, nor while a run draws with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import qt
from slicer.i18n import tr as _

from ..errors import PTLFError
from ..segmentation import weights_store
from ..segmentation.catalogue import Model, from_folder
from ..segmentation.labels_taken import labels_taken
from ..segmentation.model_list import Listed, Place, listed, size_text
from ..segmentation.weights_store import Offer
from ..segmentation.weights_store.download import check_stage, download_stage
from ..segmentation.weights_store.store import TOTALSEGMENTATOR, UNPACKING
from . import compat
from .model_actions import ModelActions
from .model_choice import ADD, ModelChoice
from .run_times import Expected
from .runs import ChildRun, show_progress, status_of
from .section import Host, Section
from .widgets import Fold, say

LICENCE_LINES = 9

BYTES_S = 5e6
"""Of a download, for the shares of its stages."""

IN_TEXT = frozenset({"About", "Note", "Licence", "Cite", "Size", "Version"})
"""What the text to agree to says of an offer."""

IN_SHORT = ("Version", "Size", "Licence")
"""What stands in one line of a model that is here."""


class ModelsSection(Section):
    """The chosen model, and the list that unfolds below it.

    Parameters
    ----------
    host : Host
        Of its sections, `ct` brings the sample and `segmentation` draws.
    """

    def __init__(self, host: Host):
        self._host, self.ui, self.session, self._tell = host, host.ui, host.session, host.tell
        ui = host.ui
        self.run = ChildRun("Getting the model", compat.python_executable(), host.changed)
        self.runs = (self.run,)
        self._elsewhere: set[str] = set()
        self._adds, self._getting, self._said = False, "", ""
        self.actions = ModelActions(host, lambda: self.entry, self._tell_below)
        self._list = ModelChoice(ui.modelList, ui.modelSearch, self.choose)
        self._fold = Fold(ui.modelsButton, ui.modelsFrame)
        self.choose_zip, self.choose_folder = _choose_zip, _choose_folder
        ui.licenceText.setFixedHeight(LICENCE_LINES * ui.licenceText.fontMetrics().lineSpacing())
        for button, pressed in (
            (ui.getButton, self.press),
            (ui.importZipButton, lambda: self.bring(self.choose_zip())),
            (ui.importFolderButton, lambda: self.bring(self.choose_folder())),
        ):
            button.connect("clicked()", pressed)

    def leave(self) -> None:
        self.actions.forget()

    def _tell_below(self, words: str) -> None:
        """Beside the buttons: what came of one; the list may be another by now."""
        self.open()
        self._said = words
        self._host.changed()

    @property
    def values(self) -> list[str]:
        """Ids in the order of the list."""
        return self._list.values

    @property
    def models(self) -> list[Model]:
        """Those that are here."""
        return [entry.model for entry in self._list.entries if entry.model is not None]

    def open(self) -> None:
        """Look for models again; nothing is fetched, and nothing large is read."""
        elsewhere = self._chosen_in_nnunet()
        try:
            entries = listed(elsewhere)
        except PTLFError as error:
            self._tell(error.message)
            entries = listed(elsewhere, offers=False)
        self._elsewhere = {entry.id for entry in entries if entry.offer and entry.with_totalsegmentator}
        self._list.fill(entries)
        if self.models and self.session.desk.model not in self.values:
            self.session.update(model=self.models[0].id)
        self._host.changed()

    def _chosen_in_nnunet(self) -> list[Model]:
        """The model that the user chose last in the extension NNUNet, where there is one that can be used."""
        chosen = compat.nnunet_model()
        if not chosen:
            return []
        try:
            return [from_folder(chosen, "SlicerNNUnet")]
        except PTLFError as error:
            self._tell(_("The model chosen in the module nnUNet cannot be used here: {reason}").format(reason=error))
            return []

    def choose(self, value: str) -> None:
        """As a click on a line of the list: an id, or `ADD`."""
        self._adds, self._said = value == ADD, ""
        self.actions.forget()
        if not self.run.state.busy:
            self.run.forget()
        if not self._adds:
            self.session.update(model=value)
        self._host.changed()

    def show(self) -> None:
        """Unfold the list, with the keyboard in its search box."""
        self.ui.modelsButton.checked = True
        self.ui.modelSearch.setFocus()

    @property
    def entry(self) -> Listed | None:
        """What is chosen; the first model where the scene names one that is neither here nor to be had."""
        if self._adds:
            return None
        entries = self._list.entries
        return next((one for one in entries if one.id == self.session.desk.model), next(iter(entries), None))

    @property
    def model(self) -> Model | None:
        """The model that draws, where it is here."""
        return None if self.entry is None else self.entry.model

    @property
    def offer(self) -> Offer | None:
        """What is chosen, where it is not here yet."""
        entry = self.entry
        return entry.offer if entry is not None and entry.place is Place.OFFERED else None

    def unmet(self) -> list[str]:
        """What is missing before a model can draw, sentences."""
        if self.model is not None:
            return []
        if self.entry is not None and self.entry.problem:
            return [_("The chosen model cannot be used; choose another.")]
        return [
            _("Get the model first, or choose another.")
            if self.offer is not None or self._adds
            else _("There is no segmentation model.")
        ]

    # Getting one

    def press(self) -> None:
        """The one button: agree to the licence and fetch, or cancel; what has come stays for the next time."""
        if self.run.state.busy:
            self.run.cancel()
            self.open()
            return
        offer = self.offer
        if offer is not None and offer.model_id in self._elsewhere:
            self.bring(TOTALSEGMENTATOR)
        elif offer is not None:
            self._start(offer.model_id, weights_store.fetch_job(offer.model_id, agreed=offer.agreement))

    def bring(self, source: str) -> None:
        """Copy a model from a zip archive or folder to the user's models; of an offer, the folder may hold its zips."""
        if not source or self.run.state.busy:
            return
        wanted = "" if self.offer is None else self.offer.model_id
        labels = "" if wanted else self.ui.labelsEdit.text.strip()
        try:
            self._start(wanted, weights_store.import_job(source, for_id=wanted, labels=labels))
        except PTLFError as error:
            self._tell_below(error.message)

    def _start(self, getting: str, job: Mapping[str, object]) -> None:
        self._getting, self._said = getting, ""
        self.actions.forget()
        offer = self.offer if job.get("do") == "fetch" else None
        self.run.start(lambda work: (weights_store.WORKER, job), self._take, lambda: _expected(offer))

    def _take(self, outputs: Mapping[str, Path]) -> None:
        brought = weights_store.model_fetched(outputs)
        waited_for = self._adds or self.session.desk.model == self._getting
        self.open()
        if waited_for:
            self._adds = False
            self.session.update(model=brought.id)
        self.ui.labelsEdit.text = ""
        self._said = "\n".join((_("The model '{name}' is here.").format(name=brought.title), *labels_taken(brought)))

    # Display

    def refresh(self) -> None:
        ui, busy, entry, offer = self.ui, self.run.state.busy, self.entry, self.offer
        self._list.show(ADD if entry is None else entry.id)
        ui.modelList.enabled = not self._host.segmentation.run.state.busy
        say(ui.modelLine, self._line())
        say(ui.modelNote, self._note())
        ui.offerFrame.setVisible(busy or self._adds or offer is not None)
        say(ui.offerLabel, "" if offer is None else _terms(offer))
        if offer is not None and ui.licenceText.plainText != offer.text:
            ui.licenceText.plainText = offer.text
        ui.licenceText.setVisible(offer is not None and not busy)
        for widget in (ui.labelsLabel, ui.labelsEdit):
            widget.setVisible(self._adds and not busy)
        ui.getButton.setVisible(busy or offer is not None)
        ui.getButton.text = _("Cancel") if busy else self._verb(offer)
        ui.getButton.toolTip = _("Stop; what has come is kept") if busy else _("Agree to what is written above")
        ui.importZipButton.setVisible(self._adds and not busy)
        ui.importFolderButton.setVisible(not busy)
        show_progress(ui.getProgress, self.run)
        say(ui.getStatus, "\n".join(filter(None, (status_of(self.run, _("Added")), self._said))))
        self.actions.refresh(busy)

    def _line(self) -> str:
        """What the folded list tells."""
        entry = self.entry
        if entry is None:
            return _("Model: to be added") if self._adds else _("Model: none is installed")
        state = "" if entry.for_patients else _("not for patients")
        if entry.model is None:
            state = entry.state if entry.problem else _("not here yet")
        return _("Model: {title}").format(title=entry.title) + (f" ({state})" if state else "")

    def _verb(self, offer: Offer | None) -> str:
        if offer is not None and offer.model_id in self._elsewhere:
            return _("I agree: take TotalSegmentator's")
        came = self.entry is not None and self.entry.came > 0
        return _("I agree: continue the download") if came else _("I agree: download")

    def _note(self) -> str:
        """All that is known of the chosen model; of one that is offered, the text to agree to says most of it."""
        entry = self.entry
        if entry is None:
            return _("A model of nnU-Net v2, as a zip archive or a folder, is copied to your models.")
        facts = dict(entry.facts())
        hidden = IN_TEXT if self.offer else {"About", *IN_SHORT}
        short = ", ".join(f"{name}: {facts[name]}" for name in IN_SHORT if name in facts and not self.offer)
        about = "" if self.offer else facts.get("About", "")
        rest = [f"{name}: {said}" for name, said in facts.items() if name not in hidden]
        return "\n".join(filter(None, (about, *rest, short)))


def _expected(offer: Offer | None) -> Expected:
    """Shares of a download by the bytes of its parts: how fast this computer's line is, nobody knows."""
    if offer is None:
        return Expected()
    stages = {}
    for one in offer.downloads:
        stages |= {download_stage(one.what): one.bytes / BYTES_S, check_stage(one.what): one.bytes / (100 * BYTES_S)}
    return Expected.of({**stages, UNPACKING: offer.bytes_to_fetch / (20 * BYTES_S)})


def _terms(offer: Offer) -> str:
    """The shortest of what stands in full below it."""
    hosts = ", ".join(sorted({urlsplit(url).hostname or url for url in offer.urls}))
    sizes = _("{size} from {hosts}; {room} must be free. Licence: {licence}.")
    return sizes.format(
        size=size_text(offer.bytes_to_fetch), hosts=hosts, room=size_text(offer.bytes_needed), licence=offer.licence
    )


def _choose_zip() -> str:
    return qt.QFileDialog.getOpenFileName(None, _("Model"), "", _("Models (*.zip)"))


def _choose_folder() -> str:
    return qt.QFileDialog.getExistingDirectory(None, _("Folder of the model"))
