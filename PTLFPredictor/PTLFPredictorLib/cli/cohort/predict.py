"""``cohort predict``: many patients with a signature, one line each."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from ..options import add_engine, add_model, add_steps, loaded
from ..stderr import say
from .action import Action
from .extract import add_running, checked_jobs, read_by, resumable, told_table


def add(action: Action) -> None:
    predict = action("predict", _predict, "many patients with a signature: a line each, and their reports")
    predict.add_argument("--table", type=Path, required=True, metavar="FILE", help="the cohort's CSV or Parquet")
    predict.add_argument("--out", type=Path, required=True, metavar="DIR")
    predict.add_argument("--signature", default="ptlf-published", metavar="ID|FILE")
    add_model(predict)
    add_steps(predict)
    add_running(predict)
    predict.add_argument("--demonstration", action="store_true", help="show a demo signature's risk, watermarked")
    add_engine(predict)


def _predict(given: argparse.Namespace) -> int:
    from ... import RESEARCH_USE
    from ...cohort.extraction.job import Options
    from ...cohort.extraction.schedule import Where
    from ...cohort.predict import predict
    from ...cohort.predict.run import LINES
    from ...cohort.table import CohortTable

    signature = loaded(given.signature)
    options = Options(
        signature,
        **read_by(given),
    )
    where = Where(checked_jobs(given))
    time = datetime.now().astimezone().isoformat(timespec="seconds")
    table = told_table(CohortTable.read(given.table, signature, reader=given.reader, time=time))
    with resumable() as progress:
        lines = predict(
            table.cases, options, given.out, demonstration=given.demonstration, where=where, retry=given.retry,
            left_out=[row.named for row in table.left_out], progress=progress, say=lambda text: say(f"ptlf: {text}"),
        )  # fmt: skip
    print("\n".join(line.words for line in lines))
    failed = sum(line.failed for line in lines)
    print(f"{len(lines) - failed} of {len(lines)} patients done. {RESEARCH_USE} Written: {given.out / LINES}")
    return 1 if failed else 0
