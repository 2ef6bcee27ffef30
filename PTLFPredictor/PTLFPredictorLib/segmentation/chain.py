"""Several networks, one after the other: where a later one looks, and what becomes of what each of them drew.

A step that is cropped gets the part of the CT around what an earlier one drew, and a margin.  Afterwards the liver is
all that any step drew of it, and the tumour all whole pieces that touch the liver: a lesion partly outside is kept with
all its voxels, which then count into the liver; one that touches it nowhere is left out and told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from .chain_words import in_words
from .model_steps import Step
from .names import Role
from .segments import PARENCHYMA, TUMOUR, derive


@dataclass(frozen=True)
class Box:
    """Voxels of an image: first index and the one after the last, along its own axes (x, y, z)."""

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    @property
    def size(self) -> tuple[int, int, int]:
        x, y, z = (stop - start for start, stop in zip(self.start, self.stop, strict=True))
        return x, y, z

    def to_list(self) -> list[list[int]]:
        return [list(self.start), list(self.stop)]


def box_around(drawn: sitk.Image, margin_mm: float) -> Box | None:
    """The box of all that is not background and at most `margin_mm` more; None where there is nothing.

    The margin is whole voxels, as TotalSegmentator crops.
    """
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.Execute(drawn > 0)
    if not statistics.GetNumberOfLabels():
        return None
    found = statistics.GetBoundingBox(1)
    more = [int(margin_mm / step + 1e-6) for step in drawn.GetSpacing()]
    start = (max(0, first - by) for first, by in zip(found[:3], more, strict=True))
    ends = zip(found[:3], found[3:], more, drawn.GetSize(), strict=True)
    stop = (min(end, first + size + by) for first, size, by, end in ends)
    return Box(tuple(start), tuple(stop))


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
        Kept, and outside the liver as drawn: counts into the liver.
    """

    dropped_ml: float = 0.0
    dropped_pieces: int = 0
    beyond_ml: float = 0.0


def join(drawn: Sequence[sitk.Image]) -> tuple[sitk.Image, tuple[Fate, ...]]:
    """One label map (0 background, 1 parenchyma, 2 tumour) of those of several steps, and each step's `Fate`.

    Pieces of tumour hang together, and touch the liver, where voxels share a face, an edge or a corner.
    """
    organ, tumour = (sitk.Cast(_union(drawn, label), sitk.sitkUInt8) for label in (PARENCHYMA, TUMOUR))
    pieces = sitk.ConnectedComponent(tumour, True)
    numbers = sitk.GetArrayViewFromImage(pieces)
    touching = np.unique(numbers[sitk.GetArrayViewFromImage(sitk.BinaryDilate(organ, [1, 1, 1], sitk.sitkBox)) > 0])
    kept = np.isin(numbers, touching[touching > 0])
    liver = sitk.GetArrayViewFromImage(organ) > 0
    labels = sitk.GetImageFromArray(derive(liver, kept))
    labels.CopyInformation(drawn[0])
    voxel_ml = float(np.prod(drawn[0].GetSpacing())) / 1000
    return labels, tuple(_fate(image, numbers, kept, liver, voxel_ml) for image in drawn)


def _union(drawn: Sequence[sitk.Image], label: int) -> sitk.Image:
    found = drawn[0] == label
    for image in drawn[1:]:
        found = found | (image == label)
    return found


def _fate(image: sitk.Image, numbers: np.ndarray, kept: np.ndarray, liver: np.ndarray, voxel_ml: float) -> Fate:
    own = sitk.GetArrayViewFromImage(image) == TUMOUR
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
        return "" if _has(drawn.get(of)) else f"the step before it ('{in_words(of)}') found nothing to look around"
    if not drawn or any(one.label_roles.get(Role.PARENCHYMA) for one in (step, *later)):
        return ""
    if any(bool(sitk.GetArrayViewFromImage(image == PARENCHYMA).any()) for image in drawn.values()):
        return ""
    return "the steps before it found no liver"


def _has(image: sitk.Image | None) -> bool:
    return image is not None and bool(sitk.GetArrayViewFromImage(image).any())
