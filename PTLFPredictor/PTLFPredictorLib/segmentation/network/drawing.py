"""From the outputs of the network to labels on the CT's grid, without the outputs at that size.

Where the eight neighbours of a voxel agree on a label, so do all means of them: only the others are interpolated; and
of a network with many labels, only where one that is wanted can come out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .resampling import SPLINES, Taps

if TYPE_CHECKING:
    import torch

SLAB_VOXELS = 1 << 22
"""Voxels of the CT that are looked at at a time; a sixteenth of them is interpolated at a time."""


def draw(
    logits: torch.Tensor,
    taps: Sequence[Taps],
    regions: Sequence[int] | None,
    name: str,
    *,
    wanted: Collection[int] = (),
    slab_voxels: int = SLAB_VOXELS,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Labels.

    Parameters
    ----------
    logits : tensor of float16, shape (heads, z, y, x)
        On any device.
    taps : sequence of Taps
        See `Resampling.taps`.
    regions : sequence of int, optional
        See `Planned`.
    name : str
        nnU-Net's function, which decides the precision of what it returns.
    wanted : collection of int
        Where given, others may come out as background, which is faster where there are many; these are drawn as
        without it.
    slab_voxels : int
        Fewer take less memory.
    told : callable
        Slices done and their number.

    Returns
    -------
    ndarray of uint8
        Shape of `taps`' output.
    """
    codes = _said(iter(logits), len(logits), regions)
    axes = [_Axis.of(tap, logits.device) for tap in taps]
    mixed = _mixed(codes, axes)
    wanted = worth_telling(wanted, len(logits), regions)
    if wanted:
        told_apart, codes = mixed, _only(codes, wanted)
        mixed = _mixed(codes, axes)
        mixed |= _can_come_out(logits, wanted, told_apart & ~mixed, axes, max(1, slab_voxels // 16))
        del told_apart
    shape = tuple(len(axis.first) for axis in axes)
    labels = np.empty(shape, np.uint8)
    planes = max(1, slab_voxels // (shape[1] * shape[2]))
    for start in range(0, shape[0], planes):
        told(start, shape[0])
        stop = min(start + planes, shape[0])
        slab_axes = [axes[0].part(start, stop), *axes[1:]]
        slab = _at_first(codes, slab_axes)
        places = _at_first(mixed, slab_axes).view(-1).nonzero()[:, 0]
        for chunk in places.split(max(1, slab_voxels // 16)):
            values = _interpolated(logits, slab_axes, chunk, halved=name == SPLINES)
            said = _said(values, len(logits), regions)
            slab.view(-1)[chunk] = _only(said, wanted) if wanted else said
        labels[start:stop] = _final(slab, regions).cpu().numpy()
    told(shape[0], shape[0])
    return labels


def worth_telling(wanted: Collection[int], heads: int, regions: Sequence[int] | None) -> Collection[int]:
    """`wanted`; empty where there are no two other labels that could be taken for one."""
    return wanted if regions is None and heads - len(wanted) >= 2 else ()


@dataclass(frozen=True)
class _Axis:
    """`Taps` on the device of the outputs."""

    first: torch.Tensor
    second: torch.Tensor
    weight: torch.Tensor
    is_nearest: bool

    @classmethod
    def of(cls, tap: Taps, device: torch.device) -> _Axis:
        import torch

        first, second, weight = (torch.from_numpy(array).to(device) for array in (tap.first, tap.second, tap.weight))
        return cls(first, second, weight, tap.is_nearest)

    def part(self, start: int, stop: int) -> _Axis:
        return replace(self, **{name: getattr(self, name)[start:stop] for name in ("first", "second", "weight")})


def _said(values: Iterator[torch.Tensor], heads: int, regions: Sequence[int] | None) -> torch.Tensor:
    """What the outputs say, head after head: the number of the first largest, or one bit for each region."""
    import torch

    best = next(values)
    if regions is not None:
        kind = torch.uint8 if heads <= 8 else torch.int64
        code = (best > 0).to(kind)
        for head, value in enumerate(values, 1):
            code |= (value > 0).to(kind) << head
        return code
    code = torch.zeros(best.shape, dtype=torch.uint8, device=best.device)
    for head, value in enumerate(values, 1):
        code.masked_fill_(value > best, head)
        best = torch.maximum(best, value)
    return code


def _only(codes: torch.Tensor, wanted: Collection[int]) -> torch.Tensor:
    """All labels but the wanted ones as background."""
    import torch

    labels = torch.zeros_like(codes)
    for label in wanted:
        labels.masked_fill_(codes == label, label)
    return labels


def _can_come_out(
    logits: torch.Tensor, wanted: Collection[int], where: torch.Tensor, axes: Sequence[_Axis], chunk: int
) -> torch.Tensor:
    """Where a mean of neighbours may be largest in a wanted head, although it is so in none of the neighbours.

    It cannot where another head's smallest value among the neighbours is above the wanted heads' largest: a mean lies
    between, and rounding does not turn two numbers of half precision round.

    Parameters
    ----------
    logits : tensor, shape (heads, z, y, x)
    wanted : collection of int
    where : tensor of bool, shape (z, y, x)
        Which voxels are asked about; each stands for itself and its next neighbours.
    axes : sequence of _Axis
    chunk : int
        Voxels at a time.
    """
    import torch

    found = torch.zeros(where.numel(), dtype=torch.bool, device=where.device)
    shape, strides = where.shape, (where.shape[1] * where.shape[2], where.shape[2], 1)
    for places in where.view(-1).nonzero()[:, 0].split(chunk):
        corners = [places]
        for axis, index, size, stride in zip(axes, torch.unravel_index(places, shape), shape, strides, strict=True):
            if not axis.is_nearest:
                step = (index < size - 1) * stride
                corners += [corner + step for corner in corners]
        least, most = (torch.full(places.shape, -torch.inf, dtype=logits.dtype, device=where.device) for _ in range(2))
        for label, head in enumerate(logits.reshape(len(logits), -1)):
            values = torch.stack([head.index_select(0, corner) for corner in corners])
            if label in wanted:
                most = torch.maximum(most, values.amax(0))
            else:
                least = torch.maximum(least, values.amin(0))
        found[places] = most >= least
    return found.view(shape)


def labels_of(outputs: torch.Tensor, regions: Sequence[int] | None) -> torch.Tensor:
    """Labels on the network's own grid.

    Parameters
    ----------
    outputs : tensor, shape (heads, z, y, x)
    regions : sequence of int, optional
        See `Planned`.
    """
    return _final(_said(iter(outputs), len(outputs), regions), regions)


def _final(codes: torch.Tensor, regions: Sequence[int] | None) -> torch.Tensor:
    """Labels: of regions the last that is there, in the order in which nnU-Net draws them."""
    import torch

    if regions is None:
        return codes
    labels = torch.zeros(codes.shape, dtype=torch.uint8, device=codes.device)
    for head, label in enumerate(regions):
        labels.masked_fill_((codes >> head) & 1 == 1, label)
    return labels


def _mixed(codes: torch.Tensor, axes: Sequence[_Axis]) -> torch.Tensor:
    """Whether the neighbours from here on, one along each axis that is interpolated, say different things."""
    import torch

    low = high = codes
    for n, axis in enumerate(axes):
        if not axis.is_nearest:
            last = codes.shape[n] - 1
            low, high = (
                choose(values, torch.cat([values.narrow(n, 1, last), values.narrow(n, last, 1)], n))
                for choose, values in ((torch.minimum, low), (torch.maximum, high))
            )
    return low != high


def _at_first(volume: torch.Tensor, axes: Sequence[_Axis]) -> torch.Tensor:
    for n, axis in enumerate(axes):
        volume = volume.index_select(n, axis.first)
    return volume


def _interpolated(
    logits: torch.Tensor, axes: Sequence[_Axis], places: torch.Tensor, halved: bool
) -> Iterator[torch.Tensor]:
    """The outputs at some voxels, head after head: x is interpolated first, as torch does it.

    Parameters
    ----------
    logits : tensor, shape (heads, z, y, x)
    axes : sequence of _Axis
    places : tensor of int
        Numbers of the voxels in the volume that `axes` make.
    halved : bool
        Whether the values are kept in half precision, as `SPLINES` does.
    """
    import torch

    indices = torch.unravel_index(places, [len(axis.first) for axis in axes])
    strides = (logits.shape[2] * logits.shape[3], logits.shape[3], 1)
    corners = [torch.zeros_like(places)]
    for axis, index, stride in zip(axes, indices, strides, strict=True):
        ends = (axis.first,) if axis.is_nearest else (axis.first, axis.second)
        corners = [corner + end[index] * stride for corner in corners for end in ends]
    weights = [axis.weight[index] for axis, index in zip(axes, indices, strict=True) if not axis.is_nearest]
    for head in logits.reshape(len(logits), -1):
        values = [head.index_select(0, corner).to(axes[0].weight.dtype) for corner in corners]
        for weight in reversed(weights):
            values = [near * (1 - weight) + far * weight for near, far in zip(values[::2], values[1::2], strict=True)]
        yield values[0].half().float() if halved else values[0]
