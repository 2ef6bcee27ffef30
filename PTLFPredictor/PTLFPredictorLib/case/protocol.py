"""Thin slices brought to the protocol of a signature, the segments with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..ct import CT, Finding, Protocol
from ..segmentation import provenance
from ..segmentation.marks import Mark, of_file
from ..segmentation.origin import Known, Origin
from ..segmentation.reading import Source
from ..segmentation.segments import Segments, check
from .sources import remembered


def marks_of(given: Any) -> list[Mark | None]:
    """The marks in the files that segments are read from; none where a model draws them."""
    if given is None:
        return []
    files = [given] if isinstance(given, (str, Path, Source)) else given
    return [of_file(getattr(file, "path", Path(str(file)))) for file in files]


def brought_to_protocol(
    ct: CT, segments: Segments, protocol: Protocol, marks: Sequence[Mark | None] = ()
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
    whole = segments.in_slabs(brought.slabs)
    cut = cut_off(segments, ct)  # a liver that ends in the lowest slice may end above the lowest slab's middle
    if cut_off(whole, brought):
        cut = []
    whole = _as_known_in_slabs(brought, whole, marks)
    return brought, replace(whole, findings=(*whole.findings, *cut, *remembered(ct, whole.labels, whole.origin)))


def cut_off(segments: Segments, ct: CT) -> list[Finding]:
    """That the liver ends in the lowest or highest slice, which slabs may hide."""
    return [finding for finding in check(segments, ct) if finding.code == "truncated_liver"]


def _as_known_in_slabs(ct: CT, segments: Segments, marks: Sequence[Mark | None]) -> Segments:
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
