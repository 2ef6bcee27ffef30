"""The nnU-Net data set: CTs and label maps under case numbers, on canonical axes, and where nnU-Net keeps its own."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from .recipe import LABELS
from .split import Split

NUMBER = 1


@dataclass(frozen=True)
class Layout:
    """Folders of one training below ``OUT/nnUNet``.

    Parameters
    ----------
    root : Path
        ``OUT/nnUNet``.
    name : str
        ``Dataset001_NAME``.
    """

    root: Path
    name: str

    @classmethod
    def of(cls, out: Path, title: str) -> Layout:
        word = re.sub(r"[^A-Za-z0-9]+", "", title)[:40] or "Liver"
        return cls(out / "nnUNet", f"Dataset{NUMBER:03d}_{word}")

    @property
    def raw(self) -> Path:
        return self.root / "raw" / self.name

    @property
    def preprocessed(self) -> Path:
        return self.root / "preprocessed" / self.name

    def results(self, trainer: str, plans: str, configuration: str) -> Path:
        return self.root / "results" / self.name / f"{trainer}__{plans}__{configuration}"

    def environment(self, processes: int, augmenting: int) -> dict[str, str]:
        """What nnU-Net reads; `augmenting` 0: in the training process itself."""
        folders = {f"nnUNet_{kind}": str(self.root / kind) for kind in ("raw", "preprocessed", "results")}
        return {**folders, "nnUNet_def_n_proc": str(processes), "nnUNet_n_proc_DA": str(augmenting)}

    def image(self, name: str, *, test: bool) -> Path:
        return self.raw / f"images{_side(test)}" / f"{name}_0000.nii.gz"

    def labels(self, name: str, *, test: bool) -> Path:
        return self.raw / f"labels{_side(test)}" / f"{name}.nii.gz"

    def keep(self, name: str, ct: sitk.Image, labels: sitk.Image) -> None:
        """Write a case, before it is known on which side of the split it will be."""
        for path, image in ((self.image(name, test=False), ct), (self.labels(name, test=False), labels)):
            path.parent.mkdir(parents=True, exist_ok=True)
            bare = sitk.Image(image)
            for key in bare.GetMetaDataKeys():
                bare.EraseMetaData(key)
            sitk.WriteImage(bare, str(path), True)

    def finish(self, split: Split, names: Sequence[str]) -> None:
        """Move the test cases to their side and describe the data set; cases of neither side go."""
        for name in names:
            for place in (self.image, self.labels):
                source, target = place(name, test=False), place(name, test=True)
                target.parent.mkdir(parents=True, exist_ok=True)
                if name in split.test:
                    source.replace(target)
                elif name not in split.train:
                    source.unlink()
        description = {
            "channel_names": {"0": "CT"},
            "labels": LABELS,
            "numTraining": len(split.train),
            "file_ending": ".nii.gz",
        }
        write_json(self.raw / "dataset.json", description)


def _side(test: bool) -> str:
    return "Ts" if test else "Tr"


def write_json(path: Path, data: object) -> None:
    """In one step: killed in between, the former file stays."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(data, indent=1), encoding="utf-8")
    part.replace(path)
