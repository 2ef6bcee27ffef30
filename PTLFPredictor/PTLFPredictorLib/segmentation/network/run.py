"""One CT, or a box of it, through the network in one way of using memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from . import long_scan
from .drawing import draw, labels_of
from .folds import Folds
from .memory import Way
from .preparing import Frame, prepare
from .resampling import Taps
from .telling import DRAWING, FINDING, PREPARING, TILES, Teller
from .tiles import Grid, Runner, Tile, logits

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Run:
    """What is the same for every part of a CT."""

    folds: Folds
    way: Way
    mirror_axes: tuple[int, ...]
    tile_step: float
    organ: Collection[int]
    wanted: Collection[int]
    told: Teller

    def labels(self, array: np.ndarray, spacing_zyx: Sequence[float]) -> tuple[np.ndarray, dict[str, Any]]:
        """The model's labels, and what it took.

        Parameters
        ----------
        array : ndarray, shape (z, y, x)
            HU.
        spacing_zyx : sequence of float
            mm.

        Returns
        -------
        labels : ndarray of uint8, shape (z, y, x)
        settings : dict
            ``tiles``, ``passes`` and ``organ_box``.
        """
        planned = self.folds.planned
        self.told(PREPARING, 0, 1)
        volume = self._prepared(array, spacing_zyx)
        frame = volume.frame
        self.told(PREPARING, 1, 1)
        settings: dict[str, Any] = {"organ_box": None, "tiles": 0, "passes": 0}
        part = self._organ_part(volume, settings)
        labels = self._drawn(volume, part, settings)
        if part != frame.all and _goes_on(labels, part, frame.inner_shape, self.organ):
            part = frame.all
            labels = self._drawn(volume, part, settings)
        if part != frame.all:
            cut, labels = labels, np.zeros(frame.inner_shape, np.uint8)
            labels[part] = cut
            settings["organ_box"] = frame.box_of(part, planned).to_list()
        return frame.restored(labels, planned), settings

    def _prepared(self, array: np.ndarray, spacing_zyx: Sequence[float]) -> Volume:
        planned = self.folds.planned
        data, frame = prepare(array, spacing_zyx, planned, self.way.results)
        grid = Grid.over(data.shape, planned.patch, self.tile_step)
        return Volume(grid.pad(data), grid, frame)

    def _organ_part(self, volume: Volume, settings: dict[str, Any]) -> Tile:
        """Voxels of the CT (`Frame.inner`) near the organ: all of them where that saves nothing, or none is found."""
        grid, frame = volume.grid, volume.frame
        passes = len(self._runner.flips) * len(self.folds.names)
        if not self.organ or not long_scan.is_worth_it(grid, frame.new_spacing, passes):
            return frame.all
        tiles = grid.every_second()
        self.told.starts(FINDING, len(tiles))
        settings["tiles"] = settings["passes"] = len(tiles)
        drawn = self._labels_of_tiles(volume, tiles, replace(self._runner, mirror_axes=(), told=self.told.tile_done))
        found = long_scan.find_organ(drawn, tiles, grid, frame.new_spacing, self.organ)
        if found is None or len(grid.touching(found)) > long_scan.WORTH * len(grid.tiles()):
            return frame.all
        return frame.on_ct(found, grid.inside)

    def _labels_of_tiles(self, volume: Volume, tiles: Sequence[Tile], runner: Runner) -> Iterator[np.ndarray]:
        """What the first fold says of each tile, on its own."""
        network = next(self.folds.networks(self.way.device, self.way.fold_by_fold))
        for output in runner.outputs(network, volume.data, tiles):
            yield labels_of(output, self.folds.planned.regions).cpu().numpy()
            runner.told()

    def _drawn(self, volume: Volume, part: Tile, settings: dict[str, Any]) -> np.ndarray:
        """Labels of a part of the CT."""
        planned, grid, frame = self.folds.planned, volume.grid, volume.frame
        taps = planned.logits.taps(frame.shape, frame.inner_shape, frame.new_spacing, frame.spacing)
        cut = [tap.part(axis.start, axis.stop) for tap, axis in zip(taps, part, strict=True)]
        z, y, x = (
            slice(pad.start + need.start, pad.start + need.stop)
            for pad, (_, need) in zip(grid.inside, cut, strict=True)
        )
        tiles = grid.touching((z, y, x))
        count = len(tiles) * len(self.folds.names)
        self.told.starts(TILES, count)
        runner = replace(self._runner, told=self.told.tile_done)
        settings["tiles"] += count
        settings["passes"] += count * len(runner.flips)
        total = self._summed(volume, tiles, (z, y, x), runner)
        return self._labels(total, [tap for tap, _ in cut])

    def _summed(self, volume: Volume, tiles: Sequence[Tile], part: Tile, runner: Runner) -> torch.Tensor:
        """The mean outputs of all folds over a part of the volume."""
        planned, total = self.folds.planned, None
        for network in self.folds.networks(self.way.device, self.way.fold_by_fold):
            outputs = logits(network, volume.data, tiles, volume.grid, part, planned.heads, runner)
            total = outputs if total is None else total.add_(outputs)
            del outputs
        if len(self.folds.names) > 1:
            total.div_(len(self.folds.names))
        return total

    def _labels(self, total: torch.Tensor, taps: Sequence[Taps]) -> np.ndarray:
        planned = self.folds.planned
        return draw(total, taps, planned.regions, planned.logits.name, **self._drawing)

    @property
    def _drawing(self) -> dict[str, Any]:
        """Options of `draw`."""
        told = partial(self.told, DRAWING)
        return {"wanted": self.wanted, "slab_voxels": self.way.slab_voxels, "told": told}

    @property
    def _runner(self) -> Runner:
        return Runner(self.way.device, self.way.results, self.mirror_axes, self.way.batch, self.told.again)


@dataclass(frozen=True)
class Volume:
    """The prepared CT, padded to at least one tile: an array or tensor of float32."""

    data: Any
    grid: Grid
    frame: Frame


def _goes_on(labels: np.ndarray, part: Tile, shape: Sequence[int], organ: Collection[int]) -> bool:
    """Whether the organ touches a side of the part that is none of the CT's: it may go on beyond."""
    for axis, (along, size) in enumerate(zip(part, shape, strict=True)):
        sides = [0] * (along.start > 0) + [-1] * (along.stop < size)
        if any(np.isin(labels.take(side, axis), list(organ)).any() for side in sides):
            return True
    return False
