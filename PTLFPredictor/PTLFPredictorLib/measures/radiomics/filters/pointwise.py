"""Original, Square, SquareRoot, Logarithm and Exponential: each voxel from itself and the image's largest |HU|.

PyRadiomics 3.0.1, ``imageoperations.get<Name>Image``.  IBSI has no such filters.  With M the largest absolute
value of the *whole* image (of whatever lies outside the VOI too, hence the clip range of the settings):

==============  ==========================================
Square          (x / sqrt(M))^2
SquareRoot      sign(x) sqrt(M |x|)
Logarithm       sign(x) M log(|x| + 1) / log(M + 1)
Exponential     exp(x log(M) / M)
==============  ==========================================
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..region import Box, Volume


class Pointwise:
    """One of the filters above.

    Parameters
    ----------
    volume : Volume
    image_type : {"Original", "Square", "SquareRoot", "Logarithm", "Exponential"}
    """

    slab_voxels = 1_000_000
    parts = 8

    def __init__(self, volume: Volume, image_type: str):
        self.volume = volume
        self.names = (image_type.lower(),)
        self.dtype = volume.voxels.dtype if image_type == "Original" else np.dtype(float)
        self._function = getattr(self, f"_{image_type.lower()}")

    def shares(self, name: str) -> str:
        """It gives one image."""
        return ""

    def prepare(self, box: Box, pool: ThreadPoolExecutor) -> None:
        """Nothing is shared between slabs."""

    def values(self, box: Box, inside: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        return {self.names[0]: self._function(self.volume.voxels[box][inside])}

    @staticmethod
    def _original(x: np.ndarray) -> np.ndarray:
        return x

    def _square(self, x: np.ndarray) -> np.ndarray:
        return (x.astype(float) * (1 / np.sqrt(self.volume.largest_magnitude))) ** 2

    def _squareroot(self, x: np.ndarray) -> np.ndarray:
        x = x.astype(float)
        return np.copysign(np.sqrt(np.abs(x) * self.volume.largest_magnitude), x)

    def _logarithm(self, x: np.ndarray) -> np.ndarray:
        largest = self.volume.largest_magnitude
        x = x.astype(float)
        return np.copysign(np.log(np.abs(x) + 1), x) * (largest / np.log(largest + 1))

    def _exponential(self, x: np.ndarray) -> np.ndarray:
        largest = self.volume.largest_magnitude
        return np.exp(np.log(largest) / largest * x.astype(float))
