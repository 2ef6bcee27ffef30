"""Odds ratios per a unit that a clinician thinks in: INR per 0.1, albumin per 5 g/L."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OddsRatio:
    """Odds ratio of a difference of `per` units of its predictor, with its confidence limits."""

    estimate: float
    low: float
    high: float
    per: float = 1.0


def odds_ratio(coefficient: float, interval: Sequence[float], per: float = 1.0) -> OddsRatio:
    """Odds ratio ``exp(per * coefficient)``.

    Parameters
    ----------
    coefficient : float
        Per one unit of the predictor.
    interval : sequence of two floats
        Its limits, Wald's or profile.
    per : float
        Difference of the predictor, in its unit, that the odds ratio is for; negative for a decrease.
    """
    low, high = sorted(float(np.exp(per * limit)) for limit in interval)
    return OddsRatio(float(np.exp(per * coefficient)), low, high, per)
