"""nnU-Net's two resampling functions, axis by axis.

Both are separable, so that each axis has its own small operator:

- ``resample_data_or_seg_to_shape`` (scikit-image's splines): the matrix is what scikit-image makes of the columns of
  the identity.  Values differ from its own by rounding (1e-13 of double precision).
- ``resample_torch_fornnunet`` (linear, half-pixel, clamped): torch's interpolation itself for the CT; for the outputs
  the two neighbours and weights that it takes, in its order of operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import UnusableModel

if TYPE_CHECKING:
    import torch

TORCH, SPLINES = "resample_torch_fornnunet", "resample_data_or_seg_to_shape"

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    TORCH: {"mode": "linear", "aniso_axis_mode": "nearest-exact", "force_separate_z": None, "num_threads": None},
    SPLINES: {"order": 3, "order_z": 0, "force_separate_z": False},
}
SLAB_PLANES = 16

ANISOTROPY = 3
"""nnU-Net's ANISO_THRESHOLD: above this ratio of its spacings, a CT's coarsest axis is resampled on its own."""

_ANY = frozenset({"is_seg", "memefficient_seg_resampling", "separate_z_anisotropy_threshold"})


@dataclass(frozen=True)
class Taps:
    """One axis of the outputs' resampling: output voxel i is the weighted sum of one or two input voxels.

    Attributes
    ----------
    first, second : ndarray of int, shape (n,)
        Input voxels; the same where the nearest one alone counts.
    weight : ndarray, shape (n,)
        Of `second`, in the precision of nnU-Net's function: single of torch's, double of the splines.
    size : int
        Voxels of the input.
    """

    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray
    size: int

    def part(self, start: int, stop: int) -> tuple[Taps, slice]:
        """For some of the output voxels alone, and the input voxels that they need."""
        low, high = int(self.first[start:stop].min()), int(self.second[start:stop].max()) + 1
        first, second = self.first[start:stop] - low, self.second[start:stop] - low
        return Taps(first, second, self.weight[start:stop], high - low), slice(low, high)

    @property
    def is_nearest(self) -> bool:
        return np.array_equal(self.first, self.second)


@dataclass(frozen=True)
class Resampling:
    """A resampling function of nnU-Net with the arguments that plans.json gives it."""

    name: str
    order: int
    order_z: int
    force_separate_z: bool | None
    threshold: float | None

    @classmethod
    def from_plans(cls, what: str, name: str, arguments: Mapping[str, Any]) -> Resampling:
        """Checked: an argument that nnU-Net's planners do not write is refused by name."""
        known = _DEFAULTS[name]
        if unknown := sorted(set(arguments) - set(known) - _ANY):
            raise UnusableModel(f"The resampling of the {what} in plans.json has the argument '{unknown[0]}'.")
        given = {**known, **arguments}
        if given.get("is_seg"):
            raise UnusableModel(f"The resampling of the {what} in plans.json is one of label maps (is_seg).")
        if name == TORCH:
            if (given["mode"], given["aniso_axis_mode"]) != ("linear", "nearest-exact"):
                raise UnusableModel(f"The resampling of the {what} in plans.json is '{given['mode']}', not linear.")
            given |= {"order": 1, "order_z": 0}
        if what == "probabilities" and not {given["order"], given["order_z"]} <= {0, 1}:
            raise UnusableModel("The network's outputs are resampled with splines in plans.json; linear is supported.")
        threshold = given.get("separate_z_anisotropy_threshold")
        return cls(name, given["order"], given["order_z"], given["force_separate_z"], threshold)

    def separate_axis(self, spacing: Sequence[float], new_spacing: Sequence[float]) -> int | None:
        """The axis that is resampled on its own (few, thick slices), as nnU-Net decides it; None: all alike."""
        threshold = ANISOTROPY if self.threshold is None else self.threshold
        if self.force_separate_z is False:
            return None
        for mm in (spacing, new_spacing):
            if self.force_separate_z or max(mm) / min(mm) > threshold:
                coarsest = [axis for axis, one in enumerate(mm) if max(mm) / one == 1]
                return coarsest[0] if len(coarsest) == 1 else None
        return None

    def image(
        self,
        image: torch.Tensor,
        shape: Sequence[int],
        spacing: Sequence[float],
        new_spacing: Sequence[float],
    ) -> torch.Tensor:
        """The CT on the network's grid.

        Parameters
        ----------
        image : tensor of float32, three axes
            On any device.
        shape : sequence of int
            Wanted.
        spacing, new_spacing : sequence of float
            mm.
        """
        if tuple(image.shape) == tuple(shape):
            return image
        axis = self.separate_axis(spacing, new_spacing)
        return (_torch_image if self.name == TORCH else self._splines)(image, tuple(shape), axis)

    def _splines(self, image: torch.Tensor, shape: tuple[int, ...], separate: int | None) -> torch.Tensor:
        import torch

        low, high = image.amin(), image.amax()
        if separate is not None:
            others = tuple(axis for axis in range(3) if axis != separate)
            low, high = (function(image, others, keepdim=True) for function in (torch.amin, torch.amax))
        matrices = {
            axis: torch.from_numpy(spline_matrix(image.shape[axis], wanted, self.order)).to(image.device)
            for axis, wanted in enumerate(shape)
            if axis != separate and image.shape[axis] != wanted
        }
        slabs = []
        for slab in image.split(SLAB_PLANES):  # doubles of a few planes at a time
            slab = slab.double()
            slab = slab @ matrices[2].T if 2 in matrices else slab
            slabs.append(matrices[1] @ slab if 1 in matrices else slab)
        image = torch.cat(slabs)
        del slabs
        if 0 in matrices:
            image = torch.tensordot(matrices[0], image, 1)
        image = torch.clamp(image, low.double(), high.double())  # scikit-image keeps the range of what it is given
        if separate is not None and image.shape[separate] != shape[separate]:
            own = torch.from_numpy(own_axis_matrix(image.shape[separate], shape[separate], self.order_z))
            image = torch.tensordot(own.to(image.device), image, dims=([1], [separate])).movedim(0, separate)
        return image.float().contiguous()

    def taps(
        self, size: Sequence[int], shape: Sequence[int], spacing: Sequence[float], new_spacing: Sequence[float]
    ) -> tuple[Taps, ...]:
        """How the outputs of the network come back to the CT's grid, axis by axis.

        Parameters
        ----------
        size, shape : sequence of int
            Voxels of the network's grid, and wanted.
        spacing, new_spacing : sequence of float
            mm of the same.
        """
        separate = None if tuple(size) == tuple(shape) else self.separate_axis(spacing, new_spacing)
        kind = np.float32 if self.name == TORCH else np.float64
        return tuple(
            taps_of(n, wanted, self.order_z if axis == separate else self.order, kind)
            for axis, (n, wanted) in enumerate(zip(size, shape, strict=True))
        )


def taps_of(size: int, wanted: int, order: int, kind: type) -> Taps:
    """Voxel centres at half a voxel; beyond the outer centres their value."""
    if size == wanted:
        first = np.arange(size)
        return Taps(first, first, np.zeros(size, kind), size)
    scale = kind(size) / kind(wanted)
    if order == 0:
        nearest = np.minimum(((np.arange(wanted, dtype=kind) + kind(0.5)) * scale).astype(int), size - 1)
        return Taps(nearest, nearest, np.zeros(wanted, kind), size)
    place = np.clip(scale * (np.arange(wanted, dtype=kind) + kind(0.5)) - kind(0.5), 0, size - 1)
    first = place.astype(int)
    return Taps(first, np.minimum(first + 1, size - 1), place - first.astype(kind), size)


def spline_matrix(size: int, wanted: int, order: int) -> np.ndarray:
    """What scikit-image's resize does along one axis: shape (wanted, size)."""
    from skimage.transform import resize

    identity = np.eye(size)
    columns = (
        resize(column, (wanted,), order=order, mode="edge", anti_aliasing=False, clip=False) for column in identity
    )
    return np.stack(list(columns), axis=1)


def own_axis_matrix(size: int, wanted: int, order: int) -> np.ndarray:
    """As `spline_matrix`, of the axis that nnU-Net resamples on its own."""
    from scipy.ndimage import map_coordinates

    places = (size / wanted * (np.arange(wanted) + 0.5) - 0.5)[None]
    columns = (map_coordinates(column, places, order=order, mode="nearest") for column in np.eye(size))
    return np.stack(list(columns), axis=1)


def _torch_image(image: torch.Tensor, shape: tuple[int, ...], separate: int | None) -> torch.Tensor:
    from torch.nn.functional import interpolate

    if separate is None:
        return interpolate(image[None, None], shape, mode="trilinear")[0, 0]
    planes = image.movedim(separate, 0)
    in_plane = [size for axis, size in enumerate(shape) if axis != separate]
    if list(planes.shape[1:]) != in_plane:
        planes = interpolate(planes[None], in_plane, mode="bilinear")[0]
    image = planes.movedim(0, separate)
    if image.shape[separate] != shape[separate]:
        image = interpolate(image[None, None], shape, mode="nearest-exact")[0, 0]
    return image
