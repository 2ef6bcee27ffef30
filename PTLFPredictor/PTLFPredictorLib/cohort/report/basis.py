"""Which CTs, whose segments, which patients, and what may be done with the result: what every cohort's report says."""

from __future__ import annotations

from collections.abc import Sequence

from ...render.report.cells import fixed
from ...render.report.document import Column, Facts, Items, Notice, Table
from ...signature import Signature
from ...signature.evidence import ObservedMasks, ObservedProtocol
from ...signature.model import CriterionKind

HASH_SHOWN = 12
"""Characters of a hash on the page."""


def imaging(protocol: ObservedProtocol, masks: ObservedMasks) -> Facts:
    """How the included cases were scanned, as their files say it, and who drew their segments."""
    return Facts(
        (
            ("Contrast phase", ", ".join(protocol.phase) or "none known"),
            ("Slice thickness", _range(protocol.slice_thickness_mm, "mm")),
            ("Pixels", _range(protocol.in_plane_spacing_mm, "mm")),
            ("Tube voltage", _listed([f"{kvp:g}" for kvp in protocol.kvp], " kV")),
            ("Convolution kernels", _listed(protocol.kernels, "")),
            ("Saturated HU, fractional HU", f"{_yes(protocol.saturated_hu)}, {_yes(protocol.fractional_hu)}"),
            ("Segments drawn by", _drawn(masks)),
            ("Largest share of a case that a reader changed", f"{100 * masks.edited_share:.1f} %"),
        )
    )


def eligibility(signature: Signature) -> Items:
    """The criteria that every included case was said to meet."""
    words = {CriterionKind.INCLUSION: "Included", CriterionKind.EXCLUSION: "Not included"}
    return Items(tuple(f"{words[one.kind]}: {one.text}." for one in signature.eligibility))


def terms(name: str, signature: Signature) -> Table:
    """Every term with its coefficient, its mean and SD where the signature has them, and what it measures."""
    scale = signature.normalisation
    rows = []
    for one in signature.terms:
        mean, sd = (None, None) if scale is None else (scale.mean[one.key], scale.sd[one.key])
        rows.append((f"{one.voi.in_files}__{one.feature}", one.coefficient, mean, sd, one.measures))
    columns = ("Feature", Column("Coefficient", fixed(4)), "Mean", "SD", "What it measures")
    return Table(
        name, "Terms of the Radscore", columns, rows, "Radscore = sum of coefficient \u00d7 (value \u2212 mean) / SD."
    )


def use(risk: bool, synthetic: bool = False) -> Notice:
    """What may be done with a patient.

    Parameters
    ----------
    risk : bool
        Whether the signature that was written gives a risk, or a relative score alone.
    synthetic : bool
    """
    if synthetic:
        return Notice("Made of synthetic cases: it shows what such a report looks like, and tells nothing of patients.")
    if not risk:
        return Notice(
            "No patient gets a risk of this signature: its Radscore is relative. It says where a patient stands among "
            "these cases, not how likely the outcome is."
        )
    return Notice(
        "The numbers of this report are of groups. One patient's risk comes from ptlf predict or the panel alone, with "
        "its interval, after the checks of CT, segments and eligibility; outside the CTs and patients described here "
        "it is withheld. No threshold for acting was validated: the risk is for research and decides on no treatment."
    )


def _range(ends: tuple[float, float], unit: str) -> str:
    low, high = (f"{end:.3g}" for end in ends)
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _listed(values: Sequence[str], unit: str) -> str:
    return f"{', '.join(values)}{unit}" if values else "not in the files"


def _yes(holds: bool) -> str:
    return "in some cases" if holds else "none"


def _drawn(masks: ObservedMasks) -> str:
    models = [f"model {one[:HASH_SHOWN]}\u2026" for one in masks.models]
    return ", ".join([*models, *(["hand"] if masks.by_hand else [])]) or "not known"
