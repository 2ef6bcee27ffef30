"""Pack a trained model: what inference needs and nothing else, in nnU-Net's own folders.

Stock nnU-Net and SlicerNNUnet run the unpacked zip as it is; `segmentation.model_package` reads it here.  A checkpoint
and its plans tell more than inference needs (host, paths, cases, curves of the training): only what is listed here is
copied.  The same input gives the same bytes.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UnusableModel
from ..folders import staging
from ..outputs import output_file
from ..segmentation import model_folder, model_package
from ..segmentation.model import Model
from ..segmentation.model_files import CARD, CHECKPOINT, DATASET, ENTRY, MANIFEST, PLANS
from ..segmentation.weights import load_checkpoint
from .card import Card

TRAINER = "nnUNetTrainer"
"""Written into every checkpoint: without torchvision stock nnU-Net finds this trainer alone, and inference takes the
network from the plans, whichever trainer made it (`_check_network`)."""

DATASET_NAME = r"Dataset\d{3}_[A-Za-z0-9_-]{1,40}"

DATASET_KEYS = ("channel_names", "labels", "regions_class_order", "numTraining", "file_ending")
PLANS_KEYS = (
    "dataset_name",
    "plans_name",
    "original_median_spacing_after_transp",
    "original_median_shape_after_transp",
    "image_reader_writer",
    "transpose_forward",
    "transpose_backward",
    "experiment_planner_used",
    "label_manager",
    "foreground_intensity_properties_per_channel",
)
CONFIGURATION_KEYS = (
    "data_identifier",
    "preprocessor_name",
    "batch_size",
    "patch_size",
    "median_image_size_in_voxels",
    "spacing",
    "normalization_schemes",
    "use_mask_for_norm",
    *(f"resampling_fn_{what}{more}" for what in ("data", "seg", "probabilities") for more in ("", "_kwargs")),
    "architecture",
    "batch_dice",
)
"""What nnU-Net 2 reads of each (`PlansManager`, `ConfigurationManager`)."""


def write(source: Path, target: Path, entry: Mapping[str, Any], card: Card, *, half: bool = False) -> Path:
    """Pack what nnU-Net trained as a zip that `ptlf models add`, SlicerNNUnet and stock nnU-Net take.

    Parameters
    ----------
    source : Path
        nnU-Net's ``DatasetNNN_NAME/TRAINER__PLANS__CONFIGURATION``; all its folds are packed.
    target : Path
        The zip; replaced in one step.
    entry : mapping
        Fields of `Model` without folder and sha256: id, title, version, licence, citation, label_roles, for_patients,
        warning, orientation, largest_organ_only, intended_input, and measured: ``cpu_s`` (wall seconds on a CPU),
        ``processor_s`` (of all its processes), ``gpu_s``, ``of`` (what was measured, on what).
    card : Card
    half : bool
        Weights in float16: half the size.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    UnusableModel
        When the model is none that inference can run alone, or the entry does not fit it.
    BadInput
        When the zip cannot be written.
    """
    with output_file(target) as part, staging(part.parent) as root:
        folder = lay_out(source, root, half=half)
        said = {**entry, "folder": folder.relative_to(root).as_posix(), "sha256": model_folder.checksum(folder)}
        model_package.write_json(root / ENTRY, said)
        model = Model.from_dict(model_package.read_json(root / ENTRY), root)
        model_folder.verified(folder, model.id, model.label_roles, model.sha256)
        (root / CARD).write_text(card.text(model), encoding="utf-8", newline="\n")
        model_package.write_json(root / MANIFEST, model_package.manifest(root))
        _zip(root, part)
    return target


def lay_out(source: Path, target: Path, *, half: bool = False) -> Path:
    """Write what inference needs of a trained model into `target`, in nnU-Net's own folders.

    Parameters
    ----------
    source, half
        As for `write`.
    target : Path
        Like nnU-Net's ``results``; the model's folder in it is replaced.

    Returns
    -------
    Path
        ``target/DatasetNNN_NAME/nnUNetTrainer__PLANS__CONFIGURATION``.
    """
    facts = model_folder.check(source)
    for path in facts.checkpoints:
        if path.name != CHECKPOINT:
            raise UnusableModel(
                f"{path.parent.name} of '{source.name}' has no {CHECKPOINT}: its training has not ended."
            )
    checkpoints = {path.parent.name: load_checkpoint(path) for path in facts.checkpoints}
    configurations = {checkpoint["init_args"]["configuration"] for checkpoint in checkpoints.values()}
    if len(configurations) > 1:
        raise UnusableModel(f"The folds of '{source.name}' are of several configurations ({sorted(configurations)}).")
    configuration = configurations.pop()
    dataset = {key: facts.description[key] for key in DATASET_KEYS if key in facts.description}
    plans = _plans_of_one(facts.plans, configuration, _dataset_name(source, facts))
    for checkpoint in checkpoints.values():
        _check_network(plans, configuration, dataset, checkpoint["network_weights"])

    folder = target / plans["dataset_name"] / f"{TRAINER}__{plans['plans_name']}__{configuration}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model_package.write_json(folder / DATASET, dataset)
    model_package.write_json(folder / PLANS, plans)
    for name, checkpoint in checkpoints.items():
        fold = "fold_0" if name == "fold_all" else name  # alone here; SlicerNNUnet takes numbers only
        (folder / fold).mkdir()
        _save(checkpoint, configuration, folder / fold / CHECKPOINT, half=half)
    return folder


def _dataset_name(source: Path, facts: model_folder.Facts) -> str:
    for name in (source.resolve().parent.name, facts.dataset):
        if re.fullmatch(DATASET_NAME, name):
            return name
    raise UnusableModel(f"'{source.name}' lies in no folder such as Dataset501_Liver, as nnU-Net makes it.")


def _plans_of_one(plans: Mapping[str, Any], name: str, dataset: str) -> dict[str, Any]:
    """plans.json with this configuration alone, without what it inherits from."""
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    try:
        configuration = PlansManager(dict(plans)).get_configuration(name).configuration
    except (RuntimeError, ValueError, KeyError) as error:
        raise UnusableModel(f"plans.json has no configuration '{name}' that can be read: {error}") from error
    if configuration.get("previous_stage"):
        raise UnusableModel(f"'{name}' is the second stage of a cascade, which cannot be packed alone.")
    plans_name = str(plans.get("plans_name", "nnUNetPlans"))
    if "__" in plans_name or "__" in name or not re.fullmatch(r"[A-Za-z0-9_.-]+", plans_name + name):
        raise UnusableModel(f"The names '{plans_name}' and '{name}' make no folder TRAINER__PLANS__CONFIGURATION.")
    kept = {key: plans[key] for key in PLANS_KEYS if key in plans}
    one = {key: configuration[key] for key in CONFIGURATION_KEYS if key in configuration}
    return {**kept, "dataset_name": dataset, "plans_name": plans_name, "configurations": {name: one}}


def _check_network(plans: dict[str, Any], name: str, dataset: dict[str, Any], weights: Mapping[str, Any]) -> None:
    """The network that the plans describe takes the weights: a trainer with a network of its own is told here."""
    import torch
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    manager = PlansManager(plans)
    configuration = manager.get_configuration(name)
    with torch.device("meta"):
        network = get_network_from_plans(
            configuration.network_arch_class_name,
            configuration.network_arch_init_kwargs,
            configuration.network_arch_init_kwargs_req_import,
            1,
            manager.get_label_manager(dataset).num_segmentation_heads,
            allow_init=False,
            deep_supervision=False,
        )
    needed = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    if needed != {key: tuple(tensor.shape) for key, tensor in weights.items()}:
        raise UnusableModel(
            "The weights are not of the network that plans.json describes: its trainer builds a network of its own, "
            "which stock nnU-Net would not find."
        )


def _save(checkpoint: Mapping[str, Any], configuration: str, path: Path, *, half: bool) -> None:
    import torch

    saved: dict[tuple[Any, ...], Any] = {}  # the state dict names most tensors several times: keep them shared

    def once(tensor: torch.Tensor) -> torch.Tensor:
        key = (tensor.data_ptr(), tuple(tensor.shape), tensor.stride())
        if key not in saved:
            saved[key] = tensor.detach().clone(memory_format=torch.contiguous_format)
            if half and tensor.is_floating_point():
                saved[key] = saved[key].half()
        return saved[key]

    axes = checkpoint.get("inference_allowed_mirroring_axes")
    torch.save(
        {
            "network_weights": {name: once(tensor) for name, tensor in checkpoint["network_weights"].items()},
            "trainer_name": TRAINER,
            "init_args": {"configuration": configuration},
            "inference_allowed_mirroring_axes": tuple(axes) if axes else None,
        },
        path,
    )


def _zip(root: Path, target: Path) -> None:
    """Same files, same bytes: sorted, without dates, not compressed (another zlib makes other bytes; weights hardly
    shrink)."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            member = zipfile.ZipInfo(path.relative_to(root).as_posix())
            member.external_attr, member.create_system = 0o644 << 16, 3
            member.file_size = path.stat().st_size
            with open(path, "rb") as data, archive.open(member, "w") as out:
                shutil.copyfileobj(data, out)
