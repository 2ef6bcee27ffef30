"""One patient through the whole way: CT -> segments -> features -> Radscore -> prediction -> record.

`run` is what the command line calls; the panel calls its steps one by one.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from .. import record
from ..errors import BadInput
from ..hashes import file_sha256
from ..outputs import output_folder, refuse_inputs
from ..progress import Progress, no_progress, timed
from ..render import html
from ..segmentation import marks
from ..segmentation.run import Worker
from ..signature import checklist
from . import features
from .assess import assess_case, make_record
from .inputs import files_read
from .question import Question
from .ready import ready_segments
from .sources import OnEvent, Sources, ignore, read_case_ct

OUTPUTS = {"record": "result.json", "labels": "labels.nii.gz", "report": "report.html"}
"""Files of a finished case."""


def run(
    sources: Sources,
    question: Question,
    out: Path,
    progress: Progress = no_progress,
    on_event: OnEvent = ignore,
    worker: Worker | None = None,
    case: record.CaseLine | None = None,
) -> record.ResultRecord:
    """The whole way; writes `OUTPUTS` into the folder `out`, all of them or none.

    Parameters
    ----------
    sources : Sources
    question : Question
    out : Path
    progress : Progress
    on_event : callable
        Told which device segments, why, and how long it may take, before it does.
    worker : Worker, optional
        Draws where a model draws, instead of a child process of this case alone.
    case : CaseLine, optional
        What is to stand on the report, where somebody asks for it.

    Raises
    ------
    PTLFError
        With a sentence for the user; nothing half-written is left.
    """
    signature = question.signature
    refuse_inputs(
        (Path(out) / name for name in OUTPUTS.values()),
        *files_read(sources.ct, sources.segmentation, None if sources.model is None else sources.model.folder),
    )
    require_own(Path(out))
    with output_folder(out, tuple(OUTPUTS.values())) as staging:
        seconds: dict[str, float] = {}
        checklist(signature, question.answers)  # a broken answer is told before minutes of work
        with timed(seconds, "ct"):
            ct = read_case_ct(sources, signature, progress)
        with timed(seconds, "segments"):
            ct, segments = ready_segments(sources, ct, signature.protocol, progress, on_event, worker)
        with timed(seconds, "features"):
            wanted, settings = signature.wanted, signature.extraction
            vectors = features.compute(ct, segments, wanted, settings, engine=sources.engine, progress=progress)
        progress("Report", 0, 1)
        assessed = assess_case(question, ct, segments, vectors)
        labels = staging / OUTPUTS["labels"]
        marks.write(segments.labels, labels, segments.origin)
        result = make_record(question, segments, assessed, seconds, labels_file_sha256=file_sha256(labels))
        result = replace(result, case=case)
        record.write(result, staging / OUTPUTS["record"])
        html.write(result, staging / OUTPUTS["report"])
        progress("Report", 1, 1)
    return result


def require_own(out: Path) -> None:
    """Refuse to replace what a former run did not write: a reader may have saved corrected segments over it."""
    if os.path.lexists(out / OUTPUTS["record"]):
        try:
            written = record.read(out / OUTPUTS["record"]).segmentation.file_sha256
        except BadInput as error:
            raise BadInput(
                f"'{out / OUTPUTS['record']}' is no result of this program, and would be replaced. Write to another "
                "folder."
            ) from error
    elif os.path.lexists(out / OUTPUTS["labels"]):
        written = ""
    else:
        return
    labels = out / OUTPUTS["labels"]
    if written is not None and labels.is_file() and file_sha256(labels) != written:
        raise BadInput(
            f"'{labels}' is not as a former run wrote it, and would be replaced. Move it, give it as --segmentation of "
            "a run into another folder, or delete it."
        )
