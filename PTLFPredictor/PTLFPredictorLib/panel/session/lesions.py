"""The lesions on screen, each with a tick: which count as tumour, which a reader left out."""

from __future__ import annotations

from typing import Any

from ...confirmation import Confirmation
from ...errors import BadInput, PTLFError
from ...mrml import lesions as mrml_lesions
from ...mrml import segments as mrml_segments
from ...mrml.lesions import SceneLesion
from ...mrml.volumes import volume_to_lps
from ..state import FellWhy, SegmentsKind
from .masks import Masks
from .scene import Scene


class Lesions:
    def __init__(self, scene: Scene, masks: Masks):
        self._scene, self._masks = scene, masks
        self.forget()
        scene.on_begin.append(self.forget)

    def forget(self) -> None:
        self._found: tuple[Any, tuple[SceneLesion, ...]] = None, ()

    def listed(self) -> tuple[SceneLesion, ...]:
        """The lesions as they are now, the largest first; none where the segments do not lie on this CT."""
        scene = self._scene
        node, volume = scene.segmentation, scene.volume
        if node is None or volume is None or volume.GetImageData() is None:
            return ()
        key = (
            node.GetID(), str(self._masks.hashes(SegmentsKind.CORRECTED)), volume.GetID(),
            volume.GetImageData().GetMTime(), volume_to_lps(volume).tobytes(),
        )  # fmt: skip
        if self._found[0] != key:
            try:
                found = tuple(mrml_lesions.listed(node, volume))
            except PTLFError:
                found = ()
            self._found = key, found
        return self._found[1]

    def count(self, lesion: SceneLesion, counted: bool, reader: str = "") -> bool:
        """Leave a lesion out (it is in no VOI then), or count it again, exactly as it was.

        It is an edit: a sign-off falls, and what was computed is stale.

        Parameters
        ----------
        lesion : SceneLesion
            Of `listed`.
        reader : str
            Who leaves it out, "" where nobody gave a name.

        Returns
        -------
        bool
            False where the segments have changed since it was listed: nothing was done.
        """
        scene, known = self._scene, lesion in self.listed()
        self._masks.forget_hashes()  # a stroke that nobody has looked at yet
        if scene.away or not known or lesion not in self.listed():
            self._masks.look()
            return False
        mrml_lesions.count(scene.segmentation, lesion, counted)
        if not counted:
            scene.update(left_out=_named(reader))
        elif not mrml_segments.segment_ids(scene.segmentation, mrml_segments.EXCLUDED):
            scene.update(left_out={})
        self._masks.look(FellWhy.LESIONS)
        return True


def _named(reader: str) -> dict[str, str]:
    try:
        return Confirmation.now(reader, "the lesions").to_dict()
    except BadInput:
        return {}
