"""Laplacian of Gaussian in 3D.

PyRadiomics 3.0.1, ``imageoperations.getLoGImage``: ITK's ``LaplacianRecursiveGaussianImageFilter``, normalised
across scale, single precision.  IBSI's reference filter (IBSI-2) is a sampled, truncated kernel instead.

ITK's recursion costs 17 ns a voxel and pass, for the VOI's box with its halo; `log_bands` gives the same numbers of the
VOI's voxels for a fifth of the time.  Only where nothing but rounding decides a value is ITK itself asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil

import numpy as np
import SimpleITK as sitk

from ....errors import BadInput
from ..region import Box, Volume, clipped, grown, shape_of
from .log_bands import Laplacian

HALO_PER_SIGMA = 22.0
"""Deriche's fourth-order recursion decays as exp(-1.37 n / sigma): 22 sigma leave 1e-13, far below single precision."""

SMALLEST_IMAGE = 4
"""ITK's recursion needs four voxels along each axis."""

NOTHING = 1e-9
"""Of the image's largest magnitude: below it a value is what rounding left."""

STRAYS, STRAYS_SHARE = 8, 1e-3
"""So many voxels, and no larger share of all, may be next to nothing by chance (one in ten million of a liver's is):
ITK filters around each.  Of a few voxels of flat tissue all are noise, whose sign depends on the block filtered."""


def is_flat(values: np.ndarray, largest_magnitude: float) -> np.ndarray:
    """Which of `values` are rounding noise: flat or evenly sloping tissue, where the noise's sign decides the bin.

    Parameters
    ----------
    values : ndarray
        Laplacians of Gaussian.
    largest_magnitude : float
        Of the image that they are of.

    Returns
    -------
    ndarray of bool
    """
    return np.abs(values) <= NOTHING * largest_magnitude


class LaplacianOfGaussian:
    """``log-sigma-<sigma>-mm-3D`` for each sigma.

    Parameters
    ----------
    volume : Volume
    sigma : sequence of float
        Widths of the Gaussian in mm.
    """

    dtype = np.dtype(np.float32)
    slab_voxels = 30_000_000  # a smaller slab would be mostly halo
    parts = 1  # `log_bands` gives the pool its own tasks

    def __init__(self, volume: Volume, sigma: Sequence[float]):
        self.volume = volume
        self._sigma = {f"log-sigma-{str(s).replace('.', '-')}-mm-3D": s for s in sigma}
        self.names = tuple(self._sigma)

    def halo(self, name: str) -> tuple[int, ...]:
        """Of ITK's filter, in voxels (z, y, x)."""
        return tuple(
            max(ceil(HALO_PER_SIGMA * self._sigma[name] / spacing), SMALLEST_IMAGE - 1)
            for spacing in self.volume.spacing_mm
        )

    def shares(self, name: str) -> float:
        """Nothing: the sigma."""
        return self._sigma[name]

    def prepare(self, box: Box, pool: ThreadPoolExecutor) -> None:
        """Refuse an image that is too small (PyRadiomics leaves the features out with a log line)."""
        self._pool = pool
        shape = self.volume.voxels.shape
        for sigma in self._sigma.values():
            needed = [max(SMALLEST_IMAGE, ceil(sigma / spacing) + 1) for spacing in self.volume.spacing_mm]
            if any(size < least for size, least in zip(shape, needed, strict=True)):
                raise BadInput(
                    f"The image of {' x '.join(map(str, shape))} voxels (slices x rows x columns) is too small for "
                    f"the image type LoG with sigma {sigma} mm, which needs {' x '.join(map(str, needed))}."
                )

    def values(self, box: Box, inside: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        return {name: self._voxels(name, box, inside) for name in names}

    def _voxels(self, name: str, box: Box, inside: np.ndarray) -> np.ndarray:
        volume = self.volume
        values = Laplacian(volume.voxels, volume.spacing_mm, self._sigma[name], box, inside, self._pool).values()
        noise = np.flatnonzero(is_flat(values, volume.largest_magnitude))
        if noise.size > min(STRAYS, STRAYS_SHARE * values.size):
            values = self._filtered(name, box)[inside]
        elif noise.size:
            places = np.unravel_index(np.flatnonzero(inside)[noise], inside.shape)
            places = np.transpose(places) + [part.start for part in box]
            values[noise] = [self._filtered(name, tuple(slice(i, i + 1) for i in place))[0, 0, 0] for place in places]
        return values

    def _filtered(self, name: str, box: Box) -> np.ndarray:
        """ITK's own values on `box`."""
        outer = clipped(grown(box, self.halo(name), self.halo(name)), self.volume.voxels.shape)
        block = sitk.GetImageFromArray(np.ascontiguousarray(self.volume.voxels[outer]))
        block.SetSpacing(self.volume.spacing_mm[::-1])
        inner = tuple(slice(b.start - o.start, b.stop - o.start) for b, o in zip(box, outer, strict=True))[::-1]
        total = np.zeros(shape_of(box), dtype=np.float32)
        for axis in range(3):
            derivative = sitk.GetArrayViewFromImage(image := self._second_derivative(block, axis, name, inner))
            # ITK adds in double precision and stores in single; slice by slice, no double image is needed.
            for target, values in zip(total, derivative, strict=True):
                target[:] = target + values * np.float64(1 / image.GetSpacing()[axis] ** 2)
        return total

    def _second_derivative(self, image: sitk.Image, axis: int, name: str, inner: tuple[slice, ...]) -> sitk.Image:
        """Of the smoothed image along `axis` (x, y, z), on `inner` (x, y, z).

        The steps of ``LaplacianRecursiveGaussianImageFilter``, in its order: the derivative first, then smoothing
        along the other axes.  The halo along an axis is dropped as soon as that axis is done.
        """
        recursive = sitk.RecursiveGaussianImageFilter
        for step in (axis, *(other for other in range(3) if other != axis)):
            order = recursive.SecondOrder if step == axis else recursive.ZeroOrder
            image = sitk.RecursiveGaussian(image, self._sigma[name], True, order, step)
            image = image[tuple(inner[step] if other == step else slice(None) for other in range(3))]
        return image
