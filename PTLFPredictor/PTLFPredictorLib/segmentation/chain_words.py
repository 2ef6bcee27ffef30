"""What a chain of networks did, in words: which step drew what, and what of it a reader must know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..ct import Finding, Level
from .lesions import ml_text
from .names import Role
from .origin import Drawn, Origin

if TYPE_CHECKING:
    from .model import Model

MOSTLY = 0.5
"""Share of a step's tumour outside the liver from which a reader is asked to look."""

DRAWS = {
    (True, False): "the liver",
    (False, True): "the tumours",
    (True, True): "the liver and its tumours",
}
"""Whether a step has labels of the liver, and of tumours."""


def in_words(name: str) -> str:
    """A step's name as a word: "liver-lesions" -> "Liver lesions"."""
    return name.replace("_", " ").replace("-", " ").capitalize()


def steps_of(origin: Origin) -> list[dict[str, Any]]:
    """The steps of the model that drew segments, with what the run said of each where it is known; none of others."""
    model = origin.model or {}
    run = {step["name"]: step for step in origin.run.get("steps", ())}
    return [{**step, **run.get(step["name"], {})} for step in model.get("steps", ())]


def lines(origin: Origin) -> tuple[str, ...]:
    """Which step drew what, a sentence or two for each."""
    return tuple(_line(step) for step in steps_of(origin))


def planned(model: Model) -> tuple[str, ...]:
    """Which step of a chain draws what, and where it looks."""
    return tuple(
        f"{_head(step.name, step.title)} draws {_draws(step.label_roles)} in {_place(step.crop and asdict(step.crop))}."
        for step in model.chain
    )


def _line(step: Mapping[str, Any]) -> str:
    head = _head(step["name"], step["title"])
    if "skipped" in step:
        return f"{head} did not run: {step['skipped']}."
    line = f"{head} drew {_draws(step['roles'])}"
    if "volumes_ml" not in step:
        return f"{line}."
    line += f": {ml_text(sum(step['volumes_ml'].values()))} in {_place(step.get('crop'))}."
    return f"{line} {_beyond(step)}".rstrip()


def _head(name: str, title: str) -> str:
    return f"{in_words(name)} ({title})"


def _draws(roles: Mapping[str, Any]) -> str:
    return DRAWS[bool(roles.get(Role.PARENCHYMA)), bool(roles.get(Role.TUMOUR))]


def _place(crop: Mapping[str, Any] | None) -> str:
    return "the whole CT" if crop is None else f"the box {crop['margin_mm']:g} mm around '{in_words(crop['of'])}'"


def _left_out(step: Mapping[str, Any]) -> str:
    if not step.get("dropped_pieces"):
        return ""
    amount = ml_text(step["dropped_ml"])
    if step["dropped_pieces"] == 1:
        return f"A piece of {amount} touches the liver nowhere and was left out."
    return f"{step['dropped_pieces']} pieces, {amount} in all, touch the liver nowhere and were left out."


def _beyond(step: Mapping[str, Any]) -> str:
    if not step.get("beyond_ml"):
        return ""
    return f"{ml_text(step['beyond_ml'])} of it lies outside of what was drawn as liver and counts into the liver."


def findings(origin: Origin) -> tuple[Finding, ...]:
    """What the model's steps mean for what may be shown; nothing of segments that no model drew."""
    if origin.drawn is not Drawn.MODEL:
        return ()
    found = []
    steps = steps_of(origin)
    for step in steps:
        name, values = in_words(step["name"]), {"step": step["name"]}
        if "skipped" in step:
            message = f"The step '{name}' did not run: {step['skipped']}. What it draws is missing."
            found.append(Finding("step_skipped", Level.WITHHOLD, message, values))
        if text := _left_out(step):
            values |= {"dropped_ml": step["dropped_ml"], "pieces": step["dropped_pieces"]}
            found.append(Finding("tumor_left_out", Level.WARN, f"{name}: {text}", values))
        kept = step.get("volumes_ml", {}).get(Role.TUMOUR, 0.0) - step.get("dropped_ml", 0.0)
        if step.get("beyond_ml", 0.0) > MOSTLY * kept:
            beyond = f"{ml_text(step['beyond_ml'])} of {ml_text(kept)}"
            message = f"{name}: {beyond} lie outside of what was drawn as liver. Does that belong to the liver?"
            found.append(Finding("tumor_beyond_liver", Level.WARN, message, {**values, "beyond_ml": step["beyond_ml"]}))
    if says := _says(origin, steps):
        found.append(Finding("model_said", Level.WARN, says, {"model": origin.model["id"]}))
    return tuple(found)


def _says(origin: Origin, steps: list[dict[str, Any]]) -> str:
    """What the model's own words warn of; where it is not for patients, `provenance` says its warning."""
    model = origin.model or {}
    warning = model.get("warning", "") if model.get("for_patients") else ""
    return " ".join(filter(None, (warning, *(_said(step) for step in steps))))


def _said(step: Mapping[str, Any]) -> str:
    return f"{in_words(step['name'])}: {step['says']}" if step.get("says") else ""
