"""R squared of a logistic model: the four that are reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .logistic import MaximumLikelihood


@dataclass(frozen=True)
class ExplainedVariation:
    """Explained variation in the cases that a model was fitted to.

    Parameters
    ----------
    cox_snell : float
        ``1 - exp(-LR / n)``; what Riley's sample size asks for.
    nagelkerke : float
        The same over the highest that it can be (rms: ``R2``).
    mcfadden : float
        ``1 - log-likelihood / null log-likelihood``.
    tjur : float
        Mean risk of the cases with the outcome, minus that of those without (Am Stat 2009, 63:366).
    """

    cox_snell: float
    nagelkerke: float
    mcfadden: float
    tjur: float


def explained_variation(model: MaximumLikelihood, risk: np.ndarray, y: np.ndarray) -> ExplainedVariation:
    """R squared of a fitted model.

    Parameters
    ----------
    model : MaximumLikelihood
    risk : np.ndarray, shape (n,)
        Its predicted risks in the cases that it was fitted to.
    y : np.ndarray, shape (n,)
        Their outcomes, 0 or 1.
    """
    of_cases = model.likelihood_ratio_test().statistic / model.n_
    cox_snell = -np.expm1(-of_cases)
    highest = -np.expm1(2 * model.null_log_likelihood_ / model.n_)
    return ExplainedVariation(
        cox_snell=float(cox_snell),
        nagelkerke=float(cox_snell / highest),
        mcfadden=1 - model.log_likelihood_ / model.null_log_likelihood_,
        tjur=float(risk[y == 1].mean() - risk[y == 0].mean()),
    )
