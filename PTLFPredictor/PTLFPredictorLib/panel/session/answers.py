"""What only a reader can answer: contrast phase, who drew the segments, the study's criteria.

Each answer is of the CT on screen, with name and time, and goes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import signature
from ...confirmation import Confirmation
from ...ct import ConfirmedPhase
from ...errors import BadInput
from ...signature import eligibility
from ..state import FellWhy
from .ct_of_scene import CTOfScene
from .masks import Masks
from .scene import Scene


class Answers:
    def __init__(self, scene: Scene, cts: CTOfScene, masks: Masks):
        self._scene, self._cts, self._masks = scene, cts, masks

    # Contrast phase

    def confirm_phase(self, phase: str, reader: str) -> None:
        """A reader says which contrast phase this CT shows; "" takes the answer back."""
        if not phase:
            self._scene.update(phase={})
            return
        said = Confirmation.now(reader, "the contrast phase")
        about = {"measured": dict(self.measured_phase()), "image": self._cts.read().identity}
        self._scene.update(phase={"value": phase, **said.to_dict(), **about}, reader=said.reader)

    @property
    def confirmed_phase(self) -> Mapping[str, Any]:
        """``value``, ``reader``, ``time`` and ``measured``; empty while nobody has answered for this very CT."""
        said = self._scene.state.phase
        return said if said and said.get("image") == self._cts.image() else {}

    @property
    def phase(self) -> ConfirmedPhase | None:
        said = self.confirmed_phase
        return ConfirmedPhase(said["value"], Confirmation.of(said)) if said else None

    def measured_phase(self) -> Mapping[str, float]:
        """Attenuation that the phase is told from, by structure; empty before there are segments."""
        computed = self._scene.state.of(self._masks.kind)
        found = next((f for f in computed.findings if f.code == "phase"), None) if computed else None
        values = found.values.get("values", {}) if found is not None else self._cts.ct().phase.values
        return {
            name: value for name, value in values.items() if name.endswith("_hu") and isinstance(value, (int, float))
        }

    # Who drew the segments

    def name_mask_origin(self, value: str, reader: str) -> None:
        """A reader says who drew the segments: `origins.HAND` or ``model:ID``; "" takes the answer back."""
        if not value:
            self._scene.update(mask_origin={})
            return
        said = Confirmation.now(reader, "the origin of these segments")
        self._scene.update(mask_origin={"value": value, **said.to_dict()}, reader=said.reader)

    # The study's criteria

    def confirm_all_criteria(self, reader: str) -> None:
        """A reader says that the patient meets every inclusion criterion and no exclusion criterion."""
        scene = self._scene
        if scene.volume is None:
            raise BadInput("Choose the CT first.")
        said = Confirmation.now(reader, "the study's criteria")
        met = signature.all_met(scene.signature, said)
        answers = {one.id: met[one.id] for one in scene.signature.eligibility}
        scene.update(
            answers={**scene.state.answers, **answers},
            criteria={"value": "all met", **said.to_dict()},
            **scene.state.without_sign_off(FellWhy.ANSWERS),
            reader=said.reader,
        )

    @property
    def criteria(self) -> dict[str, Any]:
        """Answers to the study's criteria, with name and time where a reader has given them all at once."""
        said = self._scene.state.criteria
        who = {eligibility.ANSWERED_BY: said["reader"], eligibility.ANSWERED_AT: said["time"]} if said else {}
        return {**self._scene.state.answers, **who}
