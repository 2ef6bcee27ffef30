"""Which lesions of one label map are lesions of the other.

A lesion is a connected piece of tumour (26 neighbours, `segmentation.lesions`), of any size.  Two lesions can be one
where they share at least `LEAST_IOU` of what they hold together (intersection over union); each has one partner at
most, so that the sum of the shares is largest (the assignment problem).  This is the rule of PI-CAI's ``picai_eval``
(Saha et al., Lancet Oncol 2024, 25:879), with the overlap of nnDetection (Baumgartner et al., MICCAI 2021): low enough
for small lesions on thick slices, and one large blot over three lesions finds one of them, not three.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

from ...ct import bounding_box
from ..lesions import Lesion, measured, pieces
from ..segments import TUMOUR
from .overlap import require_one_grid

LEAST_IOU = 0.1

SIZES_MM = (0.0, 10.0, 20.0, 50.0)
"""Diameters from which a class of size begins: 10 mm is the least measurable one (RECIST), 20 and 50 mm are those of
staging (BCLC, TNM)."""


@dataclass(frozen=True)
class TrueLesion(Lesion):
    """A lesion of the reference.

    Attributes
    ----------
    iou : float
        With its partner; 0 where it was not found.
    covered : float
        Share of its voxels that are tumour in the other label map, found or not.
    """

    iou: float
    covered: float

    @property
    def is_found(self) -> bool:
        return self.iou > 0


@dataclass(frozen=True)
class LesionMatches:
    """Lesions of one case or of many.

    Attributes
    ----------
    true : tuple of TrueLesion
        Of the reference, found or missed.
    false : tuple of Lesion
        Of the other label map, without a partner: false positives.
    """

    true: tuple[TrueLesion, ...] = ()
    false: tuple[Lesion, ...] = ()

    @property
    def found(self) -> int:
        return sum(lesion.is_found for lesion in self.true)

    def of_size(self, low_mm: float, high_mm: float) -> LesionMatches:
        """The lesions of a diameter from the first up to (not with) the second."""
        kept = ([one for one in all_ if low_mm <= one.diameter_mm < high_mm] for all_ in (self.true, self.false))
        return LesionMatches(*map(tuple, kept))

    def to_dict(self) -> dict[str, Any]:
        return {"true": [asdict(one) for one in self.true], "false": [asdict(one) for one in self.false]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Sequence[Mapping[str, float]]]) -> LesionMatches:
        return cls(tuple(TrueLesion(**one) for one in data["true"]), tuple(Lesion(**one) for one in data["false"]))

    @classmethod
    def together(cls, cases: Iterable[LesionMatches]) -> LesionMatches:
        """The lesions of all cases."""
        cases = list(cases)
        return cls(*(tuple(one for case in cases for one in getattr(case, side)) for side in ("true", "false")))


def match_lesions(found: sitk.Image, true: sitk.Image) -> LesionMatches:
    """Match the tumours of two label maps (0 background, 1 parenchyma, 2 tumour) of one grid.

    Raises
    ------
    BadInput
        When the two lie on different grids.
    """
    require_one_grid(found, true)
    masks = [sitk.GetArrayViewFromImage(image) == TUMOUR for image in (found, true)]
    return match(*masks, true.GetSpacing())


def match(found: np.ndarray, true: np.ndarray, spacing_mm: tuple[float, float, float]) -> LesionMatches:
    """Match the lesions of two masks, shape (z, y, x); `spacing_mm` is (x, y, z)."""
    box = bounding_box(found | true)
    if box is None:
        return LesionMatches()
    drawn, wanted = pieces(found[box]), pieces(true[box])
    shared = np.zeros((int(wanted.max()) + 1, int(drawn.max()) + 1), np.int64)
    both = (wanted > 0) & (drawn > 0)
    np.add.at(shared, (wanted[both], drawn[both]), 1)
    sizes = [np.bincount(one.ravel(), minlength=n) for one, n in zip((wanted, drawn), shared.shape, strict=True)]
    shared, (of_true, of_found) = shared[1:, 1:], (size[1:] for size in sizes)
    partners = _partners(shared / (of_true[:, None] + of_found[None] - shared))
    covered = shared.sum(axis=1) / of_true
    lesions = [
        TrueLesion(one.volume_ml, one.diameter_mm, partners.get(k, (0, 0.0))[1], float(covered[k]))
        for k, one in enumerate(measured(wanted, spacing_mm))
    ]
    taken = {partner for partner, _ in partners.values()}
    false = [one for k, one in enumerate(measured(drawn, spacing_mm)) if k not in taken]
    return LesionMatches(*(tuple(sorted(all_, key=lambda one: -one.volume_ml)) for all_ in (lesions, false)))


def _partners(iou: np.ndarray) -> dict[int, tuple[int, float]]:
    """True lesion -> its partner and their IoU, by index."""
    from scipy.optimize import linear_sum_assignment

    allowed = np.where(iou >= LEAST_IOU, iou, 0.0)
    pairs = zip(*(index.tolist() for index in linear_sum_assignment(allowed, maximize=True)), strict=True)
    return {row: (column, float(iou[row, column])) for row, column in pairs if allowed[row, column] > 0}
