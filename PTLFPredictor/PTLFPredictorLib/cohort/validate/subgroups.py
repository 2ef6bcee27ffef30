"""The signature's performance in parts of the cases: by centre, and by columns that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInput
from ..statistics import calibration, discrimination
from ..statistics.calibration import Coefficient, ExpectedObserved
from ..statistics.discrimination import Auc
from ..statistics.logistic import expit

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 6
"""Different numbers up to which each is a level of its own; more are cut at their median."""

UNKNOWN = "not known"


@dataclass(frozen=True)
class Subgroup:
    """One part of the cases.

    Attributes
    ----------
    column, level : str
        "centre", "A".
    n, events : int
    too_few : bool
        Fewer events, or cases without, than the plan's fewest: nothing is computed.
    auc : Auc or None
    expected_observed : ExpectedObserved or None
    in_the_large : Coefficient or None
    """

    column: str
    level: str
    n: int
    events: int
    too_few: bool
    auc: Auc | None = None
    expected_observed: ExpectedObserved | None = None
    in_the_large: Coefficient | None = None


def subgroups(
    score: np.ndarray, y: np.ndarray, columns: Sequence[pd.Series], *, fewest: int, has_risk: bool
) -> tuple[Subgroup, ...]:
    """Each level of each column.

    Parameters
    ----------
    score, y : np.ndarray, shape (n,)
    columns : sequence of Series of shape (n,)
        Their names are the groups'.
    fewest : int
        Events, and cases without, that a subgroup needs.
    """
    return tuple(
        _subgroup(str(column.name), level, score[chosen], y[chosen], fewest, has_risk)
        for column in columns
        for level, chosen in _levels(column)
    )


def _subgroup(column: str, level: str, score: np.ndarray, y: np.ndarray, fewest: int, has_risk: bool) -> Subgroup:
    n, events = len(y), int(y.sum())
    if min(events, n - events) < fewest:
        return Subgroup(column, level, n, events, too_few=True)
    area = discrimination.delong(score, y)
    if not has_risk:
        return Subgroup(column, level, n, events, False, area)
    try:
        large = calibration.in_the_large(score, y)
    except BadInput:
        large = None
    return Subgroup(column, level, n, events, False, area, calibration.expected_observed(expit(score), y), large)


def _levels(column: pd.Series) -> list[tuple[str, np.ndarray]]:
    import pandas as pd

    missing = column.isna().to_numpy() | (column.astype(object) == "").to_numpy()
    known = column[~missing]
    if pd.api.types.is_numeric_dtype(known) and known.nunique() > MOST_LEVELS:
        middle = float(known.median())
        numbers = column.to_numpy(float)
        found = [(f"up to {middle:.4g}", numbers <= middle), (f"above {middle:.4g}", numbers > middle)]
    else:
        found = [(_text(level), (column == level).to_numpy()) for level in sorted(known.unique(), key=_order)]
    return [*found, *([(UNKNOWN, missing)] if missing.any() else [])]


def _order(level: object) -> tuple[bool, object]:
    return isinstance(level, str), level


def _text(level: object) -> str:
    return f"{level:g}" if isinstance(level, float) else str(level)
