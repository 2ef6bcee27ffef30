"""What was computed on CT and segments, whether it still belongs to what is on screen, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ... import case, signature
from ...case import Question, features
from ...ct import Finding
from ...errors import BadInput, PTLFError
from ...measures.radiomics import FeatureVector
from ...mrml import segments as mrml_segments
from ...mrml import volumes
from ...segmentation import ledger
from ...segmentation.origin import Origin
from ...segmentation.segments import Segments
from ...signature import Assessment, LaboratoryValues, Prediction, PredictionState
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
            return (Finding("ct", "fail", error.message),)

    def _current_findings(self, kind: SegmentsKind, computed: Computed) -> tuple[Finding, ...]:
        """Findings with what readers have answered and signed since the features were computed."""
        if self.stale(kind):
            return computed.findings
        scene = self._scene
        state, unplaced = scene.state, mrml_segments.not_counted(scene.segmentation, None)
        answers = [state.origin, state.mask_origin, state.sign_off, state.adoption, state.phase, unplaced]
        kept = None if scene.automatic is None else scene.automatic.GetID()
        key = (scene.chosen.sha256, computed.image, str(computed.hashes), self._masks.edited, kept, str(answers))
        if self._found.get(kind, ("",))[0] != key:
            try:
                lying = self._origins.segments(kind)
                again = self.to_be_computed(kind, lying).findings
                again += tuple(features.findings(lying, computed.vectors))
            except PTLFError as error:
                again = (*computed.findings, Finding("segments", "withhold", error.message))
            self._found[kind] = key, again
        return self._found[kind][1]

    def assessment(self, kind: SegmentsKind) -> Assessment | None:
        """Radscore and prediction of one kind, None where nothing was computed."""
        computed = self._scene.state.of(kind)
        if computed is None:
            return None
        origin = self._origins.mask_origin(kind, at_least=bool(self.stale(kind)))
        return self._assess(computed.vectors, self._current_findings(kind, computed), origin)

    @property
    def question(self) -> Question:
        """What is asked of the patient on screen; an entry that is no value is not given."""
        return Question(
            self._scene.signature,
            self.laboratory_or_none(),
            answers=self._answers.criteria,
            phase=self._answers.phase,
            demonstration=self._scene.desk.demonstration,
        )

    def _assess(
        self, vectors: Mapping[VOI, FeatureVector], findings: tuple[Finding, ...], origin: Origin | None = None
    ) -> Assessment:
        scene, sample = self._scene, self._cts.is_sample
        found = case.assess_found(self.question, vectors, findings, origin=origin, sample=sample).assessment
        if not scene.state.refused:
            return found
        why = " ".join(entry["why"] for entry in scene.state.refused.values())
        return replace(found, prediction=without_risk(found.prediction, why))

    @property
    def laboratory(self) -> LaboratoryValues:
        state = self._scene.state
        return LaboratoryValues.checked(state.alb, state.alb_unit, state.inr)

    def laboratory_or_none(self) -> LaboratoryValues:
        try:
            return self.laboratory
        except BadInput:
            return LaboratoryValues()

    def patient(self) -> Assessment:
        """The patient's own result; without features, what can be said all the same (points of ALB and INR)."""
        return self.assessment(self._masks.kind) or self._assess({}, self.findings())

    def values(self) -> dict[str, float | None]:
        """The patient's own predictors, for the markers."""
        laboratory = self.laboratory_or_none()
        score = None if self.stale(self._masks.kind) else self.patient().radscore.value
        return {"ALB": laboratory.albumin_g_per_l, "INR": laboratory.inr, "Radscore": score}

    def what_if(self) -> Prediction | None:
        """Prediction of the what-if, None while it is off, has no Radscore or an entry that is no value."""
        scene = self._scene
        values = scene.state.what_if
        if values.get("Radscore") is None or scene.state.what_if_refused:
            return None
        laboratory = LaboratoryValues(values.get("ALB"), values.get("INR"))
        return signature.what_if(
            scene.signature,
            laboratory,
            values["Radscore"],
            demonstration=scene.desk.demonstration,
            sample=scene.volume is None or self._cts.is_sample,
        )


def without_risk(prediction: Prediction, why: str, points: Mapping[str, float | None] | None = None) -> Prediction:
    """A prediction of which nothing may be read but the points of the known inputs."""
    return replace(
        prediction,
        state=PredictionState.NOT_COMPUTABLE,
        reason=why,
        points=prediction.points if points is None else points,
        total_points=None,
        linear_predictor=None,
        risk=None,
        risk_interval=None,
        interval_note="",
        withheld_beside=(),
    )
