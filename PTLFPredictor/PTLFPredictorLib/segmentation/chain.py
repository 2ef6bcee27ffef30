"""Several networks, one after the other: where a later one looks, and what becomes of what each of them drew.

A step that is cropped gets the part of the CT around what an earlier one drew, and a margin.  Afterwards the liver is
all that any step drew of it, and the tumour all whole pieces that touch the liver: a lesion partly outside is kept with
all its voxels, which then count into the liver; one that touches it nowhere is left out and told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from .chain_words import in_words
from .model_steps import Step
from .names import Role
from .network import Box
from .segments import PARENCHYMA, TUMOUR, derive


def box_around(drawn: sitk.Image, margin_mm: float) -> Box | None:
    """The box of all that is not background, and a margin; None where there is nothing."""
    return Box.around(_mask(drawn), drawn.GetSpacing(), margin_mm)


def cut(image: sitk.Image, box: Box) -> sitk.Image:
    return sitk.RegionOfInterest(image, box.size, box.start)


def put_back(part: sitk.Image, box: Box, whole: sitk.Image) -> sitk.Image:
    """An image on the grid of `whole`: `part` in the box, 0 outside."""
    background = sitk.Image(whole.GetSize(), part.GetPixelID())
    background.CopyInformation(whole)
    return sitk.Paste(background, part, part.GetSize(), [0, 0, 0], box.start)


@dataclass(frozen=True)
class Fate:
    """What became of the tumour that one step drew, in mL.

    Attributes
    ----------
    dropped_ml, dropped_pieces : float, int
        Touched the liver nowhere and were left out.
    beyond_ml : float
        Kept, and outside of what was drawn as liver and of the holes in it: counts into the liver.
    """

    dropped_ml: float = 0.0
    dropped_pieces: int = 0
    beyond_ml: float = 0.0


def join(drawn: Sequence[sitk.Image]) -> tuple[sitk.Image, tuple[Fate, ...]]:
    """One label map (0 background, 1 parenchyma, 2 tumour) of those of several steps, and each step's `Fate`.

    Pieces of tumour hang together, and touch the liver, where voxels share a face, an edge or a corner.
    """
    box = box_around(_union(drawn, lambda image: image > 0), 0)
    if box is None:
        return drawn[0], (Fate(),) * len(drawn)
    parts = [cut(image, box) for image in drawn]
    organ = _union(parts, lambda image: image == PARENCHYMA)
    pieces = sitk.ConnectedComponent(_union(parts, lambda image: image == TUMOUR), True)
    numbers = sitk.GetArrayViewFromImage(pieces)
    touching = np.unique(numbers[_mask(sitk.BinaryDilate(organ, [1, 1, 1], sitk.sitkBox))])
    kept = np.isin(numbers, touching[touching > 0])
    labels = sitk.GetImageFromArray(derive(_mask(organ), kept))
    labels.CopyInformation(organ)
    liver = _mask(sitk.BinaryFillhole(organ))
    voxel_ml = float(np.prod(organ.GetSpacing())) / 1000
    fates = tuple(_fate(_mask(part == TUMOUR), numbers, kept, liver, voxel_ml) for part in parts)
    return put_back(labels, box, drawn[0]), fates


def _union(drawn: Sequence[sitk.Image], of: Callable[[sitk.Image], sitk.Image]) -> sitk.Image:
    found = of(drawn[0])
    for image in drawn[1:]:
        found = found | of(image)
    return found


def _fate(own: np.ndarray, numbers: np.ndarray, kept: np.ndarray, liver: np.ndarray, voxel_ml: float) -> Fate:
    dropped = numbers[own & ~kept]
    beyond = int(np.count_nonzero(own & kept & ~liver))
    return Fate(dropped.size * voxel_ml, int(np.unique(dropped).size), beyond * voxel_ml)


def volumes_ml(image: sitk.Image, step: Step) -> dict[str, float]:
    """What a step drew, by the roles that its labels have."""
    counts = np.bincount(sitk.GetArrayViewFromImage(image).ravel(), minlength=3)
    voxel_ml = float(np.prod(image.GetSpacing())) / 1000
    labels = {Role.PARENCHYMA: PARENCHYMA, Role.TUMOUR: TUMOUR}
    return {role.value: float(counts[label]) * voxel_ml for role, label in labels.items() if step.label_roles.get(role)}


def why_not(step: Step, later: Sequence[Step], drawn: dict[str, sitk.Image]) -> str:
    """Why a step need not run after what the earlier ones drew (by name), or "".

    Parameters
    ----------
    step : Step
    later : sequence of Step
        Those after it.
    drawn : mapping
        Step's name -> 0, 1, 2 on the CT's grid.
    """
    if step.crop is not None:
        of = step.crop.of
        return (
            ""
            if of in drawn and _mask(drawn[of]).any()
            else f"the step before it ('{in_words(of)}') found nothing to look around"
        )
    if not drawn or any(one.label_roles.get(Role.PARENCHYMA) for one in (step, *later)):
        return ""
    if any(_mask(image == PARENCHYMA).any() for image in drawn.values()):
        return ""
    return "the steps before it found no liver"


def _mask(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image) > 0
