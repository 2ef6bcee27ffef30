"""Section 2, Segmentation: model, device, one button, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from .. import child
from ..errors import PTLFError
from ..mrml.adoption import DrawnElsewhere
from ..segmentation import chain_words, probe
from ..segmentation.catalogue import Model
from ..segmentation.run import WORKER, read_result, write_job
from . import compat, run_times
from .choices import Choices
from .models_section import ModelsSection
from .run_state import State
from .runs import ChildRun, show_button, show_progress, status_of
from .section import Section
from .session import SECOND_ROLE, SEGMENTS_ROLE, Session
from .warm_run import WarmRun
from .widgets import say

DEVICES = ("auto", "cpu", "cuda:0")


class SegmentationSection(Section):
    def __init__(self, ui, session: Session, tell, on_change, models: ModelsSection):
        self.ui, self.session, self._tell, self._models = ui, session, tell, models
        python = compat.python_executable()
        self.run = WarmRun("The segmentation", python, on_change)
        self.probe = ChildRun("The device check", python, on_change)
        self.runs = (self.probe, self.run)
        self.device: dict[str, Any] = {}
        devices = zip(DEVICES, (_("Automatic"), _("CPU"), _("GPU")), strict=True)
        self._devices = Choices(ui.deviceSelector, self._choose_device, devices)
        self._entered = self._looked = False
        ui.segmentationSection.connect("contentsCollapsed(bool)", self._folded)
        ui.segmentButton.connect("clicked()", self.press)
        ui.logButton.connect("toggled(bool)", self._open_log)
        ui.useExistingButton.connect("clicked()", lambda: self._use_existing())
        ui.sameButton.connect("clicked()", lambda: self._use_existing(all_the_same=True))
        self._asked, self._loaded = None, ()
        ui.keepButton.connect("clicked()", lambda: self._decide(keep=True))
        ui.replaceButton.connect("clicked()", lambda: self._decide(keep=False))
        ui.compareButton.connect("clicked()", self.compare)
        for widget in (ui.logText, ui.segmentProgress, ui.rerunFrame, ui.placeFrame):
            widget.hide()

    def leave(self) -> list[str]:
        """Another patient comes: the former one's run ends now, and nothing more is said of it."""
        self._asked = None
        self.ui.placeFrame.hide()
        return [_("The segmentation of the former CT was stopped.")] if self.run.forget() else []

    def scene_closes(self) -> None:
        self.run.release()

    # Model and device

    def enter(self) -> None:
        self._entered = True
        self._folded(self.ui.segmentationSection.collapsed)

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
    def models(self) -> list[Model]:
        """Those that are on this computer."""
        return self._models.models

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
        if unmet:
            self._tell(" ".join(unmet))
            return
        model, ct, token = self.model, self.session.ct_to_draw_on(), self.session.token

        def prepare(work: Path):
            return WORKER, write_job(ct.image, model, work, device=self.session.desk.device)

        def take(outputs: Mapping[str, Path]) -> None:
            if self.session.token != token or self.session.away:
                raise PTLFError("Another CT was chosen while this one was segmented; its segments were dropped.")
            result, self._loaded = read_result(outputs, model), to_load
            self.session.take_labels(result.labels, result.origin)

        expected, to_load = self.expected(), self._to_load
        self.run.start(prepare, take, lambda: expected, silence_s=child.SILENCE_S)

    def expected(self) -> run_times.Expected:
        """What a run of the chosen model on this CT will take."""
        try:
            ct = self.session.ct()
        except PTLFError:
            return run_times.Expected()
        size, spacing = list(ct.image.GetSize()), list(ct.image.GetSpacing())
        if ct.slabs is not None:  # a model is given the slices that they were averaged from
            size[2], spacing[2] = ct.slabs.slices, size[2] * spacing[2] / ct.slabs.slices
        return run_times.segmentation(self.model, size, spacing, self.device.get("device", ""), self._is_warm)

    @property
    def _is_warm(self) -> bool:
        """Whether a process waits that has the chosen model loaded."""
        return self.run.pid is not None and self._loaded == self._to_load

    @property
    def _to_load(self) -> tuple[str, ...]:
        model = self.model
        return () if model is None else (model.id, model.version, self.session.desk.device)

    # Segments that are there already, and a second run's

    def _use_existing(self, all_the_same: bool = False) -> None:
        node = self.ui.existingSelector.currentNode()
        if node is None:
            self._tell(_("Choose a segmentation first."))
            return
        if all_the_same and node is not self._asked:
            return
        self._asked = None
        self.ui.placeFrame.hide()
        try:
            self.session.use_existing(node, all_the_same)
        except DrawnElsewhere as error:
            self._asked = node
            self.ui.placeLabel.text = error.message
            self.ui.placeFrame.show()
        except PTLFError as error:
            self._tell(error.message)

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

    def _open_log(self, opened: bool) -> None:
        self.ui.logText.setVisible(opened)
        self.ui.logButton.arrowType = qt.Qt.DownArrow if opened else qt.Qt.RightArrow

    def refresh(self) -> None:
        ui, run, desk = self.ui, self.run, self.session.desk
        self._devices.show(desk.device)
        busy = run.state.busy
        say(ui.deviceReason, self._device_reason())
        verb = _("Segment") if self.session.segmentation is None else _("Segment again")
        show_button(ui.segmentButton, run, self.unmet, verb, _("Draw liver and tumour"))
        for widget in (ui.modelSelector, ui.deviceSelector, ui.useExistingButton, ui.existingSelector):
            widget.enabled = not busy
        if self._asked is not None and ui.existingSelector.currentNode() is not self._asked:
            self._asked = None
        ui.placeFrame.setVisible(self._asked is not None)
        show_progress(ui.segmentProgress, run)
        say(ui.segmentStatus, "\n".join([status_of(run, _("Segmented")), *run.notices]).strip())
        say(ui.stepsLabel, "" if busy else "\n".join(chain_words.lines(self.session.drawn)))
        log = "\n".join(run.log)
        if ui.logText.plainText != log:
            ui.logText.plainText = log
        second = self.session.node(SECOND_ROLE)
        ui.rerunFrame.setVisible(second is not None)
        if second is not None:
            ui.rerunLabel.text = _(
                "Your edited segments were left as they are. The new run is in '{name}'. Which shall be used?"
            ).format(name=second.GetName())

    def _device_reason(self) -> str:
        if self.probe.state.busy:
            return _("Looking for a GPU...")
        if self.probe.state.state is State.FAILED:
            return self.probe.state.cause
        if not self.device:
            return ""
        name = _("CPU") if self.device["device"] == "cpu" else self.device["device"]
        words = [
            _("Runs on {name}: {why}.").format(name=name, why=self.device["why"]),
            run_times.words(self.expected()),
        ]
        return " ".join(words).strip()
