"""Logistic regression by maximum likelihood."""

from __future__ import annotations

import math

from .logistic_model import LogisticModel
from .newton import Collinear, Separated, expit, log_likelihood

__all__ = ["Collinear", "MaximumLikelihood", "Separated", "expit", "log_likelihood"]


class MaximumLikelihood(LogisticModel):
    """Logistic model fitted by maximum likelihood (R: ``glm(y ~ x, binomial)``).

    Parameters and attributes are those of `LogisticModel`.  Separated outcomes raise `Separated`: other programs then
    give a coefficient of 18 with a standard error of 1716 and call it converged.

    >>> model = MaximumLikelihood().fit(radscore[:, None], y, offset=albumin_and_inr)
    >>> model.params_
    """

    @property
    def deviance_(self) -> float:
        """``-2 log-likelihood``."""
        return -2 * self.log_likelihood_

    @property
    def aic_(self) -> float:
        """Akaike's information criterion."""
        return self.deviance_ + 2 * len(self.params_)

    @property
    def bic_(self) -> float:
        """Bayesian information criterion, with the logarithm of the number of cases."""
        return self.deviance_ + math.log(self.n_) * len(self.params_)
