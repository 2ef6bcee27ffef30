"""Spearman's rank correlation of many features, and which of two correlated features goes.

Ranks are counted so that they are whole numbers (twice the mid-rank, less n + 1).  Their products and the sums of these
are exact in floating point, so that a correlation is above the limit or not, whatever the order of summation: the same
features go on every machine, with any number of threads.
"""

from __future__ import annotations

import enum

import numpy as np

from ...errors import BadInput

BLOCK = 512
"""Columns compared at a time."""


class Keep(enum.Enum):
    """Which features stay.

    `FIRST`: in column order, each that is not correlated with one kept before; knows nothing of the outcome.
    `MOST_SIGNIFICANT`: the same in the order of given P values, which know the outcome: inside the folds only.
    `LEAST_CORRELATED`: of each pair, the most correlated features looked at first, the first one goes if its mean
    correlation with all that are left exceeds the mean among the others, else the second (what R's
    ``caret::findCorrelation(exact = TRUE)`` is found to do).
    `LEAST_CORRELATED_AT_START`: of each pair the one with the larger mean correlation with all features goes (``exact =
    FALSE``, caret's default for 100 features and more).
    """

    FIRST = "first in column order"
    MOST_SIGNIFICANT = "most significant first"
    LEAST_CORRELATED = "smaller mean correlation, recomputed"
    LEAST_CORRELATED_AT_START = "smaller mean correlation"


def spearman(x: np.ndarray) -> np.ndarray:
    """Spearman's rho of all pairs of columns (mid-ranks for ties).

    Parameters
    ----------
    x : np.ndarray, shape (n, p)

    Returns
    -------
    np.ndarray, shape (p, p)
        NaN for a column of one value.
    """
    ranks, squares = whole_ranks(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (ranks.T @ ranks).astype(float) / np.sqrt(np.outer(squares, squares))


def whole_ranks(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Twice the centred mid-ranks of each column, and their sums of squares.

    Returns
    -------
    ranks : np.ndarray, shape (n, p)
        Whole numbers; single precision where sums of products of n of them stay below 2**24, and so are exact.
    squares : np.ndarray, shape (p,)

    Raises
    ------
    BadInput
        Where a value is missing: its rank is no rank.
    """
    from scipy.stats import rankdata

    if np.isnan(x).any():
        raise BadInput("Rank correlation needs complete features; leave out those with missing values first.")
    n = len(x)
    exact = np.float32 if n * (n * n - 1) / 3 < 2**24 else np.float64
    ranks = (2 * rankdata(x, axis=0) - (n + 1)).astype(exact)
    return ranks, np.einsum("ij,ij->j", ranks, ranks).astype(float)


def spearman_filter(
    x: np.ndarray, limit: float = 0.8, keep: Keep = Keep.FIRST, p_values: np.ndarray | None = None
) -> np.ndarray:
    """Columns that stay when none may have ``|rho| > limit`` with another.

    Parameters
    ----------
    x : np.ndarray, shape (n, p)
        Complete, no column of one value.
    limit : float
    keep : Keep
    p_values : np.ndarray, shape (p,), optional
        For `Keep.MOST_SIGNIFICANT`; of equal ones the first column goes first.

    Returns
    -------
    np.ndarray of int, ascending

    Raises
    ------
    BadInput
        `Keep.MOST_SIGNIFICANT` without P values.
    """
    ranks, squares = whole_ranks(x)
    if keep in (Keep.LEAST_CORRELATED, Keep.LEAST_CORRELATED_AT_START):
        rho = np.abs((ranks.T @ ranks).astype(float)) / np.sqrt(np.outer(squares, squares))
        return _least_correlated(rho, limit, recomputed=keep is Keep.LEAST_CORRELATED)
    if keep is Keep.MOST_SIGNIFICANT and p_values is None:
        raise BadInput("Keeping the most significant of correlated features needs their P values.")
    order = np.arange(x.shape[1]) if keep is Keep.FIRST else np.argsort(p_values, kind="stable")
    return np.sort(order[_first(ranks[:, order], squares[order], limit)])


def _first(ranks: np.ndarray, squares: np.ndarray, limit: float) -> np.ndarray:
    """Columns not correlated with a kept one to their left."""
    norm = np.sqrt(squares)
    kept: list[int] = []
    for start in range(0, len(squares), BLOCK):
        here = np.arange(start, min(start + BLOCK, len(squares)))
        if kept:
            above = np.abs(ranks[:, kept].T @ ranks[:, here]) > limit * np.outer(norm[kept], norm[here])
            here = here[~above.any(axis=0)]
        above = np.abs(ranks[:, here].T @ ranks[:, here]) > limit * np.outer(norm[here], norm[here])
        free = np.ones(len(here), bool)
        for i in range(len(here)):
            if free[i]:
                free[i + 1 :] &= ~above[i, i + 1 :]
        kept.extend(here[free])
    return np.array(kept, int)


def _least_correlated(rho: np.ndarray, limit: float, recomputed: bool) -> np.ndarray:
    """Of absolute correlations `rho`: see `Keep`."""
    if not recomputed:
        mean = rho.mean(axis=1)
        gone = (rho > limit) & ~np.eye(len(rho), dtype=bool)
        gone &= (mean[:, None] > mean) | ((mean[:, None] == mean) & np.tri(len(rho), k=-1, dtype=bool))
        return np.flatnonzero(~gone.any(axis=1))
    order = np.argsort(-rho.mean(axis=1), kind="stable")
    rho = rho[np.ix_(order, order)]
    np.fill_diagonal(rho, 0)
    left = np.ones(len(rho), bool)
    sums, total = rho.sum(axis=1), rho.sum()
    for i in range(len(rho)):
        for j in np.flatnonzero(rho[i] > limit):
            if j > i and left[i] and left[j]:
                rest = left.sum() - 1
                out = i if sums[i] > (total - sums[j]) / rest else j
                left[out] = False
                total -= 2 * sums[out]
                sums -= rho[out]
                sums[out] = 0
    return np.sort(order[left])
