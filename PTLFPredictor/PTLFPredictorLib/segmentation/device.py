"""Where the network runs, and why there."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from ..child.system import cpu_cores, has_nvidia_driver
from ..errors import BadInput, is_out_of_memory

FREE_GPU_BYTES = 2 << 30
"""Below this much free GPU memory nnU-Net's usual patches do not fit."""


@dataclass(frozen=True)
class Device:
    """A torch device by name ("cpu", "cuda:0") and the sentence why it was chosen."""

    name: str
    why: str

    @property
    def is_cpu(self) -> bool:
        return self.name == "cpu"


def choose(wanted: str = "auto") -> Device:
    """The device to run on; the CPU, with the reason, where the wanted GPU cannot be used.

    Parameters
    ----------
    wanted : str
        "auto", "cpu" or "cuda:N".

    Raises
    ------
    BadInput
        For any other word.
    """
    number = number_of(wanted)
    if number is None:
        return Device("cpu", f"chosen ({_cores()})")
    if "torch" not in sys.modules and not has_nvidia_driver():  # its import takes as long as OpenVINO draws a CT
        return Device("cpu", f"no NVIDIA GPU with a working driver was found ({_cores()})")
    import torch

    if not torch.backends.cuda.is_built():
        return Device("cpu", f"this PyTorch was built without CUDA ({_cores()})")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        return Device("cpu", f"no NVIDIA GPU with a working driver was found ({_cores()})")
    if number >= count:
        return Device("cpu", f"there is no GPU {number}, only {count} GPU(s) numbered from 0 ({_cores()})")
    name = f"cuda:{number}"
    try:
        title = torch.cuda.get_device_name(number)
        free, total = torch.cuda.mem_get_info(number)
        torch.zeros(1, device=name).add(1).item()  # a GPU that this PyTorch cannot drive says so only here
    except RuntimeError as error:
        return after_failure(Device(name, ""), error)
    if free < FREE_GPU_BYTES:
        return Device("cpu", f"the GPU {title} has only {free / 2**30:.1f} of {total / 2**30:.0f} GB free ({_cores()})")
    return Device(name, f"{title}, {free / 2**30:.0f} GB free")


def after_failure(device: Device, error: RuntimeError) -> Device:
    """The CPU, when the GPU failed: CUDA, cuDNN and cuBLAS have many words for too little memory."""
    if is_out_of_memory(error):
        return Device("cpu", f"the memory of {device.name} did not suffice ({_cores()})")
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return Device("cpu", f"{device.name} failed: {reason} ({_cores()})")


def number_of(wanted: str) -> int | None:
    """GPU number, None for the CPU; raises `BadInput` for what is no device."""
    if wanted == "cpu":
        return None
    if wanted in ("auto", "cuda"):
        return 0
    if wanted.startswith("cuda:") and wanted[5:].isdecimal():
        return int(wanted[5:])
    raise BadInput(f"'{wanted}' is no device; auto, cpu or cuda:N (a number from 0) is.")


def _cores() -> str:
    return f"{cpu_cores()} CPU cores"
