"""Train both networks of a chain with nnU-Net's own trainer on sample cases, in TotalSegmentator's names and folders.

    python Testing/trained_chain.py DIR      two zips in DIR/zips; some minutes on two cores

Small on purpose (`PATCH`, `EPOCHS` x `ITERATIONS`, AdamW): they draw sample cases well enough to test a chain, and no
patient's CT.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk

import hand_set_models
from PTLFPredictorLib.sample import make_case
from PTLFPredictorLib.sample.cases import SampleCase

SEEDS = tuple(range(3000, 3006))
SPACING = (3.125, 3.125, 5.0)
PATCH, EPOCHS, ITERATIONS = [16, 64, 64], 8, 25
MARGIN_MM = 20.0
ARCHITECTURE = {
    "n_stages": 4,
    "features_per_stage": [8, 16, 32, 64],
    "conv_op": "torch.nn.modules.conv.Conv3d",
    "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]],
    "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2]],
    "n_conv_per_stage": [1, 2, 2, 2],
    "n_conv_per_stage_decoder": [1, 1, 1],
    "conv_bias": True,
    "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
    "norm_op_kwargs": {"eps": 1e-05, "affine": True},
    "dropout_op": None,
    "dropout_op_kwargs": None,
    "nonlin": "torch.nn.LeakyReLU",
    "nonlin_kwargs": {"inplace": True},
}


def zips(folder: Path) -> Path:
    """Train, and pack both as they are published."""
    for name in ("raw", "preprocessed", "results"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        os.environ[f"nnUNet_{name}"] = str(folder / name)
    os.environ.update(nnUNet_def_n_proc="1", nnUNet_n_proc_DA="0", nnUNet_compile="0")
    cases = {f"S_{seed}": make_case(seed, matrix=128) for seed in SEEDS}
    organs = {name: number for number, name in enumerate(hand_set_models.ORGANS, start=1)}
    for path, labels, cut in (
        (hand_set_models.LIVER_FOLDER, organs, False),
        (hand_set_models.LESIONS_FOLDER, {"liver_lesions": 1}, True),
    ):
        dataset, training = path.split("/")
        _write_cases(folder / "raw" / dataset, cases, labels, cut)
        _train(folder, dataset, training, labels)
        (folder / "zips").mkdir(exist_ok=True)
        shutil.make_archive(str(folder / "zips" / dataset), "zip", folder / "results", dataset)
    return folder / "zips"


def _write_cases(raw: Path, cases: Mapping[str, SampleCase], labels: Mapping[str, int], cut: bool) -> None:
    """The liver with its tumours is label 5 of 24; or the tumours alone, in the liver's box."""
    for sub in ("imagesTr", "labelsTr"):
        (raw / sub).mkdir(parents=True)
    for name, case in cases.items():
        truth = sitk.Cast(case.labels == 2, sitk.sitkUInt8) if cut else sitk.Cast((case.labels > 0) * 5, sitk.sitkUInt8)
        image = case.ct
        if cut:
            start, stop = _box(case.labels)
            size = [int(high - low) for low, high in zip(start, stop, strict=True)]
            image, truth = (sitk.RegionOfInterest(one, size, start) for one in (image, truth))
        sitk.WriteImage(image, str(raw / "imagesTr" / f"{name}_0000.nii.gz"))
        sitk.WriteImage(truth, str(raw / "labelsTr" / f"{name}.nii.gz"))
    described = {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, **labels},
        "numTraining": len(cases),
        "file_ending": ".nii.gz",
    }
    (raw / "dataset.json").write_text(json.dumps(described), encoding="utf-8")


def _box(labels: sitk.Image) -> tuple[list[int], list[int]]:
    used = np.argwhere(sitk.GetArrayViewFromImage(labels) > 0)[:, ::-1]
    more = (MARGIN_MM / np.array(labels.GetSpacing())).astype(int)
    start, stop = np.maximum(used.min(0) - more, 0), np.minimum(used.max(0) + 1 + more, labels.GetSize())
    return start.tolist(), stop.tolist()


def _train(folder: Path, dataset: str, training: str, labels: dict[str, int]) -> None:
    import torch
    from nnunetv2.experiment_planning.plan_and_preprocess_api import preprocess_dataset
    from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    class ShortTrainer(nnUNetTrainer):
        """Few iterations with AdamW, without mirroring: the liver is on one side."""

        def __init__(self, plans, configuration, fold, dataset_json, device):  # nnU-Net reads these names
            super().__init__(plans, configuration, fold, dataset_json, device)
            self.num_epochs, self.num_iterations_per_epoch, self.num_val_iterations_per_epoch = EPOCHS, ITERATIONS, 1
            self.initial_lr, self.weight_decay = 3e-3, 1e-3
            self.oversample_foreground_percent = 0.5

        def configure_optimizers(self):
            self.network.to(memory_format=torch.channels_last_3d)
            optimizer = torch.optim.AdamW(self.network.parameters(), self.initial_lr, weight_decay=self.weight_decay)
            return optimizer, PolyLRScheduler(optimizer, self.initial_lr, self.num_epochs)

        def configure_rotation_dummyDA_data_augmentation_and_inital_patch_size(self):
            rotation, dummy_2d, patch, _ = super().configure_rotation_dummyDA_data_augmentation_and_inital_patch_size()
            self.inference_allowed_mirroring_axes = None
            return rotation, dummy_2d, patch, None

    trainer_name, plans_name, configuration = training.split("__")
    preprocessed = folder / "preprocessed" / dataset
    preprocessed.mkdir()
    plans = hand_set_models.plans_of(dataset, configuration, SPACING, 2, "NibabelIOWithReorient")
    plans["foreground_intensity_properties_per_channel"]["0"] = {
        "mean": 90.0, "std": 35.0, "percentile_00_5": -60.0, "percentile_99_5": 220.0,
    }  # fmt: skip
    changed = plans["configurations"][configuration]
    changed |= {"patch_size": PATCH, "batch_dice": True}
    changed["architecture"]["arch_kwargs"] = ARCHITECTURE
    (preprocessed / f"{plans_name}.json").write_text(json.dumps(plans), encoding="utf-8")
    shutil.copy(folder / "raw" / dataset / "dataset.json", preprocessed)
    preprocess_dataset(int(dataset[7:10]), plans_name, configurations=[configuration], num_processes=[1])
    names = [f"S_{seed}" for seed in SEEDS]
    (preprocessed / "splits_final.json").write_text(json.dumps([{"train": names, "val": names[:1]}]), encoding="utf-8")
    described = json.loads((preprocessed / "dataset.json").read_text(encoding="utf-8"))
    trainer_class = type(trainer_name, (ShortTrainer,), {"__init__": ShortTrainer.__init__})
    plans["continue_training"] = False
    trainer_class(plans, configuration, 0, described, torch.device("cpu")).run_training()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    print(zips(Path(sys.argv[1]).resolve()))
