"""Chapters of the report on a trained model."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...render.report import (
    Block,
    Column,
    Facts,
    Items,
    MeanSD,
    Notice,
    Section,
    Share,
    Table,
    Text,
    fixed,
    percent,
    ref,
)
from ...segmentation.agreement import LEAST_IOU, SIZES_MM, CaseMeasures, LesionMatches, spread
from . import paper
from .dice_figure import dice_by_case
from .table1 import OVERLAP, REGIONS, TEST, Line, lesion_lines, lines, parts

WORDS = {"parenchyma": "parenchyma", "tumor": "tumour"}

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

FURTHER = ("hd95_mm", "assd_mm", "volume_difference_ml", "volume_difference_percent")


def in_short(rows: Sequence[CaseMeasures]) -> Section:
    """What whoever reads one page must know."""
    found = {(line.measure, line.region): line for line in [*lines(rows, ("dice",)), *lesion_lines(rows)]}
    has_test = TEST in parts(rows)
    share = percent(1)

    def said(line: Line) -> str:
        value = line.test if has_test else line.mean
        return "not known" if math.isnan(value) else share(value)

    lesions = LesionMatches.together(row.lesions for row in rows if row.part == TEST or not has_test)
    per_case = found["false_per_case", "tumor"].test if has_test else found["false_per_case", "tumor"].mean
    facts = (
        (f"Dice, parenchyma ({_which(has_test)})", said(found["dice", "parenchyma"])),
        (f"Dice, tumour ({_which(has_test)})", said(found["dice", "tumor"])),
        ("Lesions found", f"{lesions.found} of {len(lesions.true)}"),
        ("False lesions per case", "not known" if math.isnan(per_case) else fixed(2)(per_case)),
    )
    return Section(
        "In short",
        (
            Facts(facts, headline=True),
            Notice(
                "How well the model draws, on cases like these: from these scanners, chosen as these were. It says "
                "nothing about a Radscore or a risk computed on its masks, and every mask needs a reader's eye."
            ),
        ),
    )


def _which(has_test: bool) -> str:
    return "test" if has_test else "mean of folds"


def table_1(rows: Sequence[CaseMeasures]) -> Section:
    """The paper's table with its numbers beside, the further measures, and the Dice of each case."""
    names = list(parts(rows))
    blocks: list[Block] = [_overlap(rows, names), dice_by_case(rows), _further(rows, names)]
    return Section("Table 1: folds and test", tuple(blocks))


def _overlap(rows: Sequence[CaseMeasures], names: Sequence[str]) -> Table:
    share = percent(2)
    columns = [
        "Measure",
        *(Column(_title(name), share) for name in names),
        Column("Mean of folds", share),
        Column("Paper, mean of folds", share),
        Column("Paper, test", share),
    ]
    body = [
        (
            f"{NAMES[line.measure]}, {WORDS[line.region]}",
            *line.values.values(),
            line.mean,
            paper.mean_of_folds(line.measure, line.region) / 100,
            paper.PERCENT[line.measure, line.region][-1] / 100,
        )
        for line in lines(rows, OVERLAP)
    ]
    note = (
        "Means over the cases of a fold, each validated by the network that was not trained on it; the test by all "
        f"networks together. A case counts where the measure exists: nothing found has a Dice of 0 and no precision. The "
        f"paper's columns are its own numbers, on other patients ({paper.CASES}): what was published, not what this "
        "model does there."
    )
    return Table("overlap", "Overlap with the manual segments", tuple(columns), body, note)


def _further(rows: Sequence[CaseMeasures], names: Sequence[str]) -> Table:
    by_part = parts(rows)
    body: list[tuple] = []
    for measure in FURTHER:
        for region in REGIONS:
            cells = []
            for cases in by_part.values():
                found = spread(cases, region, measure)
                cells.append(MeanSD(found.mean, found.sd, fixed(1)) if found.n > 1 else found.mean)
            body.append((f"{NAMES[measure]}, {WORDS[region]}", *cells))
    for line in lesion_lines(rows):
        if line.measure == "sensitivity":
            told = [LesionMatches.together(row.lesions for row in cases) for cases in by_part.values()]
            body.append(("Lesions found", *(Share(one.found, len(one.true)) for one in told)))
        else:
            body.append(("False lesions per case", *line.values.values()))
    note = (
        "Mean \u00b1 SD over cases. Volume error: automatic minus manual. Distances exist only where both label maps "
        f"have the region: a missed tumour counts in {ref('overlap')} and among the lesions, not here."
    )
    columns = ("Measure", *(Column(_title(name), fixed(2)) for name in names))
    return Table("further", "Distances, volumes, lesions", columns, body, note)


def _title(part: str) -> str:
    return part[:1].upper() + part[1:]


def lesions(rows: Sequence[CaseMeasures]) -> Section:
    """Lesions found and false, by size."""
    all_ = LesionMatches.together(row.lesions for row in rows)
    body = []
    for low, high in zip(SIZES_MM, (*SIZES_MM[1:], math.inf), strict=True):
        of_size = all_.of_size(low, high)
        name = (
            f"{low:g} mm and more" if math.isinf(high) else f"{low:g} to {high:g} mm" if low else f"below {high:g} mm"
        )
        body.append((name, len(of_size.true), Share(of_size.found, len(of_size.true)), len(of_size.false)))
    body.append(("all", len(all_.true), Share(all_.found, len(all_.true)), len(all_.false)))
    note = (
        "Longest axial diameter; of a false lesion its own. A lesion is a connected piece of tumour; it is found where "
        f"an automatic one of its own shares at least {LEAST_IOU:.0%} of what the two hold together (IoU). Lesions "
        "that touch are one."
    )
    table = Table("lesions", "Lesions by size, all cases", ("Diameter", "Lesions", "Found", "False"), body, note)
    return Section("Lesions", (table,))


def every_case(rows: Sequence[CaseMeasures]) -> Section:
    """A row for each case."""
    columns = (
        "Case", "Part", Column("Dice, parenchyma", fixed(3)), Column("Dice, tumour", fixed(3)),
        Column("HD95, parenchyma (mm)", fixed(1)), Column("HD95, tumour (mm)", fixed(1)),
        Column("Tumour, manual (mL)", fixed(1)), Column("Tumour, automatic (mL)", fixed(1)),
        "Lesions", "Found", "False",
    )  # fmt: skip
    body = [
        (
            row.case,
            row.part,
            *(row.regions[region].dice for region in REGIONS),
            *(row.regions[region].hd95_mm for region in REGIONS),
            row.regions["tumor"].true_volume_ml,
            row.regions["tumor"].volume_ml,
            len(row.lesions.true),
            row.lesions.found,
            len(row.lesions.false),
        )
        for cases in parts(rows).values()
        for row in sorted(cases, key=lambda one: one.case)
    ]
    return Section("Every case", (Table("cases", "Every case", columns, body),), new_page=True)


def definitions() -> Section:
    """What the measures are."""
    return Section(
        "Definitions",
        (
            Text("A is the automatic mask, M the manual one; |A| is its number of voxels."),
            Items(
                (
                    "Dice 2 |A and M| / (|A| + |M|); Jaccard |A and M| / |A or M|; precision |A and M| / |A|; recall "
                    "|A and M| / |M|. Parenchyma is the liver without tumour.",
                    "Surface: voxels that share a face with a voxel outside. HD95: the 95th percentile of the "
                    "distances from each surface voxel of one mask to the other's surface, both directions together; "
                    "average surface distance: their mean.",
                    "Neither Dice nor a distance exists where both masks are empty; where one is, Dice is 0 and there "
                    "is no distance.",
                    "Mean of folds: each fold counts once, as in the paper.",
                )
            ),
        ),
    )
