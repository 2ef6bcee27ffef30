"""Albumin, INR and outcome of synthetic patients, drawn from a stated model, so that whole cohorts can be made.

The model is logistic.  Albumin and INR have the coefficients of the published nomogram and the distributions of its
training cohort (``facts.json``, *cohorts* and *combined_model*); a latent severity, which the images show as coarse
parenchyma and large tumours, takes the place of the Radscore.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .cases import Disease, SampleCase, make_case, stream

ALBUMIN_G_PER_L = (37.89, 5.80)
"""Mean and SD of the study's training cohort."""

INR_MEDIAN, INR_LOG_SD = 1.03, float(np.log(1.16 / 0.95) / 1.349)
"""Log-normal with the training cohort's median and quartiles (0.95, 1.16)."""

ALBUMIN_RANGE_G_PER_L, INR_RANGE = (22.0, 54.0), (0.75, 1.5)
"""INR above 1.5 before TACE is the outcome already present; such patients were not included."""

COARSENESS_MEAN, COARSENESS_SD = 0.40, 0.22
LOG_TUMOUR_MEAN, LOG_TUMOUR_SD = 4.0, 1.1
"""Of `Disease.draw`: coarseness, and the logarithm of the tumours' volume in mL."""

SEVERITY_OF_COARSENESS, SEVERITY_OF_TUMOUR = 0.8, 0.6
"""Squares sum to 1, so that severity has SD 1."""

ALBUMIN_COEFFICIENT, INR_COEFFICIENT, SEVERITY_COEFFICIENT = 0.163, 7.597, 1.2
INTERCEPT = -1.87
"""Gives the training cohort's 24.5 % of PTLF (a test simulates it)."""

FREQUENT_INTERCEPT = -0.72
"""Gives 40 %, so that a cohort of 60 has events enough to calibrate on (a test simulates it)."""


class Burden(Protocol):
    """What the outcome depends on; `SampleCase` and `Disease` have it."""

    @property
    def coarseness(self) -> float: ...

    @property
    def tumour_ml(self) -> float: ...


@dataclass(frozen=True)
class Outcome:
    """Laboratory values, the risk that the stated model gives, and whether PTLF happened."""

    albumin_g_per_l: float
    inr: float
    severity: float
    risk: float
    ptlf: bool


@dataclass(frozen=True)
class CohortMember:
    """A sample case with its outcome."""

    case: SampleCase
    outcome: Outcome


def severity(burden: Burden) -> float:
    """Latent severity, mean 0 and SD 1 over cases, from what the images show."""
    coarse = (burden.coarseness - COARSENESS_MEAN) / COARSENESS_SD
    tumour = (np.log(max(burden.tumour_ml, 1.0)) - LOG_TUMOUR_MEAN) / LOG_TUMOUR_SD
    return float(SEVERITY_OF_COARSENESS * coarse + SEVERITY_OF_TUMOUR * tumour)


def risk(albumin_g_per_l: float, inr: float, severity: float, intercept: float = INTERCEPT) -> float:
    """Risk of PTLF by the stated model."""
    logit = (
        intercept
        + ALBUMIN_COEFFICIENT * (albumin_g_per_l - ALBUMIN_G_PER_L[0])
        + INR_COEFFICIENT * (inr - INR_MEDIAN)
        + SEVERITY_COEFFICIENT * severity
    )
    return float(1 / (1 + np.exp(-logit)))


def draw_outcome(seed: int, burden: Burden, intercept: float = INTERCEPT) -> Outcome:
    """Laboratory values and outcome of the sample case of this seed."""
    rng = stream(seed, "outcome")
    albumin = round(float(np.clip(rng.normal(*ALBUMIN_G_PER_L), *ALBUMIN_RANGE_G_PER_L)), 1)
    inr = round(float(np.clip(INR_MEDIAN * np.exp(rng.normal(0, INR_LOG_SD)), *INR_RANGE)), 2)
    latent = severity(burden)
    probability = risk(albumin, inr, latent, intercept)
    return Outcome(albumin, inr, latent, probability, bool(rng.random() < probability))


def draw_outcomes(seeds: Iterable[int], burdens: Sequence[Burden] | None = None) -> list[Outcome]:
    """Outcomes of the sample cases of these seeds; without `burdens`, of what `Disease.draw` gives (no images)."""
    seeds = list(seeds)
    return [draw_outcome(s, b) for s, b in zip(seeds, burdens or [Disease.draw(s) for s in seeds], strict=True)]


def make_cohort(seeds: Iterable[int], **scan: Any) -> Iterator[CohortMember]:
    """Sample cases with outcomes, one by one; `scan` are options of `make_case`."""
    for seed in seeds:
        case = make_case(seed, **scan)
        yield CohortMember(case, draw_outcome(seed, Disease.draw(seed, scan.get("tumours"))))
