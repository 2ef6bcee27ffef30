"""A model folder is untrusted input: read and checked here before anything of it is executed.

nnU-Net v2 imports classes and functions that ``plans.json`` names, and unpickles ``checkpoint_final.pth``.  So names
are compared with short lists of what nnU-Net itself writes, and the checkpoint's pickle is read opcode by opcode
(`pickletools` executes nothing).  Nothing here needs torch.
"""

from __future__ import annotations

import hashlib
import math
import pickletools
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from .. import json_text
from ..errors import UnusableModel
from ..hashes import file_sha256

PLANS, DATASET, CHECKPOINT = "plans.json", "dataset.json", "checkpoint_final.pth"

JSON_BYTES = 20 << 20
"""A plans.json has some 20 kB."""

ARCHIVE_BYTES, ARCHIVE_FILES = 8 << 30, 5000
"""Five folds of the largest preset have some 2 GB."""

PICKLE_BYTES = 64 << 20
"""The pickle in a checkpoint names its tensors and holds the training's curves: some 100 kB."""

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

PICKLED = frozenset(
    {
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        *(
            f"torch {kind}Storage"
            for kind in ("Half", "BFloat16", "Float", "Double", "Long", "Int", "Short", "Byte", "Bool")
        ),
        "torch device",
        "torch Size",
        *(f"{module}.multiarray scalar" for module in ("numpy.core", "numpy._core")),
        "numpy dtype",
        "numpy.dtypes Float32DType",
        "numpy.dtypes Float64DType",
        "_codecs encode",
    }
)
"""Everything that a checkpoint of nnU-Net v2 names; each is data."""


INTENSITIES = ("mean", "std", "percentile_00_5", "percentile_99_5")
"""What CTNormalization takes from ``foreground_intensity_properties_per_channel``."""

LARGEST_HU = 1e6


@dataclass(frozen=True)
class Facts:
    """What a checked folder says about itself; `named_labels` are without background.

    `plans` and `description` are plans.json and dataset.json as they were checked: what is used must be these, since
    the files may change.
    """

    dataset: str
    plans: Mapping[str, Any]
    description: Mapping[str, Any]
    named_labels: Mapping[str, tuple[int, ...]]
    configurations: tuple[str, ...]
    checkpoints: tuple[Path, ...]

    @property
    def labels(self) -> set[int]:
        return {label for labels in self.named_labels.values() for label in labels}


def locate(folder: Path) -> Path:
    """The folder that holds plans.json: this one, or the only one below it (nnU-Net exports nest two levels)."""
    folder = Path(folder)
    found = [folder] if (folder / PLANS).exists() or (folder / DATASET).exists() else []
    found = found or sorted({path.parent for depth in ("*", "*/*") for path in folder.glob(f"{depth}/{PLANS}")})
    if not found:
        raise UnusableModel(
            f"'{folder.name}' is no nnU-Net v2 model: it has no {PLANS}. The folder that nnU-Net trained into "
            f"({PLANS}, {DATASET}, fold_0/{CHECKPOINT}) is needed."
        )
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found)
        raise UnusableModel(f"'{folder.name}' holds several models ({names}). Name the folder of one.")
    return found[0]


def check(folder: Path) -> Facts:
    """Read and check a model folder; nothing of it is executed.

    Raises
    ------
    UnusableModel
        With the first thing that is wrong.
    """
    folder = Path(folder)
    _no_links(folder)
    dataset = _required_json(folder, DATASET)
    plans = _required_json(folder, PLANS)
    named = _check_dataset(dataset)
    configurations = _check_plans(plans)
    checkpoints = tuple(checkpoint_files(folder))
    if not checkpoints:
        raise UnusableModel(f"The model '{folder.name}' has no weights: there is no fold_0/{CHECKPOINT}.")
    for checkpoint in checkpoints:
        check_pickle(checkpoint)
    name = plans.get("dataset_name")
    name = name if isinstance(name, str) else folder.name
    return Facts(name, plans, dataset, named, configurations, checkpoints)


def checksum(folder: Path) -> str:
    """SHA-256 over the names and contents of the files that inference reads."""
    digest = hashlib.sha256()
    for path in files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()} {file_sha256(path)}\n".encode())
    return digest.hexdigest()


def weights(folder: Path, largest: float = math.inf) -> tuple[str, ...]:
    """SHA-256 of the weights of each fold: of its tensors' data, however the checkpoint was packed or saved again.

    Checkpoints of more than `largest` bytes are left out.
    """
    found = ((path, path.stat()) for path in checkpoint_files(folder))
    return tuple(_tensors_sha256(path, stat.st_mtime_ns) for path, stat in found if stat.st_size <= largest)


@lru_cache(maxsize=256)
def _tensors_sha256(checkpoint: Path, _changed: int) -> str:
    digests = []
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            for member in archive.infolist():
                if PurePosixPath(member.filename).parent.name == "data":
                    with archive.open(member) as data:
                        digests.append(hashlib.file_digest(data, "sha256").hexdigest())
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise UnusableModel(f"The weights {checkpoint.parent.name}/{checkpoint.name} are damaged ({error}).") from error
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def files(folder: Path) -> list[Path]:
    """The files that inference reads."""
    return [folder / DATASET, *checkpoint_files(folder), folder / PLANS]


def checkpoint_files(folder: Path) -> list[Path]:
    """The weights' files, one for each fold."""
    return sorted(path for path in Path(folder).glob(f"fold_*/{CHECKPOINT}") if path.is_file())


def copy(source: Path, target: Path) -> None:
    """Copy what inference reads, once it has been checked."""
    source = locate(source)
    check(source)
    for path in files(source):
        destination = target / path.relative_to(source)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, destination)


def unpack(archive: Path, target: Path) -> None:
    """Unpack what inference reads from a zip archive; no path leaves `target`."""
    try:
        if not archive.is_file():
            raise zipfile.BadZipFile("it is no plain file")
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            _check_members(archive.name, members)
            wanted = {DATASET, PLANS, CHECKPOINT}
            for member in members:
                path = PurePosixPath(member.filename)
                if path.name in wanted and not member.is_dir():
                    destination = inside(target, member.filename)
                    destination.parent.mkdir(parents=True, exist_ok=True)
                    with opened.open(member) as data, open(destination, "wb") as out:
                        shutil.copyfileobj(data, out)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise UnusableModel(
            f"'{archive.name}' is no zip archive that can be read, or it is damaged ({error})."
        ) from error
    target.mkdir(parents=True, exist_ok=True)
    locate(target)


def inside(base: Path, name: str) -> Path:
    """``base / name``; raises `UnusableModel` if that lies outside `base`."""
    path = (Path(base) / name).resolve()
    if Path(base).resolve() not in (path, *path.parents):
        raise UnusableModel(f"The path '{name}' leads out of the model's folder.")
    return Path(base) / name


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


def check_pickle(checkpoint: Path) -> None:
    """Refuse weights that are damaged or whose pickle names anything but data (`PICKLED`)."""
    shown = f"{checkpoint.parent.name}/{checkpoint.name}"
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            pickles = [member for member in archive.infolist() if member.filename.endswith(".pkl")]
            if len(pickles) != 1 or not pickles[0].filename.endswith("data.pkl") or not _as_torch_saves(pickles[0]):
                raise UnusableModel(f"The weights {shown} are not as PyTorch 1.6 or newer writes them.")
            named = sorted(set(_globals(archive.read(pickles[0]))) - PICKLED)
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, IndexError, RuntimeError) as error:
        raise UnusableModel(f"The weights {shown} are damaged or cut off ({error}). Get the model again.") from error
    if named:
        raise UnusableModel(
            f"The weights {shown} want to run code ({', '.join(name.replace(' ', '.') for name in named[:4])}). "
            "Nothing was executed. Do not use this model."
        )


def _as_torch_saves(member: zipfile.ZipInfo) -> bool:
    return member.compress_type == zipfile.ZIP_STORED and member.file_size <= PICKLE_BYTES


def _globals(pickled: bytes) -> Iterator[str]:
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name in ("GLOBAL", "INST"):
            yield argument
        elif opcode.name in ("STACK_GLOBAL", "EXT1", "EXT2", "EXT4"):
            yield opcode.name  # what it names is only known by executing; torch does not write it


def _no_links(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            raise UnusableModel(f"The model '{folder.name}' has a symbolic link ({path.name}); copy the file itself.")


def _required_json(folder: Path, name: str) -> dict[str, Any]:
    if not (folder / name).is_file():
        raise UnusableModel(f"The model '{folder.name}' has no {name}.")
    return read_json(folder / name)


def _check_dataset(dataset: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    channels = dataset.get("channel_names", dataset.get("modality"))
    if not isinstance(channels, dict) or len(channels) != 1 or str(next(iter(channels.values()))).upper() != "CT":
        raise UnusableModel(f"The model does not take one CT alone: its {DATASET} names the channels {channels}.")
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


def _check_plans(plans: Mapping[str, Any]) -> tuple[str, ...]:
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
    used = {
        scheme
        for configuration in plans["configurations"].values()
        for scheme in _listed(configuration.get("normalization_schemes"))
    }
    if "CTNormalization" not in used:
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


def _check_members(name: str, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > ARCHIVE_FILES or sum(member.file_size for member in members) > ARCHIVE_BYTES:
        raise UnusableModel(f"'{name}' would unpack to more than a model has; it was not unpacked.")
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", member.filename):
            raise UnusableModel(f"'{name}' wants to write outside its folder ({member.filename}); it was not unpacked.")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnusableModel(
                f"'{name}' is compressed in an unusual way ({member.filename}); pack it as a plain zip."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UnusableModel(f"'{name}' holds a symbolic link ({member.filename}); it was not unpacked.")
