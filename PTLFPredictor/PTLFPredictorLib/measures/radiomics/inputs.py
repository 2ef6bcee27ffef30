"""CT and VOIs as the engines take them: looked at where they lie, prepared where they are read, never copied whole.

A thin-slice CT has far more voxels than its liver, so what the whole is needed for (extremes, hashes, the VOIs' boxes)
is found slice by slice, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import SimpleITK as sitk

from ...ct import Raster, bounding_box
from ...errors import BadInput
from .region import Box
from .settings import ExtractionSettings

_SITK_TYPES = {"int16": sitk.sitkInt16, "float32": sitk.sitkFloat32, "float64": sitk.sitkFloat64}


@dataclass(frozen=True)
class PreparedVoxels:
    """Looks like an array: what is read of the stored voxels is clipped, rounded (half up, as ITK) and cast.

    Parameters
    ----------
    stored : ndarray, shape (slices, rows, columns)
    clip : (scalar, scalar) or None
        In the stored type.
    dtype : numpy.dtype
    """

    stored: np.ndarray
    clip: tuple[Any, Any] | None
    dtype: np.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.stored.shape

    def __getitem__(self, index: Any) -> np.ndarray:
        return self.finished(self.stored[index])

    def finished(self, block: np.ndarray) -> np.ndarray:
        """What stored voxels become."""
        if self.clip is not None:
            block = np.clip(block, *self.clip)
        if self.dtype.kind == "i" and block.dtype.kind == "f":
            block = np.floor(block + 0.5)
        return block.astype(self.dtype, copy=False)


class Scan:
    """A CT as the settings ask for it.

    Parameters
    ----------
    raster : Raster
        CT in HU, any pixel type and orientation.
    settings : ExtractionSettings

    Attributes
    ----------
    voxels : ndarray or PreparedVoxels, shape (slices, rows, columns)
        The stored voxels themselves, where they are what the settings ask for.
    extremes : (float, float)
        Lowest and highest of all voxels, in HU, after clipping and rounding.

    Raises
    ------
    BadInput
        For voxels without a number, or (without a clip range) beyond what the pixel type holds.
    """

    def __init__(self, raster: Raster, settings: ExtractionSettings):
        self._stored = raster.in_lps() if settings.orientation == "LPS" else raster
        lowest, highest = _extremes(raster)
        dtype, stored = np.dtype(settings.pixel_type), self._stored.voxels
        clip = None
        if settings.clip_hu is not None:
            low, high = (_as_stored(hu, stored.dtype) for hu in settings.clip_hu)
            clip = (low, high) if lowest < low or highest > high else None
            lowest, highest = np.clip((lowest, highest), low, high)
        if dtype.kind == "i" and (lowest < np.iinfo(dtype).min or highest > np.iinfo(dtype).max):
            raise BadInput(f"The CT runs from {lowest:g} to {highest:g}, more than the pixel type {dtype} holds.")
        made = PreparedVoxels(stored, clip, dtype)
        self.voxels = made if clip is not None or stored.dtype != dtype else stored
        self.extremes = tuple(float(made.finished(one)) for one in (lowest, highest))

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """(z, y, x)."""
        return self._stored.grid.spacing[::-1]

    @cached_property
    def sha256(self) -> str:
        """`image_sha256` of the prepared CT: the one that the raster brings, where nothing was to be prepared."""
        if self.voxels is self._stored.voxels:
            if self._stored.sha256:
                return self._stored.sha256
            planes = self._stored.planes()
        else:
            planes = map(self.voxels.finished, self._stored.planes())
        name = sitk.GetPixelIDValueAsString(_SITK_TYPES[self.voxels.dtype.name])
        return self._stored.grid.sha256(name, planes)

    def to_image(self) -> sitk.Image:
        """The whole as an image, for what cannot do with less: PyRadiomics, normalising, resampling."""
        if self.voxels is self._stored.voxels:
            return self._stored.to_image()
        return self._stored.grid.place(sitk.GetImageFromArray(self.voxels[:]))


def _extremes(raster: Raster) -> tuple[Any, Any]:
    """Lowest and highest voxel in the stored type, each slice read once."""
    pairs = [(plane.min(), plane.max()) for plane in raster.planes()]
    lowest, highest = min(low for low, _ in pairs), max(high for _, high in pairs)
    if not all(np.isfinite(pair).all() for pair in pairs):  # NumPy's extremes of a slice with NaN are NaN
        raise BadInput("The CT has voxels without a number (NaN or infinite).")
    return lowest, highest


def _as_stored(hu: float, dtype: np.dtype) -> Any:
    """A bound in the type of the voxels, as ITK's clamping casts it: what is no whole number, towards 0."""
    if dtype.kind == "f":
        return dtype.type(hu)
    limits = np.iinfo(dtype)
    return dtype.type(int(min(max(hu, limits.min), limits.max)))


@dataclass(frozen=True)
class Mask:
    """A VOI on the CT's grid.

    Parameters
    ----------
    raster : Raster
        Any scalar type.
    label : int or None
        The value of its voxels; None: all above 0.
    """

    raster: Raster
    label: int | None = None

    def oriented(self, settings: ExtractionSettings) -> Mask:
        """With the index axes that the settings ask for."""
        return Mask(self.raster.in_lps(), self.label) if settings.orientation == "LPS" else self

    @property
    def box(self) -> Box | None:
        """The smallest box around its voxels; None where there are none."""
        return self._seen[0]

    @property
    def sha256(self) -> str:
        """`image_sha256` of it as an image of 8 bits, 1 inside."""
        return self._seen[1]

    @cached_property
    def inside(self) -> np.ndarray:
        """Its voxels over its box, bool."""
        return self._of(self.raster.voxels[self.box])

    def to_image(self) -> sitk.Image:
        """The whole as an image of 8 bits, 1 inside."""
        inside = self._of(self.raster.voxels).view(np.uint8)
        return self.raster.grid.place(sitk.GetImageFromArray(inside))

    def _of(self, voxels: np.ndarray) -> np.ndarray:
        return voxels > 0 if self.label is None else voxels == self.label

    @cached_property
    def _seen(self) -> tuple[Box | None, str]:
        """Box and hash in one look."""
        occupied: list[int] = []
        shadow = np.zeros(self.raster.voxels.shape[1:], dtype=bool)

        def looked_at():
            for z, plane in enumerate(self.raster.planes()):
                inside = self._of(plane)
                if inside.any():
                    occupied.append(z)
                    np.logical_or(shadow, inside, out=shadow)
                yield inside.view(np.uint8)

        sha256 = self.raster.grid.sha256(sitk.GetPixelIDValueAsString(sitk.sitkUInt8), looked_at())
        if not occupied:
            return None, sha256
        return (slice(occupied[0], occupied[-1] + 1), *bounding_box(shadow)), sha256
