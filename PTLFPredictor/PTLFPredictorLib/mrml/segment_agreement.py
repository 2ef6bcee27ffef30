"""The segments on screen beside what the model drew: volumes, Dice, share that was changed, counted in one pass.

A stroke asks for all of them at once, on CTs of 512 x 512 x 100; the voxels are looked at once, and only in the box
around both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..segmentation import segments as label_maps
from ..segmentation.names import Role
from .segment_roles import LIVER, TUMOUR
from .segment_voxels import labels_in_box

INSIDE = {
    Role.PARENCHYMA: label_maps.PARENCHYMA,
    TUMOUR: label_maps.TUMOUR,
    Role.EXCLUDED: label_maps.EXCLUDED,
}
"""What the liver consists of, and its labels."""


@dataclass(frozen=True)
class Agreement:
    """What is measured of the segments; against the model's result as far as that is known.

    Parameters
    ----------
    volumes_ml : mapping
        See `segmentation.segments.volumes_ml`.
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


def compare(node, automatic=None, hashes: Sequence[Mapping[str, str]] = ()) -> Agreement:
    """Measure a segmentation node, against the one that holds what the model drew where there is one.

    Parameters
    ----------
    hashes : sequence of mapping
        `segment_voxels.content_hashes` of both, where they are known: voxels that were just hashed are not looked for.

    Raises
    ------
    BadInput
        Where the segments do not lie on one grid.
    """
    nodes = [node] if automatic is None else [node, automatic]
    maps, voxel_ml = labels_in_box(nodes, hashes[: len(nodes)])
    counted = [_counts(labels) for labels in maps]
    measured = [label_maps.volumes_ml(*(counts[role] for role in INSIDE), voxel_ml) for counts in counted]
    if automatic is None:
        return Agreement(measured[0])
    (now, before), (counts, drawn) = maps, counted
    organs = {LIVER: (now > 0, before > 0), TUMOUR: (now == label_maps.TUMOUR, before == label_maps.TUMOUR)}
    shared = {role: int(np.count_nonzero(a & b)) for role, (a, b) in organs.items()}
    either = counts[LIVER] + drawn[LIVER] - shared[LIVER]
    return Agreement(
        measured[0],
        {role: _dice(shared[role], counts[role] + drawn[role]) for role in organs},
        {role: measured[0][role] - measured[1][role] for role in organs},
        int(np.count_nonzero(now != before)) / either if either else 0.0,
    )


def _counts(labels: np.ndarray) -> dict[str, int]:
    found = {role: int(np.count_nonzero(labels == label)) for role, label in INSIDE.items()}
    return {LIVER: sum(found.values()), **found}


def _dice(shared: int, both: int) -> float:
    return 2 * shared / both if both else math.nan
