"""Logistic regression with the LASSO penalty: the whole path, and cross-validation on stated folds.

The objective is that of glmnet (Friedman, Hastie, Tibshirani, J Stat Softw 2010;33(1), eq. 14): the mean negative
log-likelihood plus lambda times the sum of absolute coefficients, the intercept free.  scikit-learn's `liblinear`
penalises the intercept and its `saga` needs a minute for what a path needs here in a twentieth of a second.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from ...errors import BadInput

PROBABILITY_MARGIN = 1e-5
"""Predicted probabilities of held-out cases are cut to this distance from 0 and 1 before the log (as cv.glmnet)."""

NEWTON_STEPS = 500
"""At one lambda, at most; about four are needed."""

LONGEST_MOVE = 5.0
"""Of a linear predictor, in one step."""

FLAT = 1e-13
"""Gradient at which a minimum is reached although a step is longer: copies of a feature share their coefficient."""

JOINING = 10
"""Features that may join in one step at most, the strongest first."""

RIDGE = 1e-10
"""Relative to the largest curvature, added to the Newton matrix alone: it may be singular, the solution is the same."""


class Measure(enum.Enum):
    """What cross-validation compares."""

    DEVIANCE = "deviance"
    AUC = "auc"
    MISCLASSIFICATION = "misclassification"


class Choice(enum.Enum):
    """The lambda taken: where the measure is best, or the largest within one standard error of it (glmnet's names)."""

    MIN = "lambda.min"
    ONE_SE = "lambda.1se"


@dataclass(frozen=True)
class Path:
    """Solutions along `lambdas`.

    Attributes
    ----------
    lambdas : np.ndarray, shape (m,)
    intercepts : np.ndarray, shape (m,)
    coefficients : np.ndarray, shape (m, k)
    """

    lambdas: np.ndarray
    intercepts: np.ndarray
    coefficients: np.ndarray

    def until(self, count: int) -> Path:
        """Its first `count` solutions."""
        return Path(self.lambdas[:count], self.intercepts[:count], self.coefficients[:count])

    def linear_predictor(self, x: np.ndarray) -> np.ndarray:
        """Shape (m, n) of `x` (n, k)."""
        return self.intercepts[:, None] + self.coefficients @ x.T


@dataclass(frozen=True)
class CrossValidated:
    """Cross-validated measure along `lambdas`; `path` is that of all rows.

    Attributes
    ----------
    lambdas, cvm, cvsd : np.ndarray, shape (m,)
        The mean over folds, weighted by their sizes, and its standard error
        ``sqrt(weighted variance of fold means / (folds - 1))``.
    index_min, index_one_se : int
        Into `lambdas`; of equal means the larger lambda.
    """

    path: Path
    cvm: np.ndarray
    cvsd: np.ndarray
    index_min: int
    index_one_se: int

    @property
    def lambdas(self) -> np.ndarray:
        return self.path.lambdas

    def index(self, choice: Choice) -> int:
        return self.index_min if choice is Choice.MIN else self.index_one_se


def largest_lambda(x: np.ndarray, y: np.ndarray) -> float:
    """The smallest lambda at which every coefficient is 0: ``max |x'(y - mean y)| / n``, for centred or raw `x`."""
    return float(np.abs((x - x.mean(axis=0)).T @ (y - y.mean())).max() / len(y))


def grid(x: np.ndarray, y: np.ndarray, count: int = 50, ratio: float = 0.01) -> np.ndarray:
    """`count` values, equally spaced on the log scale, from `largest_lambda` down to `ratio` times it."""
    return largest_lambda(x, y) * np.geomspace(1.0, ratio, count)


def path(x: np.ndarray, y: np.ndarray, lambdas: np.ndarray, tolerance: float = 1e-9) -> Path:
    """Minimisers along decreasing `lambdas`, each from the one before.

    Newton's method on the coefficients that are not 0, whose signs are fixed within a step: one that would change its
    sign stops at 0, one at 0 whose gradient exceeds lambda joins (the optimality conditions; Hastie, Tibshirani,
    Wainwright, Statistical Learning with Sparsity, 2015, sec. 5.2 and 3.7).

    Parameters
    ----------
    x : np.ndarray, shape (n, k)
        As it is: standardise before.
    y : np.ndarray, shape (n,)
        0 or 1, both present.
    lambdas : np.ndarray, shape (m,)
    tolerance : float
        The largest change of a coefficient in the last step; convergence is quadratic, so the error is far smaller.

    Returns
    -------
    Path
        Shorter than `lambdas` where a solution is not reached, as for nearly separated outcomes at a tiny lambda;
        glmnet stops there too.

    Raises
    ------
    BadInput
        Where `y` has one value, or `x` values that are not finite.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if not 0 < y.mean() < 1:
        raise BadInput("LASSO needs cases with and without the outcome; here all have the same.")
    if not np.isfinite(x).all():
        raise BadInput("LASSO needs finite values; some features are missing or infinite.")
    columns = np.ascontiguousarray(x.T)
    lambdas = np.asarray(lambdas, float)
    coefficients, intercepts = np.zeros((len(lambdas), x.shape[1])), np.zeros(len(lambdas))
    intercept, beta = np.log(y.mean() / (1 - y.mean())), np.zeros(x.shape[1])
    for i, penalty in enumerate(lambdas):
        found = _minimise(columns, y, penalty, intercept, beta, tolerance)
        if found is None:
            return Path(lambdas, intercepts, coefficients).until(i)
        intercept, beta = intercepts[i], coefficients[i] = found
    return Path(lambdas, intercepts, coefficients)


def _minimise(
    columns: np.ndarray, y: np.ndarray, penalty: float, intercept: float, beta: np.ndarray, tolerance: float
) -> tuple[float, np.ndarray] | None:
    """From a start to the minimiser at one lambda, None where it is not reached; `columns` is x transposed."""
    n = len(y)
    active = np.flatnonzero(beta)
    chosen, moved, signs = columns[active], beta[active], np.sign(beta[active])
    eta = intercept + moved @ chosen
    loss, p = _loss(eta, y, moved, penalty)
    at_once, bound = min(JOINING, max(1, n // 10)), penalty * (1 + 1e-12)
    for _ in range(NEWTON_STEPS):
        residual = y - p
        gradient = columns @ residual / n
        outside = np.abs(gradient) > bound
        outside[active] = False
        if outside.any():
            joining = np.flatnonzero(outside)
            if len(joining) > at_once:
                joining = joining[np.argsort(-np.abs(gradient[joining]), kind="stable")[:at_once]]
            active = np.concatenate([active, joining])
            moved, signs = np.append(moved, np.zeros(len(joining))), np.append(signs, np.sign(gradient[joining]))
            chosen = columns[active]
        ascent = np.empty(len(active) + 1)
        ascent[0], ascent[1:] = residual.sum(), n * (gradient[active] - penalty * signs)
        step = np.linalg.solve(_curvature(chosen, p * (1 - p)), ascent)
        start, origin = moved, intercept
        scale = whole = min(1.0, LONGEST_MOVE / max(np.abs(step[0] + step[1:] @ chosen).max(), 1e-300))
        while True:  # the whole step nearly always; halved where the objective would grow
            intercept, moved = origin + scale * step[0], start + scale * step[1:]
            moved[moved * signs < 0] = 0.0
            eta = intercept + moved @ chosen
            new_loss, p = _loss(eta, y, moved, penalty)
            if new_loss <= loss + 1e-14 or scale < 1e-9:
                break
            scale /= 2
        loss, at_once = new_loss, at_once if scale == whole else 1  # one alone always moves the way of its gradient
        if not moved.all():
            left = moved != 0
            active, chosen, moved, signs = active[left], chosen[left], moved[left], signs[left]
        elif np.abs(step).max() < tolerance or np.abs(ascent).max() < FLAT * n:
            beta = np.zeros_like(beta)
            beta[active] = moved
            return intercept, beta
    return None


def _curvature(chosen: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Of the negative log-likelihood, in the intercept and the coefficients of the columns (k, n)."""
    weighted = chosen * weight
    curvature = np.empty((len(chosen) + 1,) * 2)
    curvature[0, 0] = weight.sum()
    curvature[0, 1:] = curvature[1:, 0] = weighted.sum(axis=1)
    curvature[1:, 1:] = weighted @ chosen.T
    diagonal = curvature.reshape(-1)[:: len(curvature) + 1]
    diagonal += RIDGE * diagonal.max()
    return curvature


def _loss(eta: np.ndarray, y: np.ndarray, beta: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
    """The objective, and the probabilities."""
    small = np.exp(-np.abs(eta))
    above = eta > 0
    loss = (np.log1p(small) + eta * (above - y)).sum() / len(y) + penalty * np.abs(beta).sum()
    return loss, np.where(above, 1.0, small) / (1 + small)


def cross_validated(
    x: np.ndarray,
    y: np.ndarray,
    folds: np.ndarray,
    lambdas: np.ndarray | None = None,
    measure: Measure = Measure.DEVIANCE,
    tolerance: float = 1e-4,
    *,
    rescaled: bool = False,
) -> CrossValidated:
    """Path of all rows and its cross-validation, as cv.glmnet with ``standardize = FALSE`` does it.

    Parameters
    ----------
    x : np.ndarray, shape (n, k)
        Standardised before; folds are not standardised again.
    y : np.ndarray, shape (n,)
    folds : np.ndarray of int, shape (n,)
        The fold that holds out each row.
    lambdas : np.ndarray, shape (m,), optional
        Decreasing; `grid` of all rows by default.
    tolerance : float
        Of the paths in the folds, whose coefficients are then within 1e-7; that of all rows has `path`'s own.
    rescaled : bool
        Whether each fold's training rows are standardised again (SD with n), as by ``standardize = TRUE``.

    Raises
    ------
    BadInput
        As `path`, for all rows or without one of the folds.
    """
    lambdas = grid(x, y) if lambdas is None else np.asarray(lambdas, float)
    whole, means, sizes = path(x, y, lambdas), [], []
    for number in np.unique(folds):
        held = folds == number
        scaled = (x - x[~held].mean(axis=0)) / x[~held].std(axis=0) if rescaled else x
        eta = path(scaled[~held], y[~held], lambdas, tolerance).linear_predictor(scaled[held])
        means.append(_measured(eta, y[held], measure))
        sizes.append(held.sum() * np.isfinite(means[-1]))
    reached = min(len(whole.lambdas), *map(len, means))
    means = np.nan_to_num([mean[:reached] for mean in means])
    sizes = np.array([size[:reached] for size in sizes])
    cvm = (sizes * means).sum(axis=0) / sizes.sum(axis=0)
    variance = (sizes * (means - cvm) ** 2).sum(axis=0) / sizes.sum(axis=0)
    cvsd = np.sqrt(variance / (np.count_nonzero(sizes[:, 0]) - 1))
    loss = -cvm if measure is Measure.AUC else cvm
    best = int(loss.argmin())
    one_se = int(np.flatnonzero(loss <= loss[best] + cvsd[best])[0])
    return CrossValidated(whole.until(reached), cvm, cvsd, best, one_se)


def _measured(eta: np.ndarray, y: np.ndarray, measure: Measure) -> np.ndarray:
    """Of held-out rows, for each lambda; NaN where it has no value (an AUC of one outcome)."""
    if measure is Measure.MISCLASSIFICATION:
        return np.mean((eta > 0) != (y == 1), axis=1)
    if measure is Measure.AUC:
        if len(set(y)) < 2:
            return np.full(len(eta), np.nan)
        pairs = eta[:, y == 1, None] - eta[:, None, y == 0]
        return np.mean((pairs > 0) + 0.5 * (pairs == 0), axis=(1, 2))
    p = np.clip(1 / (1 + np.exp(-eta)), PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    return -2 * np.mean(y * np.log(p) + (1 - y) * np.log(1 - p), axis=1)
