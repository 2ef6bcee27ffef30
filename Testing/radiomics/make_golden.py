"""Write ``golden.json``: PyRadiomics' values on phantoms and sample cases, so that fast tests need no PyRadiomics;
and the five values that the library asks of a PyRadiomics before it uses it (`known_values`).

Sample cases are made of floating-point noise and may differ by a voxel between NumPy or SciPy versions: their hash and
the versions stand beside the values.

``PYTHONPATH=PTLFPredictor:Testing/radiomics .venv-pyradiomics/bin/python Testing/radiomics/make_golden.py`` writes
both, with the word ``known`` behind it only the five.
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy
import SimpleITK as sitk
from voi_phantoms import SIGNATURE, ellipsoids

from PTLFPredictorLib.ct import image_sha256
from PTLFPredictorLib.measures.radiomics import ExtractionSettings, extract, known_values, pyradiomics_engine
from PTLFPredictorLib.measures.radiomics.names import FEATURES
from PTLFPredictorLib.sample import make_case

SLICES_MM = (5.0, 2.5, 1.5)
SAMPLE_SEED = 7
GOLDEN = Path(__file__).with_name("golden.json")


def packed(values):
    """``{filtered image: {class: [value of each feature, in the engine's order]}}``"""
    images = sorted({name.split("_")[0] for name in values})
    return {
        image: {
            feature_class: [values[f"{image}_{feature_class}_{feature}"] for feature in features]
            for feature_class, features in FEATURES.items()
            if f"{image}_{feature_class}_{features[0]}" in values
        }
        for image in images
    }


def unpacked(tree):
    return {
        f"{image}_{feature_class}_{feature}": value
        for image, classes in tree.items()
        for feature_class, values in classes.items()
        for feature, value in zip(FEATURES[feature_class], values, strict=True)
    }


def sample_case(slice_mm):
    """CT and masks of one synthetic patient in slices of this thickness."""
    sample = make_case(SAMPLE_SEED, slice_mm=slice_mm)
    labels = {"liver": sample.labels == 1, "tumor": sample.labels == 2}
    return sample.ct, {voi: sitk.Cast(mask, sitk.sitkUInt8) for voi, mask in labels.items()}


def versions():
    return [np.__version__, scipy.__version__]


def reference(image, masks, wanted):
    vectors = extract(image, masks, wanted, ExtractionSettings(), engine="pyradiomics")
    return {voi: dict(vector.values) for voi, vector in vectors.items()}


def write_known_values():
    """Straight from PyRadiomics' side of the engine: `extract` would compare with the file that is to be written."""
    if pyradiomics_engine.version().lstrip("v") != "3.0.1":
        sys.exit(f"PyRadiomics 3.0.1 makes these values, not {pyradiomics_engine.version()}")
    image, mask = known_values.image_and_mask()
    found = pyradiomics_engine._extract(
        image, {"voi": mask}, {"voi": known_values.NAMES}, known_values.SETTINGS, lambda *_: None
    )["voi"]
    content = {
        "pyradiomics": pyradiomics_engine.version().lstrip("v"),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "values": {name: found[name] for name in known_values.NAMES},
    }
    known_values.FILE.parent.mkdir(exist_ok=True)
    known_values.FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_golden():
    phantom = ellipsoids(slice_mm=5.0)
    everything = reference(phantom.image, phantom.masks, {"liver": None, "tumor": None})
    signature, samples = {}, {}
    for mm in SLICES_MM:
        phantom = ellipsoids(slice_mm=mm)
        signature[str(mm)] = reference(phantom.image, phantom.masks, SIGNATURE)
        ct, masks = sample_case(mm)
        samples[str(mm)] = {"sha256": image_sha256(ct), "values": reference(ct, masks, SIGNATURE)}
    content = {
        "all": {voi: packed(values) for voi, values in everything.items()},
        "signature": signature,
        "samples": samples,
        "versions": versions(),
    }
    GOLDEN.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_known_values()
    if "known" not in sys.argv[1:]:
        write_golden()
