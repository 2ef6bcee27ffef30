"""Closed outlines and the pixels that they enclose."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

Outlines = list[np.ndarray]
"""Outlines on one slice, each (n, 2): column and row in voxels, centres at whole numbers."""

SHIFT = np.array((1e-3, 0.618e-3))
"""How far beside its centre a voxel is asked whether it is inside, along columns and rows, in voxels: a centre on an
outline is then in or out by which side of the outline it is on, and not by the rounding of the outline's numbers; two
lengths, for a diagonal through centres goes through what lies beside them by the same length along both axes, too."""


def area(outline: np.ndarray) -> float:
    """What an outline (n, 3) encloses, in voxels of its slice (half the length of the vector area)."""
    around = outline - outline[:1]
    return float(np.linalg.norm(np.cross(around, np.roll(around, -1, axis=0)).sum(axis=0)) / 2) if len(outline) else 0.0


def fill(outlines: Sequence[np.ndarray], shape: Sequence[int]) -> np.ndarray:
    """Pixels whose centres lie inside an odd number of outlines.

    Scan conversion by parity: each edge toggles a row at the first pixel behind it, whatever outline it is of.

    Parameters
    ----------
    outlines : sequence of ndarray, (n, 2)
        Column and row of the points, pixel centres at whole numbers; closed from the last point to the first.
    shape : (rows, columns)

    Returns
    -------
    ndarray of bool, shape (rows, columns)
    """
    rows, columns = (int(size) for size in shape)
    starts = np.concatenate(outlines)
    ends = np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines])
    is_up = (starts[:, 1] > ends[:, 1])[:, None]
    # From top to bottom, whichever way it was drawn, so that the two sides of a keyhole are one line.
    top, bottom = np.where(is_up, ends, starts) - SHIFT, np.where(is_up, starts, ends) - SHIFT
    first, stop = (np.clip(np.ceil(point[:, 1]), 0, rows).astype(int) for point in (top, bottom))
    edge = np.repeat(np.arange(len(top)), stop - first)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(stop - first) - stop, stop - first)  # from `first` on
    run, rise = (bottom[edge] - top[edge]).T
    crossing = top[edge, 0] + (row - top[edge, 1]) * (run / rise)
    column = np.clip(np.ceil(crossing), 0, columns).astype(int)
    toggles = np.bincount(row * (columns + 1) + column, minlength=rows * (columns + 1))
    return np.cumsum(toggles.reshape(rows, columns + 1)[:, :-1], axis=1) % 2 > 0


def cross(outlines: Outlines) -> bool:
    """Whether two outlines overlap without one lying in the other."""
    boxes = [(np.floor(o.min(axis=0)).astype(int), np.ceil(o.max(axis=0)).astype(int) + 1) for o in outlines]
    for a, b in itertools.combinations(range(len(outlines)), 2):
        if (boxes[a][1] <= boxes[b][0]).any() or (boxes[b][1] <= boxes[a][0]).any():
            continue
        low, high = np.minimum(boxes[a][0], boxes[b][0]), np.maximum(boxes[a][1], boxes[b][1])
        one, other = (fill([outlines[k] - low], (high - low)[::-1]) for k in (a, b))
        if (one & other).any() and (one & ~other).any() and (other & ~one).any():
            return True
    return False
