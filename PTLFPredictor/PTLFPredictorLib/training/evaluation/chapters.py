"""Chapters of the report on a trained model."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...render.agreement import NAMES, WORDS
from ...render.report import (
    Block,
    Column,
    Facts,
    MeanSD,
    Notice,
    Section,
    Share,
    Table,
    fixed,
    percent,
    ref,
)
from ...segmentation.agreement import CaseMeasures, LesionMatches, spread
from . import paper
from .dice_figure import dice_by_case
from .table1 import OVERLAP, REGIONS, TEST, Line, lesion_lines, lines, parts

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
        f"networks together. A case counts where the measure exists: nothing found has a Dice of 0 and no precision. "
        "The mean of folds counts each fold once, as in the paper. "
        f"The paper's columns are its own numbers, on other patients ({paper.CASES}): what was published, not what "
        "this model does there."
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
            body.append(("Lesions", *(len(one.true) for one in told)))
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
