"""Names of features: what PyRadiomics calls them, and what a name says about how to compute it."""

from __future__ import annotations

import re

FEATURES: dict[str, tuple[str, ...]] = {
    "firstorder": (
        "10Percentile",
        "90Percentile",
        "Energy",
        "Entropy",
        "InterquartileRange",
        "Kurtosis",
        "Maximum",
        "MeanAbsoluteDeviation",
        "Mean",
        "Median",
        "Minimum",
        "Range",
        "RobustMeanAbsoluteDeviation",
        "RootMeanSquared",
        "Skewness",
        "TotalEnergy",
        "Uniformity",
        "Variance",
    ),
    "shape": (
        "Elongation",
        "Flatness",
        "LeastAxisLength",
        "MajorAxisLength",
        "Maximum2DDiameterColumn",
        "Maximum2DDiameterRow",
        "Maximum2DDiameterSlice",
        "Maximum3DDiameter",
        "MeshVolume",
        "MinorAxisLength",
        "Sphericity",
        "SurfaceArea",
        "SurfaceVolumeRatio",
        "VoxelVolume",
    ),
    "glcm": (
        "Autocorrelation",
        "ClusterProminence",
        "ClusterShade",
        "ClusterTendency",
        "Contrast",
        "Correlation",
        "DifferenceAverage",
        "DifferenceEntropy",
        "DifferenceVariance",
        "Id",
        "Idm",
        "Idmn",
        "Idn",
        "Imc1",
        "Imc2",
        "InverseVariance",
        "JointAverage",
        "JointEnergy",
        "JointEntropy",
        "MCC",
        "MaximumProbability",
        "SumAverage",
        "SumEntropy",
        "SumSquares",
    ),
    "gldm": (
        "DependenceEntropy",
        "DependenceNonUniformity",
        "DependenceNonUniformityNormalized",
        "DependenceVariance",
        "GrayLevelNonUniformity",
        "GrayLevelVariance",
        "HighGrayLevelEmphasis",
        "LargeDependenceEmphasis",
        "LargeDependenceHighGrayLevelEmphasis",
        "LargeDependenceLowGrayLevelEmphasis",
        "LowGrayLevelEmphasis",
        "SmallDependenceEmphasis",
        "SmallDependenceHighGrayLevelEmphasis",
        "SmallDependenceLowGrayLevelEmphasis",
    ),
    "glrlm": (
        "GrayLevelNonUniformity",
        "GrayLevelNonUniformityNormalized",
        "GrayLevelVariance",
        "HighGrayLevelRunEmphasis",
        "LongRunEmphasis",
        "LongRunHighGrayLevelEmphasis",
        "LongRunLowGrayLevelEmphasis",
        "LowGrayLevelRunEmphasis",
        "RunEntropy",
        "RunLengthNonUniformity",
        "RunLengthNonUniformityNormalized",
        "RunPercentage",
        "RunVariance",
        "ShortRunEmphasis",
        "ShortRunHighGrayLevelEmphasis",
        "ShortRunLowGrayLevelEmphasis",
    ),
    "glszm": (
        "GrayLevelNonUniformity",
        "GrayLevelNonUniformityNormalized",
        "GrayLevelVariance",
        "HighGrayLevelZoneEmphasis",
        "LargeAreaEmphasis",
        "LargeAreaHighGrayLevelEmphasis",
        "LargeAreaLowGrayLevelEmphasis",
        "LowGrayLevelZoneEmphasis",
        "SizeZoneNonUniformity",
        "SizeZoneNonUniformityNormalized",
        "SmallAreaEmphasis",
        "SmallAreaHighGrayLevelEmphasis",
        "SmallAreaLowGrayLevelEmphasis",
        "ZoneEntropy",
        "ZonePercentage",
        "ZoneVariance",
    ),
    "ngtdm": ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength"),
}
"""Feature class -> its features (107 in all)."""

_FILTERED = {
    r"original": "Original",
    r"wavelet-[LH]{3}": "Wavelet",
    r"wavelet[2-9]-[LH]{3}": "Wavelet",
    r"log-sigma-\d+(-\d+)?-mm-3D": "LoG",
    r"square": "Square",
    r"squareroot": "SquareRoot",
    r"logarithm": "Logarithm",
    r"exponential": "Exponential",
    r"gradient": "Gradient",
    r"lbp-3D-(m[1-9]|k)": "LBP3D",
}


def split(feature: str) -> tuple[str, str, str]:
    """``wavelet-HHH_glcm_Imc1`` -> ``("wavelet-HHH", "glcm", "Imc1")``; ValueError if it is no feature's name."""
    parts = feature.split("_")
    if len(parts) != 3 or parts[2] not in FEATURES.get(parts[1], ()):
        raise _no_feature(feature)
    return parts[0], parts[1], parts[2]


def image_type_of(feature: str) -> str:
    """Image type behind a feature's name: ``wavelet-HHH_glcm_Imc1`` -> ``Wavelet``; ValueError if there is none."""
    filtered, feature_class, _ = split(feature)
    for pattern, image_type in _FILTERED.items():
        if re.fullmatch(pattern, filtered) and (feature_class != "shape" or image_type == "Original"):
            return image_type
    raise _no_feature(feature)


def near(feature: str) -> str:
    """Which names may be meant by one that is no feature's, as a sentence after a space; "" where none is like it."""
    import difflib

    image, _, rest = feature.partition("_")
    group, _, last = rest.partition("_")
    names = FEATURES.get(group, ())
    like = [name for name in names if last and name.casefold().endswith(last.casefold())]
    like = [f"{image}_{group}_{name}" for name in like or difflib.get_close_matches(last, names)]
    meant = [repr(name) for name in like if is_feature_name(name)][:3]
    return f" Is {' or '.join(meant)} meant?" if meant and not is_feature_name(feature) else ""


def _no_feature(feature: str) -> ValueError:
    return ValueError(f"'feature' is {feature!r}, which names none; a name reads like 'wavelet-HHH_glcm_Contrast'.")


def log_sigma_of(feature: str) -> float | None:
    """Sigma in mm of a LoG feature (``log-sigma-1-0-mm-3D_...`` -> 1.0), else None."""
    match = re.match(r"log-sigma-(\d+)(?:-(\d+))?-mm-3D_", feature)
    return float(f"{match[1]}.{match[2] or 0}") if match else None


def is_feature_name(feature: str) -> bool:
    try:
        image_type_of(feature)
    except ValueError:
        return False
    return True
