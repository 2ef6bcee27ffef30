"""The segments on screen beside what the model drew: volumes, Dice, share that was changed, counted in one pass.

A stroke asks for all of them at once, on CTs of 512 x 512 x 100; the voxels are looked at once, and only in the box
around both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..segmentation.names import Role
from ..segmentation.segments import PARENCHYMA
from ..segmentation.segments import TUMOUR as TUMOUR_LABEL
from .segment_roles import LIVER, TUMOUR
from .segment_voxels import labels_in_box


@dataclass(frozen=True)
class Agreement:
    """What is measured of the segments; against the model's result as far as that is known.

    Parameters
    ----------
    volumes_ml : mapping
        By role: liver (the whole organ), parenchyma, tumour.
    dice : mapping
        By role; NaN where both are empty.
    change_ml : mapping
        By role; positive where the segments are larger now.
    changed : float
        Share of the voxels, of the union of both organs, whose label differs; 0 to 1.
    """

    volumes_ml: Mapping[str, float]
    dice: Mapping[str, float] = field(default_factory=dict)
    change_ml: Mapping[str, float] = field(default_factory=dict)
    changed: float = 0.0


def compare(node, automatic=None) -> Agreement:
    """Measure a segmentation node, against the one that holds what the model drew where there is one.

    Raises
    ------
    BadInput
        Where the segments do not lie on one grid.
    """
    nodes = [node] if automatic is None else [node, automatic]
    maps, voxel_ml = labels_in_box(nodes)
    counted = [_counts(labels) for labels in maps]
    volumes = {role: count * voxel_ml for role, count in counted[0].items()}
    if automatic is None:
        return Agreement(volumes)
    (now, before), (counts, drawn) = maps, counted
    organs = {LIVER: (now > 0, before > 0), TUMOUR: (now == TUMOUR_LABEL, before == TUMOUR_LABEL)}
    shared = {role: int(np.count_nonzero(a & b)) for role, (a, b) in organs.items()}
    either = counts[LIVER] + drawn[LIVER] - shared[LIVER]
    return Agreement(
        volumes,
        {role: _dice(shared[role], counts[role] + drawn[role]) for role in organs},
        {role: (counts[role] - drawn[role]) * voxel_ml for role in organs},
        int(np.count_nonzero(now != before)) / either if either else 0.0,
    )


def _counts(labels: np.ndarray) -> dict[str, int]:
    tumour = int(np.count_nonzero(labels == TUMOUR_LABEL))
    parenchyma = int(np.count_nonzero(labels == PARENCHYMA))
    return {LIVER: int(np.count_nonzero(labels)), Role.PARENCHYMA: parenchyma, TUMOUR: tumour}


def _dice(shared: int, both: int) -> float:
    return 2 * shared / both if both else math.nan
