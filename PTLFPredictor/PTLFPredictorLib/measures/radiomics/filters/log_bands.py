"""ITK's recursive Gaussian as matrix products: the Laplacian of Gaussian on the voxels of a VOI alone.

A recursion over a line is linear, so each pass is a matrix, symmetric and next to nothing 26 sigma away from
its diagonal.  Products with bands of it cost a third of the recursion, for they run over many lines at once, and they
give only the voxels that are asked for.  Sums are in double precision and each pass is stored in single, in ITK's
order of passes, as ITK does it, and the matrix comes from ITK's own recursion: now and then a pass rounds to the other
of two neighbouring numbers (sigma 1 and 2 mm: in none of two million voxels of a liver; 3 mm: in a few).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..region import Box, shape_of
from .log_lines import Line, shifted

ROWS_AT_ONCE = 8
"""Image rows whose columns through the slices go into one product."""


@dataclass(frozen=True)
class Extents:
    """Bounding rectangles of the planes across one axis of a mask, as indices of the image.

    Parameters
    ----------
    first : int
        Index of the first plane.
    low, high : ndarray of int, shape (planes, 2)
        Half-open ranges along the other two axes; of a plane without a voxel `high` is not above `low`.
    """

    first: int
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, inside: np.ndarray, box: Box, axis: int) -> Extents:
        low, high = [], []
        for other in (a for a in range(3) if a != axis):
            across = 3 - axis - other
            occupied = inside.any(axis=across)
            occupied = occupied if axis < other else occupied.T
            some, size = occupied.any(axis=1), occupied.shape[1]
            low.append(np.where(some, occupied.argmax(axis=1), size) + box[other].start)
            high.append(np.where(some, size - occupied[:, ::-1].argmax(axis=1), 0) + box[other].start)
        return cls(box[axis].start, np.array(low).T, np.array(high).T)

    def around(self, planes: slice) -> tuple[slice, slice] | None:
        """The rectangle around all voxels in `planes`, or None."""
        part = slice(max(planes.start - self.first, 0), max(planes.stop - self.first, 0))
        if not self.low[part].size:
            return None
        low, high = self.low[part].min(axis=0), self.high[part].max(axis=0)
        return None if low[0] >= high[0] else tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


class Laplacian:
    """Laplacian of Gaussian of the voxels of a mask.

    Parameters
    ----------
    voxels : array-like, shape (z, y, x)
        The image; read block by block.
    spacing_mm : (float, float, float)
        (z, y, x).
    sigma : float
        In mm.
    box : Box
        Around the mask.
    inside : ndarray of bool
        The mask over `box`.
    pool : ThreadPoolExecutor
        Planes are its tasks: it must have a thread free.
    """

    def __init__(
        self,
        voxels: np.ndarray,
        spacing_mm: Sequence[float],
        sigma: float,
        box: Box,
        inside: np.ndarray,
        pool: ThreadPoolExecutor,
    ):
        self._voxels, self._box, self._inside, self._pool = voxels, box, inside, pool
        self._lines = [Line(sigma, s, n, part) for s, n, part in zip(spacing_mm, voxels.shape, box, strict=True)]
        self._weights = [np.float64(1 / spacing**2) for spacing in spacing_mm]
        self._slices, self._rows = (Extents.of(inside, box, axis) for axis in (0, 1))
        self._ends = np.concatenate([[0], np.cumsum(np.count_nonzero(inside, axis=(1, 2)))])

    def values(self) -> np.ndarray:
        """ITK adds the derivatives along x, y and z in this order, in double precision, and stores in single.

        Returns
        -------
        ndarray of float32, shape (n,)
            In C order.
        """
        self._total = np.zeros(self._ends[-1], dtype=np.float32)
        for axis in (2, 1):
            self._add_in_plane(axis)
        depth = self._lines[0]
        list(self._pool.map(self._add_across, depth.bands(self._box[0])))
        return self._total

    def _add(self, axis: int, z: int, values: np.ndarray, part: tuple[slice, slice]) -> None:
        """`values` of slice `z` over `part` of its rows and columns: one derivative of the three."""
        here = z - self._box[0].start
        index = tuple(shifted(s, b.start) for s, b in zip(part, self._box[1:], strict=True))
        where = slice(self._ends[here], self._ends[here + 1])
        self._total[where] = self._total[where] + values[self._inside[here][index]] * self._weights[axis]

    def _add_in_plane(self, axis: int) -> None:
        """The derivative along `axis`, 2 (x) or 1 (y): two passes in each slice, then one through the slices."""
        depth, reads = self._lines[0], self._lines[0].reads(self._box[0])
        smoothed = np.zeros((reads.stop - reads.start, *shape_of(self._box)[1:]), dtype=np.float32)
        list(self._pool.map(lambda z: self._derive_slice(axis, z, smoothed), range(reads.start, reads.stop)))

        def through(row: int) -> None:
            part = self._rows.around(slice(row, row + 1))
            if part is None:
                return
            slices, columns = part[0], shifted(part[1], self._box[2].start)
            plane = smoothed[:, row - self._box[1].start, columns]
            done = depth.run(0, plane[shifted(depth.reads(slices), reads.start)], 0, slices)
            plane[shifted(slices, reads.start)] = done

        list(self._pool.map(through, range(self._box[1].start, self._box[1].stop)))
        for z in range(self._box[0].start, self._box[0].stop):
            self._add(axis, z, smoothed[z - reads.start], self._box[1:])

    def _derive_slice(self, axis: int, z: int, smoothed: np.ndarray) -> None:
        """Into `smoothed`: what the VOI needs of slice `z`, differentiated along `axis`, smoothed along the other."""
        halo = self._lines[0].halo
        part = self._slices.around(slice(z - halo, z + halo + 1))
        if part is None:
            return
        reads = tuple(line.reads(wanted) for line, wanted in zip(self._lines[1:], part, strict=True))
        plane = self._voxels[(z, *reads)]
        for order, along in ((2, axis), (0, 3 - axis)):
            plane = self._lines[along].run(order, plane, along - 1, part[along - 1])
        first = self._lines[0].reads(self._box[0]).start
        smoothed[(z - first, *(shifted(s, b.start) for s, b in zip(part, self._box[1:], strict=True)))] = plane

    def _add_across(self, slices: slice) -> None:
        """The derivative along z, for a band of slices: through the slices first, then in each."""
        part = self._slices.around(slices)
        if part is None:
            return
        depth, height, width = self._lines
        rows, columns = height.reads(part[0]), width.reads(part[1])
        derived = np.empty((slices.stop - slices.start, *shape_of((rows, columns))), dtype=np.float32)
        for start in range(rows.start, rows.stop, ROWS_AT_ONCE):
            some = slice(start, min(start + ROWS_AT_ONCE, rows.stop))
            block = self._voxels[depth.reads(slices), some, columns]
            found = depth.run(2, block.reshape(len(block), -1), 0, slices)
            derived[:, shifted(some, rows.start)] = found.reshape(len(derived), *block.shape[1:])
        for z in range(slices.start, slices.stop):
            own = self._slices.around(slice(z, z + 1))
            if own is not None:
                own_rows, own_columns = height.reads(own[0]), width.reads(own[1])
                plane = derived[z - slices.start, shifted(own_rows, rows.start), shifted(own_columns, columns.start)]
                self._add(0, z, height.run(0, width.run(0, plane, 1, own[1]), 0, own[0]), own)
