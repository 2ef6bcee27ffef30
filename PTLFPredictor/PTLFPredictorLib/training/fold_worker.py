"""Child process that trains one fold: ``python -m PTLFPredictorLib.training.fold_worker job.json``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import child
from .trainer import train

TELL_EVERY_S = 1.0


def train_fold(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    """Output ``facts``: its seconds.  The fold's checkpoints lie in nnU-Net's folder of results."""
    progress = child.progress_of(emit)
    told = start = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if done == total or time.monotonic() - told > TELL_EVERY_S:
            told = time.monotonic()
            progress("Training", done, total)

    progress("Training", 0, 1)
    train(job, tell)
    facts = work / "facts.json"
    facts.write_text(json.dumps({"seconds": round(time.monotonic() - start, 1)}), encoding="utf-8")
    return {"facts": facts}


if __name__ == "__main__":
    child.serve(train_fold)
