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

The offsets are the same fractions for all voxels, so the samples of a voxel are fixed linear combinations of the
spline coefficients around it: one matrix product per block of voxels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, factorial, floor, pi, sqrt

import numpy as np

from ..region import Box, Volume, clipped, grown

PREFILTER_HALO = 30
"""The cubic spline's prefilter has the pole sqrt(3) - 2, of which 1e-17 is left after so many voxels."""

BLOCK_VOXELS = 2048
"""Voxels per matrix product: their 125 coefficients each fit the processor's cache."""

GOLDEN_RATIO = (1 + sqrt(5)) / 2


def icosphere(subdivisions: int, radius: float) -> np.ndarray:
    """Vertices of an icosahedron whose edges were halved `subdivisions` times and pushed onto the sphere.

    Returns
    -------
    ndarray, shape (10 * 4**subdivisions + 2, 3)
    """
    a, b = 1 / sqrt(1 + GOLDEN_RATIO**2), GOLDEN_RATIO / sqrt(1 + GOLDEN_RATIO**2)
    vertices = [np.roll((0.0, i * a, j * b), turn) for turn in range(3) for i in (-1, 1) for j in (-1, 1)]
    edge = 2 * a
    for _ in range(subdivisions):
        points = np.array(vertices)
        distance = np.linalg.norm(points[:, None] - points[None], axis=2)
        neighbours = np.argwhere(np.triu((distance > edge / 2) & (distance < edge * 1.3)))
        middles = points[neighbours].mean(axis=1)
        vertices = [*points, *(middles / np.linalg.norm(middles, axis=1, keepdims=True))]
        edge /= 2
    return _snapped(np.array(vertices)) * radius


def _snapped(vertices: np.ndarray) -> np.ndarray:
    """Without the rounding noise at 0, 1/2 and 1, which would push a sample over the image's border."""
    rounded = np.round(vertices * 2) / 2
    return np.where(np.abs(vertices - rounded) < 1e-12, rounded, vertices)


def spherical_harmonic(degree: int, order: int, azimuth: np.ndarray, polar: np.ndarray) -> np.ndarray:
    """Y of `degree` and `order` with the Condon-Shortley phase, as ``scipy.special.sph_harm`` had it.

    Written out because SciPy renamed its function and swapped the arguments between the versions in use.
    """
    m = abs(order)
    # The associated Legendre function takes the cosine alone, so polar angles below 0 count as their opposites.
    x, sine = np.cos(polar), np.abs(np.sin(polar))
    # Rodrigues' formula: m-th derivative of the Legendre polynomial, differentiated term by term.
    legendre = np.zeros_like(x)
    for k in range(degree // 2 + 1):
        power = degree - 2 * k
        if power >= m:
            coefficient = (-1) ** k * factorial(2 * degree - 2 * k)
            coefficient /= 2**degree * factorial(k) * factorial(degree - k) * factorial(power)
            legendre += coefficient * factorial(power) / factorial(power - m) * x ** (power - m)
    norm = sqrt((2 * degree + 1) / (4 * pi) * factorial(degree - m) / factorial(degree + m))
    value = (-1) ** m * norm * legendre * sine**m * np.exp(1j * m * azimuth)
    return value if order >= 0 else (-1) ** m * np.conj(value)


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
    parts = 4

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
        self._offsets, self._weights = self._stencil()
        self._harmonics = self._expansion(lbp3DLevels, lbp3DIcosphereRadius)

    def _stencil(self) -> tuple[np.ndarray, np.ndarray]:
        """Offsets of the coefficients that some vertex needs, shape (n, 3), and weights (n, vertices)."""
        width = 2 * self._reach + 1
        weights = np.zeros((width, width, width, len(self._vertices)))
        for number, vertex in enumerate(self._vertices):
            taps = [cubic_spline_weights(component - floor(component)) for component in vertex]
            place = tuple(slice(floor(c) - 1 + self._reach, floor(c) + 3 + self._reach) for c in vertex)
            weights[(*place, number)] = np.einsum("i,j,k->ijk", *taps)
        used = np.argwhere(weights.any(axis=3))
        return used - self._reach, weights[tuple(used.T)]

    def _expansion(self, levels: int, radius: float) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each degree: the harmonics at the vertices (vertices, orders), and their products summed over them."""
        azimuth = np.arccos(np.clip(self._vertices[:, 2] / radius, -1, 1))
        polar = np.arctan2(self._vertices[:, 1], self._vertices[:, 0])
        expansion = []
        for degree in range(levels):
            y = np.stack([spherical_harmonic(degree, m, azimuth, polar) for m in range(-degree, degree + 1)], axis=1)
            expansion.append((y, y.T @ y))
        return expansion

    def values(self, box: Box, inside: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        coefficients, origin = self._coefficients(box)
        strides = np.array([coefficients.shape[1] * coefficients.shape[2], coefficients.shape[2], 1])
        stencil = self._offsets @ strides
        flat = coefficients.ravel()
        result = {name: np.empty(np.count_nonzero(inside)) for name in names}
        for where, index in self._blocks(box, inside):
            first = (index - origin) @ strides
            samples = flat.take(first[:, None] + stencil) @ self._weights
            self._zero_outside(samples, index)
            samples = self._to_pixel_type(samples)
            centre = self.volume.voxels[tuple(index.T)]
            for name, values in self._of_samples(samples, centre, names):
                result[name][where] = values
        return result

    def _coefficients(self, box: Box) -> tuple[np.ndarray, np.ndarray]:
        """Spline coefficients around `box`, mirrored at the image's border, and the index of their first."""
        from scipy import ndimage

        shape = self.volume.voxels.shape
        outer = clipped(grown(box, (PREFILTER_HALO,) * 3, (PREFILTER_HALO,) * 3), shape)
        coefficients = ndimage.spline_filter(self.volume.voxels[outer], order=3, output=float)
        wanted = grown(box, (self._reach,) * 3, (self._reach,) * 3)
        inner = clipped(wanted, shape)
        coefficients = coefficients[
            tuple(slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))
        ]
        missing = [(i.start - w.start, w.stop - i.stop) for i, w in zip(inner, wanted, strict=True)]
        # NumPy's "reflect" is what scipy.ndimage calls "mirror": the outermost voxel is not repeated.
        return np.pad(coefficients, missing, mode="reflect"), np.array([w.start for w in wanted])

    @staticmethod
    def _blocks(box: Box, inside: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        start = np.array([s.start for s in box])
        done = 0
        for z in range(inside.shape[0]):
            row, column = np.nonzero(inside[z])
            index = np.stack([np.full_like(row, z), row, column], axis=1) + start
            for first in range(0, len(index), BLOCK_VOXELS):
                block = index[first : first + BLOCK_VOXELS]
                yield slice(done, done + len(block)), block
                done += len(block)

    def _zero_outside(self, samples: np.ndarray, index: np.ndarray) -> None:
        """Samples beyond the outermost voxel centres are 0 (``map_coordinates``, mode "constant")."""
        last = np.array(self.volume.voxels.shape) - 1
        reach = self._vertices.max()
        border = np.flatnonzero(((index - reach < 0) | (index + reach > last)).any(axis=1))
        if border.size:
            place = index[border, None, :] + self._vertices
            outside = ((place < 0) | (place > last)).any(axis=2)
            samples[border] = np.where(outside, 0.0, samples[border])

    def _to_pixel_type(self, samples: np.ndarray) -> np.ndarray:
        """What a sample becomes in the image's type (integers: half away from zero)."""
        dtype = self.volume.voxels.dtype
        if dtype.kind == "f":
            return samples.astype(dtype, copy=False)
        samples += np.copysign(0.5, samples)
        np.trunc(samples, out=samples)
        limits = np.iinfo(dtype)
        return np.clip(samples, limits.min, limits.max, out=samples)

    def _of_samples(
        self, samples: np.ndarray, centre: np.ndarray, names: Sequence[str]
    ) -> Iterator[tuple[str, np.ndarray]]:
        pattern = samples >= centre[:, None]
        if "lbp-3D-m1" in names:
            yield "lbp-3D-m1", _zeroth_energies(len(self._vertices)).take(np.count_nonzero(pattern, axis=1))
        pattern = pattern.astype(float)
        for level, (harmonics, products) in enumerate(self._harmonics):
            if level > 0 and f"lbp-3D-m{level + 1}" in names:
                yield f"lbp-3D-m{level + 1}", _energy(pattern, harmonics, products)
        if "lbp-3D-k" in names:
            yield "lbp-3D-k", _excess_kurtosis(samples)


def _zeroth_energies(vertices: int) -> np.ndarray:
    """Energy of degree 0 by number of samples not below the centre, 0 to `vertices`.

    Added one by one as PyRadiomics does: m1 takes so few values that percentiles fall on them, and rounding
    decides which voxels count as beyond a percentile.
    """
    y = spherical_harmonic(0, 0, np.zeros(1), np.zeros(1)).real[0]
    sums = np.r_[0.0, np.cumsum(np.full(vertices, y))]
    return np.sqrt(np.cumsum(np.repeat((sums * y)[:, None] ** 2, vertices, axis=1), axis=1)[:, -1])


def _energy(pattern: np.ndarray, harmonics: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Real part of sqrt(sum over vertices of (sum over orders of c Y)^2), a quadratic form of the sums c."""
    sums = pattern @ harmonics.real + 1j * (pattern @ harmonics.imag)
    return np.sqrt(np.einsum("vi,ij,vj->v", sums, products, sums)).real


def _excess_kurtosis(samples: np.ndarray) -> np.ndarray:
    """Over each row; NaN where all samples are equal, as SciPy gives it."""
    samples = samples.astype(float, copy=False)
    deviation = samples - samples.mean(axis=1, keepdims=True)
    squared = deviation**2
    second = squared.mean(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(second == 0, np.nan, (squared**2).mean(axis=1) / second**2) - 3
