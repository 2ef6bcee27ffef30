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
from ...signature import Eligibility, eligibility
from ...signature.policy.eligibility import CriterionState
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
        """A reader says that the patient meets every inclusion criterion and no exclusion criterion.

        Raises
        ------
        BadInput
            Without a CT or a name, and where a criterion was answered as not met: that answer is not written over.
        """
        scene = self._scene
        if scene.volume is None:
            raise BadInput("Choose the CT first.")
        if not_met := self.eligibility.of_state(CriterionState.VIOLATED):
            raise BadInput(f"'{not_met[0].criterion}' is answered as not met. Change that answer first.")
        said = Confirmation.now(reader, "the study's criteria")
        met = signature.all_met(scene.signature, said)
        answers = {one.id: met[one.id] for one in scene.signature.eligibility}
        scene.update(
            answers={**self.known, **answers},
            criteria={"value": "all met", **said.to_dict()},
            **scene.state.without_sign_off(FellWhy.ANSWERS),
            reader=said.reader,
        )

    def answer_criterion(self, name: str, state: CriterionState) -> None:
        """One criterion by itself; a reader's word for all of them, and the sign-off, fall where an answer changes."""
        scene = self._scene
        kind = next(one.kind for one in scene.signature.eligibility if one.id == name)
        answers = {key: value for key, value in self.known.items() if key != name}
        if (answer := eligibility.answer_of(kind, state)) is not None:
            answers[name] = answer
        if answers != self.known:
            scene.update(answers=answers, criteria={}, **scene.state.without_sign_off(FellWhy.ANSWERS))

    @property
    def known(self) -> dict[str, Any]:
        """Answers that the chosen signature asks for; a scene may hold others."""
        asked = eligibility.known_entries(self._scene.signature)
        return {name: value for name, value in self._scene.state.answers.items() if name in asked}

    @property
    def all_criteria_met(self) -> Mapping[str, Any]:
        """``value``, ``reader`` and ``time`` of "All criteria met"; empty while nobody has said so.

        It stands only while each criterion of the chosen signature is answered as met.
        """
        said = self._scene.state.criteria
        return said if said and signature.checklist(self._scene.signature, self.known).all_met else {}

    @property
    def eligibility(self) -> Eligibility:
        """The signature's criteria with the patient's answers, and who met them all where a reader says so."""
        return signature.checklist(self._scene.signature, self.criteria)

    @property
    def criteria(self) -> dict[str, Any]:
        """Answers to the study's criteria, with name and time where a reader has given them all at once."""
        said = self.all_criteria_met
        who = {eligibility.ANSWERED_BY: said["reader"], eligibility.ANSWERED_AT: said["time"]} if said else {}
        return {**self.known, **who}
