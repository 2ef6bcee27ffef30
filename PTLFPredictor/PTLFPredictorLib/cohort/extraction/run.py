"""All cases of a table: what is kept is not computed again, what fails is listed, the files are the same every time."""

from __future__ import annotations

import contextlib
import csv
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import __name__ as package
from ...child.system import cpu_cores
from ...errors import BadInput, OutOfMemory
from ...outputs import output_folder, refuse_inputs
from ...progress import Progress, no_progress
from ...signature.evidence import settings_sha256
from ...vois import VOI
from ..report import names as report_names
from ..report import write as write_report
from ..table import Case
from . import tables
from .cache import FOLDER, Cache, keys_of
from .cluster import run_on, threads_of
from .contained import Outcome, Task
from .document import document
from .here import GB, jobs_for, run_here
from .job import CaseJob, Options, job_of
from .names import file_names, nameless
from .result import CASES, FEATURES, SECOND, TIMES, CaseState, ExtractedCase, Extraction
from .software import software

WORKER = f"{package}.cohort.extraction.worker"
WHAT = "The extraction"
SEGMENTS = "segments"
"""Folder of the label maps that a model drew."""

FEW_GB, ALL_GB, DRAWN_GB = 1.5, 2.5, 6.0
"""Memory of a case at most: a signature's features, all of them, and with a model that draws."""

READERS = 8
"""Files that are hashed at a time."""


@dataclass(frozen=True)
class Where:
    """What computes.

    Parameters
    ----------
    jobs : int, optional
        Cases at a time on this machine; chosen by cores and free memory where it is not given.
    scheduler : str
        Address of a Dask scheduler, "" for this machine alone.
    """

    jobs: int | None = None
    scheduler: str = ""


def extract(
    cases: Sequence[Case],
    options: Options,
    out: Path,
    *,
    where: Where = Where(),
    retry: bool = False,
    left_out: Sequence[tuple[str, str]] = (),
    progress: Progress = no_progress,
    say: Callable[[str], None] = lambda text: None,
) -> Extraction:
    """Features of all cases, into the folder `out`.

    Parameters
    ----------
    cases : sequence of Case
    options : Options
    out : Path
    where : Where
    retry : bool
        Try cases again that failed before, though nothing of them has changed.
    left_out : sequence of (str, str)
        Rows of the table that are no cases, each with its reason; listed on the page.
    progress : Progress
    say : callable
        Told how many cases are done already, and how many run at a time.

    Raises
    ------
    BadInput
        Where a case has no segments and no model is named, or `out` cannot be written.
    """
    _require_segments(cases, options)
    here = software()
    jobs = [job_of(case, options, here) for case in cases]
    fixed = (CASES, FEATURES, SECOND, TIMES)
    inputs = [job.sources.ct for job in jobs]
    refuse_inputs([Path(out) / name for name in fixed], inputs, [path for path in inputs if path.is_dir()])
    keys = keys_of(jobs, min(READERS, cpu_cores()), lambda done: progress("Reading files", done, len(jobs)))
    cache = Cache(Path(out) / FOLDER)
    kept = {key: entry for key in dict.fromkeys(keys) if (entry := cache.get(key)) and not (retry and entry["problem"])}
    waiting = {key: job for key, job in zip(keys, jobs, strict=True) if key not in kept}
    if kept:
        say(f"{sum(key in kept for key in keys)} of {len(keys)} cases are kept from before")
    computed = dict(_compute(waiting, cache, where, _bytes_of(options), progress, say))
    entries = [computed.get(key) or kept[key] for key in keys]
    extraction = _extraction(cases, jobs, entries, options, here)
    drawn = {
        f"{SEGMENTS}/{name}.nii.gz": cache.labels(key)
        for name, key, job in zip(file_names([case.id for case in cases]), keys, jobs, strict=True)
        if job.sources.segmentation is None and cache.labels(key).exists()
    }
    _write(extraction, entries, [key in kept for key in keys], drawn, left_out, Path(out))
    return extraction


def _require_segments(cases: Sequence[Case], options: Options) -> None:
    without = sum(not case.segmentation for case in cases)
    if without and options.model is None:
        raise BadInput(
            f"{without} of the {len(cases)} cases have no segmentation: name the model that draws (--model)."
        )


def _bytes_of(options: Options) -> float:
    if options.model is not None:
        return DRAWN_GB * GB
    return (ALL_GB if None in options.features.values() else FEW_GB) * GB


def _compute(
    waiting: Mapping[str, CaseJob],
    cache: Cache,
    where: Where,
    bytes_per_case: float,
    progress: Progress,
    say: Callable[[str], None],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Key and entry of each case, kept at once; those that found no memory are tried once more, alone, at the end."""
    if not waiting:
        return
    keys = list(waiting)
    if where.scheduler:
        workers, at_a_time = threads_of(where.scheduler)
        say(f"{at_a_time} cases at a time on {workers} Dask workers")
    else:
        at_a_time, why = jobs_for(bytes_per_case) if where.jobs is None else (where.jobs, "as --jobs says")
        say(f"{at_a_time} case{'s' * (at_a_time > 1)} at a time ({why})")
    cores = max(1, cpu_cores() // at_a_time)
    tasks = [Task(WORKER, waiting[key], WHAT, cores) for key in keys]
    done, failed, again = 0, 0, []
    progress("Cases", 0, len(keys))
    for number, outcome in _outcomes(tasks, where, at_a_time):
        if outcome.exit_code == OutOfMemory.exit_code and at_a_time > 1:
            again.append(number)
            continue
        yield keys[number], cache.keep(keys[number], _told(outcome, waiting[keys[number]]))
        done, failed = done + 1, failed + bool(outcome.exit_code)
        progress(f"Cases: {failed} failed" if failed else "Cases", done, len(keys))
    if again:
        say(f"{len(again)} case{'s' * (len(again) > 1)} found too little memory beside others, and once more alone")
    for number, outcome in _outcomes([tasks[number] for number in again], replace(where, jobs=1), 1):
        key = keys[again[number]]
        yield key, cache.keep(key, _told(outcome, waiting[key]))
        done, failed = done + 1, failed + bool(outcome.exit_code)
        progress(f"Cases: {failed} failed" if failed else "Cases", done, len(keys))


def _outcomes(tasks: Sequence[Task], where: Where, at_a_time: int) -> Iterator[tuple[int, Outcome]]:
    if not tasks:
        return
    running = run_on(where.scheduler, tasks) if where.scheduler else run_here(tasks, at_a_time)
    with contextlib.closing(running):
        yield from running


def _told(outcome: Outcome, job: CaseJob) -> Outcome:
    return replace(outcome, problem=nameless(outcome.problem, job.sources, job.second)) if outcome.problem else outcome


def _extraction(
    cases: Sequence[Case],
    jobs: Sequence[CaseJob],
    entries: Sequence[Mapping[str, Any]],
    options: Options,
    versions: Mapping[str, str],
) -> Extraction:
    found = []
    for case, entry in zip(cases, entries, strict=True):
        if entry["problem"]:
            found.append(ExtractedCase(case.id, CaseState.FAILED, entry["problem"]))
            continue
        first, second = (
            {(VOI(voi), name): value for voi, name, value in entry[part]} for part in ("features", "second")
        )
        of_case = {**entry["case"], "id": case.id}
        found.append(ExtractedCase.from_dict(of_case, features=first, second=second, seconds=entry["seconds"]))
    settings = options.extraction
    return Extraction(
        tuple(found),
        settings,
        settings_sha256(settings.to_dict()),
        options.engine,
        next((entry["engine_version"] for entry in entries if entry.get("engine_version")), ""),
        options.to_dict(),
        versions,
    )


def _write(
    extraction: Extraction,
    entries: Sequence[Mapping[str, Any]],
    kept: Sequence[bool],
    drawn: Mapping[str, Path],
    left_out: Sequence[tuple[str, str]],
    out: Path,
) -> None:
    page = document(extraction, left_out)
    former = [f"{SEGMENTS}/{path.name}" for path in (out / SEGMENTS).glob("*.nii.gz")]
    names = dict.fromkeys([CASES, FEATURES, SECOND, *report_names(page), TIMES, *drawn, *former])
    with output_folder(out, tuple(names)) as folder:
        (folder / CASES).write_text(extraction.to_json(), encoding="utf-8", newline="\n")
        tables.write({case.id: case.features for case in extraction.cases}, folder / FEATURES)
        if extraction.asked["second"]:
            tables.write({case.id: case.second for case in extraction.cases}, folder / SECOND)
        write_report(page, folder)
        for name, source in drawn.items():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, folder / name)
        _write_log(extraction, entries, kept, folder / TIMES)


def _write_log(extraction: Extraction, entries: Sequence[Mapping[str, Any]], kept: Sequence[bool], path: Path) -> None:
    """Seconds of each step by case, and whether this run computed it."""
    steps = list(dict.fromkeys(name for entry in entries for name in entry.get("seconds", {})))
    with open(path, "w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow([tables.CASE, "state", "kept", *(f"{step}_s" for step in steps)])
        for case, entry, before in zip(extraction.cases, entries, kept, strict=True):
            times = [entry.get("seconds", {}).get(step, "") for step in steps]
            rows.writerow([case.id, case.state.value, "yes" if before else "no", *times])
