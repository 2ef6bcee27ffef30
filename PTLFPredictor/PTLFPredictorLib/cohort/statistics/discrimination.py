"""Area under the receiver operating characteristic curve."""

from __future__ import annotations

import numpy as np


def auc(score: np.ndarray, y: np.ndarray) -> float:
    """Share of pairs of a case with and one without the outcome in which the first has the higher score; ties half.

    Parameters
    ----------
    score : np.ndarray, shape (n,)
    y : np.ndarray, shape (n,)
        0 or 1.
    """
    pairs = score[y == 1][:, None] - score[y == 0][None, :]
    return float(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
