"""A signature in memory: its types.

A signature is data: features, coefficients, normalisation, predictors, outcome model, nomogram, ranges, and for each
of them whether it was published, derived, read from a figure or fitted.  ``Resources/Signatures/signature.schema.json``
is the file's contract for editors and other programs; `reading` reads it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..ct import ContrastPhase, Protocol
from ..measures.radiomics import ExtractionSettings
from ..vois import VOI
from .entries import Entered, Entry, Known, entries_of, known, within_a_sentence
from .evidence_block import Evidence
from .nomogram_style import AxisStyle, NomogramStyle
from .outcome import Covariance, OutcomeModel
from .predictors import Predictor, Value

RADIOMICS = "radiomics"
"""The measure that the Radscore's terms are of."""


class Kind(StrEnum):
    """What a signature file is."""

    PUBLISHED = "published"
    SITE = "site"
    DEMO = "demo"


class NormalisationOrigin(StrEnum):
    """Whose cases gave the means and SDs."""

    PUBLISHED = "published"
    """The training cohort's own."""

    SITE = "site"
    PUBLIC = "public"
    DEMO = "demo"
    """Synthetic cases."""


class VoiSource(StrEnum):
    """Who drew the segments that a signature was fitted on."""

    AUTOMATIC = "automatic"
    CORRECTED = "corrected"
    MANUAL = "manual"


@dataclass(frozen=True)
class Term:
    """One term of the Radscore: ``coefficient * z`` of one feature of one VOI.

    Parameters
    ----------
    voi : VOI
    feature, short : str
        `short` is its name for people.
    coefficient : float
    measures, cannot_vary : str
        What it really measures, and when it cannot vary, in sentences for a radiologist; "" where the file says none.
    measure : str
        Which measure computes it: "radiomics".
    phase : ContrastPhase or None
        Of its CT; None where each of those that the signature takes will do.
    """

    voi: VOI
    feature: str
    coefficient: float
    short: str
    measures: str = ""
    cannot_vary: str = ""
    measure: str = RADIOMICS
    phase: ContrastPhase | None = None

    @property
    def key(self) -> tuple[VOI, str]:
        return self.voi, self.feature


@dataclass(frozen=True)
class Normalisation:
    """Mean and SD of each term's feature in the cohort that the coefficients belong to.

    Parameters
    ----------
    origin : NormalisationOrigin
    n : int
        Number of cases behind the numbers.
    mean, sd : mapping of (voi, feature) to float
        In the features' own units; SD above 0.
    log : mapping of (voi, feature) to (float, float)
        Mean and SD of the natural logarithm of skewed features, on which their distance from the cohort is judged; the
        Radscore itself takes `mean` and `sd`.
    name, licence : str
        Of the public cohort.
    radscore_percentiles : mapping of str to float
        ``{"p5": ..., "p95": ...}`` of the Radscore in these cases, ascending; empty where not known.
    """

    origin: NormalisationOrigin
    n: int
    how: str
    mean: Mapping[tuple[VOI, str], float]
    sd: Mapping[tuple[VOI, str], float]
    name: str = ""
    licence: str = ""
    radscore_percentiles: Mapping[str, float] = field(default_factory=dict)
    log: Mapping[tuple[VOI, str], tuple[float, float]] = field(default_factory=dict)


_NEGATIVE = ("no ", "not ", "without ", "lack ", "absence ", "missing ")
"""Beginnings of a text that a second "no" would turn round."""


class CriterionKind(StrEnum):
    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"

    def criterion(self, text: str) -> str:
        """A text of this kind as what a patient has to meet: "No extrahepatic metastases" of an exclusion."""
        if self is CriterionKind.INCLUSION:
            return text
        within = within_a_sentence(text)
        return f"Not the case: {within}" if within.lower().startswith(_NEGATIVE) else f"No {within}"


@dataclass(frozen=True)
class Criterion:
    """One line of the eligibility checklist."""

    id: str
    kind: CriterionKind
    text: str

    @property
    def criterion(self) -> str:
        """As what a patient has to meet."""
        return self.kind.criterion(self.text)


@dataclass(frozen=True)
class Limits:
    """Where a value warns or withholds: |z|, and the two laboratory criteria of the outcome itself."""

    z_warn: float = 3.0
    z_withhold: float = 6.0
    bilirubin_umol_per_l: float = 85.0
    inr_outcome: float = 1.5


@dataclass(frozen=True)
class Signature:
    """A signature file in memory.

    Parameters
    ----------
    predictors : tuple of Predictor
        In the order of the nomogram, and of a covariance after the intercept.
    risk_model : OutcomeModel
    outcome, horizon : str
        What the risk is of, and until when.
    development_ranges : mapping of str to (float, float) or None
        Central 95 % of the development cohort, by predictor, and by entry where the file gives it.
    data : mapping
        The file's own JSON in schema 2, for records and copies.
    evidence : Evidence or None
        What the numbers were fitted on; None where the file has none, or void evidence.
    evidence_problem : str
        Why there is no evidence, "" where there is.
    upgraded : tuple of str
        What a file of an older schema became, in sentences; none for a file of schema 2.
    """

    id: str
    version: str
    title: str
    kind: Kind
    citation: str
    outcome: str
    horizon: str
    population: str
    protocol: Protocol
    voi_source: VoiSource
    extraction: ExtractionSettings
    radscore_intercept: float
    terms: tuple[Term, ...]
    normalisation: Normalisation | None
    predictors: tuple[Predictor, ...]
    risk_model: OutcomeModel
    nomogram: NomogramStyle
    development_ranges: Mapping[str, tuple[float, float] | None]
    development_origin: str
    eligibility: tuple[Criterion, ...]
    limits: Limits
    notes: Mapping[str, str]
    missing: tuple[str, ...]
    data: Mapping[str, Any]
    evidence: Evidence | None = None
    evidence_problem: str = ""
    upgraded: tuple[str, ...] = ()

    @property
    def wanted(self) -> dict[VOI, list[str]]:
        """Features to compute, by VOI."""
        return {voi: names for voi in VOI if (names := [t.feature for t in self.terms if t.voi == voi])}

    @property
    def is_demo(self) -> bool:
        return self.kind is Kind.DEMO

    @property
    def has_void_evidence(self) -> bool:
        """Whether the file has evidence that is not of its numbers; `evidence_problem` says why."""
        return self.evidence is None and self.data.get("evidence") is not None

    @property
    def covariance(self) -> Covariance | None:
        """Of what was estimated by the evidence; else what the file gives by itself."""
        if self.evidence is not None and self.evidence.covariance is not None:
            return self.evidence.covariance
        return self.risk_model.covariance

    @functools.cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What a person enters for a patient."""
        return entries_of(self.predictors)

    @property
    def axes(self) -> Mapping[str, AxisStyle]:
        return self.nomogram.axes

    @property
    def points_per_logit(self) -> float:
        return self.nomogram.points_per_logit

    def predictor(self, name: str) -> Predictor:
        return next(one for one in self.predictors if one.id == name)

    def known(self, entered: Entered, radscore: float | None = None) -> Known:
        """What is known of the predictors."""
        return known(self.predictors, self.entries, entered, radscore)

    def values_of(self, entered: Entered, radscore: float | None = None) -> dict[str, Value]:
        """Values of the predictors that are known, by id."""
        return self.known(entered, radscore).values
