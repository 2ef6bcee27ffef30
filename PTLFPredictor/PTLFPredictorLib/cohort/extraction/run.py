"""All cases of a table: what is kept is not computed again, what fails is listed, the files are the same every time."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ... import __name__ as package
from ...child.system import cpu_cores
from ...errors import BadInput
from ...outputs import output_folder, refuse_inputs
from ...progress import Progress, no_progress
from ...render.report import Document, Section
from ...render.report import names as report_names
from ...render.report import write as write_report
from ...signature.evidence import settings_sha256
from ...vois import VOI
from ..table import Case
from . import tables
from .cache import FOLDER, Cache, keys_of
from .contained import Outcome, Task
from .document import document
from .here import GB
from .job import CaseJob, Options, job_of
from .names import file_names, nameless
from .result import CASES, FEATURES, SECOND, TIMES, CaseState, ExtractedCase, Extraction
from .schedule import HERE, Where, outcomes
from .software import software

WORKER = f"{package}.cohort.extraction.worker"
WHAT = "The extraction"
SEGMENTS = "segments"
"""Folder of the label maps that a model drew."""

FEW_GB, ALL_GB, DRAWN_GB = 2.0, 2.5, 6.0
"""Memory of a case at most (a signature's features, all of them), and of the process that draws.  Measured on a CT of
512 x 512 x 600: 1.5 GB, and 1.7 GB with VOIs of 8 million voxels; the rest is for longer ones."""

READERS = 8
"""Files that are hashed at a time."""


def extract(
    cases: Sequence[Case],
    options: Options,
    out: Path,
    *,
    where: Where = HERE,
    retry: bool = False,
    left_out: Sequence[tuple[str, str]] = (),
    chapters: Sequence[Section] = (),
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
    chapters : sequence of Section
        Of the page, after what it says itself.
    progress : Progress
    say : callable
        Told how many cases are done already, and how many run at a time.

    Raises
    ------
    BadInput
        Where a case has no segments and no model is named, or `out` cannot be written.
    """
    require_segments(cases, options)
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
    asked, computed = list(waiting), {}
    tasks = [Task(WORKER, waiting[key], WHAT) for key in asked]
    for number, outcome in outcomes(tasks, where, bytes_of(options), progress, say, bytes_to_draw(options)):
        key = asked[number]
        computed[key] = cache.keep(key, _told(outcome, waiting[key]))
    entries = [computed.get(key) or kept[key] for key in keys]
    extraction = _extraction(cases, entries, options, here)
    drawn = {
        f"{SEGMENTS}/{name}.nii.gz": cache.labels(key)
        for name, key, job in zip(file_names([case.id for case in cases]), keys, jobs, strict=True)
        if job.sources.segmentation is None and cache.labels(key).exists()
    }
    page = document(extraction, left_out, chapters)
    _write(extraction, entries, [key in kept for key in keys], drawn, page, Path(out))
    return extraction


def require_segments(cases: Sequence[Case], options: Options) -> None:
    """Refuse a table without cases, and cases without segments where no model is named to draw them."""
    if not cases:
        raise BadInput("No row of the table is a case: each needs an id and a CT that is there.")
    without = sum(not case.segmentation for case in cases)
    if without and options.model is None:
        raise BadInput(
            f"{without} of the {len(cases)} cases have no segmentation: name the model that draws (--model)."
        )


def bytes_of(options: Options) -> float:
    """Memory that a case needs at most, without what draws."""
    return (ALL_GB if None in options.features.values() else FEW_GB) * GB


def bytes_to_draw(options: Options) -> float:
    """Memory of the one process that draws for all cases, where a model draws."""
    return 0.0 if options.model is None else DRAWN_GB * GB


def _told(outcome: Outcome, job: CaseJob) -> Outcome:
    return replace(outcome, problem=nameless(outcome.problem, job.sources, job.second)) if outcome.problem else outcome


def _extraction(
    cases: Sequence[Case],
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
    page: Document,
    out: Path,
) -> None:
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
