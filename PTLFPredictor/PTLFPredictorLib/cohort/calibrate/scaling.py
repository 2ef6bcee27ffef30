"""Mean and SD of each feature in a cohort, and the Radscores that follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import BadInput

SKEWED = 1.0
"""Sample skewness from which a positive feature counts as skewed, where its logarithm is less so."""


class FeatureScaling:
    """Z-scores of features by a cohort's own means and SDs.

    Attributes
    ----------
    mean_, sd_ : np.ndarray, shape (features,)
        The SD with n - 1.
    n_ : int
    """

    def fit(self, features: np.ndarray, names: list[str] | None = None) -> FeatureScaling:
        """From raw values, shape (n, features).

        Raises
        ------
        BadInput
            For a feature that is the same in all cases; `names` are for the sentence.
        """
        self.mean_, self.sd_, self.n_ = features.mean(axis=0), features.std(axis=0, ddof=1), len(features)
        constant = ~(self.sd_ > 1e-12 * np.abs(self.mean_))
        if constant.any():
            which = np.flatnonzero(constant)
            listed = ", ".join(names[i] if names else f"feature {i + 1}" for i in which)
            raise BadInput(
                f"{listed}: the same value in all {self.n_} cases, so that it has no SD to be normalised with. "
                "Are the slices, or the reconstruction, smoother than the signature's?"
            )
        return self

    @classmethod
    def given(cls, mean: np.ndarray, sd: np.ndarray) -> FeatureScaling:
        """With numbers that are known."""
        made = cls()
        made.mean_, made.sd_ = np.asarray(mean, float), np.asarray(sd, float)
        return made

    def transform(self, features: np.ndarray) -> np.ndarray:
        """Z-scores, of the features' shape."""
        return (features - self.mean_) / self.sd_


@dataclass(frozen=True)
class Logarithms:
    """Mean and SD of the natural logarithm of skewed features, on which their distance from the cohort is judged.

    Parameters
    ----------
    skewed : np.ndarray of bool, shape (features,)
        Positive in every case, sample skewness above `SKEWED`, and nearer to 0 on the logarithm.
    mean, sd : np.ndarray, shape (features,)
        nan where not skewed.
    """

    skewed: np.ndarray
    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> Logarithms:
        """Of raw values, shape (n, features), none of which is the same in all cases."""
        from scipy.stats import skew

        positive = (features > 0).all(axis=0)
        logarithms = np.log(np.where(positive, features, 1.0))
        raw, log = skew(features, bias=False), np.zeros(features.shape[1])
        log[positive] = skew(logarithms[:, positive], bias=False)
        skewed = positive & (raw > SKEWED) & (np.abs(log) < raw)
        mean, sd = logarithms.mean(axis=0), logarithms.std(axis=0, ddof=1)
        return cls(skewed, np.where(skewed, mean, np.nan), np.where(skewed, sd, np.nan))
