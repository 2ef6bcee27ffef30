"""``cohort sample``: a synthetic cohort with images, to try every other action on."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ...errors import Cancelled
from ..stderr import progress_bar
from .action import Action

JOBS = max(1, min(4, (os.cpu_count() or 1) - 1))


def add(action: Action) -> None:
    sample = action("sample", _sample, "a synthetic cohort: CTs, true segments, laboratory values, outcomes")
    sample.add_argument("--cases", type=int, default=60, metavar="N")
    sample.add_argument("--out", type=Path, required=True, metavar="DIR", help="what is there already is kept")
    sample.add_argument("--first-seed", "--seed", type=int, metavar="SEED", help="of the first case; others follow")
    sample.add_argument(
        "--matrix", type=int, default=512, metavar="N",
        help="rows and columns of a slice; below 468 the pixels are larger than the published protocol takes",
    )  # fmt: skip
    sample.add_argument("--jobs", type=int, default=JOBS, metavar="N", help=f"cases at a time (here: {JOBS})")


def _sample(given: argparse.Namespace) -> None:
    from ...cohort import sample_cohort

    try:
        with progress_bar() as progress:
            made = sample_cohort.make(
                given.out,
                given.cases,
                first_seed=sample_cohort.FIRST_SEED if given.first_seed is None else given.first_seed,
                matrix=given.matrix,
                jobs=given.jobs,
                progress=progress,
            )
    except KeyboardInterrupt:
        raise Cancelled("Cancelled. Cases that are drawn are kept; the same command goes on from there.") from None
    by_centre = {one.name: sum(member.centre is one for member in made.members) for one in sample_cohort.CENTRES}
    held_out = made.held_out_member.outcome
    print(
        f"{len(made.members)} synthetic cases, no patients: {made.events} with PTLF; "
        f"{', '.join(f'{n} of centre {name}' for name, n in by_centre.items())}.\n"
        f"Table: {made.table}\n"
        f"The same with centre A for training and B for validation: {made.split_table}\n"
        f"Held-out case: {made.held_out} (albumin {held_out.albumin_g_per_l:g} g/L, INR {held_out.inr:g}, "
        f"PTLF {'yes' if held_out.ptlf else 'no'})"
    )
