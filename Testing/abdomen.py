"""An abdomen as small as a plausible liver allows, truth known; its files and DICOM are fixtures of conftest.py."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk


def ellipsoid(shape: tuple[int, int, int], centre: tuple[float, ...], radii: tuple[float, ...]) -> np.ndarray:
    grid = np.indices(shape, dtype=float)
    return sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)) <= 1


def phantom_arrays(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """HU (int16) and labels (0, 1 parenchyma, 2 tumour): 22 slices of 5 mm, 164x208 pixels, a liver of half a litre.

    Portal venous: liver 105 HU, aorta 150, tumour 70; spine 500, fat -100, air -1000.
    """
    shape = (22, 164, 208)
    rng = np.random.default_rng(seed)
    hu = np.full(shape, -1000.0)
    hu[ellipsoid(shape, (11, 82, 104), (1e6, 78, 100))] = -100
    hu[ellipsoid(shape, (11, 82, 104), (1e6, 72, 94))] = 45
    hu[ellipsoid(shape, (11, 130, 106), (1e6, 16, 20))] = 500
    hu[ellipsoid(shape, (11, 100, 122), (1e6, 11, 11))] = 150
    liver = ellipsoid(shape, (10.5, 72, 76), (9.9, 64, 68)) & (hu == 45)
    tumour = ellipsoid(shape, (7.5, 60, 56), (2.6, 11, 12)) & liver
    return _filled(hu, liver, tumour, rng)


def small_arrays(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """As `phantom_arrays` in small, 16 slices of 128x144 pixels, where segments need not be plausible."""
    shape = (16, 128, 144)
    rng = np.random.default_rng(seed)
    hu = np.full(shape, -1000.0)
    hu[ellipsoid(shape, (8, 64, 72), (1e6, 58, 68))] = -100
    hu[ellipsoid(shape, (8, 64, 72), (1e6, 52, 62))] = 45
    hu[ellipsoid(shape, (8, 98, 74), (1e6, 13, 16))] = 500
    hu[ellipsoid(shape, (8, 74, 80), (1e6, 9, 9))] = 150
    liver = ellipsoid(shape, (7.5, 52, 46), (6, 34, 32)) & (hu == 45)
    tumour = ellipsoid(shape, (7.5, 46, 36), (2.6, 11, 12)) & liver
    return _filled(hu, liver, tumour, rng)


def _filled(hu: np.ndarray, liver: np.ndarray, tumour: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
    hu[liver], hu[tumour] = 105, 70
    hu += rng.normal(0, 11, hu.shape) * (hu > -900)
    return np.rint(hu).astype(np.int16), (liver.astype(np.uint8) + tumour).astype(np.uint8)


def image_of(array: np.ndarray, spacing: tuple[float, float, float] = (0.8, 0.8, 5.0)) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin((-57.0, -60.0, 210.0))
    return image
