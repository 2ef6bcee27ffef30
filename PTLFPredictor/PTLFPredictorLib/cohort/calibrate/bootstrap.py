"""The whole calibration repeated in samples of the cases: what mean, SD, model and shrinkage leave open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import BadInput
from ...progress import Progress, no_progress
from .base import Base
from .plan import Method
from .scaling import FeatureScaling
from .update import Update

MOST_FAILED = 0.05
"""Share of samples in which nothing can be fitted, above which there is no bootstrap."""


@dataclass(frozen=True)
class Cases:
    """The cases of a calibration.

    Parameters
    ----------
    features : np.ndarray, shape (n, terms)
        Raw values in the order of the signature's terms.
    others : np.ndarray, shape (n, columns - 1)
        Design columns of the risk model without the Radscore's.
    outcome : np.ndarray, shape (n,), or None
        0 or 1.
    """

    features: np.ndarray
    others: np.ndarray
    outcome: np.ndarray | None = None

    @property
    def n(self) -> int:
        return len(self.features)

    @property
    def events(self) -> int:
        return 0 if self.outcome is None else int(self.outcome.sum())

    def taken(self, rows: np.ndarray) -> Cases:
        """Some of them, or some several times."""
        outcome = None if self.outcome is None else self.outcome[rows]
        return Cases(self.features[rows], self.others[rows], outcome)


@dataclass(frozen=True)
class Resampled:
    """What repeated calibrations gave.

    Parameters
    ----------
    covariance : np.ndarray, shape (k, k), or None
        Of what was estimated (`Update.estimated_`); see `resample`.
    scores : np.ndarray, shape (samples, n)
        Radscores of the original cases by each sample's means and SDs.
    failed : int
        Samples that were left out: a feature without spread, or outcomes all alike.
    params : np.ndarray, shape (samples, 1 + columns), or None
        As each sample gave them, on its own scale of the Radscore.
    """

    covariance: np.ndarray | None
    scores: np.ndarray
    failed: int
    params: np.ndarray | None

    def score_errors(self, slope: float, centred: bool) -> np.ndarray:
        """Standard error of each case's linear predictor that means and SDs cause, shape (n,).

        Parameters
        ----------
        slope : float
            The Radscore's coefficient.
        centred : bool
            Without what all cases share, which an intercept that is estimated on the same scores takes up.
        """
        scores = self.scores - self.scores.mean(axis=1, keepdims=True) if centred else self.scores
        return abs(slope) * scores.std(axis=0, ddof=1)


def samples_of(n: int, samples: int, seed: int) -> np.ndarray:
    """Rows of each bootstrap sample, shape (samples, n)."""
    return np.random.default_rng(seed).integers(0, n, (samples, n))


def resample(
    cases: Cases,
    base: Base,
    rows: np.ndarray,
    method: Method | None = None,
    kept: FeatureScaling | None = None,
    progress: Progress = no_progress,
) -> Resampled:
    """Repeat the calibration in each sample.

    A sample has means and SDs of its own, and so a scale of its own: its model says of an original case
    ``a + b R*``, R* being the case's Radscore by the sample's means and SDs.  The cases' R* are regressed on their
    Radscores R, ``R* = p + q R + rest``; the sample's model on the scale of R is then ``(a + b p) + (b q) R``.  The
    covariance is that of these; the variance of ``b rest``, the mean over the cases, is added to that of the intercept,
    since no coefficient can carry it.  Where the Radscore's slope is fixed, q is 1.

    Parameters
    ----------
    rows : np.ndarray of int, shape (samples, n)
    method : Method, optional
        None estimates no model.
    kept : FeatureScaling, optional
        Means and SDs that are not estimated.

    Raises
    ------
    BadInput
        Where too many samples (`MOST_FAILED`) cannot be fitted.
    """
    own = kept or FeatureScaling().fit(cases.features)
    original = base.scores(own, cases.features)
    scores, params = [], []
    for done, chosen in enumerate(rows):
        progress("bootstrap", done, len(rows))
        sample = cases.taken(chosen)
        try:
            scaling = kept or FeatureScaling().fit(sample.features)
            fitted = None if method is None else _model(sample, base, method, scaling)
        except BadInput:
            continue
        scores.append(base.scores(scaling, cases.features))
        params.append(fitted)
    progress("bootstrap", len(rows), len(rows))
    failed = len(rows) - len(scores)
    if failed > MOST_FAILED * len(rows):
        raise BadInput(
            f"In {failed} of {len(rows)} samples of the cases nothing could be fitted (a feature without spread, or "
            "outcomes all alike): the cases are too few or too much alike for an interval."
        )
    if method is None:
        return Resampled(None, np.array(scores), failed, None)
    estimated = Update(base, method).fit(base.design(cases.others, original), cases.outcome).estimated_
    found = np.array(params)
    return Resampled(brought_back(found, np.array(scores), original, base, estimated), np.array(scores), failed, found)


def _model(sample: Cases, base: Base, method: Method, scaling: FeatureScaling) -> np.ndarray:
    design = base.design(sample.others, base.scores(scaling, sample.features))
    return Update(base, method).fit(design, sample.outcome).params_


def brought_back(
    params: np.ndarray, scores: np.ndarray, original: np.ndarray, base: Base, estimated: tuple[int, ...]
) -> np.ndarray:
    """Covariance of the samples' models on the scale of the original scores, as `resample` says."""
    slope = 1 + base.radscore
    centred = original - original.mean()
    q = scores @ centred / (centred @ centred) if slope in estimated else np.ones(len(scores))
    p = scores.mean(axis=1) - q * original.mean()
    rest = params[:, slope, None] * (scores - p[:, None] - q[:, None] * original)
    moved = params.copy()
    moved[:, 0] += params[:, slope] * p
    moved[:, slope] *= q
    covariance = np.atleast_2d(np.cov(moved[:, list(estimated)], rowvar=False))
    covariance[0, 0] += rest.var(axis=0, ddof=1).mean()
    return covariance
