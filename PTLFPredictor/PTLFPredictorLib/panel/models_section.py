"""In section 2: which model draws, and how one that is not on this computer yet gets here.

The list holds the models that are here, those that may be fetched (with their size), and an entry to add one's own.
Nothing is fetched before the reader has seen licence, size and citation and pressed the button that agrees to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import qt
from slicer.i18n import tr as _

from ..errors import PTLFError
from ..segmentation import chain_words, weights_store
from ..segmentation.catalogue import Model, catalogue, from_folder
from ..segmentation.weights_store import Offer
from ..segmentation.weights_store.store import TOTALSEGMENTATOR
from . import compat
from .choices import Choices
from .runs import ChildRun, show_progress, status_of
from .section import Section
from .session import Session
from .widgets import say

ADD = ""
"""Value of the list's last entry: a model from a file or folder; no model has it as its id."""


class ModelsSection(Section):
    """The list of models, and the frame below it for one that is not here yet.

    Parameters
    ----------
    ui : object
        Widgets by name.
    session : Session
    tell : callable
        Takes a sentence for the user.
    on_change : callable
        See `ChildRun`.
    """

    def __init__(self, ui, session: Session, tell: Callable[[str], None], on_change: Callable[[], None]):
        self.ui, self.session, self._tell, self._on_change = ui, session, tell, on_change
        self.run = ChildRun("Getting the model", compat.python_executable(), on_change)
        self.runs = (self.run,)
        self.models: list[Model] = []
        self._offers: list[Offer] = []
        self._elsewhere: set[str] = set()
        self._adds, self._getting = False, ""
        self._list = Choices(ui.modelSelector, self._choose)
        self.choose_zip, self.choose_folder = _choose_zip, _choose_folder
        ui.getButton.connect("clicked()", self.press)
        ui.importZipButton.connect("clicked()", lambda: self.bring(self.choose_zip()))
        ui.importFolderButton.connect("clicked()", lambda: self.bring(self.choose_folder()))

    @property
    def values(self) -> list[str]:
        """Ids in the order of the list."""
        return self._list.values

    def open(self) -> None:
        """Look for models again; nothing is fetched, and nothing large is read."""
        try:
            self.models, self._offers = catalogue(), weights_store.offers()
        except PTLFError as error:
            self.models, self._offers = [], []
            self._tell(error.message)
        self._elsewhere = {offer.model_id for offer in self._offers if weights_store.is_with_totalsegmentator(offer)}
        self.models += self._chosen_in_nnunet()
        entries = [(model.id, _("{title} (version {version})").format(title=model.title, version=model.version))
                   for model in self.models]  # fmt: skip
        for offer in self._offers:
            words = _("{title}, not here yet: {size}").format(title=offer.title, size=_size(offer.bytes_to_fetch))
            entries.append((offer.model_id, words))
        self._list.fill([*entries, (ADD, _("Add a model..."))])
        if self.models and self.session.desk.model not in self.values:
            self.session.update(model=self.models[0].id)

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

    def _choose(self, value: str) -> None:
        self._adds = value == ADD
        if not self.run.state.busy:
            self.run.forget()
        if not self._adds:
            self.session.update(model=value)
        self._on_change()

    @property
    def model(self) -> Model | None:
        """The chosen model; the first one where the scene names one that is neither here nor to be had."""
        if self._adds or self.offer is not None:
            return None
        return next((m for m in self.models if m.id == self.session.desk.model), next(iter(self.models), None))

    @property
    def offer(self) -> Offer | None:
        """What is chosen, where it is not here yet."""
        if self._adds:
            return None
        return next((offer for offer in self._offers if offer.model_id == self.session.desk.model), None)

    def unmet(self) -> list[str]:
        """What is missing before a model can draw, sentences."""
        if self.model is not None:
            return []
        return [
            _("Get the model first, or choose another.")
            if self._offers or self._adds
            else _("There is no segmentation model.")
        ]

    # Getting one

    def press(self) -> None:
        """The one button: agree to the licence and fetch, or cancel; what has come stays for the next time."""
        if self.run.state.busy:
            self.run.cancel()
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
        self._start(wanted, weights_store.import_job(source, for_id=wanted))

    def _start(self, getting: str, job: Mapping[str, object]) -> None:
        self._getting = getting
        self.run.start(lambda work: (weights_store.WORKER, job), self._take)

    def _take(self, outputs: Mapping[str, Path]) -> None:
        brought = weights_store.model_fetched(outputs)
        waited_for = self._adds or self.session.desk.model == self._getting
        self.open()
        if waited_for:
            self._adds = False
            self.session.update(model=brought.id)
        self._tell(_("The model '{name}' is here.").format(name=brought.title))

    # Display

    def refresh(self) -> None:
        ui, busy, offer = self.ui, self.run.state.busy, self.offer
        self._list.show(ADD if self._adds else offer.model_id if offer else self.model.id if self.model else ADD)
        say(ui.modelNote, self._note())
        ui.offerFrame.setVisible(busy or self._adds or offer is not None)
        say(ui.offerLabel, "" if offer is None else _terms(offer))
        if offer is not None and ui.licenceText.plainText != offer.text:
            ui.licenceText.plainText = offer.text
        ui.licenceText.setVisible(offer is not None and not busy)
        ui.getButton.setVisible(busy or offer is not None)
        ui.getButton.text = _("Cancel") if busy else self._verb(offer)
        ui.getButton.toolTip = _("Stop; what has come is kept") if busy else _("Agree to what is written above")
        ui.importZipButton.setVisible(self._adds and not busy)
        ui.importFolderButton.setVisible(not busy)
        show_progress(ui.getProgress, self.run)
        say(ui.getStatus, status_of(self.run, _("Added")))

    def _verb(self, offer: Offer | None) -> str:
        if offer is not None and offer.model_id in self._elsewhere:
            return _("I agree: take TotalSegmentator's")
        return _("I agree: download")

    def _note(self) -> str:
        model = self.model
        if model is not None:
            said = [model.warning or model.intended_input, *(step.says for step in model.chain)]
            return "\n".join([*chain_words.planned(model), " ".join(filter(None, said))])
        if self._adds:
            return _("A model of nnU-Net v2, as a zip archive or a folder, is copied to your models.")
        return (
            "" if self.offer else _("No segmentation model is installed. Use an existing segmentation, or add a model.")
        )


def _terms(offer: Offer) -> str:
    """The shortest of what stands in full below it."""
    hosts = ", ".join(sorted({urlsplit(url).hostname or url for url in offer.urls}))
    sizes = _("{size} from {hosts}; {room} must be free. Licence: {licence}.").format(
        size=_size(offer.bytes_to_fetch), hosts=hosts, room=_size(offer.bytes_needed), licence=offer.licence
    )
    return f"{offer.about}\n{sizes}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def _choose_zip() -> str:
    return qt.QFileDialog.getOpenFileName(None, _("Model"), "", _("Models (*.zip)"))


def _choose_folder() -> str:
    return qt.QFileDialog.getExistingDirectory(None, _("Folder of the model"))
