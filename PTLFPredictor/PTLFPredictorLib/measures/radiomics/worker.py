"""Child process that computes features: ``python -m PTLFPredictorLib.measures.radiomics.worker job.json``.

The job names what lies in the work folder: ``image`` and ``labels`` as `Raster.write` tells them, ``masks`` {voi: its
label}, ``wanted`` {voi: [feature] or null}, ``settings``, ``engine``.  The output ``features`` is a JSON list of
feature vectors; it lacks the tumour's where they cannot be computed and others can (`case.features.findings` says so).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import child
from ...ct import Raster
from ...errors import BadInput
from ...progress import Progress
from ...vois import VOI
from . import ExtractionSettings, FeatureVector, Mask, extract

MAY_BE_LEFT_OUT = (VOI.TUMOUR,)
"""VOIs without which a case has a report all the same: a tumour may be so small that nothing can be computed of it."""


def vectors_of(
    image: Raster,
    masks: Mapping[str, Mask],
    wanted: Mapping[str, Sequence[str] | None],
    settings: ExtractionSettings,
    *,
    engine: str,
    progress: Progress,
) -> dict[str, FeatureVector]:
    """`extract`, without a VOI of `MAY_BE_LEFT_OUT` where only the others can be computed."""
    options = {"engine": engine, "progress": progress}
    try:
        return extract(image, masks, wanted, settings, **options)
    except BadInput:
        others = {voi: names for voi, names in wanted.items() if voi not in MAY_BE_LEFT_OUT}
        if not others or len(others) == len(wanted):
            raise
        return extract(image, masks, others, settings, **options)


def compute(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    image, labels = Raster.read(job["image"], work), Raster.read(job["labels"], work)
    masks = {voi: Mask(labels, label) for voi, label in job["masks"].items()}
    settings, progress = ExtractionSettings.from_dict(job["settings"]), child.progress_of(emit)
    vectors = vectors_of(image, masks, job["wanted"], settings, engine=job["engine"], progress=progress)
    output = work / "features.json"
    output.write_text(json.dumps([vector.to_dict() for vector in vectors.values()]), encoding="utf-8")
    return {"features": output}


if __name__ == "__main__":
    child.serve(compute)
