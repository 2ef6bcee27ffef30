"""Gradient magnitude by central differences.

PyRadiomics 3.0.1, ``imageoperations.getGradientImage``: ITK's ``GradientMagnitudeImageFilter`` with a zero-flux
border, single precision.  IBSI has no such filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import SimpleITK as sitk

from ..region import Box, Volume, clipped, grown


class Gradient:
    """Length of the gradient in HU per mm.

    Parameters
    ----------
    volume : Volume
    gradientUseSpacing : bool
        False measures in HU per voxel.
    """

    names = ("gradient",)
    dtype = np.dtype(np.float32)
    slab_voxels = 1_000_000
    parts = 8

    def __init__(self, volume: Volume, gradientUseSpacing: bool = True):
        self.volume = volume
        self.use_spacing = gradientUseSpacing

    def shares(self, name: str) -> str:
        """It gives one image."""
        return ""

    def prepare(self, box: Box, pool: ThreadPoolExecutor) -> None:
        """Nothing is shared between slabs."""

    def values(self, box: Box, inside: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        outer = clipped(grown(box, (1, 1, 1), (1, 1, 1)), self.volume.voxels.shape)
        block = sitk.GetImageFromArray(np.ascontiguousarray(self.volume.voxels[outer]))
        block.SetSpacing(self.volume.spacing_mm[::-1])
        magnitude = sitk.GetArrayFromImage(sitk.GradientMagnitude(block, self.use_spacing))
        inner = tuple(slice(b.start - o.start, b.stop - o.start) for b, o in zip(box, outer, strict=True))
        return {"gradient": magnitude[inner][inside].astype(np.float32, copy=False)}
