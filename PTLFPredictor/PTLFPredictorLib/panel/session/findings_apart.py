"""Findings of the CT apart from those of the segments: each stands in its own section."""

from __future__ import annotations

from ...ct import Finding
from ...errors import PTLFError
from ..state import StaleWhy
from .ct_of_scene import CTOfScene
from .masks import Masks
from .results import Results
from .scene import Scene


class FindingsApart:
    def __init__(self, scene: Scene, cts: CTOfScene, masks: Masks, results: Results):
        self._scene, self._cts, self._masks, self._results = scene, cts, masks, results

    def of_ct(self) -> tuple[Finding, ...]:
        """Those of the CT as it is now; its phase as it was measured last, while it is the same CT."""
        try:
            own = self._cts.ct().findings if self._scene.volume is not None else ()
        except PTLFError:
            return self._results.findings()
        stale = self._results.stale(self._masks.kind)
        of_another = stale is not None and stale.why is StaleWhy.CT_CHANGED
        phase = [one for one in (own if of_another else self._results.findings()) if one.code == "phase"]
        return (*(one for one in own if one.code != "phase"), *phase)

    def of_segments(self) -> tuple[Finding, ...]:
        """The others: of the segments, and of both together; none without segments."""
        if self._scene.segmentation is None:
            return ()
        of_ct = {finding.code for finding in self.of_ct()} | {"phase"}
        return tuple(finding for finding in self._results.findings() if finding.code not in of_ct)
