"""Logistic regression with Firth's penalty, which stays finite for few or separated outcomes."""

from __future__ import annotations

import numpy as np


class Firth:
    """Logistic model fitted with the penalty of Firth (Biometrika 1993, 80:27): Jeffreys' prior on the coefficients.

    Parameters
    ----------
    steps : int
        Newton steps at most.
    tolerance : float
        The largest change of a coefficient at which the fit has converged.

    Attributes
    ----------
    params_ : np.ndarray, shape (1 + predictors,)
        Coefficients, the intercept first.
    covariance_ : np.ndarray, shape (1 + predictors, 1 + predictors)
        Inverse of the Fisher information at `params_`.

    >>> model = Firth().fit(x, y)
    >>> model.params_
    """

    def __init__(self, steps: int = 200, tolerance: float = 1e-10):
        self.steps, self.tolerance = steps, tolerance

    def fit(self, x: np.ndarray, y: np.ndarray) -> Firth:
        """Newton's method on the modified score ``X' (y - p + h (1/2 - p))``, h the diagonal of the hat matrix.

        Parameters
        ----------
        x : np.ndarray, shape (n, predictors)
        y : np.ndarray, shape (n,)
            0 or 1.

        Raises
        ------
        RuntimeError
            When it does not converge within `steps`.
        """
        design = np.column_stack([np.ones(len(x)), x])
        beta = np.zeros(design.shape[1])
        for _ in range(self.steps):
            p = 1 / (1 + np.exp(-design @ beta))
            weighted = design * (p * (1 - p))[:, None]
            covariance = np.linalg.inv(design.T @ weighted)
            hat = np.einsum("ij,jk,ik->i", weighted, covariance, design)
            step = covariance @ (design.T @ (y - p + hat * (0.5 - p)))
            beta += step * min(1.0, 2.0 / np.abs(step).max())
            if np.abs(step).max() < self.tolerance:
                self.params_, self.covariance_ = beta, covariance
                return self
        raise RuntimeError("the logistic model did not converge")
