"""Where the liver stands in the body: the anatomy that also tells a CT which is mirrored together with its mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .placement import Coarse

BODY_HU = -250
LUNG_HU = (-930, -600)
"""Mean of a coarse voxel of lung; gas in the bowel lies below, but for its rim, which an erosion takes away."""

BONE_HU = 220
SPINE_HALF_WIDTH_MM = 30.0
LEAST_LUNG_ML, LEAST_BONE_ML = 100.0, 20.0
"""With less of it on the CT, nothing is concluded."""


@dataclass(frozen=True)
class Position:
    """Where the liver stands in the body; None where the CT does not show enough to tell.

    Parameters
    ----------
    right_share : float or None
        Share of the liver to the right of the body's mid-line.
    below_lungs_mm : float or None
        How far the lungs' centroid lies above the liver's.
    before_spine_mm : float or None
        How far the spine lies behind the liver's centroid.
    """

    right_share: float | None
    below_lungs_mm: float | None
    before_spine_mm: float | None


def position(coarse: Coarse) -> Position:
    from scipy.ndimage import binary_erosion

    liver, body = coarse.liver, _body(coarse.hu)
    levels = liver.any(axis=(1, 2))
    if not (body[levels].any() and liver.any()):
        return Position(None, None, None)
    dz, dy, dx = coarse.steps_mm
    columns = np.arange(liver.shape[2])
    middle = np.median([_middle(plane) for plane in body[levels] if plane.any()])
    right = float((liver[:, :, columns < middle].sum() + liver[:, :, columns == middle].sum() / 2) / liver.sum())
    z, y, _ = (float(np.mean(index)) for index in np.nonzero(liver))
    lung = binary_erosion(body & (coarse.hu > LUNG_HU[0]) & (coarse.hu < LUNG_HU[1]))
    spine = (coarse.hu > BONE_HU) & body
    spine[:, :, np.abs(columns - middle) * dx > SPINE_HALF_WIDTH_MM] = False
    return Position(
        right,
        (float(np.mean(np.nonzero(lung)[0])) - z) * dz if coarse.millilitres(lung) > LEAST_LUNG_ML else None,
        (float(np.median(np.nonzero(spine)[1])) - y) * dy if coarse.millilitres(spine) > LEAST_BONE_ML else None,
    )


def _middle(plane: np.ndarray) -> float:
    columns = np.flatnonzero(plane.any(axis=0))
    return (columns[0] + columns[-1]) / 2


def _body(hu: np.ndarray) -> np.ndarray:
    """Body with the air inside it, bool: the largest piece above `BODY_HU`, filled slice by slice."""
    from scipy.ndimage import binary_fill_holes, generate_binary_structure, label

    pieces, count = label(hu > BODY_HU)
    if not count:
        return np.zeros(hu.shape, bool)
    largest = pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])
    in_plane = generate_binary_structure(3, 1)
    in_plane[[0, 2]] = False
    return binary_fill_holes(largest, structure=in_plane)
