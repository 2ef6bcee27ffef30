"""Grey levels of a VOI.

PyRadiomics 3.0.1, ``imageoperations.getBinEdges`` and ``binImage``.  With a bin width the edges are multiples of
it counted from 0, where IBSI's fixed bin size counts from the VOI's minimum or the re-segmentation range's; with a
bin count they divide the VOI's range, as IBSI's fixed bin number does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from ...errors import BadInput

MAX_GREY_LEVELS = 10_000
"""Above this each level holds next to no voxel."""

LEVEL = np.dtype(np.uint16)
"""Of a grey level: it holds `MAX_GREY_LEVELS` and what comes behind the last edge."""

BLOCK = 1 << 16
"""Voxels to look at together: what is made of them on the way stays in the processor's cache."""

LEAST_SPACING = 8.0
"""Of bin edges, in units in the last place, above which rounding moves none of them by a whole bin."""

MAX_SQUARE_LEVELS = 4_000
"""Levels that may occur where a matrix has one row and one column for each: 128 MB of doubles."""


@dataclass(frozen=True)
class GreyLevels:
    """Discretised voxels of a VOI.

    Parameters
    ----------
    levels : ndarray of uint16, shape (n,)
        Level of each voxel, 1 for the lowest bin, in C order.
    highest : int
        The highest level that occurs.
    """

    levels: np.ndarray
    highest: int

    @cached_property
    def counts(self) -> np.ndarray:
        """Voxels per level, shape (highest,), the first for level 1."""
        return np.bincount(self.levels, minlength=self.highest + 1)[1:]

    @cached_property
    def present(self) -> np.ndarray:
        """The levels that occur, ascending."""
        return np.flatnonzero(self.counts) + 1


def bin_edges(values: np.ndarray, bin_width: float | None, bin_count: int | None) -> np.ndarray:
    """Lower edges of all bins and the upper edge of the last.

    Computed in the type of `values` by PyRadiomics' own steps: in single precision another order moves an edge by
    one unit in the last place, and with it the voxels that lie on it.
    """
    low, high = values.min(), values.max()
    if bin_count is not None:
        edges = np.histogram_bin_edges(np.array([low, high], dtype=values.dtype), bin_count)
        edges[-1] += 1
        return edges
    edges = np.arange(low - (low % bin_width), high + 2 * bin_width, bin_width)
    return np.array([edges[0] - 0.5, edges[0] + 0.5]) if edges.size == 1 else edges


def without_undefined(values: np.ndarray, image: str) -> np.ndarray:
    """`values` that are not NaN; raises `BadInput` where none is left or one is infinite."""
    total = values.sum(dtype=float)
    if np.isnan(total):
        values = values[~np.isnan(values)]
        total = values.sum(dtype=float)
    if values.size == 0 or not np.isfinite(total):
        raise BadInput(f"The filtered image '{image}' has no finite values in the VOI: the CT is uniform there.")
    return values


def discretise(values: np.ndarray, bin_width: float | None, bin_count: int | None, image: str) -> GreyLevels:
    """Grey levels of a VOI's voxels.

    Parameters
    ----------
    values : ndarray, shape (n,)
    bin_width, bin_count : float or None, int or None
        Of the extraction settings: exactly one is set.
    image : str
        Name of the filtered image, for the error.

    Raises
    ------
    BadInput
        For a VOI without any finite voxel, or for more than `MAX_GREY_LEVELS` levels.

    Notes
    -----
    A voxel without a value (the kurtosis of equal samples in LBP-3D) gets the level behind the last edge, where
    PyRadiomics' ``numpy.digitize`` puts it.
    """
    defined = without_undefined(values, image)
    low, high = float(defined.min()), float(defined.max())
    expected = bin_count if bin_count is not None else (high - low) / bin_width
    if expected > MAX_GREY_LEVELS:
        raise BadInput(
            f"The setting {_setting(bin_width, bin_count)} gives {expected:.0f} grey levels in the filtered image "
            f"'{image}' (values from {low:g} to {high:g}); at most {MAX_GREY_LEVELS} are possible. Choose wider bins, "
            "or clip or re-segment the CT."
        )
    edges = bin_edges(defined, bin_width, bin_count)
    levels = _digitise(defined, edges)
    if defined.size < values.size:
        known, levels = levels, np.full(values.shape, edges.size, dtype=LEVEL)
        levels[~np.isnan(values)] = known
    return GreyLevels(levels, int(levels.max()))


def require_square_matrix(grey: GreyLevels, bin_width: float | None, bin_count: int | None, image: str) -> None:
    """Raise `BadInput` where more than `MAX_SQUARE_LEVELS` occur, before a matrix of them is made."""
    if grey.present.size > MAX_SQUARE_LEVELS:
        raise BadInput(
            f"With the setting {_setting(bin_width, bin_count)}, {grey.present.size} grey levels occur in the filtered "
            f"image '{image}'; GLCM and NGTDM are possible up to {MAX_SQUARE_LEVELS}. Choose wider bins."
        )


def _setting(bin_width: float | None, bin_count: int | None) -> str:
    return f"bin_count of {bin_count}" if bin_count is not None else f"bin_width of {bin_width:g}"


def _digitise(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """``numpy.digitize`` for equally spaced edges: a division, corrected where it misses the edge by rounding.

    Edges so close that rounding moves them against each other (of a nearly even VOI in single precision) are looked up.
    """
    levels = np.ones(values.shape, dtype=LEVEL)
    if edges.size < 3:
        return levels
    spacing = (float(edges[-2]) - float(edges[0])) / (
        edges.size - 2
    )  # of many: two of them are known to a digit or two
    if spacing <= LEAST_SPACING * np.spacing(np.abs(edges).max()):
        return np.digitize(values, edges).astype(LEVEL)
    for start in range(0, values.size, BLOCK):
        block = values[start : start + BLOCK]
        guess = ((block - float(edges[0])) / spacing).astype(np.intp)
        np.clip(guess, 0, edges.size - 2, out=guess)
        guess -= block < edges.take(guess)
        guess += block >= edges.take(guess + 1)
        levels[start : start + BLOCK] += guess.astype(LEVEL)
    return levels


def neighbour_offsets(
    distances: tuple[int, ...], box_shape: tuple[int, ...], across: int | None = None
) -> list[tuple[int, int, int]]:
    """One of each pair of opposite offsets whose largest component is one of `distances`.

    In PyRadiomics' order; offsets that leave the VOI's box are left out (``build_angles`` in its cmatrices.c), and
    with `across` an axis, those that leave a plane across it.
    """
    reach = max(distances)
    steps = range(reach, -reach - 1, -1)
    offsets = [
        offset
        for offset in product(steps, steps, steps)
        if max(map(abs, offset)) in distances
        and all(abs(o) < size for o, size in zip(offset, box_shape, strict=True))
        and (across is None or offset[across] == 0)
    ]
    return offsets[: len(offsets) // 2]


def direction_weights(
    offsets: list[tuple[int, int, int]], spacing_mm: tuple[float, float, float], norm: str
) -> np.ndarray:
    """Length of each offset in mm by `norm` (1 for "no_weighting"), PyRadiomics' ``weightingNorm``."""
    steps = np.abs(np.array(offsets).reshape(-1, 3)) * spacing_mm
    if norm == "infinity":
        return steps.max(axis=1)
    if norm == "euclidean":
        return np.sqrt((steps**2).sum(axis=1))
    if norm == "manhattan":
        return steps.sum(axis=1)
    return np.ones(len(steps))
