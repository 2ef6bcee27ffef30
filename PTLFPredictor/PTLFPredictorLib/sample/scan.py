"""Painting structures into a scan with the partial volume of their edges, and what a scanner adds: noise, table."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .geometry import Grid, interpolate, smooth_noise

AIR, FAT, MUSCLE = -1000.0, -104.0, 58.0
"""Attenuation in HU."""

TEXTURES_MM = {"fine": 3.0, "medium": 9.0, "coarse": 28.0}
"""Correlation length in mm of the random fields that structures are textured with."""

NOISE_SD_AT_5_MM = 13.0
"""HU in the middle of a body of average size; abdominal CT of 5 mm slices, soft tissue kernel: 8-15."""

NOISE_CUTOFF_PER_MM = 0.38
"""Spatial frequency at which the soft tissue kernel has fallen to 1/e of the ramp."""


class Painter:
    """A scan in the making: HU (z, y, x) on `scan`, `slabs` samples for each slice."""

    def __init__(self, scan: Grid, anatomy: Grid, slabs: int, rng: np.random.Generator):
        fine = scan.spacing[2] / slabs
        bottom = scan.origin[2] - (slabs - 1) / 2 * fine
        self.scan, self.anatomy, self.slabs = scan, anatomy, slabs
        self.grid = Grid((*scan.origin[:2], bottom), (*scan.spacing[:2], fine), (*scan.size[:2], scan.size[2] * slabs))
        self.image = np.full(self.grid.shape, np.float32(AIR))
        self._textures = {name: smooth_noise(anatomy, length, rng) for name, length in TEXTURES_MM.items()}

    def paint(
        self,
        distance: np.ndarray,
        hu: float | np.ndarray,
        texture: tuple[str, float] | None = None,
        *,
        edge_mm: float = 1.0,
    ) -> None:
        """Put a structure over what is there.

        Parameters
        ----------
        distance : ndarray, (z, y, x) of the anatomy grid
            Signed distance in mm.
        hu : float or ndarray on the anatomy grid
        texture : (name, SD in HU), optional
            One of `TEXTURES_MM`.
        edge_mm : float
            Width over which the edge blends.
        """
        box = self._box(distance, edge_mm)
        if box is None:
            return
        coverage = self._coverage(interpolate(distance, self.anatomy, self.grid, box), edge_mm)
        if isinstance(hu, np.ndarray):
            hu = interpolate(hu, self.anatomy, self.grid, box)
        if texture:
            hu = hu + np.float32(texture[1]) * interpolate(self._textures[texture[0]], self.anatomy, self.grid, box)
        region = self.image[box]
        region += coverage * (hu - region)

    def blend(self, box: tuple[slice, ...], distance: np.ndarray, hu: float, *, edge_mm: float = 1.0) -> None:
        """The same for a signed distance that is given on a box of the painter's own grid."""
        region = self.image[box]
        region += self._coverage(distance, edge_mm) * (np.float32(hu) - region)

    def mean_distance(self, distance: np.ndarray) -> np.ndarray:
        """Signed distance averaged over the thickness of each slice, shape (z, y, x) of the scan."""
        fine = np.full(self.grid.shape, np.float32(1e3))
        if (box := self._box(distance, 0.0)) is not None:
            fine[box] = interpolate(distance, self.anatomy, self.grid, box)
        return self._slices(fine)

    def slices(self) -> np.ndarray:
        """HU averaged over the thickness of each slice, shape (z, y, x) of the scan."""
        return self._slices(self.image)

    def _slices(self, fine: np.ndarray) -> np.ndarray:
        return fine.reshape(self.scan.size[2], self.slabs, *fine.shape[1:]).mean(axis=1, dtype="f4")

    def _coverage(self, distance: np.ndarray, edge_mm: float) -> np.ndarray:
        width = max(edge_mm, self.grid.spacing[0])
        return np.clip(np.float32(0.5) - distance / np.float32(width), 0, 1)

    def _box(self, distance: np.ndarray, edge_mm: float) -> tuple[slice, ...] | None:
        near = distance < edge_mm + max(self.anatomy.spacing)
        low, high = [], []
        for axis in range(3):
            hit = np.flatnonzero(near.any(axis=tuple(other for other in range(3) if other != axis)))
            if not hit.size:
                return None
            dimension = 2 - axis
            low.append(self.anatomy.origin[dimension] + hit[0] * self.anatomy.spacing[dimension])
            high.append(self.anatomy.origin[dimension] + hit[-1] * self.anatomy.spacing[dimension])
        box = self.grid.box(low[::-1], high[::-1])
        return box if all(part.stop > part.start for part in box) else None


def table(grid: Grid, back_y_mm: float) -> Iterable[tuple[tuple[slice, ...], np.ndarray, float]]:
    """Box, signed distance and HU of the patient table's shells: an arc under the back and its base."""
    x, y, _ = grid.xyz
    arc = np.sqrt(x**2 + (y - (back_y_mm + 14 - 420)) ** 2) - 420
    half_width = np.abs(x) - 205
    for distance, hu in ((np.abs(arc) - 1.0, 60.0), (np.abs(arc - 24) - 0.9, -20.0)):
        yield (slice(None),) * 3, np.broadcast_to(np.maximum(distance, half_width), grid.shape), hu


def noise(grid: Grid, body: np.ndarray, sd_at_5_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Quantum noise in HU, shape (z, y, x): ramp times apodisation in the plane, more in the middle of the body.

    The noise power spectrum of filtered back-projection is ``f * exp(-(f / fc)^2)`` (Riederer et al. 1978, Phys
    Med Biol 23:446); its SD goes with one over the square root of the slice thickness.
    """
    fy = np.fft.fftfreq(grid.size[1], grid.spacing[1])[:, None]
    fx = np.fft.rfftfreq(grid.size[0], grid.spacing[0])[None, :]
    frequency = np.hypot(fy, fx)
    amplitude = np.sqrt(frequency * np.exp(-((frequency / NOISE_CUTOFF_PER_MM) ** 2))).astype("f4")
    result = np.empty(grid.shape, "f4")
    for k in range(grid.size[2]):
        white = rng.standard_normal(grid.shape[1:], "f4")
        result[k] = np.fft.irfft2(np.fft.rfft2(white) * amplitude, s=grid.shape[1:])
    result = 0.85 * result + 0.15 * np.roll(result, 1, axis=0)  # neighbouring slices share some rays
    x, y, _ = grid.xyz
    centre = np.exp(-((x / 170) ** 2) - ((y / 130) ** 2))
    sd = sd_at_5_mm * np.sqrt(5.0 / grid.spacing[2]) * (0.45 + 0.55 * centre)
    outside = np.where(body < 0.5, np.float32(0.35), np.float32(1))
    return result / result.std() * sd.astype("f4") * outside
