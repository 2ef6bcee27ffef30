"""What the trained networks draw, by the product's own way from a CT to its segments, and how well.

So Table 1 is about the segments that the user of the package will get: each validation case drawn by the network of
its fold, each test case by all folds together.
"""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ..folders import staging
from ..progress import Progress
from ..segmentation.how import How
from ..segmentation.model import Model
from ..segmentation.run import Segmenter
from .dataset import Layout, write_json
from .evaluation import TEST, CaseMeasures, measure
from .package import lay_out
from .split import Split

ROLES = {"parenchyma": (1,), "tumor": (2,)}


@dataclass(frozen=True)
class Drawn:
    """A case that was drawn: its measures and the seconds that it took."""

    measures: CaseMeasures
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return {"measures": self.measures.to_dict(), "seconds": round(self.seconds, 2)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Drawn:
        return cls(CaseMeasures.from_dict(data["measures"]), data["seconds"])


@dataclass(frozen=True)
class Drawing:
    """Draws and measures the cases that no network has seen; what was drawn before is not drawn again.

    Parameters
    ----------
    layout : Layout
    trained : Path
        nnU-Net's folder of the folds.
    split : Split
    device : str
    model : Model
        What the package will be; its folder is not looked at.
    progress : Progress
    """

    layout: Layout
    trained: Path
    split: Split
    device: str
    model: Model
    progress: Progress

    @property
    def folder(self) -> Path:
        return self.layout.root / "drawn"

    def label_map(self, name: str) -> Path:
        return self.folder / f"{name}.nii.gz"

    def tasks(self) -> Iterator[tuple[str, str, str]]:
        """Fold ("" for all of them), part of the table and case."""
        if not (self.trained / "fold_all").is_dir():
            for number, names in enumerate(self.split.folds):
                yield from ((str(number), f"fold {number}", name) for name in names)
        yield from (("", TEST, name) for name in self.split.test)

    def run(self) -> list[Drawn]:
        """Draw and measure what is left to be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        tasks = list(self.tasks())
        done: list[Drawn] = []
        with ExitStack() as stack:
            models: dict[str, Model] = {}
            work = stack.enter_context(staging(self.layout.root))
            segmenter = stack.enter_context(Segmenter())
            for place, (fold, part, name) in enumerate(tasks):
                self.progress("Drawing unseen cases", place, len(tasks))
                known = self.folder / f"{name}.json"
                if known.exists():
                    done.append(Drawn.from_dict(json.loads(known.read_text(encoding="utf-8"))))
                    continue
                if fold not in models:
                    models[fold] = self._model(fold, work)
                done.append(self._draw(name, part, models[fold], segmenter, work))
                write_json(known, done[-1].to_dict())
        self.progress("Drawing unseen cases", len(tasks), len(tasks))
        return done

    def _draw(self, name: str, part: str, model: Model, segmenter: Segmenter, work: Path) -> Drawn:
        test = part == TEST
        ct = sitk.ReadImage(str(self.layout.image(name, test=test)))
        start = time.monotonic()
        with staging(work) as own:
            found = segmenter.segment(ct, model, how=How(self.device), work=own).labels
        seconds = time.monotonic() - start
        true = sitk.ReadImage(str(self.layout.labels(name, test=test)), sitk.sitkUInt8)
        found.CopyInformation(true)
        part_file = self.folder / f".{name}.nii.gz"
        sitk.WriteImage(found, str(part_file), True)
        part_file.replace(self.label_map(name))
        return Drawn(measure(name, found, true, part), seconds)

    def _model(self, fold: str, work: Path) -> Model:
        """The model of all folds, or of one."""
        all_folds = work / "all"
        if not all_folds.is_dir():
            lay_out(self.trained, all_folds)
        (laid_out,) = all_folds.glob("Dataset*/*")
        if not fold:
            return replace(self.model, folder=laid_out)
        one = work / f"only_{fold}" / laid_out.name
        shutil.copytree(laid_out, one, ignore=lambda _, names: {n for n in names if _other(n, fold)})
        return replace(self.model, folder=one)

    def images(self, name: str) -> tuple[sitk.Image, sitk.Image, sitk.Image]:
        """CT, true and drawn label map of a case: for the report's pictures."""
        test = name in self.split.test
        files = (self.layout.image(name, test=test), self.layout.labels(name, test=test), self.label_map(name))
        ct, true, found = (sitk.ReadImage(str(file)) for file in files)
        return ct, true, found


def _other(name: str, fold: str) -> bool:
    return name.startswith("fold_") and name != f"fold_{fold}"


def seconds_of(done: Sequence[Drawn]) -> float | None:
    """Median seconds of the test cases; of several, not of the first, which loads the networks."""
    times = [one.seconds for one in done if one.measures.part == TEST]
    return statistics.median(times[1:] or times) if times else None
