"""A converted network that draws CTs: as `network.Network`, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import UnusableModel, is_out_of_memory
from ..how import How, Runtime
from ..network import memory
from ..network.network import Network
from ..network.resampling import Taps
from ..network.run import Run, Volume
from ..network.telling import Teller
from ..network.tiles import NO_NUMBERS, Runner, Tile, within
from .arrays import draw, labels_of, prepared
from .compiled import Compiled, streams_of
from .converted import Converted

LIBRARIES_BYTES = 200 << 20
"""Python, SimpleITK and OpenVINO before anything is loaded."""

STREAM_BYTES = 1 << 30
"""That tiles at once may take."""


class CompiledFolds:
    """The folds that draw; see `network.folds.Folds`."""

    def __init__(self, found: Converted, how: How):
        self.planned, self.names = found.planned, found.folds
        self.mirror_axes, self.weights_bytes = found.mirror_axes, found.weights_bytes
        self._found, self._precision = found, how.precision
        self._compiled: dict[tuple[str, int], Compiled] = {}

    def compiled(self, streams: int, one_at_a_time: bool = False) -> Iterator[Compiled]:
        """Fold after fold, for so many tiles at once; `one_at_a_time` keeps none of them."""
        if one_at_a_time:
            self.release()
        for name in self.names:
            key = name, streams
            network = self._compiled.get(key) or Compiled(self._found.network(name), self._precision, streams)
            if not one_at_a_time:
                self._compiled[key] = network
            yield network

    def release(self) -> None:
        """Drop what is loaded; it is read again when it is needed."""
        self._compiled.clear()


class CompiledNetwork(Network):
    """One converted network; stays loaded for many CTs.

    Parameters
    ----------
    found : Converted
    how : How
        On the CPU.
    """

    def __init__(self, found: Converted, how: How):
        self._found, self._how = found, how
        self._gaussian = found.gaussian()
        self._take(CompiledFolds(found, how), replace(how, device="cpu"))

    @property
    def runtime(self) -> dict[str, Any]:
        """What computes, and what it changed on the CT that it was compared on with torch."""
        precision = self._how.precision
        compared = self._found.comparison(precision)
        return {
            "name": Runtime.OPENVINO,
            "version": self._found.openvino,
            "precision": precision,
            "compared": None if compared is None else {**compared.to_dict(), "words": compared.words},
        }

    def load(self) -> None:
        """Compile now what is kept anyway; where memory does not do, `predict` finds a way."""
        way = self._ways()[0]
        try:
            for _ in self._folds.compiled(way.batch):
                pass
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            self._folds.release()

    def _ways(self) -> list[memory.Way]:
        """As on a CPU; the tiles at once are the streams."""
        usual, sparing = memory.ways("cpu", self._folds.planned.patch)
        per_tile = memory.tile_bytes(self._folds.planned, 4)
        return [replace(usual, batch=streams_of(per_tile, STREAM_BYTES)), sparing]

    def _peak(self, *of: Any) -> dict[str, int]:
        needed = super()._peak(*of)
        return {**needed, "ram": needed["ram"] - memory.LIBRARIES_BYTES + LIBRARIES_BYTES}

    def _run(
        self, way: memory.Way, told: Teller, options: Mapping[str, Any], *on: Any
    ) -> tuple[np.ndarray, dict[str, Any]]:
        run = CompiledRun(self._folds, way, tile_step=self.tile_step, told=told, gaussian=self._gaussian, **options)
        return run.labels(*on)


@dataclass(frozen=True)
class CompiledRun(Run):
    """`Run` in NumPy and OpenVINO.

    Attributes
    ----------
    gaussian : ndarray of float16
        Weights of a tile's voxels.
    """

    gaussian: np.ndarray

    def _prepared(self, array: np.ndarray, spacing_zyx: Sequence[float]) -> Volume:
        from ..effort import grid_over

        data, frame = prepared(array, spacing_zyx, self.folds.planned)
        grid = grid_over(frame.shape, list(self.folds.planned.patch), self.tile_step)
        ends = [(part.start, whole - part.stop) for part, whole in zip(grid.inside, grid.shape, strict=True)]
        return Volume(np.pad(data, ends) if any(map(any, ends)) else data, grid, frame)

    def _labels_of_tiles(self, volume: Volume, tiles: Sequence[Tile], runner: Runner) -> Iterator[np.ndarray]:
        network = next(self.folds.compiled(self.way.batch, self.way.fold_by_fold))
        for output in self._outputs(network, volume, tiles, runner):
            yield labels_of(output, self.folds.planned.regions)
            runner.told()

    def _outputs(
        self, network: Compiled, volume: Volume, tiles: Sequence[Tile], runner: Runner
    ) -> Iterator[np.ndarray]:
        """For each tile the mean of its passes."""
        flips = runner.flips
        passes = (np.flip(volume.data[tile], axes) for tile in tiles for axes in flips)
        total = None
        for number, output in enumerate(network.outputs(passes)):
            runner.breathe()
            if len(flips) == 1:
                yield output
                continue
            axes = flips[number % len(flips)]
            output = np.flip(output, [axis + 1 for axis in axes])
            total = output.copy() if total is None else np.add(total, output, out=total)
            if axes == flips[-1]:
                yield np.divide(total, len(flips), out=total)
                total = None

    def _summed(self, volume: Volume, tiles: Sequence[Tile], part: Tile, runner: Runner) -> np.ndarray:
        """As `network.tiles.logits`: sums in half precision, in the order of the tiles."""
        planned, total = self.folds.planned, None
        shape = tuple(axis.stop - axis.start for axis in part)
        for network in self.folds.compiled(self.way.batch, self.way.fold_by_fold):
            summed = np.zeros((planned.heads, *shape), np.float16)
            weights = np.zeros(shape, np.float16)
            for tile, output in zip(tiles, self._outputs(network, volume, tiles, runner), strict=True):
                of_part, of_tile = within(tile, part)
                weight = self.gaussian[of_tile]
                one = output[(slice(None), *of_tile)] * weight.astype(np.float32)
                _add(summed[(slice(None), *of_part)], one)
                weights[of_part] += weight
                runner.told()
            for plane in summed:
                plane[...] = np.divide(plane, weights, dtype=np.float32)
            _require_numbers(summed)
            if total is None:
                total = summed
            else:
                _add(total, summed)
        if len(self.folds.names) > 1:
            for plane in total:
                plane[...] = np.divide(plane, len(self.folds.names), dtype=np.float32)
        return total

    def _labels(self, total: np.ndarray, taps: Sequence[Taps]) -> np.ndarray:
        planned = self.folds.planned
        return draw(total, taps, planned.regions, planned.logits.name, **self._drawing)


def _add(total: np.ndarray, more: np.ndarray) -> None:
    """Half precision plus another, rounded once, as torch does it."""
    total[...] = np.add(total, more, dtype=np.float32)


def _require_numbers(summed: np.ndarray) -> None:
    if not all(np.isfinite(plane).all() for plane in summed):
        raise UnusableModel(NO_NUMBERS)
