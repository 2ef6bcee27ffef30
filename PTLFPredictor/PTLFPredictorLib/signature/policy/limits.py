"""Limits of a signature file: stricter than the published ones as anybody likes, looser only as its evidence covers."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import json_text
from ...ct.kernels import class_of
from ...errors import BadInput
from ...vois import VOI
from ..evidence_block import Evidence
from ..model import Kind, Limits, Signature
from ..reader import Reader
from ..reading.protocol import voltages

TOLERANCE = 0.1
"""Slices and pixels may differ by this share from those that evidence saw, as the published 5 mm +- 0.5 mm do."""


def check(signature: Signature, published: Path) -> None:
    """Refuse a signature with looser limits than the published one's, unless valid evidence covers them.

    Parameters
    ----------
    signature : Signature
    published : Path
        File of the published signature.  One published for other features has limits of its own, as long as it has no
        evidence, without which it shows no risk.

    Raises
    ------
    BadInput
        With the entry, its value, the published one and what would be needed.
    """
    widest = Limits()
    for name in ("z_warn", "z_withhold"):
        value = getattr(signature.limits, name)
        if value > getattr(widest, name):
            raise BadInput(
                f"'limits.{name}' is {value:g}, looser than {getattr(widest, name):g}: a value so unlike the cohort is "
                "never scored, whatever the evidence."
            )
    reference = _published(published)
    features = {(VOI.of_file(term["voi"]), term["feature"]) for term in reference["terms"]}
    of_another_study = signature.kind is Kind.PUBLISHED and {term.key for term in signature.terms} != features
    if of_another_study and signature.evidence is None:
        return
    for name in ("bilirubin_umol_per_l", "inr_outcome"):
        value = getattr(signature.limits, name)
        if value > getattr(widest, name):
            raise BadInput(
                f"'limits.{name}' is {value:g}, looser than the published {getattr(widest, name):g}: above that the "
                "outcome is already present."
            )
    _check_phases(signature, reference["input"]["phase"])
    for name in ("slice_thickness_mm", "in_plane_spacing_mm"):
        _check_range(signature, name, reference["input"][name])
    _check_voltage(signature, reference["input"]["kvp"])
    _check_kernels(signature)
    _check_criteria(signature, [item["id"] for item in reference["eligibility"]])


@functools.cache
def _published(path: Path) -> Mapping[str, Any]:
    return json_text.read(path)


def _check_phases(signature: Signature, published: list[str]) -> None:
    evidence = signature.evidence
    seen = () if evidence is None else evidence.protocol.phase
    for phase in signature.protocol.phases:
        if phase not in published and phase not in seen:
            raise BadInput(
                f"'input.phase' takes {phase}, the published signature {' and '.join(published)} alone; "
                + _needed(evidence, " and ".join(seen))
            )
    if evidence is not None and not set(seen) & set(signature.protocol.phases):
        takes = " and ".join(signature.protocol.phases)
        raise BadInput(f"'input.phase' takes {takes}, but the cases of its evidence are {' and '.join(seen)}.")


def _check_range(signature: Signature, name: str, published: list[float]) -> None:
    low, high = getattr(signature.protocol, name)
    evidence = signature.evidence
    text = f"'input.{name}' takes {low:g} to {high:g} mm"
    if evidence is None:
        if low < published[0] or high > published[1]:
            limits = f", looser than the published {published[0]:g} to {published[1]:g} mm; "
            raise BadInput(text + limits + _needed(evidence, ""))
        return
    seen = getattr(evidence.protocol, name)
    within = published[0] <= low and high <= published[1]
    covered = seen[0] * (1 - TOLERANCE) <= low and high <= seen[1] * (1 + TOLERANCE)
    if not (within or covered):
        limits = f", looser than the published {published[0]:g} to {published[1]:g} mm; "
        raise BadInput(text + limits + _needed(evidence, f"{seen[0]:g} to {seen[1]:g} mm"))
    if high < seen[0] or low > seen[1]:
        raise BadInput(f"{text}, but the cases of its evidence have {seen[0]:g} to {seen[1]:g} mm.")


def _check_voltage(signature: Signature, published: float) -> None:
    evidence = signature.evidence
    seen = () if evidence is None else evidence.protocol.kvp
    asked = voltages(Reader(signature.data["input"], "input"))
    for kv in asked:
        if kv != published and kv not in seen:
            raise BadInput(
                f"'input.kvp' takes {kv:g} kV, the published signature {published:g} kV alone; "
                + _needed(evidence, " and ".join(f"{kv:g} kV" for kv in seen) or "no voltage")
            )
    if asked and seen and not set(asked) & set(seen):
        takes, cases = (" and ".join(f"{kv:g}" for kv in listed) for listed in (asked, seen))
        raise BadInput(f"'input.kvp' takes {takes} kV, but the cases of its evidence were scanned at {cases} kV.")


def _check_kernels(signature: Signature) -> None:
    """The published signature takes any kernel: naming some is stricter, unless the evidence names others."""
    seen = () if signature.evidence is None else signature.evidence.protocol.kernels
    covered = {name for kernel in seen for name in (kernel, class_of(kernel)) if name}
    for kernel in signature.protocol.kernels:
        if seen and not {kernel, class_of(kernel)} & covered:
            raise BadInput(f"'input.kernels' takes {kernel}; its evidence covers {', '.join(seen)} alone.")


def _check_criteria(signature: Signature, published: list[str]) -> None:
    """Criteria of the study that a file leaves out would be asked of nobody."""
    asked = {criterion.id for criterion in signature.eligibility}
    left_out = [name for name in published if name not in asked]
    if left_out and signature.evidence is None:
        raise BadInput(
            f"'eligibility' leaves out the study's {', '.join(left_out)}; that needs evidence from such patients, and "
            f"{signature.evidence_problem}."
        )


def _needed(evidence: Evidence | None, covers: str) -> str:
    if evidence is None:
        return "that needs evidence from cases scanned so, and the file has none that is valid."
    return f"its evidence covers {covers} alone."
