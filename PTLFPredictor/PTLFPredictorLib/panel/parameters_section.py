"""In section 3: what a PyRadiomics parameter file enables, of the patient's segments, as a table in the scene.

Beside the signature: its features, Radscore and record are neither read nor changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import qt
import slicer
from slicer.i18n import tr as _

from ..case import features
from ..errors import BadInput, MissingDependency, PTLFError
from ..hashes import file_sha256
from ..measures.radiomics import ExtractionSettings, FeatureVector, child_options
from ..measures.radiomics.parameter_file import read_parameter_file
from ..mrml import tables
from ..render.table import FEATURE_COLUMNS
from ..vois import VOI
from . import compat, parameter_sets, run_times
from .choices import Choices
from .runs import ChildRun, duration, show_button, show_progress, status_of
from .section import Section
from .session import Session
from .state import SegmentsKind
from .widgets import say

FROM_A_FILE = ""
"""The last entry of the list, which asks for a file."""

TABLE = "PTLF features"
"""Name of the first table; those that follow are numbered."""


class ParametersSection(Section):
    """A list of the parameter sets that were used, and one button: it computes, and cancels.

    Parameters
    ----------
    ui : object
        Widgets by name.
    session : Session
    on_change : callable
        See `ChildRun`.
    unmet : callable
        What is missing before features can be computed, sentences.
    """

    def __init__(self, ui, session: Session, on_change: Callable[[], None], unmet: Callable[[], list[str]]):
        self.ui, self.session, self._unmet, self._on_change = ui, session, unmet, on_change
        self.run = ChildRun("The feature computation by parameter file", compat.python_executable(), on_change)
        self.runs = (self.run,)
        self.choose_file = _choose_file
        self._sets = Choices(ui.parametersSelector, self._choose)
        self._fill(FROM_A_FILE)
        self._forget()
        ui.parametersButton.connect("clicked()", self.press)

    def _forget(self) -> None:
        self._words, self._seen = "", None

    # The sets: files on this computer, the last used first

    def _fill(self, chosen: str) -> None:
        kept = parameter_sets.kept()
        self._sets.fill([(FROM_A_FILE, _("From a file...")), *((path, Path(path).name) for path in kept)])
        self._choose(chosen if chosen in kept else FROM_A_FILE)
        self._sets.show(self._chosen)

    def _choose(self, path: str) -> None:
        self._chosen = path
        self._on_change()

    def leave(self) -> list[str]:
        """Another patient comes: the former one's run ends now, and nothing more is said of it."""
        self._forget()
        return [_("The features by parameter file of the former CT were stopped.")] if self.run.forget() else []

    def press(self) -> None:
        if self.run.state.busy:
            self.run.cancel()
            return
        token = self.session.token
        path = self._chosen or self.choose_file()
        if not path:
            return
        self.run.forget()
        self._forget()
        try:
            if token != self.session.token:  # while the dialog was open
                raise BadInput(_("another CT was chosen meanwhile."))
            self.compute(Path(path))
            parameter_sets.keep(path)
        except (PTLFError, OSError) as error:
            self._words = _("Not computed: {why}").format(why=error)
        self._fill(str(path))

    def compute(self, path: Path) -> None:
        """Start.

        Raises
        ------
        BadInput, MissingDependency
            Where the file cannot be honoured.
        """
        session, kind = self.session, self.session.kind
        token, engine = session.token, session.desk.engine
        settings, names = _read(path)
        asked: list[VOI] = []
        about = {"parameters": path.name, "parameters_sha256": file_sha256(path)}
        liver: list[int] = []

        def prepare(work: Path):
            ct, segments = session.ct(), session.segments(kind)
            self._seen = self._on_screen()
            job = features.write_job(work, ct, segments, dict.fromkeys(VOI, names), settings, engine)
            asked.extend(job["masks"])
            liver.append(np.count_nonzero(segments.array))
            return features.WORKER, job

        def take(outputs: Mapping[str, Path]) -> None:
            if session.token != token or session.away:
                raise PTLFError("Another CT came while features were computed; they were dropped.")
            vectors = features.read_vectors(outputs["features"])
            name = slicer.mrmlScene.GenerateUniqueName(TABLE)
            tables.add_table(name, FEATURE_COLUMNS, _rows(vectors), {**about, **_provenance(vectors)})
            self._words = _(
                "Features by '{file}' of the {kind} segments, computed in {time}: {counts}. Table '{name}'."
            ).format(
                time=duration(self.run.seconds),
                file=path.name,
                kind=kind,
                counts=_counts(vectors, asked),
                name=name,
            )

        def expected() -> run_times.Expected:
            wanted = dict.fromkeys(asked, names)
            return run_times.features(about["parameters_sha256"], engine, wanted, settings, liver[0])

        self.run.start(prepare, take, expected, **child_options(engine, compat.python_executable()))

    def _on_screen(self) -> tuple | None:
        """What a computation is of: segments and CT as they are now; None where they cannot be used."""
        try:
            return self.session.hashes(SegmentsKind.CORRECTED), self.session.cts.read().identity
        except PTLFError:
            return None

    def refresh(self) -> None:
        ui, run = self.ui, self.run
        does = _(
            "Compute what a PyRadiomics parameter file (YAML or JSON) enables, as a table in the scene. Signature and "
            "Radscore are left as they are."
        )
        verb = _("Features by this set") if self._chosen else _("Features by parameter file...")
        show_button(ui.parametersButton, run, self._unmet, verb, does)
        ui.parametersSelector.enabled = not run.state.busy
        show_progress(ui.parametersProgress, run)
        words = self._words or status_of(run, "")
        if self._words and self._seen is not None and self._seen != self._on_screen():
            words += " " + _("Segments or CT were changed since.")
        say(ui.parametersStatus, words)


def _choose_file() -> str:
    files = _("PyRadiomics parameter files (*.yaml *.yml *.json)")
    return qt.QFileDialog.getOpenFileName(None, _("PyRadiomics parameter file"), "", files)


def _read(path: Path) -> tuple[ExtractionSettings, tuple[str, ...]]:
    """As `read_parameter_file`, with what to do inside Slicer."""
    try:
        return read_parameter_file(path)
    except MissingDependency as error:
        raise MissingDependency(
            _(
                "'{file}' is YAML, which needs the package PyYAML, and Slicer's Python has none. Save the file as "
                "JSON, which needs nothing, or type slicer.util.pip_install('pyyaml') in Slicer's Python console."
            ).format(file=path.name)
        ) from error


def _rows(vectors: Mapping[VOI, FeatureVector]) -> list[list[object]]:
    """As in the files of features that the command line writes."""
    return [[voi.in_files, name, value] for voi, vector in vectors.items() for name, value in vector.values.items()]


def _provenance(vectors: Mapping[VOI, FeatureVector]) -> dict[str, str]:
    """What the values depend on, for the table's attributes."""
    of_all = next(iter(vectors.values()))
    return {
        "engine": f"{of_all.engine} {of_all.engine_version}",
        "settings": json.dumps(of_all.settings.to_dict()),
        "image_sha256": of_all.image_sha256,
        **{f"{voi.in_files}_sha256": vector.voi_sha256 for voi, vector in vectors.items()},
    }


def _counts(vectors: Mapping[VOI, FeatureVector], asked: Sequence[VOI]) -> str:
    listed = []
    for voi in VOI:
        if voi in vectors:
            words = _("{n} of the {voi}").format(n=len(vectors[voi].values), voi=voi.words)
        elif voi in asked:
            words = _("none of the {voi} (it is too small or too uniform for them)").format(voi=voi.words)
        else:
            words = _("none of the {voi} (there is none)").format(voi=voi.words)
        listed.append(words)
    return ", ".join(listed)
