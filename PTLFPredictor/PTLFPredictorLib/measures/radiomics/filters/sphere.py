"""The icosphere that LBP-3D samples on, and spherical harmonics at its vertices."""

from __future__ import annotations

from math import factorial, pi, sqrt

import numpy as np

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


def pattern_sums(vertices: np.ndarray, radius: float, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """What each byte of a pattern adds to 2 n + 1 real sums of degree n, and the quadratic form of these sums.

    A pattern says for each vertex whether it counts, eight vertices to a byte, the first in the lowest bit.  With the
    harmonics Y of orders 0 ... n, the sums are c(0), Re c(1), Im c(1) ...; those of the negative orders follow from
    Y(-m) = (-1)^m conj Y(m).  The form gives the sum over vertices of (sum over orders of c Y)^2.

    Parameters
    ----------
    vertices : ndarray, shape (v, 3)
    radius : float
    degree : int

    Returns
    -------
    sums : ndarray, shape (bytes, 2 n + 1, 256)
    form : complex ndarray, shape (2 n + 1, 2 n + 1)
    """
    azimuth = np.arccos(np.clip(vertices[:, 2] / radius, -1, 1))
    polar = np.arctan2(vertices[:, 1], vertices[:, 0])
    parts = [spherical_harmonic(degree, 0, azimuth, polar).real]
    # Rows: orders -n ... n; columns: the real sums.
    orders = np.zeros((2 * degree + 1, 2 * degree + 1), dtype=complex)
    orders[degree, 0] = 1
    for order in range(1, degree + 1):
        harmonic = spherical_harmonic(degree, order, azimuth, polar)
        parts += [harmonic.real, harmonic.imag]
        sign, columns = (-1) ** order, slice(2 * order - 1, 2 * order + 1)
        orders[degree + order, columns] = 1, 1j
        orders[degree - order, columns] = sign, -1j * sign
    harmonics = orders @ np.array(parts)
    number = -(-len(vertices) // 8)
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    padded = np.pad(parts, ((0, 0), (0, 8 * number - len(vertices)))).reshape(-1, number, 8)
    return np.einsum("pb,mnb->nmp", bits, padded), orders.T @ (harmonics @ harmonics.T) @ orders
