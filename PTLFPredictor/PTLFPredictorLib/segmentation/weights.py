"""Load the weights of a model with PyTorch's restricted loader, never with nnU-Net's own unrestricted one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UnusableModel, is_out_of_memory


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The checkpoint of one fold: ``network_weights``, ``init_args``, ``inference_allowed_mirroring_axes`` ...

    Raises
    ------
    UnusableModel
        When the file holds anything but tensors and plain values, or is damaged.
    """
    import torch

    core = np._core if hasattr(np, "_core") else np.core
    allowed = [
        core.multiarray.scalar,
        (core.multiarray.scalar, "numpy.core.multiarray.scalar"),  # as NumPy 1 names it
        np.dtype,
        np.dtypes.Float32DType,
        np.dtypes.Float64DType,
    ]
    try:
        with torch.serialization.safe_globals(allowed):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        weights = checkpoint["network_weights"]
        configuration = checkpoint["init_args"]["configuration"]
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = (str(error).strip().splitlines() or [""])[0]
        raise UnusableModel(
            f"The weights {path.parent.name}/{path.name} cannot be used: {type(error).__name__}: {reason[:300]}"
        ) from error
    if not isinstance(configuration, str) or not isinstance(weights, dict) or not weights:
        raise UnusableModel(f"The weights {path.parent.name}/{path.name} are not of nnU-Net v2.")
    if not all(torch.is_tensor(tensor) and torch.isfinite(tensor).all() for tensor in weights.values()):
        raise UnusableModel(f"The weights {path.parent.name}/{path.name} are not finite; the training failed.")
    return checkpoint
