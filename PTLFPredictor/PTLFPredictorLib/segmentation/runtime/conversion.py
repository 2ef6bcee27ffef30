"""Convert the network of a step for OpenVINO, compare it with torch on a CT, and keep both; needs torch and nnU-Net."""

from __future__ import annotations

import errno
import math
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ...errors import BadInput, PTLFError, UnusableModel, is_out_of_memory
from ...progress import Progress, no_progress
from .. import model_folder
from ..effects import LABELS, differing
from ..how import How, Mirroring
from ..model_steps import Step
from ..network import Box, Drawing, Network
from ..network.folds import Folds
from ..network.planned import Planned
from ..network.preparing import frame
from ..segments import by_role
from . import converted
from .comparison import Comparison
from .compiled import imported, installed, precisions
from .converted import WEIGHTS, Converted
from .network import CompiledNetwork

CONVERTING, COMPARING = "Converting the network", "Comparing with PyTorch"

MOST_TILES = 27
"""Of a comparison on the whole sample; larger networks look at its middle alone."""

SPARE_BYTES = 16 << 20
"""That stay free on the disk beside the weights."""

MIDDLE = 1.5
"""Tiles along each axis of that middle: eight tiles that overlap by half."""


@dataclass(frozen=True)
class Sample:
    """A CT to compare on.

    Attributes
    ----------
    ct : sitk.Image
        HU.
    of : str
        What it is, in words.
    """

    ct: sitk.Image
    of: str

    @classmethod
    def own(cls) -> Sample:
        """The product's synthetic patient."""
        from ...sample import make_case
        from ...sample.known import DEMO_SEED

        return cls(make_case(DEMO_SEED, matrix=512).ct, f"synthetic sample case {DEMO_SEED}")


def convert(
    step: Step,
    facts: model_folder.Facts,
    sha256: str,
    *,
    sample: Sample | None = None,
    progress: Progress = no_progress,
) -> Converted:
    """The step's network for OpenVINO, compared with torch and kept; one that was kept before is made anew.

    Parameters
    ----------
    step : Step
    facts : Facts
        Of its verified files.
    sha256 : str
        Their checksum.
    sample : Sample, optional
        Without, `Sample.own`.
    progress : Progress
        Stages `CONVERTING` and `COMPARING`.

    Raises
    ------
    MissingDependency
        Without OpenVINO.
    UnusableModel
        Where the network cannot be converted.
    BadInput
        Where it cannot be written, e.g. on a full disk.
    """
    ov = imported()
    progress(CONVERTING, 0, 1)
    folds = Folds(facts, step.configuration, step.folds)
    with converted.making(converted.key_of(sha256, step.configuration, step.folds)) as made:
        for name, network in zip(folds.names, folds.networks("cpu"), strict=True):
            _convert_one(ov, network, folds.planned, made / f"fold_{name}.xml")
        np.save(made / WEIGHTS, _gaussian(folds.planned.patch))
        found = Converted(
            folder=made,
            openvino=installed(),
            torch=version("torch"),
            processor=converted.processor(),
            folds=folds.names,
            mirror_axes=folds.mirror_axes,
            weights_bytes=folds.weights_bytes,
            planned=folds.planned,
        )
        del folds, network
        progress(CONVERTING, 1, 1)
        return converted.keep(replace(found, comparisons=_compared(step, facts, found, sample, progress)))


def _convert_one(ov, network, planned: Planned, path: Path) -> None:
    import torch

    shape = (1, 1, *planned.patch)
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.jit.trace, with which OpenVINO reads a network, is deprecated
            model = ov.convert_model(network, example_input=torch.zeros(shape), input=[shape])
    except Exception as error:
        if is_out_of_memory(error) or isinstance(error, (OSError, PTLFError)):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UnusableModel(f"OpenVINO cannot convert the network; PyTorch draws with it. {reason}") from error
    _save(ov, model, path, sum(one.numel() * one.element_size() for one in network.parameters()))


def _save(ov, model, path: Path, weights_bytes: int) -> None:
    """OpenVINO says of a full disk only that a stream failed, or nothing: raises `OSError` or `BadInput`."""
    if shutil.disk_usage(path.parent).free < weights_bytes + SPARE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    try:
        ov.save_model(model, path, compress_to_fp16=False)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise BadInput(f"The converted network cannot be written to '{converted.base()}'. Is the disk full?") from error
    if path.with_suffix(".bin").stat().st_size < weights_bytes // 2:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _gaussian(patch: Sequence[int]) -> np.ndarray:
    import torch
    from nnunetv2.inference.sliding_window_prediction import compute_gaussian

    cpu = torch.device("cpu")
    return compute_gaussian(tuple(patch), sigma_scale=1.0 / 8, value_scaling_factor=10, device=cpu).numpy()


def _compared(
    step: Step, facts: model_folder.Facts, found: Converted, sample: Sample | None, progress: Progress
) -> tuple[Comparison, ...]:
    """Both on the same CT, without mirroring, which would repeat the same comparison with turned tiles."""
    wanted = precisions()
    progress(COMPARING, 0, len(wanted) + 1)
    sample = sample or Sample.own()
    ct = sitk.DICOMOrient(sample.ct, facts.axes(step.orientation))
    how = How("cpu", mirroring=Mirroring.NONE, tile_step=step.tile_step)
    box = _middle(ct, found.planned, len(found.folds), step.tile_step)
    of = sample.of if box is None else f"the middle of {sample.of}"
    reference = Network(facts, configuration=step.configuration, folds=step.folds, how=how)
    alive = partial(progress, COMPARING, 0, len(wanted) + 1)
    theirs, torch_s = _timed(reference, ct, box, alive)
    reference.release()
    labels = by_role(theirs.labels, step.label_roles)
    comparisons = []
    for number, precision in enumerate(wanted, start=1):
        alive = partial(progress, COMPARING, number, len(wanted) + 1)
        drawing, seconds = _timed(CompiledNetwork(found, replace(how, precision=precision)), ct, box, alive)
        differ, dice = differing(by_role(drawing.labels, step.label_roles), labels)
        seen = labels.size if box is None else math.prod(box.size)
        drawn = int(np.isin(labels, list(LABELS.values())).sum())
        undrawn = tuple(role for role, of_role in step.label_roles.items() if of_role and role not in dice)
        comparisons.append(Comparison(precision, of, seen, drawn, differ, dice, undrawn, torch_s, seconds))
    progress(COMPARING, len(wanted) + 1, len(wanted) + 1)
    return tuple(comparisons)


def _timed(network: Network, ct: sitk.Image, box: Box | None, alive: Callable[[], None]) -> tuple[Drawing, float]:
    """And the processor seconds of this process, with its threads; `alive` is told of each tile."""
    start = os.times()
    drawing = network.predict(ct, box=box, progress=lambda *_: alive())
    end = os.times()
    return drawing, round(end.user + end.system - start.user - start.system, 2)


def _middle(ct: sitk.Image, planned: Planned, folds: int, tile_step: float) -> Box | None:
    """What of a CT is compared where all of it takes more than `MOST_TILES`; None: all of it."""
    from ..effort import grid_over

    shape = frame(ct.GetSize()[::-1], ct.GetSpacing()[::-1], planned).shape
    if len(grid_over(shape, list(planned.patch), tile_step).tiles()) * folds <= MOST_TILES:
        return None
    start, stop = [], []
    for size, spacing, axis in zip(ct.GetSize(), ct.GetSpacing(), (2, 1, 0), strict=True):
        n = planned.forward.index(axis)
        wanted = min(size, max(1, round(MIDDLE * planned.patch[n] * planned.spacing[n] / spacing)))
        start.append((size - wanted) // 2)
        stop.append((size - wanted) // 2 + wanted)
    return Box(tuple(start), tuple(stop))
