"""A box of voxels of a CT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import BadInput


@dataclass(frozen=True)
class Box:
    """Voxel indices (x, y, z) in the CT: `start` belongs to the box, `stop` does not."""

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    @classmethod
    def around(cls, mask: np.ndarray, spacing_xyz: Sequence[float], margin_mm: float = 0.0) -> Box | None:
        """The box of a mask with a margin, within the image; None where the mask is empty.

        The margin is cut to whole voxels, as TotalSegmentator does where it crops to the liver.

        Parameters
        ----------
        mask : ndarray of bool, shape (z, y, x)
        spacing_xyz : sequence of float
            mm.
        margin_mm : float
        """
        start, stop = [], []
        for axis, spacing in zip((2, 1, 0), spacing_xyz, strict=True):
            there = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
            if not there.size:
                return None
            margin = int(margin_mm / spacing + 1e-6)  # headers are rounded
            start.append(max(int(there[0]) - margin, 0))
            stop.append(min(int(there[-1]) + 1 + margin, mask.shape[axis]))
        return cls(tuple(start), tuple(stop))

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Of an array with the axes (z, y, x)."""
        z, y, x = (slice(low, high) for low, high in zip(self.start[::-1], self.stop[::-1], strict=True))
        return z, y, x

    @property
    def size(self) -> tuple[int, int, int]:
        x, y, z = (high - low for low, high in zip(self.start, self.stop, strict=True))
        return x, y, z

    def checked(self, size_xyz: Sequence[int]) -> Box:
        """Itself; raises `BadInput` where it does not lie in an image of this size."""
        for low, high, size in zip(self.start, self.stop, size_xyz, strict=True):
            if not 0 <= low < high <= size:
                raise BadInput(f"The box {self.start} to {self.stop} does not lie in a CT of {tuple(size_xyz)} voxels.")
        return self

    def to_list(self) -> list[list[int]]:
        return [list(self.start), list(self.stop)]
