"""One CT in thin slices and in slabs averaged from them: two nodes, one patient.

What was entered and answered of the patient goes along, both ways, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import SimpleITK as sitk

from ...ct import slabs
from ...errors import BadInput
from ...mrml import origin_marks, slab_volumes
from ...mrml import segments as mrml_segments
from ...segmentation.origin import Drawn, Origin
from ..state import FellWhy, PatientState
from .ct_of_scene import CTOfScene
from .masks import Masks
from .origins import CHANGE_UNKNOWN, Origins
from .scene import BEFORE_ROLE, CT_ROLE, SECOND_ROLE, SEGMENTS_ROLE, Scene, hide

OF_THE_SAME_CT = ("values", "units", "refused", "answers", "criteria", "phase", "scenarios")
"""What stays when one CT is shown in slabs, or in its slices again."""


@dataclass(frozen=True)
class Brought:
    """Segments on their way from thin slices to slabs, with what is known of them.

    Parameters
    ----------
    labels, automatic : SimpleITK.Image
        Averaged: the segments, and what the model drew (None where that is gone).
    cut : list
        Findings, as dicts, that the liver ends in the lowest or highest slice.
    origin : Origin
    unknown : bool
        By how much the segments were changed cannot be told.
    tags : list of mapping
        Marks of the segments.
    algorithm : tuple of str
        Name and type of what drew the liver, as DICOM has it.
    others : object
        Segments that count as neither, for `mrml.segments.add_others`.
    """

    labels: sitk.Image
    automatic: sitk.Image | None
    cut: list[dict[str, Any]]
    origin: Origin
    unknown: bool
    tags: list[Mapping[str, str]]
    algorithm: tuple[str, str]
    others: Any


class InSlabs:
    def __init__(self, scene: Scene, cts: CTOfScene, masks: Masks, origins: Origins):
        self._scene, self._cts, self._masks, self._origins = scene, cts, masks, origins

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
        scene = self._scene
        plan, reason = self._cts.slab_plan()
        if plan is None:
            raise BadInput(reason)
        if scene.node(SECOND_ROLE) is not None:
            raise BadInput("Decide first between the edited and the new segments.")
        self._cts.ct().require_usable()
        brought = None if scene.segmentation is None else self._segments_in_slabs(plan)
        thin, thin_segments, before = scene.volume, scene.segmentation, scene.state
        said = scene.on_leave()
        volume = slab_volumes.add(self._cts.to_average(), plan, thin)
        scene.refer(CT_ROLE, volume)
        scene.refer(SEGMENTS_ROLE, None)
        scene.refer(BEFORE_ROLE, thin_segments)
        scene.begin(PatientState(**_kept(before), before={**vars(before), "before": {}}))
        if brought is not None:
            self._take_in_slabs(brought, before)
        self._masks.watch_current()
        scene.save()
        scene.on_change()
        return volume, said

    def _segments_in_slabs(self, plan: slabs.Plan) -> Brought:
        """The segments and what is known of them, from the thin slices."""
        node, automatic, labels = self._scene.segmentation, self._scene.automatic, self._masks.labels
        origin, told = self._origins.resolved(None)
        drawn = labels(node)
        return Brought(
            labels=slabs.apply_labels(drawn, plan),
            automatic=None if automatic is None else slabs.apply_labels(labels(automatic), plan),
            cut=self._masks.cut_off(drawn, self._cts.ct()),
            origin=origin.with_changes(changed=self._origins.changed_share(origin), sign_off=None),
            unknown=CHANGE_UNKNOWN in told,
            tags=mrml_segments.mark_tags(node),
            algorithm=tuple(
                mrml_segments.tag(node, mrml_segments.LIVER, name)
                for name in (mrml_segments.ALGORITHM_NAME, mrml_segments.ALGORITHM_TYPE)
            ),
            others=mrml_segments.others_in_slabs(node, self._scene.volume, plan),
        )

    def _take_in_slabs(self, brought: Brought, before: PatientState) -> None:
        """Segments in the new node, whose they were: edited or not, by whose model, with what was told of them."""
        scene, (name, kind), origin = self._scene, brought.algorithm, brought.origin
        volume = scene.volume
        node = mrml_segments.add_segmentation(volume, "PTLF segments in slabs")
        scene.refer(SEGMENTS_ROLE, node)
        mrml_segments.write(node, volume, brought.labels, name, kind or mrml_segments.MANUAL)
        mrml_segments.add_others(node, volume, brought.others)
        if brought.automatic is not None:
            mrml_segments.keep_automatic(node, volume)
            mrml_segments.write(scene.automatic, volume, brought.automatic, name)
        told = [*before.adoption, *self._masks.unless_seen(brought.cut, brought.labels)]
        if brought.unknown:
            told.append(CHANGE_UNKNOWN.to_dict())
            for tags in brought.tags[:1]:
                mrml_segments.set_tags(node, {key: text for key, text in tags.items() if text})
        scene.state = replace(
            scene.state,
            origin=before.origin if brought.automatic is not None else origin.to_dict(),
            mask_origin=before.mask_origin,
            left_out=before.left_out,
            edited_here=before.edited_here,
            adoption=told,
            written={} if self._masks.edited else mrml_segments.content_hashes(node),
        )
        if not brought.unknown and origin.drawn is not Drawn.UNKNOWN:
            origin_marks.mark_origin(node, origin)
            self._origins.remember(node, origin)
        mrml_segments.show(node, volume)
        hide(scene.node(BEFORE_ROLE))

    def show_same_ct(self, volume, before: PatientState) -> None:
        """The same CT in slabs or in its slices again, with what is known of the patient, and the segments it had."""
        scene = self._scene
        back, segments, left = before.before, scene.node(BEFORE_ROLE), scene.segmentation
        hide(left)
        scene.refer(CT_ROLE, volume)
        for role, node in ((SEGMENTS_ROLE, None), (SECOND_ROLE, None), (BEFORE_ROLE, left)):
            scene.refer(role, node)
        state = PatientState(**_kept(before))
        if back and segments is not None:
            scene.refer(SEGMENTS_ROLE, segments)
            mrml_segments.show(segments, volume)
            known = {item.name for item in fields(PatientState)}
            state = PatientState(**{name: value for name, value in back.items() if name in known})
            state = replace(state, **_kept(before), what_if={}, what_if_refused={})
        scene.begin(replace(state, before={**vars(before), "before": {}}))
        self._masks.watch_current()
        mrml_segments.drop_orphans()
        scene.save()
        scene.on_change()


def _kept(state: PatientState) -> dict[str, Any]:
    """What of a state goes along: nobody has signed what is seen then, and whose sign-off fell is told."""
    return {
        **{name: getattr(state, name) for name in OF_THE_SAME_CT},
        **state.without_sign_off(FellWhy.OTHER_SLICES),
    }
