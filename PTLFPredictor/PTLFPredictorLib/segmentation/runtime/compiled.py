"""OpenVINO: whether it is there, what this processor can, and a network compiled for it."""

from __future__ import annotations

import importlib.util
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import numpy as np

from ...child.system import cpu_cores, cpu_flags
from ...errors import MissingDependency, UnusableModel, is_out_of_memory
from ..how import Precision

PACKAGE = "openvino"
REQUIREMENT = "openvino>=2024.6"
"""As an installer takes it: whatever version it is, its labels are compared before they are taken."""

MISSING = (
    "OpenVINO is not installed: './ptlf segment --runtime openvino ...' installs it; in Slicer, "
    "slicer.util.pip_install('openvino'). PyTorch draws without it (--runtime torch)."
)

BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
"""Of a processor that computes in bf16; on others OpenVINO imitates it, which is slower than single precision."""


def installed() -> str:
    """Version of the OpenVINO that is installed, "" without one; imports nothing of it."""
    try:
        return version(PACKAGE) if importlib.util.find_spec(PACKAGE) else ""
    except PackageNotFoundError:
        return ""


def imported() -> ModuleType:
    """OpenVINO; its reports of use to the maker stay on this computer.

    Raises
    ------
    MissingDependency
        Where it is not installed, or cannot be loaded.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # an ImportError, after which OpenVINO sends nothing
    try:
        import openvino
    except Exception as error:  # a library that does not fit says it in errors of many kinds
        if installed():
            told = f"OpenVINO is installed, but cannot be loaded here: {' '.join(str(error).split())[:300]}"
            raise MissingDependency(told) from error
        raise MissingDependency(MISSING) from error
    return openvino


def precisions() -> tuple[Precision, ...]:
    """Those that this processor computes in."""
    return (Precision.F32, *((Precision.BF16,) if BF16_FLAGS & cpu_flags() else ()))


class Compiled:
    """One fold, compiled for this processor.

    Parameters
    ----------
    path : Path
        The network as OpenVINO writes it (``.xml``, with its ``.bin`` beside it).
    precision : Precision
    streams : int
        Tiles at once, each on its share of the cores: less processor time than all cores on one tile.
    """

    def __init__(self, path: Path, precision: Precision, streams: int):
        core = imported().Core()
        options = {
            "INFERENCE_PRECISION_HINT": precision.value,
            "INFERENCE_NUM_THREADS": cpu_cores(),
            "NUM_STREAMS": streams,
        }
        try:
            model = core.compile_model(core.read_model(path), "CPU", options)
            self._requests = [model.create_infer_request() for _ in range(streams)]
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise UnusableModel(f"OpenVINO cannot compile the network: {' '.join(str(error).split())[:300]}") from error

    def outputs(self, tiles: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """What the network says of each tile, in their order.

        Parameters
        ----------
        tiles : iterable of ndarray of float32, shape (z, y, x)

        Yields
        ------
        ndarray of float32, shape (heads, z, y, x)
            Good until the next one is asked for.
        """
        free, busy = deque(self._requests), deque()
        try:
            for tile in tiles:
                if not free:
                    yield from self._done(busy, free)
                request = free.popleft()
                request.start_async({0: np.ascontiguousarray(tile)[None, None]}, share_inputs=False)
                busy.append(request)
            while busy:
                yield from self._done(busy, free)
        finally:
            for request in busy:  # whoever asks has stopped: nothing goes on behind
                request.cancel()
                request.wait()

    @staticmethod
    def _done(busy: deque, free: deque) -> Iterator[np.ndarray]:
        request = busy[0]
        request.wait()
        busy.popleft()
        yield request.get_output_tensor(0).data[0]
        free.append(request)


def streams_of(tile_bytes: int, most_bytes: int) -> int:
    """Tiles at once: one for each core, as long as together they take no more than `most_bytes`."""
    return max(1, min(cpu_cores(), most_bytes // max(tile_bytes, 1)))
