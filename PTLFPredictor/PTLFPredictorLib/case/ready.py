"""Segments of a case as its features are computed of them: read or drawn, cleaned, in the protocol's slices."""

from __future__ import annotations

from ..ct import CT, Protocol
from ..progress import Progress, no_progress
from ..segmentation.postprocess import apply
from ..segmentation.run import Worker
from ..segmentation.segments import Segments
from .protocol import brought_to_protocol, marks_of
from .sources import OnEvent, Sources, draw_or_read, ignore, remembered


def ready_segments(
    sources: Sources,
    ct: CT,
    protocol: Protocol,
    progress: Progress = no_progress,
    on_event: OnEvent = ignore,
    worker: Worker | None = None,
) -> tuple[CT, Segments]:
    """The segments of `sources`, and the CT, both in the protocol's slices where that is asked for.

    Raises
    ------
    BadInput
        Where they stop: no liver, another CT's.
    """
    given = draw_or_read(sources, ct, progress, on_event, worker)
    segments = apply(given, sources.post_processing)
    if segments.labels is not given.labels:  # cleaned as asked for: no reader's edit, and still the model's
        remembered(ct, segments.labels, segments.origin)
    if sources.to_protocol:
        ct, segments = brought_to_protocol(ct, segments, protocol, marks_of(sources.segmentation))
    return ct, segments.checked(ct)
