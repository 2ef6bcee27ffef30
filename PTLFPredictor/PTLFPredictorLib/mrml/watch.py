"""Notice when somebody changed the voxels of a segmentation node."""

from __future__ import annotations

from collections.abc import Callable

import slicer

from .segments import content_hashes


class SegmentsWatch:
    """Observes one segmentation node.

    Parameters
    ----------
    on_event : callable
        Called without arguments when voxels may have changed; the owner then asks `changed`, at a time of its
        own (events come several per stroke, and also when the same voxels are written again).
    """

    def __init__(self, on_event: Callable[[], None]):
        self._on_event = on_event
        self._node, self._tags = None, []
        self._known: dict[str, str] = {}

    @property
    def node(self):
        return self._node

    @property
    def known(self) -> dict[str, str]:
        """Content hashes of the node at the last look."""
        return dict(self._known)

    def observe(self, node, known: dict[str, str] | None = None) -> None:
        """Watch another node (None: no node); `known` are the hashes it is compared with."""
        for tag in self._tags:
            self._node.RemoveObserver(tag)
        self._node, self._tags = node, []
        if node is None:
            self._known = {}
            return
        self._known = dict(known) if known is not None else content_hashes(node)
        kinds = slicer.vtkSegmentation
        # The first edit after a scene was loaded gives SegmentModified alone (seen with slicer-core 5.12.4).
        events = (
            kinds.SourceRepresentationModified,
            kinds.SegmentModified,
            kinds.SegmentAdded,
            kinds.SegmentRemoved,
        )
        self._tags = [node.AddObserver(event, self._heard) for event in events]

    def _heard(self, caller, event, calldata=None) -> None:
        self._on_event()

    def changed(self) -> list[str]:
        """Roles whose voxels differ from the last look, which this call becomes."""
        if self._node is None:
            return []
        now = content_hashes(self._node)
        roles = dict.fromkeys((*now, *self._known))
        different = [role for role in roles if now.get(role) != self._known.get(role)]
        self._known = now
        return different
