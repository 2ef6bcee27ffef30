"""What the panel knows of its patient: one face over the parts that each do one job.

No widgets: sections show what a session says, and tell it what the user did.

========================  ==========================================================================
`scene.Scene`             state, desk, nodes; the one place where another patient comes on screen
`ct_of_scene.CTOfScene`   the canonical CT, read once, known again by its voxels; slabs
`masks.Masks`             content hashes of the segments, edited or not, what a sign-off still covers
`lesions.Lesions`         the lesions, counted or left out
`origins.Origins`         who drew them, the share that was changed, the segments as a value
`answers.Answers`         what only a reader can answer
`new_segments`            segments that come: from a run, from the scene, back from the copy
`in_slabs.InSlabs`        from thin slices to slabs and back
`results.Results`         features, whether they are stale, assessment
`findings_apart`          the CT's findings, and the segments'
`tried.Tried`             what-if and pinned scenarios
`export.Export`           sign-off and record
========================  ==========================================================================

Each part is given the ones above it and knows nothing of those below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from ...ct import CT
from ...errors import BadInput
from ...mrml import segments as mrml_segments
from ...signature import Eligibility, Entry, Signature, eligibility
from ...signature.predictors import Value
from ..state import Desk, FellWhy, PatientState, SegmentsKind
from .answers import Answers
from .ct_of_scene import CTOfScene
from .export import Export
from .findings_apart import FindingsApart
from .in_slabs import InSlabs
from .lesions import Lesions
from .masks import Masks
from .new_segments import NewSegments
from .origins import HAND, MODEL, Origins
from .results import Results, refusal
from .scene import BEFORE_ROLE, CT_ROLE, SECOND_ROLE, SEGMENTS_ROLE, Scene, hide
from .tried import Tried

__all__ = ["CT_ROLE", "HAND", "MODEL", "SECOND_ROLE", "SEGMENTS_ROLE", "Session"]

ENTERED = ("values", "refused", "answers")
"""What a person enters of a patient; entered before any CT was chosen, it counts for the first one."""


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
    """

    def __init__(
        self,
        tag: str,
        on_change: Callable[[], None],
        on_voxels: Callable[[], None],
        on_leave: Callable[[], list[str]] = list,
    ):
        self.scene = Scene(tag, on_change, on_leave)
        self.cts = CTOfScene(self.scene)
        self.masks = Masks(self.scene, self.cts, on_voxels)
        self.lesions = Lesions(self.scene, self.masks)
        self.origins = Origins(self.scene, self.cts, self.masks)
        self.reader_answers = Answers(self.scene, self.cts, self.masks)
        self.new_segments = NewSegments(self.scene, self.cts, self.masks, self.origins)
        self.in_slabs = InSlabs(self.scene, self.cts, self.masks, self.origins)
        self.results = Results(self.scene, self.cts, self.masks, self.origins, self.reader_answers)
        self.findings_apart = FindingsApart(self.scene, self.cts, self.masks, self.results)
        self.what_ifs = Tried(self.scene, self.cts, self.results)
        self.export = Export(self.scene, self.cts, self.masks, self.origins, self.reader_answers, self.results)

    # The scene, and who is on screen

    def open(self) -> list[str]:
        """Take over what the scene holds (panel opened, scene loaded, scene closed).

        `problem` then says what of it is not on this computer, "" if nothing is missing.

        Returns
        -------
        list of str
            Sentences on what was stopped, because the scene brought another patient.
        """
        said = self.scene.read()
        self.cts.forget()
        self.masks.watch_current()
        mrml_segments.drop_orphans()
        self.look()
        return said

    def follow(self) -> list[str]:
        """Take over what another panel of this scene has done; returns sentences on what was stopped here."""
        said = self.scene.follow()
        if said is not None and self.masks.watch.node is not self.segmentation:
            self.masks.watch_current()
        return said or []

    def pause(self) -> None:
        """The scene is being loaded: nothing is taken until `open`."""
        self.scene.away = True

    def close(self) -> None:
        """The scene is about to be closed: nobody is on screen any more, and nothing is written meanwhile."""
        self.scene.on_leave()
        self.scene.away = True
        self.scene.let_go()
        self.scene.begin(PatientState(units=self.state.units))
        self.masks.watch.observe(None)

    @property
    def lost(self) -> bool:
        """Whether the CT on screen has left the scene."""
        return not self.away and bool(self.scene.shown_id) and self.volume is None

    def select_volume(self, volume) -> list[str]:
        """Another CT, or none: what belongs to the one before is let go, whole.

        Returns
        -------
        list of str
            Sentences on what was dropped, stopped or taken along.
        """
        scene, before = self.scene, self.state
        identifier = "" if volume is None else volume.GetID()
        if self.away or identifier == scene.shown_id:
            return []
        same = self.cts.is_same_ct(volume)
        said = scene.on_leave()
        if same:
            self.in_slabs.show_same_ct(volume, before)
            return [*said, "The same CT in other slices: albumin, INR and answers stay, the sign-off does not."]
        entered = {name: getattr(before, name) for name in ENTERED}
        given = any(entered[name] != getattr(PatientState(), name) for name in ENTERED)
        if scene.shown_id and given:
            said.append("Another CT: albumin, INR and eligibility answers of the one before were cleared.")
        elif given:
            said.append("What was entered before a CT was chosen counts for this one: check albumin, INR and answers.")
        scene.refer(CT_ROLE, volume)
        for role in (SEGMENTS_ROLE, SECOND_ROLE, BEFORE_ROLE):
            hide(scene.node(role))  # else the former patient's liver stays in the 3D view
            scene.refer(role, None)
        scene.begin(PatientState(units=before.units, **({} if scene.shown_id else entered)))
        self.masks.watch_current()
        mrml_segments.drop_orphans()
        scene.save()
        scene.on_change()
        return said

    def choose_signature(self, spec: str, chosen: Signature) -> None:
        """Go on with another signature; answers and entries that it does not take are dropped."""
        state, entries = self.state, {entry.id: entry for entry in chosen.entries}
        same = {one.id for one in chosen.eligibility if one in self.signature.eligibility}
        asked = {*same, eligibility.BILIRUBIN}
        if chosen.is_demo and not self.signature.is_demo:
            self.update(signature_before=self.desk.signature)
        takes = {name: value for name, value in state.values.items() if name in entries}
        self.update(
            signature=spec,
            answers={name: value for name, value in state.answers.items() if name in asked},
            values={
                name: value for name, value in takes.items() if _takes(entries[name], value, state.units.get(name))
            },
            refused={name: entry for name, entry in state.refused.items() if name in {*entries, *asked}},
            criteria={},
            what_if={},
            what_if_refused={},
            scenarios=[],
            **state.without_sign_off(FellWhy.SIGNATURE),
        )

    state: PatientState = property(attrgetter("scene.state"))
    desk: Desk = property(attrgetter("scene.desk"))
    token: int = property(attrgetter("scene.token"))
    away: bool = property(attrgetter("scene.away"))
    problem: str = property(attrgetter("scene.problem"))
    update = property(attrgetter("scene.update"))
    node = property(attrgetter("scene.node"))
    volume = property(attrgetter("scene.volume"))
    segmentation = property(attrgetter("scene.segmentation"))
    automatic = property(attrgetter("scene.automatic"))
    signature: Signature = property(attrgetter("scene.signature"))
    signature_sha256: str = property(attrgetter("scene.chosen.sha256"))

    # The CT

    ct: Callable[[], CT] = property(attrgetter("cts.ct"))
    ct_to_draw_on: Callable[[], CT] = property(attrgetter("cts.to_draw_on"))
    acquisitions = property(attrgetter("cts.acquisitions"))
    day_of_ct = property(attrgetter("cts.day"))
    is_sample: bool = property(attrgetter("cts.is_sample"))
    slab_plan = property(attrgetter("cts.slab_plan"))
    to_slabs = property(attrgetter("in_slabs.to_slabs"))

    # The segments

    hashes = property(attrgetter("masks.hashes"))
    edited: bool = property(attrgetter("masks.edited"))
    compared = property(attrgetter("masks.compared"))
    kind: SegmentsKind = property(attrgetter("masks.kind"))
    look = property(attrgetter("masks.look"))
    signed = property(attrgetter("masks.signed"))
    drawn = property(attrgetter("origins.drawn"))
    mask_origin = property(attrgetter("origins.mask_origin"))
    segments = property(attrgetter("origins.segments"))
    segments_words: Callable[[SegmentsKind], str] = property(attrgetter("origins.words"))
    take_labels = property(attrgetter("new_segments.take_labels"))
    decide_second = property(attrgetter("new_segments.decide_second"))
    use_existing = property(attrgetter("new_segments.use_existing"))
    restore_automatic = property(attrgetter("new_segments.restore_automatic"))

    # The reader's answers

    confirm_phase = property(attrgetter("reader_answers.confirm_phase"))
    confirmed_phase: Mapping[str, Any] = property(attrgetter("reader_answers.confirmed_phase"))
    measured_phase = property(attrgetter("reader_answers.measured_phase"))
    name_mask_origin = property(attrgetter("reader_answers.name_mask_origin"))
    confirm_all_criteria = property(attrgetter("reader_answers.confirm_all_criteria"))

    answer_criterion = property(attrgetter("reader_answers.answer_criterion"))
    all_criteria_met: Mapping[str, Any] = property(attrgetter("reader_answers.all_criteria_met"))
    eligibility: Eligibility = property(attrgetter("reader_answers.eligibility"))

    # Results

    to_compute = property(attrgetter("results.to_compute"))
    stale = property(attrgetter("results.stale"))
    stale_words = property(attrgetter("results.stale_words"))
    to_be_computed = property(attrgetter("results.to_be_computed"))
    take_features = property(attrgetter("results.take_features"))
    findings = property(attrgetter("results.findings"))
    findings_of_ct = property(attrgetter("findings_apart.of_ct"))
    findings_of_segments = property(attrgetter("findings_apart.of_segments"))
    assessment = property(attrgetter("results.assessment"))
    entered = property(attrgetter("results.entered"))
    withholding = property(attrgetter("results.withholding"))
    patient = property(attrgetter("results.patient"))
    radscore = property(attrgetter("results.radscore"))
    values = property(attrgetter("results.values"))
    tried = property(attrgetter("what_ifs.tried"))
    tried_values = property(attrgetter("what_ifs.tried_values"))
    what_if = property(attrgetter("what_ifs.what_if"))
    scenario = property(attrgetter("what_ifs.scenario"))
    own = property(attrgetter("results.own"))
    shown = property(attrgetter("what_ifs.shown"))
    sign_off = property(attrgetter("export.sign_off"))
    make_record = property(attrgetter("export.make_record"))

    @property
    def refused(self) -> Mapping[str, Mapping[str, str]]:
        """What stands in the fields on screen and is no value: of the what-if while it is on, else the patient's."""
        return self.state.what_if_refused if self.state.what_if else self.state.refused

    def refusal(self) -> str:
        """Why the entries on screen give no risk, "" where each is a value or empty."""
        return refusal(self.scene)


def _takes(entry: Entry, value: Value, unit: str | None) -> bool:
    try:
        entry.checked(value, unit)
    except BadInput:
        return False
    return True
