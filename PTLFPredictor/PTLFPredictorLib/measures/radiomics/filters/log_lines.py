"""ITK's recursive Gaussian along a line as a matrix, and products with bands of it.

The recursion: R. Deriche, INRIA report 1893 (1993), in the form of G. Farneback and C.-F. Westin, MICCAI 2006
(doi 10.1007/11866565_59); a line goes on beyond both ends with its end's value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import ceil, cos, exp, sin

import numpy as np

from ....child.system import ONE_THREAD

REACH_PER_SIGMA = 26.0
"""The recursion decays as exp(-1.37 n / sigma): 26 sigma leave 3e-16, the last digit of double precision."""

BAND = 32
"""Outputs of one product: more waste work on zeros, fewer on calls."""

PRODUCT = 1 << 18
"""Multiplications in one product where the process is not one of `ONE_THREAD`: with more, OpenBLAS uses threads of its
own, which cost thirty times as much beside other work."""

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
            rows = self._matrix[order][shifted(band, self._wanted.start), shifted(reads, self._first)]
            into, out_of = shifted(band, outputs.start), shifted(reads, first)
            at_once = values.shape[1 - axis] if alone else max(PRODUCT // rows.size, 1)
            for start in range(0, values.shape[1 - axis], at_once):
                lines = slice(start, start + at_once)
                if axis == 0:
                    result[into, lines] = rows @ values[out_of, lines]
                else:
                    result[lines, into] = values[lines, out_of] @ rows.T
        return result


def shifted(part: slice, by: int) -> slice:
    return slice(part.start - by, part.stop - by)
