"""Features of a case in a child process, so that they freeze no panel and can be stopped at once."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import child
from ..ct import CT, Finding, Level
from ..measures.radiomics import DEFAULT_ENGINE, ExtractionSettings, FeatureVector, child_options
from ..progress import Progress, no_progress
from ..segmentation.origin import Drawn
from ..segmentation.segments import TUMOUR, Segments, ml_text
from ..vois import VOI

WORKER = "PTLFPredictorLib.measures.radiomics.worker"


def write_job(
    work: Path,
    ct: CT,
    segments: Segments,
    wanted: Mapping[VOI, Sequence[str] | None],
    settings: ExtractionSettings,
    engine: str = DEFAULT_ENGINE,
) -> dict[str, Any]:
    """Write CT and segments into `work` and return the job for `WORKER`; VOIs that do not exist are left out."""
    labels = {voi: label for voi, label in segments.labels_of_vois.items() if voi in wanted}
    return {
        "image": ct.raster.write(work / "ct.npy"),
        "labels": segments.raster.write(work / "labels.npy"),
        "masks": labels,
        "wanted": {voi: wanted[voi] if wanted[voi] is None else list(wanted[voi]) for voi in labels},
        "settings": settings.to_dict(),
        "engine": engine,
    }


def read_vectors(path: Path) -> dict[VOI, FeatureVector]:
    """The feature vectors that `WORKER` wrote, by VOI."""
    vectors = [FeatureVector.from_dict(item) for item in json.loads(path.read_text(encoding="utf-8"))]
    return {VOI(vector.voi): vector for vector in vectors}


def findings(segments: Segments, vectors: Mapping[VOI, FeatureVector]) -> list[Finding]:
    """The finding that withholds where there is a tumour and none of its features could be computed."""
    if VOI.TUMOUR in vectors or not vectors:
        return []
    voxels = segments.counts[TUMOUR]
    if not voxels:
        return []  # `no_tumor` says so
    size = f"{voxels} voxel{'s' * (voxels > 1)}, {ml_text(segments.volumes_ml['tumor'])}"
    drawn = "The model drew it" if segments.origin.drawn is Drawn.MODEL else "It may be a stray mark"
    message = (
        f"The tumour ({size}) is too small: its features, Radscore and risk cannot be computed. {drawn}: correct the "
        "segment, or leave such pieces out with --drop-below 0.1."
    )
    return [Finding("tumor_features", Level.WITHHOLD, message, {"voxels": voxels})]


def compute(
    ct: CT,
    segments: Segments,
    wanted: Mapping[VOI, Sequence[str] | None],
    settings: ExtractionSettings,
    *,
    engine: str = DEFAULT_ENGINE,
    progress: Progress = no_progress,
) -> dict[VOI, FeatureVector]:
    """Features by VOI, of those VOIs that exist; `radiomics.extract` tells the errors, `findings` what is missing."""
    with tempfile.TemporaryDirectory(prefix="ptlf-") as folder:
        work = Path(folder)
        job = write_job(work, ct, segments, wanted, settings, engine)
        if not job["masks"]:
            return {}
        outputs = child.run(
            WORKER,
            job,
            work,
            what="The feature computation",
            progress=lambda stage, done, total: progress(f"Features: {stage}", done, total),
            **child_options(engine),
        )
        return read_vectors(outputs["features"])
