"""What only a reader can answer: contrast phase, and who drew the segments; the criteria are `eligibility_frame`'s.

Each answer is kept with name and time in the patient's state (`Session.confirmed_phase`, `Session.mask_origin`) and
goes with the CT; without a name in the reader's field nothing is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slicer.i18n import tr as _

from ..ct import PHASES, Finding
from ..ct.phase import PhaseSource
from ..segmentation.origin import Drawn
from .choices import Choices
from .eligibility_frame import answered, by_words
from .findings_list import FindingsList
from .models_section import ModelsSection
from .section import Section
from .session import HAND, MODEL, Session
from .widgets import say


class Questions(Section):
    def __init__(self, ui, session: Session, models: ModelsSection):
        self.ui, self.session, self._models = ui, session, models
        self._message: dict[str, str] = {}
        self._as_measured = ""
        self._phases = Choices(ui.phaseSelector, self._answer_phase)
        self._origins = Choices(ui.originSelector, self._answer_origin)
        self.phase_finding = FindingsList(None, False)
        ui.phaseHolder.layout().addWidget(self.phase_finding)

    def leave(self) -> None:
        """Another patient comes: an open list is not theirs."""
        self._message = {}
        for box in (self.ui.phaseSelector, self.ui.originSelector):
            box.hidePopup()

    def _answer(self, what: str, answer: Callable[[], None]) -> None:
        message = answered(self.ui, answer)
        self._message = {what: message} if message else {}
        self.refresh()

    def _answer_phase(self, phase: str) -> None:
        self._answer("phase", lambda: self.session.confirm_phase(phase, self.ui.readerEdit.text))

    def _answer_origin(self, value: str) -> None:
        self._answer("origin", lambda: self.session.name_mask_origin(value, self.ui.readerEdit.text))

    # Display

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        if not ui.readerEdit.hasFocus() and session.desk.reader and not ui.readerEdit.text:
            ui.readerEdit.text = session.desk.reader
        self._show_phase()
        asked = session.segmentation is not None and session.drawn.drawn is Drawn.UNKNOWN
        if asked:
            self._fill_origins()
        for widget in (ui.originLabel, ui.originSelector):
            widget.setVisible(asked)
        origin = by_words(session.state.mask_origin) if asked else self._drawn_words()
        say(ui.originStatus, "\n".join(filter(None, (origin, self._message.get("origin", "")))))

    def _show_phase(self) -> None:
        """The finding on the phase, with what was measured, beside the reader's answer and whose it is."""
        ui, session = self.ui, self.session
        found = () if ui.transformLabel.text else [one for one in session.findings_of_ct() if one.code == "phase"]
        self.phase_finding.show_findings(found)
        said = session.confirmed_phase
        measured = _measured(found, said)
        if measured != self._as_measured:
            self._as_measured = measured
            self._phases.fill([("", measured), *((str(phase), str(phase)) for phase in PHASES)])
        self._phases.show(said["value"] if said else "")
        ui.phaseSelector.enabled = session.volume is not None
        told = any(one.values.get("confirmed") for one in found)  # who, and when, stands in the finding then
        by = "" if told else by_words(said)
        say(ui.phaseStatus, "\n".join(filter(None, (by, self._message.get("phase", "")))))

    def _fill_origins(self) -> None:
        models = [(f"{MODEL}{model.id}", model.title) for model in self._models.models]
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
        words = _("Drawn by the model {title}.").format(title=origin.model.get("title") or origin.model.get("id"))
        told = any(finding.code == "model_not_for_patients" for finding in self.session.findings_of_segments())
        if told or self.session.is_sample or origin.model.get("for_patients"):
            return words
        return f"{words} {origin.model.get('warning', '')}".rstrip()


def _measured(found: Sequence[Finding], said) -> str:
    """What the list says for "no answer": which phase was measured or told, once that is known."""
    values = found[0].values if found and not said else {}
    if values.get("source") == PhaseSource.ATTENUATION:
        return _("as measured: {phase}").format(phase=values["name"])
    if values.get("source") == PhaseSource.HEADER:
        return _("by the header: {phase}").format(phase=values["name"])
    return _("as measured")
