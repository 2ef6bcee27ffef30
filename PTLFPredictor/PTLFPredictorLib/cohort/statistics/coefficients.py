"""Coefficients of a logistic model and their covariance: Wald's intervals and tests, predictions with their errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .chi_square import ChiSquare
from .newton import expit


class Coefficients:
    """A logistic model, as far as its coefficients and their covariance say.

    Parameters
    ----------
    fit_intercept : bool
        Whether there is one.

    Attributes
    ----------
    params_ : np.ndarray, shape (k,)
        Coefficients, the intercept first; ``k = fit_intercept + predictors``.
    covariance_ : np.ndarray, shape (k, k)
        Of `params_`.
    """

    params_: np.ndarray
    covariance_: np.ndarray

    def __init__(self, fit_intercept: bool = True):
        self.fit_intercept = fit_intercept

    @property
    def standard_errors_(self) -> np.ndarray:
        """Square roots of the diagonal of `covariance_`."""
        return np.sqrt(np.diag(self.covariance_))

    @property
    def variance_inflation_(self) -> np.ndarray:
        """Variance inflation factor of each predictor, from the covariance of the coefficients (as ``rms::vif``)."""
        of_predictors = self.covariance_[int(self.fit_intercept) :, int(self.fit_intercept) :]
        return np.diag(np.linalg.inv(of_predictors)) * np.diag(of_predictors)

    def wald_interval(self, level: float = 0.95) -> np.ndarray:
        """Limits ``estimate -+ z SE`` of each coefficient, shape (k, 2): what SPSS and statsmodels print."""
        return self.params_[:, None] + normal_quantile(level) * self.standard_errors_[:, None] * np.array([-1, 1])

    def wald_tests(self, terms: Sequence[Sequence[int]] | None = None) -> tuple[ChiSquare, ...]:
        """Wald's test of each of the `terms`, as those of `likelihood_ratio_tests`; ``z ** 2`` of a single one."""
        return tuple(
            ChiSquare(
                float(self.params_[term] @ np.linalg.solve(self.covariance_[np.ix_(term, term)], self.params_[term])),
                len(term),
            )
            for term in self._terms(terms)
        )

    def linear_predictor(self, x: np.ndarray, offset: np.ndarray | float | None = None) -> np.ndarray:
        """``offset + intercept + x @ coefficients``, shape (n,)."""
        return self._design(x) @ self.params_ + (0.0 if offset is None else offset)

    def standard_error(self, x: np.ndarray) -> np.ndarray:
        """Standard error of the linear predictor, shape (n,); what was held in an offset counts as known."""
        design = self._design(x)
        return np.sqrt(((design @ self.covariance_) * design).sum(axis=1))

    def risk(self, x: np.ndarray, offset: np.ndarray | float | None = None) -> np.ndarray:
        """Predicted probability of the outcome, shape (n,)."""
        return expit(self.linear_predictor(x, offset))

    def risk_interval(self, x: np.ndarray, offset: np.ndarray | float | None = None, level: float = 0.95) -> np.ndarray:
        """Limits of the risk, shape (n, 2): Wald's on the scale of the linear predictor."""
        half = normal_quantile(level) * self.standard_error(x)
        return expit(self.linear_predictor(x, offset)[:, None] + half[:, None] * np.array([-1, 1]))

    def _design(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, float)
        if x.ndim != 2:
            raise ValueError(f"predictors are a table of cases by columns, not of shape {x.shape}")
        return np.column_stack([np.ones(len(x)), x]) if self.fit_intercept else x

    def _terms(self, terms: Sequence[Sequence[int]] | None) -> list[list[int]]:
        if terms is None:
            return [[column] for column in range(int(self.fit_intercept), len(self.params_))]
        return [list(term) for term in terms]


def normal_quantile(level: float) -> float:
    """Quantile of the normal distribution that bounds a two-sided interval of this level: 1.96 of 0.95."""
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))
