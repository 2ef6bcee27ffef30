"""Model folders with random weights, laid out as nnU-Net's trainer leaves them: of every kind, and of full size.

    python Testing/random_models.py full FOLDER

`TINY` draws a phantom in a second; `FULL` is nnU-Net's 3d_fullres as planned for a large GPU (31 million parameters,
25 labels, 1.5 mm): its labels mean nothing, its time and memory are those of a trained one.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

UNET = "dynamic_network_architectures.architectures.unet."

TORCH_ARGUMENTS = {"is_seg": False, "force_separate_z": False, "memefficient_seg_resampling": False}


@dataclass(frozen=True)
class Kind:
    """What a model is planned as.

    Attributes
    ----------
    labels : mapping
        As in dataset.json.
    regions_class_order : list of int, optional
    spacing, patch : tuple
        Axes as nnU-Net's, mm and voxels.
    features : tuple of int
        Of each stage; the first keeps the size of the patch.
    strides : tuple
        Of each stage.
    splines : bool
        Whether scikit-image resamples, as nnU-Net's planner has it, or torch.
    folds : tuple of str
    mirror_axes : tuple of int, optional
    """

    labels: dict[str, Any] = field(default_factory=lambda: {"background": 0, "liver": 1, "tumour": 2})
    regions_class_order: list[int] | None = None
    spacing: tuple[float, ...] = (3.0, 3.0, 3.0)
    patch: tuple[int, ...] = (16, 32, 32)
    features: tuple[int, ...] = (4, 8, 8)
    strides: tuple[tuple[int, ...], ...] = ((1, 1, 1), (2, 2, 2), (2, 2, 2))
    residual: bool = False
    splines: bool = False
    transposed: tuple[int, int, int] = (0, 1, 2)
    normalization: str = "CTNormalization"
    masked: bool = False
    folds: tuple[str, ...] = ("0",)
    mirror_axes: tuple[int, ...] | None = None
    configuration: str = "3d_fullres"
    convolutions: int = 1
    seed: int = 0


TINY = Kind()
FULL = Kind(
    labels={"background": 0, **{f"organ_{n}": n for n in range(1, 25)}},
    spacing=(1.5, 1.5, 1.5),
    patch=(128, 128, 128),
    features=(32, 64, 128, 256, 320, 320),
    strides=((1, 1, 1), *((2, 2, 2),) * 5),
    splines=True,
    convolutions=2,
)


def write_model(folder: Path, kind: Kind = TINY) -> Path:
    """The folder, filled with plans.json, dataset.json and a checkpoint for each fold."""
    import torch
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

    folder.mkdir(parents=True, exist_ok=True)
    plans = plans_of(kind)
    dataset: dict[str, Any] = {"channel_names": {"0": "CT"}, "labels": kind.labels, "file_ending": ".nii.gz"}
    if kind.regions_class_order:
        dataset["regions_class_order"] = kind.regions_class_order
    (folder / "plans.json").write_text(json.dumps(plans))
    (folder / "dataset.json").write_text(json.dumps({**dataset, "numTraining": 1}))
    architecture = plans["configurations"][kind.configuration]["architecture"]
    heads = len([name for name in kind.labels if name != "ignore"]) - bool(kind.regions_class_order)
    for number, fold in enumerate(kind.folds):
        torch.manual_seed(kind.seed + number)
        network = get_network_from_plans(
            architecture["network_class_name"],
            architecture["arch_kwargs"],
            architecture["_kw_requires_import"],
            1,
            heads,
            deep_supervision=False,
        )
        with torch.no_grad():  # outputs that differ from place to place and from label to label
            for name, value in network.named_parameters():
                if "seg_layers" in name:
                    value.copy_(torch.randn_like(value) * (1.0 if value.ndim > 1 else 0.1))
        target = folder / f"fold_{fold}"
        target.mkdir(exist_ok=True)
        torch.save(
            {
                "network_weights": network.state_dict(),
                "init_args": {"configuration": kind.configuration},
                "trainer_name": "nnUNetTrainer",
                "inference_allowed_mirroring_axes": kind.mirror_axes,
            },
            target / "checkpoint_final.pth",
        )
    return folder


def plans_of(kind: Kind) -> dict[str, Any]:
    """plans.json, as far as inference reads it."""
    stages, dimension = len(kind.features), len(kind.patch)
    layer = f"torch.nn.modules.{{}}{dimension}d"
    blocks = "n_blocks_per_stage" if kind.residual else "n_conv_per_stage"
    arguments = {
        "n_stages": stages,
        "features_per_stage": list(kind.features),
        "conv_op": layer.format("conv.Conv"),
        "kernel_sizes": [[3] * dimension] * stages,
        "strides": [list(stride) for stride in kind.strides],
        blocks: [kind.convolutions] * stages,
        "n_conv_per_stage_decoder": [kind.convolutions] * (stages - 1),
        "conv_bias": True,
        "norm_op": layer.format("instancenorm.InstanceNorm"),
        "norm_op_kwargs": {"eps": 1e-05, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    }
    splines = {"is_seg": False, "order_z": 0, "force_separate_z": None}
    resampling = "resample_data_or_seg_to_shape" if kind.splines else "resample_torch_fornnunet"
    configuration = {
        "data_identifier": f"nnUNetPlans_{kind.configuration}",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": list(kind.patch),
        "median_image_size_in_voxels": [64.0] * dimension,
        "spacing": list(kind.spacing),
        "normalization_schemes": [kind.normalization],
        "use_mask_for_norm": [kind.masked],
        "resampling_fn_data": resampling,
        "resampling_fn_data_kwargs": {**splines, "order": 3} if kind.splines else TORCH_ARGUMENTS,
        "resampling_fn_seg": "resample_data_or_seg_to_shape",
        "resampling_fn_seg_kwargs": {**splines, "is_seg": True, "order": 1},
        "resampling_fn_probabilities": resampling,
        "resampling_fn_probabilities_kwargs": {**splines, "order": 1} if kind.splines else TORCH_ARGUMENTS,
        "architecture": {
            "network_class_name": UNET + ("ResidualEncoderUNet" if kind.residual else "PlainConvUNet"),
            "arch_kwargs": arguments,
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        },
        "batch_dice": False,
    }
    return {
        "dataset_name": "Dataset999_Random",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": list(kind.spacing),
        "original_median_shape_after_transp": [64, 64, 64],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": list(kind.transposed),
        "transpose_backward": [kind.transposed.index(axis) for axis in range(3)],
        "configurations": {kind.configuration: configuration},
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {
            "0": {
                "max": 256.0,
                "mean": 102.6,
                "median": 105.0,
                "min": -460.0,
                "percentile_00_5": -100.0,
                "percentile_99_5": 250.0,
                "std": 60.0,
            }
        },
    }


def phantom(size_xyz: tuple[int, int, int], spacing: tuple[float, float, float], seed: int = 5) -> sitk.Image:
    """Smooth blobs between -200 and 300 HU, some 25 mm wide, and a rim of 0, which nnU-Net cuts away."""
    from scipy.ndimage import zoom

    size = size_xyz[::-1]
    coarse = [int(voxels * mm / 12) + 4 for voxels, mm in zip(size, spacing[::-1], strict=True)]
    values = np.random.default_rng(seed).normal(60, 160, coarse).astype(np.float32)
    values = zoom(values, [wanted / there for wanted, there in zip(size, coarse, strict=True)], order=3)
    values = np.clip(values, -200, 300).astype(np.int16)
    image = sitk.GetImageFromArray(np.pad(values, ((0, 1), (0, 2), (3, 0))))
    image.SetSpacing(spacing)
    return image


def stock_predictor(folder: Path, device: str = "cpu", mirroring: bool = True, folds: tuple[str, ...] = ()) -> Any:
    """nnU-Net's own predictor for a model folder."""
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(use_mirroring=mirroring, device=torch.device(device), allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(str(folder), folds or None)
    return predictor


def stock_labels(folder: Path, ct: sitk.Image, **options: Any) -> np.ndarray:
    """What nnU-Net's own predictor draws: shape (z, y, x)."""
    array = sitk.GetArrayFromImage(ct)[None].astype(np.float32)
    return stock_predictor(folder, **options).predict_single_npy_array(array, {"spacing": list(ct.GetSpacing())[::-1]})


if __name__ == "__main__":
    print(write_model(Path(sys.argv[2]), {"full": FULL, "tiny": replace(TINY, folds=("0", "1"))}[sys.argv[1]]))
