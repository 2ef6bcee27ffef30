"""Everything on the panel that is worth keeping, as two typed values that are saved with the scene.

`PatientState` belongs to the CT on screen and is replaced whole when another one is chosen; `Desk` belongs to the
person in front of the panel and stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..confirmation import now
from ..ct import Finding
from ..errors import BadInput
from ..measures.radiomics import DEFAULT_ENGINE, FeatureVector
from ..record import SegmentsKind
from ..segmentation.how import How
from ..vois import IN_FILES, VOI


class StaleWhy(StrEnum):
    """Why a result does not belong to what is on screen."""

    NOT_COMPUTED = "not computed"
    NO_SEGMENTS = "no segments"
    SEGMENTS_CHANGED = "segments changed"
    OTHER_FEATURES = "other features"
    OTHER_ENGINE = "other engine"
    CT_CHANGED = "CT changed"
    CT_UNUSABLE = "CT unusable"


_STALE_WORDS = {
    StaleWhy.NOT_COMPUTED: "not computed",
    StaleWhy.NO_SEGMENTS: "there are no segments",
    StaleWhy.SEGMENTS_CHANGED: "the segments were changed after it was computed",
    StaleWhy.OTHER_FEATURES: "the chosen signature asks for other features",
    StaleWhy.OTHER_ENGINE: "another engine was chosen after it was computed",
    StaleWhy.CT_CHANGED: "the CT was changed after it was computed",
}


@dataclass(frozen=True)
class Stale:
    """A result that does not belong to what is on screen, and why.

    Parameters
    ----------
    why : StaleWhy
    words : str
        Of a CT that cannot be used, the sentence that says so.
    """

    why: StaleWhy
    words: str = ""

    @property
    def reason(self) -> str:
        """Why, to stand within a sentence."""
        return self.words or _STALE_WORDS[self.why]


class FellWhy(StrEnum):
    """Why a sign-off covers the case on screen no longer."""

    EDITED = "edited"
    LESIONS = "lesions"
    RESTORED = "restored"
    NEW_RUN = "new run"
    OTHER_SEGMENTS = "other segments"
    CT_CHANGED = "CT changed"
    OTHER_SLICES = "other slices"
    SIGNATURE = "signature"
    ANSWERS = "answers"
    INPUT = "input"
    CASE = "case"


@dataclass(frozen=True)
class Computed:
    """Features of one pair of CT and segments, and what they belong to.

    Parameters
    ----------
    hashes : mapping
        `mrml.segments.content_hashes` of the segments that were computed on.
    image : str
        SHA-256 of the canonical CT.
    recipe : str
        SHA-256 of what was asked for (features and extraction settings): signatures that share it share features.
    engine : str
    vectors : mapping of VOI to FeatureVector
    findings : tuple of Finding
        Of CT and segments.
    volumes_ml : mapping
    seconds : float
    """

    hashes: Mapping[str, str]
    image: str
    recipe: str
    engine: str
    vectors: Mapping[VOI, FeatureVector]
    findings: tuple[Finding, ...]
    volumes_ml: Mapping[str, float]
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("image", "recipe", "engine", "seconds")},
            "hashes": dict(self.hashes),
            "volumes_ml": dict(self.volumes_ml),
            "vectors": [vector.to_dict() for vector in self.vectors.values()],
            "findings": [finding.to_dict() for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Computed:
        vectors = {_voi(item["voi"]): FeatureVector.from_dict(item) for item in data["vectors"]}
        return cls(
            **{
                **data,
                "vectors": vectors,
                "findings": tuple(Finding.from_dict(item) for item in data["findings"]),
            }
        )


def _voi(name: str) -> VOI:
    """Scenes of version 0.1.0 keep the paper's name for the parenchyma."""
    return VOI.of_file(name) if name in IN_FILES else VOI(name)


@dataclass(frozen=True)
class PatientState:
    """What belongs to the CT on screen; JSON-ready fields, each with the default of a CT that was just chosen.

    Parameters
    ----------
    values : dict
        What was entered, by the id of the signature's entry: a number as typed, or a level; only what is a value.
    units : dict
        In which unit `values` and fields are, by entry; its own where it is not in it.  Stays from patient to patient.
    refused : dict
        What stands in a field and is no value: ``{"ALB": {"text": "4.36", "why": "Albumin 4.36 g/L ..."}}``.
    answers : dict
        Eligibility answers by criterion.
    criteria, phase, mask_origin : dict
        What a reader has answered: ``value``, ``reader``, ``time``; empty while nobody has. `phase` also has the
        ``measured`` values and the ``image`` (SHA-256) that it is about, `mask_origin` is "hand" or "model:ID".
    what_if, what_if_refused : dict
        Values by entry, each in its entry's own unit, and the Radscore while a what-if is on, empty while it is off;
        and `refused` of its fields.
    scenarios : list
        What-ifs that were pinned: of each, by entry, what is other than the patient's, and a Radscore that was typed.
    computed : dict
        `Computed.to_dict` by kind.
    written : dict
        Content hashes that the last run wrote: the segments are edited where theirs differ.
    origin, second_origin : dict
        `Origin.to_dict` of the segments, and of a later run's segments that wait beside edited ones.
    edited_here : bool
        Whether segments of the scene were edited after they were taken: no copy shows it.
    left_out : dict
        ``reader`` and ``time`` of whoever left a lesion out last; empty where nobody gave a name.
    adoption : list
        Findings (`Finding.to_dict`) on how segments from the scene came to lie on this CT.
    sign_off : dict
        ``reader``, ``time``, and what it covers: content ``hashes`` and ``image``; empty without one.
    sign_off_fell : dict
        ``reader`` and ``time`` of the last sign-off, ``why`` (`FellWhy`) and ``when`` it fell, and, of an edit, the
        ``segments`` that were edited; empty while none has fallen, and with the next sign-off.
    before : dict
        The state beside the same CT's other slices, thin or in slabs, for the way there and back.
    terms_of : str
        Whose terms are listed; "" follows the patient's own result.
    """

    values: dict = field(default_factory=dict)
    units: dict = field(default_factory=dict)
    refused: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    criteria: dict = field(default_factory=dict)
    phase: dict = field(default_factory=dict)
    mask_origin: dict = field(default_factory=dict)
    what_if: dict = field(default_factory=dict)
    what_if_refused: dict = field(default_factory=dict)
    scenarios: list = field(default_factory=list)
    computed: dict = field(default_factory=dict)
    written: dict = field(default_factory=dict)
    origin: dict = field(default_factory=dict)
    second_origin: dict = field(default_factory=dict)
    edited_here: bool = False
    left_out: dict = field(default_factory=dict)
    adoption: list = field(default_factory=list)
    sign_off: dict = field(default_factory=dict)
    sign_off_fell: dict = field(default_factory=dict)
    before: dict = field(default_factory=dict)
    terms_of: str = ""

    def of(self, kind: SegmentsKind) -> Computed | None:
        """What was computed on segments of one kind; read once, though a refresh asks some seventy times."""
        data = self.computed.get(kind)
        return None if data is None else _computed(data)

    def without_sign_off(self, why: FellWhy, segments: Sequence[str] = ()) -> dict[str, dict]:
        """What of the state changes when the sign-off falls; where there is none, the last one's fall stays known."""
        fell = self.sign_off_fell
        if self.sign_off:
            name, time = (self.sign_off[key] for key in ("reader", "time"))
            fell = {"reader": name, "time": time, "why": str(why), "when": now(), "segments": list(segments)}
        return {"sign_off": {}, "sign_off_fell": fell}


_READ: dict[int, tuple[Mapping, Computed]] = {}


def _computed(data: Mapping[str, Any]) -> Computed:
    """`Computed.from_dict`, once for each dict: a refresh asks dozens of times, and no state changes its dicts."""
    if data is not _READ.get(id(data), (None,))[0]:
        if len(_READ) >= len(SegmentsKind):
            _READ.clear()
        _READ[id(data)] = data, Computed.from_dict(data)
    return _READ[id(data)][1]


EARLIER = ("alb", "alb_unit", "inr")
"""Fields of a patient in scenes of version 0.1.0, which knew no other entries than albumin and INR."""


def of_an_earlier_scene(data: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `PatientState`, with what version 0.1.0 saved under other names."""
    kept = {name: value for name, value in data.items() if name not in EARLIER}
    given = {"ALB": data.get("alb"), "INR": data.get("inr")}
    if "values" not in kept:
        kept["values"] = {name: value for name, value in given.items() if value is not None}
    if "units" not in kept and data.get("alb_unit"):
        kept["units"] = {"ALB": data["alb_unit"]}
    if kept.get("before"):
        kept["before"] = of_an_earlier_scene(kept["before"])
    return kept


@dataclass(frozen=True)
class Desk:
    """What the person in front of the panel has chosen, whoever the patient is.

    Parameters
    ----------
    signature_before : str
        What was chosen before a demo signature, for the way back.
    """

    signature: str = "ptlf-published"
    signature_before: str = ""
    model: str = ""
    device: str = How.device
    runtime: str = How.runtime
    precision: str = How.precision
    mirroring: str | None = None
    tile_step: float | None = None
    engine: str = DEFAULT_ENGINE
    demonstration: bool = False
    reader: str = ""
    closed_sections: list = field(default_factory=lambda: ["radscore", "nomogram", "report"])

    @property
    def how(self) -> How:
        """How the model draws."""
        try:
            return How(self.device, self.runtime, self.precision, self.mirroring, self.tile_step)
        except BadInput:  # saved by another version: it knows other words
            return How(self.device)
