"""How much memory a run takes, and the steps back where there is too little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...child.system import free_memory_bytes
from .drawing import CHUNK_VOXELS, SLAB_VOXELS
from .planned import Planned
from .preparing import frame
from .resampling import SPLINES

LIBRARIES_BYTES = 450 << 20
"""Python, torch and nnU-Net before anything is loaded."""

CUDA_BYTES = 700 << 20
"""CUDA's context, cuDNN and its workspace."""


@dataclass(frozen=True)
class Way:
    """How a run uses memory; each next one takes less.

    Attributes
    ----------
    device, results : str
        Of the network, and where its outputs are added up and drawn.
    batch : int
        Tiles at once.
    slab_voxels : int
        See `drawing.draw`.
    fold_by_fold : bool
        Weights are read when they are used, one fold after the other.
    says : str
        What is done now, after "... did not suffice: ".
    """

    device: str
    results: str
    batch: int = 1
    slab_voxels: int = SLAB_VOXELS
    fold_by_fold: bool = False
    says: str = ""


def ways(device: str) -> tuple[Way, ...]:
    """From the fastest to the most sparing."""
    cpu = (
        Way("cpu", "cpu", says="the CPU draws now, which takes longer."),
        Way(
            "cpu",
            "cpu",
            slab_voxels=SLAB_VOXELS // 16,
            fold_by_fold=True,
            says="weights are now read fold by fold and labels drawn in thin slabs.",
        ),
    )
    if device == "cpu":
        return cpu
    gpu = (
        Way(device, device, batch=BATCH),
        Way(device, "cpu", says="the outputs of the network are now added up in the computer's memory."),
    )
    return gpu + cpu


BATCH = 2
"""Tiles at once on a GPU."""


def peak_bytes(
    planned: Planned,
    size_xyz: Sequence[int],
    spacing_xyz: Sequence[float],
    weights_bytes: int,
    folds: int,
    way: Way,
    ct_voxels: int,
) -> dict[str, int]:
    """Estimated peak of this process, libraries included (``ram``), and of the GPU (``gpu``).

    Parameters
    ----------
    planned : Planned
    size_xyz : sequence of int
        Voxels that are drawn (of the box).
    spacing_xyz : sequence of float
        mm.
    weights_bytes, folds : int
        Of one fold, and their number.
    way : Way
    ct_voxels : int
        Of the whole CT, which is held with two bytes each, and its labels with one.
    """
    there = frame(size_xyz[::-1], spacing_xyz[::-1], planned)
    drawn = math.prod(size_xyz)
    grid = math.prod(max(size, tile) for size, tile in zip(there.shape, planned.patch, strict=True))
    on_gpu, results_on_gpu = way.device != "cpu", way.results != "cpu"
    preparing = 4 * drawn + 4 * grid
    if planned.data.name == SPLINES and there.shape != tuple(size_xyz[::-1]):
        in_plane = drawn // max(math.prod(there.inner_shape[1:]), 1) * math.prod(there.shape[1:])
        preparing += 8 * (2 * in_plane + 2 * grid)
    outputs = 2 * grid * (planned.heads * (2 if folds > 1 else 1) + 1)
    running = activations(planned, 2 if on_gpu else 4) * way.batch + 4 * planned.heads * math.prod(planned.patch)
    drawing = 2 * grid * planned.heads + 3 * grid + drawn + 24 * way.slab_voxels + 160 * CHUNK_VOXELS
    weights = weights_bytes * (1 if way.fold_by_fold else folds)
    results = max(preparing, 4 * grid + outputs, drawing)
    ram, gpu = LIBRARIES_BYTES + 3 * ct_voxels, 0
    if not on_gpu:
        ram += weights + max(preparing, 4 * grid + outputs + running, drawing)
    else:
        gpu = (
            CUDA_BYTES
            + weights
            + (max(preparing, 4 * grid + outputs + running, drawing) if results_on_gpu else running)
        )
        ram += (CUDA_BYTES + 4 * drawn) if results_on_gpu else CUDA_BYTES + results
    return {"ram": int(ram), "gpu": int(gpu)}


def activations(planned: Planned, element_bytes: int) -> int:
    """Bytes of one pass: what the encoder keeps for the decoder, and the last and largest level of the decoder.

    That level holds its concatenated input (twice the features), the output of a convolution, and that normalised; on
    a CPU oneDNN holds input and output once more, in its own order.
    """
    arguments = planned.architecture[1]
    stages = int(arguments["n_stages"])
    features = arguments["features_per_stage"]
    features = features if isinstance(features, Sequence) else [features * 2**n for n in range(stages)]
    voxels, kept = float(math.prod(planned.patch)), 0.0
    for n in range(stages):
        stride = arguments["strides"][n]
        voxels /= math.prod(stride) if isinstance(stride, Sequence) else stride ** len(planned.patch)
        kept += features[n] * voxels
    largest = features[0] * math.prod(planned.patch)
    return int(element_bytes * (kept + (4 if element_bytes == 2 else 6) * largest))


def free(device: str) -> dict[str, float]:
    """Bytes that are free: ``ram``, ``gpu``; infinite where the system does not tell."""
    told = free_memory_bytes()
    ram = math.inf if told is None else float(told)
    if device == "cpu":
        return {"ram": ram, "gpu": math.inf}
    import torch

    number = torch.device(device).index or 0
    reserved = torch.cuda.memory_reserved(number) - torch.cuda.memory_allocated(number)
    return {"ram": ram, "gpu": float(torch.cuda.mem_get_info(number)[0] + reserved)}
