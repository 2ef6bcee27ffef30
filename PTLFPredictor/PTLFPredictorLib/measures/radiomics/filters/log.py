"""Laplacian of Gaussian in 3D.

PyRadiomics 3.0.1, ``imageoperations.getLoGImage``: ITK's ``LaplacianRecursiveGaussianImageFilter``, normalised
across scale, single precision.  IBSI's reference filter (IBSI-2) is a sampled, truncated kernel instead.

The recursion runs over whole lines, so what it reads is cut to a box with a halo in which its slowest pole has
decayed far below the single precision that ITK stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil

import numpy as np
import SimpleITK as sitk

from ....errors import BadInput
from ..region import Box, Volume, clipped, grown, shape_of

HALO_PER_SIGMA = 22.0
"""Deriche's fourth-order recursion decays as exp(-1.37 n / sigma): 22 sigma leave 1e-13, far below single precision."""

SMALLEST_IMAGE = 4
"""ITK's recursion needs four voxels along each axis."""


class LaplacianOfGaussian:
    """``log-sigma-<sigma>-mm-3D`` for each sigma.

    Parameters
    ----------
    volume : Volume
    sigma : sequence of float
        Widths of the Gaussian in mm.
    """

    dtype = np.dtype(np.float32)
    slab_voxels = 30_000_000  # ITK has threads of its own; a smaller slab would be mostly halo
    parts = 1

    def __init__(self, volume: Volume, sigma: Sequence[float]):
        self.volume = volume
        self._sigma = {f"log-sigma-{str(s).replace('.', '-')}-mm-3D": s for s in sigma}
        self.names = tuple(self._sigma)

    def halo(self, name: str) -> tuple[int, ...]:
        return tuple(ceil(HALO_PER_SIGMA * self._sigma[name] / spacing) for spacing in self.volume.spacing_mm)

    def shares(self, name: str) -> float:
        """Nothing: the sigma."""
        return self._sigma[name]

    def prepare(self, box: Box, pool: ThreadPoolExecutor) -> None:
        """Refuse an image that is too small (PyRadiomics leaves the features out with a log line)."""
        shape = self.volume.voxels.shape
        for sigma in self._sigma.values():
            needed = [max(SMALLEST_IMAGE, ceil(sigma / spacing) + 1) for spacing in self.volume.spacing_mm]
            if any(size < least for size, least in zip(shape, needed, strict=True)):
                raise BadInput(
                    f"The image of {' x '.join(map(str, shape))} voxels (slices x rows x columns) is too small for "
                    f"the image type LoG with sigma {sigma} mm, which needs {' x '.join(map(str, needed))}."
                )

    def values(self, box: Box, inside: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        return {name: self._filtered(name, box)[inside] for name in names}

    def _filtered(self, name: str, box: Box) -> np.ndarray:
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
