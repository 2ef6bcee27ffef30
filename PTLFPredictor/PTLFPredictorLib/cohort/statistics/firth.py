"""Logistic regression with Firth's penalty, which stays finite for few or separated outcomes."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .logistic_model import LogisticModel
from .newton import LogLikelihood, expit


class Firth(LogisticModel):
    """Logistic model with the penalty of Firth (Biometrika 1993, 80:27): Jeffreys' prior on the coefficients.

    Its tests and profile intervals are those of the penalised likelihood, the determinant being that of all columns, as
    in logistf (Heinze & Schemper, Stat Med 2002, 21:2409).  Wald's interval is of no use where outcomes are separated.

    Parameters
    ----------
    fit_intercept : bool
        See `LogisticModel`, as for all attributes that are not named here.
    flic : bool
        Put `flic_` in the place of the intercept of `params_`, with the Fisher information there: for risks, whose mean
        is then the observed share.  Likelihood, tests and profile intervals stay those of the penalised fit.

    >>> model = Firth().fit(x, y)
    >>> model.params_
    """

    _penalised = True

    def __init__(self, fit_intercept: bool = True, flic: bool = False):
        super().__init__(fit_intercept)
        if flic and not fit_intercept:
            raise ValueError("FLIC is a correction of the intercept")
        self.flic = flic

    def fit(self, x: np.ndarray, y: np.ndarray, offset: np.ndarray | None = None) -> Firth:
        """As `LogisticModel.fit`; never `Separated`."""
        super().fit(x, y, offset)
        self.__dict__.pop("flic_", None)
        if self.flic:
            self.params_ = np.concatenate([[self.flic_], self.params_[1:]])
            weights = self._weights(self.params_)
            self.covariance_ = np.linalg.inv(self._likelihood.design.T @ (weights[:, None] * self._likelihood.design))
        return self

    @cached_property
    def flic_(self) -> float:
        """Intercept by maximum likelihood, the other coefficients held (Puhr et al., Stat Med 2017, 36:2302).

        Raises
        ------
        Separated
            When all outcomes are equal.
        """
        fitted = self._likelihood
        known = fitted.offset + fitted.design[:, 1:] @ self._maximum.params[1:]
        return float(LogLikelihood(fitted.design[:, :1], fitted.y, known).maximise().params[0])

    @property
    def augmented_standard_errors_(self) -> np.ndarray:
        """Standard errors from the weights ``w (1 + h)``, h the leverages: those that logistf 1.26 prints.

        Those of `covariance_` come from the Fisher information alone, as in the paper of 2002 and in brglm2.
        """
        weights = self._weights(self._maximum.params) * (1 + self._maximum.leverages)
        design = self._likelihood.design
        return np.sqrt(np.diag(np.linalg.inv(design.T @ (weights[:, None] * design))))

    def _weights(self, params: np.ndarray) -> np.ndarray:
        p = expit(self._likelihood.offset + self._likelihood.design @ params)
        return p * (1 - p)
