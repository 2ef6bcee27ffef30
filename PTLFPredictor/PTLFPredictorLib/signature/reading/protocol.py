"""How a signature's CTs are acquired: what `input` takes, and of what it leaves open what its evidence saw."""

from __future__ import annotations

from ...ct import Protocol
from ..evidence_block import Evidence
from ..reader import Reader
from .evidence import phases


def read(entry: Reader, evidence: Evidence | None) -> Protocol:
    """From a file's ``input`` and its valid evidence.

    Tube voltages that `input` lists are all that is taken; one number (the study's) is joined by what the evidence
    saw.  Kernels that `input` lists are all that is taken, else those of the evidence.
    """
    seen = None if evidence is None else evidence.protocol
    kvp = voltages(entry)
    if seen is not None and not isinstance(entry.data.get("kvp"), list):
        kvp = tuple(sorted({*kvp, *seen.kvp}))
    kernels = entry.texts("kernels") if entry.has("kernels") else ()
    if seen is not None and not entry.has("kernels"):
        kernels = seen.kernels
    return Protocol(
        phases=phases(entry),
        slice_thickness_mm=entry.pair("slice_thickness_mm"),
        in_plane_spacing_mm=entry.pair("in_plane_spacing_mm"),
        kvp=kvp,
        kernels=kernels,
        saturated_hu=seen is not None and seen.saturated_hu,
        fractional_hu=seen is not None and seen.fractional_hu,
    )


def voltages(entry: Reader) -> tuple[float, ...]:
    """Those that `input` names itself, as a list or as one number."""
    if not entry.has("kvp"):
        return ()
    if isinstance(entry.data["kvp"], list):
        return entry.list_of_numbers("kvp", above=0)
    return (entry.number("kvp", above=0),)
