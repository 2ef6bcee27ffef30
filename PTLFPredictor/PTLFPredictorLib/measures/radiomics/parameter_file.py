"""Read a PyRadiomics parameter file (YAML or JSON) as extraction settings, and write settings as one.

PyRadiomics' documentation, "Parameter File"; its names are translated, and whatever the engines cannot honour is an
error rather than silently dropped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import json_text
from ...errors import BadInput, MissingDependency
from .names import FEATURES, image_type_of, log_sigma_of, split
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


def pyradiomics_settings(settings: ExtractionSettings) -> dict[str, Any]:
    """The settings under PyRadiomics' own names; those without a value are left out."""
    values = {theirs: getattr(settings, ours) for theirs, ours in SETTING_NAMES.items()}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value is not None
    }


def write_parameter_file(
    settings: ExtractionSettings,
    wanted: Mapping[str, Sequence[str] | None],
    *,
    title: str = "",
    as_json: bool = False,
) -> str:
    """Text of a parameter file with which PyRadiomics itself computes these features.

    Parameters
    ----------
    settings : ExtractionSettings
    wanted : mapping of str to sequence of str, or None
        By VOI name, as `extract` takes it.  A parameter file knows no VOIs: it enables the features of all, on every
        filtered image that one of them needs.
    title : str
        First line of the comment, e.g. the signature's title.
    as_json : bool
        JSON, which has no comment, instead of YAML.

    Returns
    -------
    str
        What a parameter file cannot say stands in its comment: pixel type, orientation and clip range of the CT.
    """
    names = [name for of_voi in wanted.values() for name in of_voi or ()]
    everything_asked = any(of_voi is None for of_voi in wanted.values())
    content = {
        "setting": pyradiomics_settings(settings),
        "imageType": dict(settings.image_types) if everything_asked else _image_types_of(names, settings),
        "featureClass": {name: [] for name in FEATURES} if everything_asked else _classes_of(names),
    }
    if as_json:
        return json.dumps(content, indent=1) + "\n"
    lines = [f"# {line}" for line in (title, *_said_beside(settings), *_listed(wanted)) if line]
    for section, entries in content.items():
        lines += [f"{section}:", *(f"  {name}: {json.dumps(value)}" for name, value in entries.items())]
    return "\n".join(lines) + "\n"


def _image_types_of(names: Sequence[str], settings: ExtractionSettings) -> dict[str, dict[str, Any]]:
    needed = {image_type_of(name) for name in names}
    types = {name: dict(options) for name, options in settings.image_types.items() if name in needed}
    if "LoG" in types:
        types["LoG"]["sigma"] = sorted({sigma for name in names if (sigma := log_sigma_of(name)) is not None})
    return types


def _classes_of(names: Sequence[str]) -> dict[str, list[str]]:
    parts = [split(name) for name in names]
    return {
        feature_class: chosen
        for feature_class, features in FEATURES.items()
        if (chosen := [feature for feature in features if (feature_class, feature) in {part[1:] for part in parts}])
    }


def _said_beside(settings: ExtractionSettings) -> list[str]:
    """What PyRadiomics does not do: it takes a CT as it is stored."""
    said = [f"Give PyRadiomics the CT in HU as {settings.pixel_type}"]
    if settings.orientation == "LPS":
        said.append("its array along L, P, S (columns to the left, rows to the back, slices feet to head)")
    if settings.clip_hu is not None:
        low, high = settings.clip_hu
        said.append(f"clipped to {low:g} to {high:g} HU")
    return [", ".join(said) + "."]


def _listed(wanted: Mapping[str, Sequence[str] | None]) -> list[str]:
    lines = []
    for voi, names in wanted.items():
        lines += [f"Of the VOI '{voi}' are wanted:", *names] if names else [f"Of the VOI '{voi}' all are wanted."]
    return lines


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
    unknown = sorted(str(name) for name in content if name not in ("setting", "imageType", "featureClass"))
    if unknown:
        raise BadInput(f"The parameter file {path} has unknown sections: {', '.join(unknown)}.")
    for name, section in content.items():
        if section is not None and not isinstance(section, Mapping):
            raise BadInput(f"The section '{name}' of the parameter file {path} must hold names with their options.")
    settings = _settings(content.get("setting") or {}, content.get("imageType") or {"Original": {}}, pixel_type)
    return settings, _features(content.get("featureClass") or {}, settings)


def _parse(path: Path) -> Mapping[str, Any]:
    is_json = path.suffix.lower() == ".json"
    try:
        raw = path.read_bytes()
        text = "" if is_json else raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The parameter file {path} cannot be read: {error}.") from error
    try:
        content = json_text.loads(raw) if is_json else _load_yaml(text)
    except ValueError as error:
        raise BadInput(f"The parameter file {path} is not well formed: {error}") from error
    except RecursionError as error:
        raise BadInput(f"The parameter file {path} is nested too deeply.") from error
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
    for name, options in image_types.items():
        if options and not isinstance(options, Mapping):
            raise BadInput(f"The image type '{name}' needs its options by their names, or nothing, not {options!r}.")
    types = {name: {str(o): value for o, value in (options or {}).items()} for name, options in image_types.items()}
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
        unknown = sorted(str(feature) for feature in features or () if feature not in FEATURES[name])
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
