"""The rows that a model is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInput

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Cases:
    """Candidates and outcome of some cases, row by row.

    Parameters
    ----------
    outcome : np.ndarray, shape (n,)
        0 or 1.
    features : pandas.DataFrame or np.ndarray, shape (n, p), optional
        Without them there is no Radscore.
    clinical : pandas.DataFrame, shape (n, k), optional
        Numbers, 0/1 for yes and no, or categories (pandas' dtype); complete.
    second : pandas.DataFrame or np.ndarray, shape (n, p), optional
        Features of a second segmentation, NaN where there is none.
    origin : np.ndarray of int, shape (n,), optional
        Which case each row is: copies in a bootstrap sample share it.

    Raises
    ------
    BadInput
        Where a clinical value is missing.
    """

    outcome: np.ndarray
    features: pd.DataFrame | np.ndarray | None = None
    clinical: pd.DataFrame | None = None
    second: pd.DataFrame | np.ndarray | None = None
    origin: np.ndarray | None = None

    def __post_init__(self):
        object.__setattr__(self, "outcome", np.asarray(self.outcome, float))
        if self.origin is None:
            object.__setattr__(self, "origin", np.arange(self.n))
        if self.clinical is not None and (missing := self.clinical.isna().sum()).any():
            name = missing.idxmax()
            raise BadInput(f"{name} is missing in {missing[name]} of {self.n} cases; leave them out or impute first.")

    @property
    def n(self) -> int:
        return len(self.outcome)

    def take(self, rows: np.ndarray) -> Cases:
        """These rows, which may be repeated."""
        return Cases(
            self.outcome[rows],
            _rows(self.features, rows),
            _rows(self.clinical, rows),
            _rows(self.second, rows),
            self.origin[rows],
        )


def _rows(table: pd.DataFrame | np.ndarray | None, rows: np.ndarray) -> pd.DataFrame | np.ndarray | None:
    if table is None:
        return None
    return table.iloc[rows] if hasattr(table, "iloc") else table[rows]
