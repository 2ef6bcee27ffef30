"""Segments that come to the CT on screen: from a model's run, from the scene, back from the model's copy."""

from __future__ import annotations

from typing import Any

from ...ct import slabs
from ...errors import BadInput
from ...mrml import adoption, origin_marks
from ...mrml import segments as mrml_segments
from ...segmentation import ledger
from ...segmentation.origin import Origin
from ..state import FellWhy, SegmentsKind
from .ct_of_scene import CTOfScene
from .masks import Masks
from .origins import Origins
from .scene import SECOND_ROLE, SEGMENTS_ROLE, Scene, hide


class NewSegments:
    def __init__(self, scene: Scene, cts: CTOfScene, masks: Masks, origins: Origins):
        self._scene, self._cts, self._masks, self._origins = scene, cts, masks, origins

    def take_labels(self, labels, origin: Origin) -> bool:
        """Write a model's label map into the scene; never into segments that a reader has changed.

        Returns
        -------
        bool
            False where the segments were edited: the new ones are then in a second node (`SECOND_ROLE`).
        """
        scene, masks, cut, seen = self._scene, self._masks, [], self._cts.read()
        volume, current, plan = scene.volume, scene.segmentation, seen.ct.slabs
        if seen.proven and labels.GetSize()[2] == plan.slices:  # drawn on `CTOfScene.to_draw_on`
            ledger.remember(seen.ct.identity, labels, origin)
            cut, labels = masks.cut_off(labels, self._cts.to_draw_on()), slabs.apply_labels(labels, plan)
            cut = masks.unless_seen(cut, labels)
        name = f"PTLF {origin.model['id']} {origin.model['version']}".strip()
        protected = current is not None and scene.state.written != masks.hashes(SegmentsKind.CORRECTED)
        if protected:
            second = mrml_segments.add_segmentation(volume, "PTLF segments (new run)")
            mrml_segments.write(second, volume, labels, name)
            origin_marks.mark_origin(second, origin)
            self._origins.remember(second, origin)
            scene.refer(SECOND_ROLE, second)
            scene.update(second_origin=origin.to_dict())
            return False
        if current is None:
            current = mrml_segments.add_segmentation(volume, "PTLF segments")
            scene.refer(SEGMENTS_ROLE, current)
        mrml_segments.write(current, volume, labels, name)
        origin_marks.mark_origin(current, origin)
        mrml_segments.keep_automatic(current, volume)
        self._taken(current, origin.to_dict())
        self._origins.remember(current, origin)
        if cut:
            scene.update(adoption=[*scene.state.adoption, *cut])
        return True

    def _taken(self, node, origin: dict[str, Any]) -> None:
        """Go on with what a model has just drawn."""
        self._masks.watch_current()
        mrml_segments.show(node, self._scene.volume)
        self._scene.update(
            written=mrml_segments.content_hashes(node),
            origin=origin, second_origin={}, mask_origin={}, edited_here=False, left_out={}, adoption=[],
            **self._scene.state.without_sign_off(FellWhy.NEW_RUN),
        )  # fmt: skip

    def decide_second(self, keep: bool) -> None:
        """After a re-run beside edited segments: keep the edited ones, or go on with the new ones."""
        scene = self._scene
        second = scene.node(SECOND_ROLE)
        scene.refer(SECOND_ROLE, None)
        if keep:
            second.GetScene().RemoveNode(second)
            scene.update(second_origin={})
            return
        hide(scene.segmentation)
        scene.refer(SEGMENTS_ROLE, second)
        mrml_segments.keep_automatic(second, scene.volume)
        self._taken(second, scene.state.second_origin)

    def use_existing(self, node, all_the_same: bool = False) -> None:
        """Go on with a segmentation that is already in the scene, in place: the reader's own segments count.

        Raises
        ------
        DrawnElsewhere
            It was drawn on another CT or grid; `all_the_same` says that the reader was asked and wants it.
        BadInput
            It cannot be used.
        """
        scene = self._scene
        if scene.volume is None:
            raise BadInput("Choose the CT first.")
        before = scene.segmentation
        self._origins.look_again()
        node, finding = adoption.adopt(node, scene.volume, all_the_same)
        scene.refer(SEGMENTS_ROLE, node)
        if before is not node:
            hide(before)
        self._masks.watch_current()
        mrml_segments.show(node, scene.volume)
        scene.update(
            origin=origin_marks.origin_of(node).to_dict(),
            adoption=[] if finding is None else [finding.to_dict()],
            written={}, mask_origin={}, edited_here=False, computed={},
            left_out=scene.state.left_out if before is node else {},
            **scene.state.without_sign_off(FellWhy.OTHER_SEGMENTS),
        )  # fmt: skip

    def restore_automatic(self) -> None:
        scene = self._scene
        mrml_segments.copy(scene.automatic, scene.segmentation, scene.volume)
        self._masks.forget_hashes()
        self._origins.remember(scene.segmentation, Origin.from_dict(scene.state.origin))
        self._masks.look(FellWhy.RESTORED)
