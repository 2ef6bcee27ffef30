"""Findings on a Radscore: its evidence, how far its terms lie from the cohort, its place on its axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from ...ct import Finding, Level
from ..evidence_block import ends
from ..model import Signature
from ..predictors import RADSCORE
from ..radscore import ScoredTerm


def score_findings(signature: Signature, terms: Iterable[ScoredTerm], value: float | None) -> tuple[Finding, ...]:
    """Findings on the evidence, on the Z-scores and on the Radscore's place on its axis."""
    terms = list(terms)
    found, limits = [], signature.limits
    if signature.has_void_evidence:
        problem = signature.evidence_problem
        found.append(Finding("evidence_void", Level.WARN, f"{problem[0].upper()}{problem[1:]}."))
    for term in terms:
        if term.z is None:
            continue
        z, on_log = distance(signature, term)
        if z is not None and abs(z) <= limits.z_warn:
            continue
        withheld = z is None or abs(z) > limits.z_withhold
        if z is None:
            message = f"{term.short} is {term.raw:g}, in the cohort always above 0 (judged on its logarithm)"
        else:
            scale = " on the log scale" if on_log else ""
            message = f"{term.short} lies {abs(z):.1f} SD from the cohort's mean{scale}"
        found.append(
            Finding(
                "feature_far_from_cohort",
                Level.WITHHOLD if withheld else Level.WARN,
                message + (": unlike the cohort." if withheld else "."),
                {"voi": term.voi.in_files, "feature": term.feature, "z": z, "scale": "log" if on_log else "raw"},
            )
        )
    found += _outside_percentiles(signature, terms)
    low, high = signature.axes[RADSCORE].range
    if value is not None and not low <= value <= high:
        found.append(
            Finding(
                "radscore_off_axis",
                Level.WITHHOLD,
                f"The Radscore lies off its axis ({low:g} to {high:g}): the CT is unlike those that the signature was "
                "fitted on.",
            )
        )
    return tuple(found)


def distance(signature: Signature, term: ScoredTerm) -> tuple[float | None, bool]:
    """How many SD a scored term lies from the cohort, and whether that is told on the log scale.

    Where the normalisation gives mean and SD of the logarithm the feature is skewed: of a log-normal measure of size,
    0.4 to 0.8 % of the cohort itself, always the largest tumours, lie beyond 6 SD of the raw scale.  None for a
    value that has no logarithm.
    """
    moments = signature.normalisation.log.get((term.voi, term.feature))
    if moments is None:
        return term.z, False
    return ((math.log(term.raw) - moments[0]) / moments[1] if term.raw > 0 else None), True


def _outside_percentiles(signature: Signature, terms: Iterable[ScoredTerm]) -> list[Finding]:
    """Terms outside the percentiles that the evidence brings, in one finding."""
    known = {} if signature.evidence is None else signature.evidence.percentiles
    outside = []
    for term in terms:
        ranks = known.get((term.voi, term.feature))
        if ranks is None or term.raw is None:
            continue
        low, high = ends(ranks)
        if not ranks[low] <= term.raw <= ranks[high]:
            outside.append(f"{term.short} ({_ordinal(float((low if term.raw < ranks[low] else high)[1:]))})")
    if not outside:
        return []
    message = f"Beyond the outer percentile of the cases of the evidence: {', '.join(outside)}."
    return [Finding("feature_outside_percentiles", Level.WARN, message)]


def rank(value: float, ranks: Mapping[str, float]) -> str:
    """Where a score lies among the reference's: "at their 48th percentile", or beyond the outermost that is known."""
    low, high = ends(ranks)
    if value < ranks[low]:
        return f"below their {_ordinal(float(low[1:]))} percentile"
    if value > ranks[high]:
        return f"above their {_ordinal(float(high[1:]))} percentile"
    numbers = [float(name[1:]) for name in ranks]
    return f"at their {_ordinal(float(np.interp(value, list(ranks.values()), numbers)))} percentile"


def _ordinal(number: float) -> str:
    whole = round(number)
    teens = whole % 100 in (11, 12, 13)
    return f"{whole}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(whole % 10, 'th')}"
