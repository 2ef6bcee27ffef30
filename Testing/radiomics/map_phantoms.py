"""A small volume with a VOI, the ways in which maps are made of it, and PyRadiomics' own maps.

``PYTHONPATH=PTLFPredictor:Testing/radiomics .venv-pyradiomics/bin/python Testing/radiomics/map_phantoms.py`` writes
them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from voi_phantoms import image_of, mask_of

from PTLFPredictorLib.measures.radiomics import ExtractionSettings, maps
from PTLFPredictorLib.measures.radiomics.parameter_file import pyradiomics_settings

STORED = Path(__file__).with_name("maps.npz")

WAYS: dict[str, tuple[dict, dict]] = {
    "radius 1": ({}, {}),
    "whole kernels": ({}, {"masked_kernel": False}),
    "in planes": ({"force_2d": True, "bin_width": None, "bin_count": 6}, {}),
    "radius 2": ({"distances": (1, 2), "gldm_a": 1, "voxel_array_shift": 200}, {"kernel_radius": 2}),
}
"""Name -> extraction settings, map settings."""


NAMES = [f"original_{feature_class}_{one}" for feature_class, all_of in maps.supported().items() for one in all_of]


def settings_of(way: str) -> ExtractionSettings:
    return ExtractionSettings(image_types={"Original": {}}, **WAYS[way][0])


def volume(shape=(8, 10, 11), seed=5) -> tuple[sitk.Image, sitk.Image]:
    """HU with a correlation length, and a VOI with a hole, a corner at the volume's border and a voxel by itself."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 60, shape)
    for axis in range(3):
        noise += np.roll(noise, 1, axis)
    z, y, x = np.indices(shape)
    inside = ((z - 3) / 2.1) ** 2 + ((y - 4) / 2.9) ** 2 + ((x - 4) / 2.3) ** 2 < 1
    inside[3, 4, 4] = False
    inside[-1, -1, -3:] = inside[-2:, -2, -1] = True
    inside[0, 0, 0] = True
    return image_of(np.rint(noise).astype(np.int16)), mask_of(inside)


def of_pyradiomics(image: sitk.Image, mask: sitk.Image, settings: ExtractionSettings, **how) -> dict[str, np.ndarray]:
    """PyRadiomics' maps, the values of the VOI's voxels in C order."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    theirs = {"kernelRadius": how.get("kernel_radius", 1), "maskedKernel": how.get("masked_kernel", True)}
    theirs |= pyradiomics_settings(settings) | {"voxelBatch": 200}
    extractor = RadiomicsFeatureExtractor(additionalInfo=False, label=1, **theirs)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(**{name: list(features) for name, features in maps.supported().items()})
    extractor.enabledImagetypes = dict(settings.image_types)
    found = extractor.execute(image, mask, voxelBased=True)
    inside = sitk.GetArrayFromImage(mask) > 0
    return {name: _on(image, made)[inside] for name, made in found.items()}


def _on(image: sitk.Image, made: sitk.Image) -> np.ndarray:
    """PyRadiomics' map is of the box around the VOI alone."""
    nearest = sitk.Resample(made, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0, sitk.sitkFloat64)
    return sitk.GetArrayFromImage(nearest)


def stored(way: str) -> dict[str, np.ndarray]:
    """PyRadiomics' maps of `volume`, as this file has written them."""
    with np.load(STORED) as arrays:
        return dict(zip(NAMES, arrays[way], strict=True))


if __name__ == "__main__":
    ct, voi = volume()
    made = {way: of_pyradiomics(ct, voi, settings_of(way), **how) for way, (_, how) in WAYS.items()}
    np.savez_compressed(STORED, **{way: np.stack([values[name] for name in NAMES]) for way, values in made.items()})
