"""The Radscore, term by term: ``coefficient * (raw - mean) / sd``, summed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from ..vois import VOI
from .model import Signature


class ScoreState(StrEnum):
    COMPUTED = "computed"

    RELATIVE = "relative"
    """To a site's own cases."""

    REFERENCE = "reference"
    """On the scale of a public cohort."""

    DEMONSTRATION = "demonstration"
    WITHHELD = "withheld"
    NOT_COMPUTABLE = "not computable"


@dataclass(frozen=True)
class ScoredTerm:
    """One term: the feature's value, its Z-score and its share of the Radscore (None where there is none)."""

    voi: VOI
    feature: str
    short: str
    raw: float | None
    z: float | None
    coefficient: float
    contribution: float | None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "voi": self.voi.in_files}


@dataclass(frozen=True)
class Radscore:
    """Radscore of one pair of VOIs.

    Parameters
    ----------
    value : float or None
        None where it cannot be computed or is withheld.
    state : ScoreState
    reason : str
        Why there is no value, or what a score on a reference scale, or on a site's, is relative to; "" for the others.
    terms : tuple of ScoredTerm
    """

    value: float | None
    state: ScoreState
    reason: str
    terms: tuple[ScoredTerm, ...]

    @property
    def status(self) -> str:
        """What stands beside the value, or in its place."""
        return self.reason or str(self.state)

    def to_dict(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "state": str(self.state),
            "status": self.status,
            "terms": [term.to_dict() for term in self.terms],
        }


def score_terms(signature: Signature, features: Mapping[tuple[VOI, str], float]) -> tuple[ScoredTerm, ...]:
    """Every term of the signature with what is known of it.

    Parameters
    ----------
    features : mapping of (voi, feature) to float
        Raw values; a VOI that does not exist has none.
    """
    scored = []
    for term in signature.terms:
        raw = features.get(term.key)
        z = None
        if raw is not None and signature.normalisation is not None:
            z = (raw - signature.normalisation.mean[term.key]) / signature.normalisation.sd[term.key]
        contribution = None if z is None else term.coefficient * z
        scored.append(ScoredTerm(term.voi, term.feature, term.short, raw, z, term.coefficient, contribution))
    return tuple(scored)


def sum_of(signature: Signature, terms: tuple[ScoredTerm, ...]) -> float | None:
    """The Radscore of `terms`; None if any contribution is missing."""
    contributions = [term.contribution for term in terms]
    if any(c is None for c in contributions):
        return None
    return signature.radscore_intercept + math.fsum(contributions)
