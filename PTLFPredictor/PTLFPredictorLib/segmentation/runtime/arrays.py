"""What `network` does with torch before and after the network, in NumPy: a process that draws with OpenVINO does
without PyTorch and nnU-Net, whose import takes longer than drawing a CT.

The operations are those of `network.preparing`, `network.resampling` and `network.drawing`: the CT differs from
torch's by the rounding of single precision, and of the same outputs the labels are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np

from ..network.drawing import SLAB_VOXELS, worth_telling
from ..network.planned import Planned
from ..network.preparing import Frame, frame, not_zero
from ..network.resampling import SLAB_PLANES, SPLINES, TORCH, Resampling, Taps, own_axis_matrix, spline_matrix, taps_of

BY_VOXEL = frozenset({"CTNormalization", "NoNormalization"})
"""nnU-Net's normalisations that look at each voxel alone: only voxels that the resampling takes need them."""


def prepared(array: np.ndarray, spacing_zyx: Sequence[float], planned: Planned) -> tuple[np.ndarray, Frame]:
    """The CT on the network's grid; see `network.preparing.prepare`.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        HU; not changed.
    spacing_zyx : sequence of float
        mm.
    planned : Planned

    Returns
    -------
    ndarray of float32, shape `Frame.shape`
    Frame
    """
    turned = array.transpose(planned.forward)
    there = frame(array.shape, spacing_zyx, planned, not_zero(turned))
    part = turned[there.inner]
    if planned.data.name != TORCH or planned.scheme not in BY_VOXEL or planned.masked or part.shape == there.shape:
        image = planned.normalised(part.astype(np.float32, order="C"))
        return resampled(image, there, planned.data), there
    taken, taps = [], []
    for tap in _linear_taps(planned.data, part.shape, there):
        needed = np.unique(np.concatenate([tap.first, tap.second]))
        first, second = (np.searchsorted(needed, ends) for ends in (tap.first, tap.second))
        taken.append(needed)
        taps.append(Taps(first, second, tap.weight, len(needed)))
    for axis, needed in enumerate(taken):
        part = part.take(needed, axis)
    return _between(planned.normalised(part.astype(np.float32, order="C")), taps), there


def resampled(image: np.ndarray, there: Frame, how: Resampling) -> np.ndarray:
    """An image of float32 on the grid of shape `there.shape`; see `Resampling.image`."""
    if image.shape == there.shape:
        return image
    if how.name == TORCH:
        return _between(image, _linear_taps(how, image.shape, there))
    return _splines(image, there.shape, how, how.separate_axis(there.spacing, there.new_spacing))


def _linear_taps(how: Resampling, size: Sequence[int], there: Frame) -> list[Taps]:
    separate = how.separate_axis(there.spacing, there.new_spacing)
    return [
        taps_of(n, wanted, 0 if axis == separate else 1, np.float32)
        for axis, (n, wanted) in enumerate(zip(size, there.shape, strict=True))
    ]


def _between(image: np.ndarray, taps: Sequence[Taps]) -> np.ndarray:
    """Sums of two weighted neighbours along x, then y, then z: torch's order."""
    for axis in (2, 1, 0):
        tap = taps[axis]
        weight = tap.weight.reshape([-1 if n == axis else 1 for n in range(3)])
        near = image.take(tap.first, axis)
        image = near if tap.is_nearest else near * (1 - weight) + image.take(tap.second, axis) * weight
    return np.ascontiguousarray(image)


def _splines(image: np.ndarray, shape: Sequence[int], how: Resampling, separate: int | None) -> np.ndarray:
    others = (0, 1, 2) if separate is None else tuple(axis for axis in range(3) if axis != separate)
    low, high = image.min(others, keepdims=True), image.max(others, keepdims=True)
    matrices = {
        axis: spline_matrix(image.shape[axis], shape[axis], how.order)
        for axis in others
        if image.shape[axis] != shape[axis]
    }
    slabs = []
    for start in range(0, len(image), SLAB_PLANES):  # doubles of a few planes at a time
        slab = image[start : start + SLAB_PLANES].astype(np.float64)
        slab = slab @ matrices[2].T if 2 in matrices else slab
        slabs.append(matrices[1] @ slab if 1 in matrices else slab)
    found = np.concatenate(slabs)
    del slabs
    if 0 in matrices:
        found = np.tensordot(matrices[0], found, 1)
    np.clip(found, low, high, out=found)  # scikit-image keeps the range of what it is given
    if separate is not None and found.shape[separate] != shape[separate]:
        own = own_axis_matrix(found.shape[separate], shape[separate], how.order_z)
        found = np.moveaxis(np.tensordot(own, found, axes=([1], [separate])), 0, separate)
    return np.ascontiguousarray(found, np.float32)


def draw(
    logits: np.ndarray,
    taps: Sequence[Taps],
    regions: Sequence[int] | None,
    name: str,
    *,
    wanted: Collection[int] = (),
    slab_voxels: int = SLAB_VOXELS,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Labels on the CT's grid; parameters and what is returned as in `network.drawing.draw`."""
    codes = _said(iter(logits), len(logits), regions)
    mixed = _mixed(codes, taps)
    wanted = worth_telling(wanted, len(logits), regions)
    if wanted:
        told_apart, codes = mixed, _only(codes, wanted)
        mixed = _mixed(codes, taps)
        mixed |= _can_come_out(logits, wanted, told_apart & ~mixed, taps, max(1, slab_voxels // 16))
        del told_apart
    shape = tuple(len(tap.first) for tap in taps)
    labels = np.empty(shape, np.uint8)
    planes = max(1, slab_voxels // (shape[1] * shape[2]))
    for start in range(0, shape[0], planes):
        told(start, shape[0])
        stop = min(start + planes, shape[0])
        slab = _at_first(codes, taps, slice(start, stop))
        places = np.flatnonzero(_at_first(mixed, taps, slice(start, stop)))
        flat = slab.reshape(-1)
        for first in range(0, len(places), max(1, slab_voxels // 16)):
            chunk = places[first : first + max(1, slab_voxels // 16)]
            values = _interpolated(logits, taps, chunk + start * shape[1] * shape[2], halved=name == SPLINES)
            said = _said(values, len(logits), regions)
            flat[chunk] = _only(said, wanted) if wanted else said
        labels[start:stop] = final(slab, regions)
    told(shape[0], shape[0])
    return labels


def labels_of(outputs: np.ndarray, regions: Sequence[int] | None) -> np.ndarray:
    """Labels on the network's own grid; outputs have the shape (heads, z, y, x)."""
    return final(_said(iter(outputs), len(outputs), regions), regions)


def final(codes: np.ndarray, regions: Sequence[int] | None) -> np.ndarray:
    """Labels: of regions the last that is there, in the order in which nnU-Net draws them."""
    if regions is None:
        return codes
    labels = np.zeros(codes.shape, np.uint8)
    for head, label in enumerate(regions):
        labels[(codes >> head) & 1 == 1] = label
    return labels


def _said(values: Iterator[np.ndarray], heads: int, regions: Sequence[int] | None) -> np.ndarray:
    """What the outputs say, head after head: the number of the first largest, or one bit for each region."""
    best = _single(next(values))
    if regions is not None:
        kind = np.uint8 if heads <= 8 else np.int64
        code = (best > 0).astype(kind)
        for head, value in enumerate(values, 1):
            code |= (_single(value) > 0).astype(kind) << head
        return code
    code = np.zeros(best.shape, np.uint8)
    for head, value in enumerate(values, 1):
        value = _single(value)
        np.putmask(code, value > best, head)
        best = np.maximum(best, value)
    return code


def _only(codes: np.ndarray, wanted: Collection[int]) -> np.ndarray:
    """All labels but the wanted ones as background."""
    table = np.zeros(256, np.uint8)
    table[list(wanted)] = list(wanted)
    return table[codes]


def _can_come_out(
    logits: np.ndarray, wanted: Collection[int], where: np.ndarray, taps: Sequence[Taps], chunk: int
) -> np.ndarray:
    """Where a wanted label may come out between neighbours of which none has it; see `network.drawing`."""
    found = np.zeros(where.size, bool)
    all_places, strides = np.flatnonzero(where), (where.shape[1] * where.shape[2], where.shape[2], 1)
    for first in range(0, len(all_places), chunk):
        places = all_places[first : first + chunk]
        corners = [places]
        indices = np.unravel_index(places, where.shape)
        for tap, index, size, stride in zip(taps, indices, where.shape, strides, strict=True):
            if not tap.is_nearest:
                step = (index < size - 1) * stride
                corners += [corner + step for corner in corners]
        least, most = (np.full(places.shape, -np.inf, np.float32) for _ in range(2))
        for label, head in enumerate(logits.reshape(len(logits), -1)):
            values = _single(head.take(np.stack(corners)))
            if label in wanted:
                np.maximum(most, values.max(0), out=most)
            else:
                np.maximum(least, values.min(0), out=least)
        found[places] = most >= least
    return found.reshape(where.shape)


def _single(value: np.ndarray) -> np.ndarray:
    """Half precision compared as single: NumPy compares it slowly."""
    return value.astype(np.float32) if value.dtype == np.float16 else value


def _mixed(codes: np.ndarray, taps: Sequence[Taps]) -> np.ndarray:
    """Whether the neighbours from here on, one along each axis that is interpolated, say different things."""
    low = high = codes
    for axis, tap in enumerate(taps):
        if not tap.is_nearest:
            following = np.minimum(np.arange(codes.shape[axis]) + 1, codes.shape[axis] - 1)
            low, high = np.minimum(low, low.take(following, axis)), np.maximum(high, high.take(following, axis))
    return low != high


def _at_first(volume: np.ndarray, taps: Sequence[Taps], planes: slice) -> np.ndarray:
    z, y, x = (tap.first for tap in taps)
    return volume.take(x, 2).take(y, 1).take(z[planes], 0)


def _interpolated(
    logits: np.ndarray, taps: Sequence[Taps], places: np.ndarray, *, halved: bool
) -> Iterator[np.ndarray]:
    """The outputs at some voxels of the volume that `taps` make, head after head: along x first, as torch does it."""
    indices = np.unravel_index(places, [len(tap.first) for tap in taps])
    strides = (logits.shape[2] * logits.shape[3], logits.shape[3], 1)
    corners = [np.zeros_like(places)]
    for tap, index, stride in zip(taps, indices, strides, strict=True):
        ends = (tap.first,) if tap.is_nearest else (tap.first, tap.second)
        corners = [corner + end[index] * stride for corner in corners for end in ends]
    weights = [tap.weight[index] for tap, index in zip(taps, indices, strict=True) if not tap.is_nearest]
    kind = taps[0].weight.dtype
    for head in logits.reshape(len(logits), -1):
        values = [head.take(corner).astype(kind) for corner in corners]
        for weight in reversed(weights):
            values = [near * (1 - weight) + far * weight for near, far in zip(values[::2], values[1::2], strict=True)]
        yield values[0].astype(np.float16).astype(np.float32) if halved else values[0]
