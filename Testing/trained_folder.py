"""A model folder as nnU-Net leaves it after a training, with random weights and all that must not be passed on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

PLANTED = ("KLINIKUM-GPU-07", "/home/radiology/cases", "Doe^Jane", "HCC-4711")
"""Host, path, patient and case."""

LOSS = 0.123456789
"""Of the training's curve."""

CONFIGURATION = "3d_tiny"
LABELS = {"background": 0, "liver": 1, "tumour": 2}

ARCHITECTURE = {
    "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
    "arch_kwargs": {
        "n_stages": 3,
        "features_per_stage": [4, 8, 8],
        "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": [[3, 3, 3]] * 3,
        "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]],
        "n_conv_per_stage": [1, 1, 1],
        "n_conv_per_stage_decoder": [1, 1],
        "conv_bias": True,
        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
        "norm_op_kwargs": {"eps": 1e-05, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    },
    "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
}

RESAMPLING = {"is_seg": False, "force_separate_z": False, "memefficient_seg_resampling": False}


def plans(**changes: Any) -> dict[str, Any]:
    """plans.json with a configuration that inherits, as nnU-Net and its users write it."""
    base = {
        "data_identifier": "nnUNetPlans_3d_fullres",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": [64, 64, 64],
        "median_image_size_in_voxels": [46.0, 160.0, 160.0],
        "spacing": [5.0, 2.5, 2.5],
        "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False],
        **{
            key: value
            for what in ("data", "seg", "probabilities")
            for key, value in (
                (f"resampling_fn_{what}", "resample_torch_fornnunet"),
                (f"resampling_fn_{what}_kwargs", {**RESAMPLING, "is_seg": what == "seg"}),
            )
        },
        "architecture": ARCHITECTURE,
        "batch_dice": True,
    }
    tiny = {"inherits_from": "3d_fullres", "patch_size": [32, 64, 64], "host": PLANTED[0]}
    intensities = {"mean": 60.0, "std": 40.0, "percentile_00_5": -100.0, "percentile_99_5": 250.0, "max": 400.0}
    return {
        "dataset_name": "Dataset555_Made",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": [5.0, 2.5, 2.5],
        "original_median_shape_after_transp": [46, 160, 160],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "configurations": {"3d_fullres": base, CONFIGURATION: tiny},
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": intensities},
        "made_on": PLANTED[0],
        **changes,
    }


def network(seed: int, plans_: dict[str, Any], heads: int) -> Any:
    import torch
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

    torch.manual_seed(seed)
    architecture = plans_["configurations"]["3d_fullres"]["architecture"]
    return get_network_from_plans(
        architecture["network_class_name"],
        architecture["arch_kwargs"],
        architecture["_kw_requires_import"],
        1,
        heads,
        allow_init=True,
        deep_supervision=True,
    )


def trained(folder: Path, *, folds: tuple[str, ...] = ("0",), seed: int = 1, **changes: Any) -> Path:
    """``folder/Dataset555_Made/SiteTrainer__nnUNetPlans__3d_tiny`` with weights of chance in each fold.

    Parameters
    ----------
    **changes
        Of plans.json.
    """
    import torch

    made = plans(**changes)
    dataset = {
        "channel_names": {"0": "CT"},
        "labels": LABELS,
        "numTraining": 25,
        "file_ending": ".nii.gz",
        "description": f"Cases of {PLANTED[2]}",
        "dataset": {PLANTED[3]: {"images": [f"{PLANTED[1]}/{PLANTED[3]}_0000.nii.gz"]}},
    }
    model = folder / "Dataset555_Made" / f"SiteTrainer__nnUNetPlans__{CONFIGURATION}"
    for number, fold in enumerate(folds):
        inside = model / f"fold_{fold}"
        (inside / "validation").mkdir(parents=True)
        weights = network(seed + number, made, len(LABELS))
        optimizer = torch.optim.SGD(weights.parameters(), 0.01)
        torch.save(
            {
                "network_weights": weights.state_dict(),
                "optimizer_state": optimizer.state_dict(),
                "grad_scaler_state": None,
                "logging": {"train_losses": [LOSS], "host": PLANTED[0]},
                "_best_ema": np.float32(0.5),
                "current_epoch": 1000,
                "init_args": {"plans": made, "configuration": CONFIGURATION, "fold": number, "dataset_json": dataset},
                "trainer_name": "SiteTrainer",
                "inference_allowed_mirroring_axes": (0, 1, 2),
                "output_folder": PLANTED[1],
            },
            inside / "checkpoint_final.pth",
        )
        (inside / "debug.json").write_text(json.dumps({"hostname": PLANTED[0], "output_folder": PLANTED[1]}))
        (inside / "validation" / "summary.json").write_text(json.dumps({"reference_file": PLANTED[1]}))
    (model / "plans.json").write_text(json.dumps(made))
    (model / "dataset.json").write_text(json.dumps(dataset))
    (model / "dataset_fingerprint.json").write_text(json.dumps({"of": PLANTED[1]}))
    return model
