"""Train the folds, each in a child process of its own: one after the other, or one on each GPU."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .. import child
from ..child.system import cpu_cores
from ..folders import staging
from ..progress import Progress
from ..segmentation.model_files import CHECKPOINT
from .dataset import Layout
from .recipe import Recipe

WORKER = "PTLFPredictorLib.training.fold_worker"

SILENCE_S = 3 * 3600.0
"""nnU-Net checks and unpacks its data before the first iteration, and an iteration of a large network may take a
minute on a CPU."""

AUGMENTING = 12
"""nnU-Net's own number of processes that augment, for one GPU."""


@dataclass
class Fold:
    """One fold that runs."""

    number: int | str
    device: str
    child: child.Child
    done: int = 0
    total: int = 1
    first: tuple[float, int] | None = None
    seconds_each: float = 0.0
    told: int = -1


@dataclass
class Folds:
    """Trains folds until all are done; what is finished stays finished.

    Parameters
    ----------
    layout : Layout
    recipe : Recipe
    plans : str
        Name of nnU-Net's plans.
    devices : sequence of str
        "cpu" alone, or "cuda:N" for each GPU.
    progress : Progress
        Told iterations of all folds; may raise.
    on_left : callable
        Told how many seconds are left, as measured, in every quarter of a fold.
    """

    layout: Layout
    recipe: Recipe
    plans: str
    devices: Sequence[str]
    progress: Progress
    on_left: Callable[[float], None]
    running: list[Fold] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.layout.results(self.recipe.trainer, self.plans, self.recipe.trained)

    @property
    def numbers(self) -> list[int | str]:
        return ["all"] if self.recipe.folds == 1 else list(range(self.recipe.folds))

    def finished(self, number: int | str) -> bool:
        return (self.folder / f"fold_{number}" / CHECKPOINT).exists()

    def train(self) -> None:
        """Train all that are not finished.  Whatever exception passes through here, no child is left."""
        waiting = [number for number in self.numbers if not self.finished(number)]
        try:
            with staging(self.layout.root) as work:
                while waiting or self.running:
                    free = [device for device in self.devices if device not in [one.device for one in self.running]]
                    for device in free[: len(waiting)]:
                        self.running.append(self._start(waiting.pop(0), device, work))
                    time.sleep(0.2)
                    self._poll(len(waiting))
        except BaseException:
            for one in self.running:
                one.child.kill()
            raise

    def _start(self, number: int | str, device: str, work: Path) -> Fold:
        own = work / f"fold_{number}"
        own.mkdir()
        environment = self.layout.environment(
            max(1, cpu_cores() // len(self.devices)),
            0 if device == "cpu" else max(1, min(AUGMENTING, cpu_cores() // len(self.devices))),
        )
        if device != "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = _visible(device)
        options = {"what": f"The training of fold {number}", "silence_s": SILENCE_S, "environment": environment}
        return Fold(number, device, child.Child(WORKER, self._job(number, device), own, **options))

    def _job(self, number: int | str, device: str) -> Mapping[str, Any]:
        recipe = self.recipe
        return {
            "preprocessed": str(self.layout.preprocessed),
            "plans": self.plans,
            "configuration": recipe.trained,
            "trainer": recipe.trainer,
            "fold": number,
            "device": device,
            "epochs": recipe.epochs,
            "small": asdict(recipe.small) if recipe.small else None,
            "threads": max(1, cpu_cores() // len(self.devices)),
            "seed": recipe.seed + (number if isinstance(number, int) else 0),
        }

    def _poll(self, waiting: int) -> None:
        for one in list(self.running):
            running = one.child.running
            for event in one.child.poll():
                if event["event"] == "progress" and event["total"] > 1:
                    self._advance(one, event["done"], event["total"], waiting)
            if not running:
                one.child.result()
                self.running.remove(one)
        total = max((one.total for one in self.running), default=0)
        if total > 1:
            busy = [one.number for one in self.running]
            ended = sum(self.finished(number) for number in self.numbers if number not in busy)
            done = ended * total + sum(one.done for one in self.running)
            self.progress(f"Training: fold {' and '.join(map(str, busy))}", done, total * len(self.numbers))

    def _advance(self, one: Fold, done: int, total: int, waiting: int) -> None:
        one.done, one.total, now = done, total, time.monotonic()
        if one.first is None:
            one.first = (now, done)
            return
        measured = done - one.first[1]
        one.seconds_each = (now - one.first[0]) / max(measured, 1)
        quarter = 4 * done // total
        if measured >= MEASURED_AFTER and quarter != one.told:
            one.told = quarter
            self.on_left(self._left(one, waiting))

    def _left(self, one: Fold, waiting: int) -> float:
        """Seconds, if every iteration takes as long as those of this fold so far."""
        rounds = -(-waiting // len(self.devices))
        return one.seconds_each * (one.total - one.done + rounds * one.total)


MEASURED_AFTER = 10
"""Iterations before time is told: the first ones load and warm up."""


def _visible(device: str) -> str:
    """What CUDA calls a GPU, the only one that its trainer sees: of those that this process sees, where it is told."""
    number = int(device.partition(":")[2] or 0)
    seen = [one.strip() for one in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if one.strip()]
    return seen[number] if number < len(seen) else str(number)
