"""One patient through the whole way: CT -> segments -> features -> Radscore -> prediction -> record.

`run` is what the command line calls; the panel calls its steps (`segment`, `score`) one by one.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from .. import child, record
from ..ct import CT, ConfirmedPhase, Finding, Protocol, read_ct
from ..errors import BadInput
from ..hashes import file_sha256
from ..measures.radiomics import DEFAULT_ENGINE, FeatureVector
from ..outputs import output_folder, refuse_inputs
from ..progress import Progress, no_progress
from ..record.slices import pictures
from ..render import html
from ..sample import known as sample
from ..segmentation import Model, default_model, ledger, provenance, segment
from ..segmentation.origin import Known, Origin
from ..segmentation.postprocess import PostProcessing, apply
from ..segmentation.reading import Labels, Source, read_segments, told
from ..segmentation.segments import Segments, check
from ..signature import (
    Assessment,
    Eligibility,
    LaboratoryValues,
    Signature,
    assess,
    checklist,
    eligibility,
    what_if,
)
from ..vois import VOI
from . import features
from .inputs import files_read

OUTPUTS = {"record": "result.json", "labels": "labels.nii.gz", "report": "report.html"}
"""Files of a finished case."""


@dataclass(frozen=True)
class Case:
    """What a person gives for one patient.

    Parameters
    ----------
    ct : Path
        DICOM folder or image file.
    signature : Signature
    segmentation : Path, or sequence of Source, optional
        Label maps, seg.nrrd or DICOM SEG; without it, `model` draws the segments.
    model : Model, optional
        Segmentation model; the catalogue's first one if neither is given.
    device : str
        "auto", "cpu" or "cuda:N", for `model`.
    labels : mapping, optional
        What the labels of `segmentation` mean; see `segmentation.reading.parse_labels`.
    laboratory : LaboratoryValues
    radscore : float, optional
        Typed Radscore for a what-if beside the patient's own result.
    answers : mapping
        Eligibility answers; see `signature.checklist`.
    phase : ConfirmedPhase, optional
        The contrast phase, where a reader has answered for it.
    mask_origin : str
        What `reader` says of who drew `segmentation`: "hand" or "model:ID"; see `provenance.said`.
    reader : str
        Who answers what only a reader can: contrast phase, who drew the segments, the study's criteria.
    acquisition : int, optional
        Which acquisition of the series; see `ct.list_acquisitions`.
    to_protocol : bool
        Average thin slices to the signature's; see `brought_to_protocol`.
    """

    ct: Path
    signature: Signature
    segmentation: Path | Sequence[Source] | None = None
    model: Model | None = None
    device: str = "auto"
    labels: Labels | None = None
    series_uid: str | None = None
    laboratory: LaboratoryValues = field(default_factory=LaboratoryValues)
    radscore: float | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    phase: ConfirmedPhase | None = None
    mask_origin: str = ""
    reader: str = ""
    acquisition: int | None = None
    to_protocol: bool = False
    post_processing: PostProcessing = field(default_factory=PostProcessing)
    engine: str = DEFAULT_ENGINE
    demonstration: bool = False


@dataclass(frozen=True)
class Score:
    """Features, assessment and all findings of one pair of CT and segments; `sample` is the seed of a sample case."""

    ct: CT
    vectors: Mapping[str, FeatureVector]
    eligibility: Eligibility
    findings: tuple[Finding, ...]
    assessment: Assessment
    sample: int | None = None


def run(
    case: Case,
    out: Path,
    progress: Progress = no_progress,
    on_event: Callable[[child.Event], None] = lambda event: None,
) -> record.Record:
    """The whole way; writes `OUTPUTS` into the folder `out`, all of them or none.

    Parameters
    ----------
    case : Case
    out : Path
    progress : Progress
    on_event : callable
        Told which device segments, why, and how long it may take, before it does.

    Raises
    ------
    PTLFError
        With a sentence for the user; nothing half-written is left.
    """
    refuse_inputs(
        (Path(out) / name for name in OUTPUTS.values()),
        *files_read(case.ct, case.segmentation, None if case.model is None else case.model.folder),
    )
    _require_own(Path(out))
    with output_folder(out, tuple(OUTPUTS.values())) as staging:
        seconds: dict[str, float] = {}
        checklist(case.signature, case.answers)  # a broken answer is told before minutes of work
        if provenance.said(case.mask_origin, case.reader) and case.segmentation is None:
            raise BadInput("--mask-origin says who drew the segments of --segmentation; without it a model draws them.")
        with _timed(seconds, "ct"):
            ct = read_case_ct(case, progress)
        with _timed(seconds, "segments"):
            given = draw_or_read(case, ct, progress, on_event)
            segments = apply(given, case.post_processing)
            if segments.labels is not given.labels:  # cleaned as asked for: no reader's edit, and still the model's
                _remembered(ct, segments.labels, segments.origin)
            if case.to_protocol:
                marks = marks_of(case.segmentation)
                ct, segments = brought_to_protocol(ct, segments, case.signature.protocol, marks)
            segments = segments.checked(ct)
        with _timed(seconds, "features"):
            vectors = compute_features(case, ct, segments, progress)
        progress("Report", 0, 1)
        score = score_case(case, ct, segments, vectors)
        result = make_record(case, segments, score, seconds)
        provenance.write(segments.labels, staging / OUTPUTS["labels"], segments.origin)
        result["segmentation"]["file_sha256"] = file_sha256(staging / OUTPUTS["labels"])
        record.write(result, staging / OUTPUTS["record"])
        html.write(result, staging / OUTPUTS["report"])
        progress("Report", 1, 1)
    return result


def _require_own(out: Path) -> None:
    """Refuse to replace what a former run did not write: a reader may have saved corrected segments over it."""
    if os.path.lexists(out / OUTPUTS["record"]):
        try:
            written = record.read(out / OUTPUTS["record"])["segmentation"].get("file_sha256")
        except (BadInput, KeyError, TypeError) as error:
            raise BadInput(
                f"'{out / OUTPUTS['record']}' is no result of this program, and would be replaced. Write to another "
                "folder."
            ) from error
    elif os.path.lexists(out / OUTPUTS["labels"]):
        written = ""
    else:
        return
    labels = out / OUTPUTS["labels"]
    if written is not None and labels.is_file() and file_sha256(labels) != written:
        raise BadInput(
            f"'{labels}' is not as a former run wrote it, and would be replaced. Move it, give it as --segmentation of "
            "a run into another folder, or delete it."
        )


def read_case_ct(case: Case, progress: Progress = no_progress) -> CT:
    """The canonical CT of a case, usable, clipped to the signature's range."""
    signature = case.signature
    ct = read_ct(
        case.ct,
        signature.protocol,
        signature.extraction.clip_hu,
        series_uid=case.series_uid,
        acquisition=case.acquisition,
        progress=progress,
    )
    sample.verified(sample.claim_of(case.ct), ct.require_usable().identity, progress)
    return ct


def draw_or_read(
    case: Case,
    ct: CT,
    progress: Progress = no_progress,
    on_event: Callable[[child.Event], None] = lambda event: None,
) -> Segments:
    """The given segmentation on the CT's grid, or nnU-Net's."""
    if case.segmentation is not None:
        said = provenance.said(case.mask_origin, case.reader)
        segments = read_segments(case.segmentation, ct, case.labels, said)
        on_event({"event": "segments", "text": told(segments.parts)})
        return segments
    model = case.model or default_model()
    with tempfile.TemporaryDirectory(prefix="ptlf-") as work:
        drawn = segment(ct.image, model, device=case.device, work=Path(work), progress=progress, on_event=on_event)
    return Segments(drawn.labels, drawn.origin, _remembered(ct, drawn.labels, drawn.origin))


def marks_of(given: Any) -> list[provenance.Mark | None]:
    """The marks in the files that segments are read from; none where a model draws them."""
    if given is None:
        return []
    files = [given] if isinstance(given, (str, Path, Source)) else given
    return [provenance.of_file(getattr(file, "path", Path(str(file)))) for file in files]


def brought_to_protocol(
    ct: CT, segments: Segments, protocol: Protocol, marks: Sequence[provenance.Mark | None] = ()
) -> tuple[CT, Segments]:
    """CT and segments in the protocol's slices; both unchanged but for a finding where nothing can be averaged.

    Segments are read, and drawn by a model, on the slices as they are: nnU-Net resamples a CT to the spacing that it
    was trained on, so that slabs before it would only blur what it sees; the ledger knows masks of those slices; and
    a majority of thin slices is nearer to the organ than labels drawn on slabs.

    Parameters
    ----------
    ct : CT
        As it was read.
    segments : Segments
        On its grid, not yet checked.
    protocol : Protocol
    marks : sequence of Mark or None
        `marks_of` the files: labels that this function made earlier, given again, are known by their own content.
    """
    brought = ct.to_protocol(protocol)
    if brought.slabs is None:
        return brought, segments
    thin = check(segments, ct)  # a liver that ends in the lowest slice may end above the lowest slab's middle
    whole = segments.in_slabs(brought.slabs)
    cut = [finding for finding in thin if finding.code == "truncated_liver"]
    if any(finding.code == "truncated_liver" for finding in check(whole, brought)):
        cut = []
    whole = _as_known_in_slabs(brought, whole, marks)
    return brought, replace(whole, findings=(*whole.findings, *cut, *_remembered(ct, whole.labels, whole.origin)))


def _as_known_in_slabs(ct: CT, segments: Segments, marks: Sequence[provenance.Mark | None]) -> Segments:
    """With the origin of labels that were written in slabs and come back: their mark, or the ledger, means the slabs.

    What the ledger said of the slices as they are stays.
    """
    origin = segments.origin
    if not marks or origin.known is Known.LEDGER:
        return segments
    word = None if origin.named is None else Origin(origin.drawn, Known.READER, origin.model, named=origin.named)
    again, told = provenance.resolve(segments.labels, ct, marks, word if origin.known is Known.READER else None)
    if again.known not in (Known.FILE, Known.LEDGER):
        return segments
    if origin.known is Known.FILE and origin.named is not None:
        again = again.with_changes(named=origin.named, sign_off=origin.sign_off or again.sign_off)
    again = again.with_changes(format=origin.format, post_processing=origin.post_processing or again.post_processing)
    return replace(segments, origin=again, findings=(*segments.findings, *told))


def _remembered(ct: CT, labels: sitk.Image, origin: Origin) -> tuple[Finding, ...]:
    """Keep a mask in this computer's ledger; the finding that it cannot be kept."""
    trouble = ledger.remember(ct.identity, labels, origin)
    return () if trouble is None else (trouble,)


def compute_features(
    case: Case, ct: CT, segments: Segments, progress: Progress = no_progress
) -> dict[str, FeatureVector]:
    signature = case.signature
    return features.compute(ct, segments, signature.wanted, signature.extraction, engine=case.engine, progress=progress)


def score_case(case: Case, ct: CT, segments: Segments, vectors: Mapping[str, FeatureVector]) -> Score:
    """Eligibility, findings, Radscore and prediction; fast, no files."""
    signature, laboratory = case.signature, case.laboratory
    vois = segments.vois
    ct = ct.with_liver(vois.get(VOI.PARENCHYMA), signature.protocol, case.phase)
    answers = checklist(signature, case.answers)
    found = (*ct.findings, *segments.findings, *features.findings(segments, vectors))
    found += tuple(eligibility.findings(signature, answers, laboratory))
    raw = {(voi, name): value for voi, vector in vectors.items() for name, value in vector.values.items()}
    seed = sample.seed_of(ct.identity)
    assessment = assess(
        signature,
        raw,
        laboratory,
        found,
        demonstration=case.demonstration,
        sample=seed is not None,
        origin=segments.origin,
    )
    return Score(ct, vectors, answers, (*found, *assessment.findings), assessment, seed)


def make_record(
    case: Case,
    segments: Segments,
    score: Score,
    seconds: Mapping[str, float],
    software: Mapping[str, str] | None = None,
) -> record.Record:
    """The result record of a scored case."""
    typed = None
    if case.radscore is not None:
        typed = what_if(
            case.signature,
            case.laboratory,
            case.radscore,
            demonstration=case.demonstration,
            sample=score.sample is not None,
        )
    return record.make(
        ct=score.ct,
        sample=score.sample,
        segments=segments,
        signature=case.signature,
        laboratory=case.laboratory,
        eligibility=score.eligibility,
        findings=score.findings,
        vectors=score.vectors,
        assessment=score.assessment,
        what_if=typed,
        typed_radscore=case.radscore,
        pictures=pictures(score.ct, segments),
        demonstration=case.demonstration,
        seconds=seconds,
        software=software or {},
    )


@contextlib.contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    seconds[name] = time.monotonic() - start
