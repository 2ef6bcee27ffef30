"""nnU-Net's own trainers by their names: what is added to them is progress, safe checkpoints and the small preset."""

import json
from pathlib import Path

import numpy as np
import pytest

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.training.recipe import SMALL
from PTLFPredictorLib.training.trainer import find_trainer, made, trainer_names

pytestmark = pytest.mark.usefixtures("needs_nnunet")
imports_the_trainer = pytest.mark.slow
"""nnU-Net's trainer imports for 10 seconds."""

DATASET = {
    "channel_names": {"0": "CT"},
    "labels": {"background": 0, "parenchyma": 1, "tumour": 2},
    "file_ending": ".nii.gz",
}


@pytest.fixture
def plans(tmp_path, monkeypatch) -> dict:
    for kind in ("raw", "preprocessed", "results"):
        monkeypatch.setenv(f"nnUNet_{kind}", str(tmp_path / kind))
    monkeypatch.setenv("nnUNet_n_proc_DA", "0")
    folder = tmp_path / "preprocessed" / "Dataset001_Made" / "nnUNetPlans_3d_small"
    folder.mkdir(parents=True)
    (folder / "case_001.b2nd").touch()  # its ending tells nnU-Net how its cases are kept
    own = {**SMALL.plan(), "patch_size": [16, 32, 32], "batch_dice": False, "use_mask_for_norm": [False]}
    own |= {"normalization_schemes": ["CTNormalization"], "preprocessor_name": "DefaultPreprocessor"}
    own.pop("inherits_from")
    return {
        "dataset_name": "Dataset001_Made",
        "plans_name": "nnUNetPlans",
        "image_reader_writer": "SimpleITKIO",
        "label_manager": "LabelManager",
        "configurations": {"3d_small": own},
        "continue_training": False,
    }


@pytest.fixture
def trainer(plans):
    import torch

    told = []
    kind = made("nnUNetTrainer", lambda done, total: told.append((done, total)), 3, SMALL)
    found = kind(plans, "3d_small", 1, DATASET, torch.device("cpu"))
    found.told = told
    return found


def test_nnunets_names_are_found_without_importing_all_of_them():
    names = trainer_names()
    assert {"nnUNetTrainer", "nnUNetTrainerNoMirroring", "nnUNetTrainerNoDA", "nnUNetTrainer_250epochs"} <= set(names)
    with pytest.raises(BadInput, match=r"no trainer 'nnUNetTrainr'\. It has, among others: nnUNetTrainer, "):
        find_trainer("nnUNetTrainr")


@imports_the_trainer
def test_folders_and_checkpoints_have_nnunets_own_name_of_the_trainer(trainer):
    assert Path(trainer.output_folder).parts[-2:] == ("nnUNetTrainer__nnUNetPlans__3d_small", "fold_1")


@imports_the_trainer
def test_the_small_preset(trainer):
    import torch

    trainer.initialize()
    assert isinstance(trainer.optimizer, torch.optim.AdamW)
    assert (trainer.num_epochs, trainer.num_iterations_per_epoch) == (3, SMALL.iterations)  # 3 was asked for
    mirrored = trainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size()[3]
    assert mirrored is trainer.inference_allowed_mirroring_axes is None
    assert sum(weights.numel() for weights in trainer.network.parameters()) == pytest.approx(1.2e6, rel=0.1)


@imports_the_trainer
def test_an_iteration_is_told_and_its_checkpoint_replaces_the_former_in_one_step(trainer, monkeypatch):
    import torch

    trainer.initialize()
    trainer.set_deep_supervision_enabled(True)
    trainer.current_epoch = 2
    trainer.on_train_epoch_start()
    scales = trainer._get_deep_supervision_scales()
    size = np.array([16, 32, 32])
    target = [torch.zeros(2, 1, *np.round(size * scale).astype(int)) for scale in scales]
    trainer.train_step({"data": torch.randn(2, 1, *size), "target": target})
    assert trainer.told == [(2 * SMALL.iterations + 1, 3 * SMALL.iterations)]
    file = Path(trainer.output_folder) / "checkpoint_latest.pth"
    file.write_bytes(b"the former")

    def killed(data, path):
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            trainer.save_checkpoint(str(file))
    assert file.read_bytes() == b"the former"
    trainer.save_checkpoint(str(file))
    assert torch.load(file, weights_only=False)["trainer_name"] == "nnUNetTrainer"


@imports_the_trainer
def test_nnunets_own_number_of_epochs_stays_where_none_is_given(plans):
    import torch

    kind = made("nnUNetTrainer_250epochs", lambda done, total: None)
    assert kind(plans, "3d_small", 0, DATASET, torch.device("cpu")).num_epochs == 250


def test_the_preset_is_data():
    assert json.loads(json.dumps(SMALL.plan()))["patch_size"] == [32, 64, 80]
    assert all(size % 16 == 0 for size in SMALL.patch)  # divisible by what the strides divide by
