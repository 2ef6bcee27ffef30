"""One logistic risk model: by maximum likelihood, with Firth's penalty where the outcome is separated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..statistics.coefficients import Coefficients
from ..statistics.firth import Firth
from ..statistics.imputation import Pooled
from ..statistics.logistic import MaximumLikelihood, Separated
from ..statistics.logistic_model import LogisticModel

DEPENDENT = 1e-8
"""Part of a standardised column that those before it do not explain, below which it has no coefficient of its own."""


AFTER_SELECTION = (
    "Variables and features were chosen in these very cases: on average odds ratios are too far from 1, intervals too "
    "narrow and P too small."
)


class Penalty(StrEnum):
    """How a logistic model is fitted."""

    WHERE_SEPARATED = "firth where separated"
    """Maximum likelihood; Firth's penalty where that has no finite coefficients."""

    NONE = "none"
    """Maximum likelihood, or an error."""

    FIRTH = "firth"


class Interval(StrEnum):
    """Which interval of a coefficient is shown, with the test that belongs to it."""

    WALD = "wald"
    """As SPSS prints it, and the source paper."""

    PROFILE = "profile"
    """Of the likelihood, as R's ``confint``; always of a penalised model."""

    POOLED = "pooled"
    """Wald's by Student's t of a model that was pooled over imputations, whatever was asked for."""


@dataclass(frozen=True)
class RiskModel:
    """A fitted model.

    Parameters
    ----------
    columns : tuple of str
        Design columns, in the order that `linear_predictor` takes them.
    intercept : float
    coefficients : np.ndarray, shape (columns,)
        0 of `aliased` ones.
    covariance : np.ndarray, shape (1 + columns, 1 + columns)
        The intercept first; 0 in the rows of `aliased` columns.
    intervals : np.ndarray, shape (columns, 2)
        95 %.
    p_values : np.ndarray, shape (columns,)
    interval : Interval
        Which they are.
    penalised : bool
        By Firth; the intercept is then FLIC's, so that the mean risk is the observed share.
    aliased : tuple of str
        Columns that follow from others in these cases, and so have no coefficient (R prints NA).
    n, events : int
    fitted : Coefficients
    """

    columns: tuple[str, ...]
    intercept: float
    coefficients: np.ndarray
    covariance: np.ndarray
    intervals: np.ndarray
    p_values: np.ndarray
    interval: Interval
    penalised: bool
    aliased: tuple[str, ...]
    n: int
    events: int
    fitted: Coefficients

    def linear_predictor(self, x: np.ndarray) -> np.ndarray:
        """Shape (n,) of a design (n, columns)."""
        return self.intercept + np.asarray(x, float) @ self.coefficients

    def joint_p_value(self, columns: Sequence[str]) -> float:
        """Of the columns of one variable together, by the test that belongs to `interval`; nan of aliased ones."""
        free = [name for name in self.columns if name not in self.aliased]
        places = [1 + free.index(name) for name in columns if name in free]
        if not places:
            return float("nan")
        if self.interval is Interval.POOLED and len(places) == 1:
            return float(self.fitted.p_values_[places[0]])
        by_likelihood = self.interval is Interval.PROFILE
        tests = self.fitted.likelihood_ratio_tests if by_likelihood else self.fitted.wald_tests
        return tests([places])[0].p_value


def fit(
    x: np.ndarray,
    y: np.ndarray,
    columns: Sequence[str],
    penalty: Penalty = Penalty.WHERE_SEPARATED,
    interval: Interval = Interval.WALD,
    *,
    with_intervals: bool = True,
) -> RiskModel:
    """Fit a model to complete cases, or to imputations of them.

    Parameters
    ----------
    x : np.ndarray, shape (n, columns) or (imputations, n, columns)
        The fits to imputations are pooled by Rubin's rules.
    y : np.ndarray, shape (n,)
        0 or 1.
    with_intervals : bool
        False leaves `intervals` and `p_values` nan: profiles take many fits, and the refits of a bootstrap need none.

    Raises
    ------
    BadInput
        Where all outcomes are equal; of separated outcomes too with `Penalty.NONE`.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    each = x if x.ndim == 3 else x[None]
    free = np.array(sorted(set.intersection(*(set(independent(one).tolist()) for one in each))), int)
    model, penalised = _fitted(each[:, :, free], y, penalty)
    kind = Interval.PROFILE if penalised else interval
    kind = Interval.POOLED if isinstance(model, Pooled) else kind
    k = each.shape[2]
    intervals, p_values = np.full((k, 2), np.nan), np.full(k, np.nan)
    if with_intervals and len(free):
        intervals[free], p_values[free] = _intervals(model, kind)
    coefficients, covariance = np.zeros(k), np.zeros((1 + k, 1 + k))
    coefficients[free] = model.params_[1:]
    places = np.concatenate([[0], 1 + free]).astype(int)
    covariance[np.ix_(places, places)] = model.covariance_
    return RiskModel(
        columns=tuple(columns),
        intercept=float(model.params_[0]),
        coefficients=coefficients,
        covariance=covariance,
        intervals=intervals,
        p_values=p_values,
        interval=kind,
        penalised=penalised,
        aliased=tuple(name for place, name in enumerate(columns) if place not in free),
        n=len(y),
        events=int(y.sum()),
        fitted=model,
    )


def independent(x: np.ndarray) -> np.ndarray:
    """Places of the columns that are neither constant nor follow from those before them, as R's ``glm`` keeps them."""
    kept: list[int] = []
    basis = np.empty((len(x), 0))
    for place, column in enumerate(np.asarray(x, float).T):
        centred = column - column.mean()
        size = float(np.linalg.norm(centred))
        if size <= DEPENDENT * max(1.0, float(np.abs(column).max())):
            continue
        rest = centred / size
        for _ in range(2):  # twice is enough for orthogonality
            rest = rest - basis @ (basis.T @ rest)
        if (left := float(np.linalg.norm(rest))) > DEPENDENT and len(kept) < len(x) - 1:
            basis = np.column_stack([basis, rest / left])
            kept.append(place)
    return np.array(kept, int)


def _intervals(model: Coefficients, kind: Interval) -> tuple[np.ndarray, np.ndarray]:
    """95 % limits and P of each coefficient but the intercept's."""
    if isinstance(model, Pooled):
        return model.wald_interval()[1:], model.p_values_[1:]
    if kind is Interval.WALD:
        return model.wald_interval()[1:], np.array([test.p_value for test in model.wald_tests()])
    limits = model.profile_interval(columns=range(1, len(model.params_)))
    return limits, np.array([test.p_value for test in model.likelihood_ratio_tests()])


def _fitted(x: np.ndarray, y: np.ndarray, penalty: Penalty) -> tuple[Coefficients, bool]:
    """The model of each imputation, shape (imputations, n, k), pooled where there are several; whether penalised."""
    penalised = penalty is Penalty.FIRTH
    if not penalised:
        try:
            return _pooled([MaximumLikelihood().fit(one, y) for one in x]), False
        except Separated:
            if penalty is Penalty.NONE or not 0 < y.mean() < 1:
                raise
    return _pooled([Firth(flic=True).fit(one, y) for one in x]), True


def _pooled(models: Sequence[LogisticModel]) -> Coefficients:
    return models[0] if len(models) == 1 else Pooled().fit(models)
