"""Grids of images, without the rounding noise of file formats: whether two are one, and an image's hash on its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import SimpleITK as sitk

GEOMETRY_TOLERANCE_MM = 1e-2

ORIGIN_DECIMALS, DIRECTION_DECIMALS = 3, 6
"""Decimals of the canonical origin in mm and of the direction cosines."""


def rounded(image: sitk.Image) -> sitk.Image:
    """Without the rounding noise of formats that store 32-bit floats (NIfTI): it would move filtered images."""
    image.SetSpacing([float(str(np.float32(x))) for x in image.GetSpacing()])  # 0.800000012 -> 0.8
    image.SetOrigin([round(x, ORIGIN_DECIMALS) for x in image.GetOrigin()])
    image.SetDirection([round(x, DIRECTION_DECIMALS) for x in image.GetDirection()])
    return image


def direction_of(image: sitk.Image) -> np.ndarray:
    return np.reshape(image.GetDirection(), (3, 3))


@dataclass(frozen=True)
class Grid:
    """Where the voxels of a volume lie.

    Parameters
    ----------
    size : (int, int, int)
        Voxels along (x, y, z), as SimpleITK counts them.
    spacing, origin : (float, float, float)
        (x, y, z) in mm.
    direction : tuple of 9 float
        Direction cosines, row by row.
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: tuple[float, ...]

    @classmethod
    def of(cls, image: sitk.Image) -> Grid:
        return cls(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Grid:
        return cls(**{name: tuple(values) for name, values in data.items()})

    def place(self, image: sitk.Image) -> sitk.Image:
        """`image`, laid here."""
        image.SetSpacing(self.spacing)
        image.SetOrigin(self.origin)
        image.SetDirection(self.direction)
        return image

    @property
    def corners_mm(self) -> np.ndarray:
        """Centres of the eight outermost voxels in the patient, shape (8, 3)."""
        index = np.array(list(product(*((0, size - 1) for size in self.size))))
        return self.origin + (index * self.spacing) @ np.reshape(self.direction, (3, 3)).T

    def coincides(self, other: Grid) -> bool:
        """Whether all eight corners lie on those of `other` to `GEOMETRY_TOLERANCE_MM`, and the sizes are equal."""
        if self.size != other.size:
            return False
        return float(np.linalg.norm(self.corners_mm - other.corners_mm, axis=1).max()) < GEOMETRY_TOLERANCE_MM

    def sha256(self, pixel_type: str, planes: Iterable[np.ndarray]) -> str:
        """`image_sha256` of the image that has these voxels, slice by slice (or in larger pieces), on this grid.

        Parameters
        ----------
        pixel_type : str
            As SimpleITK calls it, e.g. "16-bit signed integer".
        planes : iterable of ndarray
        """
        digest = hashlib.sha256()
        geometry = (*self.spacing, *self.origin, *self.direction)
        lengths = ",".join(f"{x:.6f}" for x in np.round(geometry, 6) + 0.0)  # + 0.0: no "-0.000000"
        digest.update(f"{pixel_type}|{self.size}|{lengths}".encode())
        for plane in planes:
            digest.update(np.ascontiguousarray(plane))
        return digest.hexdigest()


def bounding_box(mask: np.ndarray) -> tuple[slice, ...] | None:
    """The smallest box around the True voxels of a mask of any dimension; None where there are none."""
    box, shadow = [], mask
    while shadow.ndim:
        occupied = np.flatnonzero(shadow.any(axis=tuple(range(1, shadow.ndim))))
        if not occupied.size:
            return None
        box.append(slice(int(occupied[0]), int(occupied[-1]) + 1))
        shadow = shadow[box[-1]].any(axis=0)
    return tuple(box)


def same_geometry(a: sitk.Image, b: sitk.Image) -> bool:
    """Whether two images lie on one grid: `Grid.coincides`."""
    return Grid.of(a).coincides(Grid.of(b))


def image_sha256(image: sitk.Image) -> str:
    """SHA-256 over voxels, pixel type, size, spacing, origin and direction (to 1e-6)."""
    return Grid.of(image).sha256(image.GetPixelIDTypeAsString(), [sitk.GetArrayViewFromImage(image)])
