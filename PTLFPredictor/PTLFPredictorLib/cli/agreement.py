"""``agreement``: how alike two segmentations of the same cases are, and what is measured on them."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from ..errors import BadInput
from .command import Command
from .options import add_engine, features_asked, loaded
from .stderr import progress_bar


def add(command: Command) -> None:
    agreement = command("agreement", _agreement, "how alike two segmentations of the same cases are")
    agreement.add_argument(
        "first", nargs="?", metavar="FIRST",
        help="label map, seg.nrrd, DICOM SEG or RTSTRUCT ([ROLE=]FILE, several with ';'), or a folder of them; of "
        "cases whose features are there: a folder of 'ptlf cohort extract' or a table (CSV, Parquet)",
    )  # fmt: skip
    agreement.add_argument(
        "second", nargs="?", metavar="SECOND",
        help="the same cases again: what FIRST is measured against. Not needed where an extraction has second segments",
    )  # fmt: skip
    agreement.add_argument(
        "--table", type=Path, metavar="CSV", help="many cases: columns case, first, second and, if wanted, ct"
    )
    agreement.add_argument(
        "--ct", type=Path, metavar="PATH", help="the CT: needed for DICOM SEG and RTSTRUCT, for two grids and for "
        "features; of folders, a folder of CTs named as the label maps",
    )  # fmt: skip
    for option, whose in (("--labels", "both"), ("--second-labels", "the second, where they differ")):
        agreement.add_argument(
            option, action="append", metavar="ROLE=LABELS", help=f"what labels mean (liver=5,tumor=7+8) in {whose}"
        )
    which = agreement.add_mutually_exclusive_group()
    which.add_argument("--signature", metavar="ID|FILE", help="compare the features of a signature too")
    which.add_argument("--all", action="store_true", help="compare all 1874 features per VOI too")
    which.add_argument("--params", type=Path, metavar="FILE", help="compare what a PyRadiomics parameter file enables")
    add_engine(agreement)
    agreement.add_argument(
        "--out", type=Path, metavar="FILE|DIR", help="FILE.csv or FILE.json, or a folder: both, and a report page"
    )


def _agreement(given: argparse.Namespace) -> None:
    from ..cohort.agreement import AgreementResult, compare_features, read_features, run, write
    from ..cohort.agreement.features import is_of_features
    from ..segmentation.reading import parse_labels

    if (given.table is None) == (given.first is None):
        raise BadInput("Give two segmentations (ptlf agreement FIRST SECOND), or a table of cases (--table CSV).")
    pairs: list[Any] = []
    labels = [parse_labels(given.labels), parse_labels(given.second_labels or given.labels)]
    if given.first is not None and is_of_features(Path(given.first)):
        if given.second is None:
            readings = [read_features(Path(given.first), second=again) for again in (False, True)]
        else:
            readings = [read_features(Path(path)) for path in (given.first, given.second)]
        found = AgreementResult(measured=compare_features(*readings))
    else:
        pairs = _pairs(given)
        signature = loaded(given.signature) if given.signature else None
        asked = signature is not None or given.all or given.params is not None
        settings, wanted = features_asked(given, signature) if asked else (None, None)
        with progress_bar() as progress:
            found = run(pairs, labels, wanted, settings, engine=given.engine, progress=progress)
    print("\n".join(_lines(found)))
    if given.out is not None:
        write(found, given.out, pairs, labels)
        print(f"Written: {given.out}")


def _pairs(given: argparse.Namespace) -> list[Any]:
    from ..cohort.agreement import Pair, of_folders, of_table
    from ..cohort.table.paths import sources_of

    if given.table is not None:
        return of_table(given.table)
    if given.second is None:
        raise BadInput("A second segmentation is needed: ptlf agreement FIRST SECOND.")
    first, second = Path(given.first), Path(given.second)
    if first.is_dir() and second.is_dir():
        return of_folders(first, second, given.ct)
    base = Path()
    return [Pair("case", sources_of(given.first, base), sources_of(given.second, base), given.ct)]


def _lines(found: Any) -> list[str]:
    """The result as a table for the terminal."""
    from ..render.agreement import NAMES, WORDS
    from ..segmentation.agreement import REGIONS, LesionMatches, spread

    lines = [f"[note] {note}" for note in found.notes]
    if found.rows:
        regions = [region for region in REGIONS if any(region in row.regions for row in found.rows)]
        many = len(found.rows) > 1
        head = f"{len(found.rows)} cases: mean (SD)" if many else ""
        lines.append(f"{head:32}" + "".join(f"{WORDS[region]:>20}" for region in regions))
        volumes = {"volume_ml": "Volume, first (mL)", "true_volume_ml": "Volume, second (mL)"}
        for name, title in {**NAMES, **volumes}.items():
            cells = [spread(found.rows, region, name) for region in regions]
            lines.append(f"{title:32}" + "".join(f"{_cell(one, name, many):>20}" for one in cells))
        all_ = LesionMatches.together(row.lesions for row in found.rows)
        lines.append(
            f"Lesions of the second found by the first: {all_.found} of {len(all_.true)}; false: {len(all_.false)}"
        )
    if found.measured is not None:
        lines += _readings(found.measured)
    return lines


def _cell(one: Any, name: str, many: bool) -> str:
    if not one.n:
        return "-"
    digits = 1 if "_ml" in name or "percent" in name else 2 if "_mm" in name else 4
    return f"{one.mean:.{digits}f}" + (f" ({one.sd:.{digits}f})" if many and not math.isnan(one.sd) else "")


def _readings(measured: Any) -> list[str]:
    from ..cohort.agreement.features import EXCELLENT, GOOD, VOLUME

    lines = [f"{len(measured.cases)} cases read twice: ICC(2,1) with its 95 % interval"]
    listed = measured.quantities if len(measured.features) <= 2 * 10 else measured.volumes
    for one in listed:
        name = f"volume of the {one.name.removeprefix(VOLUME)}, log" if one.logarithmic else one.name
        value = "cannot be computed" if math.isnan(one.icc) else f"{one.icc:.3f} ({one.low:.3f} to {one.high:.3f})"
        lines.append(f"  {name:60} {value}")
    n = len(measured.features)
    for limit in (GOOD, EXCELLENT) if n else ():
        sure = measured.at_least(limit, lambda one: one.low)
        lines.append(
            f"Features with ICC >= {limit:g}: {measured.at_least(limit)} of {n}; with the interval's lower end: {sure}"
        )
    if measured.alone:
        lines.append(f"[note] In one reading only, left out: {', '.join(measured.alone)}")
    return lines
