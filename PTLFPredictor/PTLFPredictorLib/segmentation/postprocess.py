"""Optional clean-up of a label map; every step is off unless asked for, and named in the record."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import SimpleITK as sitk

from .segments import EXCLUDED, TUMOUR, Segments, derive


@dataclass(frozen=True)
class PostProcessing:
    """Which steps to take, in this order.

    Parameters
    ----------
    fill_holes : bool
        Holes inside the liver become parenchyma, holes inside a tumour become tumour; not what a reader left out.
    minimum_ml : float
        Pieces of liver or tumour below this volume are dropped; 0 keeps all.
    largest_tumour_only : bool
        Keep the largest tumour alone; the others become parenchyma.
    """

    fill_holes: bool = False
    minimum_ml: float = 0.0
    largest_tumour_only: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def apply(segments: Segments, steps: PostProcessing) -> Segments:
    """Cleaned segments; the organ is all labels together, so a dropped tumour becomes parenchyma.

    What a reader left out stays as it is, of whatever size, wherever the organ stays.
    """
    if steps == PostProcessing():
        return segments
    image = segments.labels
    organ, tumour = image > 0, image == TUMOUR
    if steps.fill_holes:
        organ, tumour = sitk.BinaryFillhole(organ), sitk.BinaryFillhole(tumour)
    if steps.minimum_ml > 0:
        organ, tumour = _drop_small(organ, steps.minimum_ml), _drop_small(tumour, steps.minimum_ml)
    if steps.largest_tumour_only:
        tumour = sitk.RelabelComponent(sitk.ConnectedComponent(tumour, True)) == 1
    inside = sitk.GetArrayViewFromImage(organ) > 0
    excluded = (segments.array == EXCLUDED) & inside
    labels = derive(inside, (sitk.GetArrayViewFromImage(tumour) > 0) & inside & ~excluded, excluded)
    labels = sitk.GetImageFromArray(labels)
    labels.CopyInformation(image)
    return replace(segments, labels=labels, origin=segments.origin.with_changes(post_processing=steps.to_dict()))


def _drop_small(mask: sitk.Image, minimum_ml: float) -> sitk.Image:
    voxel_ml = float(np.prod(mask.GetSpacing())) / 1000
    pieces = sitk.ConnectedComponent(mask, True)
    return sitk.RelabelComponent(pieces, minimumObjectSize=int(np.ceil(minimum_ml / voxel_ml))) > 0
