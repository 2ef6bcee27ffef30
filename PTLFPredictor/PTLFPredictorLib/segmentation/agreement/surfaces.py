"""How far the surfaces of two masks lie apart.

The surface of a mask is its voxels that share a face with a voxel outside; what lies beyond the image's border is
outside.  Distances are between voxel centres, in mm: from each surface voxel of one mask to the nearest surface voxel
of the other.  With A and B the lists of these distances, one way and back:

HD95
    The 95th percentile of A and B together (as MedPy's ``hd95``).  MONAI takes the larger one of the two lists' own
    percentiles, which is larger or about the same; DeepMind's ``surface-distance`` does too, and weighs each surface
    voxel by the area it stands for.
Average symmetric surface distance (ASSD)
    The mean of A and B together, ``(sum A + sum B) / (|A| + |B|)`` (Heimann et al., IEEE Trans Med Imaging 2009,
    28:1251, the liver's; also LiTS).  MedPy's ``assd`` is the mean of the two lists' means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ...ct import bounding_box

HD_PERCENT = 95


@dataclass(frozen=True)
class SurfaceDistances:
    """HD95 and ASSD in mm; NaN where one of the masks is empty, which has no surface."""

    hd95_mm: float
    assd_mm: float


def surface_distances(a: np.ndarray, b: np.ndarray, spacing_mm: tuple[float, float, float]) -> SurfaceDistances:
    """Distances of two masks.

    Parameters
    ----------
    a, b : np.ndarray of bool, shape (z, y, x)
    spacing_mm : (x, y, z)
        SimpleITK's order.
    """
    from scipy.spatial import KDTree

    points = [surface(mask) * np.array(spacing_mm[::-1], float) for mask in (a, b)]
    if not all(map(len, points)):
        return SurfaceDistances(math.nan, math.nan)
    trees = [KDTree(one, balanced_tree=False) for one in points]
    both = np.concatenate([tree.query(one)[0] for tree, one in zip(trees, points[::-1], strict=True)])
    return SurfaceDistances(float(np.percentile(both, HD_PERCENT)), float(both.mean()))


def surface(mask: np.ndarray) -> np.ndarray:
    """Index (z, y, x) of each surface voxel in the whole array, shape (voxels, 3)."""
    box = bounding_box(mask)
    if box is None:
        return np.empty((0, 3), np.int64)
    image = sitk.GetImageFromArray(np.pad(mask[box], 1).astype(np.uint8))
    contour = sitk.GetArrayFromImage(sitk.LabelContour(image))
    return np.argwhere(contour) - 1 + [side.start for side in box]
