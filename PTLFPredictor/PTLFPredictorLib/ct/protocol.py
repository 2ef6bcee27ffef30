"""How a CT was scanned and reconstructed, against what a signature was fitted on: tube voltage and kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .description import OTHER
from .findings import Finding, Level, Protocol
from .kernels import class_of

SAME_KV = 0.5
"""Tube voltages are whole kV; some scanners write 119.9."""


def scan_findings(source: Mapping[str, Any], protocol: Protocol | None) -> list[Finding]:
    """Findings on kVp and kernel.

    Parameters
    ----------
    source : mapping
        `CT.source`.
    protocol : Protocol, optional
        Without one, nothing is compared.
    """
    if protocol is None:
        return []
    return [*_voltage(source.get("kvp"), protocol.kvp), *_kernel(source.get("kernel"), protocol.kernels)]


def _voltage(kvp: float | None, accepted: Sequence[float]) -> list[Finding]:
    if not accepted:
        return []
    takes = f"the signature takes {' or '.join(f'{kv:g}' for kv in accepted)} kV"
    values = {"kvp": kvp, "accepted_kv": list(accepted)}
    if kvp is None:
        return [Finding("kvp", Level.WARN, f"The file does not say the tube voltage (kVp); {takes}.", values)]
    if any(abs(kvp - kv) < SAME_KV for kv in accepted):
        return [Finding("kvp", Level.PASS, f"Scanned at {kvp:g} kV; {takes}.", values)]
    message = f"The CT was scanned at {kvp:g} kV; {takes}: HU of contrast agent and noise differ."
    return [Finding("kvp", Level.WITHHOLD, message, values)]


def _kernel(kernel: str | None, accepted: Sequence[str]) -> list[Finding]:
    """`accepted` are names or classes; a kernel is judged by its class, or by being named itself."""
    sort = class_of(kernel)
    classes = list(dict.fromkeys(filter(None, map(class_of, accepted))))
    values = {"kernel": kernel, "class": sort or None, "accepted": list(accepted), "accepted_classes": classes}
    if kernel is None:
        told = "The file does not say the convolution kernel"
    elif kernel == OTHER:
        told = "Kernel: not recognised"
    else:
        told = f"Kernel: {kernel} ({sort or 'not recognised'})"
    if not accepted:
        return [Finding("kernel", Level.PASS, f"{told}; the signature names none: recorded only.", values)]
    takes = f"the signature was fitted on {_listed(accepted, classes)}"
    if kernel is not None and kernel != OTHER and kernel.upper() in {name.upper() for name in accepted}:
        return [Finding("kernel", Level.PASS, f"{told}; {takes}.", values)]
    if not sort:
        return [Finding("kernel", Level.WARN, f"{told}; {takes}. Compare the sharpness of the images.", values)]
    if sort in classes:
        return [Finding("kernel", Level.PASS, f"{told}; {takes}.", values)]
    if not classes:
        return [Finding("kernel", Level.WARN, f"{told}; {takes}, which cannot be compared.", values)]
    message = f"The CT was reconstructed with a {sort} kernel ({kernel}); {takes}: texture and noise differ."
    return [Finding("kernel", Level.WITHHOLD, message, values)]


def _listed(accepted: Sequence[str], classes: Sequence[str]) -> str:
    names = [name for name in accepted if name not in classes]
    sorts = f"{' or '.join(classes)} kernels" if classes else "kernels"
    return f"{sorts} ({', '.join(names)})" if names else sorts
