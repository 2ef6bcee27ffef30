"""The network tile by tile, as nnU-Net's predictor does it: the same steps, weights, mirroring and half precision.

There are no threads: whoever is told of a tile may raise what he likes, and nothing is left behind.  On a GPU one batch
is in flight while the one before it is added up.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import UnusableModel

if TYPE_CHECKING:
    import torch
    from torch import nn

Tile = tuple[slice, slice, slice]

NO_NUMBERS = "The outputs of the network are no numbers, or beyond half precision, in which nnU-Net adds them up."


@dataclass(frozen=True)
class Grid:
    """Tiles over a volume that may have to be padded to the size of one.

    Attributes
    ----------
    shape : tuple of int
        Of the padded volume.
    inside : tuple of slice
        The volume within the padded one.
    steps : tuple of tuple of int
        Starts of the tiles along each axis.
    patch : tuple of int
    """

    shape: tuple[int, ...]
    inside: Tile
    steps: tuple[tuple[int, ...], ...]
    patch: tuple[int, ...]

    @classmethod
    def over(cls, shape: Sequence[int], patch: Sequence[int], step: float) -> Grid:
        from nnunetv2.inference.sliding_window_prediction import compute_steps_for_sliding_window

        padded = tuple(max(size, tile) for size, tile in zip(shape, patch, strict=True))
        below = ((whole - size) // 2 for whole, size in zip(padded, shape, strict=True))
        inside = tuple(slice(low, low + size) for low, size in zip(below, shape, strict=True))
        steps = compute_steps_for_sliding_window(padded, tuple(patch), step)
        return cls(padded, inside, tuple(tuple(axis) for axis in steps), tuple(patch))

    def tiles(self) -> list[Tile]:
        """In nnU-Net's order, which decides how half precision rounds."""
        return [self._tile(corner) for corner in itertools.product(*self.steps)]

    def every_second(self) -> list[Tile]:
        """A part of the same tiles that covers the volume: every second along each axis, and the last."""
        chosen = (axis[::2] if len(axis) % 2 else (*axis[::2], axis[-1]) for axis in self.steps)
        return [self._tile(corner) for corner in itertools.product(*chosen)]

    def touching(self, part: Tile) -> list[Tile]:
        return [tile for tile in self.tiles() if all(map(_meet, tile, part))]

    def _tile(self, corner: Sequence[int]) -> Tile:
        z, y, x = (slice(low, low + size) for low, size in zip(corner, self.patch, strict=True))
        return z, y, x

    def pad(self, data: torch.Tensor) -> torch.Tensor:
        """Zeros around the volume, where it is smaller than a tile."""
        from torch.nn.functional import pad

        if tuple(data.shape) == self.shape:
            return data
        ends = [
            (part.start, whole - part.stop) for part, whole in zip(self.inside[::-1], self.shape[::-1], strict=True)
        ]
        return pad(data, list(itertools.chain(*ends)))


def _meet(one: slice, other: slice) -> bool:
    return one.start < other.stop and other.start < one.stop


def within(tile: Tile, part: Tile) -> tuple[Tile, Tile]:
    """What tile and part share, in the part's own indices and in the tile's."""
    shared = [slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(tile, part, strict=True)]
    of_part, of_tile = (
        tuple(slice(s.start - of.start, s.stop - of.start) for s, of in zip(shared, whole, strict=True))
        for whole in (part, tile)
    )
    return of_part, of_tile


@dataclass(frozen=True)
class Runner:
    """How a network is applied.

    Attributes
    ----------
    device : str
        Of the network.
    results : str
        Where the outputs are added up: the same, or "cpu".
    mirror_axes : tuple of int
        0, 1, 2; each combination of them is one more pass.
    batch : int
        Passes at once.
    breathe, told : callable
        Called between the passes of a tile, and after each tile; may raise to stop.
    """

    device: str
    results: str
    mirror_axes: tuple[int, ...] = ()
    batch: int = 1
    breathe: Callable[[], None] = lambda: None
    told: Callable[[], None] = lambda: None

    @property
    def flips(self) -> list[tuple[int, ...]]:
        """Axes that each pass over a tile turns round, the plain one first."""
        return [c for n in range(len(self.mirror_axes) + 1) for c in itertools.combinations(self.mirror_axes, n)]

    def outputs(self, network: nn.Module, data: torch.Tensor, tiles: Sequence[Tile]) -> Iterator[torch.Tensor]:
        """For each tile the mean of its passes, on `results`: shape (heads, z, y, x)."""
        flips = self.flips
        passes = [(tile, axes) for tile in tiles for axes in flips]
        on_their_way: deque[_Arriving] = deque()
        total = None
        for start in range(0, len(passes), self.batch):
            batch = passes[start : start + self.batch]
            for (_, axes), output in zip(batch, network(self._stacked(data, batch)), strict=False):
                output = output.flip([axis + 1 for axis in axes]) if axes else output
                total = output if total is None else total.add_(output)
                if axes == flips[-1]:
                    on_their_way.append(_Arriving.of(total.div_(len(flips)) if len(flips) > 1 else total, self))
                    total = None
            self.breathe()
            while len(on_their_way) > self.ahead:
                yield on_their_way.popleft().output()
        while on_their_way:
            yield on_their_way.popleft().output()

    @property
    def ahead(self) -> int:
        """Tiles that a GPU may work on while the ones before are added up."""
        return 0 if self.device == "cpu" else self.batch

    def _stacked(self, data: torch.Tensor, batch: Sequence[tuple[Tile, tuple[int, ...]]]) -> torch.Tensor:
        """The tiles as the network takes them; always `batch` of them, so that cuDNN meets one shape alone."""
        import torch

        filled = [*batch, *[batch[-1]] * (self.batch - len(batch))]
        stacked = torch.stack([data[tile].flip(axes) if axes else data[tile] for tile, axes in filled])[:, None]
        if self.device == str(data.device):
            return stacked
        return stacked.pin_memory().to(self.device, non_blocking=True)


@dataclass(frozen=True)
class _Arriving:
    """The outputs of a tile that a GPU may still be computing or copying."""

    values: torch.Tensor
    event: torch.cuda.Event | None

    @classmethod
    def of(cls, values: torch.Tensor, runner: Runner) -> _Arriving:
        if runner.device == "cpu":
            return cls(values, None)
        import torch

        values = values.to(runner.results, non_blocking=True)
        event = torch.cuda.Event()
        event.record(torch.cuda.current_stream(runner.device))
        return cls(values, event)

    def output(self) -> torch.Tensor:
        if self.event is not None:
            self.event.synchronize()
        return self.values


def logits(
    network: nn.Module, data: torch.Tensor, tiles: Sequence[Tile], grid: Grid, part: Tile, heads: int, runner: Runner
) -> torch.Tensor:
    """The outputs of the network over a part of the volume.

    Parameters
    ----------
    network : nn.Module
    data : tensor of float32
        Padded (`Grid.pad`).
    tiles : sequence of Tile
        All that touch `part`, for the outputs of nnU-Net's predictor.
    grid : Grid
    part : Tile
        In the padded volume.
    heads : int
    runner : Runner

    Returns
    -------
    tensor of float16, shape (heads, z, y, x)
        On `runner.results`.

    Raises
    ------
    UnusableModel
        Where outputs are no numbers (they would draw nothing, in silence) or beyond those of half precision.
    """
    import torch
    from nnunetv2.inference.sliding_window_prediction import compute_gaussian

    shape = tuple(axis.stop - axis.start for axis in part)
    summed = torch.zeros((heads, *shape), dtype=torch.half, device=runner.results)
    weights = torch.zeros(shape, dtype=torch.half, device=runner.results)
    gaussian = compute_gaussian(
        grid.patch, sigma_scale=1.0 / 8, value_scaling_factor=10, device=torch.device(runner.results)
    )
    for tile, output in zip(tiles, runner.outputs(network, data, tiles), strict=True):
        of_part, of_tile = within(tile, part)
        output = output[(slice(None), *of_tile)]
        output *= gaussian[of_tile]
        summed[(slice(None), *of_part)] += output
        weights[of_part] += gaussian[of_tile]
        runner.told()
    torch.div(summed, weights, out=summed)
    if not all(torch.isfinite(plane).all() for plane in summed):
        raise UnusableModel(NO_NUMBERS)
    return summed
