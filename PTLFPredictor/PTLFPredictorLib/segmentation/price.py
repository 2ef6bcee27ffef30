"""What a choice of how a model draws costs on a CT, and what is known of what it changes, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import PTLFError
from . import effects, effort
from .effort import Work
from .how import AS_THE_MODEL, How, Mirroring
from .model import Model


def chosen(model: Model, how: How) -> How:
    """Of what is chosen, that which the model would not do by itself.

    Raises
    ------
    UnusableModel
        When the plans cannot be read.
    """
    steps = model.steps
    if how.mirroring is not None and all(effort.mirroring(s, how) == effort.mirroring(s) for s in steps):
        how = replace(how, mirroring=None)
    if how.tile_step is not None and all(how.tile_step == step.tile_step for step in steps):
        how = replace(how, tile_step=None)
    return how


def otherwise(model: Model, how: How) -> dict[str, Any]:
    """What of a choice makes other masks than the model's own, by name; empty where nothing does."""
    how = chosen(model, how)
    found: dict[str, Any] = {"mirroring": how.mirroring, "tile_step": how.tile_step}
    if how.precision is not AS_THE_MODEL.precision:
        found["precision"] = how.precision
    return {name: value for name, value in found.items() if value is not None}


def notice(choice: Mapping[str, Any]) -> str:
    """What a record and whoever draws is told of `otherwise`."""
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in choice.items())
    return f"The model draws otherwise than by itself ({told}): evidence on its own masks says nothing of these."


def is_own(how: How) -> bool:
    """Whether tiles and mirroring are the model's own."""
    return how.mirroring is None and how.tile_step is None


def words(model: Model, size_xyz: Sequence[int], spacing_xyz: Sequence[float], how: How) -> str:
    """Tiles and passes on this CT, against the model's own way; and what is known of what that changes.

    Parameters
    ----------
    model : Model
    size_xyz, spacing_xyz : sequence
        Of the CT, mm.
    how : How

    Returns
    -------
    str
        Sentences; "" where the model's plans cannot be read: whoever draws says why.
    """
    try:
        not_done = unmirrored(model, how)
        how = chosen(model, how)
        work, own = (effort.work(model, size_xyz, spacing_xyz, one) for one in (how, AS_THE_MODEL))
    except PTLFError:
        return ""
    if is_own(how):
        return " ".join(filter(None, [not_done, f"This CT takes {_amount(own)}."]))
    effect = effects.known(model, how)
    told = f"This CT takes {_amount(work)}; as the model has it, {own.passes:,} over {own.tiles:,}."
    if effect is None:
        known = f"What that changes in the labels was not measured; '{_command(model, how)}' measures it."
    else:
        known = effect.words
        known += f" '{_command(model, how)} --ct PATH' measures it on yours." if effect.is_of_sample else ""
    return " ".join(filter(None, [not_done, told, known]))


def unmirrored(model: Model, how: How) -> str:
    """That a mirroring was chosen which no step's training knew; "" else.

    Raises
    ------
    UnusableModel
        When the plans cannot be read.
    """
    if how.mirroring in (None, Mirroring.NONE):
        return ""
    if any(effort.mirroring(step, how) is not Mirroring.NONE for step in model.steps):
        return ""
    return f"The model's training allows no mirroring '{how.mirroring}': it draws without."


def _command(model: Model, how: How) -> str:
    """What measures it."""
    given = f" --mirroring {how.mirroring}" if how.mirroring else ""
    given += f" --tile-step {how.tile_step:g}" if how.tile_step else ""
    return f"ptlf models measure {model.id}{given}"


def _amount(work: Work) -> str:
    passes = f"{work.passes:,} pass{'' if work.passes == 1 else 'es'} of the network"
    return f"{passes} over {work.tiles:,} tile{'' if work.tiles == 1 else 's'}"
