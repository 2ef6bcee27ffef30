"""Small seeded CTs with VOIs: noise with a liver's correlation length, no anatomy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SHARED_DATA = Path(os.environ.get("PTLF_SHARED_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")

SIGNATURE = {
    "tumor": ["exponential_glrlm_RunLengthNonUniformity", "wavelet-HHH_glszm_SizeZoneNonUniformity"],
    "liver": [
        "lbp-3D-m1_firstorder_Skewness",
        "lbp-3D-m2_firstorder_Mean",
        "log-sigma-1-0-mm-3D_glcm_Imc1",
        "log-sigma-1-0-mm-3D_gldm_DependenceNonUniformityNormalized",
        "wavelet-HHH_glcm_DifferenceEntropy",
        "wavelet-HHL_firstorder_Mean",
        "wavelet-LHH_firstorder_Mean",
        "wavelet-LLH_firstorder_Kurtosis",
    ],
}
"""The ten features of the published signature."""


@dataclass(frozen=True)
class Case:
    """CT and masks of one phantom, as arrays (z, y, x)."""

    ct: np.ndarray
    liver: np.ndarray
    tumor: np.ndarray
    spacing_mm: tuple[float, float, float]

    @property
    def image(self) -> sitk.Image:
        return image_of(self.ct, self.spacing_mm)

    @property
    def masks(self) -> dict[str, sitk.Image]:
        return {"liver": mask_of(self.liver, self.spacing_mm), "tumor": mask_of(self.tumor, self.spacing_mm)}


def image_of(array: np.ndarray, spacing_mm: tuple[float, float, float] = (1.6, 0.8, 0.7)) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing_mm[::-1])
    return image


def mask_of(array: np.ndarray, spacing_mm: tuple[float, float, float] = (1.6, 0.8, 0.7)) -> sitk.Image:
    return image_of(array.astype(np.uint8), spacing_mm)


def ellipsoids(seed: int = 0, slice_mm: float = 5.0, shape_mm: tuple[float, float, float] = (90.0, 70.0, 80.0)) -> Case:
    """A liver of about 0.15 L at 2 mm in plane with a tumour and some scattered tumour voxels.

    No SciPy: noise is smoothed by sums of neighbours, so that every environment makes the same voxels.
    """
    spacing = (slice_mm, 2.0, 2.0)
    shape = tuple(round(length / step) for length, step in zip(shape_mm, spacing, strict=True))
    rng = np.random.default_rng(seed)
    noise = rng.integers(-60, 61, size=shape)
    smooth = sum(np.roll(noise, step, axis) for axis in range(3) for step in (-1, 0, 1))
    z, y, x = np.indices(shape)
    middle = [(n - 1) / 2 for n in shape]
    radius = sum(((i - m) / (0.8 * m + 0.5)) ** 2 for i, m in zip((z, y, x), middle, strict=True))
    lesion = ((z - middle[0]) * slice_mm / 18) ** 2 + ((y - middle[1]) / 8) ** 2 + ((x - middle[2]) / 7) ** 2
    tumor = (lesion < 1) | ((radius < 1) & (rng.random(shape) < 0.002))
    liver = (radius < 1) & ~tumor
    hu = 105 + smooth // 3 + noise // 4 - 35 * tumor - 150 * (radius >= 1)
    return Case(hu.astype(np.int16), liver, tumor, spacing)


def random_voi(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A CT of 6 to 15 voxels a side and a VOI of boxes, holes and specks in it."""
    shape = tuple(rng.integers(6, 16, 3))
    ct = np.round(rng.normal(60, rng.choice([1, 5, 30, 80, 200]), shape)).astype(np.int16)
    mask = np.zeros(shape, dtype=bool)
    for _ in range(rng.integers(1, 4)):
        low = [rng.integers(0, n - 1) for n in shape]
        high = [rng.integers(start + 1, n + 1) for start, n in zip(low, shape, strict=True)]
        mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    if rng.random() < 0.3:
        mask &= rng.random(shape) < 0.5
    if rng.random() < 0.1:
        ct[mask] = 60
    return ct, mask
