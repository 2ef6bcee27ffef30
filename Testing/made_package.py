"""A package of weights of chance, as `ptlf train` would leave one."""

from __future__ import annotations

from pathlib import Path

import trained_folder
from PTLFPredictorLib.training.card import Card
from PTLFPredictorLib.training.package import write

INNER = "Dataset555_Made/nnUNetTrainer__nnUNetPlans__3d_tiny"
ENTRY = {
    "id": "site-7",
    "title": "Liver and HCC of a made site",
    "version": "1",
    "licence": "CC-BY-4.0",
    "citation": "nobody's paper",
    "label_roles": {"parenchyma": [1], "tumor": [2]},
    "for_patients": True,
    "warning": "Validated nowhere.",
    "intended_input": "Portal venous CT",
    "measured": {"cpu_s": 31.5, "processor_s": 58.25, "gpu_s": None, "of": "512 x 512 x 119 voxels, 2 CPU cores"},
}
CARD = Card(trained_on="25 made cases", table=[{"": "mean of folds", "Dice": 0.91}, {"": "test", "Dice": 0.8765}])


def package(folder: Path, source: Path | None = None, **entry: object) -> Path:
    """``folder/site-7.zip`` of a training (of two folds of its own, where none is given)."""
    source = source or trained_folder.trained(folder / "results", folds=("0", "1"))
    return write(source, folder / "site-7.zip", {**ENTRY, **entry}, CARD)
