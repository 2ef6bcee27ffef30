"""A slope that was estimated here, shrunk towards the one that was published.

The rule is empirical Bayes for two normal means.  The published slope b0 has the standard error s0, the one of these
cases, b, has s; the difference of two hospitals' true slopes has the variance t2 (twice the variance between hospitals
of DerSimonian & Laird, Control Clin Trials 1986, 7:177, for two studies), of which the method of moments gives

    t2 = max(0, (b - b0)^2 - s^2 - s0^2).

Seen from the publication the slope here is normal with mean b0 and variance s0^2 + t2 (the prior), and

    w = (s0^2 + t2) / (s0^2 + t2 + s^2),    shrunk slope = b0 + w (b - b0)

(Morris, J Am Stat Assoc 1983, 78:47; shrinking towards published coefficients: Steyerberg et al., Stat Med 2004,
23:2567).  Slopes that agree are averaged by their precision (t2 = 0); slopes that do not agree are hardly averaged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RULE = "empirical Bayes: normal prior around the published slope, its variance by the method of moments"


@dataclass(frozen=True)
class Shrunk:
    """A shrunk estimate.

    Parameters
    ----------
    params : np.ndarray, shape (2,)
        Intercept and slope.
    covariance : np.ndarray, shape (2, 2)
        Of the posterior, the prior's variance being taken as known.
    weight : float
        Of the slope that was estimated here, 0 to 1.
    heterogeneity : float
        ``t2``, of a single difference: itself very uncertain.
    """

    params: np.ndarray
    covariance: np.ndarray
    weight: float
    heterogeneity: float


def shrink(params: np.ndarray, covariance: np.ndarray, published: float, published_se: float) -> Shrunk:
    """Shrink the slope of (intercept, slope); the intercept follows along their covariance.

    Parameters
    ----------
    params : np.ndarray, shape (2,)
    covariance : np.ndarray, shape (2, 2)
    published, published_se : float
        Slope and its standard error.
    """
    own, away = float(covariance[1, 1]), float(params[1] - published)
    heterogeneity = max(0.0, away**2 - own - published_se**2)
    prior = published_se**2 + heterogeneity
    gain = covariance[:, 1] / (own + prior)
    return Shrunk(
        params - gain * away,
        covariance - np.outer(gain, covariance[1]),
        prior / (own + prior),
        heterogeneity,
    )
