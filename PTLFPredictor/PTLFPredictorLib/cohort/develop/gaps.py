"""Missing clinical values of training cases, imputed several times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInput
from ..statistics import imputation
from .variables import Variable

if TYPE_CHECKING:
    import pandas as pd


def fill(
    variables: Sequence[Variable], clinical: pd.DataFrame, radscore: np.ndarray, y: np.ndarray, count: int, seed: int
) -> tuple[pd.DataFrame, ...]:
    """Imputations of the cases, by chained equations of all variables, the Radscore and the outcome.

    A level is imputed as the number of its place in the list: predictive mean matching gives back numbers that other
    cases have, so that it is a level again.

    Parameters
    ----------
    clinical : DataFrame of n rows
    radscore, y : np.ndarray, shape (n,)
    count : int
        Imputations, at least 2.

    Raises
    ------
    BadInput
        For a variable that too few cases have, by its name.
    """
    numbers = np.column_stack([*(_numbers(one, clinical[one.name]) for one in variables), radscore])
    for one, column in zip(variables, numbers.T, strict=False):
        if (known := int(np.isfinite(column).sum())) < imputation.LEAST_OBSERVED:
            raise BadInput(
                f"'{one.name}' is known of {known} cases alone; to impute the others takes at least "
                f"{imputation.LEAST_OBSERVED}. Leave it out of the candidates."
            )
    made = []
    for filled in imputation.chained_equations(numbers, y, count, seed):
        frame = clinical.copy()
        for one, column in zip(variables, filled.T, strict=False):
            frame[one.name] = _values(one, column)
        made.append(frame)
    return tuple(made)


def _numbers(variable: Variable, values: pd.Series) -> np.ndarray:
    if not variable.categorical:
        return values.to_numpy(float)
    texts = variable.texts(values)
    return np.array([variable.levels.index(text) if text in variable.levels else np.nan for text in texts], float)


def _values(variable: Variable, numbers: np.ndarray) -> np.ndarray:
    if not variable.categorical:
        return numbers
    levels = np.array(variable.levels, object)[numbers.astype(int)]
    return levels.astype(float) if variable.binary else levels
