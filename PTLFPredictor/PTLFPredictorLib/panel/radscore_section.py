"""Section 3, Radscore: compute it in a child, for the automatic and the corrected segments side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import qt
from slicer.i18n import tr as _

from .. import signature
from ..case import features
from ..errors import PTLFError
from ..measures.radiomics import available_engines, child_options
from ..record.statements import of_radscore
from ..signature import ScoreState
from . import compat, run_times
from .choices import Choices
from .run_state import State
from .runs import ChildRun, show_button, show_progress, status_of
from .section import Section
from .session import Session
from .state import Computed, SegmentsKind, Stale
from .terms_table import TermsTable
from .widgets import Fold, say, waiting

FROM_A_FILE = ""
"""The last entry of the list of signatures."""


class RadscoreSection(Section):
    def __init__(self, ui, session: Session, tell, on_change):
        self.ui, self.session, self._tell = ui, session, tell
        self.run = ChildRun("The feature computation", compat.python_executable(), on_change)
        self.runs = (self.run,)
        self.terms = TermsTable()
        ui.termsHolder.layout().addWidget(self.terms)
        self._queue: list[SegmentsKind] = []
        self._filling = False
        shipped = [signature.load(path.stem) for path in signature.available()]
        listed = [(one.id, one.title) for one in sorted(shipped, key=lambda one: one.is_demo)]
        listed.append((FROM_A_FILE, _("From a file...")))
        self._signatures = Choices(ui.signatureSelector, self._choose_signature, listed)
        engines = [(name, _engine_words(name)) for name in available_engines()]
        self._engines = Choices(ui.engineSelector, lambda engine: session.update(engine=engine), engines)
        self._terms_of = Choices(ui.termsSelector, lambda kind: session.update(terms_of=str(kind)))
        self._terms_words: list[str] = []
        self.came = ui.nomogramSection
        self._fold = Fold(ui.radscoreAdvancedButton, ui.radscoreAdvancedFrame)
        font = qt.QFont(ui.staleLabel.font)
        font.setBold(True)
        ui.staleLabel.setFont(font)
        ui.demonstrationBox.connect("toggled(bool)", self._choose_demonstration)
        ui.computeButton.connect("clicked()", self.press)

    def leave(self) -> list[str]:
        """Another patient comes: the former one's run ends now, and nothing more is said of it."""
        self.forget_queue()
        return [_("The feature computation of the former CT was stopped.")] if self.run.forget() else []

    def cleanup(self) -> None:
        self.terms.let_go()

    def forget_queue(self) -> None:
        """Compute nothing after what is being computed now."""
        self._queue = []

    def _choose_signature(self, spec: str) -> None:
        if spec != FROM_A_FILE:
            self.choose_signature(spec)
        else:
            self.choose_signature_file()

    def choose_signature_file(self) -> None:
        """A signature of the site, from a file that a person chooses."""
        path = qt.QFileDialog.getOpenFileName(None, _("Signature"), "", _("Signature files (*.json)"))
        if path:
            self.choose_signature(path)
        self.refresh()

    def choose_signature(self, spec: str) -> None:
        """Go on with another signature, by id or file; what was entered stays where it takes it, else it is dropped."""
        try:
            chosen = signature.load(spec)
        except PTLFError as error:
            self._tell(error.message)
            return
        self.session.choose_signature(spec, chosen)

    def _choose_demonstration(self, on: bool) -> None:
        if not self._filling:
            self.session.update(demonstration=on)

    # The run

    def unmet(self) -> list[str]:
        found = []
        try:
            self.session.ct().require_usable()
        except PTLFError as error:
            found.append(error.message)
        if self.session.segmentation is None:
            found.append(_("There are no segments yet: segment the CT, or use an existing segmentation."))
        return found

    def press(self) -> None:
        """Compute what is missing or stale, one kind after the other; or cancel."""
        if self.run.state.busy:
            self.forget_queue()
            self.run.cancel()
            return
        unmet = self.unmet()
        if unmet:
            self._tell(" ".join(unmet))
            return
        self._queue = self.session.to_compute() or [self.session.kind]
        self._next()

    def expected(self, liver_voxels: float = 0.0) -> run_times.Expected:
        """What the features of one kind of segments will take; of a liver of usual size where it is not known."""
        session = self.session
        try:
            voxel_ml = math.prod(session.ct().image.GetSpacing()) / 1000
        except PTLFError:
            return run_times.Expected()
        chosen, recipe = session.signature, session.scene.chosen.recipe
        voxels = liver_voxels or run_times.LIVER_ML / voxel_ml
        return run_times.features(recipe, session.desk.engine, chosen.wanted, chosen.extraction, voxels)

    @waiting()
    def _next(self, before_s: float = 0.0) -> None:
        kind = self._queue.pop(0)
        session = self.session
        token, signature_id = session.token, session.desk.signature
        begun: list[Computed] = []
        rest = len(self._queue) * self.expected().seconds

        def expected() -> run_times.Expected:
            volume = session.volume.GetSpacing()
            return self.expected(begun[0].volumes_ml["liver"] * 1000 / math.prod(volume))

        def prepare(work: Path):
            segments = session.segments(kind)
            begun.append(session.to_be_computed(kind, segments))
            chosen = session.signature
            return features.WORKER, features.write_job(
                work, session.ct(), segments, chosen.wanted, chosen.extraction, session.desk.engine
            )

        def take(outputs: Mapping[str, Path]) -> None:
            if session.token != token or session.away or session.desk.signature != signature_id:
                raise PTLFError("CT or signature changed while features were computed; they were dropped.")
            session.take_features(kind, begun[0], outputs["features"], self.run.seconds)

        options = child_options(session.desk.engine, compat.python_executable())
        self.run.start(prepare, take, expected, before_s, rest, **options)

    def follow(self) -> None:
        """Start the next kind once one is done; called by the panel after each change."""
        if self._queue and self.run.state.state is State.DONE:
            self._next(self.run.finished_s)
        elif self.run.state.state is State.FAILED:
            self._queue = []

    # Display

    def refresh(self) -> None:
        ui, session, state, desk = self.ui, self.session, self.session.state, self.session.desk
        kinds = [kind for kind in SegmentsKind if state.computed.get(kind)]
        asked = SegmentsKind(state.terms_of) if state.terms_of else None
        shown = next((kind for kind in (asked, session.kind, *kinds) if kind in kinds), None)
        self._filling = True
        if desk.signature not in self._signatures.values:  # before the last entry, which asks for a file
            title = signature.load(desk.signature).title
            self._signatures.insert(len(self._signatures.values) - 1, desk.signature, title)
        self._signatures.show(desk.signature)
        if desk.engine not in self._engines.values:  # a scene from a computer that has it: shown, to be changed
            self._engines.insert(len(self._engines.values), desk.engine, _engine_words(desk.engine))
        self._engines.show(desk.engine)
        words = [self._words_of(kind) for kind in SegmentsKind] if len(kinds) > 1 else self._terms_words
        if words != self._terms_words:  # what a reader has edited is called otherwise
            self._terms_words = words
            self._terms_of.fill(zip(SegmentsKind, words, strict=True))
        self._terms_of.show(shown)
        ui.demonstrationBox.checked = desk.demonstration
        self._filling = False
        ui.demonstrationBox.setVisible(session.signature.is_demo)
        say(ui.signatureNote, self._signature_note())
        say(ui.equationLabel, signature.equation(session.signature))
        busy = self.run.state.busy
        computed = bool(kinds)
        stale = session.stale(session.kind)
        verb = _("Recompu&te") if computed else _("Compu&te")
        show_button(ui.computeButton, self.run, self.unmet, verb, _("Compute the features"))
        for widget in (ui.signatureSelector, ui.engineSelector):
            widget.enabled = not busy
        show_progress(ui.computeProgress, self.run)
        say(ui.computeStatus, status_of(self.run, _("Computed")))
        say(ui.staleLabel, self._stale_text(stale if computed else None))
        say(ui.scoresLabel, self._scores())
        ui.termsHolder.setVisible(computed)
        for widget in (ui.termsSelector, ui.termsLabel):
            widget.setVisible(len(kinds) > 1)
        assessment = session.assessment(shown) if shown else None
        notes = {
            term.key: " ".join(filter(None, (term.measures, term.cannot_vary))) for term in session.signature.terms
        }
        self.terms.show_terms(assessment.radscore.terms if assessment else (), notes)
        self.terms.enabled = bool(shown) and not session.stale(shown)
        warnings = [finding.message for finding in assessment.findings] if assessment else []
        say(ui.warningsLabel, "\n".join(warnings))

    def summary(self) -> str:
        session = self.session
        if not session.state.computed:
            return ""
        if session.stale(session.kind):
            return _("stale")
        return of_radscore(session.patient().radscore, session.signature).words

    def done(self) -> bool:
        """Whether there is a Radscore of what is on screen; one that is not shown is no step done."""
        session = self.session
        computed = bool(session.state.computed) and not session.stale(session.kind)
        return computed and session.patient().radscore.value is not None

    def _stale_text(self, stale: Stale | None) -> str:
        if stale is None:
            return ""
        return _("STALE: {reason}.").format(reason=self.session.stale_words(stale).rstrip("."))

    def _signature_note(self) -> str:
        chosen = self.session.signature
        complete = signature.completeness(chosen) is signature.SignatureState.COMPLETE
        return "" if complete else signature.describe(chosen)

    def _words_of(self, kind: SegmentsKind) -> str:
        words = self.session.segments_words(kind)
        return words[:1].upper() + words[1:]

    def _scores(self) -> str:
        lines = []
        for kind in SegmentsKind:
            assessment = self.session.assessment(kind)
            if assessment is None or (kind is SegmentsKind.CORRECTED and not self.session.edited):
                continue
            score, stale = of_radscore(assessment.radscore, self.session.signature), self.session.stale(kind)
            withheld = score.state is ScoreState.WITHHELD
            text = score.words if score.value is not None else _("withheld") if withheld else _("not computable")
            if stale:
                text += " - " + _("stale")
            lines.append(f"{self._words_of(kind)}: {_('Radscore')} {text}")
        return "\n".join(lines)


def _engine_words(name: str) -> str:
    return {"builtin": _("Built-in"), "pyradiomics": "PyRadiomics"}.get(name, name)
