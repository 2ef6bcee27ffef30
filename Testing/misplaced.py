"""Masks that lie wrongly: what a wrong orientation, another phase or a wrong grid makes of a right one.

Arrays have the axes (slices, rows, columns), index axes along L, P, S; vectors and spacing are (x, y, z) in mm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import SimpleITK as sitk

AXES = "xyz"


def mirrored(labels: np.ndarray, axis: str) -> np.ndarray:
    """About the middle of the CT, as a file with the wrong direction of an axis is."""
    return np.ascontiguousarray(np.flip(labels, 2 - AXES.index(axis)))


def moved(labels: np.ndarray, spacing: Sequence[float], axis: str, mm: float) -> np.ndarray:
    """Along L, P, S; what leaves the CT is lost."""
    dimension = AXES.index(axis)
    voxels, along = round(mm / spacing[dimension]), 2 - dimension
    there = np.roll(labels, voxels, axis=along)
    lost = slice(0, voxels) if voxels > 0 else slice(labels.shape[along] + voxels, None)
    there[(slice(None),) * along + (lost,)] = 0
    return there


def turned(labels: np.ndarray, spacing: Sequence[float], axis: str, degrees: float) -> np.ndarray:
    """About the middle of the liver."""
    first, second = (n for n in range(3) if n != AXES.index(axis))
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = np.cos(np.radians(degrees))
    matrix[second, first] = np.sin(np.radians(degrees))
    matrix[first, second] = -matrix[second, first]
    return _mapped(labels, spacing, matrix)


def scaled(labels: np.ndarray, spacing: Sequence[float], factor: float) -> np.ndarray:
    """About the middle of the liver, every length by `factor`."""
    return _mapped(labels, spacing, np.eye(3) * factor)


def swapped(labels: np.ndarray) -> np.ndarray:
    """Parenchyma labelled as tumour and tumour as parenchyma."""
    return np.array([0, 2, 1], labels.dtype)[labels]


def every_way(labels: np.ndarray, spacing: Sequence[float]) -> Iterator[tuple[str, np.ndarray]]:
    """Name and mask."""
    for axis in AXES:
        yield f"mirrored in {axis}", mirrored(labels, axis)
    for mm in (10, -10, 40, -40):
        for axis in AXES:
            yield f"moved {mm:+d} mm in {axis}", moved(labels, spacing, axis, mm)
    for axis in AXES:
        for degrees in (12, -12):
            yield f"turned {degrees:+d} degrees about {axis}", turned(labels, spacing, axis, degrees)
    yield "a third of every length", scaled(labels, spacing, 1 / 3)
    yield "a third of the volume", scaled(labels, spacing, (1 / 3) ** (1 / 3))


def _mapped(labels: np.ndarray, spacing: Sequence[float], matrix: np.ndarray) -> np.ndarray:
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing([float(step) for step in spacing])
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(np.linalg.inv(matrix).ravel().tolist())
    middle = [float(np.mean(index)) for index in np.nonzero(labels)]
    transform.SetCenter(image.TransformContinuousIndexToPhysicalPoint(middle[::-1]))
    return sitk.GetArrayFromImage(sitk.Resample(image, image, transform, sitk.sitkNearestNeighbor, 0))
