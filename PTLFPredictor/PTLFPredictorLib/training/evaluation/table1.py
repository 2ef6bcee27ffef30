"""Table 1: what the folds and the test give, measure by measure, and the paper's numbers beside it."""

from __future__ import annotations

import csv
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...segmentation.agreement import LEAST_IOU, MEASURES, CaseMeasures, lesion_summary, spread, summary
from . import paper

TEST = "test"
"""The part whose cases no fold was trained on."""

REGIONS = ("parenchyma", "tumor")

OVERLAP = ("dice", "jaccard", "precision", "recall")
"""The paper's measures."""


@dataclass(frozen=True)
class Line:
    """A measure of a region.

    Attributes
    ----------
    measure, region : str
        As `Agreement` and `REGIONS` name them; of lesions ``sensitivity``, ``false_per_case`` of the tumour.
    values : mapping of str to float
        By part; NaN where no case has it.
    """

    measure: str
    region: str
    values: Mapping[str, float]

    @property
    def folds(self) -> list[float]:
        return [value for part, value in self.values.items() if part != TEST and not math.isnan(value)]

    @property
    def mean(self) -> float:
        """Of the folds, each counted once, as the paper has it; NaN without folds."""
        return statistics.fmean(self.folds) if self.folds else math.nan

    @property
    def sd(self) -> float:
        """Between the folds."""
        return statistics.stdev(self.folds) if len(self.folds) > 1 else math.nan

    @property
    def test(self) -> float:
        return self.values.get(TEST, math.nan)


def parts(rows: Sequence[CaseMeasures]) -> dict[str, list[CaseMeasures]]:
    """The cases by part: the folds in order, the test last."""
    names = sorted({row.part for row in rows}, key=lambda part: (part == TEST, len(part), part))
    return {name: [row for row in rows if row.part == name] for name in names}


def lines(rows: Sequence[CaseMeasures], measures: Sequence[str] = MEASURES) -> list[Line]:
    """A line for each measure and region: means over the cases of each part."""
    by_part = parts(rows)
    return [
        Line(name, region, {part: spread(cases, region, name).mean for part, cases in by_part.items()})
        for name in measures
        for region in REGIONS
    ]


def lesion_lines(rows: Sequence[CaseMeasures]) -> list[Line]:
    """The lesions of each part together."""
    told = {part: lesion_summary(cases) for part, cases in parts(rows).items()}
    return [
        Line(name, "tumor", {part: math.nan if one[name] is None else one[name] for part, one in told.items()})
        for name in ("sensitivity", "false_per_case")
    ]


def as_json(rows: Sequence[CaseMeasures]) -> dict[str, Any]:
    """Everything: parts, means of the folds, the paper's table (as shares), and each case."""
    all_ = [*lines(rows), *lesion_lines(rows)]
    means: dict[str, dict[str, float | None]] = {region: {} for region in REGIONS}
    for line in all_:
        means[line.region][line.measure] = None if math.isnan(line.mean) else line.mean
    return {
        "schema": 1,
        "definitions": {
            "mean": "over the cases of a part; 'means' are over the folds, each counted once",
            "hd95_mm": "95th percentile of both directions' surface distances together",
            "assd_mm": "mean of both directions' surface distances together",
            "lesions": f"connected pieces (26 neighbours); found: IoU >= {LEAST_IOU} with a partner of its own",
        },
        "means": means,
        "parts": {part: summary(cases) for part, cases in parts(rows).items()},
        "paper": {
            "cases": paper.CASES,
            "columns": list(paper.COLUMNS),
            **{f"{region} {name}": [x / 100 for x in values] for (name, region), values in paper.PERCENT.items()},
        },
        "cases": [row.to_dict() for row in rows],
    }


def write(rows: Sequence[CaseMeasures], folder: Path) -> tuple[Path, Path]:
    """Write ``table1.csv`` (a line for each measure and region) and ``table1.json`` into a folder that is there."""
    table, everything = folder / "table1.csv", folder / "table1.json"
    names = list(parts(rows))
    with open(table, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        of_paper = [f"paper: {name}" for name in (*paper.COLUMNS, "mean of folds")]
        writer.writerow(["measure", "region", *names, "mean of folds", "SD of folds", *of_paper])
        for line in [*lines(rows), *lesion_lines(rows)]:
            numbers = [*line.values.values(), line.mean, line.sd]
            printed = paper.PERCENT.get((line.measure, line.region))
            theirs = [] if printed is None else [*printed, paper.mean_of_folds(line.measure, line.region)]
            cells = ["" if math.isnan(x) else repr(x) for x in numbers] + [f"{x / 100:.4f}" for x in theirs]
            writer.writerow([line.measure, line.region, *cells, *[""] * (len(of_paper) - len(theirs))])
    text = json.dumps(as_json(rows), indent=1, allow_nan=False) + "\n"
    everything.write_text(text, encoding="utf-8", newline="\n")
    return table, everything
