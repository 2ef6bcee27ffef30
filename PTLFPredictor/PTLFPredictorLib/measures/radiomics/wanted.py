"""What is asked for: feature names taken apart, and the full list that settings describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import BadInput
from .names import FEATURES, near
from .settings import ExtractionSettings

Wanted = dict[str, dict[str, list[str]]]
"""``{filtered image: {feature class: [feature, ...]}}``"""


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
        if len(parts) != 3 or parts[1] not in FEATURES or parts[2] not in FEATURES[parts[1]]:
            raise BadInput(f"'{name}' is no feature; a name reads like 'wavelet-HHH_glcm_Contrast'.{near(name)}")
        filtered, feature_class, feature = parts
        if feature_class == "shape" and filtered != "original":
            raise BadInput(f"'{name}' is no feature: shape belongs to 'original' alone.")
        if filtered not in known and feature_class != "shape":
            raise BadInput(
                f"The feature '{name}' needs the filtered image '{filtered}', which the extraction settings do not "
                f"give; they give {', '.join(sorted(known))}."
            )
        result.setdefault(filtered, {}).setdefault(feature_class, []).append(feature)
    return result


def everything(filtered_images: Mapping[str, Sequence[str]]) -> Wanted:
    """All classes on all filtered images, shape on the original one."""
    textures = {name: list(features) for name, features in FEATURES.items() if name != "shape"}
    result: Wanted = {}
    for images in filtered_images.values():
        for filtered in images:
            shape_too = {"shape": list(FEATURES["shape"])} if filtered == "original" else {}
            result[filtered] = shape_too | textures
    return result


def options_of(settings: ExtractionSettings, image_type: str) -> dict:
    """The image type's options as keyword arguments of its filter."""
    return dict(settings.image_types[image_type])
