"""Grids of images, without the rounding noise of file formats: whether two are one, and an image's hash on its own."""

from __future__ import annotations

import hashlib

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


def same_geometry(a: sitk.Image, b: sitk.Image) -> bool:
    """Whether all eight corners of two grids coincide to `GEOMETRY_TOLERANCE_MM` and their sizes are equal."""
    if a.GetSize() != b.GetSize():
        return False
    size = np.array(a.GetSize()) - 1
    corners = [[int(i), int(j), int(k)] for i in (0, size[0]) for j in (0, size[1]) for k in (0, size[2])]
    apart = [
        np.linalg.norm(np.subtract(a.TransformIndexToPhysicalPoint(c), b.TransformIndexToPhysicalPoint(c)))
        for c in corners
    ]
    return max(apart) < GEOMETRY_TOLERANCE_MM


def image_sha256(image: sitk.Image) -> str:
    """SHA-256 over voxels, pixel type, size, spacing, origin and direction (to 1e-6)."""
    digest = hashlib.sha256()
    geometry = (*image.GetSpacing(), *image.GetOrigin(), *image.GetDirection())
    lengths = ",".join(f"{x:.6f}" for x in np.round(geometry, 6) + 0.0)  # + 0.0: no "-0.000000"
    digest.update(f"{image.GetPixelIDTypeAsString()}|{image.GetSize()}|{lengths}".encode())
    digest.update(np.ascontiguousarray(sitk.GetArrayViewFromImage(image)))
    return digest.hexdigest()
