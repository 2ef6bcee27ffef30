"""How much memory a run takes, and the steps back where there is too little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import is_out_of_memory
from .drawing import SLAB_VOXELS
from .folds import Folds
from .planned import Planned
from .preparing import frame
from .resampling import SPLINES

LIBRARIES_BYTES = 450 << 20
"""Python, torch and nnU-Net before anything is loaded."""

CUDA_BYTES = 700 << 20
"""CUDA's context, cuDNN and its workspace."""

BATCH_VOXELS = 1 << 22
"""Of the passes that a GPU computes at once: two of 128 x 128 x 128."""


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


def ways(device: str, patch: Sequence[int]) -> list[Way]:
    """From the fastest to the most sparing."""
    gpu = [
        Way(device, device, batch=max(1, min(4, BATCH_VOXELS // math.prod(patch))), slab_voxels=4 * SLAB_VOXELS),
        Way(device, "cpu", says="the outputs of the network are now added up in the computer's memory"),
    ]
    cpu = [
        Way("cpu", "cpu", says="the CPU draws now, which takes longer"),
        Way(
            "cpu",
            "cpu",
            slab_voxels=SLAB_VOXELS // 16,
            fold_by_fold=True,
            says="weights are now read fold by fold, and labels drawn in thin slabs",
        ),
    ]
    return cpu if device == "cpu" else gpu + cpu


def after(error: Exception, ways: Sequence[Way]) -> list[Way]:
    """What is left of `ways` when the first one failed: the CPU, where a GPU did so for another reason than memory."""
    if is_out_of_memory(error):
        return list(ways[1:])
    if ways[0].device != "cpu" and isinstance(error, RuntimeError):
        return [way for way in ways if way.device == "cpu"]
    return []


def reason(error: Exception, way: Way) -> str:
    """Why a way failed, as the beginning of a sentence."""
    if is_out_of_memory(error):
        return f"The memory of {'the computer' if way.device == 'cpu' else way.device} did not suffice"
    words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return f"{way.device} failed ({words})"


def peak_bytes(
    folds: Folds, size_xyz: Sequence[int], spacing_xyz: Sequence[float], way: Way, ct_voxels: int
) -> dict[str, int]:
    """Estimated peak of this process, libraries included (``ram``), and of the GPU (``gpu``).

    Parameters
    ----------
    folds : Folds
    size_xyz : sequence of int
        Voxels that are drawn (of the box).
    spacing_xyz : sequence of float
        mm.
    way : Way
    ct_voxels : int
        Of the whole CT, which is held with two bytes each, and its labels with one.
    """
    planned = folds.planned
    there = frame(size_xyz[::-1], spacing_xyz[::-1], planned)
    drawn = math.prod(size_xyz)
    grid = math.prod(max(size, tile) for size, tile in zip(there.shape, planned.patch, strict=True))
    preparing = 4 * (drawn + grid)
    if planned.data.name == SPLINES and there.shape != there.inner_shape:
        in_plane = there.inner_shape[0] * math.prod(there.shape[1:])
        preparing += 8 * (2 * in_plane + 2 * grid)
    outputs = 2 * grid * (planned.heads * min(len(folds.names), 2) + 1)
    running = tile_bytes(planned, 4 if way.device == "cpu" else 2) * way.batch
    drawing = 2 * grid * planned.heads + 3 * grid + drawn + 34 * way.slab_voxels
    weights = folds.weights_bytes * (1 if way.fold_by_fold else len(folds.names))
    ram = LIBRARIES_BYTES + 3 * ct_voxels
    if way.device == "cpu":
        return {"ram": ram + weights + max(preparing, 4 * grid + outputs + running, drawing), "gpu": 0}
    gpu, ram = CUDA_BYTES + weights, ram + CUDA_BYTES
    if way.results == "cpu":
        return {"ram": ram + max(preparing, 4 * grid + outputs, drawing), "gpu": gpu + running}
    return {"ram": ram + 4 * drawn, "gpu": gpu + max(preparing, 4 * grid + outputs + running, drawing)}


def tile_bytes(planned: Planned, element_bytes: int) -> int:
    """Of one tile on its way: `activations`, and the outputs."""
    return activations(planned, element_bytes) + 8 * planned.heads * math.prod(planned.patch)


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


def free_gpu_bytes(device: str) -> int:
    """What a GPU can still give, with what torch holds of it unused."""
    import torch

    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + kept
