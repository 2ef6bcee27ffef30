"""How much work a model has with a CT, by its plans alone: what a run takes can be told before it begins.

A run's time goes with the tiles that its networks draw and with the voxels that are read and written.  How many tiles
that are is nnU-Net's arithmetic; only of long scans, and of a step that looks near what another one draws, it is not
known beforehand: there a large liver is taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UnusableModel
from . import model_folds
from .chain_words import in_words
from .model import Model
from .model_files import PLANS, read_json
from .model_steps import Step
from .names import Role
from .network.long_scan import TYPICAL_MM, is_worth_it, typical_part
from .network.telling import DRAWING, FINDING, PREPARING, TILES
from .network.tiles import Grid

LOADING, FINISHING, CHECKING, WRITING = "Loading the model", "Finishing", "Checking the model", "Writing the segments"
"""Stages of the worker, beside those of a network."""

MIRRORED = 8
"""Passes over a tile of a network that mirrors along all three axes, which is nnU-Net's default."""


@dataclass(frozen=True)
class Part:
    """A stage of a run, as the worker tells it.

    Attributes
    ----------
    stage : str
    units : float
        Of what its time goes with: tiles, megavoxels of the CT; 1 where neither matters.
    counted : bool
        Whether the worker counts these units: tiles.
    """

    stage: str
    units: float = 1.0
    counted: bool = False


def parts(model: Model, size_xyz: Sequence[int], spacing_xyz: Sequence[float]) -> list[Part]:
    """The stages of a run of a model on a CT, in their order.

    Parameters
    ----------
    model : Model
    size_xyz : sequence of int
        Voxels, along the axes that the model's training images had.
    spacing_xyz : sequence of float
        mm.

    Raises
    ------
    UnusableModel
        When the plans cannot be read.
    """
    megavoxels = math.prod(size_xyz) / 1e6
    found = [Part(CHECKING)]
    for number, step in enumerate(model.steps, start=1):
        size = size_xyz
        if step.crop is not None:
            size = [min(n, math.ceil(mm / s)) for n, mm, s in zip(size_xyz, TYPICAL_MM[::-1], spacing_xyz, strict=True)]
        share = megavoxels * math.prod(size) / math.prod(size_xyz)
        finding, tiles = _tiles(step, size, spacing_xyz)
        of_step = [Part(LOADING), Part(PREPARING, share)]
        of_step += [Part(FINDING, finding, True)] if finding else []
        of_step += [Part(TILES, tiles, True), Part(DRAWING, share), Part(FINISHING, share)]
        if len(model.steps) > 1:
            of_step = [
                Part(named(one.stage, step, number, len(model.steps)), one.units, one.counted) for one in of_step
            ]
        found += of_step
    return [*found, Part(WRITING, megavoxels)]


def named(stage: str, step: Step, number: int, count: int) -> str:
    """A stage that names its step: "Liver (1 of 2): tiles"."""
    return f"{in_words(step.name)} ({number} of {count}): {stage[:1].lower()}{stage[1:]}"


def _tiles(step: Step, size_xyz: Sequence[int], spacing_xyz: Sequence[float]) -> tuple[int, int]:
    """Tiles of the pass that finds the organ (0: there is none), and of the drawing, all folds together."""
    plan, forward = _plan_of(step)
    spacing = [float(mm) for mm in plan["spacing"]]
    shape = [
        max(round(spacing_xyz[::-1][axis] / new * size_xyz[::-1][axis]), 1)
        for axis, new in zip(forward, spacing, strict=True)
    ]
    grid = grid_over(shape, [int(size) for size in plan["patch_size"]], step.tile_step)
    folds = max(len(model_folds.checkpoint_files(step.folder, step.folds)), 1)
    mirrored = step.tta is not False and "NoMirroring" not in step.folder.name
    passes = folds * (MIRRORED if mirrored else 1)
    if step.crop is None and step.label_roles.get(Role.PARENCHYMA) and is_worth_it(grid, spacing, passes):
        return len(grid.every_second()), len(grid.touching(typical_part(grid, spacing))) * folds
    return 0, len(grid.tiles()) * folds


def _plan_of(step: Step) -> tuple[Mapping[str, Any], Sequence[int]]:
    """The configuration that draws, with what it inherits, and nnU-Net's order of the axes."""
    plans = read_json(step.folder / PLANS)
    try:
        configurations = plans["configurations"]
        name = step.configuration or next(
            (one for one in configurations if step.folder.name.endswith(f"__{one}")), next(iter(configurations))
        )
        found: dict[str, Any] = {}
        while name:
            found = {**configurations[name], **found}
            name = configurations[name].get("inherits_from")
        if len(found["patch_size"]) != 3 or len(found["spacing"]) != 3:
            raise ValueError("no three axes")
        return found, [int(axis) for axis in plans.get("transpose_forward", (0, 1, 2))]
    except (KeyError, ValueError, TypeError, AttributeError, StopIteration) as error:
        raise UnusableModel(f"The {PLANS} of '{step.folder.name}' cannot be read.") from error


def grid_over(shape: Sequence[int], patch: Sequence[int], step: float) -> Grid:
    """`Grid.over` without nnU-Net."""
    padded = tuple(max(size, tile) for size, tile in zip(shape, patch, strict=True))
    inside = tuple(
        slice((whole - size) // 2, (whole - size) // 2 + size) for whole, size in zip(padded, shape, strict=True)
    )
    return Grid(padded, inside, tuple(map(_steps, padded, patch, [step] * 3)), tuple(patch))


def _steps(size: int, tile: int, step: float) -> tuple[int, ...]:
    """nnU-Net's compute_steps_for_sliding_window along one axis."""
    count = math.ceil((size - tile) / (tile * step)) + 1
    return tuple(round((size - tile) / max(count - 1, 1) * n) for n in range(count))
