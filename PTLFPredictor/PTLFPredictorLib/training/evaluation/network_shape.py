"""What a network looks like, as plans.json says it: its stages with their sizes, channels and convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import BadInput


@dataclass(frozen=True)
class Stage:
    """One resolution of a U-Net; sizes in the order of nnU-Net's arrays (z, y, x; two numbers in a 2D network).

    Attributes
    ----------
    size : tuple of int
        Of the patch at this stage, in voxels.
    stride : tuple of int
        From the stage before.
    kernel : tuple of int
    features : int
        Channels.
    down, up : int
        Convolutions of the encoder (residual blocks in a residual encoder), and of the decoder; the lowest stage has
        none of these.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...]
    kernel: tuple[int, ...]
    features: int
    down: int
    up: int


@dataclass(frozen=True)
class NetworkShape:
    """A U-Net of nnU-Net.

    Attributes
    ----------
    stages : tuple of Stage
        From the input's resolution down.
    residual : bool
        Whether the encoder is of residual blocks (ResEnc).
    spacing_mm : tuple of float
        Of the voxels it sees.
    batch : int
        Patches in one step of training.
    normalisation, activation : str
        After each convolution, as PyTorch names them.
    """

    stages: tuple[Stage, ...]
    residual: bool
    spacing_mm: tuple[float, ...]
    batch: int
    normalisation: str
    activation: str


def shape_of(plans: Mapping[str, Any], configuration: str) -> NetworkShape:
    """The network of a configuration.

    Raises
    ------
    BadInput
        Where the plans do not describe a U-Net as nnU-Net 2.2 and later write it.
    """
    try:
        found = _with_parents(plans["configurations"], configuration)
        architecture = found["architecture"]
        kind, arguments = architecture["network_class_name"].rpartition(".")[2], architecture["arch_kwargs"]
        residual = kind.startswith("ResidualEncoder")
        n = arguments["n_stages"]
        features, strides, kernels = (
            _each(arguments[name], n) for name in ("features_per_stage", "strides", "kernel_sizes")
        )
        down = _each(arguments["n_blocks_per_stage" if residual else "n_conv_per_stage"], n)
        up = [*_each(arguments["n_conv_per_stage_decoder"], n - 1), 0]
        size = np.array(found["patch_size"])
        stages = []
        for k in range(n):
            stride, kernel = (_tuple(one[k], size.size) for one in (strides, kernels))
            size = -(-size // stride)
            stages.append(Stage(tuple(size.tolist()), stride, kernel, int(features[k]), int(down[k]), int(up[k])))
        return NetworkShape(
            tuple(stages),
            residual,
            tuple(map(float, found["spacing"])),
            int(found["batch_size"]),
            _name(arguments["norm_op"]),
            _name(arguments["nonlin"]),
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise BadInput(f"The plans do not describe the network of '{configuration}' ({error}).") from error


def _with_parents(configurations: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """A configuration with what it inherits."""
    chain = [configurations[name]]
    while (parent := chain[-1].get("inherits_from")) is not None:
        if len(chain) > len(configurations):
            raise ValueError("it inherits from itself")
        chain.append(configurations[parent])
    return {key: value for one in reversed(chain) for key, value in one.items()}


def _each(value: Any, n: int) -> list[Any]:
    """nnU-Net's "one number stands for all stages"."""
    return list(value) if isinstance(value, Sequence) else [value] * n


def _tuple(value: int | Sequence[int], n: int) -> tuple[int, ...]:
    return tuple(map(int, value)) if isinstance(value, Sequence) else (int(value),) * n


def _name(path: str) -> str:
    return path.rpartition(".")[2]
