"""Section 1, CT: choose or load it, see whether it can be used, answer the study's criteria."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from .. import signature
from ..ct import Level
from ..errors import BadInput, PTLFError
from ..mrml import volumes
from ..mrml.header import take_acquisition
from ..signature.policy.eligibility import BILIRUBIN, CriterionState
from .fields import PatientField
from .findings_list import FindingsList
from .numbers import read_number, written
from .runs import show_progress
from .sample_run import SampleRun
from .section import Section
from .session import Session
from .widgets import WheelGuard, as_tip, clear, mark, plain_label, say

ANSWERS = (None, True, False)


class CTSection(Section):
    def __init__(self, ui, session: Session, tell, on_change):
        self.ui, self.session, self._tell = ui, session, tell
        self.sample = SampleRun(on_change)
        self.runs = (self.sample,)
        for selector in (
            ui.volumeSelector,
            ui.existingSelector,
            ui.acquisitionSelector,
        ):  # a long name must not widen the panel
            selector.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
        self.findings = FindingsList()
        ui.findingsHolder.layout().addWidget(self.findings)
        self._answers: dict[str, qt.QComboBox] = {}
        self._wheel = WheelGuard()
        self._bilirubin: PatientField | None = None
        self._for_signature = ""
        self._filling = self.paused = False
        ui.volumeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._choose)
        ui.loadDicomButton.connect("clicked()", self.load_dicom)
        ui.loadFileButton.connect("clicked()", self.choose_file)
        ui.liverWindowButton.connect("clicked()", self.liver_window)
        ui.sampleButton.connect("clicked()", self.load_sample)
        ui.slabsButton.connect("clicked()", self.to_slabs)
        ui.acquisitionSelector.connect("activated(int)", self.choose_acquisition)
        self._acquisitions: tuple[str, ...] = ()
        ui.eligibilityButton.connect("toggled(bool)", self._open_eligibility)
        ui.eligibilityHolder.hide()

    def cleanup(self) -> None:
        """Stop listening before the selector loses its scene: that is no choice of the user's."""
        if self.ui.volumeSelector:
            self.ui.volumeSelector.disconnect("currentNodeChanged(vtkMRMLNode*)", self._choose)

    def _choose(self, node) -> None:
        # While a scene is closed or imported, the selector forgets its node: that is no choice of the user's either.
        if not (self._filling or self.paused):
            self._select(node)

    def _select(self, volume) -> None:
        if volume is not None:
            slicer.util.setSliceViewerLayers(background=volume, fit=True)
        said = self.session.select_volume(volume)
        if said:
            self._tell(" ".join(said))

    def ct_has_left(self) -> None:
        """The CT on screen was deleted from the scene: its patient goes with it."""
        self._select(None)

    def leave(self) -> None:
        """Another patient comes: a list that is open, or a number that is being typed, is not theirs."""
        for box in self._answers.values():
            box.hidePopup()
        if self._bilirubin is not None:
            self._bilirubin.clear()

    def load_dicom(self) -> None:
        if slicer.util.mainWindow() is None:
            self._tell(_("The DICOM module needs Slicer's main window."))
            return
        slicer.util.selectModule("DICOM")

    def choose_file(self) -> None:
        path = qt.QFileDialog.getOpenFileName(
            None, _("Load CT"), "", _("Images (*.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd)")
        )
        if path:
            self.load_file(path)

    def load_file(self, path: str) -> None:
        try:
            volume = slicer.util.loadVolume(path)
        except RuntimeError:
            self._tell(_("'{name}' could not be read as an image.").format(name=Path(path).name))
            return
        volumes.show_liver_window(volume)
        self._select(volume)

    def load_sample(self) -> None:
        """A synthetic CT, drawn in a child process: nothing is downloaded."""
        if self.sample.state.busy:
            self.sample.cancel()
            return
        token = self.session.token

        def take(volume) -> None:
            if token == self.session.token:
                self._select(volume)
            else:  # meanwhile somebody else came on screen
                self._tell(_("The sample case is in the scene; choose it above."))

        self.sample.draw(take)

    def liver_window(self) -> None:
        if self.session.volume is not None:
            volumes.show_liver_window(self.session.volume)

    def to_slabs(self) -> None:
        """One click: the thin slices averaged to the protocol's, in a volume of their own, with the segments."""
        try:
            volume, said = self.session.to_slabs()
        except PTLFError as error:
            self._tell(error.message)
            return
        volumes.show_liver_window(volume)
        slicer.util.setSliceViewerLayers(background=volume)
        self._tell(" ".join([*said, _("The CT is in slabs now. Choose the former one above to go back.")]))

    def choose_acquisition(self, index: int) -> None:
        """One of the acquisitions that the series mixes, as a volume of its own."""
        listed = self.session.acquisitions()
        if not 0 < index <= len(listed):
            return
        try:
            volume = take_acquisition(self.session.volume, listed[index - 1])
        except PTLFError as error:
            self._tell(error.message)
            return
        volumes.show_liver_window(volume)
        self._select(volume)

    def _show_slabs(self) -> None:
        """The button is there where the thickness of the slices withholds, and says why where it does not help."""
        button, session = self.ui.slabsButton, self.session
        try:
            findings = () if session.volume is None else session.ct().findings
        except PTLFError:
            findings = ()
        thick = any(f.code == "slice_thickness" and f.level is Level.WITHHOLD for f in findings)
        button.setVisible(thick)
        if not thick:
            return
        plan, reason = session.slab_plan()
        low, high = session.signature.protocol.slice_thickness_mm
        target = (low + high) / 2 if plan is None else plan.slab_mm
        button.text = _("To {mm} mm slabs").format(mm=f"{target:g}")
        button.enabled = plan is not None
        button.toolTip = as_tip(reason) or _(
            "Average the thin slices, and the segments with them, in a volume of their own. Features may differ from "
            "those of a CT reconstructed in such slices. The CT stays as it is: choose it to go back."
        )

    def _show_acquisitions(self) -> None:
        box = self.ui.acquisitionSelector
        words = tuple(one.words for one in self.session.acquisitions())
        box.setVisible(bool(words))
        if words != self._acquisitions:
            self._acquisitions = words
            box.clear()
            for text in (_("Several acquisitions: choose one"), *words):
                box.addItem(text)
        box.currentIndex = 0

    # Eligibility

    def _open_eligibility(self, opened: bool) -> None:
        self.ui.eligibilityHolder.setVisible(opened)
        self.ui.eligibilityButton.arrowType = qt.Qt.DownArrow if opened else qt.Qt.RightArrow

    def _make_checklist(self) -> None:
        layout = self.ui.eligibilityHolder.layout()
        clear(layout)
        self._answers = {}
        frame = qt.QWidget()
        grid = qt.QGridLayout(frame)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(0, 1)
        for row, criterion in enumerate(self.session.signature.eligibility):
            text = plain_label(criterion.text)
            text.wordWrap = True
            box = qt.QComboBox()
            for word in (_("not answered"), _("yes"), _("no")):
                box.addItem(word)
            box.accessibleName = criterion.text
            self._wheel.watch(box)
            box.connect("currentIndexChanged(int)", lambda index, name=criterion.id: self._answer(name, ANSWERS[index]))
            grid.addWidget(text, row, 0)
            grid.addWidget(box, row, 1, qt.Qt.AlignTop)
            self._answers[criterion.id] = box
        label = plain_label(_("Bilirubin before TACE (umol/L)"))
        label.wordWrap = True
        edit = qt.QLineEdit()
        edit.setMaximumWidth(110)
        edit.placeholderText = _("not given")
        edit.accessibleName = label.text
        self._bilirubin = PatientField(edit, self.session, self._read_bilirubin)
        self._reason = plain_label()
        self._reason.wordWrap = True
        row = len(self._answers)
        grid.addWidget(label, row, 0)
        grid.addWidget(edit, row, 1)
        grid.addWidget(self._reason, row + 1, 0, 1, 2)
        self._marked = ""
        layout.addWidget(frame)

    def _answer(self, name: str, value: bool | float | None) -> None:
        if self._filling:
            return
        answers = {key: old for key, old in self.session.state.answers.items() if key != name}
        if value is not None:
            answers[name] = value
        try:
            signature.checklist(self.session.signature, answers)
        except BadInput as error:
            self._tell(error.message)
            self.refresh()
            return
        self.session.update(answers=answers, criteria={}, sign_off={})

    def _read_bilirubin(self, text: str) -> None:
        """An entry that is no value takes the value before away: it must not stay in force under another number."""
        answers = {key: old for key, old in self.session.state.answers.items() if key != BILIRUBIN}
        refused = {key: old for key, old in self.session.state.refused.items() if key != BILIRUBIN}
        try:
            value = read_number(text, _("Bilirubin"))
            if value is not None:
                signature.checklist(self.session.signature, {**answers, BILIRUBIN: value})
                answers[BILIRUBIN] = value
        except BadInput as error:
            refused[BILIRUBIN] = {"text": text, "why": error.message}
        if answers != self.session.state.answers or refused != self.session.state.refused:
            self.session.update(answers=answers, refused=refused, sign_off={})

    # Display

    def refresh(self) -> None:
        session, ui = self.session, self.ui
        self._filling = True
        try:
            if ui.volumeSelector.currentNode() is not session.volume:  # setting it again closes an open list
                ui.volumeSelector.setCurrentNode(session.volume)
            if self._for_signature != session.signature_sha256:
                self._make_checklist()
                self._for_signature = session.signature_sha256
            for name, box in self._answers.items():
                box.currentIndex = ANSWERS.index(session.state.answers.get(name))
            entry = session.state.refused.get(
                BILIRUBIN, {"text": written(session.state.answers.get(BILIRUBIN)), "why": ""}
            )
            self._bilirubin.show(entry["text"])
            say(self._reason, entry["why"])
            if self._marked != entry["why"]:
                mark(self._bilirubin.edit, entry["why"])
                self._marked = entry["why"]
        finally:
            self._filling = False
        busy = self.sample.state.busy
        ui.sampleButton.text = _("Cancel sample") if busy else _("Sample case")
        show_progress(ui.sampleProgress, self.sample)
        ui.liverWindowButton.enabled = session.volume is not None
        say(ui.transformLabel, self._refusal())
        self._show_slabs()
        self._show_acquisitions()
        self.findings.show_findings(() if ui.transformLabel.text else session.findings())
        items = signature.checklist(session.signature, session.state.answers).items
        confirmed = sum(item.status is CriterionState.CONFIRMED for item in items)
        violated = sum(item.status is CriterionState.VIOLATED for item in items)
        text = _("Eligibility: {confirmed} of {all} confirmed").format(confirmed=confirmed, all=len(items))
        ui.eligibilityButton.text = text + (_(", {n} violated").format(n=violated) if violated else "")

    def _refusal(self) -> str:
        if self.session.volume is None:
            return _("Choose or load the contrast CT before TACE.")
        try:
            volumes.require_no_transform(self.session.volume)
            if self.session.segmentation is not None:
                volumes.require_no_transform(self.session.segmentation)
        except PTLFError as error:
            return error.message
        return ""
