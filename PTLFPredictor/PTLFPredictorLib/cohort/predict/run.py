"""All patients of a table with one signature, each on its own; a run that was stopped goes on."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ... import __name__ as package
from ...case import OUTPUTS, Question, require_own
from ...child.system import cpu_cores
from ...errors import BadInput
from ...hashes import file_sha256, json_sha256
from ...outputs import output_file, output_folder, refuse_inputs
from ...progress import Progress, no_progress
from ...signature import eligibility
from ..extraction.cache import FOLDER, Cache, keys_of
from ..extraction.contained import Outcome, Task
from ..extraction.job import Options, job_of, sources_of
from ..extraction.names import file_names, nameless
from ..extraction.run import READERS, bytes_of, bytes_to_draw, require_segments
from ..extraction.schedule import HERE, Where, outcomes
from ..extraction.software import software
from ..table import Case
from .line import FAILED, Line

WORKER = f"{package}.cohort.predict.worker"
WHAT = "The prediction"

LINES, RESULTS = "predictions.csv", "cases"
"""The table of all patients, and the folder of their results."""

NOT_KEPT = -1
"""Exit code of a failure that another run may not meet again, so that it is not kept."""


def predict(
    cases: Sequence[Case],
    options: Options,
    out: Path,
    *,
    demonstration: bool = False,
    where: Where = HERE,
    retry: bool = False,
    left_out: Sequence[tuple[str, str]] = (),
    progress: Progress = no_progress,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Line, ...]:
    """One line a patient, in the table's order; ``predictions.csv`` and a folder for each result are in `out`.

    Parameters
    ----------
    cases : sequence of Case
    options : Options
        Signature, and how CT and segments are read.
    demonstration : bool
        Whether a demo signature may show its risk.
    where : Where
        This machine; results are written here.
    retry : bool
        Try patients again that failed before.
    left_out : sequence of (str, str)
        Rows of the table that are no cases, each with its reason: failed lines at the end.

    Raises
    ------
    BadInput
        As `extraction.run.extract`.
    """
    out = Path(out)
    require_segments(cases, options)
    names = file_names([case.id for case in cases])
    folders = [out / RESULTS / name for name in names]
    files = [folder / name for folder in folders for name in OUTPUTS.values()]
    refuse_inputs([out / LINES, *files], *_inputs(cases))
    questions = [_question(case, options, demonstration) for case in cases]
    jobs = [job_of(case, options, software()) for case in cases]
    read = keys_of(jobs, min(READERS, cpu_cores()), lambda done: progress("Reading files", done, len(jobs)))
    keys = [_key(key, *one) for key, *one in zip(read, questions, names, strict=True)]
    cache = Cache(out / FOLDER)
    entries = [_kept(cache.get(key), folder, retry) for key, folder in zip(keys, folders, strict=True)]
    waiting = [number for number, entry in enumerate(entries) if entry is None]
    if len(waiting) < len(cases):
        say(f"{len(cases) - len(waiting)} of {len(cases)} cases are kept from before")
    tasks = [Task(WORKER, (sources_of(cases[number], options), questions[number]), WHAT) for number in waiting]
    for place, outcome in outcomes(tasks, where, bytes_of(options), progress, say, bytes_to_draw(options)):
        number = waiting[place]
        if outcome.problem:
            outcome = replace(outcome, problem=nameless(outcome.problem, jobs[number].sources))
        outcome = _written(outcome, folders[number])
        entries[number] = cache.keep(keys[number], outcome)
    lines = [_line(case.id, name, entry) for case, name, entry in zip(cases, names, entries, strict=True)]
    lines += [Line(name, FAILED, reason=reason) for name, reason in left_out]
    _write(lines, out / LINES)
    return tuple(lines)


def _inputs(cases: Sequence[Case]) -> tuple[list[Path], list[Path]]:
    files = [case.ct for case in cases] + [one.path for case in cases for one in case.segmentation]
    return files, [path for path in files if path.is_dir()]


def _question(case: Case, options: Options, demonstration: bool) -> Question:
    return Question(
        options.signature, case.entered, answers=case.answers, phase=case.phase, demonstration=demonstration
    )


def _key(read: str, question: Question, name: str) -> str:
    """What a result depends on; not when a reader answered."""
    answers = {key: value for key, value in question.answers.items() if key != eligibility.ANSWERED_AT}
    asked = {"signature": question.signature.data, "entered": dict(question.entered.values), "answers": answers}
    return json_sha256({**asked, "read": read, "demonstration": question.demonstration, "folder": name})


def _kept(entry: dict[str, Any] | None, folder: Path, retry: bool) -> dict[str, Any] | None:
    """An entry whose result is still there, as it was written."""
    if entry is None or (entry["problem"] and retry):
        return None
    with contextlib.suppress(OSError):
        if entry["problem"] or file_sha256(folder / OUTPUTS["record"]) == entry["record_sha256"]:
            return entry
    return None


def _written(outcome: Outcome, folder: Path) -> Outcome:
    """The result at its place; of a failed case no former result stays there."""
    try:
        require_own(folder)
        if outcome.exit_code and not folder.exists():
            return outcome
        with output_folder(folder, tuple(OUTPUTS.values())) as staging:
            for name in OUTPUTS.values() if not outcome.exit_code else ():
                (staging / name).write_bytes(outcome.files[name])
    except BadInput as error:
        return Outcome(problem=error.message, exit_code=NOT_KEPT)
    if outcome.exit_code:
        with contextlib.suppress(OSError):
            folder.rmdir()
    return outcome


def _line(case_id: str, name: str, entry: Mapping[str, Any]) -> Line:
    if entry["problem"]:
        return Line(case_id, FAILED, reason=entry["problem"])
    return replace(Line.from_dict(entry["line"]), case=case_id, report=f"{RESULTS}/{name}/{OUTPUTS['report']}")


def _write(lines: Sequence[Line], path: Path) -> None:
    with output_file(path) as part, open(part, "w", newline="", encoding="utf-8-sig") as stream:
        rows = csv.writer(stream)
        rows.writerow([column.name for column in fields(Line)])
        rows.writerows(line.to_dict().values() for line in lines)
