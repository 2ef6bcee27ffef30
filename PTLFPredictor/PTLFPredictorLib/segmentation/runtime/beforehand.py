"""What will compute a model's networks, said before a run: on the thread of a window, so nothing large is read."""

from __future__ import annotations

from ...errors import PTLFError
from .. import device as devices
from ..how import How, Runtime
from ..model import Model
from . import converted
from .choice import Choice, choose
from .compiled import installed

FIRST = (
    "OpenVINO: the model will first be converted on this computer and compared with PyTorch, which takes a minute or "
    "so. The times said here are those after the conversion."
)

UNKNOWN = (
    "OpenVINO: a model that was not converted on this computer yet is first, and compared with PyTorch, which takes a "
    "minute or so. The times said here are those after the conversion."
)


def words(model: Model, how: How, device: str) -> str:
    """Whether OpenVINO will draw, and what differed from PyTorch when the model was converted.

    Parameters
    ----------
    model : Model
    how : How
    device : str
        That was found for the run; "" while it is looked for.

    Returns
    -------
    str
        Sentences; "" where PyTorch alone is there to draw, or whoever draws says what is wrong.
    """
    asked = how.runtime is Runtime.OPENVINO
    if not installed() or how.runtime is Runtime.TORCH or (device != "cpu" and not asked):
        return ""
    if not all(step.sha256 for step in model.steps):
        return UNKNOWN if asked else ""
    try:
        found = [choose(how, devices.Device("cpu", ""), key, model.id, read=False) for key in keys(model)]
    except PTLFError:
        return ""
    if asked and any(one.found is None for one in found):
        return FIRST
    return "\n".join(dict.fromkeys(filter(None, map(_said, found))))


def _said(found: Choice) -> str:
    if found.found is None:
        return found.why
    return f"{found.why} It was converted on this computer."


def keys(model: Model) -> list[str]:
    """Of each step's converted network."""
    return [converted.key_of(step.sha256, step.configuration, step.folds) for step in model.steps]


def state(model: Model) -> tuple[object, ...]:
    """Changes when a network of the model was converted, or forgotten."""
    found = []
    for key in keys(model):
        try:
            found.append((converted.base() / key / converted.FACTS).stat().st_mtime_ns)
        except OSError:
            found.append(None)
    return tuple(found)
