"""The whole panel: its sections over one session, shown anew at most once per turn of the event loop."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import PTLFError
from .acknowledgement import Acknowledgement
from .correction_section import CorrectionSection
from .ct_section import CTSection
from .dependencies import Dependencies
from .diagnostics import diagnostics
from .lesion_list import LesionsSection
from .models_section import ModelsSection
from .nomogram_section import NomogramSection
from .parameters_section import ParametersSection
from .questions import Questions
from .radscore_section import RadscoreSection
from .report_section import ReportSection
from .run_state import State
from .runs import ChildRun
from .section import Section, SectionEntry
from .segmentation_section import SegmentationSection
from .segments_section import SegmentsSection
from .session import Session
from .strip import StripSection
from .timers import Timer
from .widgets import WheelGuard, say

SECTIONS = [
    SectionEntry("ct", form="CT.ui", make=lambda host: CTSection(host.ui, host.session, host.tell, host.changed)),
    SectionEntry("segments", form="Segments.ui", make=lambda host: SegmentsSection(host.ui, host.session, host.commit)),
    SectionEntry(
        "lesions", lambda host: LesionsSection(host.ui, host.session, lambda: host.correction.editor), folds="segments"
    ),
    SectionEntry("models", ModelsSection, form="Models.ui", room="modelsHolder"),
    SectionEntry("segmentation", lambda host: SegmentationSection(host.ui, host.session, host.changed, host.models)),
    SectionEntry("correction", lambda host: CorrectionSection(host.ui, host.session)),
    SectionEntry(
        "radscore",
        form="Radscore.ui",
        make=lambda host: RadscoreSection(host.ui, host.session, host.tell, host.changed),
    ),
    SectionEntry(
        "parameters", lambda host: ParametersSection(host.ui, host.session, host.changed, host.radscore.unmet)
    ),
    SectionEntry(
        "nomogram",
        form="Nomogram.ui",
        make=lambda host: NomogramSection(host.ui, host.session, host.choose_path),
    ),
    SectionEntry(
        "report",
        form="Report.ui",
        make=lambda host: ReportSection(host.ui, host.session, host.changed, host.choose_path, host.commit),
    ),
    SectionEntry("questions", lambda host: Questions(host.ui, host.session, host.models)),
    SectionEntry("strip", StripSection),
]
"""The panel's sections, in the order in which they are shown and told of what happens; see `section`."""

VOXELS_SETTLE_MS = 250
"""Brush strokes arrive as many events; the segments are looked at when they have settled."""


class ModulePanel:
    """Sections, session and the events of the scene.

    Parameters
    ----------
    ui : object
        The widgets of ``PTLFPredictor.ui`` by name.
    resources : Path
        The module's ``Resources`` folder.
    """

    def __init__(self, ui, resources: Path):
        self.ui = ui
        self._closed = self._refreshing = False
        self._settle = Timer(self._look, VOXELS_SETTLE_MS)
        self._refresh_timer = Timer(self.refresh)
        self._sections: tuple[Section, ...] = ()
        self.session = Session("PTLFPredictor", self.changed, self._settle_voxels, self._leave)
        self.session.open()
        self.choose_file = _choose_file
        self.dependencies = Dependencies(resources / "requirements.txt")
        self._forms = [form for entry in SECTIONS if (form := entry.place(ui, resources)) is not None]
        self._wheel = WheelGuard()
        for widget in vars(ui).values():
            self._wheel.watch(widget)
        for entry in SECTIONS:
            setattr(self, entry.name, entry.make(self))
        self._sections = tuple(getattr(self, entry.name) for entry in SECTIONS)
        self._tells = {}  # by section with a title: the first entry that it is the button of
        for entry in SECTIONS:
            if hasattr(ui, f"{entry.button}Section"):
                self._tells.setdefault(entry.button, entry.name)
        self._folding = list(self._tells)
        self._titles = {name: self._button(name).text for name in self._folding}
        self._last_states: tuple = ()
        for name in self._folding:
            self._button(name).connect("contentsCollapsed(bool)", lambda closed, name=name: self._folded(name, closed))
        self._acknowledgement = Acknowledgement(ui)
        ui.installButton.connect("clicked()", self.install)
        ui.diagnosticsButton.connect("clicked()", self.copy_diagnostics)
        self.tell("")
        self.segmentation.open()
        self.check_dependencies()
        self.take_over()

    def _button(self, name: str):
        return getattr(self.ui, f"{name}Section")

    # Life: entered, left, scene closed, gone

    def enter(self) -> None:
        for section in self._sections:
            section.enter()
        self.session.look()
        self.changed()

    def exit(self) -> None:
        for section in self._sections:
            section.exit()

    def take_over(self) -> None:
        """Show what the scene holds: after opening, loading or closing a scene."""
        self.correction.select_editor_node()
        said = self.session.open()
        self.ct.paused = False
        if self.session.problem:
            said.append(_("{problem} The published one is used instead.").format(problem=self.session.problem))
        if said:
            self.tell(" ".join(said))
        self._fold()
        self.refresh()

    def scene_imports(self) -> None:
        self.ct.paused = True
        self.session.pause()

    def scene_closes(self) -> None:
        self.ct.paused = True
        self.ct.sample.forget()
        self.session.close()
        for section in self._sections:
            section.scene_closes()

    def node_added(self) -> None:
        """A CT or a segmentation may have come, which the next step offers to use."""
        self.changed()

    def node_removed(self) -> None:
        """A node has left the scene: perhaps the CT on screen."""
        if self.session.lost:
            self.ct.ct_has_left()

    def _leave(self) -> list[str]:
        """Before another patient comes on screen; returns what was stopped, in sentences."""
        if not self._sections:
            return []
        self._settle.stop()
        self.tell("")
        said = []
        for section in self._sections:
            said += section.leave() or []
        self._last_states = ()
        return said

    def commit(self) -> None:
        """Take what is being typed, wherever the cursor is."""
        for section in self._sections:
            section.commit()

    def cleanup(self) -> None:
        """Leave no process, node, observer or timer behind; where the widgets went first, touch none of them."""
        sections, runs = self._sections, self.runs
        self._closed = True
        if not self.ui.messageLabel:
            self._sections = ()
        for run in runs:
            run.close()
        for timer in (self._settle, self._refresh_timer):
            timer.close()
        for section in sections:
            section.cleanup()
        for form in self._forms if self._sections else ():
            form.setMRMLScene(None)
        self.session.close()

    @property
    def runs(self) -> list[ChildRun]:
        return [run for section in self._sections for run in section.runs]

    # Change and display

    def changed(self) -> None:
        """Something changed: show it when the event loop comes round."""
        if not self._closed:
            self._refresh_timer.start()

    def _settle_voxels(self) -> None:
        if not self._closed:
            self._settle.start()

    def _look(self) -> None:
        self.session.look()

    def refresh(self) -> None:
        if self._closed or self._refreshing or self.session.away:
            return
        self._refreshing = True
        try:
            if said := self.session.follow():
                self.tell(" ".join(said))
            self._lead_on()
            if self.dependencies.ask(self.session.desk.runtime):
                self.check_dependencies()
            for section in self._sections:
                section.refresh()
            self._show_titles()
            self._acknowledgement.refresh()
        finally:
            self._refreshing = False

    def _lead_on(self) -> None:
        """When a step has just been done, open the next one, and scroll to what came of it."""
        self.radscore.follow()
        states = (self.segmentation.run.state.state, self.radscore.run.state.state)
        before, self._last_states = self._last_states or states, states
        if states[0] is State.DONE and before[0] is not State.DONE:
            self.open_sections("segments", "radscore")
            self.strip.bring(self.segments.came)
        if states[1] is State.DONE and before[1] is not State.DONE:
            self.open_sections("nomogram", "report")
            self.strip.bring(self.radscore.came)

    def _show_titles(self) -> None:
        """Each section's title with what it tells, which is all that is seen of a folded one."""
        for name, title in self._titles.items():
            section = getattr(self, self._tells[name])
            words = f"{title}: {summary}" if (summary := section.summary()) else title
            self.strip.titles.show(self._button(name), f"\u2713 {words}" if section.done() else words)

    def open_sections(self, *names: str) -> None:
        for name in names:
            self._button(name).collapsed = False

    def _folded(self, name: str, closed: bool) -> None:
        now = [n for n in self.session.desk.closed_sections if n != name] + ([name] if closed else [])
        if sorted(now) != sorted(self.session.desk.closed_sections):
            self.session.update(closed_sections=sorted(now))

    def _fold(self) -> None:
        closed = self.session.desk.closed_sections
        for name in self._folding:
            self._button(name).collapsed = name in closed

    def choose_path(self, title: str, name: str) -> str:
        return self.choose_file(title, name)

    def tell(self, message: str) -> None:
        """A sentence for the user, in the panel's own line and in Slicer's status bar."""
        say(self.ui.messageLabel, message)

    # Acknowledgement, dependencies, diagnostics

    def acknowledge(self) -> None:
        self._acknowledgement.give()

    def check_dependencies(self) -> None:
        text = self.dependencies.text()
        say(self.ui.dependencyLabel, text)
        self.ui.dependencyFrame.setVisible(bool(text))

    def install(self) -> None:
        try:
            self.dependencies.install()
        except PTLFError as error:
            self.tell(error.message)
        except Exception as error:  # pip's own errors, of any kind
            self.tell(_("The installation failed: {error}").format(error=error))
        self.check_dependencies()
        self.segmentation.open()

    def copy_diagnostics(self) -> None:
        slicer.app.clipboard().setText(diagnostics(self.session, self.runs, self.segmentation.device))
        self.tell(_("Diagnostics are on the clipboard; they hold nothing about the patient."))


def _choose_file(title: str, name: str) -> str:
    return qt.QFileDialog.getSaveFileName(None, title, name)
