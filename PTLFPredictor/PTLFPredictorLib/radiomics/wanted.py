"""What is asked for: feature names taken apart, and the full list that settings describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import BadInput
from . import firstorder, shape
from .settings import ExtractionSettings
from .textures import glcm, gldm, glrlm, glszm, ngtdm

FEATURES_OF_CLASS: dict[str, tuple[str, ...]] = {
    "firstorder": tuple(firstorder.FEATURES),
    "glcm": tuple(glcm.FEATURES),
    "gldm": tuple(gldm.FEATURES),
    "glrlm": tuple(glrlm.FEATURES),
    "glszm": tuple(glszm.FEATURES),
    "ngtdm": tuple(ngtdm.FEATURES),
    "shape": tuple(shape.FEATURES),
}
"""PyRadiomics' feature classes with their features."""

PREFIX_OF_IMAGE_TYPE = {
    "Original": "original",
    "Wavelet": "wavelet",
    "LoG": "log-sigma",
    "Square": "square",
    "SquareRoot": "squareroot",
    "Logarithm": "logarithm",
    "Exponential": "exponential",
    "Gradient": "gradient",
    "LBP3D": "lbp-3D",
}
"""First part of the names of an image type's filtered images."""

Wanted = dict[str, dict[str, list[str]]]
"""``{filtered image: {feature class: [feature, ...]}}``"""


def image_type_of(filtered: str) -> str | None:
    """Image type behind a filtered image's name: ``wavelet-HHH`` -> ``Wavelet``, ``wavelet2-HHH`` too."""
    for image_type, prefix in PREFIX_OF_IMAGE_TYPE.items():
        if filtered == prefix or filtered.split("-")[0].rstrip("0123456789") == prefix:
            return image_type
        if "-" in prefix and filtered.startswith(prefix + "-"):
            return image_type
    return None


def wanted_of(names: Sequence[str] | None, filtered_images: Mapping[str, Sequence[str]]) -> Wanted:
    """Take feature names apart.

    Parameters
    ----------
    names : sequence of str, or None
        ``<filtered image>_<class>_<feature>``; None asks for everything.
    filtered_images : mapping of str to sequence of str
        Image type -> names of its filtered images, as the settings give them.

    Raises
    ------
    BadInput
        For a name that is no feature of these images.
    """
    if names is None:
        return everything(filtered_images)
    known = {filtered for images in filtered_images.values() for filtered in images}
    result: Wanted = {}
    for name in names:
        parts = name.split("_")
        if len(parts) != 3 or parts[1] not in FEATURES_OF_CLASS or parts[2] not in FEATURES_OF_CLASS[parts[1]]:
            raise BadInput(f"'{name}' is no feature; a name reads like 'wavelet-HHH_glcm_Contrast'.")
        filtered, feature_class, feature = parts
        if feature_class == "shape" and filtered != "original":
            raise BadInput(f"'{name}' is no feature: shape belongs to 'original' alone.")
        if filtered not in known and not (feature_class == "shape"):
            raise BadInput(
                f"The feature '{name}' needs the filtered image '{filtered}', which the extraction settings do not "
                f"give; they give {', '.join(sorted(known))}."
            )
        result.setdefault(filtered, {}).setdefault(feature_class, []).append(feature)
    return result


def everything(filtered_images: Mapping[str, Sequence[str]]) -> Wanted:
    """All classes on all filtered images, shape on the original one."""
    textures = {name: list(features) for name, features in FEATURES_OF_CLASS.items() if name != "shape"}
    result: Wanted = {}
    for images in filtered_images.values():
        for filtered in images:
            shape_too = {"shape": list(FEATURES_OF_CLASS["shape"])} if filtered == "original" else {}
            result[filtered] = shape_too | textures
    return result


def options_of(settings: ExtractionSettings, image_type: str) -> dict:
    """The image type's options as keyword arguments of its filter."""
    return dict(settings.image_types[image_type])
