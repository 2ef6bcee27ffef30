"""Read an RTSTRUCT: contours of radiotherapy, filled on the slices of the CT that they were drawn on.

A voxel belongs to a structure where its centre lies inside an odd number of the structure's outlines on its slice: an
outline inside another one is a hole, an outline with a keyhole is cut along it (DICOM PS3.3, C.8.8.6.3).  Nothing is
interpolated between slices, so contours that do not lie on them are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..ct import CT, Finding, Level, belonging
from ..ct.axes import straightened
from ..errors import BadInput
from .dicom_object import Described, by_number, described
from .names import plain, role_of, shown
from .outlines import Outlines, area, cross, fill

SLICE_TOLERANCE = 0.25
"""Largest distance of a contour's point from its slice, as a share of the slices' distance (`dicom_seg`'s, too)."""

OUTSIDE = 1.0
"""An outline that goes farther beyond the outermost voxel centres than so many voxels leaves the CT."""

_WAY_OUT = (
    "Choose the CT that it was drawn on, or open both in 3D Slicer, which joins contours to a surface, and save it as "
    "a label map."
)

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


@dataclass(frozen=True)
class StructureSet:
    """What an RTSTRUCT holds, on the CT's grid.

    Attributes
    ----------
    segments : mapping of int to Described
        By ROI number.
    voxels : mapping of int to int
        How many each holds; of a refused one about how many its outlines enclose.
    grid : sitk.Image
        The CT's.
    mask : callable
        ROI number -> bool array (slices, rows, columns).
    refused : mapping of int to str
        Why a structure has no mask, as a sentence, by ROI number.
    notes : callable
        ROI numbers that are counted -> what must be told of them.
    identifiers : mapping of str to str
        `belonging.hashed_identifiers` of patient and study, and `belonging.hashed_series`.
    """

    segments: Mapping[int, Described]
    voxels: Mapping[int, int]
    grid: sitk.Image
    mask: Callable[[int], np.ndarray]
    refused: Mapping[int, str]
    notes: Callable[[Collection[int]], list[Finding]]
    identifiers: Mapping[str, str]


class _Refused(Exception):
    """Why a structure cannot be filled, as the end of a sentence."""


def of_data(data: Any, name: str, ct: CT) -> StructureSet:
    """The data set of an RTSTRUCT as masks on the CT's grid.

    Parameters
    ----------
    data : Dataset
    name : str
        Of the file, for the errors.
    ct : CT
        As its file has it, not yet brought to other slices.
    """
    observed = {int(item.ReferencedROINumber): item for item in data.get("RTROIObservationsSequence") or ()}
    contours = by_number(data.ROIContourSequence, "ReferencedROINumber", "RTSTRUCT", name)
    listed = by_number(data.StructureSetROISequence, "ROINumber", "RTSTRUCT", name)
    segments, voxels, filled, refused = {}, {}, {}, {}
    for number in (*listed, *sorted(contours.keys() - listed.keys())):  # what is not listed has contours all the same
        item = listed.get(number, {})
        coded = described(observed.get(number, {}), "ROIObservationLabel", "RTROIIdentificationCodeSequence")
        title = str(item.get("ROIName", "")) or coded.name
        segments[number] = Described(title, coded.coded, coded.region)
        kinds, outlines = _outlines(contours.get(number), ct)
        try:
            _require_closed(kinds)
            _require_frame(item, ct)
            filled[number] = _Structure(number, segments[number].name, outlines, ct.image.GetSize())
            voxels[number] = filled[number].voxels
        except _Refused as error:
            called = f"{number} ('{shown(title)}')" if title else f"{number}"
            refused[number] = f"The structure {called} of the RTSTRUCT '{name}' cannot be counted: {error}"
            voxels[number] = 0 if set(kinds) == {"POINT"} else max(1, round(sum(map(area, outlines))))
    if not any(voxels.values()):
        raise BadInput(f"The RTSTRUCT '{name}' is empty: none of its structures has a contour that encloses a voxel.")

    def notes(counted: Collection[int]) -> list[Finding]:
        return [note for number in counted if number in filled for note in filled[number].notes()]

    return StructureSet(segments, voxels, ct.image, lambda n: filled[n].mask(), refused, notes, _identifiers(data, ct))


def _identifiers(data: Any, ct: CT) -> dict[str, str]:
    """Patient, and study and series: those that the contours refer to, which a planning system's own are not."""
    frames = data.get("ReferencedFrameOfReferenceSequence") or ()
    studies = [study for frame in frames for study in frame.get("RTReferencedStudySequence") or ()]
    referenced = [series for study in studies for series in study.get("RTReferencedSeriesSequence") or ()]
    series = belonging.hashed_series([item.get("SeriesInstanceUID") for item in referenced], ct.belongs)
    uids = [data.get("StudyInstanceUID"), *(study.get("ReferencedSOPInstanceUID") for study in studies)]
    found = [
        belonging.hashed_identifiers({"PatientID": data.get("PatientID"), "StudyInstanceUID": uid}.get) for uid in uids
    ]
    return next((one for one in found if one.get("study") == ct.belongs.get("study")), found[-1]) | series


def _outlines(item: Any, ct: CT) -> tuple[list[str], Outlines]:
    """Geometric types of a structure's contours, and of each that may enclose something its points (n, 3) as
    continuous indices (column, row, slice) of the CT."""
    kinds, outlines = [], []
    for contour in (item.get("ContourSequence") or ()) if item is not None else ():
        kind = str(contour.get("ContourGeometricType", "")).strip().upper()
        kinds.append(kind)
        points = _points(contour)
        if kind != "POINT" and (len(points) > 2 or kind not in CLOSED):
            outlines.append(_indices(points, ct))
    return kinds, outlines


def _points(contour: Any) -> np.ndarray:
    """Points (n, 3) in mm; of numbers that pydicom has not read yet, all at once."""
    value = contour.get_item("ContourData").value
    if isinstance(value, bytes):
        value = [number for number in value.decode("ascii").strip(" \0").split("\\") if number]
    points = np.array(value or [], float).reshape(-1, 3)
    if not np.isfinite(points).all():
        raise ValueError("a contour has points that are no numbers")
    return points + np.array(contour.get("ContourOffsetVector") or (0, 0, 0), float)


def _indices(points: np.ndarray, ct: CT) -> np.ndarray:
    image = ct.image
    axes = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    return np.linalg.solve(axes, (straightened(points, ct.findings) - image.GetOrigin()).T).T


def _require_closed(kinds: Sequence[str]) -> None:
    """Points among outlines are no harm: a pixel that a planning system found no outline for."""
    odd = sorted(set(kinds) - set(CLOSED))
    if odd and not (odd == ["POINT"] and len(set(kinds)) > 1):
        raise _Refused(f"it has contours of the type {', '.join(odd)}, which enclose nothing; outlines are needed.")


def _require_frame(item: Any, ct: CT) -> None:
    theirs = belonging.hashed_identifiers({"FrameOfReferenceUID": item.get("ReferencedFrameOfReferenceUID")}.get)
    if theirs.get("frame", "") != ct.belongs.get("frame", "") and "frame" in theirs and "frame" in ct.belongs:
        raise _Refused(
            "it was drawn in another frame of reference than the CT's (another scan?). Choose the CT that it was drawn "
            "on, or save it as a label map."
        )


class _Structure:
    """One structure on the CT's slices.

    Parameters
    ----------
    number : int
    name : str
    outlines : list of ndarray, (n, 3)
        As continuous indices (column, row, slice).
    size : (int, int, int)
        Columns, rows and slices of the CT.
    """

    def __init__(self, number: int, name: str, outlines: Outlines, size: tuple[int, int, int]):
        self.number = number
        self._safe = f" ('{plain(name)}')" if role_of(name) else ""  # other names are free text
        self._has_outlines = bool(outlines)
        spread = [max((float(np.ptp(o[:, axis])) for o in outlines), default=0.0) for axis in range(3)]
        self._axis = 2 if spread[2] <= SLICE_TOLERANCE else int(np.argmin(spread))
        self._across = [axis for axis in range(3) if axis != self._axis]
        self._size = size
        self._slices = self._on_slices(outlines)
        self.voxels, self._skipped, self._crossing = 0, 0, 0
        self._count()

    def _on_slices(self, outlines: Outlines) -> dict[int, Outlines]:
        found: dict[int, Outlines] = {}
        for outline in outlines:
            along = outline[:, self._axis]
            place = int(np.rint(along.mean()))
            if np.abs(along - place).max() > SLICE_TOLERANCE:
                raise _Refused(
                    f"its contours do not lie on the slices of the CT (drawn on another reconstruction?). {_WAY_OUT}"
                )
            if not 0 <= place < self._size[self._axis]:
                raise _Refused("it has contours beyond the first or last slice of the CT. Is it another scan's?")
            found.setdefault(place, []).append(outline[:, self._across])
        return found

    def _filled(self) -> Iterator[tuple[int, tuple[slice, slice], np.ndarray]]:
        """Slice, its box (rows, columns) and the voxels in it, slice by slice."""
        columns, rows = (self._size[axis] for axis in self._across)
        for place in sorted(self._slices):
            outlines = self._slices[place]
            points = np.concatenate(outlines)
            low = np.clip(np.floor(points.min(axis=0)), 0, None).astype(int)
            high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, (columns, rows))
            if (high > low).all():
                box = (slice(low[1], high[1]), slice(low[0], high[0]))
                yield place, box, fill([outline - low for outline in outlines], (high - low)[::-1])

    def _count(self) -> None:
        """Voxels, slices left out between contours that belong together, and slices with outlines that cross."""
        gaps, before = [], None
        whole = np.zeros([self._size[axis] for axis in self._across[::-1]], bool)
        for place, box, inside in self._filled():
            self.voxels += int(np.count_nonzero(inside))
            if before is not None and (whole[box] & inside).any():
                gaps.append(place - before[0])
            if before is not None:
                whole[before[1]] = False
            whole[box] = inside
            before = place, box
            self._crossing += cross(self._slices[place])
        self._skipped = sum(gaps) - len(gaps)
        if len(gaps) > 1 and np.median(gaps) > 1:
            raise _Refused(f"its contours lie {np.median(gaps):g} slices apart (drawn on thicker slices?). {_WAY_OUT}")

    def mask(self) -> np.ndarray:
        """Bool, (slices, rows, columns) of the CT."""
        volume = np.zeros(self._size[::-1], bool)
        planes = np.moveaxis(volume, 2 - self._axis, 0)
        for place, box, inside in self._filled():
            planes[place][box] = inside
        return volume

    def notes(self) -> list[Finding]:
        found = []
        values = {"segment": self.number}
        if not self._has_outlines:
            message = (
                f"Segment {self.number}{self._safe} has no contours: it is empty. Was it not drawn, or not exported?"
            )
            found.append(Finding("contours_missing", Level.WARN, message, values))
        if self._skipped:
            message = (
                f"Segment {self.number} has no contour on {self._skipped} slice(s) between others: they are empty in "
                "it. Were they forgotten?"
            )
            found.append(Finding("contours_skipped", Level.WARN, message, {**values, "slices": self._skipped}))
        if self._crossing:
            message = (
                f"Outlines of segment {self.number} cross on {self._crossing} slice(s): what two of them enclose is "
                "left out, as of a hole."
            )
            found.append(Finding("contours_cross", Level.WARN, message, {**values, "slices": self._crossing}))
        largest = np.array([self._size[axis] for axis in self._across]) - 1
        points = np.concatenate([o for outlines in self._slices.values() for o in outlines] or [np.zeros((1, 2))])
        if (points < -OUTSIDE).any() or (points > largest + OUTSIDE).any():
            message = f"Contours of segment {self.number} reach beyond the CT's field of view and are cut off there."
            found.append(Finding("contours_outside", Level.WARN, message, values))
        return found
