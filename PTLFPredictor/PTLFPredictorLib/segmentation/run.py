"""Segment a CT with a model, in a child process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import SimpleITK as sitk

from .. import child
from ..ct import write_temporary
from ..errors import UnusableModel
from ..progress import Progress, no_progress
from .how import AS_THE_MODEL, How
from .model import Model
from .origin import Drawn, Known, Origin

WORKER = "PTLFPredictorLib.segmentation.worker"
WHAT = "The segmentation"


@dataclass(frozen=True)
class SegmentationResult:
    """What nnU-Net drew, and with what.

    Attributes
    ----------
    labels : sitk.Image
        uint8 in the CT's geometry: 0 background, 1 parenchyma, 2 tumour.
    model : mapping
        `Model.identity`.
    device, device_why : str
        Where it ran and why there.
    software : mapping
        Versions.
    seconds : mapping
        "model", "network" and "all".
    settings : mapping
        Configuration, number of folds, mirroring, tile step, post-processing; of a chain, each step has its own.
    steps : sequence of mapping
        Of a chain: each step's name, title, weights, box, volumes, device, seconds and settings, or why it did not run.
    notices : sequence of str
        What the network had to do otherwise, e.g. with less memory.
    """

    labels: sitk.Image
    model: Mapping[str, Any]
    device: str
    device_why: str
    software: Mapping[str, str]
    seconds: Mapping[str, float]
    settings: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]] = ()
    notices: Sequence[str] = ()

    @property
    def origin(self) -> Origin:
        """Provenance of the labels: everything but the labels themselves."""
        run = {
            "device": self.device,
            "device_why": self.device_why,
            "software": dict(self.software),
            "seconds": dict(self.seconds),
            "settings": dict(self.settings),
        }
        more = {"steps": [dict(step) for step in self.steps], "notices": list(self.notices)}
        run |= {name: told for name, told in more.items() if told}
        return Origin(Drawn.MODEL, Known.RUN, dict(self.model), run=run)


def write_job(ct: sitk.Image, model: Model, work: Path, how: How = AS_THE_MODEL) -> dict:
    """Write the CT into `work` and return the job for `WORKER`, which checks the model.

    Called on the thread of a window: of the model only its folder is looked for; its weights, which may have
    gigabytes, are read by the child alone.
    """
    if not model.folder.is_dir():
        raise UnusableModel(
            f"The folder of the model '{model.id}' is not there: '{model.folder}'. Get the model again."
        )
    write_temporary(ct, work / "ct.nrrd")
    folder = model.folder.resolve()
    return {
        "ct": "ct.nrrd",
        "model": replace(model, folder=folder).to_dict(folder.parent),
        "base": str(folder.parent),
        "shipped": model.shipped,
        "how": how.to_dict(),
    }


def read_result(outputs: Mapping[str, Path], model: Model) -> SegmentationResult:
    """The result that `WORKER` wrote."""
    facts = json.loads(outputs["facts"].read_text(encoding="utf-8"))
    steps = facts["steps"]
    return SegmentationResult(
        labels=sitk.ReadImage(str(outputs["labels"])),
        model=facts["model"],
        device=facts["device"],
        device_why=facts["device_why"],
        software=facts["software"],
        seconds=facts["seconds"],
        settings={} if model.chain else steps[0]["settings"],
        steps=steps if model.chain else (),
        notices=facts["notices"],
    )


def segment(
    ct: sitk.Image,
    model: Model,
    *,
    how: How = AS_THE_MODEL,
    work: Path,
    progress: Progress = no_progress,
    on_event: Callable[[child.Event], None] = lambda event: None,
    worker: Worker | None = None,
    **options: Any,
) -> SegmentationResult:
    """Draw liver and tumour with nnU-Net in a child process.

    Parameters
    ----------
    ct : sitk.Image
        HU, any orientation; the canonical CT.
    model : Model
    how : How
        Where a GPU that it asks for cannot be used, the CPU is, and `on_event` is told why.
    work : Path
        Existing folder of this run alone; the caller removes it.
    progress : Progress
        Per tile; raises to stop the child.
    on_event : callable
        Gets ``{"event": "device", "device", "why", "estimate_s"}``, ``{"event": "work", "text"}`` (`price.words`) and,
        after the first tile of each step, ``{"event": "estimate", "seconds"}``.
    worker : Worker, optional
        Runs the job instead of a child of its own: a `Segmenter`.
    **options
        `child.Child`'s: `silence_s`, `environment`, `python`; with a `worker`, `child.Warm.start`'s.

    Raises
    ------
    UnusableModel, MissingDependency, OutOfMemory, Cancelled, PTLFError
        With a sentence; the child and its workers are gone then.
    """
    job = write_job(ct, model, Path(work), how)
    run = partial(child.run, WORKER) if worker is None else worker.run
    outputs = run(job, Path(work), what=WHAT, progress=progress, on_event=on_event, **options)
    return read_result(outputs, model)


class Worker(Protocol):
    """What runs jobs of `WORKER`."""

    def run(
        self,
        job: Mapping[str, Any],
        work: Path,
        *,
        progress: Progress = no_progress,
        on_event: Callable[[child.Event], None] = lambda event: None,
        **options: Any,
    ) -> dict[str, Path]:
        """The outputs by name, as `child.run`."""


class Segmenter(child.Warm):
    """Draws on one CT after the other in a process that stays: PyTorch is imported and a model loaded once.

    >>> with Segmenter() as segmenter:
    ...     results = [segmenter.segment(ct, model, work=work) for ct, work in cases]

    Parameters
    ----------
    **options
        `child.Warm`'s: `idle_s`, `environment`, `python`.
    """

    def __init__(self, **options: Any):
        super().__init__(WORKER, what=WHAT, **options)

    def segment(self, ct: sitk.Image, model: Model, *, work: Path, **options: Any) -> SegmentationResult:
        """See `segment`."""
        return segment(ct, model, work=work, worker=self, **options)
