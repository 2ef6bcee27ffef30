"""Restricted cubic splines: smooth between the knots, straight beyond the outer ones."""

from __future__ import annotations

import numpy as np

from ...errors import BadInput

QUANTILES = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95)}
"""Where the knots lie (Harrell, Regression modeling strategies, 2015, 2.4.6)."""

FEW = 100
"""Values below which the outer knots are the 5th smallest and the 5th largest (Hmisc)."""


def knots(x: np.ndarray, number: int) -> np.ndarray:
    """Three or four knots by Hmisc's rule (without its exception for a pile of ties at an end).

    Raises
    ------
    BadInput
        Where the values are too few, or too many of them equal.
    """
    x = np.sort(np.asarray(x, float))
    found = np.quantile(x, QUANTILES[number])
    if 5 <= len(x) < FEW:
        found[[0, -1]] = x[4], x[-5]
    if not np.all(np.diff(found) > 0):
        raise BadInput(f"{len(x)} values are too few, or too many of them equal, for a spline of {number} knots.")
    return found


def restricted_cubic(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Columns of the spline, shape (n, knots - 1): `x` itself, then the cubic ones by squared range (Hmisc ``norm=2``).

    Devlin and Weeks, Proc 11th SUGI 1986, 643; Durrleman and Simon, Stat Med 1989, 8:551.
    """
    x = np.asarray(x, float)
    first, (before, last) = knots[0], knots[-2:]

    def cube(at: float) -> np.ndarray:
        return np.maximum(x - at, 0) ** 3

    cubic = [
        (cube(k) - (cube(before) * (last - k) - cube(last) * (before - k)) / (last - before)) / (last - first) ** 2
        for k in knots[:-2]
    ]
    return np.column_stack([x, *cubic])
