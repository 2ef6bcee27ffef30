"""The segments on screen: content hashes, whether a reader has changed them, and what the sign-off still covers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...case import protocol
from ...confirmation import Confirmation
from ...ct import CT
from ...mrml import lesions as mrml_lesions
from ...mrml import segments as mrml_segments
from ...mrml.segment_agreement import Agreement
from ...mrml.watch import SegmentsWatch
from ...segmentation.origin import Origin
from ...segmentation.segments import Segments
from ..state import FellWhy, SegmentsKind
from .ct_of_scene import CTOfScene
from .scene import Scene


class Masks:
    """What lies in the segmentation node now.

    Parameters
    ----------
    scene : Scene
    cts : CTOfScene
    on_voxels : callable
        Called when voxels of the watched segments may have changed; the owner calls `look` soon after.
    """

    def __init__(self, scene: Scene, cts: CTOfScene, on_voxels: Callable[[], None]):
        self._scene, self._cts, self._on_voxels = scene, cts, on_voxels
        self.watch = SegmentsWatch(self._voxels)
        self._hashes: dict[SegmentsKind, dict[str, str]] = {}
        self._compared: tuple[str, Agreement] | None = None

    def _voxels(self) -> None:
        self._hashes.pop(SegmentsKind.CORRECTED, None)
        self._on_voxels()

    def watch_current(self) -> None:
        self.forget_hashes()
        self.watch.observe(self._scene.segmentation, self._scene.state.sign_off.get("hashes"))

    def forget_hashes(self) -> None:
        self._hashes = {}
        self.forget_measured()

    def forget_measured(self) -> None:
        self._compared = None

    def node(self, kind: SegmentsKind):
        return self._scene.automatic if kind == SegmentsKind.AUTOMATIC else self._scene.segmentation

    def hashes(self, kind: SegmentsKind) -> dict[str, str]:
        """Content hashes of the segments as they are now."""
        node = self.node(kind)
        if node is None:
            return {}
        if kind not in self._hashes:
            self._hashes[kind] = mrml_segments.content_hashes(node)
        return self._hashes[kind]

    @property
    def compared(self) -> Agreement:
        """Volumes now, and what differs from the model's result where its copy is there; counted once for a stroke.

        Raises
        ------
        BadInput
            Where the segments do not lie on one grid.
        """
        hashes = [self.hashes(kind) for kind in (SegmentsKind.CORRECTED, SegmentsKind.AUTOMATIC)]
        key = str(hashes)
        if self._compared is None or self._compared[0] != key:
            self._compared = key, mrml_segments.compare(self._scene.segmentation, self._scene.automatic, hashes)
        return self._compared[1]

    @property
    def edited(self) -> bool:
        """Whether the segments are other than what a model drew."""
        if self._scene.segmentation is None:
            return False
        return self._scene.automatic is None or self.hashes(SegmentsKind.CORRECTED) != self.hashes(
            SegmentsKind.AUTOMATIC
        )

    @property
    def kind(self) -> SegmentsKind:
        """Whose result is the patient's: of the corrected segments once they differ from the automatic ones."""
        return SegmentsKind.CORRECTED if self.edited else SegmentsKind.AUTOMATIC

    @property
    def signed(self) -> Confirmation | None:
        """The sign-off, while segments and CT are what it covers."""
        data = self._scene.state.sign_off
        if not data or data.get("hashes") != self.hashes(SegmentsKind.CORRECTED):
            return None
        return Confirmation.of(data) if data.get("image") == self._cts.image() else None

    def look(self, why: FellWhy = FellWhy.EDITED) -> None:
        """Compare the watched segments with the last look; any change of voxels takes the sign-off away."""
        scene = self._scene
        if scene.away:
            return
        self._hashes.pop(SegmentsKind.CORRECTED, None)
        changed, node = self.watch.changed(), scene.segmentation
        if changed and node is not None and self.watch.node is node and mrml_lesions.settle(node, changed):
            changed = list(dict.fromkeys((*changed, *self.watch.changed())))
        if node is not None and self.watch.node is node:
            self._hashes[SegmentsKind.CORRECTED] = self.watch.known
        if node is not None and changed and self.edited:
            mrml_segments.mark_edited(node, changed)
        new: dict[str, Any] = {}
        if node is not None and changed and why is FellWhy.EDITED and scene.automatic is None:
            new["edited_here"] = True
        if scene.state.sign_off and self.signed is None:
            same = scene.state.sign_off.get("hashes") == self.hashes(SegmentsKind.CORRECTED)
            new |= scene.state.without_sign_off(FellWhy.CT_CHANGED if same else why, () if same else changed)
        if new:
            scene.update(**new)
        else:
            scene.on_change()

    def labels(self, node):
        """A node's segments as a label map on the grid of the canonical CT."""
        labels = mrml_segments.canonical_label_map(node, self._scene.volume)
        labels.CopyInformation(self._cts.ct().image)  # the same grid, to the last digit
        return labels

    def cut_off(self, labels, ct: CT) -> list[dict[str, Any]]:
        """That the liver ends in the lowest or highest slice, which slabs may hide; findings as dicts."""
        return [finding.to_dict() for finding in protocol.cut_off(Segments(labels, Origin()), ct)]

    def unless_seen(self, cut: list[dict[str, Any]], labels) -> list[dict[str, Any]]:
        """What was seen in the slices, where it is not seen in the CT on screen as well."""
        return [] if cut and self.cut_off(labels, self._cts.ct()) else cut
