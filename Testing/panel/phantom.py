"""An abdomen for the panel's tests, as small as a plausible liver allows; numpy and SimpleITK only."""

from functools import cache

import numpy as np
import SimpleITK as sitk

SHAPE, SPACING = (21, 140, 168), (0.95, 0.95, 5.0)

VOXELS = {"liver": 126_165, "parenchyma": 125_681, "tumor": 484}
"""Counted in the label map of `ct_and_labels` at its own size; half of the tumour's lie below slice 7."""

VOXEL_ML = 0.95 * 0.95 * 5.0 / 1000


def _ellipsoid(centre, radii):
    grid = np.indices(SHAPE, dtype=float)
    return sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)) <= 1


def ct_and_labels(seed=5, size=1.0, origin=(-36.0, -30.0, 120.0)):
    """Portal venous CT (int16 HU) and label map (0, 1 parenchyma, 2 tumour), axes along L, P, S.

    `size` scales the liver and its tumour: another patient's has other volumes and features.  The images are the
    caller's own.
    """
    return tuple(_image(array, origin) for array in _arrays(seed, size))


@cache
def _arrays(seed, size):
    rng = np.random.default_rng(seed)
    hu = np.full(SHAPE, -1000.0)
    hu[_ellipsoid((10, 70, 84), (1e6, 66, 80))] = 45
    hu[_ellipsoid((10, 112, 86), (1e6, 16, 18))] = 500
    hu[_ellipsoid((10, 84, 100), (1e6, 9, 9))] = 150  # as wide as an aorta is, so that the phase can be measured
    liver = _ellipsoid((10, 62, 64), (9.9, 56 * size, 58 * size)) & (hu == 45)
    tumour = _ellipsoid((6.5, 52, 40), (2.4, 7 * size, 7 * size)) & liver
    hu[liver], hu[tumour] = 108, 70
    hu += rng.normal(0, 11, SHAPE) * (hu > -900)
    labels = (liver.astype(np.uint8) + tumour).astype(np.uint8)
    return np.rint(hu).astype(np.int16), labels


def _image(array, origin):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(SPACING)
    image.SetOrigin(origin)
    return image
