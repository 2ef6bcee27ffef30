"""An abdomen in small with known truth; its files and DICOM series are fixtures of conftest.py."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk


def ellipsoid(shape: tuple[int, int, int], centre: tuple[float, ...], radii: tuple[float, ...]) -> np.ndarray:
    grid = np.indices(shape, dtype=float)
    return sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)) <= 1


def phantom_arrays(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """HU (int16) and labels (0, 1 parenchyma, 2 tumour) of an abdomen in small: 16 slices of 5 mm, 128x144 pixels.

    Portal venous: liver 105 HU, aorta 150, tumour 70; spine 500, fat -100, air -1000.
    """
    shape = (16, 128, 144)
    rng = np.random.default_rng(seed)
    hu = np.full(shape, -1000.0)
    hu[ellipsoid(shape, (8, 64, 72), (1e6, 58, 68))] = -100
    hu[ellipsoid(shape, (8, 64, 72), (1e6, 52, 62))] = 45
    hu[ellipsoid(shape, (8, 98, 74), (1e6, 13, 16))] = 500
    hu[ellipsoid(shape, (8, 74, 80), (1e6, 9, 9))] = 150
    liver = ellipsoid(shape, (7.5, 52, 46), (6, 34, 32)) & (hu == 45)
    tumour = ellipsoid(shape, (7.5, 46, 36), (2.6, 11, 12)) & liver
    hu[liver], hu[tumour] = 105, 70
    hu += rng.normal(0, 11, shape) * (hu > -900)
    labels = liver.astype(np.uint8) + tumour
    return np.rint(hu).astype(np.int16), labels.astype(np.uint8)


def image_of(array: np.ndarray, spacing: tuple[float, float, float] = (0.8, 0.8, 5.0)) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin((-57.0, -60.0, 210.0))
    return image
