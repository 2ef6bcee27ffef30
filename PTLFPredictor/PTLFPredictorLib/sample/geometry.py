"""Signed distances in millimetres, and the two grids that a sample case is made on.

Every structure is a signed distance (negative inside) on a coarse *anatomy grid*; it is brought to the fine
*scan grid* by linear interpolation and painted there with the partial volume of its edge.  So one seed is one
patient, whatever matrix and slice thickness the scan has.

Coordinates are patient coordinates in mm: x to the left, y to the back, z to the head.  Arrays are (z, y, x).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Grid:
    """Voxel centres ``origin + index * spacing``, both (x, y, z) in mm, `size` voxels along each axis."""

    origin: Point
    spacing: Point
    size: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.size[::-1]

    def axis(self, axis: int) -> np.ndarray:
        """Coordinates in mm along x (0), y (1) or z (2)."""
        return np.float32(self.origin[axis]) + np.float32(self.spacing[axis]) * np.arange(self.size[axis], dtype="f4")

    @property
    def xyz(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates as arrays that broadcast to (z, y, x)."""
        return self.axis(0)[None, None, :], self.axis(1)[None, :, None], self.axis(2)[:, None, None]

    def box(self, low: Sequence[float], high: Sequence[float]) -> tuple[slice, slice, slice]:
        """The (z, y, x) slices of the voxels between two corners in mm."""
        slices = []
        for axis in (2, 1, 0):
            first = int(np.ceil((low[axis] - self.origin[axis]) / self.spacing[axis]))
            last = int(np.floor((high[axis] - self.origin[axis]) / self.spacing[axis])) + 1
            slices.append(slice(min(max(first, 0), self.size[axis]), min(max(last, 0), self.size[axis])))
        return tuple(slices)


def ellipsoid(xyz, centre: Sequence[float], radii: Sequence[float], turn: Point = (0, 0, 0)) -> np.ndarray:
    """Signed distance to an ellipsoid (first-order exact at its surface), turned by degrees about x, y, z."""
    p = [coordinate - np.float32(c) for coordinate, c in zip(xyz, centre, strict=True)]
    if any(turn):
        matrix = _rotation(turn)
        p = [_sum(np.float32(matrix[row, column]) * p[column] for column in range(3)) for row in range(3)]
    k0 = np.sqrt(_sum((c / np.float32(r)) ** 2 for c, r in zip(p, radii, strict=True)))
    k1 = np.sqrt(_sum((c / np.float32(r * r)) ** 2 for c, r in zip(p, radii, strict=True)))
    distance = k0 - 1
    distance *= k0
    distance /= np.maximum(k1, np.float32(1e-6), out=k1)
    return distance


def plane(xyz, through: Sequence[float], outward: Sequence[float]) -> np.ndarray:
    """Signed distance to a half-space: negative on the side that `outward` points away from."""
    normal = np.asarray(outward, "f4") / np.linalg.norm(outward)
    return sum(n * (coordinate - np.float32(t)) for n, coordinate, t in zip(normal, xyz, through, strict=True))


def union(*distances: np.ndarray, rounding_mm: float = 0.0) -> np.ndarray:
    """Union; with `rounding_mm` the edge where two bodies meet is filled smoothly (polynomial minimum)."""
    result = distances[0]
    for other in distances[1:]:
        if rounding_mm:
            near = np.abs(result - other)
            np.subtract(np.float32(rounding_mm), near, out=near)
            np.maximum(near, 0, out=near)
            near *= near
            near *= np.float32(0.25 / rounding_mm)
            result = np.minimum(result, other)
            result -= near
        else:
            result = np.minimum(result, other)
    return result


def intersection(*distances: np.ndarray, rounding_mm: float = 0.0) -> np.ndarray:
    """Intersection; with `rounding_mm` its edges are rounded."""
    if not rounding_mm:
        return reduce(np.maximum, distances)
    return np.negative(union(*(-distance for distance in distances), rounding_mm=rounding_mm))


def nothing(grid: Grid) -> np.ndarray:
    """Signed distance to a structure that is nowhere near."""
    return np.full(grid.shape, np.float32(1e3))


def tube(
    grid: Grid,
    path: Sequence[Point],
    radii_mm: Sequence[float],
    reach_mm: float = 6.0,
    *,
    joined_to: np.ndarray | None = None,
) -> np.ndarray:
    """Signed distance to a tube with the given radius at each point of `path`; large away from it.

    With `joined_to`, the tube is added to that structure in place.
    """
    distance = nothing(grid) if joined_to is None else joined_to
    for box, near in tube_parts(grid, path, radii_mm, reach_mm):
        np.minimum(distance[box], near, out=distance[box])
    return distance


def tube_parts(grid: Grid, path, radii_mm, reach_mm: float) -> Iterator[tuple[tuple[slice, ...], np.ndarray]]:
    """The straight parts of a tube, each as (its box in the grid, signed distance inside that box)."""
    points = np.asarray(path, "f4")
    for a, b, ra, rb in zip(points[:-1], points[1:], radii_mm[:-1], radii_mm[1:], strict=True):
        margin = max(ra, rb) + reach_mm
        box = grid.box(np.minimum(a, b) - margin, np.maximum(a, b) + margin)
        x, y, z = (grid.axis(axis)[box[2 - axis]] for axis in range(3))
        p = (x[None, None, :] - a[0], y[None, :, None] - a[1], z[:, None, None] - a[2])
        along = b - a
        t = np.clip(sum(c * d for c, d in zip(p, along, strict=True)) / max(float(along @ along), 1e-6), 0, 1)
        gap = np.sqrt(sum((c - t * d) ** 2 for c, d in zip(p, along, strict=True)))
        yield box, gap - (np.float32(ra) + t * np.float32(rb - ra))


def smooth_noise(grid: Grid, length_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian random field of mean 0, SD 1 and about this correlation length (mm), shape (z, y, x)."""
    spacing = length_mm * 0.7
    coarse = Grid(
        tuple(o - 2 * spacing for o in grid.origin),
        (spacing,) * 3,
        tuple(int(np.ceil(n * s / spacing)) + 5 for n, s in zip(grid.size, grid.spacing, strict=True)),
    )
    field = rng.standard_normal(coarse.shape).astype("f4")
    for axis in range(3):  # binomial: linear interpolation of it shows no lattice
        field = (np.roll(field, 1, axis) + 2 * field + np.roll(field, -1, axis)) / 4
    field = interpolate(field, coarse, grid)
    mean, deviation = field.mean(), field.std()
    field -= mean
    field /= deviation
    return field


def interpolate(values: np.ndarray, source: Grid, target: Grid, box: tuple[slice, ...] | None = None) -> np.ndarray:
    """Linear interpolation of (z, y, x) values from one grid to (a box of) another, clamped at the border."""
    result = values
    for axis in range(3):  # x first would touch more memory: z, y, x
        dimension = 2 - axis
        coordinates = target.axis(dimension)
        if box is not None:
            coordinates = coordinates[box[axis]]
        index = (coordinates - source.origin[dimension]) / source.spacing[dimension]
        index = np.clip(index, 0, source.size[dimension] - 1.001)
        low = index.astype(int)
        shape = [1, 1, 1]
        shape[axis] = -1
        weight = (index - low).astype("f4").reshape(shape)
        lower = np.take(result, low, axis)
        result = np.take(result, low + 1, axis)
        result -= lower
        result *= weight
        result += lower
    return result


def _sum(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """`sum` without its first pass, which adds 0."""
    return reduce(np.add, arrays)


def _rotation(degrees: Point) -> np.ndarray:
    a, b, c = np.deg2rad(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return (about_z @ about_y @ about_x).T
