"""Child process that computes features: ``python -m PTLFPredictorLib.measures.radiomics.worker job.json``.

The job names files in the work folder: ``image``, ``masks`` {voi: file}, ``wanted`` {voi: [feature] or null},
``settings``, ``engine``.  The output ``features`` is a JSON list of feature vectors; it lacks the tumour's where they
cannot be computed and others can (`case.features.findings` says so).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ... import child
from ...errors import BadInput
from ...vois import VOI
from . import ExtractionSettings, FeatureVector, extract

MAY_BE_LEFT_OUT = (VOI.TUMOUR,)
"""VOIs without which a case has a report all the same: a tumour may be so small that nothing can be computed of it."""


def compute(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    image = sitk.ReadImage(str(work / job["image"]))
    masks = {voi: sitk.ReadImage(str(work / name)) for voi, name in job["masks"].items()}
    settings, progress = ExtractionSettings.from_dict(job["settings"]), child.progress_of(emit)

    def of(wanted: dict[str, Any]) -> dict[str, FeatureVector]:
        return extract(image, masks, wanted, settings, engine=job["engine"], progress=progress)

    try:
        vectors = of(job["wanted"])
    except BadInput:
        others = {voi: names for voi, names in job["wanted"].items() if voi not in MAY_BE_LEFT_OUT}
        if not others or len(others) == len(job["wanted"]):
            raise
        vectors = of(others)
    output = work / "features.json"
    output.write_text(json.dumps([vector.to_dict() for vector in vectors.values()]), encoding="utf-8")
    return {"features": output}


if __name__ == "__main__":
    child.serve(compute)
