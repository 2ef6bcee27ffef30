"""Records of version 0.1.0 (``ptlf-result/1``) as records of today: the same content under today's keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..signature import ScoreState

_NAMED = (ScoreState.COMPUTED, ScoreState.RELATIVE, ScoreState.DEMONSTRATION)
"""States that were their own word in version 0.1.0; any other word was that of a reference scale."""

RESULT_1 = "ptlf-result/1"

LABORATORY = {"ALB": ("alb_g_per_l", "Albumin", "g/L"), "INR": ("inr", "INR", "")}
"""The two values that a signature of version 0.1.0 could ask for: id -> (old key, label, unit)."""


def from_result_1(data: Mapping[str, Any]) -> dict[str, Any]:
    """A record of ``ptlf-result/1`` with the keys of ``ptlf-result/2``; KeyError or TypeError where it is broken.

    ``input.laboratory`` becomes ``input.values``; what the first records did not have yet is null or empty.
    """
    given, eligibility, segmentation = data["input"], data["eligibility"], data["segmentation"]
    laboratory = given["laboratory"]
    values = [
        {"id": name, "label": label, "value": laboratory[key], "unit": unit}
        for name, (key, label, unit) in LABORATORY.items()
    ]
    what_if, ct = data["what_if"], {"to_protocol": None, "sample": None, **given["ct"]}
    ct["phase"] = {"header": None, "confirmed": None, **ct["phase"]}
    return {
        **data,
        "input": {**{name: item for name, item in given.items() if name != "laboratory"}, "ct": ct, "values": values},
        "eligibility": {"answered": None, **eligibility},
        "segmentation": {"lesions": None, **segmentation},
        "radscore": _with_state(data["radscore"]),
        "prediction": _with_bands(data["prediction"]),
        "what_if": None if what_if is None else _with_bands(what_if),
    }


def _with_state(radscore: Mapping[str, Any]) -> dict[str, Any]:
    """The state that version 0.1.0 told in its sentence alone."""
    status, shown = radscore["status"], radscore["value"] is not None
    if shown:
        state = status if status in _NAMED else ScoreState.REFERENCE
    else:
        state = ScoreState.WITHHELD if status.startswith("withheld") else ScoreState.NOT_COMPUTABLE
    return {"state": str(state), **radscore}


def _with_bands(prediction: Mapping[str, Any]) -> dict[str, Any]:
    return {"bands": [], "assumes": "", **prediction}
