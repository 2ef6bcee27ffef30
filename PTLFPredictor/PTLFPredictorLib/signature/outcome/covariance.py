"""Covariance of what was estimated: the one thing that an interval of a risk can stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import BadInput
from ..reader import Reader

INTERCEPT = "intercept"

NORMAL_95 = 1.959963984540054
"""97.5th percentile of the standard normal distribution."""


@dataclass(frozen=True)
class Covariance:
    """Covariance matrix of the named coefficients; a coefficient that is not named was fixed and adds nothing.

    Parameters
    ----------
    names : tuple of str
        "intercept" and design columns of the model ("ALB", "Tumours=multiple"), or some of them.
    matrix : ndarray of shape (len(names), len(names))
    """

    names: tuple[str, ...]
    matrix: np.ndarray

    def half_width(self, design: Mapping[str, float]) -> float:
        """Half the 95 % interval of the linear predictor at a design row, by column."""
        x = np.array([1.0 if name == INTERCEPT else design[name] for name in self.names])
        return NORMAL_95 * float(np.sqrt(max(float(x @ self.matrix @ x), 0.0)))

    def to_dict(self) -> dict[str, Any]:
        return {"names": list(self.names), "matrix": np.asarray(self.matrix, float).tolist()}


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def read(entry: Reader, names: Sequence[str]) -> Covariance:
    """``{"names": [...], "matrix": [...]}``, whose names must be exactly `names`."""
    if entry.sequence("names") != list(names):
        raise BadInput(f"{entry.where('names')} must be {list(names)}.")
    count = _NUMBERS[len(names)] if len(names) < len(_NUMBERS) else str(len(names))
    size = f"{count} rows of {count} numbers"
    try:
        rows = [Reader({"row": row}, entry.path).list_of_numbers("row") for row in entry.sequence("matrix")]
        matrix = np.array(rows, dtype=float)
    except (BadInput, ValueError) as error:
        raise BadInput(f"{entry.where('matrix')} must be {size}.") from error
    if matrix.shape != (len(names),) * 2 or not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T):
        raise BadInput(f"{entry.where('matrix')} must be a symmetric matrix of {size}.")
    if np.linalg.eigvalsh(matrix).min() < -1e-9 * np.abs(matrix).max():
        raise BadInput(f"{entry.where('matrix')} is no covariance matrix: it has a negative eigenvalue.")
    if not np.diag(matrix).all():
        raise BadInput(f"{entry.where('matrix')} has a variance of 0: what is estimated is never known exactly.")
    return Covariance(tuple(names), matrix)
