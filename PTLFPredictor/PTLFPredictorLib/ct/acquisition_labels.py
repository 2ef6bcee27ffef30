"""What tells acquisitions of one series apart: number, time, time point, phase in words and kernel, slice by slice.

What is absent from a header is None, and never taken as different.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .phase_words import UNKNOWN, named_by


class Header(Protocol):
    """What is asked of a slice or frame."""

    def get(self, tag: str, default: Any = None) -> Any: ...


PAUSE_S = 5.0
"""Slices of one scan follow each other faster: a helical scan writes a time for each of them, tenths of a second apart;
two phases lie 10 s (early and late arterial) or more apart."""

CONTENT_PAUSE_S = 15.0
"""The same for ContentTime, when the picture was computed, asked only where there is no AcquisitionTime."""

TRIGGER_PAUSE_MS = 100.0
"""Heart beats differ by less from slice to slice; the phases of a gated series lie further apart."""


def _entry(tag: str) -> Callable[[Sequence[Header]], list[Any]]:
    def labels(images: Sequence[Header]) -> list[Any]:
        return [None if image.get(tag) in (None, "") else str(image.get(tag)).strip() for image in images]

    return labels


def words_of_phase(images: Sequence[Header]) -> list[str | None]:
    texts = [
        " | ".join(str(image.get(tag) or "") for tag in ("SeriesDescription", "ImageComments")) for image in images
    ]
    known = {text: named_by(text)[0] for text in set(texts)}
    return [None if known[text] is UNKNOWN else known[text] for text in texts]


def scans_of(images: Sequence[Header]) -> list[int | None]:
    """The number of the scan by its time."""
    for tags, pause in ((("AcquisitionDateTime", "AcquisitionTime"), PAUSE_S), (("ContentTime",), CONTENT_PAUSE_S)):
        seconds = [next((s for tag in tags if (s := seconds_in(image.get(tag))) is not None), None) for image in images]
        if any(s is not None for s in seconds):
            return _runs(seconds, pause)
    return [None] * len(images)


def _triggers(images: Sequence[Header]) -> list[int | None]:
    return _runs([number_in(image.get("TriggerTime")) for image in images], TRIGGER_PAUSE_MS)


def _runs(times: Sequence[float | None], pause: float) -> list[int | None]:
    """The number of the run that each time belongs to; a pause parts two runs."""
    known = sorted({t for t in times if t is not None})
    starts = [t for i, t in enumerate(known) if not i or t - known[i - 1] > pause]
    return [None if t is None else sum(start <= t for start in starts) for t in times]


def number_in(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def seconds_in(time: Any) -> float | None:
    """Seconds of a DICOM time (HHMMSS.F) or date and time (YYYYMMDDHHMMSS.F)."""
    match = re.match(r"(?:(\d{8}))?(\d\d)(\d\d)(\d\d(?:\.\d+)?)(?![\d:])", str(time or "").strip())
    if not match:
        return None
    return int(match[1] or 0) * 86400 + int(match[2]) * 3600 + int(match[3]) * 60 + float(match[4])


MAY_CHANGE = (
    ("AcquisitionNumber", _entry("AcquisitionNumber")),
    ("the time of acquisition", scans_of),
    ("TriggerTime", _triggers),
    ("TemporalPositionIdentifier", _entry("TemporalPositionIdentifier")),
)

MUST_NOT_CHANGE = (
    ("slices of several contrast phases", words_of_phase),
    ("reconstructions (ConvolutionKernel differs)", _entry("ConvolutionKernel")),
)
