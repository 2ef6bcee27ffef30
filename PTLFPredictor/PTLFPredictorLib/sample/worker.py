"""Child process that draws a synthetic CT, so that the panel stays responsive meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from .. import child
from . import known

WORKER = "PTLFPredictorLib.sample.worker"


def draw(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    """Sample case ``seed`` with ``matrix`` x ``matrix`` pixels per slice."""
    case = known.draw(job["seed"], matrix=job["matrix"], progress=child.progress_of(emit))
    output = work / "ct.nrrd"
    sitk.WriteImage(case.ct, str(output))
    return {"ct": output}


if __name__ == "__main__":
    child.serve(draw)
