"""What the panel knows of its patient: nodes of the scene, the state saved with it, and what follows from both.

No widgets: sections show what a session says, and tell it what the user did.

Patients are kept apart by one rule.  `state` belongs to the CT on screen and is replaced whole, by `_begin` alone;
before that, `on_leave` clears and blocks what the panel shows, and stops what works for the former CT.  `token` names
the state: what may come late (text in a field, a drag, a child process, a dialog) keeps the token it was born under
and is dropped where the session has another one.

One CT is two nodes where thin slices were averaged to slabs (`to_slabs`): the same patient, so what was entered and
answered of the patient goes along, both ways, and nothing else does.  That a node is such slabs is not believed; its
voxels must be those that averaging the other node gives.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from .. import case, record, signature
from ..case import Case, features
from ..confirmation import Confirmation
from ..ct import CT, DEFAULT_CLIP_HU, ConfirmedPhase, Finding, canonical, image_sha256, slabs
from ..ct.acquisition import Acquisition
from ..errors import BadInput, PTLFError
from ..hashes import json_sha256
from ..mrml import adoption, slab_volumes, volumes
from ..mrml import segments as mrml_segments
from ..mrml.header import acquisition_of, acquisitions, series_findings_of
from ..mrml.parameter_node import load, parameter_node, refer, referred, save
from ..mrml.watch import SegmentsWatch
from ..sample import known as sample
from ..segmentation import ledger, provenance
from ..segmentation.catalogue import catalogue
from ..segmentation.names import Role, plain, role_of
from ..segmentation.origin import Drawn, Known, Origin
from ..segmentation.segments import Segments, check
from ..signature import Assessment, LaboratoryValues, Prediction, Signature, eligibility
from ..vois import VOI
from .state import AUTOMATIC, CORRECTED, Computed, Desk, PatientState

CT_ROLE, SEGMENTS_ROLE, SECOND_ROLE = "ct", "segmentation", "second"
BEFORE_ROLE = "before"
"""The segments on the thin slices, while the CT is in slabs."""

DESK = frozenset(item.name for item in fields(Desk))

HAND, MODEL = "hand", "model:"
"""Values of `PatientState.mask_origin`: by hand, or ``model:ID``."""

CHANGE_UNKNOWN = Finding(
    "mask_change_unknown",
    "withhold",
    "The segments were changed since a model drew them, by a share that cannot be told: what the model drew is no "
    "longer in the scene. Segment again and correct that.",
)

ENTERED = ("alb", "inr", "refused", "answers")
"""What a person enters of a patient; entered before any CT was chosen, it counts for the first one."""

OF_THE_SAME_CT = ("alb", "alb_unit", "inr", "refused", "answers", "criteria", "phase")
"""What stays when one CT is shown in slabs, or in its slices again."""


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
    on_leave : callable
        Called before the state is replaced; returns sentences on what was stopped.

    Attributes
    ----------
    state : PatientState
    desk : Desk
    token : int
        Name of `state`: another CT, scene or nothing on screen is another token.
    away : bool
        The scene is being closed or loaded: nothing is taken.
    """

    def __init__(
        self,
        tag: str,
        on_change: Callable[[], None],
        on_voxels: Callable[[], None],
        on_leave: Callable[[], list[str]] = list,
    ):
        self._tag, self._on_change, self._on_voxels, self._on_leave = tag, on_change, on_voxels, on_leave
        self.watch = SegmentsWatch(self._voxels)
        self._ct: tuple[tuple, CT, str, str, int | None] | None = None
        self._proven, self._listed = False, []
        self._signature: tuple[str, Signature, str, str] | None = None
        self._hashes: dict[str, dict[str, str]] = {}
        self._shares: tuple[tuple, float] | None = None
        self._origins: dict[str, tuple[tuple, tuple[Origin, tuple[Finding, ...]]]] = {}
        self._found: dict[str, tuple[tuple, tuple[Finding, ...]]] = {}
        self.problem = ""
        self.state, self.desk = PatientState(), Desk()
        self.token, self._of, self.away = 0, "", True

    # Scene and state

    def open(self) -> list[str]:
        """Take over what the scene holds (panel opened, scene loaded, scene closed).

        `problem` then says what of it is not on this computer, "" if nothing is missing.

        Returns
        -------
        list of str
            Sentences on what was stopped, because the scene brought another patient.
        """
        said: list[str] = []
        self._node = parameter_node(self._tag)
        state = load(self._node, PatientState(alb_unit=self.state.alb_unit))
        self.away = False
        if _text(state) != _text(self.state) or self._of != self._volume_id():
            said = self._on_leave()
            self._begin(state)
        self.desk, self.problem = load(self._node, self.desk), ""
        try:
            signature.load(self.desk.signature)
        except PTLFError as error:
            self.problem = error.message
            self.desk = replace(self.desk, signature=Desk.signature)
        self._ct = None
        self._watch_current()
        mrml_segments.drop_orphans()
        self.look()
        return said

    def close(self) -> None:
        """The scene is about to be closed: nobody is on screen any more, and nothing is written meanwhile."""
        self._on_leave()
        self.away = True
        self._begin(PatientState(alb_unit=self.state.alb_unit))
        self.watch.observe(None)

    def _begin(self, state: PatientState) -> None:
        """The one place where another patient comes on screen."""
        self.token += 1
        self.state, self._ct, self._shares, self._origins, self._found = state, None, None, {}, {}
        self._of = "" if self.away else self._volume_id()

    def _volume_id(self) -> str:
        return "" if self.volume is None else self.volume.GetID()

    def update(self, token: int | None = None, **changes: Any) -> bool:
        """Change state or desk and save both in the scene.

        Parameters
        ----------
        token : int, optional
            What comes late names the state that it was meant for.

        Returns
        -------
        bool
            False where it was meant for another patient, or the scene is being closed or loaded: nothing was taken.
        """
        if self.away or token not in (None, self.token):
            return False
        desk = {name: changes.pop(name) for name in DESK & changes.keys()}
        if "signature" in desk:
            self._signature = None  # chosen once more, it is read once more
        self.state, self.desk = replace(self.state, **changes), replace(self.desk, **desk)
        self._save()
        self._on_change()
        return True

    def _save(self) -> None:
        save(self._node, self.state)
        save(self._node, self.desk)

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
        """Hidden copy of what the model drew; it belongs to the segmentation and goes with it."""
        return mrml_segments.automatic_of(self.segmentation)

    @property
    def lost(self) -> bool:
        """Whether the CT on screen has left the scene."""
        return not self.away and bool(self._of) and self.volume is None

    def select_volume(self, volume) -> list[str]:
        """Another CT, or none: what belongs to the one before is let go, whole.

        Returns
        -------
        list of str
            Sentences on what was dropped, stopped or taken along.
        """
        identifier = "" if volume is None else volume.GetID()
        if self.away or identifier == self._of:
            return []
        before, same = self.state, self._is_same_ct(volume)
        said = self._on_leave()
        if same:
            self._show_same_ct(volume, before)
            return [*said, "The same CT in other slices: albumin, INR and answers stay, sign-off and result do not."]
        entered = {name: getattr(before, name) for name in ENTERED}
        given = any(entered[name] != getattr(PatientState(), name) for name in ENTERED)
        if self._of and given:
            said.append("Another CT: albumin, INR and eligibility answers of the one before were cleared.")
        elif given:
            said.append("What was entered before a CT was chosen counts for this one: check albumin, INR and answers.")
        refer(self._node, CT_ROLE, volume)
        for role in (SEGMENTS_ROLE, SECOND_ROLE, BEFORE_ROLE):
            refer(self._node, role, None)
        self._begin(PatientState(alb_unit=before.alb_unit, **({} if self._of else entered)))
        self._watch_current()
        mrml_segments.drop_orphans()
        self._save()
        self._on_change()
        return said

    def _voxels(self) -> None:
        self._hashes.pop(CORRECTED, None)
        self._on_voxels()

    def _watch_current(self) -> None:
        self._hashes = {}
        self.watch.observe(self.segmentation, self.state.sign_off.get("hashes"))

    # Signature and input

    @property
    def signature(self) -> Signature:
        if self._signature is None or self._signature[0] != self.desk.signature:
            loaded = signature.load(self.desk.signature)
            recipe = {"wanted": loaded.wanted, "settings": loaded.extraction.to_dict()}
            self._signature = self.desk.signature, loaded, json_sha256(recipe), json_sha256(loaded.data)
        return self._signature[1]

    @property
    def signature_sha256(self) -> str:
        """Of the file's content: two files can have one id, and a file can be written anew under its name."""
        return (self.signature, self._signature[3])[1]

    def _recipe(self) -> str:
        """Hash of the features and extraction settings that the signature asks for."""
        return (self.signature, self._signature[2])[1]

    @property
    def laboratory(self) -> LaboratoryValues:
        return LaboratoryValues.checked(self.state.alb, self.state.alb_unit, self.state.inr)

    @property
    def refused(self) -> Mapping[str, Mapping[str, str]]:
        """What stands in the fields on screen and is no value: of the what-if while it is on, else the patient's."""
        return self.state.what_if_refused if self.state.what_if else self.state.refused

    def refusal(self) -> str:
        """Why the entries on screen give no risk, "" where each is a value or empty."""
        return " ".join(entry["why"] for entry in self.refused.values())

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
        key = (volume.GetID(), voxels, volumes.volume_to_lps(volume).tobytes(), self.signature_sha256)
        thin = slab_volumes.slices_of(volume)
        if thin is not None and thin.GetImageData() is not None:
            moved = thin.GetParentTransformNode() is not None
            key += (thin.GetID(), thin.GetImageData().GetMTime(), volumes.volume_to_lps(thin).tobytes(), moved)
        if self._ct is None or self._ct[0] != key:
            found = self._read(volume, chosen.extraction.clip_hu)
            self._listed = acquisitions(volume)
            plan, self._proven = slab_volumes.plan_of(volume), False
            if plan is not None:
                made = self._made_of(volume, thin, plan)
                self._proven = made is not None
                found = made or slab_volumes.without_slices(found, plan)
            sha256 = image_sha256(found.image)
            identity = found.unclipped_sha256 or sha256
            self._ct = key, found, sha256, identity, sample.seed_of(identity)
        return self._ct[1]

    def _read(self, volume, clip_hu: tuple[float, float] | None) -> CT:
        phase, source = acquisition_of(volume)
        image, told, plan = volumes.image_of(volume), series_findings_of(volume), slab_volumes.plan_of(volume)
        if plan is not None and "slice_thickness_mm" in source:  # the file's is that of the slices
            source = {**source, "slice_thickness_mm": plan.slab_mm}
        return canonical(image, self.signature.protocol, clip_hu, told, phase, source)

    def _made_of(self, volume, thin, plan: slabs.Plan) -> CT | None:
        """The CT of thin slices in slabs, where the voxels of `volume` are those slabs."""
        if thin is None or thin.GetImageData() is None:
            return None
        try:
            seen, slices = (self._read(node, DEFAULT_CLIP_HU) for node in (volume, thin))
            if not slab_volumes.are_of(seen.image, plan, slices.image):
                return None
            if self.signature.extraction.clip_hu not in (None, DEFAULT_CLIP_HU):
                slices = self._read(thin, self.signature.extraction.clip_hu)
        except PTLFError:
            return None
        return slices.in_slabs(plan, self.signature.protocol)

    def acquisitions(self) -> list[Acquisition]:
        """The acquisitions among the files of the CT on screen, where there are several."""
        try:
            self.ct()
        except PTLFError:
            return []
        return self._listed

    # Thin slices, brought to the protocol's

    def ct_to_draw_on(self) -> CT:
        """What a model is given: of a CT in slabs the slices as they are, as `case.brought_to_protocol` says."""
        ct = self.ct()
        if not self._proven:
            return ct
        return self._read(slab_volumes.slices_of(self.volume), self.signature.extraction.clip_hu)

    def slab_plan(self) -> tuple[slabs.Plan | None, str]:
        """How the slices of the CT on screen become the protocol's, or why they do not, as a sentence."""
        try:
            ct = self.ct()
        except PTLFError as error:
            return None, error.message
        if slab_volumes.plan_of(self.volume) is not None:
            return None, "The CT is in slabs already; choose the one that they were averaged from to go back."
        spacing, slices = ct.image.GetSpacing()[2], ct.image.GetSize()[2]
        thickness = ct.source.get("slice_thickness_mm")
        asked = spacing, slices, self.signature.protocol.slice_thickness_mm, thickness, ct.findings
        return slabs.plan(*asked), slabs.reason(*asked)

    def to_slabs(self):
        """Average the CT on screen to the protocol's slices, in a node of its own, and go on with it.

        Segments come along by majority; who drew them is settled on the slices as they are, where the ledger and the
        marks know them.

        Returns
        -------
        (node, list of str)
            The new CT, and sentences on what was stopped.

        Raises
        ------
        BadInput
            There is nothing to average, or two segmentations wait for a decision.
        """
        plan, reason = self.slab_plan()
        if plan is None:
            raise BadInput(reason)
        if self.node(SECOND_ROLE) is not None:
            raise BadInput("Decide first between the edited and the new segments.")
        self.ct().require_usable()
        brought = None if self.segmentation is None else self._segments_in_slabs(plan)
        thin, thin_segments, before = self.volume, self.segmentation, self.state
        said = self._on_leave()
        volume = slab_volumes.add(self._read(thin, DEFAULT_CLIP_HU).image, plan, thin)
        kept = {name: getattr(before, name) for name in OF_THE_SAME_CT}
        refer(self._node, CT_ROLE, volume)
        refer(self._node, SEGMENTS_ROLE, None)
        refer(self._node, BEFORE_ROLE, thin_segments)
        self._begin(PatientState(**kept, before={**vars(before), "before": {}}))
        if brought is not None:
            self._take_in_slabs(brought, before)
        self._watch_current()
        self._save()
        self._on_change()
        return volume, said

    def _segments_in_slabs(self, plan: slabs.Plan) -> dict[str, Any]:
        """Labels of the segments and of what the model drew, and what is known of them, from the thin slices."""
        node = self.segmentation
        found = {"labels": slabs.apply_labels(self._labels(node), plan), "automatic": None}
        found["cut"] = self._cut_off(self._labels(node), self.ct())
        if self.automatic is not None:
            found["automatic"] = slabs.apply_labels(self._labels(self.automatic), plan)
        origin, told = self._resolved(None)
        found["origin"] = origin.with_changes(changed=self._changed_share(origin), sign_off=None)
        found["unknown"] = CHANGE_UNKNOWN in told
        found["tags"] = mrml_segments.mark_tags(node)
        found["algorithm"] = [
            mrml_segments.tag(node, mrml_segments.LIVER, name)
            for name in (mrml_segments.ALGORITHM_NAME, mrml_segments.ALGORITHM_TYPE)
        ]
        found["others"] = mrml_segments.others_in_slabs(node, self.volume, plan)
        return found

    def _take_in_slabs(self, brought: Mapping[str, Any], before: PatientState) -> None:
        """Segments in the new node, whose they were: edited or not, by whose model, with what was told of them."""
        volume, (name, kind) = self.volume, brought["algorithm"]
        node = mrml_segments.add_segmentation(volume, "PTLF segments in slabs")
        refer(self._node, SEGMENTS_ROLE, node)
        mrml_segments.write(node, volume, brought["labels"], name, kind or mrml_segments.MANUAL)
        mrml_segments.add_others(node, volume, brought["others"])
        origin: Origin = brought["origin"]
        if brought["automatic"] is not None:
            mrml_segments.keep_automatic(node, volume)
            mrml_segments.write(self.automatic, volume, brought["automatic"], name)
        adoption_told = [*before.adoption, *self._unless_seen(brought["cut"], brought["labels"])]
        if brought["unknown"]:
            adoption_told.append(CHANGE_UNKNOWN.to_dict())
        for tags in brought["tags"][:1] if brought["unknown"] else ():
            mrml_segments.set_tags(node, {key: text for key, text in tags.items() if text})
        edited = brought["automatic"] is None or self.hashes(CORRECTED) != self.hashes(AUTOMATIC)
        self.state = replace(
            self.state,
            origin=before.origin if brought["automatic"] is not None else origin.to_dict(),
            mask_origin=before.mask_origin,
            adoption=adoption_told,
            written={} if edited else mrml_segments.content_hashes(node),
        )
        if not brought["unknown"] and origin.drawn is not Drawn.UNKNOWN:
            adoption.mark_origin(node, origin)
            self._remember(node, origin)
        mrml_segments.show(node, volume)
        shown = self.node(BEFORE_ROLE)
        if shown is not None and shown.GetDisplayNode() is not None:
            shown.GetDisplayNode().SetVisibility(False)

    def _cut_off(self, labels, ct: CT) -> list[dict[str, Any]]:
        """That the liver ends in the lowest or highest slice, which slabs may hide."""
        found = check(Segments(labels, Origin()), ct)
        return [finding.to_dict() for finding in found if finding.code == "truncated_liver"]

    def _unless_seen(self, cut: list[dict[str, Any]], labels) -> list[dict[str, Any]]:
        return [] if cut and self._cut_off(labels, self.ct()) else cut

    def _is_same_ct(self, volume) -> bool:
        """Whether a volume and the one on screen are one CT, one in slabs of the other; by their voxels."""
        current = self.volume
        if volume is None or current is None:
            return False
        for one, other in ((current, volume), (volume, current)):
            plan = slab_volumes.plan_of(one)
            if plan is not None and slab_volumes.slices_of(one) is other:
                return self._made_of(one, other, plan) is not None
        return False

    def _show_same_ct(self, volume, before: PatientState) -> None:
        """The same CT in slabs or in its slices again, with what is known of the patient."""
        kept = {name: getattr(before, name) for name in OF_THE_SAME_CT}
        back, thin_segments = before.before, self.node(BEFORE_ROLE)
        shown = self.segmentation
        if shown is not None and shown.GetDisplayNode() is not None:
            shown.GetDisplayNode().SetVisibility(False)
        refer(self._node, CT_ROLE, volume)
        for role in (SEGMENTS_ROLE, SECOND_ROLE, BEFORE_ROLE):
            refer(self._node, role, None)
        state = PatientState(**kept)
        if back and thin_segments is not None:
            refer(self._node, SEGMENTS_ROLE, thin_segments)
            mrml_segments.show(thin_segments, volume)
            known = {item.name for item in fields(PatientState)}
            state = PatientState(**{name: value for name, value in back.items() if name in known})
            state = replace(state, **kept, what_if={}, what_if_refused={}, sign_off={}, before={})
        self._begin(state)
        self._watch_current()
        mrml_segments.drop_orphans()
        self._save()
        self._on_change()

    def _ct_sha256(self) -> str:
        self.ct()
        return self._ct[2]

    def _identity(self) -> str:
        self.ct()
        return self._ct[3]

    @property
    def is_sample(self) -> bool:
        """Whether the CT is a sample case that this computer has drawn; whatever it is called."""
        try:
            self.ct()
        except PTLFError:
            return False
        return self._ct[4] is not None

    def _image(self) -> str:
        """Which CT this is, whatever the signature clips it to; "" where it cannot be used, or not as segments lie."""
        try:
            if self.segmentation is not None:
                volumes.require_no_transform(self.segmentation)
            return self._identity()
        except PTLFError:
            return ""

    # What only a reader can answer.  Each answer is of the CT on screen and goes with it.

    def confirm_phase(self, phase: str, reader: str) -> None:
        """A reader says which contrast phase this CT shows; "" takes the answer back."""
        if not phase:
            self.update(phase={})
            return
        said = Confirmation.now(reader, "the contrast phase")
        measured = dict(self.measured_phase())
        image = self._identity()
        self.update(phase={"value": phase, **said.to_dict(), "measured": measured, "image": image}, reader=said.reader)

    @property
    def confirmed_phase(self) -> Mapping[str, Any]:
        """``value``, ``reader``, ``time`` and ``measured``; empty while nobody has answered for this very CT."""
        said = self.state.phase
        return said if said and said.get("image") == self._image() else {}

    def _phase_answer(self) -> ConfirmedPhase | None:
        said = self.confirmed_phase
        return ConfirmedPhase(said["value"], Confirmation(said["reader"], said["time"])) if said else None

    def measured_phase(self) -> Mapping[str, float]:
        """Attenuation that the phase is told from, by structure; empty before there are segments."""
        computed = self.state.of(self.kind)
        found = next((f for f in computed.findings if f.code == "phase"), None) if computed else None
        values = found.values.get("values", {}) if found is not None else self.ct().phase.values
        return {
            name: value for name, value in values.items() if name.endswith("_hu") and isinstance(value, (int, float))
        }

    def name_mask_origin(self, value: str, reader: str) -> None:
        """A reader says who drew the segments: `HAND` or ``model:ID``; "" takes the answer back."""
        if not value:
            self.update(mask_origin={})
            return
        said = Confirmation.now(reader, "the origin of these segments")
        self.update(mask_origin={"value": value, **said.to_dict()}, reader=said.reader)

    @property
    def drawn(self) -> Origin:
        """Who drew the segments, by what is known; a reader's word is not asked.  A stroke does not change it."""
        return self._resolved(None, at_least=True)[0]

    def mask_origin(self, kind: str, at_least: bool = False) -> Origin:
        """Provenance of the segments of one kind: mark, ledger or reader's word, share that is changed, sign-off.

        `at_least` takes what was found before the last strokes: for what is stale, and may not cost a look-up.
        """
        origin = self._resolved(self._word(), at_least)[0]
        if kind == CORRECTED:
            origin = origin.with_changes(changed=self._changed_share(origin))
            covers = True
        else:
            covers = not self.edited
        return origin.with_changes(sign_off=self.signed if covers else None)

    def _word(self) -> Origin | None:
        """What a reader has answered to the question who drew the segments."""
        said = self.state.mask_origin
        if not said:
            return None
        named = Confirmation(said["reader"], said["time"])
        if said["value"] == HAND:
            return Origin(Drawn.HAND, Known.READER, named=named)
        wanted = said["value"].removeprefix(MODEL)
        model = next((one for one in catalogue() if one.id == wanted), None)
        return None if model is None else Origin(Drawn.MODEL, Known.READER, model.identity, named=named)

    def _resolved(self, word: Origin | None, at_least: bool = False) -> tuple[Origin, tuple[Finding, ...]]:
        """Origin and findings: as the run said while its copy is there, else by marks and ledger, else by `word`."""
        origin = Origin.from_dict(self.state.origin)
        if self.segmentation is None or (self.automatic is not None and origin.drawn is not Drawn.UNKNOWN):
            return origin, ()
        key = (str(self.state.origin), str(self.hashes(CORRECTED)), self._image())
        before = self._origins.get(str(word))
        if before is None or (before[0] != key and not at_least):
            self._origins[str(word)] = key, self._look_up(origin, word)
        return self._origins[str(word)][1]

    def _look_up(self, origin: Origin, word: Origin | None) -> tuple[Origin, tuple[Finding, ...]]:
        marks = [provenance.of_tags(tags) for tags in mrml_segments.mark_tags(self.segmentation)]
        if origin.drawn is not Drawn.UNKNOWN and not any(mark and _says_as_much(mark, origin) for mark in marks):
            marks.append(provenance.Mark(origin))
        try:
            ct, labels = self.ct(), self._labels(self.segmentation)
        except PTLFError:
            return word or origin, ()
        mark = provenance.combined(marks)
        meant = mark is not None and mark.content == ledger.content(labels)
        unseen = not meant and adoption.changed_unseen(self.segmentation)
        if unseen and ledger.find(ct.identity, labels) is None:  # nor is it remembered: that would be a share of 0
            return (word or origin if mark is None else mark.origin), (CHANGE_UNKNOWN,)
        found, told = provenance.resolve(labels, ct, marks, word)
        return found, tuple(told)

    @property
    def _change_unknown(self) -> bool:
        return CHANGE_UNKNOWN in self._resolved(self._word())[1]

    def _changed_share(self, origin: Origin) -> float:
        """Share of the voxels that differ from what the model drew; what the mark says where its copy is gone."""
        if self.automatic is None:
            return float(origin.changed)
        key = (tuple(self.hashes(CORRECTED).values()), tuple(self.hashes(AUTOMATIC).values()))
        if self._shares is None or self._shares[0] != key:
            self._shares = key, mrml_segments.changed_share(self.segmentation, self.automatic)
        return self._shares[1]

    def confirm_all_criteria(self, reader: str) -> None:
        """A reader says that the patient meets every inclusion criterion and no exclusion criterion."""
        if self.volume is None:
            raise BadInput("Choose the CT first.")
        said = Confirmation.now(reader, "the study's criteria")
        met = signature.all_met(self.signature, said)
        answers = {one.id: met[one.id] for one in self.signature.eligibility}
        self.update(
            answers={**self.state.answers, **answers},
            criteria={"value": "all met", **said.to_dict()},
            sign_off={},
            reader=said.reader,
        )

    @property
    def all_criteria_met(self) -> Mapping[str, Any]:
        """``value``, ``reader`` and ``time`` of "All criteria met"; empty while nobody has said so."""
        return self.state.criteria

    @property
    def answers(self) -> dict[str, Any]:
        """Answers to the study's criteria, with name and time where a reader has given them all at once."""
        said = self.state.criteria
        who = {eligibility.ANSWERED_BY: said["reader"], eligibility.ANSWERED_AT: said["time"]} if said else {}
        return {**self.state.answers, **who}

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
        if self.away:
            return
        self._hashes.pop(CORRECTED, None)
        changed = self.watch.changed()
        node = self.segmentation
        if node is not None and changed and self.edited:
            mrml_segments.mark_edited(node, changed)
        if self.state.sign_off and self.signed is None:
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
        volume, current, plan, cut = self.volume, self.segmentation, self.ct().slabs, []
        if self._proven and labels.GetSize()[2] == plan.slices:  # drawn on `ct_to_draw_on`
            ledger.remember(self.ct().identity, labels, origin)
            cut, labels = self._cut_off(labels, self.ct_to_draw_on()), slabs.apply_labels(labels, plan)
            cut = self._unless_seen(cut, labels)
        name = f"PTLF {origin.model['id']} {origin.model['version']}".strip()
        protected = current is not None and self.state.written != self.hashes(CORRECTED)
        if protected:
            second = mrml_segments.add_segmentation(volume, "PTLF segments (new run)")
            mrml_segments.write(second, volume, labels, name)
            adoption.mark_origin(second, origin)
            self._remember(second, origin)
            refer(self._node, SECOND_ROLE, second)
            self.update(second_origin=origin.to_dict())
            return False
        if current is None:
            current = mrml_segments.add_segmentation(volume, "PTLF segments")
            refer(self._node, SEGMENTS_ROLE, current)
        mrml_segments.write(current, volume, labels, name)
        adoption.mark_origin(current, origin)
        mrml_segments.keep_automatic(current, volume)
        self._taken(current, origin.to_dict())
        self._remember(current, origin)
        if cut:
            self.update(adoption=[*self.state.adoption, *cut])
        return True

    def _remember(self, node, origin: Origin) -> None:
        """Write into the scene who drew the segments as they are now, and into this computer's ledger."""
        try:
            labels = self._labels(node)
            trouble = ledger.remember(self.ct().identity, labels, origin)
        except PTLFError:
            return
        mrml_segments.set_tags(node, provenance.segment_tags(origin, labels))
        if trouble is not None:
            self.update(adoption=[*self.state.adoption, trouble.to_dict()])

    def _labels(self, node):
        labels = mrml_segments.canonical_label_map(node, self.volume)
        labels.CopyInformation(self.ct().image)  # the same grid, to the last digit
        return labels

    def _taken(self, node, origin: dict[str, Any]) -> None:
        """Go on with what a model has just drawn."""
        self._watch_current()
        mrml_segments.show(node, self.volume)
        self.update(
            written=mrml_segments.content_hashes(node),
            origin=origin, second_origin={}, mask_origin={}, adoption=[], sign_off={},
        )  # fmt: skip

    def use_existing(self, node, all_the_same: bool = False) -> None:
        """Go on with a segmentation that is already in the scene, in place: the reader's own segments count.

        Raises
        ------
        DrawnElsewhere
            It was drawn on another CT or grid; `all_the_same` says that the reader was asked and wants it.
        BadInput
            It cannot be used.
        """
        if self.volume is None:
            raise BadInput("Choose the CT first.")
        before, self._origins = self.segmentation, {}
        node, finding = adoption.adopt(node, self.volume, all_the_same)
        refer(self._node, SEGMENTS_ROLE, node)
        if before is not None and before is not node and before.GetDisplayNode() is not None:
            before.GetDisplayNode().SetVisibility(False)
        self._watch_current()
        mrml_segments.show(node, self.volume)
        self.update(
            origin=adoption.origin_of(node).to_dict(),
            adoption=[] if finding is None else [finding.to_dict()],
            written={}, mask_origin={}, sign_off={}, computed={},
        )  # fmt: skip

    def restore_automatic(self) -> None:
        mrml_segments.copy(self.automatic, self.segmentation, self.volume)
        self._hashes = {}
        self._remember(self.segmentation, Origin.from_dict(self.state.origin))
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
        mrml_segments.keep_automatic(second, self.volume)
        self._taken(second, self.state.second_origin)

    def segments(self, kind: str) -> Segments:
        """Label map of the segments on the canonical CT, checked."""
        node = self.automatic if kind == AUTOMATIC else self.segmentation
        if node is None:
            raise BadInput("There are no segments yet.")
        volumes.require_no_transform(self.segmentation)
        found = tuple(self._segment_findings())
        return Segments(self._labels(node), self.mask_origin(kind), found).checked(self.ct())

    def _segment_findings(self) -> list[Finding]:
        """What the scene alone knows of the segments: segments that count as nothing, other grids, unseen changes."""
        found = [Finding.from_dict(item) for item in self.state.adoption]
        found += self._resolved(self._word())[1]
        other = mrml_segments.not_counted(self.segmentation, Role.OTHER)
        if other:  # names of the table, in its own words: a segment's own name is free text
            listed = ", ".join(sorted({plain(n) if role_of(n) is Role.OTHER else "a coded structure" for n in other}))
            found.append(
                Finding("segments_other", "pass", f"Not counted, other structures: {listed}.", {"count": len(other)})
            )
        unknown = mrml_segments.not_counted(self.segmentation, None)
        if unknown:
            message = (
                f"{len(unknown)} segment(s) count neither as liver nor as tumour, and nobody has said what they are "
                "(section 3 names them). Name a lesion 'tumor ...' and choose the segmentation once more, or delete "
                "what is no part of the case."
            )
            found.append(Finding("segments_unknown", "withhold", message, {"count": len(unknown)}))
        return found

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
        if computed.engine != self.desk.engine:
            return "another engine was chosen after it was computed"
        try:
            volumes.require_no_transform(self.segmentation)
            if computed.image != self._ct_sha256():
                return "the CT was changed after it was computed"
        except PTLFError as error:
            return error.message
        return ""

    def to_be_computed(self, kind: str, segments: Segments) -> Computed:
        """What features that are computed from now on will belong to, still without them."""
        ct = self.ct().with_liver(segments.vois.get(VOI.PARENCHYMA), self.signature.protocol, self._phase_answer())
        return Computed(
            hashes=dict(self.hashes(kind)),
            image=self._ct_sha256(),
            recipe=self._recipe(),
            engine=self.desk.engine,
            vectors={},
            findings=(*ct.findings, *segments.findings),
            volumes_ml=segments.volumes_ml,
        )

    def take_features(self, kind: str, begun: Computed, output: Path, seconds: float) -> None:
        """Keep the features that a child computed on what `to_be_computed` has described."""
        computed = replace(begun, vectors=features.read_vectors(output), seconds=seconds)
        if kind == CORRECTED and begun.hashes == self.hashes(kind):  # a file of it may lose its marks
            origin = self.mask_origin(kind)
            if origin.edited and not self._change_unknown:
                ledger.remember(self.ct().identity, self._labels(self.segmentation), origin)
        self.update(computed={**self.state.computed, kind: computed.to_dict()})

    def findings(self) -> tuple[Finding, ...]:
        """Of the CT alone until features were computed, then of CT and segments."""
        computed = self.state.of(self.kind)
        if computed is not None:
            return self._current_findings(self.kind, computed)
        try:
            return self.ct().findings if self.volume is not None else ()
        except PTLFError as error:
            return (Finding("ct", "fail", error.message),)

    def _current_findings(self, kind: str, computed: Computed) -> tuple[Finding, ...]:
        """Findings with what readers have answered and signed since the features were computed."""
        if self.stale(kind):
            return computed.findings
        state, unplaced = self.state, mrml_segments.not_counted(self.segmentation, None)
        answers = [state.origin, state.mask_origin, state.sign_off, state.adoption, state.phase, unplaced]
        kept = None if self.automatic is None else self.automatic.GetID()
        key = (self.signature_sha256, computed.image, str(computed.hashes), self.edited, kept, str(answers))
        if self._found.get(kind, ("",))[0] != key:
            try:
                lying = self.segments(kind)
                again = self.to_be_computed(kind, lying).findings
                again += tuple(features.findings(lying, computed.vectors))
            except PTLFError as error:
                again = (*computed.findings, Finding("segments", "withhold", error.message))
            self._found[kind] = key, again
        return self._found[kind][1]

    def assessment(self, kind: str) -> Assessment | None:
        """Radscore and prediction of one kind, None where nothing was computed."""
        computed = self.state.of(kind)
        if computed is None:
            return None
        origin = self.mask_origin(kind, at_least=bool(self.stale(kind)))
        return self._assess(computed.features, self._current_findings(kind, computed), origin)

    def _assess(
        self, values: Mapping[tuple[str, str], float], findings: tuple[Finding, ...], origin: Origin | None = None
    ) -> Assessment:
        chosen, laboratory = self.signature, self._laboratory_or_none()
        answers = signature.checklist(chosen, self.answers)
        more = eligibility.findings(chosen, answers, laboratory)
        found = signature.assess(
            chosen,
            values,
            laboratory,
            (*findings, *more),
            demonstration=self.desk.demonstration,
            sample=self.is_sample,
            origin=origin,
        )
        if not self.state.refused:
            return found
        why = " ".join(entry["why"] for entry in self.state.refused.values())
        return replace(found, prediction=without_risk(found.prediction, why))

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
        """Prediction of the what-if, None while it is off, has no Radscore or an entry that is no value."""
        values = self.state.what_if
        if values.get("Radscore") is None or self.state.what_if_refused:
            return None
        laboratory = LaboratoryValues(values.get("ALB"), values.get("INR"))
        return signature.what_if(
            self.signature,
            laboratory,
            values["Radscore"],
            demonstration=self.desk.demonstration,
            sample=self.volume is None or self.is_sample,
        )

    # Sign-off and record

    def sign_off(self, name: str) -> None:
        if self.segmentation is None:
            raise BadInput("There are no segments to sign off.")
        said = Confirmation.now(name, "these segments")
        covered = {"hashes": self.hashes(CORRECTED), "image": self._identity()}
        self.update(reader=said.reader, sign_off={**said.to_dict(), **covered})
        if not self._change_unknown:  # a mark says by how much they were changed
            tags = provenance.segment_tags(self.mask_origin(self.kind), self._labels(self.segmentation))
            mrml_segments.set_tags(self.segmentation, tags)

    @property
    def signed(self) -> Confirmation | None:
        """The sign-off, while segments and CT are what it covers."""
        data = self.state.sign_off
        if not data or data.get("hashes") != self.hashes(CORRECTED) or data.get("image") != self._image():
            return None
        return Confirmation(data["reader"], data["time"])

    def make_record(self) -> tuple[record.Record, Segments]:
        """The result record of the patient's own result; never of a what-if.

        Raises
        ------
        BadInput
            Nothing computed, it is stale, or an entry is no value.
        """
        reason = self.stale(self.kind)
        if reason:
            raise BadInput(f"There is nothing to export: {reason}. Press Compute.")
        if self.state.refused or self.state.what_if_refused:
            raise BadInput(f"An entry is no value: {self.refusal()}")
        computed, started = self.state.of(self.kind), time.monotonic()
        one = Case(
            ct=Path(),
            signature=self.signature,
            segmentation=Path(),
            laboratory=self.laboratory,
            answers=self.answers,
            phase=self._phase_answer(),
            reader=self.desk.reader,
            engine=self.desk.engine,
            demonstration=self.desk.demonstration,
        )
        segments = self.segments(self.kind)
        score = case.score_case(one, self.ct(), segments, computed.vectors)
        seconds = {"features": computed.seconds, "record": time.monotonic() - started}
        made = case.make_record(one, segments, score, seconds)
        signed = self.signed
        covered = {"segments": self.kind, "edited": self.edited}
        made["sign_off"] = None if signed is None else {**signed.to_dict(), **covered}
        return made, segments


def _says_as_much(mark: provenance.Mark, origin: Origin) -> bool:
    """Whether the mark of a segment names the model that its node names; it also says of which voxels."""
    if mark.origin.drawn is not Drawn.MODEL or origin.model is None:
        return mark.origin.drawn is Drawn.MODEL
    same_weights = provenance.drawn_by(mark.origin, (provenance.weights_of(origin.model),))
    return same_weights or mark.origin.model["id"] == origin.model["id"]


def placed(values: Mapping[str, float | None], prediction: Prediction) -> dict[str, float | None]:
    """Values by predictor that have a place on their axis: a score on another scale than the paper's has none."""
    return {name: None if prediction.points.get(name) is None else value for name, value in values.items()}


def without_risk(prediction: Prediction, why: str, points: Mapping[str, float | None] | None = None) -> Prediction:
    """A prediction of which nothing may be read but the points of the known inputs."""
    return replace(
        prediction,
        state="not computable",
        status=why,
        points=prediction.points if points is None else points,
        total_points=None,
        linear_predictor=None,
        risk=None,
        risk_interval=None,
        interval_note="",
        withheld_beside=(),
    )


def _text(state: PatientState) -> str:
    """What a scene keeps of a state, in which lists and tuples are the same."""
    return json.dumps(vars(state), sort_keys=True)
