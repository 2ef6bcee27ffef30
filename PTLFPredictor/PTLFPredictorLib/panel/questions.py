"""What only a reader can answer: contrast phase, who drew the segments, the study's criteria.

Each answer is kept with name and time in the patient's state (`Session.confirmed_phase`, `Session.mask_origin`,
`Session.all_criteria_met`) and goes with the CT; without a name in the reader's field nothing is answered.
"""

from __future__ import annotations

from collections.abc import Callable

from slicer.i18n import tr as _

from ..ct import PHASES
from ..errors import PTLFError
from ..segmentation.catalogue import Model
from ..segmentation.origin import Drawn
from .choices import Choices
from .section import Section
from .session import HAND, MODEL, Session
from .widgets import say


class Questions(Section):
    def __init__(self, ui, session: Session, models: Callable[[], list[Model]]):
        self.ui, self.session, self._models = ui, session, models
        self._message: dict[str, str] = {}
        phases = [("", _("as measured")), *((str(phase), str(phase)) for phase in PHASES)]
        self._phases = Choices(ui.phaseSelector, self._answer_phase, phases)
        self._origins = Choices(ui.originSelector, self._answer_origin)
        ui.allMetButton.connect("clicked()", self._answer_criteria)

    def leave(self) -> None:
        """Another patient comes: an open list is not theirs."""
        self._message = {}
        for box in (self.ui.phaseSelector, self.ui.originSelector):
            box.hidePopup()

    def _answer(self, what: str, answer: Callable[[], None]) -> None:
        self._message = {}
        try:
            answer()
        except PTLFError as error:
            self._message = {what: error.message}
            self.refresh()
            if not self.ui.readerEdit.text.strip():
                self.ui.readerEdit.setFocus()

    def _answer_phase(self, phase: str) -> None:
        self._answer("phase", lambda: self.session.confirm_phase(phase, self.ui.readerEdit.text))

    def _answer_origin(self, value: str) -> None:
        self._answer("origin", lambda: self.session.name_mask_origin(value, self.ui.readerEdit.text))

    def _answer_criteria(self) -> None:
        self._answer("criteria", lambda: self.session.confirm_all_criteria(self.ui.readerEdit.text))

    # Display

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        if not ui.readerEdit.hasFocus() and session.desk.reader and not ui.readerEdit.text:
            ui.readerEdit.text = session.desk.reader
        said = session.confirmed_phase
        asked = session.segmentation is not None and session.drawn.drawn is Drawn.UNKNOWN
        self._phases.show(said["value"] if said else "")
        if asked:
            self._fill_origins()
        ui.phaseSelector.enabled = session.volume is not None
        say(ui.phaseStatus, "\n".join(filter(None, (self._measured(), _by(said), self._message.get("phase", "")))))
        for widget in (ui.originLabel, ui.originSelector):
            widget.setVisible(asked)
        origin = _by(session.state.mask_origin) if asked else self._drawn_words()
        say(ui.originStatus, "\n".join(filter(None, (origin, self._message.get("origin", "")))))
        ui.allMetButton.enabled = session.volume is not None
        say(ui.criteriaStatus, "\n".join(filter(None, (self._criteria(), self._message.get("criteria", "")))))

    def _measured(self) -> str:
        try:
            found = self.session.measured_phase() if self.session.volume is not None else {}
        except PTLFError:
            return ""
        names = {"liver_hu": _("liver"), "aorta_hu": _("aorta")}
        parts = [f"{names.get(name, name)} {value:.0f} HU" for name, value in found.items()]
        return _("Measured: {values}.").format(values=", ".join(parts)) if parts else ""

    def _fill_origins(self) -> None:
        models = [(f"{MODEL}{model.id}", model.title) for model in self._models()]
        entries = [("", _("not said")), (HAND, _("drawn by hand")), *models]
        said = self.session.state.mask_origin.get("value", "")
        if said and said not in dict(entries):  # a scene from a computer that has it
            entries.append((said, said.removeprefix(MODEL)))
        if [value for value, _title in entries] != self._origins.values:
            self._origins.fill(entries)
        self._origins.show(said)

    def _drawn_words(self) -> str:
        origin = self.session.drawn
        if self.session.segmentation is None or origin.drawn is Drawn.UNKNOWN:
            return ""
        if origin.drawn is Drawn.HAND:
            return _("Drawn by hand.")
        return _("Drawn by the model {title}.").format(title=origin.model.get("title") or origin.model.get("id"))

    def _criteria(self) -> str:
        said = self.session.all_criteria_met
        return _("All criteria met, says {by}").format(by=_by(said)) if said else ""


def _by(said) -> str:
    """Name and time of an answer, "" where nobody has given it."""
    return _("{reader}, {time}.").format(reader=said["reader"], time=said["time"].replace("T", " ")) if said else ""
