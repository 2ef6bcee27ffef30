"""Child process that fetches or brings weights: ``python -m ...segmentation.weights_store.worker job.json``.

The job is of `store.fetch_job` or `store.import_job`.  Output: ``model``, JSON with the model's ``id``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ... import child
from ..catalogue import add
from .store import UNPACKING, bring, fetch


def run(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    progress = child.progress_of(emit)
    if job["do"] == "fetch":
        model = fetch(job["model"], job["agreed"], progress=progress)
    elif job["do"] == "bring":
        model = bring(job["model"], [job["source"]], progress=progress)
    else:
        progress(UNPACKING, 0, 1)
        model = add(job["source"], job.get("labels"), **job["entry"])
    output = work / "model.json"
    output.write_text(json.dumps({"id": model.id}), encoding="utf-8")
    return {"model": output}


if __name__ == "__main__":
    child.serve(run)
