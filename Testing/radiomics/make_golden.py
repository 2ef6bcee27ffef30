"""Write ``golden.json``: PyRadiomics' values on the phantoms, so that the fast tests need no PyRadiomics.

``PYTHONPATH=PTLFPredictor:Testing/radiomics python Testing/radiomics/make_golden.py``, where PyRadiomics is installed.
"""

import json
from pathlib import Path

from voi_phantoms import SIGNATURE, ellipsoids

from PTLFPredictorLib.radiomics import ExtractionSettings, extract
from PTLFPredictorLib.radiomics.wanted import FEATURES_OF_CLASS

SLICES_MM = (5.0, 2.5, 1.5)
GOLDEN = Path(__file__).with_name("golden.json")


def packed(values):
    """``{filtered image: {class: [value of each feature, in the engine's order]}}``"""
    images = sorted({name.split("_")[0] for name in values})
    return {
        image: {
            feature_class: [values[f"{image}_{feature_class}_{feature}"] for feature in features]
            for feature_class, features in FEATURES_OF_CLASS.items()
            if f"{image}_{feature_class}_{features[0]}" in values
        }
        for image in images
    }


def unpacked(tree):
    return {
        f"{image}_{feature_class}_{feature}": value
        for image, classes in tree.items()
        for feature_class, values in classes.items()
        for feature, value in zip(FEATURES_OF_CLASS[feature_class], values, strict=True)
    }


def reference(case, wanted):
    vectors = extract(case.image, case.masks, wanted, ExtractionSettings(), engine="pyradiomics")
    return {voi: dict(vector.values) for voi, vector in vectors.items()}


if __name__ == "__main__":
    everything = reference(ellipsoids(slice_mm=5.0), {"liver": None, "tumor": None})
    content = {
        "all": {voi: packed(values) for voi, values in everything.items()},
        "signature": {str(mm): reference(ellipsoids(slice_mm=mm), SIGNATURE) for mm in SLICES_MM},
    }
    GOLDEN.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
