"""The two JSON files of a model folder: dataset.json and plans.json, checked before nnU-Net reads them.

nnU-Net v2 imports classes and functions that ``plans.json`` names: names are compared with short lists of what nnU-Net
itself writes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import json_text
from ..errors import UnusableModel

PLANS, DATASET, CHECKPOINT = "plans.json", "dataset.json", "checkpoint_final.pth"
ENTRY, MANIFEST, CARD = "model.json", "manifest.json", "card.md"
"""What `model_package` adds to them."""

CHECKPOINT_BEST = "checkpoint_best.pth"
"""Of the training's best state; taken where no fold has its last."""

JSON_BYTES = 20 << 20
"""A plans.json has some 20 kB."""

NETWORKS = frozenset(
    f"dynamic_network_architectures.architectures.{name}"
    for name in (
        "unet.PlainConvUNet",
        "unet.ResidualEncoderUNet",
        "residual_unet.ResidualEncoderUNet",
        "unet.ResidualUNet",
    )
)

LAYERS = frozenset(
    name
    for dimension in "23"
    for name in (
        f"torch.nn.modules.conv.Conv{dimension}d",
        f"torch.nn.modules.instancenorm.InstanceNorm{dimension}d",
        f"torch.nn.modules.batchnorm.BatchNorm{dimension}d",
        f"torch.nn.modules.dropout.Dropout{dimension}d",
    )
) | {"torch.nn.LeakyReLU", "torch.nn.ReLU", "torch.nn.modules.activation.LeakyReLU", "torch.nn.modules.activation.ReLU"}

CHOICES = {
    "preprocessor_name": frozenset({"DefaultPreprocessor"}),
    **{
        f"resampling_fn_{what}": frozenset({"resample_data_or_seg_to_shape", "resample_torch_fornnunet"})
        for what in ("data", "seg", "probabilities")
    },
    "normalization_schemes": frozenset(
        {"CTNormalization", "ZScoreNormalization", "RescaleTo01Normalization", "NoNormalization"}
    ),
}
"""What nnU-Net 2 looks up by name in a configuration, and the names that it ships."""

READERS = {"SimpleITKIO": "", "NibabelIO": "", "SimpleITKIOWithReorient": "RAS", "NibabelIOWithReorient": "RAS"}
"""Who read the training images -> their index axes in SimpleITK's letters; "": as the files had them."""

OTHER_IMAGES = re.compile(
    r"(?<![a-z])(mri?|t[12]\w*|flair|dwi|adc|pet\w*|spect|suv|us|ultrasound)(?![a-z])", re.IGNORECASE
)
CT_NAMES = re.compile(r"(?<![a-z])(ct|cect|portal|venous|arterial|delayed|native|noncontrast)(?![a-z])", re.IGNORECASE)
"""Words in a channel's name."""

INTENSITIES = ("mean", "std", "percentile_00_5", "percentile_99_5")
"""What CTNormalization takes from ``foreground_intensity_properties_per_channel``."""

LARGEST_HU = 1e6


def read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > JSON_BYTES:
            raise ValueError("it is too large")
        data = json_text.read(path)
        if not isinstance(data, dict):
            raise ValueError("it holds no object")
    except (OSError, ValueError) as error:
        raise UnusableModel(f"'{path.name}' of model '{path.parent.name}' cannot be read: {error}.") from error
    return data


def check_dataset(dataset: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    labels = dataset.get("labels")
    if not isinstance(labels, dict) or labels.get("background") != 0:
        raise UnusableModel(f"The labels in {DATASET} cannot be used: a mapping with background 0 is needed.")
    named = {}
    for name, value in labels.items():
        values = value if isinstance(value, list) else [value]
        if not values or not all(type(label) is int and 0 <= label < 255 for label in values):
            raise UnusableModel(f"The label '{name}' in {DATASET} is {value!r}; whole numbers below 255 are needed.")
        if name not in ("background", "ignore"):
            named[name] = tuple(values)
    if any(len(values) > 1 for values in named.values()):  # regions: the order says which label they become
        order = dataset.get("regions_class_order")
        if not isinstance(order, list) or len(order) != len(named) or not all(type(n) is int for n in order):
            raise UnusableModel(f"{DATASET} has regions, but no regions_class_order that fits them.")
        if not all(0 < label < 255 for label in order):
            raise UnusableModel(f"regions_class_order in {DATASET} is {order}; whole numbers from 1 to 254 are needed.")
        return {name: (label,) for name, label in zip(named, order, strict=True)}
    _check_outputs(labels, named)
    return named


def _check_outputs(labels: Mapping[str, Any], named: Mapping[str, tuple[int, ...]]) -> None:
    """The network has an output for each label, the n-th for label n; nnU-Net's 'ignore' has none and is the next."""
    drawn = {0, *(label for values in named.values() for label in values)}
    never = sorted(label for label in drawn if label >= len(drawn))
    if never:
        raise UnusableModel(
            f"The labels in {DATASET} are {', '.join(map(str, sorted(drawn)))}: the network has {len(drawn)} outputs "
            f"and can never draw {', '.join(map(str, never))}. They must be 0, 1, 2 ... without a gap."
        )
    if labels.get("ignore", len(drawn)) != len(drawn):
        raise UnusableModel(
            f"The label 'ignore' in {DATASET} is {labels['ignore']!r}; it must be {len(drawn)}, the last."
        )


def check_channel(dataset: Mapping[str, Any], plans: Mapping[str, Any]) -> None:
    """One channel that is a CT: nnU-Net normalises it as one, or its name says so, and no name says otherwise.

    Only a channel named CT is normalised as a CT by nnU-Net itself; any other name gets the z-score.
    """
    channels = dataset.get("channel_names", dataset.get("modality"))
    names = list(map(str, channels.values())) if isinstance(channels, dict) else []
    if len(names) != 1 or OTHER_IMAGES.search(names[0]):
        raise UnusableModel(f"The model does not take one CT alone: its {DATASET} names the channels {channels}.")
    schemes = _normalisations(plans)
    if "CTNormalization" not in schemes and not CT_NAMES.search(names[0]):
        raise UnusableModel(
            f"Nothing says that the model takes a CT: its channel is named '{names[0]:.40}' and normalised by "
            f"{', '.join(sorted(map(str, schemes)))}. If it is a CT, call the channel CT in {DATASET}."
        )


def reader_of(plans: Mapping[str, Any]) -> str:
    """The class that read the training images, as nnU-Net's plans name it ("" in plans without)."""
    reader = plans.get("image_reader_writer", "")
    if reader and not _is_one_of(reader, frozenset(READERS)):
        raise UnusableModel(
            f"{PLANS} names the reader {reader!r:.80}; known are {', '.join(READERS)}: others read no CTs."
        )
    return reader


def cascade_of(configuration: str, plans: Mapping[str, Any]) -> str:
    """The stage that a configuration builds on, "" where it is no second stage of a cascade."""
    seen: set[str] = set()
    while configuration in plans["configurations"] and configuration not in seen:
        seen.add(configuration)
        data = plans["configurations"][configuration]
        if "previous_stage" in data:
            return str(data["previous_stage"] or "")
        configuration = data.get("inherits_from", "")
    return ""


def check_plans(plans: Mapping[str, Any]) -> tuple[str, ...]:
    configurations = plans.get("configurations")
    if not isinstance(configurations, dict) or not all(isinstance(c, dict) for c in configurations.values()):
        raise UnusableModel(f"{PLANS} has no configurations; it is not of nnU-Net v2.")
    if plans.get("label_manager", "LabelManager") != "LabelManager":
        raise UnusableModel(f"{PLANS} names the label manager {plans['label_manager']!r}, which nnU-Net does not have.")
    for key in ("transpose_forward", "transpose_backward"):
        axes = plans.get(key)
        if not isinstance(axes, list) or len(axes) != 3 or not all(axis in axes for axis in range(3)):
            raise UnusableModel(f"'{key}' in {PLANS} is {plans.get(key)!r}; an order of the axes 0, 1, 2 is needed.")
    if any(plans["transpose_backward"][int(axis)] != n for n, axis in enumerate(plans["transpose_forward"])):
        raise UnusableModel(f"'transpose_backward' in {PLANS} does not undo 'transpose_forward'.")
    for name, configuration in configurations.items():
        _check_configuration(name, configuration, configurations)
    _check_intensities(plans)
    return tuple(configurations)


def _check_intensities(plans: Mapping[str, Any]) -> None:
    """CTNormalization divides by these numbers: one that is none makes every voxel NaN and the segmentation empty."""
    if "CTNormalization" not in _normalisations(plans):
        return
    channels = plans.get("foreground_intensity_properties_per_channel")
    numbers = channels.get("0") if isinstance(channels, dict) else None
    values = [numbers.get(key) if isinstance(numbers, dict) else None for key in INTENSITIES]
    if not all(type(value) in (int, float) and abs(value) < LARGEST_HU for value in values):
        raise UnusableModel(
            f"The intensities of the training images in {PLANS} are no numbers in HU "
            f"({', '.join(f'{key} {value!r:.20}' for key, value in zip(INTENSITIES, values, strict=True))})."
        )
    _, sd, low, high = values
    if sd <= 0 or low >= high:
        raise UnusableModel(f"The intensities of the training images in {PLANS} have no spread (std {sd:g}).")


def _normalisations(plans: Mapping[str, Any]) -> set[Any]:
    return {
        scheme
        for configuration in plans["configurations"].values()
        for scheme in _listed(configuration.get("normalization_schemes"))
        if scheme is not None
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _check_configuration(name: str, configuration: Mapping[str, Any], all_of_them: Mapping[str, Any]) -> None:
    parent = configuration.get("inherits_from")
    if parent is not None and not (isinstance(parent, str) and parent in all_of_them):
        raise UnusableModel(f"Configuration '{name}' in {PLANS} inherits from '{parent}', which is not there.")
    for key, allowed in CHOICES.items():
        value = configuration.get(key)
        for used in value if isinstance(value, list) else [value]:
            if used is not None and not _is_one_of(used, allowed):
                raise UnusableModel(f"'{key}' in {PLANS} is {used!r:.80}; known are {', '.join(sorted(allowed))}.")
    for key in ("patch_size", "spacing"):
        value = configuration.get(key)
        if (value is not None or parent is None) and not _positive(value):
            raise UnusableModel(
                f"'{key}' of configuration '{name}' in {PLANS} is {value!r}; positive numbers are needed."
            )
    architecture = configuration.get("architecture")
    if architecture is not None:
        _check_architecture(architecture)
    elif parent is None and configuration.get("UNet_class_name") not in ("PlainConvUNet", "ResidualEncoderUNet"):
        raise UnusableModel(f"Configuration '{name}' in {PLANS} has no architecture.")


def _is_one_of(value: Any, allowed: frozenset[str]) -> bool:
    return isinstance(value, str) and value in allowed


def _positive(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (2, 3)
        and all(isinstance(v, (int, float)) and 0 < v < math.inf for v in value)
    )


def _check_architecture(architecture: Any) -> None:
    network = architecture.get("network_class_name") if isinstance(architecture, dict) else None
    if not _is_one_of(network, NETWORKS):
        raise UnusableModel(
            f"The network class {network!r:.80} in {PLANS} is not one of nnU-Net's; nothing was imported."
        )
    arguments, imports = architecture.get("arch_kwargs"), architecture.get("_kw_requires_import", [])
    if not isinstance(arguments, dict) or not isinstance(imports, list) or not all(isinstance(k, str) for k in imports):
        raise UnusableModel(f"The architecture in {PLANS} has no arguments (arch_kwargs).")
    for key in imports:
        value = arguments.get(key)
        if value is not None and not _is_one_of(value, LAYERS):
            raise UnusableModel(f"The architecture in {PLANS} wants to import {value!r:.80}; nothing was imported.")
