"""Long scans: where the organ is, from every second tile, so that only the tiles near it need all passes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import SimpleITK as sitk

from .box import Box
from .tiles import Grid, Tile

TYPICAL_MM = (260.0, 260.0, 300.0)
"""Extent of a large liver with the margins below, z, y, x: what a coarse pass is expected to leave."""

MARGIN_MM = 25.0
"""Around what the coarse pass found: its tiles do not overlap, and its edges are rough."""

SMALLEST_ML = 10.0
"""A smaller piece in the coarse pass is not taken for the organ."""

LEAST_ML = 150.0
"""Less than this in all is not taken for the liver: a false piece elsewhere must not hide it."""

WORTH = 0.85
"""Largest share of all passes for which the coarse pass is run, or its box used."""


def is_worth_it(grid: Grid, spacing: Sequence[float], passes: int) -> bool:
    """Whether a coarse pass and the tiles of a typical organ are fewer passes than all tiles.

    Parameters
    ----------
    grid : Grid
    spacing : sequence of float
        mm of the grid.
    passes : int
        For each tile: mirrorings times folds.
    """
    every = len(grid.tiles()) * passes
    return len(grid.every_second()) + len(grid.touching(typical_part(grid, spacing))) * passes <= WORTH * every


def typical_part(grid: Grid, spacing: Sequence[float]) -> Tile:
    """What a large liver takes in the middle of a grid."""
    z, y, x = (
        slice(max(int((size - mm / step) / 2), 0), min(math.ceil((size + mm / step) / 2), size))
        for size, mm, step in zip(grid.shape, TYPICAL_MM, spacing, strict=True)
    )
    return z, y, x


def find_organ(
    drawn: Iterable[np.ndarray], tiles: Sequence[Tile], grid: Grid, spacing: Sequence[float], organ: Collection[int]
) -> Tile | None:
    """The part of the grid around the organ, with `MARGIN_MM`; None where too little was found (`LEAST_ML`).

    Parameters
    ----------
    drawn : iterable of ndarray
        The model's labels of each tile on its own, without mirroring.
    tiles : sequence of Tile
        Together they cover the grid.
    grid : Grid
    spacing : sequence of float
        mm of the grid.
    organ : collection of int
        The model's labels.
    """
    mask = np.zeros(grid.shape, bool)
    for tile, labels in zip(tiles, drawn, strict=True):
        mask[tile] |= np.isin(labels, list(organ))
    outside = np.ones(grid.shape, bool)
    outside[grid.inside] = False
    mask &= ~outside
    smallest = math.ceil(SMALLEST_ML * 1000 / math.prod(spacing))
    pieces = sitk.ConnectedComponent(sitk.GetImageFromArray(mask.astype(np.uint8)))
    pieces = sitk.GetArrayFromImage(sitk.RelabelComponent(pieces, minimumObjectSize=smallest)) > 0
    if np.count_nonzero(pieces) * math.prod(spacing) < LEAST_ML * 1000:
        return None
    box = Box.around(pieces, spacing[::-1], MARGIN_MM)
    return None if box is None else box.slices
