"""A published risk model updated with a cohort's outcomes.

Methods of Steyerberg et al. (Stat Med 2004, 23:2567), Janssen et al. (J Clin Epidemiol 2008, 61:76) and Vergouwe et
al. (Stat Med 2017, 36:4529): what is not estimated stays in the offset.
"""

from __future__ import annotations

import numpy as np

from ...errors import BadInput
from ..statistics.firth import Firth
from ..statistics.logistic import MaximumLikelihood, Separated
from .base import Base, names_of
from .plan import Method
from .shrinkage import Shrunk, shrink


class Update:
    """A signature's risk model, updated.

    Parameters
    ----------
    base : Base
    method : Method

    Attributes
    ----------
    params_ : np.ndarray, shape (1 + columns,)
        The whole model, the intercept first; what was fixed included.
    estimated_ : tuple of int
        Which of them were estimated.
    covariance_ : np.ndarray, shape (len(estimated_), len(estimated_))
        Of what was estimated, features' means and SDs being taken as known; of a shrunk slope, the posterior's.
    slope_, slope_se_ : float
        The Radscore's slope before shrinkage (nan where it was not estimated by itself).
    shrunk_ : Shrunk or None
    penalised_ : bool
        The outcomes are separated, and Firth's penalty was used, with FLIC's intercept.
    log_likelihood_ : float
        Of the cases under `params_`.

    >>> update = Update(Base.of(signature), Method.SHRUNK_SLOPE).fit(design, y)
    """

    def __init__(self, base: Base, method: Method):
        if method is Method.SHRUNK_SLOPE and base.slope_se is None:
            raise BadInput(
                "The signature's file has no standard error of the Radscore's coefficient, so that nothing says how "
                f"far a slope is to be shrunk towards it. Choose another method, e.g. --method {Method.SLOPE}."
            )
        self.base, self.method = base, method

    @property
    def names_(self) -> tuple[str, ...]:
        """Of what was estimated."""
        names = names_of(self.base)
        return tuple(names[i] for i in self.estimated_)

    def fit(self, x: np.ndarray, y: np.ndarray) -> Update:
        """Fit to cases.

        Parameters
        ----------
        x : np.ndarray, shape (n, columns)
            Design, the Radscore in its column.
        y : np.ndarray, shape (n,)
            0 or 1.
        """
        base, radscore = self.base, x[:, self.base.radscore]
        published = x @ base.coefficients
        self.slope_ = self.slope_se_ = float("nan")
        self.shrunk_, self.penalised_ = None, False
        size = 1 + len(base.columns)
        fixed = np.concatenate([[0.0], base.coefficients])
        if self.method is Method.REFIT:
            self._take(self._fitted(x, y, np.zeros(len(y))), np.eye(size), np.zeros(size))
        elif self.method is Method.OVERALL_SLOPE:
            back = np.column_stack([np.eye(size)[0], fixed])
            self._take(self._fitted(published[:, None], y, np.zeros(len(y))), back, np.zeros(size))
        elif self.method is Method.INTERCEPT:
            self._take(self._fitted(x[:, :0], y, published), np.eye(size)[:, :1], fixed)
        else:
            rest = published - base.slope * radscore
            fitted = self._fitted(radscore[:, None], y, rest)
            self.slope_, self.slope_se_ = float(fitted[0][1]), float(np.sqrt(fitted[1][1, 1]))
            if self.method is Method.SHRUNK_SLOPE:
                fitted = self._shrunk(*fitted, radscore, y, rest)
            fixed[1 + base.radscore] = 0.0
            self._take(fitted, np.eye(size)[:, [0, 1 + base.radscore]], fixed)
        eta = self.linear_predictor(x)
        self.log_likelihood_ = float(y @ eta - np.logaddexp(0, eta).sum())
        return self

    def linear_predictor(self, x: np.ndarray) -> np.ndarray:
        """Of a design, shape (n,)."""
        return self.params_[0] + x @ self.params_[1:]

    def standard_error(self, row: np.ndarray, covariance: np.ndarray | None = None) -> float:
        """Standard error of the linear predictor at one design row, shape (columns,)."""
        at = np.concatenate([[1.0], row])[list(self.estimated_)]
        return float(np.sqrt(at @ (self.covariance_ if covariance is None else covariance) @ at))

    def _fitted(self, x: np.ndarray, y: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        try:
            model = MaximumLikelihood().fit(x, y, offset)
        except Separated:
            model, self.penalised_ = Firth(flic=True).fit(x, y, offset), True
        return model.params_, model.covariance_

    def _shrunk(
        self, params: np.ndarray, covariance: np.ndarray, radscore: np.ndarray, y: np.ndarray, rest: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The slope shrunk; then the intercept by maximum likelihood, so that the mean risk is the observed share."""
        self.shrunk_: Shrunk | None = shrink(params, covariance, self.base.slope, self.base.slope_se)
        slope = self.shrunk_.params[1]
        (intercept,) = MaximumLikelihood().fit(radscore[:, None][:, :0], y, rest + slope * radscore).params_
        return np.array([intercept, slope]), self.shrunk_.covariance

    def _take(self, fitted: tuple[np.ndarray, np.ndarray], back: np.ndarray, fixed: np.ndarray) -> None:
        """The whole model as ``fixed + back @ fitted``."""
        self.params_ = fixed + back @ fitted[0]
        self.estimated_ = tuple(int(i) for i in np.flatnonzero(back.any(axis=1)))
        rows = back[list(self.estimated_)]
        self.covariance_ = rows @ fitted[1] @ rows.T
