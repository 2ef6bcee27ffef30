"""What the panel knows of its patient: nodes of the scene, the state saved with it, and what follows from both.

No widgets: sections show what a session says, and tell it what the user did.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import case, signature
from ..case import Case
from ..case.features import read_vectors
from ..ct import CT, Finding, canonical, image_sha256
from ..errors import BadInput, PTLFError
from ..hashes import json_sha256
from ..mrml import segments as mrml_segments
from ..mrml import volumes
from ..mrml.header import acquisition_of
from ..mrml.parameter_node import load, parameter_node, refer, referred, save
from ..mrml.watch import SegmentsWatch
from ..report import record
from ..segmentation.origin import Origin
from ..segmentation.segments import Segments
from ..signature import Assessment, LaboratoryValues, Prediction, Signature
from .state import AUTOMATIC, CORRECTED, Computed, PanelState

CT_ROLE, SEGMENTS_ROLE, AUTOMATIC_ROLE, SECOND_ROLE = "ct", "segmentation", "automatic", "second"


class Session:
    """The panel's patient in the current scene.

    Parameters
    ----------
    tag : str
        Singleton tag of the parameter node.
    on_change : callable
        Called after anything changed that the panel shows.
    on_voxels : callable
        Called when voxels of the watched segments may have changed; the owner calls `look` soon after.
    """

    def __init__(self, tag: str, on_change: Callable[[], None], on_voxels: Callable[[], None]):
        self._tag, self._on_change, self._on_voxels = tag, on_change, on_voxels
        self.watch = SegmentsWatch(self._voxels)
        self._ct: tuple[tuple, CT, str] | None = None
        self._signature: tuple[str, Signature, str] | None = None
        self._hashes: dict[str, dict[str, str]] = {}
        self.problem = ""
        self.state = PanelState()

    # Scene and state

    def open(self) -> None:
        """Take over what the scene holds (panel opened, scene loaded, scene closed).

        `problem` then says what of it is not on this computer, "" if nothing is missing.
        """
        self._node = parameter_node(self._tag)
        self.state, self.problem = load(self._node, PanelState), ""
        try:
            signature.load(self.state.signature)
        except PTLFError as error:
            self.problem = error.message
            self.state = replace(self.state, signature=PanelState.signature)
        self._ct = None
        self._watch_current()
        self.look()

    def close(self) -> None:
        self.watch.observe(None)

    def update(self, **changes: Any) -> None:
        """Change the state and save it in the scene."""
        self.state = replace(self.state, **changes)
        save(self._node, self.state)
        self._on_change()

    def node(self, role: str):
        return referred(self._node, role)

    @property
    def volume(self):
        return self.node(CT_ROLE)

    @property
    def segmentation(self):
        return self.node(SEGMENTS_ROLE)

    @property
    def automatic(self):
        return self.node(AUTOMATIC_ROLE)

    def select_volume(self, volume) -> bool:
        """Another CT: whatever belongs to the one before (segments, results, sign-off) is let go.

        It may be another patient's: so are the laboratory values and the eligibility answers.

        Returns
        -------
        bool
            Whether values or answers were dropped.
        """
        before = self.volume
        if volume is before:
            return False
        inputs = {} if before is None else {"alb": None, "inr": None, "answers": {}}
        dropped = any(getattr(self.state, name) != empty for name, empty in inputs.items())
        self._forget_automatic()
        refer(self._node, CT_ROLE, volume)
        for role in (SEGMENTS_ROLE, AUTOMATIC_ROLE, SECOND_ROLE):
            refer(self._node, role, None)
        self._ct = None
        self._watch_current()
        self.update(computed={}, written={}, origin={}, sign_off={}, what_if={}, **inputs)
        return dropped

    def _voxels(self) -> None:
        self._hashes.pop(CORRECTED, None)
        self._on_voxels()

    def _watch_current(self) -> None:
        node = self.segmentation
        self._hashes = {}
        self.watch.observe(node, self.state.sign_off.get("hashes") if self.state.sign_off else None)

    # Signature and input

    @property
    def signature(self) -> Signature:
        if self._signature is None or self._signature[0] != self.state.signature:
            loaded = signature.load(self.state.signature)
            recipe = {"wanted": loaded.wanted, "settings": loaded.extraction.to_dict()}
            self._signature = self.state.signature, loaded, json_sha256(recipe)
        return self._signature[1]

    def _recipe(self) -> str:
        """Hash of the features and extraction settings that the signature asks for."""
        return (self.signature, self._signature[2])[1]

    @property
    def laboratory(self) -> LaboratoryValues:
        return LaboratoryValues.checked(self.state.alb, self.state.alb_unit, self.state.inr)

    # CT

    def ct(self) -> CT:
        """The canonical CT of the selected volume.

        Raises
        ------
        BadInput
            No volume, one under a transform, or one that cannot be used.
        """
        volume = self.volume
        if volume is None:
            raise BadInput("No CT is chosen.")
        volumes.require_no_transform(volume)
        chosen = self.signature
        voxels = volume.GetImageData().GetMTime() if volume.GetImageData() else 0
        key = (volume.GetID(), voxels, volumes.volume_to_lps(volume).tobytes(), chosen.id)
        if self._ct is None or self._ct[0] != key:
            image = volumes.image_of(volume)
            phase, source = acquisition_of(volume)
            found = canonical(image, chosen.protocol, chosen.extraction.clip_hu, (), phase, source)
            self._ct = key, found, image_sha256(found.image)
        return self._ct[1]

    def _ct_sha256(self) -> str:
        self.ct()
        return self._ct[2]

    # Segments

    def hashes(self, kind: str) -> dict[str, str]:
        """Content hashes of the segments as they are now."""
        node = self.automatic if kind == AUTOMATIC else self.segmentation
        if node is None:
            return {}
        if kind not in self._hashes:
            self._hashes[kind] = mrml_segments.content_hashes(node)
        return self._hashes[kind]

    @property
    def edited(self) -> bool:
        """Whether the segments are other than what a model drew."""
        return self.segmentation is not None and (
            self.automatic is None or self.hashes(CORRECTED) != self.hashes(AUTOMATIC)
        )

    def look(self) -> None:
        """Compare the watched segments with the last look; any change of voxels takes the sign-off away."""
        self._hashes.pop(CORRECTED, None)
        changed = self.watch.changed()
        node = self.segmentation
        if node is not None and changed and self.edited:
            mrml_segments.mark_edited(node, changed)
        signed = self.state.sign_off
        if signed and (node is None or signed.get("hashes") != self.hashes(CORRECTED)):
            self.update(sign_off={})
        else:
            self._on_change()

    def take_labels(self, labels, origin: Origin) -> bool:
        """Write a model's label map into the scene; never into segments that a reader has changed.

        Returns
        -------
        bool
            False where the segments were edited: the new ones are then in a second node (`SECOND_ROLE`).
        """
        volume, current = self.volume, self.segmentation
        name = f"PTLF {origin.model['id']} {origin.model['version']}".strip()
        protected = current is not None and self.state.written != self.hashes(CORRECTED)
        if protected:
            second = mrml_segments.add_segmentation(volume, f"{volume.GetName()} segments (new run)")
            mrml_segments.write(second, volume, labels, name)
            refer(self._node, SECOND_ROLE, second)
            self.update(second_origin=origin.to_dict())
            return False
        if current is None:
            current = mrml_segments.add_segmentation(volume, f"{volume.GetName()} segments")
            refer(self._node, SEGMENTS_ROLE, current)
        mrml_segments.write(current, volume, labels, name)
        self._keep_automatic(current)
        self._adopted(current, origin.to_dict())
        return True

    def _keep_automatic(self, source) -> None:
        """A hidden copy of what the model drew: for Dice, for the side-by-side score and for "Restore"."""
        node = self.automatic
        if node is None:
            node = mrml_segments.add_segmentation(self.volume, f"{source.GetName()} (automatic)", hidden=True)
            refer(self._node, AUTOMATIC_ROLE, node)
        mrml_segments.copy(source, node, self.volume)

    def _forget_automatic(self) -> None:
        """The hidden copy must not stay behind in the scene, where nobody sees it."""
        if self.automatic is not None:
            self.automatic.GetScene().RemoveNode(self.automatic)

    def _adopted(self, node, origin: dict[str, Any]) -> None:
        self._hashes = {}
        self._watch_current()
        mrml_segments.show(node, self.volume)
        self.update(written=mrml_segments.content_hashes(node), origin=origin, sign_off={}, second_origin={})

    def use_existing(self, node) -> None:
        """Go on with a segmentation that is already in the scene; it counts as drawn by a person."""
        if self.volume is None:
            raise BadInput("Choose the CT first.")
        mrml_segments.adopt(node, self.volume)
        self._forget_automatic()
        refer(self._node, SEGMENTS_ROLE, node)
        refer(self._node, AUTOMATIC_ROLE, None)
        self._hashes = {}
        self._watch_current()
        mrml_segments.show(node, self.volume)
        self.update(written={}, origin={}, sign_off={}, computed={})

    def restore_automatic(self) -> None:
        mrml_segments.copy(self.automatic, self.segmentation, self.volume)
        self._hashes = {}
        self.look()

    def decide_second(self, keep: bool) -> None:
        """After a re-run beside edited segments: keep the edited ones, or go on with the new ones."""
        second = self.node(SECOND_ROLE)
        refer(self._node, SECOND_ROLE, None)
        if keep:
            second.GetScene().RemoveNode(second)
            self.update(second_origin={})
            return
        if self.segmentation is not None:
            self.segmentation.GetDisplayNode().SetVisibility(False)
        refer(self._node, SEGMENTS_ROLE, second)
        self._keep_automatic(second)
        self._adopted(second, self.state.second_origin)

    def segments(self, kind: str) -> Segments:
        """Label map of the segments on the canonical CT, checked."""
        node = self.automatic if kind == AUTOMATIC else self.segmentation
        if node is None:
            raise BadInput("There are no segments yet.")
        ct = self.ct()
        labels = mrml_segments.canonical_label_map(node, self.volume)
        labels.CopyInformation(ct.image)  # the same grid, to the last digit
        origin = Origin.from_dict(self.state.origin)
        if kind == CORRECTED and self.edited:
            origin = origin.with_changes(changed=1.0)
        return Segments(labels, origin).checked(ct)

    # Features, Radscore, prediction

    @property
    def kind(self) -> str:
        """Whose result is the patient's: of the corrected segments once they differ from the automatic ones."""
        return CORRECTED if self.edited else AUTOMATIC

    def to_compute(self) -> list[str]:
        """Kinds whose features are missing or stale."""
        if self.segmentation is None:
            return []
        kinds = ([AUTOMATIC] if self.automatic is not None else []) + ([CORRECTED] if self.edited else [])
        return [kind for kind in kinds if self.stale(kind)]

    def stale(self, kind: str) -> str:
        """Why the result of `kind` does not belong to what is on screen, "" if it does."""
        computed = self.state.of(kind)
        if computed is None:
            return "not computed"
        if self.segmentation is None:
            return "there are no segments"
        if computed.hashes != self.hashes(kind):
            return "the segments were changed after it was computed"
        if computed.recipe != self._recipe():
            return "the chosen signature asks for other features"
        if computed.engine != self.state.engine:
            return "another engine was chosen after it was computed"
        try:
            if computed.image != self._ct_sha256():
                return "the CT was changed after it was computed"
        except PTLFError as error:
            return error.message
        return ""

    def to_be_computed(self, kind: str, segments: Segments) -> Computed:
        """What features that are computed from now on will belong to, still without them."""
        ct, vois = self.ct(), segments.vois
        if "liver" in vois:
            ct = ct.with_liver(vois["liver"], self.signature.protocol)
        return Computed(
            hashes=dict(self.hashes(kind)),
            image=self._ct_sha256(),
            recipe=self._recipe(),
            engine=self.state.engine,
            vectors={},
            findings=(*ct.findings, *segments.findings),
            volumes_ml=segments.volumes_ml,
        )

    def take_features(self, kind: str, begun: Computed, output: Path, seconds: float) -> None:
        """Keep the features that a child computed on what `to_be_computed` has described."""
        computed = replace(begun, vectors=read_vectors(output), seconds=seconds)
        self.update(computed={**self.state.computed, kind: computed.to_dict()})

    def findings(self) -> tuple[Finding, ...]:
        """Of the CT alone until features were computed, then of CT and segments."""
        computed = self.state.of(self.kind)
        if computed is not None:
            return computed.findings
        try:
            return self.ct().findings if self.volume is not None else ()
        except PTLFError as error:
            return (Finding("ct", "fail", error.message),)

    def assessment(self, kind: str) -> Assessment | None:
        """Radscore and prediction of one kind, None where nothing was computed."""
        computed = self.state.of(kind)
        return None if computed is None else self._assess(computed.features, computed.findings)

    def _assess(self, features: Mapping[tuple[str, str], float], findings) -> Assessment:
        chosen, laboratory = self.signature, self._laboratory_or_none()
        answers = signature.checklist(chosen, self.state.answers)
        more = signature.eligibility.findings(chosen, answers, laboratory)
        return signature.assess(
            chosen, features, laboratory, (*findings, *more), demonstration=self.state.demonstration
        )

    def _laboratory_or_none(self) -> LaboratoryValues:
        try:
            return self.laboratory
        except BadInput:
            return LaboratoryValues()

    def patient(self) -> Assessment:
        """The patient's own result; without features, what can be said all the same (points of ALB and INR)."""
        return self.assessment(self.kind) or self._assess({}, self.findings())

    def values(self) -> dict[str, float | None]:
        """The patient's own predictors, for the markers."""
        laboratory = self._laboratory_or_none()
        score = None if self.stale(self.kind) else self.patient().radscore.value
        return {"ALB": laboratory.albumin_g_per_l, "INR": laboratory.inr, "Radscore": score}

    def what_if(self) -> Prediction | None:
        """Prediction of the what-if, None while it is off or has no Radscore."""
        values = self.state.what_if
        if values.get("Radscore") is None:
            return None
        laboratory = LaboratoryValues(values.get("ALB"), values.get("INR"))
        return signature.what_if(self.signature, laboratory, values["Radscore"], demonstration=self.state.demonstration)

    # Sign-off and record

    def sign_off(self, name: str) -> None:
        if not name.strip():
            raise BadInput("Enter the reader's name first.")
        if self.segmentation is None:
            raise BadInput("There are no segments to sign off.")
        when = datetime.now().astimezone().isoformat(timespec="seconds")
        self.update(
            reader=name.strip(), sign_off={"name": name.strip(), "time": when, "hashes": self.hashes(CORRECTED)}
        )

    def make_record(self) -> tuple[record.Record, Segments]:
        """The result record of the patient's own result; never of a what-if.

        Raises
        ------
        BadInput
            Nothing computed, or it is stale.
        """
        reason = self.stale(self.kind)
        if reason:
            raise BadInput(f"There is nothing to export: {reason}. Press Compute.")
        computed, started = self.state.of(self.kind), time.monotonic()
        one = Case(
            ct=Path(),
            signature=self.signature,
            segmentation=Path(),
            laboratory=self.laboratory,
            answers=self.state.answers,
            engine=self.state.engine,
            demonstration=self.state.demonstration,
        )
        segments = self.segments(self.kind)
        score = case.score_case(one, self.ct(), segments, computed.vectors)
        seconds = {"features": computed.seconds, "record": time.monotonic() - started}
        made = case.make_record(one, segments, score, seconds)
        signed = self.state.sign_off
        covered = {"segments": self.kind, "edited": self.edited}
        made["sign_off"] = {"reader": signed["name"], "time": signed["time"], **covered} if signed else None
        return made, segments
