"""A small volume with a VOI, the ways in which maps are made of it, and PyRadiomics' own maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from voi_phantoms import image_of, mask_of

from PTLFPredictorLib.measures.radiomics import ExtractionSettings
from PTLFPredictorLib.measures.radiomics.parameter_file import pyradiomics_settings

STORED = Path(__file__).with_name("maps.npz")

WAYS: dict[str, tuple[dict, dict]] = {
    "radius 1": ({}, {}),
    "radius 2": ({}, {"kernel_radius": 2}),
    "whole kernels": ({}, {"masked_kernel": False}),
    "in planes": ({"force_2d": True, "bin_width": None, "bin_count": 6}, {}),
    "distances": ({"distances": (1, 2), "gldm_a": 1, "voxel_array_shift": 200}, {"kernel_radius": 2}),
}
"""Name -> extraction settings, map settings."""


def settings_of(way: str) -> ExtractionSettings:
    return ExtractionSettings(image_types={"Original": {}}, **WAYS[way][0])


def volume(shape=(9, 11, 12), seed=5) -> tuple[sitk.Image, sitk.Image]:
    """HU with a correlation length, and a VOI with a hole, a corner at the volume's border and a voxel by itself."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 60, shape)
    for axis in range(3):
        noise += np.roll(noise, 1, axis)
    z, y, x = np.indices(shape)
    inside = ((z - 4) / 3.2) ** 2 + ((y - 5) / 3.4) ** 2 + ((x - 5) / 3.3) ** 2 < 1
    inside[4, 5, 5] = False
    inside[-1, -1, -3:] = inside[-2:, -2, -1] = True
    inside[0, 0, 0] = True
    return image_of(np.rint(noise).astype(np.int16)), mask_of(inside)


def of_pyradiomics(image: sitk.Image, mask: sitk.Image, settings: ExtractionSettings, **how) -> dict[str, np.ndarray]:
    """PyRadiomics' maps of the original image, the values of the VOI's voxels in C order."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    theirs = {"kernelRadius": how.get("kernel_radius", 1), "maskedKernel": how.get("masked_kernel", True)}
    theirs |= pyradiomics_settings(settings) | {"voxelBatch": 200}
    extractor = RadiomicsFeatureExtractor(additionalInfo=False, label=1, **theirs)
    extractor.disableAllFeatures()
    for name in ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"):
        extractor.enableFeatureClassByName(name)
    extractor.disableAllImageTypes()
    extractor.enableImageTypeByName("Original")
    found = extractor.execute(image, mask, voxelBased=True)
    inside = sitk.GetArrayFromImage(mask) > 0
    return {name: _on(image, made)[inside] for name, made in found.items()}


def _on(image: sitk.Image, made: sitk.Image) -> np.ndarray:
    """PyRadiomics' map is of the box around the VOI alone."""
    nearest = sitk.Resample(made, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0, sitk.sitkFloat64)
    return sitk.GetArrayFromImage(nearest)


if __name__ == "__main__":
    ct, voi = volume()
    np.savez_compressed(
        STORED,
        **{
            f"{way}|{name}": values
            for way, (_, how) in WAYS.items()
            for name, values in of_pyradiomics(ct, voi, settings_of(way), **how).items()
        },
    )
