"""What every report on two segmentations of the same cases has: lesions by size, each case, definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..segmentation.agreement import LEAST_IOU, SIZES_MM, CaseMeasures, LesionMatches
from .report import Column, Items, Section, Share, Table, Text, fixed, percent

WORDS = {"liver": "liver", "parenchyma": "parenchyma", "tumor": "tumour"}
"""Regions for people; the liver is the whole organ."""

NAMES = {
    "dice": "Dice",
    "jaccard": "Jaccard",
    "precision": "Precision",
    "recall": "Recall",
    "hd95_mm": "HD95 (mm)",
    "assd_mm": "Average surface distance (mm)",
    "volume_difference_ml": "Volume error (mL)",
    "volume_difference_percent": "Volume error (%)",
}


def lesions(rows: Sequence[CaseMeasures], other: str = "automatic") -> Section:
    """Lesions of the reference found by the other one, and false ones, by size."""
    all_ = LesionMatches.together(row.lesions for row in rows)
    body = []
    for low, high in zip(SIZES_MM, (*SIZES_MM[1:], math.inf), strict=True):
        of_size = all_.of_size(low, high)
        name = f"{low:g} to {high:g} mm" if low else f"below {high:g} mm"
        name = f"{low:g} mm and more" if math.isinf(high) else name
        body.append((name, len(of_size.true), Share(of_size.found, len(of_size.true)), len(of_size.false)))
    body.append(("all", len(all_.true), Share(all_.found, len(all_.true)), len(all_.false)))
    note = (
        "Longest axial diameter; of a false lesion its own. A lesion is a connected piece of tumour; it is found where "
        f"a lesion ({other}) of its own shares at least {percent()(LEAST_IOU)} of what the two hold together (IoU). "
        "Lesions that touch are one."
    )
    table = Table("lesions", "Lesions by size, all cases", ("Diameter", "Lesions", "Found", "False"), body, note)
    return Section("Lesions", (table,))


def every_case(rows: Sequence[CaseMeasures], titles: tuple[str, str] = ("manual", "automatic")) -> Section:
    """A row for each case; reference and other as `titles` name them."""
    parts = any(row.part for row in rows)
    regions = [region for region in ("parenchyma", "tumor") if any(region in row.regions for row in rows)]
    columns = (
        "Case",
        *(["Part"] if parts else []),
        *(Column(f"Dice, {WORDS[region]}", fixed(3)) for region in regions),
        Column("HD95, tumour (mm)", fixed(1)),
        *(Column(f"Tumour, {title} (mL)", fixed(1)) for title in titles),
        "Lesions",
        "Found",
        "False",
    )
    body = []
    for row in rows:
        tumour, part = row.regions["tumor"], row.part.replace(" ", "\u00a0")
        dice = [row.regions[region].dice if region in row.regions else None for region in regions]
        volumes = (tumour.hd95_mm, tumour.true_volume_ml, tumour.volume_ml)
        amounts = (len(row.lesions.true), row.lesions.found, len(row.lesions.false))
        body.append((row.case, *([part] if parts else []), *dice, *volumes, *amounts))
    return Section("Every case", (Table("cases", "Every case", columns, body),), new_page=True)


def definitions(reference: str = "the manual mask", other: str = "the automatic one") -> Section:
    """What the measures are."""
    return Section(
        "Definitions",
        (
            Text(f"M is {reference}, A {other}; |A| is its number of voxels."),
            Items(
                (
                    "Dice 2 |A and M| / (|A| + |M|); Jaccard |A and M| / |A or M|; precision |A and M| / |A|; recall "
                    "|A and M| / |M|. Parenchyma is the liver without tumour.",
                    "Surface: voxels that share a face with a voxel outside. HD95: the 95th percentile of the "
                    "distances from each surface voxel of one mask to the other's surface, both directions together; "
                    "average surface distance: their mean.",
                    "Neither Dice nor a distance exists where both masks are empty; where one is, Dice is 0 and there "
                    "is no distance.",
                )
            ),
        ),
    )
