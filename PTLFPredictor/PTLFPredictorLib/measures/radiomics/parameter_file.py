"""Read a PyRadiomics parameter file (YAML or JSON) as extraction settings.

PyRadiomics' documentation, "Parameter File"; its names are translated, and whatever the engines cannot honour is an
error rather than silently dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import json_text
from ...errors import BadInput, MissingDependency
from .names import FEATURES
from .settings import ExtractionSettings
from .wanted import everything

SETTING_NAMES = {
    "binWidth": "bin_width",
    "binCount": "bin_count",
    "interpolator": "interpolator",
    "resampledPixelSpacing": "resampled_spacing_mm",
    "padDistance": "pad_distance",
    "resegmentRange": "resegment_range",
    "resegmentMode": "resegment_mode",
    "normalize": "normalize",
    "normalizeScale": "normalize_scale",
    "removeOutliers": "remove_outliers",
    "voxelArrayShift": "voxel_array_shift",
    "gldm_a": "gldm_a",
    "distances": "distances",
    "force2D": "force_2d",
    "force2Ddimension": "force_2d_dimension",
    "weightingNorm": "weighting_norm",
}
"""PyRadiomics' settings -> ours."""

WITHOUT_EFFECT = frozenset({"label", "label_channel", "geometryTolerance", "correctMask", "additionalInfo"})
"""Settings about how masks are read: here they come as one mask per VOI with the CT's geometry."""

OURS_ALWAYS = {
    "symmetricalGLCM": (True,),
    "minimumROIDimensions": (1, 2),
    "resegmentShape": (False,),
    "preCrop": (False,),
}
"""Settings that have one value here; another one is an error (a smaller minimum only permits more)."""


def read_parameter_file(path: Path, pixel_type: str = "int16") -> tuple[ExtractionSettings, tuple[str, ...]]:
    """Settings of a PyRadiomics parameter file, and the features that it enables.

    The settings are "as stored": what PyRadiomics does to a CT as it comes, without our clip range and orientation.

    Parameters
    ----------
    path : Path
        ``.json``, or YAML, which needs the package PyYAML or ruamel.yaml.
    pixel_type : {"int16", "float32", "float64"}
        Of the image; a parameter file does not say it.

    Returns
    -------
    settings : ExtractionSettings
    features : tuple of str
        Full names of all enabled features, for ``extract``'s `wanted`.

    Raises
    ------
    BadInput
        For a file that cannot be read, or a section, setting, image type, class or feature that is unknown here.
    MissingDependency
        For YAML without a package that reads it.
    """
    content = _parse(Path(path))
    unknown = sorted(set(content) - {"setting", "imageType", "featureClass"})
    if unknown:
        raise BadInput(f"The parameter file {path} has unknown sections: {', '.join(unknown)}.")
    for name, section in content.items():
        if section is not None and not isinstance(section, Mapping):
            raise BadInput(f"The section '{name}' of the parameter file {path} must hold names with their options.")
    settings = _settings(content.get("setting") or {}, content.get("imageType") or {"Original": {}}, pixel_type)
    return settings, _features(content.get("featureClass") or {}, settings)


def _parse(path: Path) -> Mapping[str, Any]:
    try:
        raw = path.read_bytes()
        text = "" if path.suffix == ".json" else raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The parameter file {path} cannot be read: {error}.") from error
    try:
        content = json_text.loads(raw) if path.suffix == ".json" else _load_yaml(text)
    except ValueError as error:
        raise BadInput(f"The parameter file {path} is not well formed: {error}") from error
    if not isinstance(content, Mapping):
        raise BadInput(f"The parameter file {path} holds no sections 'setting', 'imageType', 'featureClass'.")
    return content


def _load_yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError:
        return _load_ruamel_yaml(text)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _load_ruamel_yaml(text: str) -> Any:
    try:
        from ruamel.yaml import YAML, YAMLError
    except ImportError as error:
        raise MissingDependency(
            "A parameter file in YAML needs the package PyYAML, which is not installed here. Install it "
            "('pip install pyyaml'), or save the file as JSON, which needs nothing."
        ) from error
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ValueError(str(error)) from error


def _settings(given: Mapping[str, Any], image_types: Mapping[str, Any], pixel_type: str) -> ExtractionSettings:
    values: dict[str, Any] = {"pixel_type": pixel_type, "orientation": "as stored", "clip_hu": None}
    for name, value in given.items():
        if name in SETTING_NAMES:
            values[SETTING_NAMES[name]] = value
        elif name in OURS_ALWAYS:
            if value not in OURS_ALWAYS[name]:
                raise BadInput(f"The parameter '{name}: {value}' is not possible here, only {OURS_ALWAYS[name][-1]}.")
        elif name == "minimumROISize":
            if value is not None:
                raise BadInput("The parameter 'minimumROISize' is not known here: VOIs are not refused for their size.")
        elif name not in WITHOUT_EFFECT:
            raise BadInput(f"The parameter '{name}' is not known here.")
    if values.get("bin_count") is not None:
        values["bin_width"] = None
    if values.get("interpolator", "sitkBSpline") is None or values.get("resampled_spacing_mm") is None:
        # PyRadiomics resamples only where both are given.
        values["interpolator"], values["resampled_spacing_mm"] = "sitkBSpline", None
    types = {name: dict(options or {}) for name, options in image_types.items()}
    custom = sorted({option for options in types.values() for option in set(options) & set(SETTING_NAMES)})
    if custom:
        raise BadInput(f"Settings of one image type alone are not possible here: {', '.join(custom)}.")
    return ExtractionSettings(image_types=types, **values)


def _features(classes: Mapping[str, Any], settings: ExtractionSettings) -> tuple[str, ...]:
    """Full names; as in PyRadiomics, shape is enabled whether or not the original image is."""
    from .builtin_engine import filtered_image_names

    for name, features in classes.items():
        if name not in FEATURES:
            raise BadInput(f"The feature class '{name}' is not known here; known are {', '.join(FEATURES)}.")
        if features is not None and not isinstance(features, (list, tuple)):
            raise BadInput(f"The feature class '{name}' needs a list of its features, not {features!r}.")
        unknown = sorted(set(features or ()) - set(FEATURES[name]))
        if unknown:
            raise BadInput(f"The feature class {name} has no feature {', '.join(unknown)} here.")
    chosen = {name: tuple(classes.get(name) or FEATURES[name]) for name in classes or FEATURES}
    images = everything({"Original": ("original",)} | filtered_image_names(settings))
    if "Original" not in settings.image_types:
        images["original"] = {"shape": images["original"]["shape"]}
    return tuple(
        f"{image}_{feature_class}_{feature}"
        for image, available in images.items()
        for feature_class in available
        for feature in chosen.get(feature_class, ())
    )
