"""A loaded network that draws many CTs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from ...child.system import cpu_cores
from ...errors import PTLFError, UnusableModel, is_out_of_memory
from ...progress import Progress, no_progress
from ..weights import load_checkpoint
from . import long_scan, memory
from .box import Box
from .drawing import draw
from .planned import planned, unfit
from .preparing import Frame, prepare
from .tiles import Grid, Runner, Tile, logits

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ..model_folder import Facts

TILE_STEP = 0.5
"""nnU-Net's default: neighbouring tiles overlap by half."""


@dataclass(frozen=True)
class Drawing:
    """What a network drew.

    Attributes
    ----------
    labels : ndarray of uint8, shape (z, y, x)
        The model's labels on the CT's grid.
    settings : mapping
        ``configuration``, ``folds``, ``tta``, ``tile_step``, ``box``, ``device``, ``tiles``, ``passes``, ``organ_box``
        (of a long scan: outside of it nothing was drawn) and ``fallbacks``: the steps back that memory asked for, in
        words.
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
    tile_step : float
        Step from tile to tile as a share of its size.
    tta : bool, optional
        Test-time mirroring; None leaves it to the model.
    device : str
        "cpu", "cuda:0" ...

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
        tile_step: float = TILE_STEP,
        tta: bool | None = None,
        device: str = "cpu",
    ):
        self.device, self.tile_step = device, tile_step
        self._checkpoints = _of_folds(facts.checkpoints, folds)
        self.folds = tuple(path.parent.name.removeprefix("fold_") for path in self._checkpoints)
        first = load_checkpoint(self._checkpoints[0])
        self.configuration = first["init_args"]["configuration"]
        if configuration and configuration != self.configuration:
            raise UnusableModel(f"The weights are of configuration '{self.configuration}', not '{configuration}'.")
        self.planned = planned(facts, self.configuration)
        self.mirror_axes = tuple(int(axis) for axis in first.get("inference_allowed_mirroring_axes") or ())
        self.tta = bool(self.mirror_axes) and (tta is None or tta)
        self._weights_bytes = _bytes_of(first["network_weights"])
        self._networks: list[nn.Module] = []
        self._fill(first)
        self.used = ""

    def predict(
        self,
        ct: sitk.Image,
        *,
        box: Box | None = None,
        organ: Collection[int] = (),
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
            Labels that are wanted.  Where given and the scan is long, only what lies near them is drawn.
        progress : Progress
            Stages "Preparing the CT", "Finding the organ" (of a long scan), "Tiles", "Drawing the labels".  What it
            raises ends the run and comes back as it is.
        on_estimate : callable
            Told the seconds left for the tiles, after the first.
        on_notice : callable
            Told in a sentence where memory asked for a step back.
        """
        told = _Teller(progress, on_estimate)
        if box is not None:
            box.checked(ct.GetSize())
        fallbacks: list[str] = []
        ways = list(memory.ways(self.device))
        while True:
            way = ways.pop(0)
            try:
                with _threads(), _inference(way.device):
                    labels, settings = self._drawn(ct, box, organ, way, told)
                return Drawing(labels, {**self._settings(box, way), **settings, "fallbacks": fallbacks})
            except _Stopped as stopped:
                raise stopped.cause from None
            except PTLFError:
                raise
            except Exception as error:
                ways = _after(error, way, ways)
                if not ways:
                    raise unfit(error) from error
                sentence = _why(error, way) + ways[0].says
            self.release()  # after the except block: its traceback holds the tensors
            fallbacks.append(sentence)
            on_notice(sentence)

    def peak_bytes(
        self, size_xyz: Sequence[int], spacing_xyz: Sequence[float], box: Box | None = None
    ) -> dict[str, int]:
        """Estimated peak of the first way (`memory.ways`): ``ram`` of this process, libraries included, and ``gpu``."""
        return self._peak(size_xyz, spacing_xyz, box, memory.ways(self.device)[0])

    def release(self) -> None:
        """Give the memory of the weights back; the next CT loads them again."""
        self._networks.clear()
        if self.device != "cpu":
            import torch

            with contextlib.suppress(RuntimeError):
                torch.cuda.empty_cache()

    def _peak(self, size: Sequence[int], spacing: Sequence[float], box: Box | None, way: memory.Way) -> dict[str, int]:
        drawn = size if box is None else box.size
        folds, whole = len(self.folds), int(np.prod(size))
        return memory.peak_bytes(self.planned, drawn, spacing, self._weights_bytes, folds, way, whole)

    def _drawn(
        self, ct: sitk.Image, box: Box | None, organ: Collection[int], way: memory.Way, told: _Teller
    ) -> tuple[np.ndarray, dict[str, Any]]:
        array = sitk.GetArrayViewFromImage(ct)
        part = array if box is None else array[box.slices]
        told("Preparing the CT", 0, 1)
        data, frame = prepare(part, ct.GetSpacing()[::-1], self.planned, way.results)
        grid = Grid.over(data.shape, self.planned.patch, self.tile_step)
        data = grid.pad(data)
        told("Preparing the CT", 1, 1)
        runner = Runner(way.device, way.results, self.mirror_axes if self.tta else (), way.batch, told.again)
        region = self._organ_part(data, grid, frame, organ, runner, told)
        labels, settings = self._labels(data, grid, frame, region, runner, way, told)
        if region is not None and _reaches_out(labels, region, organ):
            region = None
            labels, settings = self._labels(data, grid, frame, region, runner, way, told)
        if region is not None:
            inner, labels = labels, np.zeros(frame.inner_shape, np.uint8)
            labels[region] = inner
            settings["organ_box"] = [[axis.start, axis.stop] for axis in region]
        labels = frame.restored(labels, self.planned)
        if box is not None:
            inner, labels = labels, np.zeros(array.shape, np.uint8)
            labels[box.slices] = inner
        return labels, settings

    def _organ_part(
        self,
        data: torch.Tensor,
        grid: Grid,
        frame: Frame,
        organ: Collection[int],
        runner: Runner,
        told: _Teller,
    ) -> Tile | None:
        """Voxels of the CT (`Frame.inner`) near the organ; None: all of them."""
        passes = len(runner.flips) * len(self.folds)
        spacing = frame.new_spacing
        if not organ or not long_scan.is_worth_it(grid, spacing, passes):
            return None
        told.starts("Finding the organ", len(grid.every_second()))
        network = next(self._by_fold(runner.device))
        plain = replace(runner, mirror_axes=(), told=told.tile_done)
        found = long_scan.find_organ(network, data, grid, spacing, plain, self.planned.regions, organ)
        if found is None or len(grid.touching(found)) > long_scan.WORTH * len(grid.tiles()):
            return None
        scale = [full / size for full, size in zip(frame.inner_shape, frame.shape, strict=True)]
        z, y, x = (
            slice(max(int((near.start - pad.start) * factor), 0), min(int((near.stop - pad.start) * factor) + 1, full))
            for near, pad, factor, full in zip(found, grid.inside, scale, frame.inner_shape, strict=True)
        )
        return z, y, x

    def _labels(
        self,
        data: torch.Tensor,
        grid: Grid,
        frame: Frame,
        region: Tile | None,
        runner: Runner,
        way: memory.Way,
        told: _Teller,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Labels of a part of the CT, and how many tiles that took."""
        region = region or tuple(slice(0, size) for size in frame.inner_shape)
        taps = self.planned.logits.taps(frame.shape, frame.inner_shape, frame.new_spacing, frame.spacing)
        cut = [tap.part(axis.start, axis.stop) for tap, axis in zip(taps, region, strict=True)]
        z, y, x = (
            slice(pad.start + need.start, pad.start + need.stop)
            for pad, (_, need) in zip(grid.inside, cut, strict=True)
        )
        tiles = grid.touching((z, y, x))
        told.starts("Tiles", len(tiles) * len(self.folds))
        runner = replace(runner, told=told.tile_done)
        total = None
        for network in self._by_fold(way.device, way.fold_by_fold):
            outputs = logits(network, data, tiles, grid, (z, y, x), self.planned.heads, runner)
            total = outputs if total is None else total.add_(outputs)
            del outputs
        if len(self.folds) > 1:
            total.div_(len(self.folds))
        labels = draw(
            total,
            [tap for tap, _ in cut],
            self.planned.regions,
            self.planned.logits.name,
            slab_voxels=way.slab_voxels,
            told=lambda done, of: told("Drawing the labels", done, of),
        )
        return labels, {"tiles": len(tiles), "passes": len(tiles) * len(self.folds) * len(runner.flips)}

    def _by_fold(self, device: str, one_at_a_time: bool = False) -> Iterator[nn.Module]:
        if one_at_a_time:
            self._networks.clear()
            for path in self._checkpoints:
                yield self._built(load_checkpoint(path)).to(device)
            return
        if not self._networks:
            self._fill(load_checkpoint(self._checkpoints[0]))
        for network in self._networks:
            yield network.to(device)

    def _fill(self, first: Mapping[str, Any]) -> None:
        self._networks = [self._built(first)]
        self._networks += [self._built(load_checkpoint(path)) for path in self._checkpoints[1:]]

    def _built(self, checkpoint: Mapping[str, Any]) -> nn.Module:
        try:
            network = self.planned.build()
            network.load_state_dict(checkpoint["network_weights"])
        except Exception as error:
            raise unfit(error) from error
        return network.eval().requires_grad_(False)

    def _settings(self, box: Box | None, way: memory.Way) -> dict[str, Any]:
        return {
            "configuration": self.configuration,
            "folds": list(self.folds),
            "tta": self.tta,
            "tile_step": self.tile_step,
            "box": None if box is None else box.to_list(),
            "organ_box": None,
            "device": way.device,
        }


def _of_folds(checkpoints: Sequence[Path], folds: Sequence[str]) -> list[Path]:
    named = {path.parent.name.removeprefix("fold_"): path for path in checkpoints}
    if missing := [fold for fold in folds if fold not in named]:
        raise UnusableModel(f"The model has no fold '{missing[0]}', only {', '.join(named)}.")
    return [named[fold] for fold in folds] or list(checkpoints)


def _bytes_of(weights: Mapping[str, torch.Tensor]) -> int:
    """In single precision; nnU-Net lists the same tensors under several names."""
    return 4 * sum({tensor.data_ptr(): tensor.numel() for tensor in weights.values()}.values())


def _reaches_out(labels: np.ndarray, region: Tile, organ: Collection[int]) -> bool:
    return False


def _after(error: Exception, way: memory.Way, left: list[memory.Way]) -> list[memory.Way]:
    """The ways that may still do: the next where memory was short, the CPU where a GPU failed for another reason."""
    if is_out_of_memory(error):
        return left
    if way.device != "cpu" and isinstance(error, RuntimeError):
        return [other for other in left if other.device == "cpu"]
    return []


def _why(error: Exception, way: memory.Way) -> str:
    if is_out_of_memory(error):
        whose = "The memory of the computer" if way.device == "cpu" else f"The memory of {way.device}"
        return f"{whose} did not suffice: "
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return f"{way.device} failed ({reason}): "


class _Stopped(BaseException):
    """What a progress callback raised; no handler of errors takes it for one of the network."""

    def __init__(self, cause: Exception):
        super().__init__()
        self.cause = cause


class _Teller:
    """Progress, and the time that the tiles will take."""

    def __init__(self, progress: Progress, on_estimate: Callable[[float], None]):
        self._progress, self._on_estimate = progress, on_estimate
        self.stage, self.done, self.total, self.start = "", 0, 0, 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.stage, self.done, self.total = stage, done, total
        try:
            self._progress(stage, done, total)
        except Exception as error:
            raise _Stopped(error) from error

    def again(self) -> None:
        """A sign of life, and a moment to stop at."""
        self(self.stage, self.done, self.total)

    def starts(self, stage: str, total: int) -> None:
        self.start = time.monotonic()
        self(stage, 0, total)

    def tile_done(self) -> None:
        if self.stage == "Tiles" and not self.done:
            self._on_estimate((self.total - 1) * (time.monotonic() - self.start))
        self(self.stage, self.done + 1, self.total)


@contextlib.contextmanager
def _threads() -> Iterator[None]:
    """As many threads as this process may use cores, for the run."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(cpu_cores())
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _inference(device: str) -> Iterator[None]:
    """As nnU-Net's predictor: half precision on a GPU, and the fastest convolutions for the one size of tile."""
    import torch

    with torch.inference_mode():
        if device == "cpu":
            yield
            return
        torch.backends.cudnn.benchmark = True
        with torch.autocast("cuda"):
            yield
