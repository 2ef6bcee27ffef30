"""Child process that says on which device a network would run: torch never enters the panel's own process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import child

WORKER = "PTLFPredictorLib.segmentation.probe"


def probe(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    from . import device

    found = device.choose(job["device"])
    output = work / "device.json"
    output.write_text(json.dumps({"device": found.name, "why": found.why}), encoding="utf-8")
    return {"device": output}


if __name__ == "__main__":
    child.serve(probe)
