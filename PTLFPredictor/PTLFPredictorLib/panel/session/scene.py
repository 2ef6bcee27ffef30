"""The patient on screen as the scene keeps it: typed state, the nodes it is about, and the one rule between patients.

`Scene.state` belongs to the CT on screen and is replaced whole, by `Scene.begin` alone; before that, `on_leave` clears
and blocks what the panel shows, and stops what works for the former CT.  `Scene.token` names the state: what may come
late (text in a field, a drag, a child process, a dialog) keeps the token it was born under and is dropped where the
session has another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from ... import signature
from ...errors import PTLFError
from ...hashes import json_sha256
from ...mrml import segments as mrml_segments
from ...mrml.parameter_node import forget, load, parameter_node, read, refer, referred, save, texts
from ...signature import Signature
from ..state import EARLIER, Desk, FellWhy, PatientState, of_an_earlier_scene

CT_ROLE, SEGMENTS_ROLE, SECOND_ROLE = "ct", "segmentation", "second"
BEFORE_ROLE = "before"
"""The segments on the same CT's other slices: the thin ones while it is in slabs, and the slabs' after the way back."""

OF_A_CT = "PTLF.of_a_ct"
"""Parameter of the scene: whether its patient's state belongs to a CT.  Where that CT is gone, so is its patient."""

ONLY_OF_A_CT = ("criteria", "phase", "mask_origin", "computed", "written", "origin", "sign_off", "sign_off_fell")
"""What nobody has without a CT: tells the same of scenes that versions before wrote."""

DESK = frozenset(item.name for item in fields(Desk))


@dataclass(frozen=True)
class Chosen:
    """The signature that the desk names, read once, and what of its content others compare."""

    spec: str
    signature: Signature

    @cached_property
    def recipe(self) -> str:
        """Hash of the features and extraction settings that it asks for: signatures that share it share features."""
        return json_sha256({"wanted": self.signature.wanted, "settings": self.signature.extraction.to_dict()})

    @cached_property
    def sha256(self) -> str:
        """Of the file's content: two files can have one id, and a file can be written anew under its name."""
        return json_sha256(self.signature.data)


class Scene:
    """State, desk and nodes of the current scene.

    Parameters
    ----------
    tag : str
        Singleton tag of the parameter node.
    on_change : callable
        Called after anything changed that the panel shows.
    on_leave : callable
        Called before the state is replaced; returns sentences on what was stopped.

    Attributes
    ----------
    state : PatientState
    desk : Desk
    token : int
        Name of `state`: another CT, scene or nothing on screen is another token.
    away : bool
        The scene is being closed or loaded: nothing is taken.
    problem : str
        What of the scene is not on this computer, a sentence; "" where nothing is missing.
    on_begin : list of callables
        Called when another patient has come on screen: each part of the session forgets what it knew.
    """

    def __init__(self, tag: str, on_change: Callable[[], None], on_leave: Callable[[], list[str]]):
        self._tag, self.on_change, self.on_leave = tag, on_change, on_leave
        self.on_begin: list[Callable[[], None]] = []
        self._chosen: Chosen | None = None
        self.problem = ""
        self.state, self.desk = PatientState(), Desk()
        self.token, self.away = 0, True
        self.shown_id = ""
        self._node, self._watching = None, 0
        self._known: tuple[str, ...] = ()

    def read(self) -> list[str]:
        """Take over what the scene holds; returns sentences on what was stopped, because it brought another patient."""
        said: list[str] = []
        self.let_go()
        self._node = parameter_node(self._tag)
        self._watching = self._node.AddObserver("ModifiedEvent", lambda node, event: self.on_change())
        state = self._saved(PatientState(units=self.state.units))
        if self.volume is None and self._is_of_a_ct(state):
            blank = PatientState(units=state.units)
            if state != blank:
                said.append("The CT of this scene's patient is not in it: what was entered for that CT was cleared.")
            state = blank
        self.away = False
        if _text(state) != _text(self.state) or self.shown_id != self._volume_id():
            said += self.on_leave()
            self.begin(state)
        self._take_desk()
        return said

    def _is_of_a_ct(self, state: PatientState) -> bool:
        """Whether a state that the scene holds belongs to a CT, and not to the first one that will be chosen."""
        return self._node.GetParameter(OF_A_CT) == "true" or any(getattr(state, name) for name in ONLY_OF_A_CT)

    def let_go(self) -> None:
        """Listen to the parameter node no more."""
        if self._watching:
            self._node.RemoveObserver(self._watching)
        self._watching = 0

    def follow(self) -> list[str] | None:
        """Take over what another panel of this scene has written; None where there is nothing new.

        Both write the one parameter node.  It is looked at once both are done, never in the middle of a change.
        """
        if self.away or (self._content() == self._known and self.shown_id == self._volume_id()):
            return None
        if self.shown_id != self._volume_id():
            return self.read()
        self.state = self._saved(self.state)
        self._take_desk()
        return []

    def _content(self) -> tuple[str, ...]:
        """What the node holds of state and desk."""
        return texts(self._node, [item.name for value in (self.state, self.desk) for item in fields(value)])

    def _take_desk(self) -> None:
        self.desk, self.problem = load(self._node, self.desk), ""
        self._known = self._content()
        try:
            signature.load(self.desk.signature)
        except PTLFError as error:
            self.problem = error.message
            self.desk = replace(self.desk, signature=Desk.signature)

    def _saved(self, default: PatientState) -> PatientState:
        """The state that the scene holds; one of version 0.1.0 is read and from then on written as ours."""
        state = load(self._node, default)
        earlier = {name: value for name, value in read(self._node, EARLIER).items() if value is not None}
        if not earlier and not set(EARLIER) & set(state.before):
            return state
        forget(self._node, EARLIER)
        given = read(self._node, [item.name for item in fields(state)])
        return replace(default, **of_an_earlier_scene({**given, **earlier}))

    def begin(self, state: PatientState) -> None:
        """The one place where another patient comes on screen."""
        self.token += 1
        self.state = state
        for let_go in self.on_begin:
            let_go()
        self.shown_id = "" if self.away else self._volume_id()

    def _volume_id(self) -> str:
        return "" if self.volume is None else self.volume.GetID()

    def update(self, token: int | None = None, **changes: Any) -> bool:
        """Change state or desk and save both in the scene.

        Parameters
        ----------
        token : int, optional
            What comes late names the state that it was meant for.

        Returns
        -------
        bool
            False where it was meant for another patient, or the scene is being closed or loaded: nothing was taken.
        """
        if self.away or token not in (None, self.token):
            return False
        if "sign_off" in changes:
            fell = {"sign_off_fell": {}} if changes["sign_off"] else self.state.without_sign_off(FellWhy.CASE)
            changes = {**fell, **changes}
        desk = {name: changes.pop(name) for name in DESK & changes.keys()}
        if "signature" in desk:
            self._chosen = None  # chosen once more, it is read once more
        before, self.state, self.desk = self.state, replace(self.state, **changes), replace(self.desk, **desk)
        if self.state.sign_off and _inputs(self.state) != _inputs(before):
            self.state = replace(self.state, **self.state.without_sign_off(FellWhy.INPUT))
        self.save()
        self.on_change()
        return True

    def save(self) -> None:
        save(self._node, self.state)
        save(self._node, self.desk)
        of_a_ct = "true" if self.shown_id else "false"
        if self._node.GetParameter(OF_A_CT) != of_a_ct:
            self._node.SetParameter(OF_A_CT, of_a_ct)
        self._known = self._content()

    # Nodes

    def node(self, role: str):
        return referred(self._node, role)

    def refer(self, role: str, node) -> None:
        refer(self._node, role, node)

    @property
    def volume(self):
        return self.node(CT_ROLE)

    @property
    def segmentation(self):
        return self.node(SEGMENTS_ROLE)

    @property
    def automatic(self):
        """Hidden copy of what the model drew; it belongs to the segmentation and goes with it."""
        return mrml_segments.automatic_of(self.segmentation)

    # Signature

    @property
    def chosen(self) -> Chosen:
        if self._chosen is None or self._chosen.spec != self.desk.signature:
            self._chosen = Chosen(self.desk.signature, signature.load(self.desk.signature))
        return self._chosen

    @property
    def signature(self) -> Signature:
        return self.chosen.signature


def _inputs(state: PatientState) -> tuple:
    """What a result is of beside CT and segments; a unit counts where a value is read in it."""
    units = {name: state.units.get(name) for name in state.values}
    return state.values, units, state.answers, state.phase, state.mask_origin


def hide(node) -> None:
    """Show a segmentation no longer, where it is shown at all."""
    if node is not None and node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetVisibility(False)


def _text(state: PatientState) -> str:
    """What a scene keeps of a state, in which lists and tuples are the same."""
    return json.dumps(vars(state), sort_keys=True)
