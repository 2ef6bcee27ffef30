"""nnU-Net v2 models whose labels are known exactly: a network with weights set by hand that tells voxels by their HU.

Each label is a window of HU.  The network is nnU-Net's own U-Net of two stages with kernels of one voxel: its first
convolution gives relu(low - HU) and relu(HU - high) of each window, the rest passes them on, and the last layer takes
both from a small number.  With the CT's own spacing nothing is resampled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from abdomen import image_of, small_arrays

ORGANS = (
    "spleen kidney_right kidney_left gallbladder liver stomach pancreas adrenal_gland_right adrenal_gland_left "
    "lung_upper_lobe_left lung_lower_lobe_left lung_upper_lobe_right lung_middle_lobe_right lung_lower_lobe_right "
    "esophagus trachea thyroid_gland small_bowel duodenum colon urinary_bladder prostate kidney_cyst_left "
    "kidney_cyst_right"
).split()
"""The 24 labels of TotalSegmentator's first part, from 1: 5 is the liver."""

LIVER_FOLDER = "Dataset291_TotalSegmentator_part1_organs_1559subj/nnUNetTrainerNoMirroring__nnUNetPlans__3d_fullres"
LESIONS_FOLDER = "Dataset591_ct_liver_lesions_842subj/nnUNetTrainer__nnUNetPlans__3d_fullres_high"

LIVER_HU, TUMOUR_HU = (88, 125), (60, 80)
"""What the liver's and the lesions' network take for it, both ends belong to it."""

SCALE_HU, HALF_HU = 100.0, 0.005
PATCH_ZYX = (16, 128, 144)


def liver(folder: Path, spacing: Sequence[float], reader: str = "NibabelIOWithReorient") -> Path:
    """A model of 24 organs; `spacing` is of the CT, along (x, y, z)."""
    labels = {name: number for number, name in enumerate(ORGANS, start=1)}
    return write(folder / LIVER_FOLDER, labels, {5: LIVER_HU}, spacing, "3d_fullres", reader)


def lesions(folder: Path, spacing: Sequence[float], reader: str = "NibabelIOWithReorient") -> Path:
    return write(folder / LESIONS_FOLDER, {"liver_lesions": 1}, {1: TUMOUR_HU}, spacing, "3d_fullres_high", reader)


def write(
    folder: Path,
    labels: Mapping[str, int],
    windows: Mapping[int, tuple[int, int]],
    spacing: Sequence[float],
    configuration: str,
    reader: str,
) -> Path:
    """Write plans.json, dataset.json and the weights; labels without a window are never drawn."""
    features = 2 * len(windows)
    (folder / "fold_0").mkdir(parents=True)
    plans = plans_of(folder.parent.name, configuration, spacing, features, reader)
    described = {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, **labels},
        "numTraining": 0,
        "file_ending": ".nii.gz",
    }
    (folder / "plans.json").write_text(json.dumps(plans), encoding="utf-8")
    (folder / "dataset.json").write_text(json.dumps(described), encoding="utf-8")
    _write_weights(folder, plans["configurations"][configuration]["architecture"], windows, len(labels) + 1)
    return folder


def plans_of(dataset: str, configuration: str, spacing: Sequence[float], features: int, reader: str) -> dict:
    interpolation = {"order": 1, "order_z": 0, "force_separate_z": None}
    return {
        "dataset_name": dataset,
        "plans_name": "nnUNetPlans",
        "image_reader_writer": reader,
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {
            "0": {"mean": 0.0, "std": SCALE_HU, "percentile_00_5": -1000.0, "percentile_99_5": 1000.0}
        },
        "configurations": {
            configuration: {
                "data_identifier": f"nnUNetPlans_{configuration}",
                "preprocessor_name": "DefaultPreprocessor",
                "batch_size": 2,
                "patch_size": list(PATCH_ZYX),
                "spacing": [float(step) for step in reversed(spacing)],
                "normalization_schemes": ["CTNormalization"],
                "use_mask_for_norm": [False],
                "resampling_fn_data": "resample_data_or_seg_to_shape",
                "resampling_fn_data_kwargs": {"is_seg": False, **interpolation, "order": 3},
                "resampling_fn_seg": "resample_data_or_seg_to_shape",
                "resampling_fn_seg_kwargs": {"is_seg": True, **interpolation},
                "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
                "resampling_fn_probabilities_kwargs": {"is_seg": False, **interpolation},
                "architecture": {
                    "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
                    "arch_kwargs": {
                        "n_stages": 2,
                        "features_per_stage": [features, 1],
                        "conv_op": "torch.nn.modules.conv.Conv3d",
                        "kernel_sizes": [[1, 1, 1], [1, 1, 1]],
                        "strides": [[1, 1, 1], [2, 2, 2]],
                        "n_conv_per_stage": [1, 1],
                        "n_conv_per_stage_decoder": [1],
                        "conv_bias": True,
                        "norm_op": None,
                        "norm_op_kwargs": None,
                        "dropout_op": None,
                        "dropout_op_kwargs": None,
                        "nonlin": "torch.nn.ReLU",
                        "nonlin_kwargs": {"inplace": True},
                    },
                    "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
                },
            }
        },
    }


def _write_weights(folder: Path, architecture: Mapping, windows: Mapping[int, tuple[int, int]], heads: int) -> None:
    import torch
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

    network = get_network_from_plans(
        architecture["network_class_name"],
        architecture["arch_kwargs"],
        architecture["_kw_requires_import"],
        1,
        heads,
        allow_init=False,
        deep_supervision=False,
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        first, last = network.encoder.stages[0][0].convs[0].conv, network.decoder.seg_layers[0]
        through = network.decoder.stages[0].convs[0].conv
        last.bias[1:] = -10.0
        for n, (label, (low, high)) in enumerate(windows.items()):
            first.weight[2 * n], first.bias[2 * n] = -1.0, low / SCALE_HU
            first.weight[2 * n + 1], first.bias[2 * n + 1] = 1.0, -high / SCALE_HU
            last.weight[label, 2 * n : 2 * n + 2], last.bias[label] = -1.0, HALF_HU
        for n in range(2 * len(windows)):
            through.weight[n, 2 * len(windows) + n] = 1.0  # what comes from below is before what is passed on
    checkpoint = {
        "network_weights": network.state_dict(),
        "trainer_name": folder.name.split("__")[0],
        "init_args": {"configuration": folder.name.split("__")[-1]},
        "inference_allowed_mirroring_axes": None,
    }
    torch.save(checkpoint, folder / "fold_0" / "checkpoint_final.pth")


def within(ct: sitk.Image, window: tuple[int, int]) -> np.ndarray:
    """What a network of one window draws, (z, y, x)."""
    hu = sitk.GetArrayViewFromImage(ct)
    return (hu >= window[0]) & (hu <= window[1])


SPACING = (0.8, 0.8, 5.0)
IN_BOX, FAR = (slice(6, 9), slice(50, 55), slice(83, 87)), (slice(6, 9), slice(50, 55), slice(110, 116))
REACHES_OUT = (slice(6, 9), slice(45, 50), slice(70, 82))


def quiet_ct() -> sitk.Image:
    """The small abdomen without noise, with three more lesions of 70 HU."""
    hu, labels = small_arrays()
    kinds = np.array([-1000, -100, 45, 150, 500])
    hu = kinds[np.abs(hu[..., None] - kinds).argmin(-1)]
    hu[labels == 1], hu[labels == 2] = 105, 70
    for place in (IN_BOX, FAR, REACHES_OUT):
        hu[place] = 70
    return image_of(hu.astype(np.int16), SPACING)


def box_of(mask: np.ndarray, margin_mm: float = 20.0) -> tuple[list[int], list[int]]:
    """First voxel (x, y, z) of the box around a mask, and the one after its last."""
    used = np.argwhere(mask)[:, ::-1]
    more = (margin_mm / np.array(SPACING) + 1e-6).astype(int)
    start, stop = np.maximum(used.min(0) - more, 0), np.minimum(used.max(0) + 1 + more, mask.shape[::-1])
    return start.tolist(), stop.tolist()


def expected(ct: sitk.Image, margin_mm: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels that the chain must draw, and the tumour that it must leave out, by scipy."""
    from scipy import ndimage

    pieces, _ = ndimage.label(within(ct, LIVER_HU))
    liver = pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])
    near = np.zeros(liver.shape, bool)
    start, stop = box_of(liver, margin_mm)
    near[tuple(slice(low, high) for low, high in zip(start[::-1], stop[::-1], strict=True))] = True
    pieces, _ = ndimage.label(within(ct, TUMOUR_HU) & near, np.ones((3, 3, 3)))
    touching = set(pieces[ndimage.binary_dilation(liver, np.ones((3, 3, 3)))]) - {0}
    kept = np.isin(pieces, list(touching))
    return np.where(kept, 2, liver).astype(np.uint8), (pieces > 0) & ~kept
