"""Signature files of schema 1, whose predictors were ALB, INR and Radscore: converted to schema 2.

No number changes.  What stood in the program then (units and plausible values of albumin and INR, rulers and ticks of
the nomogram) is written into the file.  Evidence that is valid stays valid, and void evidence stays void.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import BadInput
from ...hashes import json_sha256
from .. import evidence_block, scales
from ..reader import Reader

SCHEMA = "ptlf-signature/1"

PREDICTORS = (
    {
        "id": "ALB",
        "kind": "continuous",
        "source": "entered",
        "quantity": "albumin",
        "unit": "g/L",
        "range": [15.0, 60.0],
        "units": [{"unit": "g/dL", "factor": 10.0}],
    },
    {
        "id": "INR",
        "kind": "continuous",
        "source": "entered",
        "quantity": "inr",
        "unit": "1",
        "range": [0.5, 6.0],
    },
    {"id": "Radscore", "kind": "continuous", "source": "radscore", "unit": "1"},
)

NAMES = tuple(predictor["id"] for predictor in PREDICTORS)

COVERED = (
    "input",
    "voi_source",
    "extraction",
    "radscore_intercept",
    "normalisation",
    "risk_model",
    "nomogram",
    "development_ranges",
    "eligibility",
    "limits",
)
"""Entries of a file of schema 1 that the hash of its evidence covers whole."""


@dataclass(frozen=True)
class Upgraded:
    """A file in schema 2, and what of it became what, in sentences."""

    data: dict[str, Any]
    became: tuple[str, ...]


def upgrade(data: Mapping[str, Any]) -> Upgraded:
    """A file of schema 1 in schema 2.

    Raises
    ------
    BadInput
        Where what must be converted is not there; the other entries are checked when the result is read.
    """
    root = Reader(data)
    risk_model, about, nomogram = root.sub("risk_model"), root.sub("outcome"), root.sub("nomogram")
    root.sequence("terms", at_least=1)
    axes = nomogram.sub("axes")
    labels = {name: axes.sub(name).named("label") for name in NAMES}
    made: dict[str, Any] = {}
    for key, value in copy.deepcopy(dict(data)).items():
        if key == "terms":
            made["predictors"] = [{**one, "label": labels[one["id"]]} for one in copy.deepcopy(PREDICTORS)]
            made["terms"] = _terms(root)
        elif key == "outcome":
            made["outcome"] = _outcome(about.data, risk_model.data)
        elif key == "nomogram":
            made["nomogram"] = _nomogram(nomogram, risk_model.sub("coefficients"))
        elif key == "development_ranges":
            made[key] = {name: one for name, one in root.mapping(key).items() if name in (*NAMES, "origin", "how")}
        elif key not in ("risk_model", "predictors"):
            made[key] = value
    made["schema"] = "ptlf-signature/2"
    made["notes"] = _notes(root)
    became = [
        "Schema 1 became schema 2; no number was changed.",
        f"'predictors' are now data: {', '.join(labels.values())}, with their units and plausible values.",
        "'risk_model' now stands in 'outcome', whose kind is logistic.",
        f"'terms' now name their measure (radiomics) and phase ({_phase(root) or 'any that the signature takes'}).",
        "'nomogram' now holds the rulers of points and total, the ticks of the risk, and each axis's rule of ticks.",
    ]
    if root.has("evidence"):
        became.append(_seal(data, made))
    return Upgraded(json.loads(json.dumps(made)), tuple(became))


def in_its_names(message: str) -> str:
    """A sentence on an entry of schema 2 with the name that it has in schema 1."""
    for name in ("intercept", "coefficients", "covariance"):
        message = message.replace(f"'outcome.{name}", f"'risk_model.{name}")
    return message


def content_sha256(data: Mapping[str, Any]) -> str:
    """The hash of evidence as schema 1 had it."""
    terms = [[term.get(name) for name in ("voi", "feature", "coefficient")] for term in data["terms"]]
    outcome = {name: data["outcome"].get(name) for name in ("name", "horizon")}
    covered = {name: data.get(name) for name in COVERED}
    block = evidence_block.without_hash(data["evidence"])
    return json_sha256(evidence_block.plain({**covered, "terms": terms, "outcome": outcome, "evidence": block}))


def _seal(data: Mapping[str, Any], made: dict[str, Any]) -> str:
    """Valid evidence is bound to the numbers as they stand now; void evidence keeps its hash, which fits nothing."""
    if Reader(data).sub("evidence").data.get("content_sha256") != content_sha256(data):
        return "'evidence' was void, and is."
    made["evidence"]["content_sha256"] = evidence_block.content_sha256(json.loads(json.dumps(made)))
    return "'evidence' was valid, and is; its hash is now over the entries of schema 2."


def _terms(root: Reader) -> list[dict[str, Any]]:
    phase = _phase(root)
    own = {"measure": "radiomics", "phase": phase}
    return [{**own, **term.data, **own} for term in root.children("terms", at_least=1)]


def _outcome(about: Mapping[str, Any], risk_model: Mapping[str, Any]) -> dict[str, Any]:
    """What the risk is of, then the model; an entry of the one never takes the place of the other's."""
    of_model = ("intercept", "coefficients", "covariance")
    named = {key: value for key, value in about.items() if key not in of_model} | {"kind": "logistic"}
    return {**named, **{key: value for key, value in copy.deepcopy(dict(risk_model)).items() if key not in named}}


def _phase(root: Reader) -> str | None:
    """The phase of the terms' CT, where the signature takes one alone."""
    phases = root.sub("input").sequence("phase", at_least=1)
    return phases[0] if len(phases) == 1 else None


def _nomogram(entry: Reader, coefficients: Reader) -> dict[str, Any]:
    per_logit = entry.number("points_per_logit", above=0)
    axes, most = {}, {}
    for name in NAMES:
        axis, coefficient = entry.sub("axes").sub(name), coefficients.sub(name).number("value")
        zero = axis.number("zero_points_at")
        most[name] = max(0.0, *(coefficient * (end - zero) * per_logit for end in axis.pair("range")))
        kept = {key: value for key, value in axis.data.items() if key != "label"}
        axes[name] = {**kept, "tick_rule": "multiples and ends"}
    if not any(most.values()):
        raise BadInput(f"{entry.where('axes')} has no axis with points above 0.")
    kept = {key: value for key, value in entry.data.items() if key != "axes"}
    return {**kept, **scales.rulers(most), "axes": axes}


def _notes(root: Reader) -> list[dict[str, Any]]:
    """The note on albumin's direction stands beside its axis."""
    notes: Sequence[Reader] = list(root.children("notes"))
    plain = [{key: value for key, value in note.data.items() if key != "predictor"} for note in notes]
    return [{**note, "predictor": "ALB"} if note.get("id") == "alb_direction" else note for note in plain]
