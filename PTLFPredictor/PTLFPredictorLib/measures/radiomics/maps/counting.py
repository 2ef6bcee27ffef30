"""What many small matrices have in common: things counted by neighbourhood."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..textures import EPSILON


class Things:
    """Things (pairs of voxels, runs, zones), each of one neighbourhood.

    Parameters
    ----------
    number : int
        Of neighbourhoods.
    of : ndarray of int, shape (n,)
        The neighbourhood of each thing.
    """

    def __init__(self, number: int, of: np.ndarray):
        self.number, self.of = number, of

    @cached_property
    def total(self) -> np.ndarray:
        """Things by neighbourhood, shape (number,)."""
        return np.bincount(self.of, minlength=self.number)

    def sum(self, weights: np.ndarray) -> np.ndarray:
        """Sum of `weights`, one for each thing, by neighbourhood."""
        return np.bincount(self.of, weights, minlength=self.number)

    def mean(self, weights: np.ndarray) -> np.ndarray:
        """Mean of `weights` by neighbourhood; NaN for one without things."""
        return self.sum(weights) / self.total

    def variance(self, weights: np.ndarray) -> np.ndarray:
        return self.mean((weights - self.mean(weights)[self.of]) ** 2)

    def histogram(self, keys: np.ndarray) -> np.ndarray:
        """Things by neighbourhood and key (from 0), shape (number, keys)."""
        width = int(keys.max()) + 1 if keys.size else 1
        counts = np.bincount(self.of * width + keys, minlength=self.number * width)
        return counts.reshape(self.number, width)

    def counted(self, first: np.ndarray, second: np.ndarray) -> tuple[Things, np.ndarray, np.ndarray, np.ndarray]:
        """Kinds of things by two keys (from 0): the kinds (in order of their neighbourhoods), keys, how many."""
        width, depth = (int(keys.max()) + 1 if keys.size else 1 for keys in (first, second))
        codes = (self.of.astype(np.int64) * width + first) * depth + second
        if codes.size and self.number * width * depth < 2**31:
            codes = codes.astype(np.int32)  # sorted faster
        kinds, counts = np.unique(codes, return_counts=True)
        return Things(self.number, kinds // (width * depth)), kinds // depth % width, kinds % depth, counts


def entropy(p: np.ndarray) -> np.ndarray:
    """-sum of p log2(p + eps) along the last axis."""
    return -np.sum(p * np.log2(p + EPSILON), axis=-1)


def mean_over_directions(found: list[np.ndarray], number: int, features: int) -> np.ndarray:
    """Mean over arrays (features, number) without NaN; NaN where none has a value."""
    if not found:
        return np.full((features, number), np.nan)
    values = np.stack(found)
    known = ~np.isnan(values)
    return np.where(known, values, 0).sum(axis=0) / known.sum(axis=0)
