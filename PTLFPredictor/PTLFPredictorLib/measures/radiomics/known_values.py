"""Five values that PyRadiomics must give on a small image before it is used.

Whatever is importable as ``radiomics`` may be another version, a fork, or one whose filters fail beside this SciPy and
only say so in a log: SlicerRadiomics builds a state of PyRadiomics' repository between two releases.  The five stand
for the four filters and five feature classes that the published signature needs.  ``Testing/radiomics/make_golden.py``
wrote the file, with PyRadiomics 3.0.1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from .settings import ExtractionSettings

FILE = Path(__file__).resolve().parents[3] / "Resources" / "PyRadiomics" / "known_values.json"

NAMES = (
    "exponential_glrlm_RunLengthNonUniformity",
    "wavelet-HHH_glszm_SizeZoneNonUniformity",
    "lbp-3D-m1_firstorder_Skewness",
    "log-sigma-1-0-mm-3D_gldm_DependenceNonUniformityNormalized",
    "wavelet-HHH_glcm_DifferenceEntropy",
)

SETTINGS = ExtractionSettings(
    image_types={"Exponential": {}, "Wavelet": {}, "LBP3D": {}, "LoG": {"sigma": [1.0]}},
    orientation="as stored",
    clip_hu=None,
)

TOLERANCE = 1e-6
"""Largest relative difference."""


def image_and_mask() -> tuple[sitk.Image, sitk.Image]:
    """16-bit image of 15 x 17 x 19 voxels and an ellipsoid in it; whole numbers only, alike on every computer."""
    z, y, x = np.indices((15, 17, 19))
    values = 40 + (7 * x * x + 11 * y * y + 13 * z * z + 3 * x * y * z) % 181 - 6 * ((x + y + z) % 5)
    inside = 64 * 49 * (z - 7) ** 2 + 49 * 36 * (y - 8) ** 2 + 64 * 36 * (x - 9) ** 2 <= 49 * 64 * 36
    image = sitk.GetImageFromArray(values.astype(np.int16))
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    for made in (image, mask):
        made.SetSpacing((0.8, 0.8, 2.5))
    return image, mask


def stored() -> dict[str, float]:
    """The values of PyRadiomics 3.0.1, by name."""
    return json.loads(FILE.read_text(encoding="utf-8"))["values"]


def first_difference(found: Mapping[str, float], expected: Mapping[str, float]) -> str:
    """What is wrong with `found`, as the end of a sentence; "" where every value agrees."""
    for name, value in expected.items():
        if name not in found:
            return f"{name} is left out"
        if not abs(found[name] - value) <= TOLERANCE * abs(value):
            return f"{name} is {found[name]:.10g} instead of {value:.10g}"
    return ""
