"""What a logistic model fitted to cases can do beyond its coefficients: likelihood ratio tests, profile intervals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ...errors import BadInput
from . import profile
from .chi_square import ChiSquare
from .coefficients import Coefficients
from .newton import LogLikelihood, Maximum


class LogisticModel(Coefficients):
    """Logistic regression of a yes-or-no outcome; fitted by `MaximumLikelihood` or with a penalty by `Firth`.

    Parameters
    ----------
    fit_intercept : bool
        False leaves out the constant: `params_` and `covariance_` then begin with the first predictor.

    Attributes
    ----------
    params_, covariance_ : np.ndarray, shape (k,) and (k, k)
        See `Coefficients`; the covariance is the inverse of the Fisher information at the coefficients.
    log_likelihood_ : float
        At the maximum; penalised, where the fit is.
    null_log_likelihood_ : float
        The same with all coefficients but the intercept 0; the offset stays.
    n_, events_ : int
        Cases, and cases with the outcome.
    """

    _penalised = False

    def fit(self, x: np.ndarray, y: np.ndarray, offset: np.ndarray | None = None):
        """Fit to cases.

        Parameters
        ----------
        x : np.ndarray, shape (n, predictors)
            No column of ones; no column at all fits the intercept alone.
        y : np.ndarray, shape (n,)
            0 or 1.
        offset : np.ndarray, shape (n,), optional
            Part of the linear predictor that is known: predictors whose coefficients are held.

        Raises
        ------
        Separated
            When maximum likelihood has no finite coefficients.
        Collinear
            When a column is constant or follows from others.
        BadInput
            When a value is missing or infinite, or an outcome neither 0 nor 1.
        """
        y = np.asarray(y, float)
        offset = np.zeros(len(y)) if offset is None else np.broadcast_to(np.asarray(offset, float), y.shape)
        design = self._design(x)
        if len(design) != len(y):
            raise ValueError(f"{len(design)} rows of predictors for {len(y)} outcomes")
        complete = np.isfinite(design).all(axis=1) & np.isfinite(y) & np.isfinite(offset)
        if not complete.all():
            raise BadInput(
                f"{len(y) - int(complete.sum())} of {len(y)} cases have a missing or infinite value in the model. "
                "Leave them out and say so, or impute."
            )
        if not ((y == 0) | (y == 1)).all():
            raise BadInput("An outcome is neither 0 nor 1.")
        self.n_, self.events_ = len(y), int(y.sum())
        self._likelihood = LogLikelihood(design, y, offset, self._penalised)
        self._maximum = self._likelihood.maximise()
        self.__dict__.pop("null_log_likelihood_", None)
        self.params_, self.covariance_ = self._maximum.params, self._maximum.covariance
        self.log_likelihood_ = self._maximum.log_likelihood
        return self

    @cached_property
    def null_log_likelihood_(self) -> float:
        return self._without(range(int(self.fit_intercept), len(self.params_))).log_likelihood

    def profile_interval(self, level: float = 0.95, columns: Sequence[int] | None = None) -> np.ndarray:
        """Limits of each coefficient by the profile of the (penalised) likelihood, exact: shape (k, 2).

        R's ``confint(glm)`` is this with limits interpolated by a spline, some 1e-4 beside the exact ones.

        Parameters
        ----------
        columns : sequence of int, optional
            Rows of `params_` that are wanted; all by default.
        """
        wanted = range(len(self.params_)) if columns is None else columns
        return np.array([profile.interval(self._likelihood, self._maximum, column, level) for column in wanted])

    def likelihood_ratio_test(self) -> ChiSquare:
        """All predictors together, against the intercept (and offset) alone."""
        predictors = len(self.params_) - int(self.fit_intercept)
        return ChiSquare(2 * (self.log_likelihood_ - self.null_log_likelihood_), predictors)

    def likelihood_ratio_tests(self, terms: Sequence[Sequence[int]] | None = None) -> tuple[ChiSquare, ...]:
        """Each term left out of the model in turn (R: ``drop1``).

        Parameters
        ----------
        terms : sequence of sequences of int, optional
            Rows of `params_` that belong together, as those of a categorical predictor; by default each predictor.
        """
        return tuple(
            ChiSquare(2 * (self._maximum.log_likelihood - self._without(term).log_likelihood), len(term))
            for term in self._terms(terms)
        )

    def _without(self, columns: Sequence[int]) -> Maximum:
        return self._likelihood.maximise(held=columns, values=np.zeros(len(columns)))
