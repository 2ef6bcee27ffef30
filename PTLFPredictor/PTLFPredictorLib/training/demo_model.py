"""Train the demo model: nnU-Net's own trainer on synthetic sample cases, on two CPU cores.

    python -m PTLFPredictorLib.training.demo_model cases    DIR    96 training cases and 20 unseen ones (20 min)
    python -m PTLFPredictorLib.training.demo_model prepare  DIR    nnU-Net's fingerprint, plan and preprocessing (5 min)
    python -m PTLFPredictorLib.training.demo_model train    DIR    resumes where it was stopped (1 to 2 h)
    python -m PTLFPredictorLib.training.demo_model package  DIR    newest checkpoint -> Resources/Models (8 MB at most)

``benchmarks/evaluate_demo_model.py`` then measures it on the unseen cases.  Needs the dependency groups core
and segmentation.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from ..segmentation.catalogue import RESOURCES

DATASET_ID, DATASET = 901, "Dataset901_PTLFSample"
CONFIGURATION, PLANS = "3d_demo", "nnUNetPlans"
MODEL = "ptlf-demo-1"
TRAINING_SEEDS, UNSEEN_SEEDS = range(1000, 1096), range(2000, 2020)
VALIDATION_CASES = 4
"""Of the training cases: for nnU-Net's log only."""

SPACING_ZYX_MM = [5.0, 2.5, 2.5]
PATCH_ZYX = [32, 96, 96]
EPOCHS, ITERATIONS = 120, 40
ARCHITECTURE = {
    "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
    "arch_kwargs": {
        "n_stages": 5,
        "features_per_stage": [8, 24, 48, 96, 128],
        "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]],
        "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 2]],
        "n_conv_per_stage": [1, 2, 2, 2, 2],
        "n_conv_per_stage_decoder": [1, 1, 1, 1],
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
TORCH_RESAMPLING = {"is_seg": False, "force_separate_z": False, "memefficient_seg_resampling": False}


def scan_options(seed: int) -> dict:
    """Scanner settings of a training case: half at the full matrix, some thin slices, more and less noise."""
    return {
        "matrix": 512 if seed % 2 else 256,
        "slice_mm": 2.5 if seed % 6 == 4 else 5.0,
        "noise_sd_hu": 9.0 + 1.5 * (seed % 7),
    }


def make_cases(folder: Path, part: int, parts: int) -> None:
    import SimpleITK as sitk

    from ..sample import make_case

    raw = folder / "raw" / DATASET
    for sub in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
        (raw / sub).mkdir(parents=True, exist_ok=True)
    jobs = [(seed, "Tr", scan_options(seed)) for seed in TRAINING_SEEDS]
    jobs += [(seed, "Ts", {"matrix": 512}) for seed in UNSEEN_SEEDS]
    for seed, split, options in jobs[part::parts]:
        if (raw / f"labels{split}" / f"S_{seed}.nii.gz").exists():
            continue
        case = make_case(seed, **options)
        sitk.WriteImage(case.ct, str(raw / f"images{split}" / f"S_{seed}_0000.nii.gz"), True)
        sitk.WriteImage(case.labels, str(raw / f"labels{split}" / f"S_{seed}.nii.gz"), True)
        print(case.description, options, flush=True)
    (raw / "dataset.json").write_text(
        json.dumps(
            {
                "channel_names": {"0": "CT"},
                "labels": {"background": 0, "parenchyma": 1, "tumour": 2},
                "numTraining": len(TRAINING_SEEDS),
                "file_ending": ".nii.gz",
                "description": "Synthetic CTs made by PTLFPredictorLib.sample. Not patients.",
            },
            indent=1,
        )
    )


def prepare(folder: Path) -> None:
    from nnunetv2.experiment_planning.plan_and_preprocess_api import (
        extract_fingerprint_dataset,
        plan_experiment_dataset,
        preprocess_dataset,
    )

    extract_fingerprint_dataset(DATASET_ID, num_processes=2, check_dataset_integrity=True)
    plan_experiment_dataset(DATASET_ID)
    plans_file = folder / "preprocessed" / DATASET / f"{PLANS}.json"
    plans = json.loads(plans_file.read_text())
    plans["configurations"][CONFIGURATION] = {
        "inherits_from": "3d_fullres",
        "data_identifier": f"{PLANS}_{CONFIGURATION}",
        "spacing": SPACING_ZYX_MM,
        "patch_size": PATCH_ZYX,
        "batch_size": 2,
        "resampling_fn_data": "resample_torch_fornnunet",
        "resampling_fn_data_kwargs": TORCH_RESAMPLING,
        "resampling_fn_probabilities": "resample_torch_fornnunet",
        "resampling_fn_probabilities_kwargs": TORCH_RESAMPLING,
        "architecture": ARCHITECTURE,
    }
    plans_file.write_text(json.dumps(plans, indent=1))
    preprocess_dataset(DATASET_ID, configurations=[CONFIGURATION], num_processes=[2])
    names = [f"S_{seed}" for seed in TRAINING_SEEDS]
    split = {"train": names[VALIDATION_CASES:], "val": names[:VALIDATION_CASES]}
    (plans_file.parent / "splits_final.json").write_text(json.dumps([split] * 5))


def train(folder: Path, threads: int) -> None:
    import torch
    from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    class DemoTrainer(nnUNetTrainer):
        """nnU-Net's trainer with AdamW (SGD needs more iterations than a CPU has), no mirroring (the liver is
        on one side) and the network in bfloat16 (twice as fast on a CPU that knows it)."""

        def __init__(self, plans, configuration, fold, dataset_json, device):  # nnU-Net reads these names
            super().__init__(plans, configuration, fold, dataset_json, device)
            self.num_epochs, self.num_iterations_per_epoch, self.num_val_iterations_per_epoch = EPOCHS, ITERATIONS, 2
            self.save_every = 1
            self.initial_lr, self.weight_decay = 2e-3, 1e-3
            self.oversample_foreground_percent = 0.5

        def configure_optimizers(self):
            self.network.to(memory_format=torch.channels_last_3d)  # 1.2 to 1.5 times faster on a CPU
            optimizer = torch.optim.AdamW(self.network.parameters(), self.initial_lr, weight_decay=self.weight_decay)
            return optimizer, PolyLRScheduler(optimizer, self.initial_lr, self.num_epochs)

        def configure_rotation_dummyDA_data_augmentation_and_inital_patch_size(self):
            rotation, dummy_2d, patch, _ = super().configure_rotation_dummyDA_data_augmentation_and_inital_patch_size()
            self.inference_allowed_mirroring_axes = None
            return rotation, dummy_2d, patch, None

        def _build_loss(self):
            loss = super()._build_loss()
            return lambda outputs, target: loss([output.float() for output in outputs], target)

        def train_step(self, batch):
            with torch.autocast("cpu", torch.bfloat16):
                return super().train_step(batch)

    torch.set_num_threads(threads)
    preprocessed = folder / "preprocessed" / DATASET
    plans = json.loads((preprocessed / f"{PLANS}.json").read_text())
    latest = run_folder(folder) / "fold_0" / "checkpoint_latest.pth"
    plans["continue_training"] = latest.exists()
    dataset = json.loads((folder / "raw" / DATASET / "dataset.json").read_text())
    trainer = DemoTrainer(plans, CONFIGURATION, 0, dataset, torch.device("cpu"))
    if latest.exists():
        trainer.initialize()
        trainer.load_checkpoint(str(latest))
    trainer.run_training()


def run_folder(folder: Path) -> Path:
    return folder / "results" / DATASET / f"DemoTrainer__{PLANS}__{CONFIGURATION}"


def package(folder: Path, target: Path) -> None:
    """Write what inference needs: plans.json, dataset.json, fold_0/checkpoint_final.pth with float16 weights."""
    import numpy as np
    import torch

    source = run_folder(folder)
    fold = source / "fold_0"
    checkpoint_file = next(p for n in ("final", "latest", "best") if (p := fold / f"checkpoint_{n}.pth").exists())
    numpy_types = [np._core.multiarray.scalar, np.dtype, np.dtypes.Float32DType, np.dtypes.Float64DType]
    with torch.serialization.safe_globals(numpy_types):
        checkpoint = torch.load(checkpoint_file, map_location="cpu", weights_only=True)
    halves = {}  # the state dict names most tensors several times: keep them shared
    weights = {
        name: halves.setdefault(tensor.data_ptr(), tensor.contiguous().half())
        for name, tensor in checkpoint["network_weights"].items()
    }
    (target / "fold_0").mkdir(parents=True, exist_ok=True)
    torch.save(
        {
            "network_weights": weights,
            "trainer_name": "nnUNetTrainer",  # the architecture comes from the plans; stock nnU-Net finds this one
            "init_args": {"configuration": CONFIGURATION},
            "inference_allowed_mirroring_axes": None,
        },
        target / "fold_0" / "checkpoint_final.pth",
    )
    plans = json.loads((folder / "preprocessed" / DATASET / f"{PLANS}.json").read_text())
    base = plans["configurations"]["3d_fullres"]
    own = {key: value for key, value in plans["configurations"][CONFIGURATION].items() if key != "inherits_from"}
    plans["configurations"] = {CONFIGURATION: {**base, **own}}
    plans["dataset_name"] = DATASET
    plans.pop("original_median_shape_after_transp", None)
    (target / "plans.json").write_text(json.dumps(plans, indent=1) + "\n")
    dataset = json.loads((folder / "raw" / DATASET / "dataset.json").read_text())
    (target / "dataset.json").write_text(json.dumps(dataset, indent=1) + "\n")
    _enter(target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"{target}: epoch {checkpoint['current_epoch']} of {EPOCHS}, {size / 1e6:.2f} MB")


def _enter(target: Path) -> None:
    """Write the checksum of a packaged model into the catalogue."""
    from ..segmentation.model_folder import checksum

    catalogue = RESOURCES / "Models.json"
    text = catalogue.read_text()
    if target == catalogue.parent / "Models" / MODEL:
        entry = next(model for model in json.loads(text)["models"] if model["id"] == MODEL)
        catalogue.write_text(text.replace(entry["sha256"], checksum(target)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("cases", "prepare", "train", "package"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), help="cases: this part of so many")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--target", type=Path, default=RESOURCES / "Models" / MODEL)
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    for name in ("raw", "preprocessed", "results"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        os.environ[f"nnUNet_{name}"] = str(folder / name)
    os.environ.update(nnUNet_def_n_proc="2", nnUNet_n_proc_DA="1")
    if arguments.step == "cases":
        make_cases(folder, *arguments.part)
    elif arguments.step == "prepare":
        prepare(folder)
    elif arguments.step == "train":
        train(folder, arguments.threads)
    else:
        package(folder, arguments.target)


if __name__ == "__main__":
    main()
