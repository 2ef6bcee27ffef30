"""How much work a model has with a CT, by its plans alone: what a run takes can be told before it begins.

A run's time goes with the tiles that its networks draw and with the voxels that are read and written.  How many tiles
that are is nnU-Net's arithmetic; only of long scans, and of a step that looks near what another one draws, it is not
known beforehand: there a large liver is taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import UnusableModel
from . import model_folds
from .chain_words import in_words
from .how import AS_THE_MODEL, How, Mirroring
from .model import Model
from .model_files import PLANS, READERS, read_json, reader_of
from .model_steps import Step
from .model_weights import mirrored_axes
from .names import Role
from .network.long_scan import TYPICAL_MM, is_worth_it, typical_part
from .network.telling import DRAWING, FINDING, PREPARING, TILES
from .network.tiles import Grid

LOADING, FINISHING, CHECKING, WRITING = "Loading the model", "Finishing", "Checking the model", "Writing the segments"
"""Stages of the worker, beside those of a network."""

ALL_AXES = (0, 1, 2)
"""What nnU-Net's training mirrors where weights do not say, unless the trainer's name does."""


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
    looks : int
        Passes of the network over each of these: mirrorings.
    """

    stage: str
    units: float = 1.0
    counted: bool = False
    looks: int = 1


@dataclass(frozen=True)
class Work:
    """What the networks of a model do on a CT.

    Attributes
    ----------
    tiles : int
        Of all steps and folds.
    passes : int
        Of a network over one of them: each mirroring is one.
    """

    tiles: int
    passes: int


def work(model: Model, size_xyz: Sequence[int], spacing_xyz: Sequence[float], how: How = AS_THE_MODEL) -> Work:
    """See `parts`."""
    tiles = [part for part in parts(model, size_xyz, spacing_xyz, how) if part.counted]
    return Work(sum(int(part.units) for part in tiles), sum(int(part.units) * part.looks for part in tiles))


def parts(model: Model, size_xyz: Sequence[int], spacing_xyz: Sequence[float], how: How = AS_THE_MODEL) -> list[Part]:
    """The stages of a run of a model on a CT, in their order.

    Parameters
    ----------
    model : Model
    size_xyz : sequence of int
        Voxels, along the axes that the model's training images had.
    spacing_xyz : sequence of float
        mm.
    how : How
        Its tile step and mirroring.

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
        finding, tiles, looks = _tiles(step, size, spacing_xyz, how)
        of_step = [Part(LOADING), Part(PREPARING, share)]
        of_step += [Part(FINDING, finding, True)] if finding else []
        of_step += [Part(TILES, tiles, True, looks), Part(DRAWING, share), Part(FINISHING, share)]
        if len(model.steps) > 1:
            of_step = [replace(one, stage=named(one.stage, step, number, len(model.steps))) for one in of_step]
        found += of_step
    return [*found, Part(WRITING, megavoxels)]


def named(stage: str, step: Step, number: int, count: int) -> str:
    """A stage that names its step: "Liver (1 of 2): tiles"."""
    return f"{in_words(step.name)} ({number} of {count}): {stage[:1].lower()}{stage[1:]}"


def mirroring(step: Step, how: How = AS_THE_MODEL) -> Mirroring:
    """What a step will mirror: of what is chosen, that which its training mirrored.

    Raises
    ------
    UnusableModel
        When the plans cannot be read.
    """
    _, plans = _plan_of(step)
    return Mirroring.of(*_axes(step, plans, how))


def _axes(step: Step, plans: Mapping[str, Any], how: How) -> tuple[tuple[int, ...], int]:
    """Axes of the network's grid that are mirrored, and the one from the patient's one side to the other."""
    letters = READERS.get(reader_of(plans), "") or step.orientation.upper() or "LPS"
    along_x = next(n for n, letter in enumerate(letters) if letter in "LR")
    left_right = _forward(plans).index(2 - along_x)
    weights = model_folds.checkpoint_files(step.folder, step.folds)
    trained = mirrored_axes(weights[0], weights[0].stat().st_mtime_ns) if weights else None
    if trained is None:
        trained = () if "NoMirroring" in step.folder.name else ALL_AXES
    return (how.of_step(step).mirroring or Mirroring.ALL).axes(trained, left_right), left_right


def _tiles(step: Step, size_xyz: Sequence[int], spacing_xyz: Sequence[float], how: How) -> tuple[int, int, int]:
    """Tiles of the pass that finds the organ (0: there is none), and of the drawing, all folds together; passes over
    each of these."""
    plan, plans = _plan_of(step)
    spacing = [float(mm) for mm in plan["spacing"]]
    shape = [
        max(round(spacing_xyz[::-1][axis] / new * size_xyz[::-1][axis]), 1)
        for axis, new in zip(_forward(plans), spacing, strict=True)
    ]
    grid = grid_over(shape, [int(size) for size in plan["patch_size"]], how.of_step(step).tile_step)
    folds = max(len(model_folds.checkpoint_files(step.folder, step.folds)), 1)
    looks = 2 ** len(_axes(step, plans, how)[0])
    if step.crop is None and step.label_roles.get(Role.PARENCHYMA) and is_worth_it(grid, spacing, folds * looks):
        return len(grid.every_second()), len(grid.touching(typical_part(grid, spacing))) * folds, looks
    return 0, len(grid.tiles()) * folds, looks


def _forward(plans: Mapping[str, Any]) -> list[int]:
    """nnU-Net's order of the axes."""
    return [int(axis) for axis in plans.get("transpose_forward", ALL_AXES)]


def _plans(path: Path) -> dict[str, Any]:
    """Of a file that is asked for again and again, as long as it is the same."""
    try:
        stat = path.stat()
    except OSError as error:
        raise UnusableModel(f"'{path.name}' of '{path.parent.name}' cannot be read ({error.strerror}).") from error
    return _read_plans(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=32)
def _read_plans(path: Path, _changed: int, _size: int) -> dict[str, Any]:
    return read_json(path)


def _plan_of(step: Step) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The configuration that draws, with what it inherits, and all plans."""
    plans = _plans(step.folder / PLANS)
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
        if sorted(_forward(plans)) != [*ALL_AXES]:
            raise ValueError("no order of three axes")
        return found, plans
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
