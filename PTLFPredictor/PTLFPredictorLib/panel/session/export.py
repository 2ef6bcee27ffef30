"""What leaves the panel: the reader's sign-off, and the result record that every export is made from."""

from __future__ import annotations

import time

from ... import case, record
from ...confirmation import Confirmation
from ...errors import BadInput
from ...mrml import segments as mrml_segments
from ...segmentation import marks
from ...segmentation.names import Role
from ...segmentation.segments import Segments
from ..state import SegmentsKind
from .answers import Answers
from .ct_of_scene import CTOfScene
from .masks import Masks
from .origins import Origins
from .results import Results, refusal
from .scene import Scene


class Export:
    def __init__(
        self, scene: Scene, cts: CTOfScene, masks: Masks, origins: Origins, answers: Answers, results: Results
    ):
        self._scene, self._cts, self._masks = scene, cts, masks
        self._origins, self._answers, self._results = origins, answers, results
        self.forget()
        scene.on_begin.append(self.forget)

    def forget(self) -> None:
        self._last: tuple[tuple, record.ResultRecord, Segments] | None = None

    def sign_off(self, name: str) -> None:
        scene, masks = self._scene, self._masks
        if scene.segmentation is None:
            raise BadInput("There are no segments to sign off.")
        said = Confirmation.now(name, "these segments")
        covered = {"hashes": masks.hashes(SegmentsKind.CORRECTED), "image": self._cts.read().identity}
        scene.update(reader=said.reader, sign_off={**said.to_dict(), **covered})
        if not self._origins.change_unknown:  # a mark says by how much they were changed
            tags = marks.segment_tags(self._origins.mask_origin(masks.kind), masks.labels(scene.segmentation))
            mrml_segments.set_tags(scene.segmentation, tags)

    def make_record(self) -> tuple[record.ResultRecord, Segments]:
        """The result record of the patient's own result; never of a what-if; the last one while nothing has changed.

        Raises
        ------
        BadInput
            Nothing computed, it is stale, or an entry is no value.
        """
        scene, kind = self._scene, self._masks.kind
        stale = self._results.stale(kind)
        if stale:
            raise BadInput(f"There is nothing to export: {stale.reason}. Press Compute.")
        if scene.state.refused or scene.state.what_if_refused:
            why = refusal(scene) or " ".join(entry["why"] for entry in scene.state.refused.values())
            raise BadInput(f"An entry is no value: {why}")
        key = self._key(kind)
        if self._last is None or self._last[0] != key:
            self._last = key, *self._made(kind)
        return self._last[1:]

    def _key(self, kind: SegmentsKind) -> tuple:
        """All that a record is made of."""
        scene, node = self._scene, self._scene.segmentation
        named = [mrml_segments.not_counted(node, role) for role in (Role.OTHER, None)]
        seen, desk = self._cts.read(), scene.desk
        chosen = (scene.chosen.sha256, desk.demonstration, desk.engine)
        return kind, self._masks.hashes(kind), seen.key, scene.state, chosen, named, mrml_segments.mark_tags(node)

    def _made(self, kind: SegmentsKind) -> tuple[record.ResultRecord, Segments]:
        computed, started = self._scene.state.of(kind), time.monotonic()
        question, segments = self._results.question, self._origins.segments(kind)
        assessed = case.assess_case(question, self._cts.ct(), segments, computed.vectors)
        seconds = {"features": computed.seconds, "record": time.monotonic() - started}
        signed = self._masks.signed
        sign_off = None if signed is None else record.SignOff(signed, kind, segments.origin.edited)
        return case.make_record(question, segments, assessed, seconds, sign_off=sign_off), segments
