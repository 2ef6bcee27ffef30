"""Rotation-invariant local binary pattern in 3D.

PyRadiomics 3.0.1, ``imageoperations.getLBP3DImage``, after Banerjee et al., ACCV 2012 Workshops, LNCS 7728
(doi 10.1007/978-3-642-37410-4_3).  IBSI has no such filter.

Around each voxel the image is sampled on an icosphere by a cubic spline.  ``m1``, ``m2``... are the energies of
the degrees 0, 1... of the spherical-harmonic expansion of the pattern "sample not below the centre", ``k`` is the
excess kurtosis of the samples.  Kept from PyRadiomics, for its values are what signatures were fitted on:

- the radius is in voxels, and vertex components are added to (slice, row, column);
- samples are rounded to the image's pixel type, half away from zero, and are 0 outside the image;
- arccos(component 3 / radius) serves as azimuth and atan2(component 2, component 1) as polar angle;
- the sums are not conjugated, and their squares are not those of a modulus.

The offsets are the same fractions for all voxels, so a sample is not looked up voxel by voxel: the spline
coefficients of a whole slice are shifted and weighted, first along slices, then rows, then columns, and vertices
that share components share the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil, floor

import numpy as np

from ....ct import bounding_box
from ..region import Box, Volume, clipped, grown
from .sphere import icosphere, pattern_sums, spherical_harmonic

PARTS = 4
"""Into how many parts to cut work for threads."""

PREFILTER_HALO = 30
"""The cubic spline's prefilter has the pole sqrt(3) - 2: 4e-16 is left after the 27 voxels of these that a sample at
radius 1 does not read itself."""

BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)
"""Number of bits set in each byte."""


def cubic_spline_weights(fraction: float) -> np.ndarray:
    """Weights of the four coefficients around a sample at `fraction` behind the second of them."""
    t = fraction
    return np.array([(1 - t) ** 3, 4 - 6 * t**2 + 3 * t**3, 1 + 3 * t + 3 * t**2 - 3 * t**3, t**3]) / 6


class LocalBinaryPattern:
    """``lbp-3D-m1`` ... ``lbp-3D-m<levels>`` and ``lbp-3D-k``.

    Parameters
    ----------
    volume : Volume
    lbp3DLevels : int
        Number of degrees of the expansion.
    lbp3DIcosphereRadius : float
        Radius of the sphere in voxels.
    lbp3DIcosphereSubdivision : int
    """

    dtype = np.dtype(float)
    slab_voxels = 4_000_000
    parts = PARTS

    def __init__(
        self,
        volume: Volume,
        lbp3DLevels: int = 2,
        lbp3DIcosphereRadius: float = 1,
        lbp3DIcosphereSubdivision: int = 1,
    ):
        self.volume = volume
        self.names = (*(f"lbp-3D-m{level + 1}" for level in range(lbp3DLevels)), "lbp-3D-k")
        self._vertices = icosphere(lbp3DIcosphereSubdivision, lbp3DIcosphereRadius)
        self._reach = ceil(lbp3DIcosphereRadius) + 2
        self._tree = _tree(self._vertices)
        self._taps = {component: _taps(component) for component in np.unique(self._vertices).tolist()}
        self._harmonics = [pattern_sums(self._vertices, lbp3DIcosphereRadius, degree) for degree in range(lbp3DLevels)]

    def shares(self, name: str) -> str:
        """All names: they are of the same samples."""
        return "samples"

    def prepare(self, box: Box, pool: ThreadPoolExecutor) -> None:
        """Spline coefficients around `box`, mirrored at the image's border, for the slabs that follow."""
        from scipy import ndimage

        shape = self.volume.voxels.shape
        outer = clipped(grown(box, (PREFILTER_HALO,) * 3, (PREFILTER_HALO,) * 3), shape)
        coefficients = self.volume.voxels[outer].astype(float)

        def along(axis: int, part: np.ndarray) -> None:
            ndimage.spline_filter1d(part, order=3, axis=axis, output=part)

        wanted = grown(box, (self._reach,) * 3, (self._reach,) * 3)
        inner = clipped(wanted, shape)
        for axis, other in ((0, 1), (1, 0), (2, 0)):
            list(pool.map(along, [axis] * PARTS, np.array_split(coefficients, PARTS, axis=other)))
            first = outer[axis].start
            kept = slice(inner[axis].start - first, inner[axis].stop - first)
            coefficients = coefficients[(slice(None),) * axis + (kept,)]
        missing = [(i.start - w.start, w.stop - i.stop) for i, w in zip(inner, wanted, strict=True)]
        # NumPy's "reflect" is what scipy.ndimage calls "mirror": the outermost voxel is not repeated.
        self._coefficients = np.pad(coefficients, missing, mode="reflect") if np.any(missing) else coefficients
        self._origin = tuple(w.start for w in wanted)

    def values(self, box: Box, inside: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        result = {name: np.empty(np.count_nonzero(inside)) for name in names}
        done = 0
        for z in range(inside.shape[0]):
            if not inside[z].any():
                continue
            rows, columns = bounding_box(inside[z])
            mask = inside[z, rows, columns]
            place = (
                box[0].start + z,
                *(slice(b.start + w.start, b.start + w.stop) for b, w in zip(box[1:], (rows, columns), strict=True)),
            )
            where = slice(done, done + np.count_nonzero(mask))
            done = where.stop
            patterns, samples = self._patterns(place, mask, "lbp-3D-k" in names)
            for name in names:
                result[name][where] = _excess_kurtosis(samples) if name == "lbp-3D-k" else self._energy(name, patterns)
        return result

    def _patterns(
        self,
        place: tuple[int, slice, slice],
        mask: np.ndarray,
        keep_samples: bool,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Patterns of one slice's VOI voxels, eight vertices to a byte, shape (bytes, n), and samples (vertices, n)."""
        centre = self.volume.voxels[place]
        width = centre.shape[1]
        # Rows are as long as those of the coefficients, so that a shift along them is one along the whole strip.
        beyond = ((0, 0), (0, 2 * self._reach))
        threshold, mask = np.pad(_threshold(centre), beyond), np.pad(mask, beyond)
        packed = np.zeros((-(-len(self._vertices) // 8), *mask.shape), dtype=np.uint8)
        samples = np.empty((len(self._vertices) if keep_samples else 0, np.count_nonzero(mask)), dtype=centre.dtype)
        bit = np.empty(mask.shape, dtype=np.uint8)
        leaves = self._leaves_image(place)
        for number, values in self._samples(place):
            if leaves:
                self._zero_outside(values[:, :width], self._vertices[number], place)
            if centre.dtype.kind == "f":
                values = values.astype(centre.dtype, copy=False)
            np.greater_equal(values, threshold, out=bit.view(bool))
            np.multiply(bit, np.uint8(1 << number % 8), out=bit)
            packed[number // 8] |= bit
            if keep_samples:
                samples[number] = _to_pixel_type(values[mask], centre.dtype)
        return packed[:, mask], samples

    def _samples(self, place: tuple[int, slice, slice]) -> Iterator[tuple[int, np.ndarray]]:
        """Vertex by vertex: its number and the spline's values there, followed in each row by as many values without
        meaning as there are columns of halo; the array is overwritten by the next."""
        reach = self._reach
        z = place[0] - self._origin[0]
        height, width = (s.stop - s.start for s in place[1:])
        top, left = place[1].start - self._origin[1] - reach, place[2].start - self._origin[2] - reach
        block = self._coefficients[:, top : top + height + 2 * reach, left : left + width + 2 * reach]
        by_z, temporary_z = np.empty((2, *block.shape[1:]))
        size = height * block.shape[2]
        flat_y, temporary = np.zeros((2, size + 2 * reach))
        by_y, temporary_y = (array[:size].reshape(height, -1) for array in (flat_y, temporary))
        by_x = np.empty(size)
        for vertex_z, branch in self._tree.items():
            _weighted(self._taps[vertex_z], lambda k: block[z + k], by_z, temporary_z)
            for vertex_y, leaves in branch.items():
                _weighted(self._taps[vertex_y], lambda k: by_z[reach + k : reach + k + height], by_y, temporary_y)
                for vertex_x, number in leaves.items():
                    _weighted(
                        self._taps[vertex_x], lambda k: flat_y[reach + k : reach + k + size], by_x, temporary[:size]
                    )
                    yield number, by_x.reshape(height, -1)

    def _leaves_image(self, place: tuple[int, slice, slice]) -> bool:
        """Whether samples around `place` may lie beyond the outermost voxel centres."""
        ends = ((place[0], place[0] + 1), *((s.start, s.stop) for s in place[1:]))
        return not all(
            start >= self._reach and stop + self._reach < size
            for (start, stop), size in zip(ends, self.volume.voxels.shape, strict=True)
        )

    def _zero_outside(self, values: np.ndarray, vertex: np.ndarray, place: tuple[int, slice, slice]) -> None:
        """Samples beyond the outermost voxel centres are 0 (``map_coordinates``, mode "constant")."""
        last = [size - 1 for size in self.volume.voxels.shape]
        z, y, x = vertex
        if not 0 <= place[0] + z <= last[0]:
            values[:] = 0
        row, column = (np.arange(s.start, s.stop) + c for s, c in zip(place[1:], (y, x), strict=True))
        values[(row < 0) | (row > last[1])] = 0
        values[:, (column < 0) | (column > last[2])] = 0

    def _energy(self, name: str, patterns: np.ndarray) -> np.ndarray:
        """Real part of sqrt(sum over vertices of (sum over orders of c Y)^2), a quadratic form of the sums c."""
        if name == "lbp-3D-m1":
            count = BITS.take(patterns).sum(axis=0, dtype=np.intp)
            return _zeroth_energies(len(self._vertices)).take(count)
        tables, form = self._harmonics[int(name.removeprefix("lbp-3D-m")) - 1]
        indices = [byte.astype(np.intp) for byte in patterns]
        sums = [
            sum(table.take(index) for table, index in zip(tables[:, order], indices, strict=True))
            for order in range(tables.shape[1])
        ]
        real, imaginary = (_quadratic(matrix, sums) for matrix in (form.real, form.imag))
        return np.sqrt((np.hypot(real, imaginary) + real) / 2)


def _quadratic(matrix: np.ndarray, vectors: list[np.ndarray]) -> np.ndarray:
    """sum of matrix[i, j] vectors[i] vectors[j]; entries that are 0 but for rounding are left out."""
    noise = 1e-12 * np.abs(matrix).max()
    total = np.zeros_like(vectors[0])
    for i, first in enumerate(vectors):
        for j, second in enumerate(vectors[: i + 1]):
            entry = matrix[i, j] + (matrix[j, i] if i != j else 0)
            if abs(entry) > noise:
                total += entry * first * second
    return total


def _tree(vertices: np.ndarray) -> dict[float, dict[float, dict[float, int]]]:
    """``{z: {y: {x: number of the vertex}}}``."""
    tree: dict[float, dict[float, dict[float, int]]] = {}
    for number, (z, y, x) in enumerate(vertices.tolist()):
        tree.setdefault(z, {}).setdefault(y, {})[x] = number
    return tree


def _taps(component: float) -> list[tuple[int, float]]:
    """Places around a sample at `component`, and the weights of the coefficients there, without those of 0."""
    first = floor(component) - 1
    weights = cubic_spline_weights(component - floor(component)).tolist()
    return [(first + k, weight) for k, weight in enumerate(weights) if weight]


def _weighted(
    taps: Sequence[tuple[int, float]], shifted: Callable[[int], np.ndarray], out: np.ndarray, temporary: np.ndarray
) -> None:
    """Sum over `taps` of the coefficients times their weights, into `out`."""
    (place, weight), *others = taps
    np.multiply(shifted(place), weight, out=out)
    for place, weight in others:
        np.multiply(shifted(place), weight, out=temporary)
        np.add(out, temporary, out=out)


def _threshold(centre: np.ndarray) -> np.ndarray:
    """What an unrounded sample must reach so that, in the image's type, it is not below the centre.

    Integers are rounded half away from zero, so a half below a positive centre belongs to it, one below a centre
    of 0 or less does not; the lowest integer is never undercut, for samples are clipped to it.
    """
    if centre.dtype.kind == "f":
        return centre
    half = centre - 0.5
    threshold = np.where(centre > 0, half, np.nextafter(half, np.inf))
    return np.where(centre == np.iinfo(centre.dtype).min, -np.inf, threshold)


def _to_pixel_type(samples: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """What samples become in the image's type (integers: half away from zero)."""
    if dtype.kind == "f":
        return samples
    limits, rounded = np.iinfo(dtype), np.copysign(0.5, samples)
    rounded += samples
    return np.clip(np.trunc(rounded, out=rounded), limits.min, limits.max, out=rounded)


def _zeroth_energies(vertices: int) -> np.ndarray:
    """Energy of degree 0 by number of samples not below the centre, 0 to `vertices`.

    Added one by one as PyRadiomics does: m1 takes so few values that percentiles fall on them, and rounding
    decides which voxels count as beyond a percentile.
    """
    y = spherical_harmonic(0, 0, np.zeros(1), np.zeros(1)).real[0]
    sums = np.r_[0.0, np.cumsum(np.full(vertices, y))]
    return np.sqrt(np.cumsum(np.repeat((sums * y)[:, None] ** 2, vertices, axis=1), axis=1)[:, -1])


def _excess_kurtosis(samples: np.ndarray) -> np.ndarray:
    """Over the first axis; NaN where all samples are equal to within rounding, as SciPy gives it."""
    samples = samples if samples.dtype.kind == "f" else samples.astype(float)
    mean = samples.mean(axis=0)
    powers = samples - mean
    second = np.square(powers, out=powers).mean(axis=0)
    flat = second <= (np.finfo(second.dtype).resolution * mean) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(flat, np.nan, np.square(powers, out=powers).mean(axis=0) / second**2) - 3
