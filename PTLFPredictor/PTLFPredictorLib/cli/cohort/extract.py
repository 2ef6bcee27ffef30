"""``cohort extract``: features of all cases of a table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import BadInput, Cancelled
from ...progress import Progress
from ..options import add_engine, add_model, add_steps, chosen_model, features_asked, how, loaded, post_processing
from ..stderr import progress_bar, say
from .action import Action

MOST_SAID = 6
"""Sentences on the table in the terminal; the page has all."""


def add(action: Action) -> None:
    extract = action("extract", _extract, "features of all cases: resumable, a bad case never stops the rest")
    extract.add_argument("--table", type=Path, required=True, metavar="FILE", help="the cohort's CSV or Parquet")
    extract.add_argument("--out", type=Path, required=True, metavar="DIR")
    extract.add_argument(
        "--signature", default="ptlf-published", metavar="ID|FILE",
        help="whose features are computed, and whose protocol the CTs are checked against",
    )  # fmt: skip
    which = extract.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="all 1874 features per VOI instead")
    which.add_argument("--params", type=Path, metavar="FILE", help="what a PyRadiomics parameter file enables instead")
    add_model(extract)
    extract.add_argument("--second", action="store_true", help="measure the table's second segmentations too")
    add_steps(extract)
    add_running(extract)
    extract.add_argument("--scheduler", metavar="ADDRESS", default="", help="of a Dask cluster that computes")
    add_engine(extract)


def add_running(command: argparse.ArgumentParser) -> None:
    """How many cases run at a time, and what becomes of those that failed before."""
    command.add_argument("--jobs", type=int, metavar="N", help="cases at a time (default: by cores and free memory)")
    command.add_argument("--retry", action="store_true", help="try cases again that failed before")
    command.add_argument("--reader", metavar="NAME", help="who answers for what the table says of phase and masks")


def checked_jobs(given: argparse.Namespace) -> int | None:
    if given.jobs is not None and given.jobs < 1:
        raise BadInput("--jobs is a number of cases at a time, from 1.")
    return given.jobs


def read_by(given: argparse.Namespace) -> dict[str, Any]:
    """How CT and segments are read and measured: arguments of `cohort.extraction.job.Options`."""
    return {
        "engine": given.engine,
        "model": chosen_model(given),
        "how": how(given),
        "post_processing": post_processing(given),
        "to_protocol": given.to_protocol,
    }


@contextmanager
def resumable() -> Iterator[Progress]:
    """The progress of cases that are kept as they finish; `Cancelled` with that sentence where a person stops them."""
    try:
        with progress_bar() as progress:
            yield progress
    except KeyboardInterrupt:
        raise Cancelled("Cancelled. Finished cases are kept; the same command goes on from there.") from None


def told_table(table: Any) -> Any:
    """The table, with what was found in it said before work starts; the page has it in full."""
    from collections import Counter

    from ...cohort.table.document import MARKS
    from ...ct import Level

    counts = Counter(finding.level for finding in table.findings)
    found = ", ".join(
        f"{counts[level]} {word}" for level, word in MARKS.items() if counts[level] and level is not Level.PASS
    )
    say(f"ptlf: table of {table.rows} rows, {len(table.cases)} cases" + (f"; findings: {found}" if found else ""))
    said = table.not_used()
    for sentence in said[:MOST_SAID]:
        say(f"ptlf: {sentence}")
    if len(said) > MOST_SAID:
        say(f"ptlf: {len(said) - MOST_SAID} more kinds of findings.")
    return table


def _extract(given: argparse.Namespace) -> int:
    from ...cohort.extraction.job import Options
    from ...cohort.extraction.run import extract
    from ...cohort.extraction.schedule import Where
    from ...cohort.table import CohortTable
    from ...cohort.table.document import section

    signature = loaded(given.signature)
    asks_more = given.all or given.params is not None
    settings, wanted = features_asked(given, None if asks_more else signature)
    options = Options(
        signature,
        settings,
        wanted,
        **read_by(given),
        second=given.second,
    )
    where = Where(checked_jobs(given), given.scheduler)
    table = told_table(CohortTable.read(given.table, signature, reader=given.reader))
    left_out = [row.named for row in table.left_out]
    with resumable() as progress:
        made = extract(
            table.cases, options, given.out, where=where, retry=given.retry, left_out=left_out,
            chapters=(section(table),), progress=progress, say=lambda text: say(f"ptlf: {text}"),
        )  # fmt: skip
    failed = [(case.id, case.problem) for case in made.cases if not case.done] + left_out
    for name, problem in failed:
        print(f"[failed] {name}: {problem}")
    count = sum(case.done for case in made.cases)
    print(f"{count} of {len(made.cases) + len(left_out)} cases extracted. Written: {given.out / 'report.html'}")
    return 1 if failed else 0
