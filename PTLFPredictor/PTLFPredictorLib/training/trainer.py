"""nnU-Net's trainers, told epoch by epoch and safe to interrupt; with the small preset, for a CPU."""

from __future__ import annotations

import importlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadInput
from .recipe import Small

Tell = Callable[[int, int], None]
"""Takes the iterations that are done and those there are."""


def trainer_names() -> dict[str, str]:
    """nnU-Net's trainers by name -> their module, found in its sources: importing all of them needs torchvision."""
    import nnunetv2

    base = Path(nnunetv2.__path__[0])
    files = sorted((base / "training" / "nnUNetTrainer").rglob("*.py"))
    found = {}
    for file in files:
        module = ".".join(("nnunetv2", *file.relative_to(base).with_suffix("").parts))
        for name in re.findall(r"^class (nnUNet\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE):
            found.setdefault(name, module)
    return found


def find_trainer(name: str) -> type:
    """A trainer of nnU-Net by its name.

    Raises
    ------
    BadInput
        When nnU-Net has none of that name, or it cannot be imported here.
    """
    known = trainer_names()
    if name not in known:
        usual = [one for one in sorted(known) if re.fullmatch(r"nnUNetTrainer(NoMirroring|DA5|_\d+epochs)?", one)]
        raise BadInput(f"nnU-Net has no trainer '{name}'. It has, among others: {', '.join(usual)}.")
    try:
        return getattr(importlib.import_module(known[name]), name)
    except ImportError as error:
        raise BadInput(f"nnU-Net's trainer '{name}' cannot be used here: {error}.") from error


def made(name: str, tell: Tell, epochs: int | None = None, small: Small | None = None) -> type:
    """A class of the trainer's own name (nnU-Net writes it into folders and checkpoints) that tells and can be stopped.

    Parameters
    ----------
    name : str
        nnU-Net's name.
    tell : callable
        Called after each iteration.
    epochs : int, optional
        None: the trainer's, or the preset's.
    small : Small, optional
    """
    base = find_trainer(name)

    class Told(_on_a_cpu(base, small) if small else base):
        def __init__(self, plans, configuration, fold, dataset_json, device):  # nnU-Net reads these names
            super().__init__(plans, configuration, fold, dataset_json, device)
            self.save_every = 1
            self.num_epochs = epochs or self.num_epochs
            self.plot, self.logger.plot_progress_png = self.logger.plot_progress_png, lambda folder: None

        def train_step(self, batch):
            loss = super().train_step(batch)
            self.iterations_done += 1
            tell(self.iterations_done, self.num_epochs * self.num_iterations_per_epoch)
            return loss

        def on_train_epoch_start(self):
            self.iterations_done = self.current_epoch * self.num_iterations_per_epoch
            super().on_train_epoch_start()

        def on_train_end(self):
            super().on_train_end()
            self.plot(self.output_folder)  # after every epoch it would take longer than a small network's epoch

        def save_checkpoint(self, filename):
            part = f"{filename}.part"
            super().save_checkpoint(part)  # killed while it writes: the former checkpoint stays
            if os.path.exists(part):
                os.replace(part, filename)

    Told.__name__ = name
    return Told


def _on_a_cpu(base: type, small: Small) -> type:
    import torch
    from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler

    class OnACpu(base):
        def __init__(self, plans, configuration, fold, dataset_json, device):
            super().__init__(plans, configuration, fold, dataset_json, device)
            self.num_epochs, self.num_iterations_per_epoch, self.num_val_iterations_per_epoch = (
                small.epochs, small.iterations, 1,
            )  # fmt: skip
            self.initial_lr, self.weight_decay = small.rate, small.decay
            self.oversample_foreground_percent = small.oversample
            self.half = self.device.type == "cpu" and has_bfloat16()

        def configure_optimizers(self):
            self.network.to(memory_format=torch.channels_last_3d)  # 1.2 to 1.5 times faster on a CPU
            optimizer = torch.optim.AdamW(self.network.parameters(), self.initial_lr, weight_decay=self.weight_decay)
            return optimizer, PolyLRScheduler(optimizer, self.initial_lr, self.num_epochs)

        def configure_rotation_dummyDA_mirroring_and_inital_patch_size(self):
            rotation, flat, patch, _ = super().configure_rotation_dummyDA_mirroring_and_inital_patch_size()
            self.inference_allowed_mirroring_axes = None
            return rotation, flat, patch, None

        def _build_loss(self):
            loss = super()._build_loss()
            return lambda outputs, target: loss([output.float() for output in outputs], target)

        def train_step(self, batch):
            with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
                return super().train_step(batch)

    return OnACpu


def has_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 itself; where it only imitates it, it is slower."""
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def train(job: dict[str, Any], tell: Tell) -> Path:
    """Train one fold to its end, from its last checkpoint where there is one; returns its folder.

    Parameters
    ----------
    job : mapping
        "preprocessed" (folder of the data set), "plans", "configuration", "trainer", "fold", "device", "epochs",
        "small", "threads", "seed".
    """
    import torch

    from ..segmentation.model_weights import check_pickle

    torch.set_num_threads(job["threads"])
    np.random.seed(job["seed"])
    torch.manual_seed(job["seed"])
    folder = Path(job["preprocessed"])
    plans = json.loads((folder / f"{job['plans']}.json").read_text(encoding="utf-8"))
    dataset = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    small = Small.from_dict(job["small"]) if job["small"] else None
    plans["continue_training"] = True
    kind = made(job["trainer"], tell, job["epochs"], small)
    device = torch.device("cpu" if job["device"] == "cpu" else "cuda")
    trainer = kind(plans, job["configuration"], job["fold"], dataset, device)
    fold = Path(trainer.output_folder)
    latest = fold / "checkpoint_latest.pth"
    trainer.initialize()
    if latest.exists():
        check_pickle(latest)  # nnU-Net loads it without restriction
        trainer.load_checkpoint(str(latest))
    trainer.run_training()
    return fold
