"""``cohort repeat``: a run made again from its lock file, and compared byte for byte."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..stderr import progress_bar
from .action import Action


def add(action: Action) -> None:
    repeat = action("repeat", _repeat, "make a run again from its lock file, and say which files are identical")
    repeat.add_argument("lock", type=Path, metavar="LOCK", help="lock.json of the first run")
    repeat.add_argument("--out", type=Path, required=True, metavar="DIR")
    for name, metavar in (("table", "FILE"), ("features", "DIR"), ("signature", "FILE")):
        repeat.add_argument(f"--{name}", type=Path, metavar=metavar, help=f"the {name} of the run, if moved since")
    repeat.add_argument("--jobs", type=int, metavar="N", default=1, help="processes; the result is the same")


def _repeat(given: argparse.Namespace) -> int:
    from ...cohort import lock
    from ...cohort.repeat import repeat

    first = lock.read(given.lock)
    moved = {name: path for name in ("table", "features", "signature") if (path := getattr(given, name)) is not None}
    with progress_bar() as progress:
        repeated = repeat(first, given.lock.parent, given.out, moved, jobs=given.jobs, progress=progress)
    for name, old, new in repeated.versions:
        print(f"version      {name}: {old or 'none'} in the first run, {new or 'none'} now")
    for one in repeated.files:
        print(f"{one.verdict.value:12} {one.name}")
    same = sum(one.is_same for one in repeated.files)
    print(f"{same} of {len(repeated.files)} files are identical to those of the first run. Written: {given.out}")
    return 0 if repeated.is_same else 1
