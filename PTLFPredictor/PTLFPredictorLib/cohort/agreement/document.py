"""The report on two segmentations of the same cases."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...render.agreement import NAMES, WORDS, definitions, every_case, lesions
from ...render.compared_slices import chosen, compared
from ...render.report import (
    Block,
    Column,
    Document,
    Estimate,
    Facts,
    Items,
    MeanSD,
    Notice,
    Section,
    Table,
    Text,
    fixed,
)
from ...segmentation.agreement import REGIONS, CaseMeasures, LesionMatches, spread
from ...segmentation.reading import Labels
from .features import EXCELLENT, GOOD, VOLUME, FeatureAgreement, Quantity
from .pairs import Pair
from .reading import read_pair
from .run import AgreementResult

TITLES = ("second", "first")
"""Reference and the other one: the second is what the first is measured against."""

SHOWN = 40
"""Features on the page, those that agree least first; the file has them all."""


def document(found: AgreementResult, pairs: Sequence[Pair], labels: Sequence[Labels | None]) -> Document:
    """The page."""
    sections = [_in_short(found)]
    if found.rows:
        sections += [Section("Label maps", (_measures(found.rows),)), lesions(found.rows, "first")]
    if found.measured is not None:
        sections.append(_readings(found.measured))
    sections += _drawn(found.rows, pairs, labels)
    if found.rows:
        sections += [every_case(found.rows, TITLES), definitions("the second mask", "the first one")]
    if found.notes:
        sections.append(Section("Notes", (Items(found.notes),)))
    n = len(found.rows) or len(found.measured.cases)
    return Document("Agreement of two segmentations", f"{n} case{'s' * (n > 1)}, first against second", tuple(sections))


def _in_short(found: AgreementResult) -> Section:
    facts = []
    if found.rows:
        for region in ("parenchyma", "tumor"):
            dice = spread(found.rows, region, "dice")
            if dice.n:
                facts.append((f"Dice, {WORDS[region]} (mean)", fixed(3)(dice.mean)))
        all_ = LesionMatches.together(row.lesions for row in found.rows)
        facts.append(("Lesions of the second found by the first", f"{all_.found} of {len(all_.true)}"))
    if found.measured is not None:
        if found.measured.features:
            n = len(found.measured.features)
            facts.append((f"Features with ICC \u2265 {GOOD}", f"{found.measured.at_least(GOOD)} of {n}"))
        volume = next((one for one in found.measured.volumes if one.name == f"{VOLUME}tumor"), None)
        if volume is not None and not math.isnan(volume.icc):
            facts.append(("ICC(2,1) of the tumour's volume (log)", fixed(3)(volume.icc)))
    told = (
        "How alike two segmentations of the same CTs are. Where neither is the truth, precision, recall and lesions "
        "say only how the first stands to the second."
    )
    return Section("In short", (Facts(tuple(facts), headline=True), Notice(told)))


def _measures(rows: Sequence[CaseMeasures]) -> Table:
    columns = ("Measure", "Cases", "Mean \u00b1 SD", "Median", "Least", "Most")
    body = []
    for region in REGIONS:
        for name in NAMES:
            one = spread(rows, region, name)
            if one.n:
                mean = MeanSD(one.mean, one.sd) if one.n > 1 else one.mean
                body.append((f"{NAMES[name]}, {WORDS[region]}", one.n, mean, one.median, one.low, one.high))
    note = "The liver is the whole organ, parenchyma is it without tumour. Volume error: first minus second."
    return Table("measures", "First against second", columns, body, note)


def _readings(found: FeatureAgreement) -> Section:
    blocks: list[Block] = [
        Text(
            f"Each case read twice: {len(found.cases)} cases. ICC(2,1): single readings, absolute agreement, readers "
            f"drawn from many; {GOOD} to {EXCELLENT} is called good, above that excellent (Koo and Li 2016), and the "
            "lower end of the interval should be there too. With 20 cases the intervals are wide."
        )
    ]
    if found.alone:
        blocks.append(Text(f"In one reading only, and left out: {', '.join(found.alone)}."))
    if found.volumes:
        blocks.append(_table("volumes", "Volumes, on the logarithmic scale", found.volumes))
    if found.features:
        limits = (GOOD, EXCELLENT)
        rows = [(f"ICC \u2265 {x}", found.at_least(x), found.at_least(x, lambda one: one.low)) for x in limits]
        rows.append(("cannot be computed", sum(math.isnan(one.icc) for one in found.features), None))
        columns = ("Of the features", "By the estimate", "By the interval's lower end")
        blocks.append(Table("counts", f"{len(found.features)} features", columns, rows))
        order = sorted(found.features, key=lambda one: (not math.isnan(one.icc), one.icc))
        blocks.append(_table("features", "Features, those that agree least first", order, SHOWN))
    return Section("Cases read twice", tuple(blocks))


def _table(name: str, title: str, quantities: Sequence[Quantity], limit: int | None = None) -> Table:
    columns = ("Quantity", "Cases", Column("ICC(2,1), 95 % interval", fixed(3)), "Bias", "SD of differences")
    body = [
        (
            WORDS.get(one.name.removeprefix(VOLUME), one.name),
            one.n,
            None if math.isnan(one.icc) else Estimate(one.icc, one.low, one.high),
            one.bias,
            one.sd,
        )
        for one in quantities
    ]
    note = "Bias: second minus first; of volumes, of the natural logarithms (0.1 is about 10 %)."
    return Table(name, title, columns, body, note, limit)


def _drawn(rows: Sequence[CaseMeasures], pairs: Sequence[Pair], labels: Sequence[Labels | None]) -> list[Section]:
    """Best, median and worst of the cases whose CT is known, read again."""
    with_ct = {pair.case: pair for pair in pairs if pair.ct is not None}
    figures = []
    for number, one in enumerate(chosen([row for row in rows if row.case in with_ct]), start=1):
        read = read_pair(with_ct[one.row.case], labels)
        figures.append(compared(one, f"case-{number}", read.ct.image, read.second, read.first, ("Second", "First")))
    return [Section("Cases drawn", tuple(figures), new_page=True)] if figures else []
