"""A loaded network that draws many CTs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from ...child.system import cpu_cores, free_memory_bytes
from ...errors import PTLFError, is_out_of_memory
from ...progress import Progress, no_progress
from ..how import How, Mirroring, Precision, Runtime
from . import memory
from .box import Box
from .folds import Folds
from .planned import unfit
from .run import Run
from .telling import Stopped, Teller

if TYPE_CHECKING:
    from ..model_folder import Facts

TILE_STEP = 0.5
"""nnU-Net's default: neighbouring tiles overlap by half."""

ON_THE_CPU = How("cpu")

NOT_MIRRORED = (
    "The training of this network mirrored nothing along the axes that were chosen: it draws without mirroring."
)


@dataclass(frozen=True)
class Drawing:
    """What a network drew.

    Attributes
    ----------
    labels : ndarray of uint8, shape (z, y, x)
        The model's labels on the CT's grid.
    settings : mapping
        ``configuration``, ``folds``, ``mirroring`` (what was done), ``tile_step``, ``box``, ``device``, ``runtime``,
        ``tiles``, ``passes``, ``organ_box`` (of a long scan: outside of it nothing was drawn) and ``fallbacks``: the
        steps back that memory asked for, in words.
    """

    labels: np.ndarray
    settings: Mapping[str, Any]


class Network:
    """One loaded network; stays loaded for many CTs.

    Parameters
    ----------
    facts : model_folder.Facts
        What `model_folder.check` found in the folder.
    configuration : str
        Must be that of the weights; "" takes it from them.
    folds : sequence of str
        "0", "all" ...; empty: all there are.
    how : How
        Its device is "cpu", "cuda:0" ... ("auto" is for `device.choose`); a mirroring of None is that of the weights.

    Raises
    ------
    UnusableModel
        Where the folder is none that this draws with: the sentence says why.
    """

    def __init__(
        self,
        facts: Facts,
        *,
        configuration: str = "",
        folds: Sequence[str] = (),
        how: How = ON_THE_CPU,
    ):
        self._take(Folds(facts, configuration, folds), how)

    def _take(self, folds: Folds, how: How) -> None:
        self._folds = folds
        self.device, self.tile_step, self.mirroring = how.device, how.tile_step or TILE_STEP, how.mirroring
        self.configuration, self.folds = folds.planned.configuration, folds.names

    def predict(
        self,
        ct: sitk.Image,
        *,
        box: Box | None = None,
        organ: Collection[int] = (),
        wanted: Collection[int] = (),
        progress: Progress = no_progress,
        on_estimate: Callable[[float], None] = lambda seconds: None,
        on_notice: Callable[[str], None] = lambda sentence: None,
    ) -> Drawing:
        """The model's labels.

        Parameters
        ----------
        ct : sitk.Image
            HU, index axes as in the model's training images.
        box : Box, optional
            What alone is wanted: drawn as if the CT ended there; outside of it is background.
        organ : collection of int
            Labels of one organ.  Where given and the scan is long, only what lies near them is drawn.
        wanted : collection of int
            Labels that count.  Where given, others may come out as background, which is faster where there are many.
        progress : Progress
            Stages "Preparing the CT", "Finding the organ" (of a long scan), "Tiles", "Drawing the labels".  What it
            raises ends the run and comes back as it is.
        on_estimate : callable
            Told the seconds left for the tiles, after the first.
        on_notice : callable
            Told in a sentence where memory asked for a step back, or may not do for the last one.
        """
        told = Teller(progress, on_estimate)
        left_right = self._left_right(ct)
        axes = (self.mirroring or Mirroring.ALL).axes(self._folds.mirror_axes, left_right)
        if self.mirroring not in (None, Mirroring.NONE) and not axes:
            on_notice(NOT_MIRRORED)
        ways = self._ways()
        fallbacks: list[str] = []

        def step_back(reason: str) -> None:
            fallbacks.append(f"{reason}: {ways[0].says}.")
            self.release()
            on_notice(fallbacks[-1])

        while (short := self._shortage(ct, box, ways[0])) and len(ways) > 1:
            ways.pop(0)
            step_back(short)
        if short:
            on_notice(f"{short}: it may not do.")
        while True:
            try:
                labels, took = self._drawn(ct, box, ways[0], told, mirror_axes=axes, organ=organ, wanted=wanted)
                break
            except Stopped as stopped:
                raise stopped.cause from None
            except PTLFError:
                raise
            except Exception as error:
                failed, ways = ways[0], memory.after(error, ways)
                if not ways and is_out_of_memory(error):
                    raise
                if not ways:
                    raise unfit(error) from error
                reason = memory.reason(error, failed)
            step_back(reason)  # only now: the traceback held the tensors
        settings = {
            "configuration": self.configuration,
            "folds": list(self.folds),
            "mirroring": Mirroring.of(axes, left_right),
            "tile_step": self.tile_step,
            "box": None if box is None else box.to_list(),
            "device": ways[0].device,
            "runtime": self.runtime,
            **took,
            "fallbacks": fallbacks,
        }
        return Drawing(labels, settings)

    def peak_bytes(
        self, size_xyz: Sequence[int], spacing_xyz: Sequence[float], box: Box | None = None
    ) -> dict[str, int]:
        """Estimated peak: ``ram`` of this process, libraries and CT included, and ``gpu``, in bytes.

        Parameters
        ----------
        size_xyz : sequence of int
            Of the CT.
        spacing_xyz : sequence of float
            mm.
        box : Box, optional
        """
        return self._peak(size_xyz, spacing_xyz, box, self._ways()[0])

    def release(self) -> None:
        """Give back the memory of the weights; the next CT loads them again."""
        self._folds.release()
        if self.device == "cpu":
            return
        import torch

        with contextlib.suppress(RuntimeError):
            torch.cuda.empty_cache()

    def _drawn(
        self, ct: sitk.Image, box: Box | None, way: memory.Way, told: Teller, **options: Any
    ) -> tuple[np.ndarray, dict[str, Any]]:
        array = sitk.GetArrayViewFromImage(ct)
        part = array if box is None else array[box.checked(ct.GetSize()).slices]
        labels, took = self._run(way, told, options, part, ct.GetSpacing()[::-1])
        if box is None:
            return labels, took
        if took["organ_box"]:
            took["organ_box"] = [[at + low for at, low in zip(c, box.start, strict=True)] for c in took["organ_box"]]
        whole = np.zeros(array.shape, np.uint8)
        whole[box.slices] = labels
        return whole, took

    def _run(
        self, way: memory.Way, told: Teller, options: Mapping[str, Any], *on: Any
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """`Run.labels` of an array with a spacing."""
        with _inference(way.device):
            return Run(self._folds, way, tile_step=self.tile_step, told=told, **options).labels(*on)

    @property
    def runtime(self) -> dict[str, Any]:
        """What computes, for the record."""
        return {"name": Runtime.TORCH, "version": version("torch"), "precision": Precision.F32}

    def _ways(self) -> list[memory.Way]:
        return memory.ways(self.device, self._folds.planned.patch)

    def _left_right(self, ct: sitk.Image) -> int:
        """The axis of the network's grid along which the patient's left and right lie."""
        letters = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(ct.GetDirection())
        of_array = 2 - next(n for n, letter in enumerate(letters) if letter in "LR")
        return self._folds.planned.forward.index(of_array)

    def _shortage(self, ct: sitk.Image, box: Box | None, way: memory.Way) -> str:
        """Why the memory of a way will not do, as the beginning of a sentence; "" where it should."""
        needed = self._peak(ct.GetSize(), ct.GetSpacing(), box, way)
        on_cpu = way.device == "cpu"
        whose, least = ("The computer", needed["ram"]) if on_cpu else (way.device, needed["gpu"])
        free = free_memory_bytes() if on_cpu else memory.free_gpu_bytes(way.device)
        if free is None or free >= least:
            return ""
        return f"{whose} has {free / 2**30:.1f} GB free, about {least / 2**30:.1f} are needed"

    def _peak(self, size: Sequence[int], spacing: Sequence[float], box: Box | None, way: memory.Way) -> dict[str, int]:
        drawn = size if box is None else box.size
        return memory.peak_bytes(self._folds, drawn, spacing, way, math.prod(size))


@contextlib.contextmanager
def _inference(device: str) -> Iterator[None]:
    """As nnU-Net's predictor: half precision on a GPU, and the fastest convolutions for the one size of tile.

    On the CPU as many threads as this process may use cores.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(cpu_cores())
    try:
        with torch.inference_mode(), torch.autocast("cuda", enabled=device != "cpu"):
            torch.backends.cudnn.benchmark = True
            yield
    finally:
        torch.set_num_threads(threads)
