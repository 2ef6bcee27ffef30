"""Child process that does one case, from its files to its features: ``python -m ...cohort.extraction.worker job.json``.

The steps are `case`'s own; the features are computed in this very process, where their engine runs in it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ... import child
from ...case import examine, read_case_ct, ready_segments
from ...case import features as case_features
from ...ct import CT, Finding, Level
from ...errors import BadInput, MissingDependency
from ...measures.radiomics import FeatureVector, Mask, child_options
from ...measures.radiomics.worker import vectors_of
from ...progress import Progress, timed
from ...sample import known
from ...segmentation import marks
from ...segmentation.segments import Segments
from ...vois import VOI
from .contained import payload_of
from .drawing import worker_of
from .job import CaseJob, require_there
from .observed import ObservedCase, ObservedMask
from .result import CaseState, ExtractedCase
from .software import software


def extract(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    """The case as JSON; and the label map, where a model drew it."""
    asked: CaseJob = payload_of(job)
    _require_same(asked.software)
    require_there(asked.sources)
    progress, seconds = child.progress_of(emit), {}
    signature = asked.question.signature
    with timed(seconds, "ct"):
        whole = read_case_ct(asked.sources, signature, progress)
    with timed(seconds, "segments"):
        ct, segments = ready_segments(asked.sources, whole, signature.protocol, progress, worker=worker_of(job, emit))
    with timed(seconds, "features"):
        vectors = _vectors(asked, ct, segments, progress)
    ct, findings = examine(asked.question, ct, segments, vectors)
    second: Mapping[VOI, FeatureVector] = {}
    if asked.second:
        with timed(seconds, "second"):
            second, told = _second(asked, whole, progress)
            findings = (*findings, *told)
    case = ExtractedCase(
        id="",
        state=CaseState.DONE,
        findings=findings,
        protocol=ObservedCase.of(ct),
        masks=ObservedMask.of(segments.origin),
        sample=known.seed_of(ct.identity),
        ct_identity=ct.identity,
        labels_sha256=segments.sha256,
        volumes_ml={str(name): value for name, value in segments.volumes_ml.items()},
    )
    versions = {vector.engine_version for vector in vectors.values()}
    result = {
        "case": case.to_dict(),
        "features": _listed(vectors),
        "second": _listed(second),
        "engine_version": next(iter(versions), ""),
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
    }
    outputs = {"case": work / "case.json"}
    outputs["case"].write_text(json.dumps(result, allow_nan=False), encoding="utf-8")
    if asked.sources.segmentation is None:
        outputs["labels"] = work / "labels.nii.gz"
        marks.write(segments.labels, outputs["labels"], segments.origin)
    return outputs


def _vectors(asked: CaseJob, ct: CT, segments: Segments, progress: Progress) -> Mapping[VOI, FeatureVector]:
    settings, engine = asked.question.signature.extraction, asked.sources.engine
    if child_options(engine)["python"] != sys.executable:
        return case_features.compute(ct, segments, asked.wanted, settings, engine=engine, progress=progress)
    raster = segments.raster
    masks = {voi: Mask(raster, label) for voi, label in segments.labels_of_vois.items() if voi in asked.wanted}
    wanted = {voi: asked.wanted[voi] for voi in masks}
    return vectors_of(ct.raster, masks, wanted, settings, engine=engine, progress=progress) if masks else {}


def _second(asked: CaseJob, whole: CT, progress: Progress) -> tuple[Mapping[VOI, FeatureVector], tuple[Finding, ...]]:
    """Features of the second segmentation; one that cannot be used is told, and the case stays."""
    sources = replace(asked.sources, segmentation=asked.second, mask_origin=None)
    try:
        ct, segments = ready_segments(sources, whole, asked.question.signature.protocol, progress)
        return _vectors(asked, ct, segments, progress), ()
    except BadInput as error:
        message = f"The second segmentation cannot be used. {error.message}"
        return {}, (Finding("second_segmentation", Level.WARN, message),)


def _listed(vectors: Mapping[VOI, FeatureVector]) -> list[list[Any]]:
    return [[voi, name, value] for voi, vector in vectors.items() for name, value in vector.values.items()]


def _require_same(expected: Mapping[str, str]) -> None:
    here = software()
    differ = [
        f"{name} {here.get(name)} for {version}" for name, version in expected.items() if here.get(name) != version
    ]
    if differ:
        raise MissingDependency(f"This machine has other versions than the one that asks it: {', '.join(differ)}.")


if __name__ == "__main__":
    child.serve(extract)
