"""Multiple imputation: missing predictors drawn several times, and the fits pooled by Rubin's rules.

By default a cohort's incomplete cases are left out; this is the named option.  The outcome belongs to the model that
imputes (Moons et al., J Clin Epidemiol 2006, 59:1092): without it the imputed predictors know nothing of it, and their
coefficients are drawn towards 0.  It is never used to impute the predictors of a new patient.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import BadInput
from .coefficients import Coefficients

DONORS = 5
"""Observed cases with the nearest predictions, one of which lends its value (van Buuren 2018, 3.4.3)."""

CYCLES = 10
"""Passes through all incomplete columns for one imputation."""

LEAST_OBSERVED = 2 * DONORS


def imputations_for(x: np.ndarray) -> int:
    """One imputation per percent of incomplete cases, at least 20 (White, Royston & Wood, Stat Med 2011, 30:377)."""
    incomplete = np.isnan(x).any(axis=1).mean()
    return max(20, int(np.ceil(100 * incomplete - 1e-9)))


def chained_equations(x: np.ndarray, y: np.ndarray, imputations: int, seed: int) -> np.ndarray:
    """Impute by chained equations with predictive mean matching (R: ``mice``; van Buuren, J Stat Softw 2011, 45:3).

    Every imputed value is one that another case has, so a column of 0 and 1 stays one and a skewed one stays skewed.
    statsmodels' ``MICEData`` does the same, at some 50 ms for each column and cycle: too dear for resampling.

    Parameters
    ----------
    x : np.ndarray, shape (n, k)
        Numeric predictors, NaN where missing; columns beyond those of the model help to impute.
    y : np.ndarray, shape (n,)
        Outcomes, all known.
    imputations : int
        How many; see `imputations_for`.
    seed : int
        The same gives the same values.

    Returns
    -------
    np.ndarray, shape (imputations, n, k)
        `x` with its gaps filled.

    Raises
    ------
    BadInput
        When an outcome is missing, or a column has fewer than `LEAST_OBSERVED` values to learn from.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if np.isnan(y).any():
        raise BadInput("A case without a known outcome cannot be imputed for; leave it out.")
    missing = np.isnan(x)
    observed = (~missing).sum(axis=0)
    incomplete = [column for column in np.argsort(-observed, kind="stable") if observed[column] < len(x)]
    if incomplete and observed.min() < LEAST_OBSERVED:
        raise BadInput(
            f"Column {int(observed.argmin())} of the predictors (from 0) has {observed.min()} values; to impute the "
            f"others takes at least {LEAST_OBSERVED}. Leave the predictor out."
        )
    filled = np.repeat(np.column_stack([x, y])[None], imputations, axis=0)
    for table, rng in zip(filled, np.random.default_rng(seed).spawn(imputations), strict=True):
        for column in incomplete:
            gaps = missing[:, column]
            table[gaps, column] = rng.choice(x[~gaps, column], gaps.sum())
        for column in CYCLES * incomplete:
            gaps = missing[:, column]
            others = np.delete(table, column, axis=1)
            table[gaps, column] = _matched(others, x[:, column], gaps, rng)
    return filled[:, :, :-1]


def _matched(others: np.ndarray, values: np.ndarray, gaps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws for the gaps of a column: coefficients from their posterior, then a donor of the nearest prediction."""
    spread = others.std(axis=0)
    design = np.column_stack([np.ones(len(others)), (others - others.mean(axis=0)) / np.where(spread > 0, spread, 1)])
    left, size, right = np.linalg.svd(design[~gaps], full_matrices=False)
    kept = size > 1e-8 * size[0]
    left, back = left[:, kept], right[kept].T / size[kept]
    known = values[~gaps]
    fitted = left @ (left.T @ known)
    freedom = max(len(known) - kept.sum(), 1)
    scale = np.sqrt(((known - fitted) ** 2).sum() / rng.chisquare(freedom))
    drawn = back @ (left.T @ known + scale * rng.normal(size=kept.sum()))
    shuffled = rng.permutation(len(known))  # so that among equals chance decides
    order = shuffled[np.argsort(fitted[shuffled], kind="stable")]
    wanted = design[gaps] @ drawn
    first = np.clip(np.searchsorted(fitted[order], wanted) - DONORS, 0, len(known) - 2 * DONORS)
    near = order[first[:, None] + np.arange(2 * DONORS)]
    nearest = np.argsort(np.abs(fitted[near] - wanted[:, None]), axis=1, kind="stable")[:, :DONORS]
    rows = np.arange(len(wanted))
    return known[near[rows, nearest[rows, rng.integers(DONORS, size=len(wanted))]]]


class Pooled(Coefficients):
    """One logistic model of the fits to several imputations, by Rubin's rules (Rubin 1987).

    Attributes
    ----------
    params_ : np.ndarray, shape (k,)
        Mean of the fits' coefficients.
    covariance_ : np.ndarray, shape (k, k)
        ``within + (1 + 1 / m) * between``: mean of the fits' covariances, and covariance of their coefficients.
    missing_information_ : np.ndarray, shape (k,)
        Share of each variance that is due to the missing values (lambda).
    degrees_of_freedom_ : np.ndarray, shape (k,)
        Of Student's t (Barnard & Rubin, Biometrika 1999, 86:948).
    n_, events_, imputations_ : int

    >>> fits = [MaximumLikelihood().fit(one, y) for one in chained_equations(x, y, 20, seed=1)]
    >>> Pooled().fit(fits).wald_interval()
    """

    def fit(self, models: Sequence[Coefficients]) -> Pooled:
        """Pool the fits of one model to each imputation, at least two."""
        if len(models) < 2:
            raise ValueError("Rubin's rules need at least two imputations")
        self.fit_intercept, self.models_ = models[0].fit_intercept, tuple(models)
        self.n_, self.events_, self.imputations_ = models[0].n_, models[0].events_, len(models)
        params = np.array([model.params_ for model in models])
        within = np.mean([model.covariance_ for model in models], axis=0)
        between = (1 + 1 / len(models)) * np.cov(params, rowvar=False).reshape(within.shape)
        self.params_, self.covariance_ = params.mean(axis=0), within + between
        self.missing_information_ = np.diag(between) / np.diag(self.covariance_)
        complete = self.n_ - len(self.params_)
        observed = (complete + 1) / (complete + 3) * complete * (1 - self.missing_information_)
        self.degrees_of_freedom_ = 1 / (self.missing_information_**2 / (len(models) - 1) + 1 / observed)
        return self

    def wald_interval(self, level: float = 0.95) -> np.ndarray:
        """Limits of each coefficient by Student's t, shape (k, 2)."""
        from scipy.special import stdtrit

        half = stdtrit(self.degrees_of_freedom_, (1 + level) / 2) * self.standard_errors_
        return self.params_[:, None] + half[:, None] * np.array([-1, 1])

    @property
    def p_values_(self) -> np.ndarray:
        """Of each coefficient by Student's t."""
        from scipy.special import stdtr

        return 2 * stdtr(self.degrees_of_freedom_, -np.abs(self.params_) / self.standard_errors_)

    def of_imputed(self, imputed: np.ndarray, offsets: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Linear predictors of cases that were imputed themselves, and their standard errors, each of shape (n,).

        Pooled on the logit scale, where Rubin's rules hold (Marshall et al., BMC Med Res Methodol 2009, 9:57): each
        fit predicts its own imputation.  A new patient's values are all known: `linear_predictor`, `risk`.

        Parameters
        ----------
        imputed : np.ndarray, shape (m, n, predictors)
            What the fits were made of, in their order.
        offsets : np.ndarray, shape (m, n), optional
        """
        offsets = [None] * len(imputed) if offsets is None else offsets
        each = [model.linear_predictor(x, o) for model, x, o in zip(self.models_, imputed, offsets, strict=True)]
        within = np.mean([m.standard_error(x) ** 2 for m, x in zip(self.models_, imputed, strict=True)], axis=0)
        return np.mean(each, axis=0), np.sqrt(within + (1 + 1 / len(each)) * np.var(each, axis=0, ddof=1))
