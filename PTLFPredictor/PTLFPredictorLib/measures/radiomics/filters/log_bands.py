"""ITK's recursive Gaussian as matrix products: the Laplacian of Gaussian on the voxels of a VOI alone.

A recursion over a line is linear, so each pass is a matrix, symmetric and next to nothing `REACH_PER_SIGMA` away from
its diagonal.  Products with bands of it cost a third of the recursion, for they run over many lines at once, and they
give only the voxels that are asked for.  Sums are in double precision and each pass is stored in single, in ITK's
order of passes, as ITK does it, and the matrix comes from ITK's own recursion: now and then a pass rounds to the other
of two neighbouring numbers, but in two million voxels of a liver none did (sigma 1, 2 and 3 mm).

The recursion: R. Deriche, INRIA report 1893 (1993), in the form of G. Farneback and C.-F. Westin, MICCAI 2006
(doi 10.1007/11866565_59); a line goes on beyond both ends with its end's value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, cos, exp, sin

import numpy as np

from ....child.system import ONE_THREAD
from ..region import Box, shape_of

REACH_PER_SIGMA = 26.0
"""The recursion decays as exp(-1.37 n / sigma): 26 sigma leave 3e-16, the last digit of double precision."""

BAND = 32
"""Outputs of one product: more waste work on zeros, fewer on calls."""

PRODUCT = 1 << 18
"""Multiplications in one product where the process is not one of `ONE_THREAD`: with more, OpenBLAS uses threads of its
own, which cost thirty times as much beside other work."""

ROWS_AT_ONCE = 8
"""Image rows whose columns through the slices go into one product."""

_SMOOTHING = (1.3530, 1.8151, -0.3531, 0.0902)
_SECOND = (-1.3563, 5.2318, 0.3446, -2.2355)
_FREQUENCIES, _DECAYS = (0.6681, 2.0787), (-1.3932, -1.3732)
"""Causal half of the response at x = n / sigma: (a1 cos w1 x + b1 sin w1 x) exp l1 x + (a2 cos w2 x + b2 sin w2 x)
exp l2 x, from (a1, b1, a2, b2), (w1, w2) and (l1, l2)."""


def recursion(sigma: float, spacing: float, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients n and d of y[i] = sum(n[k] x[i - k]) - sum(d[k] y[i - k], k > 0), the causal half of the filter.

    Rounded as ITK rounds them: what a constant leaves of a second derivative is made of nothing else.

    Parameters
    ----------
    sigma, spacing : float
        In mm.
    order : {0, 2}
        Smoothing, which keeps a constant, or the second derivative per voxel times sigma^2 (in mm2), ITK's
        "normalisation across scale".

    Returns
    -------
    n, d : ndarray, shape (4,) and (5,)
    """
    sin1, sin2 = (sin(w / (sigma / spacing)) for w in _FREQUENCIES)
    cos1, cos2 = (cos(w / (sigma / spacing)) for w in _FREQUENCIES)
    exp1, exp2 = (exp(decay / (sigma / spacing)) for decay in _DECAYS)
    d1 = -2 * (exp2 * cos2 + exp1 * cos1)
    d2 = 4 * cos2 * cos1 * exp1 * exp2 + (exp1 * exp1 + exp2 * exp2)
    d3 = -2 * cos1 * exp1 * exp2 * exp2 + -2 * cos2 * exp2 * exp1 * exp1
    d = np.array([1.0, d1, d2, d3, exp1 * exp1 * exp2 * exp2])

    def numerator(a1: float, b1: float, a2: float, b2: float) -> np.ndarray:
        n1 = exp2 * (b2 * sin2 - (a2 + 2 * a1) * cos2) + exp1 * (b1 * sin1 - (a1 + 2 * a2) * cos1)
        n2 = (a1 + a2) * cos2 * cos1 - (b1 * cos2 * sin1 + b2 * cos1 * sin2)
        n2 = n2 * (2 * exp1 * exp2) + (a2 * exp1 * exp1 + a1 * exp2 * exp2)
        n3 = exp2 * exp1 * exp1 * (b2 * sin2 - a2 * cos2) + exp1 * exp2 * exp2 * (b1 * sin1 - a1 * cos1)
        return np.array([a1 + a2, n1, n2, n3])

    def moments(c: np.ndarray) -> np.ndarray:
        return np.array([(c * np.arange(c.size) ** power).sum() for power in range(3)])

    smoothing, second = numerator(*_SMOOTHING), numerator(*_SECOND)
    d_sum, d_first, d_second = moments(d)
    if order == 0:
        return smoothing * (1 / (2 * smoothing.sum() / d_sum - smoothing[0])), d
    balance = -(2 * second.sum() - d_sum * second[0]) / (2 * smoothing.sum() - d_sum * smoothing[0])
    n_sum, n_first, n_second = moments(second) + balance * moments(smoothing)  # of a constant nothing is left
    moment = n_second * d_sum * d_sum - d_second * n_sum * d_sum - 2 * n_first * d_first * d_sum
    moment = (moment + 2 * d_first * d_first * n_sum) / (d_sum * d_sum * d_sum)  # what is left of half the square
    return (second + balance * smoothing) * (sigma**2 / moment), d


def response(sigma: float, spacing: float, order: int, reach: int) -> np.ndarray:
    """Impulse response at distances of 0 ... `reach` voxels, to either side; the last stands for what follows, too."""
    n, d = recursion(sigma, spacing, order)
    size = 2 * reach + 4
    result = np.zeros(4 + size)  # four zeros before the impulse
    for i in range(size):
        result[i + 4] = (n[i] if i < 4 else 0.0) - (d[1:] * result[i : i + 4][::-1]).sum()
    return np.append(result[4 : reach + 4], result[reach + 4 :].sum())


def rows_of(response: np.ndarray, outputs: slice, inputs: slice, length: int) -> np.ndarray:
    """Part of the matrix of one pass over lines of `length` voxels, shape (outputs, inputs)."""
    reach = response.size - 1
    beyond = np.cumsum(response[::-1])[::-1]
    i, j = np.arange(outputs.start, outputs.stop), np.arange(inputs.start, inputs.stop)
    distance = np.abs(i[:, None] - j)
    result = np.where(distance <= reach, response.take(distance, mode="clip"), 0)
    for edge in (0, length - 1):  # its voxel stands for all that lie beyond it, too
        if inputs.start <= edge < inputs.stop:
            far = np.abs(i - edge)
            result[:, edge - inputs.start] = np.where(far <= reach, beyond.take(far, mode="clip"), 0)
    return result


class Line:
    """The passes along one axis, for the outputs that are wanted.

    Parameters
    ----------
    sigma, spacing : float
        In mm.
    length : int
        Voxels of the image along the axis.
    wanted : slice
        Outputs, as indices of the image.
    """

    def __init__(self, sigma: float, spacing: float, length: int, wanted: slice):
        self.halo = ceil(REACH_PER_SIGMA * sigma / spacing)
        self.length, self._wanted, self._first = length, wanted, max(wanted.start - self.halo, 0)
        self._matrix = {
            order: rows_of(response(sigma, spacing, order, self.halo), wanted, self.reads(wanted), length)
            for order in (0, 2)
        }

    def reads(self, outputs: slice) -> slice:
        """What `outputs` depend on."""
        return slice(max(outputs.start - self.halo, 0), min(outputs.stop + self.halo, self.length))

    def bands(self, outputs: slice) -> Iterator[slice]:
        for start in range(outputs.start, outputs.stop, BAND):
            yield slice(start, min(start + BAND, outputs.stop))

    def run(self, order: int, values: np.ndarray, axis: int, outputs: slice) -> np.ndarray:
        """The pass of `order` along an axis of a plane.

        Parameters
        ----------
        order : {0, 2}
        values : ndarray of two dimensions
            Along `axis`: what ``reads(outputs)`` names.
        axis : {0, 1}
        outputs : slice

        Returns
        -------
        ndarray of float32
        """
        values = values.astype(float)
        first = self.reads(outputs).start
        shape = list(values.shape)
        shape[axis] = outputs.stop - outputs.start
        result = np.empty(shape, dtype=np.float32)
        alone = ONE_THREAD.items() <= os.environ.items()
        for band in self.bands(outputs):
            reads = self.reads(band)
            rows = self._matrix[order][_shifted(band, self._wanted.start), _shifted(reads, self._first)]
            into, out_of = _shifted(band, outputs.start), _shifted(reads, first)
            at_once = values.shape[1 - axis] if alone else max(PRODUCT // rows.size, 1)
            for start in range(0, values.shape[1 - axis], at_once):
                lines = slice(start, start + at_once)
                if axis == 0:
                    result[into, lines] = rows @ values[out_of, lines]
                else:
                    result[lines, into] = values[lines, out_of] @ rows.T
        return result


def _shifted(part: slice, by: int) -> slice:
    return slice(part.start - by, part.stop - by)


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
        index = tuple(_shifted(s, b.start) for s, b in zip(part, self._box[1:], strict=True))
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
            slices, columns = part[0], _shifted(part[1], self._box[2].start)
            plane = smoothed[:, row - self._box[1].start, columns]
            done = depth.run(0, plane[_shifted(depth.reads(slices), reads.start)], 0, slices)
            plane[_shifted(slices, reads.start)] = done

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
        smoothed[(z - first, *(_shifted(s, b.start) for s, b in zip(part, self._box[1:], strict=True)))] = plane

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
            derived[:, _shifted(some, rows.start)] = found.reshape(len(derived), *block.shape[1:])
        for z in range(slices.start, slices.stop):
            own = self._slices.around(slice(z, z + 1))
            if own is not None:
                own_rows, own_columns = height.reads(own[0]), width.reads(own[1])
                plane = derived[z - slices.start, _shifted(own_rows, rows.start), _shifted(own_columns, columns.start)]
                self._add(0, z, height.run(0, width.run(0, plane, 1, own[1]), 0, own[0]), own)
