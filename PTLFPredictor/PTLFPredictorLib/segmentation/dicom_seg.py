"""Read a DICOM SEG, frame by frame.

Each frame is placed by its own position, so that neither dimension indices nor an evenly stored volume are needed;
frames without a voxel are passed over, since they may lie anywhere.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..ct import belonging
from ..ct.axes import PLACE_TOLERANCE_MM, straightened
from ..ct.findings import Finding
from ..ct.stack import SAME_GEOMETRY_MM
from ..errors import BadInput
from .dicom_object import Described, by_number, described

STEP_TOLERANCE = 0.25
"""Largest distance of a frame from its slice, as a share of the slices' distance."""

SAME_POSITION_MM = 0.01


@dataclass(frozen=True)
class DicomSeg:
    """What a DICOM SEG holds.

    Attributes
    ----------
    segments : mapping of int to Described
        By segment number.
    voxels : mapping of int to int
        How many each holds, by segment number.
    grid : sitk.Image
        Empty image in the geometry of the masks.
    mask : callable
        Segment number -> bool array (slices, rows, columns).
    identifiers : mapping of str to str
        `belonging.hashed_identifiers` of its patient, study and frame of reference, and `belonging.hashed_series`.
    """

    segments: Mapping[int, Described]
    voxels: Mapping[int, int]
    grid: sitk.Image
    mask: Callable[[int], np.ndarray]
    identifiers: Mapping[str, str]


def of_data(
    data: Any, name: str, slice_mm: float, found: Sequence[Finding] = (), ct_belongs: Mapping[str, str] | None = None
) -> DicomSeg:
    """The data set of a DICOM SEG as masks on one grid.

    Parameters
    ----------
    data : Dataset
    name : str
        Of the file, for the errors.
    slice_mm : float
        Distance of the CT's slices: taken where the file does not say its own.
    found : sequence of Finding
        Those of the CT: frames that lean as its slices do are put where its grid has them.
    ct_belongs : mapping, optional
        Of the CT, which may be of one of several series that the file refers to.

    Raises
    ------
    BadInput
        For fractions, or frames that cannot be placed.
    """
    keywords = "SegmentLabel", "SegmentedPropertyTypeCodeSequence"
    listed = by_number(data.SegmentSequence, "SegmentNumber", "DICOM SEG", name)
    segments = {number: described(item, *keywords) for number, item in listed.items()}
    voxels: Counter[int] = Counter()
    frames = []
    for frame in _frames(data, name):
        held = frame.voxels()
        if held:
            voxels.update(held)
            frames.append(frame)
    if not frames:
        raise BadInput(f"The DICOM SEG '{name}' is empty: none of its frames has a voxel.")
    segments |= {number: Described("") for number in sorted(voxels) if number not in segments}
    places, grid = _grid(data, frames, name, slice_mm, found)
    shape = grid.GetSize()[::-1]

    def mask(number: int) -> np.ndarray:
        volume = np.zeros(shape, bool)
        for frame, place in zip(frames, places, strict=True):
            if frame.segment is None:
                volume[place] |= frame.pixels() == number
            elif frame.segment == number:
                volume[place] |= frame.pixels() > 0
        return volume

    series = [item.get("SeriesInstanceUID") for item in data.get("ReferencedSeriesSequence") or ()]
    identifiers = belonging.hashed_identifiers(data.get) | belonging.hashed_series(series, ct_belongs)
    return DicomSeg(segments, voxels, grid, mask, identifiers)


@dataclass(frozen=True)
class _Frame:
    segment: int | None
    """None where the pixels are segment numbers (a label map)."""

    position: np.ndarray
    orientation: tuple[float, ...]
    spacing: tuple[float, ...]
    step: float | None
    pixels: Callable[[], np.ndarray]

    def voxels(self) -> dict[int, int]:
        """Voxels by segment number."""
        pixels = self.pixels()
        if self.segment is not None:
            count = int(np.count_nonzero(pixels))
            return {self.segment: count} if count else {}
        numbers, counts = np.unique(pixels[pixels > 0], return_counts=True)
        return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _frames(data: Any, name: str) -> Iterator[_Frame]:
    count = int(data.get("NumberOfFrames", 1))
    is_map = data.get("SegmentationType") == "LABELMAP"
    pixels = _pixels(data, count, name)
    shared = data.get("SharedFunctionalGroupsSequence") or [None]
    own = data.get("PerFrameFunctionalGroupsSequence") or [None] * count
    for index in range(count):
        groups = [group for group in (own[index], shared[0]) if group is not None]

        def find(sequence: str, groups: list[Any] = groups) -> Any:
            return next((group.get(sequence)[0] for group in groups if group.get(sequence)), None)

        place, plane, measures = map(
            find, ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
        )
        if place is None or plane is None or measures is None:
            raise BadInput(f"The DICOM SEG '{name}' does not say where its frames lie. Save it as a label map.")
        identified = None if is_map else find("SegmentIdentificationSequence")
        if identified is None and not is_map:
            raise BadInput(f"The DICOM SEG '{name}' does not say what its frames show. Save it as a label map.")
        step = measures.get("SpacingBetweenSlices")
        yield _Frame(
            None if is_map else int(identified.ReferencedSegmentNumber),
            np.array([float(x) for x in place.ImagePositionPatient]),
            tuple(float(x) for x in plane.ImageOrientationPatient),
            tuple(float(x) for x in measures.PixelSpacing),
            abs(float(step)) if step else None,
            lambda index=index: pixels(index),
        )


def _pixels(data: Any, count: int, name: str) -> Callable[[int], np.ndarray]:
    """Frame number -> its pixels; of bits, one frame at a time, since many segments take much memory."""
    rows, columns, bits = int(data.Rows), int(data.Columns), int(data.BitsAllocated)
    size = rows * columns
    if bits == 1 and not data.file_meta.TransferSyntaxUID.is_compressed:
        packed = np.frombuffer(data.PixelData, np.uint8)
        if packed.size * 8 < count * size:
            raise BadInput(f"The DICOM SEG '{name}' is cut off: pixels are missing. Get the file again.")

        def unpacked(index: int) -> np.ndarray:
            first, end = index * size, (index + 1) * size
            piece = np.unpackbits(packed[first // 8 : -(-end // 8)], bitorder="little")
            return piece[first % 8 : first % 8 + size].reshape(rows, columns)

        return unpacked
    array = data.pixel_array.reshape(count, rows, columns)
    if data.get("SegmentationType") == "FRACTIONAL":
        highest = int(data.get("MaximumFractionalValue", 255))
        if ((array > 0) & (array < highest)).any():
            raise BadInput(
                f"The DICOM SEG '{name}' holds fractions (a probability or a share of each voxel), not outlines. Save "
                "it as a binary segmentation: in 3D Slicer, Segment Editor, Threshold at one half."
            )
    return lambda index: array[index]


def _edges(frame: _Frame, data: Any) -> np.ndarray:
    """From the first pixel to the last one of its row, and of its column, in mm."""
    down, right = frame.spacing
    return np.reshape(frame.orientation, (2, 3)) * [[right * int(data.Columns)], [down * int(data.Rows)]]


def _grid(
    data: Any, frames: list[_Frame], name: str, slice_mm: float, found: Sequence[Finding]
) -> tuple[list[int], sitk.Image]:
    """Slice of each frame, and the grid on which they lie."""
    first = frames[0]
    edges = [_edges(frame, data) for frame in frames]
    if any(np.linalg.norm(edge - edges[0], axis=1).max() > SAME_GEOMETRY_MM for edge in edges):
        raise BadInput(f"The frames of the DICOM SEG '{name}' have several orientations. Save it as a label map.")
    row, column = np.reshape(first.orientation, (2, 3))
    normal = np.cross(row, column)
    positions = straightened(np.array([frame.position for frame in frames]), found)
    numbers = (*positions.ravel(), *first.orientation, *first.spacing)
    if not all(map(math.isfinite, numbers)) or min(first.spacing) <= 0 or abs(np.linalg.norm(normal) - 1) > 0.01:
        raise BadInput(f"The DICOM SEG '{name}' does not say where its frames lie. Save it as a label map.")
    along = positions @ normal
    across = positions - np.outer(along, normal)
    if np.abs(across - across[0]).max() > PLACE_TOLERANCE_MM:
        raise BadInput(
            f"The frames of the DICOM SEG '{name}' are shifted against each other in their plane (a tilted gantry?). "
            "Save it as a label map."
        )
    step, places = _steps(along, [first.step, slice_mm], name)
    lowest = int(np.argmin(along))
    grid = sitk.Image(int(data.Columns), int(data.Rows), int(places.max()) + 1, sitk.sitkUInt8)
    grid.SetSpacing((first.spacing[1], first.spacing[0], step))
    grid.SetOrigin(tuple(positions[lowest]))
    grid.SetDirection(tuple(np.column_stack([row, column, normal]).ravel()))
    return places.tolist(), grid


def _steps(along: np.ndarray, told: list[float | None], name: str) -> tuple[float, np.ndarray]:
    """Distance of the slices and each frame's slice, from the first distance that fits all of them."""
    offset = along - along.min()
    found = np.diff(np.unique(np.round(offset / SAME_POSITION_MM)) * SAME_POSITION_MM)
    for step in (*told, float(np.median(found)) if found.size else None):
        if not step or not math.isfinite(step) or step < SAME_POSITION_MM:
            continue
        places = np.rint(offset / step)
        if places.max() > 0:  # rounded steps add up: the mean over the whole length counts
            step = float(offset.max() / places.max())
            places = np.rint(offset / step)
        if np.abs(offset - places * step).max() <= STEP_TOLERANCE * step:
            return step, places.astype(int)
    raise BadInput(f"The frames of the DICOM SEG '{name}' are no evenly spaced slices. Save it as a label map.")
