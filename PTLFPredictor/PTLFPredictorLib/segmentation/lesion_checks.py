"""Whether each tumour can be one: brightness, fat and gas, contact with the liver.

Lesion by lesion, so that one in the stomach does not hide behind a true one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import SimpleITK as sitk

from ..ct import Finding
from .picture import Case
from .placement import EXCLUDED, PARENCHYMA, TUMOUR

LESION_ML = 1.0
"""Smaller ones are not judged alone."""

BRIGHT_HU, ABOVE_LIVER_HU = 150.0, 60.0
"""A lesion is too bright whose median is above the first, and above the parenchyma's by the second (a tumour in a
fatty liver is not)."""

DARK_HU = -30.0
"""Least median of a lesion."""

CONTRAST_HU, AIR_HU = 250, -150
AIR_SHARE = 0.05

LEAST_CONTACT = 0.05
"""Share of a lesion's surface on parenchyma."""


@dataclass(frozen=True)
class Lesion:
    """One piece of the tumour segment.

    Parameters
    ----------
    ml : float
    level : int
        Index of the slice with most of it.
    median_hu, sd_hu : float
    share_above_250, share_below_150 : float
        Of its voxels, in HU; the second below -150.
    contact : float
        Share of its surface that lies on parenchyma, or on a lesion that was left out.
    """

    ml: float
    level: int
    median_hu: float
    sd_hu: float
    share_above_250: float
    share_below_150: float
    contact: float


def check_lesions(case: Case) -> list[Finding]:
    found, liver = [], float(np.median(case.parenchyma_hu))
    for lesion in lesions(case):
        picture, name = ("axial", lesion.level), f"A tumour of {lesion.ml:.0f} mL"
        values = {**asdict(lesion), "liver_hu": liver}
        del values["level"]
        if lesion.median_hu > max(BRIGHT_HU, liver + ABOVE_LIVER_HU):
            sentence = (
                f"{name} is far brighter than the liver ({lesion.median_hu:.0f} against {liver:.0f} HU; "
                f"{100 * lesion.share_above_250:.0f} % above {CONTRAST_HU} HU): contrast in stomach or bowel, a "
                "vessel, or lipiodol?"
            )
            found.append(case.withhold("tumor_attenuation", sentence, picture, values))
        elif lesion.median_hu < DARK_HU or lesion.share_below_150 > AIR_SHARE:
            sentence = (
                f"{name} holds fat or gas (median {lesion.median_hu:.0f} HU, {100 * lesion.share_below_150:.0f} % "
                f"below {AIR_HU} HU): stomach, bowel, lung or an abscess?"
            )
            found.append(case.withhold("tumor_attenuation", sentence, picture, values))
        if lesion.contact < LEAST_CONTACT:
            sentence = (
                f"{name} hardly touches the parenchyma ({100 * lesion.contact:.0f} % of its surface): does it belong "
                "to the liver?"
            )
            found.append(case.withhold("tumor_beside_liver", sentence, picture, values))
    return found


def lesions(case: Case) -> Iterator[Lesion]:
    """Those of at least `LESION_ML`, the largest first."""
    tumour = case.labels == TUMOUR
    if not tumour.any():
        return
    box = _box(tumour)
    labels, hu = case.labels[box], case.hu[box]
    connected = sitk.ConnectedComponent(sitk.GetImageFromArray(tumour[box].astype(np.uint8)), True)
    least = max(1, round(LESION_ML / case.voxel_ml))
    pieces = sitk.GetArrayFromImage(sitk.RelabelComponent(connected, minimumObjectSize=least))
    for number in range(1, int(pieces.max()) + 1):
        mask = pieces == number
        values = hu[mask]
        yield Lesion(
            ml=values.size * case.voxel_ml,
            level=box[0].start + fullest(mask),
            median_hu=float(np.median(values)),
            sd_hu=float(values.std(dtype=float)),
            share_above_250=float(np.mean(values > CONTRAST_HU)),
            share_below_150=float(np.mean(values < AIR_HU)),
            contact=_contact(labels, mask, case.spacing, (PARENCHYMA, EXCLUDED)),
        )


def share_touching(case: Case, label: int, other: int) -> float:
    """Share of the surface of one label that lies on another."""
    mask = case.labels == label
    box = _box(mask)
    return _contact(case.labels[box], mask[box], case.spacing, (other,))


def _contact(labels: np.ndarray, mask: np.ndarray, spacing: Sequence[float], others: Sequence[int]) -> float:
    """Share of a mask's surface (faces of voxels, in mm2) that lies on voxels of other labels."""
    dx, dy, dz = spacing
    inside, around = np.pad(mask, 1), np.pad(labels, 1)
    places = np.flatnonzero(inside)
    rows, columns = inside.shape[1:]
    inside, around = inside.ravel(), around.ravel()
    surface = touching = 0.0
    for stride, area in ((rows * columns, dx * dy), (columns, dx * dz), (1, dy * dz)):
        for step in (stride, -stride):
            neighbours = places[~inside[places + step]] + step
            surface += area * neighbours.size
            touching += area * int(np.count_nonzero(np.isin(around[neighbours], others)))
    return touching / surface if surface else 0.0


def _box(mask: np.ndarray) -> tuple[slice, ...]:
    """Bounding box and one voxel more."""
    spans = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    return tuple(slice(max(0, hits[0] - 1), hits[-1] + 2) for hits in spans)


def fullest(mask: np.ndarray) -> int:
    """The slice with most of a mask."""
    return int(np.argmax(np.count_nonzero(mask, axis=(1, 2))))
