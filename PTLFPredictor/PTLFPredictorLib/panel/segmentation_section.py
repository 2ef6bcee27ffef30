"""In section 2: how segments come, from a model's run or from the scene; device and log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from .. import child
from ..errors import BadInput, PTLFError
from ..mrml import adoption
from ..mrml.adoption import DrawnElsewhere
from ..segmentation import chain_words, probe
from ..segmentation.catalogue import Model
from ..segmentation.how import How
from ..segmentation.run import WORKER, read_result, write_job
from . import compat, run_times
from .choices import Choices, inner_list
from .draw_choices import DrawChoices, Size
from .models_section import ModelsSection
from .run_state import State
from .runs import ChildRun, show_button, show_progress, status_of
from .section import Section
from .session import SECOND_ROLE, SEGMENTS_ROLE, Session
from .warm_run import WarmRun
from .widgets import Fold, say, waiting

DEVICES = ("auto", "cpu", "cuda:0")


class SegmentationSection(Section):
    def __init__(self, ui, session: Session, on_change, models: ModelsSection):
        self.ui, self.session, self._on_change, self._models = ui, session, on_change, models
        python = compat.python_executable()
        self.run = WarmRun("The segmentation", python, on_change)
        self.probe = ChildRun("The device check", python, on_change)
        self.runs = (self.probe, self.run)
        self.device: dict[str, Any] = {}
        devices = zip(DEVICES, (_("Automatic"), _("CPU"), _("GPU")), strict=True)
        self._devices = Choices(ui.deviceSelector, self._choose_device, devices)
        self._draw_choices = DrawChoices(ui, session.update)
        self._entered = self._looked = False
        ui.segmentsSection.connect("contentsCollapsed(bool)", self._folded)
        ui.segmentButton.connect("clicked()", self.press)
        self._log = Fold(ui.logButton, ui.logText)
        ui.againButton.connect("toggled(bool)", self._again)
        ui.useExistingButton.connect("clicked()", lambda: self.use_existing())
        ui.sameButton.connect("clicked()", lambda: self.use_existing(all_the_same=True))
        self._asked, self._loaded = None, ()
        self._message = ""
        self._fits: tuple[tuple, bool] = (), False
        self._offered = ""
        ui.keepButton.connect("clicked()", lambda: self._decide(keep=True))
        ui.replaceButton.connect("clicked()", lambda: self._decide(keep=False))
        ui.compareButton.connect("clicked()", self.compare)
        ui.existingSelector.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
        inner = inner_list(ui.existingSelector)
        ui.existingLabel.setBuddy(inner)
        inner.accessibleName = _("Existing segmentation")
        inner.toolTip = _(
            "A segmentation that is already in the scene: its liver and tumour segments are found by their names"
        )
        for widget in (ui.segmentProgress, ui.rerunFrame, ui.placeFrame):
            widget.hide()

    def leave(self) -> list[str]:
        """Another patient comes: the former one's run ends now, and nothing more is said of it."""
        self._asked, self._message, self._offered = None, "", ""
        self.ui.placeFrame.hide()
        self.ui.againButton.checked = False
        return [_("The segmentation of the former CT was stopped.")] if self.run.forget() else []

    def scene_closes(self) -> None:
        self.run.release()

    # Model and device

    def enter(self) -> None:
        self._entered = True
        self._folded(self.ui.segmentsSection.collapsed)

    def exit(self) -> None:
        self._entered = False

    def _folded(self, closed: bool) -> None:
        """The first time that somebody sees the section, a child is asked for the device."""
        if self._entered and not closed and not self._looked:
            self.ask_device()

    def open(self) -> None:
        """Look for models, and again for the device where it was looked for; nothing is installed."""
        self._models.open()
        if self._looked:
            self.ask_device()

    def ask_device(self) -> None:
        if self.probe.state.busy:
            self.probe.cancel()
        self.device, self._looked = {}, True
        wanted = self.session.desk.device
        self.probe.start(lambda work: (probe.WORKER, {"device": wanted}), self._take_device)

    def _take_device(self, outputs: Mapping[str, Path]) -> None:
        self.device = json.loads(outputs["device"].read_text(encoding="utf-8"))

    def _choose_device(self, device: str) -> None:
        if device != self.session.desk.device:
            self.session.update(device=device)
            self.run.release()  # the former device's memory
            self.ask_device()

    @property
    def model(self) -> Model | None:
        return self._models.model

    # The run

    def unmet(self) -> list[str]:
        """What is missing before a segmentation can start, sentences."""
        found = []
        try:
            self.session.ct().require_usable()
        except PTLFError as error:
            found.append(error.message)
        found += self._models.unmet()
        if self.probe.state.state is State.FAILED:
            found.append(self.probe.state.cause)
        if self.session.node(SECOND_ROLE) is not None:
            found.append(_("Decide first between the edited and the new segments."))
        return found

    def press(self) -> None:
        """The one button: Segment, Cancel, Segment again."""
        if self.run.state.busy:
            self.run.cancel()
            return
        unmet = self.unmet()
        self._message = " ".join(unmet)
        if unmet:
            self._on_change()
            return
        model, ct, token = self.model, self.session.ct_to_draw_on(), self.session.token

        def prepare(work: Path):
            return WORKER, write_job(ct.image, model, work, self.session.desk.how)

        def take(outputs: Mapping[str, Path]) -> None:
            if self.session.token != token or self.session.away:
                raise PTLFError("Another CT was chosen while this one was segmented; its segments were dropped.")
            result, self._loaded = read_result(outputs, model), to_load
            self.session.take_labels(result.labels, result.origin)
            self.ui.againButton.checked = False

        expected, to_load = self.expected(), self._to_load
        self.run.start(prepare, take, lambda: expected, silence_s=child.SILENCE_S)

    def expected(self, how: How | None = None) -> run_times.Expected:
        """What a run of the chosen model on this CT will take, as is chosen or otherwise."""
        of, device = self._drawn_on(), self.device.get("device", "")
        if of is None:
            return run_times.Expected()
        return run_times.segmentation(self.model, *of, device, self._is_warm, how or self.session.desk.how)

    def _drawn_on(self) -> Size | None:
        """Of the CT that a model is given: the slices that slabs were averaged from."""
        try:
            ct = self.session.ct()
        except PTLFError:
            return None
        size, spacing = list(ct.image.GetSize()), list(ct.image.GetSpacing())
        if ct.slabs is not None:
            size[2], spacing[2] = ct.slabs.slices, size[2] * spacing[2] / ct.slabs.slices
        return size, spacing

    @property
    def _is_warm(self) -> bool:
        """Whether a process waits that has the chosen model loaded."""
        return self.run.pid is not None and self._loaded == self._to_load

    @property
    def _to_load(self) -> tuple[str, ...]:
        model = self.model
        return () if model is None else (model.id, model.version, repr(self.session.desk.how))

    # Segments that are there already, and a second run's

    def existing(self):
        """The one segmentation of the scene, where it lies on this CT and the case has none yet; else None."""
        session, volume = self.session, self.session.volume
        if volume is None or session.segmentation is not None:
            return None
        nodes = [n for n in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if not n.GetHideFromEditors()]
        if len(nodes) != 1:
            return None
        key = (nodes[0].GetID(), nodes[0].GetSegmentation().GetMTime(), volume.GetID(), volume.GetMTime())
        if self._fits[0] != key:
            self._fits = key, adoption.fits(nodes[0], volume)
        return nodes[0] if self._fits[1] else None

    @waiting()
    def use_existing(self, all_the_same: bool = False) -> None:
        """Go on with the chosen segmentation of the scene."""
        node = self.ui.existingSelector.currentNode()
        self._message = ""
        if all_the_same and (node is None or node is not self._asked):
            return
        self._asked = None
        self.ui.placeFrame.hide()
        try:
            if node is None:
                raise BadInput(_("Choose a segmentation first."))
            self.session.use_existing(node, all_the_same)
            self.ui.againButton.checked = False
        except DrawnElsewhere as error:
            self._asked = node
            self.ui.placeLabel.text = error.message
            self.ui.placeFrame.show()
        except PTLFError as error:
            self._message = error.message
        self._on_change()

    def _decide(self, keep: bool) -> None:
        self.session.decide_second(keep)

    def compare(self) -> None:
        """Both on the CT: the edited segments filled, the new ones as outlines."""
        edited, new = self.session.node(SEGMENTS_ROLE), self.session.node(SECOND_ROLE)
        for node, fill in ((edited, True), (new, False)):
            if node is None:  # deleted in the meantime
                continue
            node.CreateDefaultDisplayNodes()
            display = node.GetDisplayNode()
            display.SetVisibility(True)
            display.SetVisibility2DFill(fill)
            display.SetVisibility2DOutline(True)

    # Display

    def _again(self, opened: bool) -> None:
        self.ui.againButton.arrowType = qt.Qt.DownArrow if opened else qt.Qt.RightArrow
        self._on_change()

    def refresh(self) -> None:
        ui, run, session = self.ui, self.run, self.session
        self._devices.show(session.desk.device)
        busy, drawn = run.state.busy, session.segmentation is not None
        say(ui.deviceReason, self._device_reason())
        expected = self.expected()
        of, how, device = self._drawn_on(), session.desk.how, self.device.get("device", "")
        self._draw_choices.refresh(self.model, of, how, expected, self.expected, busy, device)
        ui.againButton.setVisible(drawn)
        ui.drawFrame.setVisible(busy or not drawn or ui.againButton.checked)
        verb = _("Se&gment again") if drawn else _("Se&gment")
        show_button(ui.segmentButton, run, self.unmet, verb, _("Draw liver and tumour with the chosen model"))
        for widget in (ui.deviceSelector, ui.useExistingButton, ui.existingSelector):
            widget.enabled = not busy
        self._offer_existing()
        if self._asked is not None and ui.existingSelector.currentNode() is not self._asked:
            self._asked = None
        ui.placeFrame.setVisible(self._asked is not None)
        show_progress(ui.segmentProgress, run)
        idle = run.state.state is State.IDLE
        said = [] if idle and (drawn or self._message) else [status_of(run, _("Segmented"))]
        say(ui.segmentStatus, "\n".join(filter(None, [*said, *run.notices, self._message])))
        say(ui.estimateLabel, "" if busy else run_times.words(expected))
        say(ui.stepsLabel, "" if busy else "\n".join(chain_words.lines(session.drawn)))
        log = "\n".join(line for line in run.log if line.strip())
        if ui.logText.plainText != log:
            ui.logText.plainText = log
        ui.logButton.setVisible(bool(log))
        ui.logText.setVisible(bool(log) and ui.logButton.checked)
        second = session.node(SECOND_ROLE)
        ui.rerunFrame.setVisible(second is not None)
        if second is not None:
            ui.rerunLabel.text = _(
                "Your edited segments were left as they are. The new run is in '{name}'. Which shall be used?"
            ).format(name=second.GetName())

    def _offer_existing(self) -> None:
        """Choose the one segmentation that lies on this CT in the list, once."""
        waiting, box = self.existing(), self.ui.existingSelector
        if waiting is not None and box.currentNode() is None and self._offered != waiting.GetID():
            self._offered = waiting.GetID()
            box.setCurrentNode(waiting)

    def _device_reason(self) -> str:
        if self.probe.state.busy:
            return _("Looking for a GPU...")
        if self.probe.state.state is State.FAILED:
            return self.probe.state.cause
        if not self.device:
            return ""
        name = _("CPU") if self.device["device"] == "cpu" else self.device["device"]
        return _("Runs on {name}: {why}.").format(name=name, why=self.device["why"])
