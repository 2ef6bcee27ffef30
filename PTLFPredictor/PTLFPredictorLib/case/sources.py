"""What is read of a patient: the CT, and the segments or the model that draws them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import SimpleITK as sitk

from .. import child
from ..ct import CT, Finding, Level, read_ct
from ..errors import BadInput
from ..measures.radiomics import DEFAULT_ENGINE
from ..progress import Progress, no_progress
from ..sample import known as sample
from ..segmentation import Model, default_model, ledger, segment
from ..segmentation.how import How
from ..segmentation.origin import Origin
from ..segmentation.postprocess import PostProcessing
from ..segmentation.reading import Labels, Source, read_segments, told
from ..segmentation.run import Worker
from ..segmentation.segments import Segments
from ..signature import Signature

OnEvent = Callable[[child.Event], None]


def ignore(_: child.Event) -> None:
    """For those who want to be told nothing."""


@dataclass(frozen=True)
class Sources:
    """What is read for one patient, and how.

    Parameters
    ----------
    ct : Path
        DICOM folder or image file.
    segmentation : Path, or sequence of Source, optional
        Label maps, seg.nrrd, DICOM SEG or RTSTRUCT; without it, `model` draws the segments.
    labels : mapping, optional
        What the labels of `segmentation` mean; see `segmentation.reading.parse_labels`.
    mask_origin : Origin, optional
        What a reader says of who drew `segmentation`; see `provenance.said`.
    series_uid : str, optional
        Which series of a DICOM folder.
    acquisition : int, optional
        Which acquisition of the series; see `ct.list_acquisitions`.
    model : Model, optional
        Segmentation model; the catalogue's first one if neither it nor `segmentation` is given.
    how : How
        `model` draws.
    post_processing : PostProcessing
    to_protocol : bool
        Average thin slices to the signature's; see `protocol.brought_to_protocol`.
    engine : str
        Of the features; one of `radiomics.ENGINES`.

    Raises
    ------
    BadInput
        Where a reader names the origin of segments that no file gives.
    """

    ct: Path
    segmentation: Path | Sequence[Source] | None = None
    labels: Labels | None = None
    mask_origin: Origin | None = None
    series_uid: str | None = None
    acquisition: int | None = None
    model: Model | None = None
    how: How = field(default_factory=How)
    post_processing: PostProcessing = field(default_factory=PostProcessing)
    to_protocol: bool = False
    engine: str = DEFAULT_ENGINE

    def __post_init__(self) -> None:
        if self.mask_origin is not None and self.segmentation is None:
            raise BadInput("--mask-origin says who drew the segments of --segmentation; without it a model draws them.")


SAMPLE_CHANGED = Finding(
    "sample_changed",
    Level.WITHHOLD,
    "The file says that it is a sample case of this program, but its voxels are others: it was changed since, and is "
    "neither a sample nor a patient's CT.",
)


SAMPLE_UNKNOWN = replace(
    SAMPLE_CHANGED,
    message="The file says that it is a sample case of this program, and it is none that this computer knows: it was "
    "changed since, or drawn elsewhere. It is no patient's CT.",
)
"""Where nobody waits for the case to be drawn again: in the panel."""


def read_case_ct(sources: Sources, signature: Signature, progress: Progress = no_progress) -> CT:
    """The canonical CT of a case, usable, clipped to the signature's range.

    A file that claims to be a sample case and is none (cropped, resampled, other voxels) has a finding that withholds:
    as a sample it proves nothing, and evidence for patients is not made of it.
    """
    ct = read_ct(
        sources.ct,
        signature.protocol,
        signature.extraction.clip_hu,
        series_uid=sources.series_uid,
        acquisition=sources.acquisition,
        progress=progress,
    )
    claim = sample.claim_of(sources.ct)
    drawn = sample.verified(claim, ct.require_usable().identity, progress)
    return replace(ct, findings=(*ct.findings, SAMPLE_CHANGED)) if claim and drawn is None else ct


def draw_or_read(
    sources: Sources,
    ct: CT,
    progress: Progress = no_progress,
    on_event: OnEvent = ignore,
    worker: Worker | None = None,
) -> Segments:
    """The given segmentation on the CT's grid, or nnU-Net's; not yet checked.

    `on_event` is told which device segments, why, and how long it may take, before it does; a `worker` draws instead
    of a child process of this case alone.
    """
    if sources.segmentation is not None:
        segments = read_segments(sources.segmentation, ct, sources.labels, sources.mask_origin)
        on_event({"event": "segments", "text": told(segments.parts)})
        return segments
    model = sources.model or default_model()
    with tempfile.TemporaryDirectory(prefix="ptlf-") as work:
        options = {"progress": progress, "on_event": on_event, "worker": worker}
        drawn = segment(ct.image, model, how=sources.how, work=Path(work), **options)
    return Segments(drawn.labels, drawn.origin, remembered(ct, drawn.labels, drawn.origin))


def remembered(ct: CT, labels: sitk.Image, origin: Origin) -> tuple[Finding, ...]:
    """Keep a mask in this computer's ledger; the finding that it cannot be kept."""
    trouble = ledger.remember(ct.identity, labels, origin)
    return () if trouble is None else (trouble,)
