"""Child process that does one patient by `case.run`: ``python -m ...cohort.predict.worker job.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ... import child
from ...case import OUTPUTS, run
from ...hashes import file_sha256
from ..extraction.contained import payload_of
from ..extraction.drawing import worker_of
from ..extraction.job import require_there
from .line import Line


def predict(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    """The files of the result, and "case": its line and the record's hash."""
    sources, question = payload_of(job)
    require_there(sources)
    out = work / "result"
    result = run(sources, question, out, child.progress_of(emit), worker=worker_of(job, emit))
    entry = {"line": Line.of(result).to_dict(), "record_sha256": file_sha256(out / OUTPUTS["record"])}
    case = work / "case.json"
    case.write_text(json.dumps(entry), encoding="utf-8")
    return {"case": case, **{name: out / name for name in OUTPUTS.values()}}


if __name__ == "__main__":
    child.serve(predict)
