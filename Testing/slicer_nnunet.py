"""What SlicerNNUnet asks of a model's folder, and what it then runs, said again after its source.

github.com/KitwareMedical/SlicerNNUnet, commit d05d7726 (2026-05-11), SlicerNNUnet/SlicerNNUNetLib/Parameter.py
(`isValid`, `asArgList`) and SegmentationLogic.py (`_startInferenceProcess`: the environment).
"""

from __future__ import annotations

from pathlib import Path

CHECKPOINT = "checkpoint_final.pth"
"""Where the user leaves the name empty."""


def refusal(model_path: Path, folds: tuple[int, ...] = (0,)) -> str:
    """Why SlicerNNUnet refuses the folder that its user chose, or ""."""
    described = next(model_path.rglob("dataset.json"), None)
    if described is None:
        return "dataset.json file is missing"
    configuration = described.parent
    places = [configuration / f"fold_{fold}" for fold in folds]
    if any(not place.exists() for place in places):
        return "Model folder is missing the following folds"
    if any(not (place / CHECKPOINT).exists() for place in places):
        return "Following model folds don't contain the weights"
    if len(configuration.name.split("__")) != 3:
        return "Invalid nnUNet configuration folder"
    dataset = configuration.parent.name
    if not (dataset.startswith("Dataset") or dataset.isdecimal()):
        return "Invalid Dataset folder name"
    return ""


def command(model_path: Path, source: Path, target: Path, folds: tuple[int, ...] = (0,)) -> tuple[list[str], dict]:
    """The arguments of ``nnUNetv2_predict`` and the environment variables, on a computer without a GPU."""
    configuration = next(model_path.rglob("dataset.json")).parent
    trainer, plans, name = configuration.name.split("__")
    words = ["-i", source, "-o", target, "-d", configuration.parent.name, "-tr", trainer, "-p", plans, "-c", name]
    words += ["-f", *folds, "-npp", 1, "-nps", 1, "-step_size", 0.5, "-device", "cpu", "-chk", CHECKPOINT]
    results = configuration.parents[1].as_posix()
    variables = dict.fromkeys(("nnUNet_preprocessed", "nnUNet_raw", "nnUNet_results"), results)
    return [*map(str, words), "--disable_tta"], variables
