"""Folds for cross-validation: stratified by outcome, seeded, copies of a case together."""

from __future__ import annotations

import numpy as np


def stratified(y: np.ndarray, folds: int, seed: int | tuple[int, ...], groups: np.ndarray | None = None) -> np.ndarray:
    """The fold that holds out each row.

    The cases with the outcome are dealt out in random order, then those without from where the dealing stopped, so that
    folds differ by at most one case and by at most one event.

    Parameters
    ----------
    y : np.ndarray, shape (n,)
        0 or 1.
    folds : int
    seed : int or tuple of int
    groups : np.ndarray of int, shape (n,), optional
        Rows of one group are copies of one case (a bootstrap sample has them) and stay together: a copy in the training
        rows of a fold would give its twin away.

    Returns
    -------
    np.ndarray of int, shape (n,)
    """
    rng = np.random.default_rng(seed)
    groups = np.arange(len(y)) if groups is None else groups
    _, first, of_row = np.unique(groups, return_index=True, return_inverse=True)
    outcome = np.asarray(y)[first]
    order = np.concatenate([rng.permutation(np.flatnonzero(outcome == value)) for value in (1, 0)])
    fold = np.empty(len(order), int)
    fold[order] = np.arange(len(order)) % folds
    return fold[of_row]
