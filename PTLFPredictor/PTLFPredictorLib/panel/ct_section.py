"""Section 1, CT: choose or load it, see whether it can be used, answer the study's criteria."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from ..ct import Finding, Level
from ..errors import PTLFError
from ..mrml import volumes
from ..mrml.header import take_acquisition
from .choices import inner_list
from .eligibility_frame import EligibilityFrame
from .findings_list import FindingsList, counted
from .runs import show_progress
from .sample_run import SampleRun
from .section import Section
from .session import Session
from .widgets import as_tip, say, waiting


class CTSection(Section):
    def __init__(self, ui, session: Session, tell, on_change):
        self.ui, self.session, self._tell = ui, session, tell
        self.sample = SampleRun(on_change)
        self.runs = (self.sample,)
        for selector in (ui.volumeSelector, ui.acquisitionSelector):  # a long name must not widen the panel
            selector.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
        box = inner_list(ui.volumeSelector)
        box.accessibleName, box.toolTip = _("CT"), _("The contrast CT before TACE, portal venous phase")
        ui.volumeLabel.setBuddy(box)
        self.findings, self._of_segments = FindingsList(), FindingsList()
        ui.findingsHolder.layout().addWidget(self.findings)
        ui.segmentFindingsHolder.layout().addWidget(self._of_segments)
        self.eligibility = EligibilityFrame(ui, session)
        self._former: dict[str, volumes.Window] = {}
        self._found: tuple[tuple[Finding, ...], tuple[Finding, ...]] = ((), ())
        self._filling = self.paused = False
        ui.volumeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._choose)
        ui.loadDicomButton.connect("clicked()", self.load_dicom)
        ui.loadFileButton.connect("clicked()", self.choose_file)
        ui.liverWindowButton.connect("clicked()", self.change_window)
        ui.sampleButton.connect("clicked()", self.load_sample)
        ui.slabsButton.connect("clicked()", self.to_slabs)
        ui.acquisitionSelector.connect("activated(int)", self.choose_acquisition)
        self._acquisitions: tuple[str, ...] = ()

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
            self._to_liver_window(volume)
        said = self.session.select_volume(volume)
        if said:
            self._tell(" ".join(said))

    def only_ct(self):
        """The one CT that the scene has in sight, where none is chosen; else None."""
        found = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if self.session.volume is None else ()
        found = [one for one in found if one.GetClassName() == "vtkMRMLScalarVolumeNode" and one.GetImageData()]
        found = [one for one in found if not one.GetHideFromEditors()]
        return found[0] if len(found) == 1 else None

    def use_only_ct(self) -> None:
        self._select(self.only_ct())

    def ct_has_left(self) -> None:
        """The CT on screen was deleted from the scene: its patient goes with it."""
        self._select(None)

    def leave(self) -> None:
        self.eligibility.leave()

    def commit(self) -> None:
        self.eligibility.bilirubin.commit()

    def scene_closes(self) -> None:
        self._former = {}  # the next scene gives the same ids to other volumes

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
                self._tell(_("The sample case is in the scene; choose it in the list of CTs."))

        self.sample.draw(take)

    # The liver window

    def _to_liver_window(self, volume) -> None:
        """Show a CT that was chosen in the liver window; how it was shown before is one click away."""
        now = volumes.window_of(volume)
        if now != volumes.LIVER_WINDOW:
            self._former[volume.GetID()] = now
            volumes.show_liver_window(volume)

    def _goes_back(self) -> bool:
        """Whether the button shows the former window: the CT on screen is in the liver window and was not before."""
        volume = self.session.volume
        if volume is None or volume.GetID() not in self._former:
            return False
        return volumes.window_of(volume) == volumes.LIVER_WINDOW

    def change_window(self) -> None:
        """From the former window to the liver window, and back."""
        volume = self.session.volume
        if volume is None:
            return
        if self._goes_back():
            volumes.show_window(volume, self._former[volume.GetID()])
        else:
            self._to_liver_window(volume)
        self._show_window()

    def _show_window(self) -> None:
        button, back = self.ui.liverWindowButton, self._goes_back()
        button.text = _("Former &window") if back else _("Liver &window")
        button.toolTip = (
            _("Show the CT as it was shown before it was chosen here") if back else _("Level 30 HU, width 300 HU")
        )
        button.enabled = self.session.volume is not None

    # Thin slices, several acquisitions

    @waiting()
    def to_slabs(self) -> None:
        """One click: the thin slices averaged to the protocol's, in a volume of their own, with the segments."""
        try:
            volume, said = self.session.to_slabs()
        except PTLFError as error:
            self._tell(error.message)
            return
        volumes.show_liver_window(volume)
        slicer.util.setSliceViewerLayers(background=volume)
        self._tell(" ".join([*said, _("The CT is in slabs now. Choose the former one in the list of CTs to go back.")]))

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

    # Display

    def refresh(self) -> None:
        session, ui = self.session, self.ui
        if ui.volumeSelector.currentNode() is not session.volume:  # setting it again closes an open list
            self._filling = True
            ui.volumeSelector.setCurrentNode(session.volume)
            self._filling = False
        busy = self.sample.state.busy
        ui.sampleButton.text = _("Cancel &sample") if busy else _("&Sample case")
        show_progress(ui.sampleProgress, self.sample)
        self._show_window()
        say(ui.transformLabel, self._refusal())
        self._show_slabs()
        self._show_acquisitions()
        found, of_segments = self._found = self._told()
        self.findings.show_findings(one for one in found if one.code != "phase" or one.level is Level.PASS)
        self._of_segments.show_findings(of_segments)
        self.eligibility.refresh()

    def _told(self) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """Findings of the CT and of the segments; none while the CT is refused, which its own line says."""
        if self.ui.transformLabel.text:
            return (), ()
        return self.session.findings_of_ct(), self.session.findings_of_segments()

    def summary(self) -> str:
        """The one thing that counts most: what blocks the risk, else criteria that are not met, else "6 checks met"."""
        if self.ui.transformLabel.text:
            return ""
        found = self._found[0]
        blocked = any(one.level.severity >= Level.WITHHOLD.severity for one in found)
        return counted(found) if blocked or self.eligibility.met else self.eligibility.words()

    def done(self) -> bool:
        """Whether the CT can be used for a risk and the criteria are met."""
        found = self._found[0]
        usable = bool(found) and all(one.level.severity < Level.WITHHOLD.severity for one in found)
        return usable and self.eligibility.met

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
