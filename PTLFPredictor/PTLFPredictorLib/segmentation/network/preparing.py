"""From the CT to what the network is given, as nnU-Net's DefaultPreprocessor does it, and back to the CT's grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .box import Box
from .planned import Planned

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Frame:
    """Where the network's grid lies in the CT.  Axes are nnU-Net's (see `Planned`), unless said otherwise.

    Attributes
    ----------
    whole : tuple of int
        Voxels of the CT.
    inner : tuple of slice
        The part with values other than 0, which alone is drawn.
    spacing, new_spacing : tuple of float
        mm of the CT and of the network's grid.
    shape : tuple of int
        Voxels of the network's grid.
    """

    whole: tuple[int, ...]
    inner: tuple[slice, ...]
    spacing: tuple[float, ...]
    new_spacing: tuple[float, ...]
    shape: tuple[int, ...]

    @property
    def inner_shape(self) -> tuple[int, ...]:
        return tuple(part.stop - part.start for part in self.inner)

    @property
    def all(self) -> tuple[slice, ...]:
        """All of the inner part, in its own indices."""
        return tuple(slice(0, size) for size in self.inner_shape)

    def on_ct(self, near: Sequence[slice], inside: Sequence[slice]) -> tuple[slice, ...]:
        """A part of the padded grid (`inside`: the grid in it) -> of `inner`, in its own indices."""
        ends = []
        for part, pad, size, full in zip(near, inside, self.shape, self.inner_shape, strict=True):
            low, high = ((end - pad.start) * full / size for end in (part.start, part.stop))
            ends.append(slice(max(math.floor(low), 0), min(math.ceil(high), full)))
        return tuple(ends)

    def box_of(self, part: Sequence[slice], planned: Planned) -> Box:
        """A part of `inner` as a box of the CT."""
        whole = [
            slice(at.start + inner.start, at.stop + inner.start) for at, inner in zip(part, self.inner, strict=True)
        ]
        z, y, x = (whole[axis] for axis in planned.backward)
        return Box((x.start, y.start, z.start), (x.stop, y.stop, z.stop))

    def restored(self, labels: np.ndarray, planned: Planned) -> np.ndarray:
        """Labels of the inner part -> of the CT, axes (z, y, x)."""
        if labels.shape != self.whole:
            inner, labels = labels, np.zeros(self.whole, labels.dtype)
            labels[self.inner] = inner
        return np.ascontiguousarray(labels.transpose(planned.backward))


def frame(size_zyx: Sequence[int], spacing_zyx: Sequence[float], planned: Planned, inner=None) -> Frame:
    """The network's grid for a CT of this size; `inner` as in `Frame`, None: all of it."""
    whole = tuple(int(size_zyx[axis]) for axis in planned.forward)
    spacing = tuple(float(spacing_zyx[axis]) for axis in planned.forward)
    inner = inner or tuple(slice(0, size) for size in whole)
    shape = tuple(  # nnU-Net's compute_new_shape
        max(round(old / new * (part.stop - part.start)), 1)
        for old, new, part in zip(spacing, planned.spacing, inner, strict=True)
    )
    return Frame(whole, inner, spacing, planned.spacing, shape)


def prepare(
    array: np.ndarray, spacing_zyx: Sequence[float], planned: Planned, device: str
) -> tuple[torch.Tensor, Frame]:
    """The CT on the network's grid.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        HU; not changed.
    spacing_zyx : sequence of float
        mm.
    device : str
        Where it is resampled, and stays.

    Returns
    -------
    tensor of float32
        Shape `Frame.shape`.
    """
    import torch

    inner = not_zero(array.transpose(planned.forward))
    there = frame(array.shape, spacing_zyx, planned, inner)
    image = planned.normalised(array.transpose(planned.forward)[inner].astype(np.float32, order="C"))
    data = torch.from_numpy(image).to(device)
    del image
    return planned.data.image(data, there.shape, there.spacing, there.new_spacing), there


def not_zero(array: np.ndarray) -> tuple[slice, ...]:
    """The smallest box around all voxels other than 0; everything where there is none."""
    inner = []
    for axis, size in enumerate(array.shape):
        planes = np.moveaxis(array, axis, 0)
        low = next((i for i in range(size) if planes[i].any()), 0)
        high = next((i for i in range(size, low, -1) if planes[i - 1].any()), size)
        inner.append(slice(low, high))
    return tuple(inner)
