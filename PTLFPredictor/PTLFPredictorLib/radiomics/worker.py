"""Child process that computes features: ``python -m PTLFPredictorLib.radiomics.worker job.json``.

The job names files in the work folder: ``image``, ``masks`` {voi: file}, ``wanted`` {voi: [feature] or null},
``settings``, ``engine``.  The output ``features`` is a JSON list of feature vectors.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from .. import child
from . import ExtractionSettings, extract


def compute(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    vectors = extract(
        sitk.ReadImage(str(work / job["image"])),
        {voi: sitk.ReadImage(str(work / name)) for voi, name in job["masks"].items()},
        job["wanted"],
        ExtractionSettings.from_dict(job["settings"]),
        engine=job["engine"],
        progress=child.progress_of(emit),
    )
    output = work / "features.json"
    output.write_text(json.dumps([vector.to_dict() for vector in vectors.values()]), encoding="utf-8")
    return {"features": output}


if __name__ == "__main__":
    child.serve(compute)
