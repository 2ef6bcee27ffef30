"""What computes a step's network, and why: OpenVINO where it was asked for, or where it is known to draw the same."""

from __future__ import annotations

from dataclasses import dataclass

from ...child.system import cpu_cores, cpu_name
from ...errors import BadInput, MissingDependency, PTLFError
from .. import device as devices
from ..how import How, Precision, Runtime
from . import converted
from .compiled import MISSING, installed, precisions
from .converted import Converted

BF16_ON_CPU = (
    "bf16 is a precision of OpenVINO, which computes on the CPU: add --runtime openvino, or leave out --precision."
)


@dataclass(frozen=True)
class Choice:
    """What computes.

    Attributes
    ----------
    runtime : Runtime
        `TORCH` or `OPENVINO`.
    why : str
        A sentence for event, panel and record; "" where there is nothing to tell: torch, and no other choice here.
    found : Converted, optional
        What OpenVINO draws with; None where the network has to be converted first, which was asked for.
    """

    runtime: Runtime
    why: str = ""
    found: Converted | None = None


def require_possible(how: How) -> None:
    """Raise `BadInput` where what was asked for is nothing or contradicts itself, whatever computer it is."""
    devices.number_of(how.device)
    if how.precision is Precision.BF16 and how.runtime is Runtime.TORCH:
        raise BadInput(BF16_ON_CPU)
    if how.runtime is Runtime.OPENVINO and how.device not in ("auto", "cpu"):
        raise BadInput(f"OpenVINO computes on the CPU here, not on {how.device}: leave out --runtime or --device.")


def device_for(how: How) -> devices.Device:
    """The device of a run: the CPU where OpenVINO was asked for.

    Raises
    ------
    BadInput
        Where what was asked for contradicts itself, or this processor cannot compute so.
    MissingDependency
        Where OpenVINO was asked for and is not installed.
    """
    require_possible(how)
    if how.precision is Precision.BF16 and Precision.BF16 not in precisions():
        raise BadInput(
            f"This processor ({cpu_name()}) does not compute in bf16 (avx512_bf16 or amx_bf16 is needed), or the "
            "system does not tell: leave out --precision."
        )
    if how.runtime is not Runtime.OPENVINO:
        return devices.choose(how.device)
    if not installed():
        raise MissingDependency(MISSING)
    return devices.Device("cpu", f"OpenVINO was chosen, which computes there ({cpu_cores()} CPU cores)")


def choose(how: How, device: devices.Device, key: str, model: str, *, read: bool = True) -> Choice:
    """What computes one step on a device (`device_for`).

    Parameters
    ----------
    how : How
    device : Device
    key : str
        `converted.key_of` the step.
    model : str
        Its id, for the sentence how it is converted.
    read : bool
        Whether the converted files are compared with their checksums: not on the thread of a window.

    Raises
    ------
    BadInput
        Where bf16 was asked for and nothing computes in it.
    """
    if how.runtime is Runtime.OPENVINO:
        return _asked_for(how, key, read)
    reduced = how.precision is Precision.BF16
    if how.runtime is Runtime.TORCH or not device.is_cpu:
        if reduced:
            raise BadInput(BF16_ON_CPU)
        return Choice(Runtime.TORCH)
    told, found = "", converted.find(key, read=read) if installed() else None
    compared = None if found is None else found.comparison(how.precision)
    again = f"'ptlf models convert {model}' does it."
    if not installed():
        told = MISSING if reduced else ""
    elif found is None and converted.is_damaged(key):
        told = f"The converted files are damaged: convert again with 'ptlf models convert {model}'."
    elif found is None:
        told = f"This network was not converted for OpenVINO on this computer: {again}"
    elif not found.is_of_here or compared is None:
        told = f"The network was converted with another OpenVINO, or compared on another processor: {again}"
    elif not reduced and not compared.is_close:
        told = f"With OpenVINO, {compared.words} That is too much, or too little was drawn, to take it by itself."
    else:
        return Choice(Runtime.OPENVINO, said(found, how.precision), found)
    if reduced:
        raise BadInput(f"{told} bf16 is a precision of OpenVINO alone.")
    return Choice(Runtime.TORCH, f"PyTorch draws. {told}" if told else "")


def cannot(how: How, error: Exception) -> Choice:
    """Torch in OpenVINO's place, which was taken by itself and cannot draw.

    Raises
    ------
    Exception
        The error, where only OpenVINO has the precision that was asked for.
    """
    if how.precision is Precision.BF16:
        raise error
    why = error.message if isinstance(error, PTLFError) else f"{type(error).__name__}: {error}"
    return Choice(Runtime.TORCH, f"PyTorch draws. OpenVINO was to draw, but cannot: {why}")


def _asked_for(how: How, key: str, read: bool) -> Choice:
    found = converted.find(key, read=read)
    if found is None or not found.is_of_here or found.comparison(how.precision) is None:
        return Choice(Runtime.OPENVINO)
    return Choice(Runtime.OPENVINO, said(found, how.precision), found)


def said(found: Converted, precision: Precision) -> str:
    """That OpenVINO draws, and what it changes."""
    compared = found.comparison(precision)
    words = "" if compared is None else f" {compared.words[:1].upper()}{compared.words[1:]}"
    return f"OpenVINO {found.openvino} draws, in {precision}.{words}"
