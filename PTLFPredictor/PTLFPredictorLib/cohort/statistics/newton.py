"""Newton's method for logistic models: the maximum of the log-likelihood, or of Firth's penalised one.

statsmodels fits the same models by maximum likelihood; this core is for the thousands of refits of bootstraps and
profiles, for which its results are too dear, and for Firth's penalty, which it has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import BadInput

LONGEST_MOVE = 5.0
"""Of a linear predictor, in one step."""

LEAST_INFORMATION = 1e-7
"""Mean weight p (1 - p) along a direction below which the outcome counts as separated: 16 on the logit scale."""

DEPENDENT = 1e-10
"""Part of a column that those before it do not explain, below which it counts as explained."""


class Separated(BadInput):
    """No finite coefficients fit best: along some direction the likelihood grows without end.

    Attributes
    ----------
    column : int or None
        Column of the design that the direction moves most, the constant being 0; None where all outcomes are equal.
    """

    def __init__(self, message: str, column: int | None = None):
        super().__init__(message)
        self.column = column


class Collinear(BadInput):
    """A column is constant or a linear combination of others, so that its coefficient is not determined."""


@dataclass(frozen=True)
class Maximum:
    """Where the log-likelihood is highest.

    Parameters
    ----------
    params : np.ndarray, shape (k,)
    covariance : np.ndarray, shape (k, k)
        Inverse of the Fisher information of all columns at `params`.
    log_likelihood : float
        With the penalty, where there is one.
    leverages : np.ndarray, shape (n,)
        Diagonal of the hat matrix.
    """

    params: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    leverages: np.ndarray


def expit(eta: np.ndarray) -> np.ndarray:
    """The logistic function, without overflow; SciPy's would have to be imported at every call (file scope: NumPy)."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(eta)))


def log_likelihood(eta: np.ndarray, y: np.ndarray) -> float:
    """Log-likelihood of outcomes (0 or 1) under these linear predictors."""
    return float(y @ eta - np.logaddexp(0, eta).sum())


class LogLikelihood:
    """The log-likelihood of some cases as a function of the coefficients.

    Parameters
    ----------
    design : np.ndarray, shape (n, k)
        With the constant as column 0, where there is one.
    y, offset : np.ndarray, shape (n,)
        Outcomes, 0 or 1; the part of the linear predictor that is known.
    penalised : bool
        Plus half the log determinant of the Fisher information of all columns (Firth, Biometrika 1993, 80:27).

    Raises
    ------
    Collinear
        When a column is a linear combination of those before it.
    """

    def __init__(self, design: np.ndarray, y: np.ndarray, offset: np.ndarray, penalised: bool = False):
        self.design, self.y, self.offset, self.penalised = design, y, offset, penalised
        cases, columns = design.shape
        self._basis, self._triangle = np.linalg.qr(design)
        dependent = np.abs(np.diag(self._triangle)) <= DEPENDENT * np.sqrt((design**2).sum(axis=0)[:cases])
        if cases < columns or dependent.any():
            column = int(np.argmax(dependent)) if dependent.any() else columns - 1
            raise Collinear(
                f"Column {column} of the model (0 is the intercept) is constant or follows from the columns before it "
                f"in these {cases} cases, so its coefficient is not determined. Leave it out."
            )

    def maximise(
        self, held: Sequence[int] = (), values: Sequence[float] = (), start: np.ndarray | None = None
    ) -> Maximum:
        """The maximum over all coefficients but those of the columns `held`, which have these `values`.

        Parameters
        ----------
        start : np.ndarray, shape (k,), optional
            Coefficients whose linear predictors to begin near; by default near 0.

        Raises
        ------
        Separated
            When the coefficients run away, which those of the penalised likelihood do not.
        BadInput
            When no maximum is found.
        """
        columns, held = self.design.shape[1], list(held)
        params = np.zeros(columns)
        params[held] = values
        free = [column for column in range(columns) if column not in held]
        basis, triangle = np.linalg.qr(self.design[:, free]) if held else (self._basis, self._triangle)
        known = self.offset + self.design[:, held] @ params[held]
        if free:
            first = 0.0 if start is None else self.offset + self.design @ start
            place = self._climb(basis, known, basis.T @ (first - known), triangle, free)
            params[free] = np.linalg.solve(triangle, place)
            known = known + basis @ place
        p = expit(known)
        inverse = np.linalg.inv(_information(self._basis, p))
        back = np.linalg.inv(self._triangle)
        height = log_likelihood(known, self.y)
        if self.penalised:
            height += float(np.log(np.abs(np.diag(self._triangle))).sum() - 0.5 * np.linalg.slogdet(inverse)[1])
        return Maximum(params, back @ inverse @ back.T, height, _leverages(self._basis, p, inverse))

    def _climb(
        self, basis: np.ndarray, known: np.ndarray, place: np.ndarray, triangle: np.ndarray, free: list[int]
    ) -> np.ndarray:
        """From `place`, coefficients of an orthonormal basis, to the top by Fisher scoring.

        A step is halved where it descends, and cut where it ends well beyond the top along it: of the penalised
        likelihood, Fisher scoring may go back and forth across the top for ever.
        """
        near, most = (1e-11, 60) if self.penalised else (1e-8, 30)
        near = max(near, 1e-14 * np.abs(known).max())
        best, step, slope, reached, information = place, np.zeros_like(place), 0.0, -np.inf, None
        try:
            for _ in range(most):
                height, residual, p, inverse = self._score(known + basis @ place)
                score = basis.T @ residual
                ahead = score @ step
                if height < reached - 1e-12 * (1 + abs(reached)) or ahead < -0.5 * slope:
                    cut = max(0.1, slope / (slope - ahead)) if ahead < -0.5 * slope else 0.5
                    step, slope = cut * step, cut * slope
                    place = best + step
                    continue
                best, reached = place, height
                if inverse is not None and basis is self._basis:
                    step = inverse @ score
                else:
                    information = _information(basis, p)
                    step = np.linalg.solve(information, score)
                longest, slope = np.abs(basis @ step).max(), score @ step
                if longest < near or (self.penalised and slope < 1e-22):
                    if not self.penalised and np.linalg.eigvalsh(information)[0] < LEAST_INFORMATION:
                        break
                    return best + step
                cut = min(1.0, LONGEST_MOVE / longest)
                step, slope = cut * step, cut * slope
                place = best + step
        except np.linalg.LinAlgError:
            pass
        if self.penalised:
            return self._climb_slowly(basis, known, best)
        raise self._separated(information, triangle, free)

    def _climb_slowly(self, basis: np.ndarray, known: np.ndarray, place: np.ndarray) -> np.ndarray:
        """The same by SciPy's BFGS, for where nearly all risks are 0 or 1: the penalty's curvature counts there, and
        the Fisher information does not have it."""
        from scipy.optimize import minimize

        def depth(at: np.ndarray) -> tuple[float, np.ndarray]:
            height, residual, *_ = self._score(known + basis @ at)
            return -height, -(basis.T @ residual)

        try:
            found = minimize(depth, place, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000})
        except np.linalg.LinAlgError:
            found = None
        if found is None or np.abs(found.jac).max() > 1e-5:
            raise BadInput(
                "Firth's penalised likelihood finds no maximum in these cases. Is an offset far from the outcomes, or "
                "a value far from all others?"
            )
        return found.x

    def _score(self, eta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray | None]:
        """Height up to a constant; residuals whose product with a column is its score; p; with the penalty the inverse
        information of all columns."""
        p, height = expit(eta), log_likelihood(eta, self.y)
        if not self.penalised:
            return height, self.y - p, p, None
        inverse = np.linalg.inv(_information(self._basis, p))
        height -= 0.5 * np.linalg.slogdet(inverse)[1]
        return height, self.y - p + _leverages(self._basis, p, inverse) * (0.5 - p), p, inverse

    def _separated(self, information: np.ndarray, triangle: np.ndarray, free: list[int]) -> Separated:
        events, cases = int(self.y.sum()), len(self.y)
        if events in (0, cases):
            return Separated(
                f"{events} of {cases} cases have the outcome: a risk cannot be fitted to outcomes all alike."
            )
        _, directions = np.linalg.eigh(information)
        moved = np.abs(np.linalg.solve(triangle, directions[:, 0])) * self.design[:, free].std(axis=0)
        column = free[int(np.argmax(moved))]
        return Separated(
            f"Column {column} of the model (0 is the intercept), alone or with others, separates the {events} cases "
            f"with the outcome from the {cases - events} without, so that no finite coefficients fit best. "
            "Use Firth's penalty.",
            column,
        )


def _information(basis: np.ndarray, p: np.ndarray) -> np.ndarray:
    return basis.T @ ((p * (1 - p))[:, None] * basis)


def _leverages(basis: np.ndarray, p: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    return p * (1 - p) * ((basis @ inverse) * basis).sum(axis=1)
