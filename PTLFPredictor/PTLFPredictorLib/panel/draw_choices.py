"""In Advanced of section 2: how a model draws, and what that costs and changes on this CT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from ..errors import PTLFError
from ..segmentation import effort, measuring, price
from ..segmentation.how import AS_THE_MODEL, How, Mirroring, Precision, Runtime
from ..segmentation.model import Model
from ..segmentation.runtime import beforehand
from . import run_times
from .choices import Choices
from .widgets import say

Size = tuple[list[int], list[float]]
"""Voxels and mm of a CT, x, y, z."""


class DrawChoices:
    """The list boxes below the device's, and the sentences below them.

    Parameters
    ----------
    ui : namespace of widgets
    on_choice : callable
        Called with the changed field of `How`.
    """

    def __init__(self, ui, on_choice: Callable[..., None]):
        self._ui = ui
        self._mirroring = Choices(ui.mirroringSelector, lambda value: on_choice(mirroring=value))
        self._step = Choices(ui.stepSelector, lambda value: on_choice(tile_step=value))
        runtimes = zip(Runtime, (_("Automatic"), "PyTorch", "OpenVINO"), strict=True)
        self._runtime = Choices(ui.runtimeSelector, lambda value: on_choice(runtime=value), runtimes)
        precisions = zip(Precision, (_("32 bits"), _("16 bits (bfloat16)")), strict=True)
        self._precision = Choices(ui.precisionSelector, lambda value: on_choice(precision=value), precisions)
        self._offered: Model | None = None
        self._said: tuple[Any, str] = (None, "")

    def refresh(
        self,
        model: Model | None,
        of: Size | None,
        how: How,
        expected: run_times.Expected,
        otherwise: Callable[[How], run_times.Expected],
        busy: bool,
        device: str = "",
    ) -> None:
        """Show what is chosen of a model, for a CT.

        Parameters
        ----------
        model : Model, optional
        of : Size, optional
            Of the CT on screen.
        how : How
        expected : run_times.Expected
            What a run is expected to take.
        otherwise : callable
            What it is expected to take as chosen otherwise.
        busy : bool
            A run goes on: nothing can be chosen.
        device : str
            That a run takes; "" while it is looked for.
        """
        ui = self._ui
        if model != self._offered or not self._step.values:
            self._offer(model)
        self._mirroring.show(how.mirroring)
        self._step.show(how.tile_step)
        for choices, box in ((self._mirroring, ui.mirroringSelector), (self._step, ui.stepSelector)):
            box.enabled = not busy and len(choices.values) > 1
        self._runtime.show(how.runtime)
        self._precision.show(how.precision)
        ui.runtimeSelector.enabled = not busy
        ui.precisionSelector.enabled = not busy and how.runtime is not Runtime.TORCH
        kept = () if model is None else beforehand.state(model)
        key = (model, of, how, expected, device, kept)
        if self._said[0] != key:
            said = [] if model is None else [beforehand.words(model, how, device)]
            if model is not None and of is not None:
                said.append(_words(model, of, how, expected, otherwise(AS_THE_MODEL)))
            self._said = key, "\n".join(filter(None, said))
        say(ui.choiceWords, self._said[1])

    def _offer(self, model: Model | None) -> None:
        """Fill the lists with what this model leaves to choose."""
        choices: list[How] = []
        steps = mirrored = ""
        if model is not None:
            try:
                choices, mirrored = measuring.standard(model), _mirrored(model)
                steps = ", ".join(dict.fromkeys(f"{step.tile_step:g}" for step in model.steps))
            except PTLFError:  # whoever draws says why the model cannot be used
                pass
        wanted = sorted(how.tile_step for how in choices if how.tile_step)
        self._step.fill([(None, _own(steps)), *((step, _step_words(step)) for step in wanted)])
        entries = [(how.mirroring, _mirroring_words(how.mirroring)) for how in choices if how.mirroring]
        self._mirroring.fill([(None, _own(mirrored)), *entries])
        self._offered = model


def _own(what: str) -> str:
    """The first entry of a list."""
    return _("As the model has it ({what})").format(what=what) if what else _("As the model has it")


def _mirrored(model: Model) -> str:
    """What a model mirrors by itself."""
    found = dict.fromkeys(effort.mirroring(step) for step in model.steps)
    return ", ".join(_mirroring_words(mirroring).lower() for mirroring in found)


def _mirroring_words(mirroring: Mirroring) -> str:
    return {
        Mirroring.NONE: _("None"),
        Mirroring.LEFT_RIGHT: _("Left and right"),
        Mirroring.ALL: _("All axes"),
    }[mirroring]


def _step_words(step: float) -> str:
    overlap = round(100 * (1 - step))
    return _("{step}: tiles overlap by {overlap} %").format(step=f"{step:g}", overlap=overlap)


def _words(model: Model, of: Size, how: How, expected: run_times.Expected, own: run_times.Expected) -> str:
    said = price.words(model, *of, how)
    if not said or not expected.known or price.is_own(price.chosen(model, how)):
        return said
    times = _("About {time} for this CT instead of {own}.")
    times = times.format(time=run_times.duration(expected.seconds), own=run_times.duration(own.seconds))
    return f"{times} {said}"
