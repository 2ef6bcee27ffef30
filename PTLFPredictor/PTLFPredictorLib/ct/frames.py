"""The header entries of one slice: of a file of its own, or of a frame of a multi-frame file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadInput


@dataclass(frozen=True)
class Slice:
    """One file of a series with the header entries that are needed here."""

    path: Path
    header: Any

    def get(self, tag: str, default: Any = None) -> Any:
        """The value of an entry; `default` where it is absent, empty or damaged."""
        from pydicom.errors import BytesLengthException

        try:
            value = self.header.get(tag)
        except (BytesLengthException, ValueError):
            return default
        return default if value is None or value == "" else value

    def numbers(self, tag: str, count: int) -> list[float] | None:
        """The finite numbers of an entry; None where there are not `count` of them."""
        value = self.get(tag)
        try:
            found = [float(x) for x in ([value] if isinstance(value, (str, float, int)) else value)]
        except (TypeError, ValueError):
            return None
        return found if len(found) == count and all(map(math.isfinite, found)) else None


FRAME_ENTRIES = {
    "ImageType": ("CTImageFrameTypeSequence", "FrameType"),
    "AcquisitionNumber": ("FrameContentSequence", "FrameAcquisitionNumber"),
    "AcquisitionDateTime": ("FrameContentSequence", "FrameAcquisitionDateTime"),
    "TemporalPositionIdentifier": ("FrameContentSequence", "TemporalPositionIndex"),
    "ImageComments": ("FrameContentSequence", "FrameComments"),
    "ConvolutionKernel": ("CTReconstructionSequence", "ConvolutionKernel"),
    "RescaleSlope": ("PixelValueTransformationSequence", "RescaleSlope"),
    "RescaleIntercept": ("PixelValueTransformationSequence", "RescaleIntercept"),
    "ImagePositionPatient": ("PlanePositionSequence", "ImagePositionPatient"),
    "ImageOrientationPatient": ("PlaneOrientationSequence", "ImageOrientationPatient"),
    "PixelSpacing": ("PixelMeasuresSequence", "PixelSpacing"),
    "SliceThickness": ("PixelMeasuresSequence", "SliceThickness"),
}
"""Keyword of a single slice -> where an Enhanced CT keeps it: functional group and keyword (PS3.3 C.7.6.16, C.8.15)."""


@dataclass(frozen=True)
class Frame(Slice):
    """A frame; `header` is its file's, `groups` are its own functional groups and the shared ones, `number` counts from
    0 in the file."""

    groups: tuple[Any, ...]
    number: int

    def get(self, tag: str, default: Any = None) -> Any:
        sequence, keyword = FRAME_ENTRIES.get(tag, ("", ""))
        for group in self.groups:
            items = group.get(sequence) if sequence else None
            value = items[0].get(keyword) if items else None
            if value not in (None, ""):
                return value
        return super().get(tag, default)


def frames_of(path: Path) -> list[Frame]:
    """The frames of a multi-frame file, in its order.

    Raises
    ------
    BadInput
        When the file does not say where its frames lie.
    """
    import pydicom

    header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    shared = tuple(header.get("SharedFunctionalGroupsSequence") or ())
    own = header.get("PerFrameFunctionalGroupsSequence") or ()
    frames = [Frame(path, header, (groups, *shared), number) for number, groups in enumerate(own)]
    if not frames or any(frame.numbers("ImagePositionPatient", 3) is None for frame in frames):
        raise BadInput("The DICOM file does not say where its frames lie (ImagePositionPatient is missing).")
    return frames
