"""What `calibrate`, `develop` and `validate` read: a table, and features, computed first where none are given."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import BadInput
from ...outputs import refuse_inputs
from ..options import add_engine, add_model, add_steps
from ..stderr import say
from .extract import add_running, checked_jobs, read_by, resumable, told_table

if TYPE_CHECKING:
    from ...cohort.table import CohortTable
    from ...signature import Signature

FEATURES = "features"
"""Folder inside OUT for features that the command computes itself."""


def add_inputs(command: argparse.ArgumentParser) -> None:
    """``--table``, ``--features``, ``--out``, the outcome's rule, and how features are computed without a folder."""
    from ...cohort.table import OutcomeRule

    command.add_argument("--table", type=Path, required=True, metavar="FILE", help="the cohort's CSV or Parquet")
    command.add_argument(
        "--features", type=Path, metavar="DIR",
        help="what 'ptlf cohort extract' wrote; without it the features are computed first, into OUT/features",
    )  # fmt: skip
    command.add_argument("--out", type=Path, required=True, metavar="DIR")
    command.add_argument(
        "--outcome-rule", choices=[str(rule) for rule in OutcomeRule], default=str(OutcomeRule.PAPER_ANY),
        help="how the criteria of liver failure make the outcome, where the table has criteria",
    )  # fmt: skip
    group = command.add_argument_group("features, where none are given")
    add_model(group)
    add_steps(group)
    add_engine(group)
    add_running(command)


def features_of(
    given: argparse.Namespace, signature: Signature, *, everything: bool = False, second: bool = False
) -> Path:
    """The folder of features: the one given, else computed now.

    Parameters
    ----------
    signature : Signature
        Whose features are computed, and whose protocol the CTs are checked against.
    everything : bool
        All features instead, with the signature's settings.
    second : bool
        Of the table's second segmentations too.
    """
    from ...cohort import lock

    written = [given.out / name for name in (lock.SIGNATURE, lock.NAME, "report.html")]
    refuse_inputs(written, [given.table, Path(given.signature)])
    if given.features is not None:
        if not given.features.is_dir():
            raise BadInput(f"'--features {given.features}' is no folder; 'ptlf cohort extract' makes one.")
        if given.out.resolve() == given.features.resolve():
            raise BadInput(
                f"'--out {given.out}' is the folder of the features, whose report would be replaced. Name another."
            )
        told_table(_table(given, signature, images=False))
        return given.features
    from ...cohort.extraction.job import Options
    from ...cohort.extraction.run import Where, extract
    from ...vois import VOI

    options = Options(
        signature,
        wanted=dict.fromkeys(VOI) if everything else None,
        **read_by(given),
        second=second,
    )
    table = told_table(_table(given, signature, images=True)).require_usable()
    folder = given.out / FEATURES
    left_out = [row.named for row in table.left_out]
    with resumable() as progress:
        extract(
            table.cases, options, folder, where=Where(checked_jobs(given)), retry=given.retry, left_out=left_out,
            progress=progress, say=lambda text: say(f"ptlf: {text}"),
        )  # fmt: skip
    return folder


def _table(given: argparse.Namespace, signature: Signature, *, images: bool) -> CohortTable:
    from ...cohort.table import CohortTable, OutcomeRule

    rule = OutcomeRule(given.outcome_rule)
    return CohortTable.read(given.table, signature, rule=rule, reader=given.reader, images=images)
