"""Measure what choices of how a model draws change in its labels, on one CT (`effects`)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from .. import child
from ..errors import BadInput
from ..progress import Progress, no_progress
from . import effort, price
from .effects import Effect, differing
from .how import How, Mirroring, Runtime
from .model import Model
from .run import SegmentationResult, Segmenter

TILE_STEPS = (0.75, 1.0)
"""That are measured where none is named."""


def standard(model: Model, device: str = "auto") -> list[How]:
    """The choices that a model has beside its own way: `TILE_STEPS`, and each mirroring that its training allows."""
    told = [How(device, tile_step=step) for step in TILE_STEPS]
    told += [How(device, mirroring=mirroring) for mirroring in Mirroring]
    found: list[How] = []
    for how in told:
        how = price.chosen(model, how)
        done = [effort.mirroring(step, how) for step in model.steps]
        followed = how.mirroring is None or any(one is how.mirroring for one in done)
        if not price.is_own(how) and followed:
            found.append(how)
    return found


def measure(
    model: Model,
    ct: sitk.Image,
    of: str,
    choices: Sequence[How],
    *,
    progress: Progress = no_progress,
    on_event: Callable[[child.Event], None] = lambda event: None,
) -> Iterator[Effect]:
    """Draw in the model's own way, and as chosen: one effect for each choice.

    Parameters
    ----------
    model : Model
    ct : sitk.Image
        HU; the canonical CT.
    of : str
        What it is, in words without a name: they are kept.
    choices : sequence of How
        On one device.
    progress, on_event
        As `run.segment` takes them.

    Raises
    ------
    BadInput
        Where a choice is the model's own way.
    PTLFError
        As `run.segment` raises it.
    """
    asked = []
    for how in choices:
        changed = price.chosen(model, how)
        changed = replace(changed, runtime=Runtime.TORCH) if changed.runtime is Runtime.AUTO else changed
        if price.is_own(changed) and changed.runtime is Runtime.TORCH:
            raise BadInput(f"That is how the model '{model.id}' draws by itself: there is nothing to measure.")
        asked.append(changed)
    told = {"progress": progress, "on_event": on_event}
    with Segmenter() as segmenter:

        def drawn(how: How) -> SegmentationResult:
            with tempfile.TemporaryDirectory(prefix="ptlf-") as work:
                return segmenter.segment(ct, model, how=how, work=Path(work), **told)

        own: SegmentationResult | None = None
        for how in asked:
            own = own or drawn(How(how.device, Runtime.TORCH))
            yield _effect(how, of, drawn(how), own)


def _effect(how: How, of: str, drawn: SegmentationResult, own: SegmentationResult) -> Effect:
    labels, reference = (np.asarray(sitk.GetArrayViewFromImage(one.labels)) for one in (drawn, own))
    differ, dice = differing(labels, reference)
    passes, own_passes = (_passes(one) for one in (drawn, own))
    return Effect(how, of, reference.size, differ, dice, passes, own_passes, drawn.device)


def _passes(result: SegmentationResult) -> int:
    settings = [step["settings"] for step in result.steps if "settings" in step] or [result.settings]
    return sum(one["passes"] for one in settings)
