"""What was computed on CT and segments, whether it still belongs to what is on screen, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ... import case, signature
from ...case import Question, features
from ...ct import Finding, Level, of_level
from ...errors import BadInput, PTLFError
from ...measures.radiomics import FeatureVector
from ...mrml import segments as mrml_segments
from ...mrml import volumes
from ...segmentation import ledger
from ...segmentation.origin import Origin
from ...segmentation.segments import Segments
from ...signature import Assessment, Entered, Prediction
from ...signature.predictors import Value
from ...vois import VOI
from ..state import Computed, SegmentsKind, Stale, StaleWhy
from .answers import Answers
from .ct_of_scene import CTOfScene
from .masks import Masks
from .origins import Origins
from .scene import Scene


class Results:
    def __init__(self, scene: Scene, cts: CTOfScene, masks: Masks, origins: Origins, answers: Answers):
        self._scene, self._cts, self._masks, self._origins, self._answers = scene, cts, masks, origins, answers
        self.forget()
        scene.on_begin.append(self.forget)

    def forget(self) -> None:
        self._found: dict[SegmentsKind, tuple[tuple, tuple[Finding, ...]]] = {}

    # Features

    def to_compute(self) -> list[SegmentsKind]:
        """Kinds whose features are missing or stale."""
        if self._scene.segmentation is None:
            return []
        kinds = [SegmentsKind.AUTOMATIC] if self._scene.automatic is not None else []
        kinds += [SegmentsKind.CORRECTED] if self._masks.edited else []
        return [kind for kind in kinds if self.stale(kind)]

    def stale(self, kind: SegmentsKind) -> Stale | None:
        """Why the result of `kind` does not belong to what is on screen, None if it does."""
        scene = self._scene
        computed = scene.state.of(kind)
        if computed is None:
            return Stale(StaleWhy.NOT_COMPUTED)
        if scene.segmentation is None:
            return Stale(StaleWhy.NO_SEGMENTS)
        if computed.hashes != self._masks.hashes(kind):
            return Stale(StaleWhy.SEGMENTS_CHANGED)
        if computed.recipe != scene.chosen.recipe:
            return Stale(StaleWhy.OTHER_FEATURES)
        if computed.engine != scene.desk.engine:
            return Stale(StaleWhy.OTHER_ENGINE)
        try:
            volumes.require_no_transform(scene.segmentation)
            return Stale(StaleWhy.CT_CHANGED) if computed.image != self._cts.read().sha256 else None
        except PTLFError as error:
            return Stale(StaleWhy.CT_UNUSABLE, error.message)

    def stale_words(self, stale: Stale) -> str:
        """Why, to stand within a sentence; where the automatic segments were computed, that a reader edited them."""
        edited = stale.why is StaleWhy.NOT_COMPUTED and self._masks.edited and self._scene.state.computed
        return "the segments were edited" if edited else stale.reason

    def to_be_computed(self, kind: SegmentsKind, segments: Segments) -> Computed:
        """What features that are computed from now on will belong to, still without them."""
        scene, seen = self._scene, self._cts.read()
        _ct, found = case.examine(self.question, seen.ct, segments, {})
        return Computed(
            hashes=dict(self._masks.hashes(kind)),
            image=seen.sha256,
            recipe=scene.chosen.recipe,
            engine=scene.desk.engine,
            vectors={},
            findings=found,
            volumes_ml=segments.volumes_ml,
        )

    def take_features(self, kind: SegmentsKind, begun: Computed, output: Path, seconds: float) -> None:
        """Keep the features that a child computed on what `to_be_computed` has described."""
        scene = self._scene
        computed = replace(begun, vectors=features.read_vectors(output), seconds=seconds)
        if kind == SegmentsKind.CORRECTED and begun.hashes == self._masks.hashes(kind):  # its file may lose its marks
            origin = self._origins.mask_origin(kind)
            if origin.edited and not self._origins.change_unknown:
                ledger.remember(self._cts.ct().identity, self._masks.labels(scene.segmentation), origin)
        scene.update(computed={**scene.state.computed, str(kind): computed.to_dict()})

    # What they say

    def findings(self) -> tuple[Finding, ...]:
        """Of the CT alone until features were computed, then of CT and segments."""
        kind = self._masks.kind
        computed = self._scene.state.of(kind)
        if computed is not None:
            return self._current_findings(kind, computed)
        try:
            return self._cts.ct().findings if self._scene.volume is not None else ()
        except PTLFError as error:
            return (Finding("ct", Level.FAIL, error.message),)

    def _current_findings(self, kind: SegmentsKind, computed: Computed) -> tuple[Finding, ...]:
        """Findings with what readers have answered and signed since the features were computed."""
        if self.stale(kind):
            return computed.findings
        scene = self._scene
        state, unplaced = scene.state, mrml_segments.not_counted(scene.segmentation, None)
        answers = [
            state.origin,
            state.mask_origin,
            state.sign_off,
            state.left_out,
            state.adoption,
            state.phase,
            unplaced,
        ]
        kept = None if scene.automatic is None else scene.automatic.GetID()
        proven = self._cts.read().proven
        key = (
            scene.chosen.sha256,
            computed.image,
            str(computed.hashes),
            self._masks.edited,
            kept,
            proven,
            str(answers),
        )
        if self._found.get(kind, ("",))[0] != key:
            try:
                lying = self._origins.segments(kind)
                again = self.to_be_computed(kind, lying).findings
                again += tuple(features.findings(lying, computed.vectors))
            except PTLFError as error:
                again = (*computed.findings, Finding("segments", Level.WITHHOLD, error.message))
            self._found[kind] = key, again
        return self._found[kind][1]

    def assessment(self, kind: SegmentsKind) -> Assessment | None:
        """Radscore and prediction of one kind, None where nothing was computed."""
        computed = self._scene.state.of(kind)
        return None if computed is None else self._of_patient(self._assess(*self._computed(kind, computed)).assessment)

    def _computed(self, kind: SegmentsKind, computed: Computed) -> tuple:
        """What `_assess` takes of a kind: features, findings, and who drew the segments."""
        origin = self._origins.mask_origin(kind, at_least=bool(self.stale(kind)))
        return computed.vectors, self._current_findings(kind, computed), origin

    @property
    def question(self) -> Question:
        """What is asked of the patient on screen; an entry that is no value is not given."""
        return self._question(self.entered())

    def _question(self, entered: Entered) -> Question:
        return Question(
            self._scene.signature,
            entered,
            answers=self._answers.criteria,
            phase=self._answers.phase,
            demonstration=self._scene.desk.demonstration,
        )

    def _assess(
        self,
        vectors: Mapping[VOI, FeatureVector],
        findings: tuple[Finding, ...],
        origin: Origin | None = None,
        entered: Entered | None = None,
    ) -> case.Assessed:
        question = self.question if entered is None else self._question(entered)
        return case.assess_found(question, vectors, findings, origin=origin, sample=self._cts.is_sample)

    def _of_patient(self, found: Assessment) -> Assessment:
        """Without a risk while an entry of the patient's is no value."""
        refused = self._scene.state.refused
        if not refused:
            return found
        why = " ".join(entry["why"] for entry in refused.values())
        return replace(found, prediction=found.prediction.without_risk(why))

    def entered(self) -> Entered:
        """What was entered for the patient, as far as the signature takes it; of a scene's that is no value nothing."""
        scene, state = self._scene, self._scene.state
        given = {
            entry.id: (state.values[entry.id], state.units.get(entry.id))
            for entry in scene.signature.entries
            if entry.id in state.values
        }
        try:
            return Entered.checked(scene.signature, given)
        except BadInput:
            return Entered()

    def patient(self) -> Assessment:
        """The patient's own result; without features, what can be said all the same (points of ALB and INR)."""
        return self.assessment(self._masks.kind) or self._of_patient(self._assess({}, self.findings()).assessment)

    def withholding(self) -> list[Finding]:
        """What withholds the patient's own Radscore and risk, in the order of the prediction's reasons."""
        kind = self._masks.kind
        computed = self._scene.state.of(kind)
        if computed is None:
            return []
        return of_level(self._assess(*self._computed(kind, computed)).findings, Level.WITHHOLD)

    def radscore(self) -> float | None:
        """The patient's own, None where it is not computed, stale or withheld."""
        return None if self.stale(self._masks.kind) else self.patient().radscore.value

    def values(self) -> dict[str, Value | None]:
        """The patient's own predictors, for the markers."""
        known = self._scene.signature.values_of(self.entered(), self.radscore())
        return {one.id: known.get(one.id) for one in self._scene.signature.predictors}

    def own(self) -> Prediction:
        """The patient's own prediction as it may be shown: a stale one without a risk."""
        stale = self.stale(self._masks.kind)
        prediction = self.patient().prediction
        if stale and self._scene.state.computed:
            points = signature.points_of(self._scene.signature, given(self.values()))
            return prediction.without_risk(stale.reason, points)
        return prediction

    def of_others(self, entered: Entered) -> Prediction | None:
        """What the patient would have with other entries and the Radscore of the CT; None where nothing is computed."""
        kind = self._masks.kind
        computed = self._scene.state.of(kind)
        if computed is None:
            return None
        return self._assess(*self._computed(kind, computed), entered).assessment.prediction


def refusal(scene: Scene) -> str:
    """Why the entries on screen give no risk, "" where each is a value or empty."""
    state = scene.state
    return " ".join(entry["why"] for entry in (state.what_if_refused if state.what_if else state.refused).values())


def given(values: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}
