"""RTSTRUCT files for tests, with whatever may be odd about one."""

from __future__ import annotations

import itertools

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage

from dicom_files import write_file
from dicom_seg_files import code

CONTOUR_DATA = Tag("ContourData")


def outlines_of(plane):
    """Closed outlines (n, 2) along the edges of a mask's pixels: column and row, pixel centres at whole numbers."""
    padded = np.pad(plane.astype(np.int8), 1)
    following: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for axis, turn in ((0, 1), (1, -1)):
        steps = np.diff(padded, axis=axis)
        for row, column in np.argwhere(steps):
            ends = [(column, row), (column + 1, row)] if axis == 0 else [(column, row), (column, row + 1)]
            start, end = ends[:: turn * steps[row, column]]
            following.setdefault(_corner(start, axis), []).append(_corner(end, axis))
    while following:
        at = first = next(iter(following))
        outline = []
        while True:
            outline.append(at)
            following[at], at = following[at][:-1], following[at][-1]
            if not following[outline[-1]]:
                del following[outline[-1]]
            if at == first:
                break
        corners = np.array(outline, float)
        straight = (np.roll(corners, 1, axis=0) + np.roll(corners, -1, axis=0) == 2 * corners).all(axis=1)
        yield corners[~straight]


def _corner(point, axis):
    """The corner between pixels, in the pixels' own numbers: `diff` of a padded plane counts from one before."""
    column, row = point
    return (column - 1.5, row - 0.5) if axis == 0 else (column - 0.5, row - 1.5)


def contours_of(geometry, mask, moved=(0.0, 0.0, 0.0)):
    """Points (n, 3) in mm of the outlines of a mask (slices, rows, columns) on `geometry`, each moved by voxels."""
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        for outline in outlines_of(mask[k]):
            yield mm(geometry, np.column_stack([outline, np.full(len(outline), k)]) + moved)


def mm(geometry, indices):
    axes = np.reshape(geometry.GetDirection(), (3, 3)) * geometry.GetSpacing()
    return np.asarray(indices, float) @ axes.T + geometry.GetOrigin()


def write_rtstruct(path, structures, *, identifiers=None, frame="1.2.4", study=None, kind="CLOSED_PLANAR", change=None):
    """An RTSTRUCT of `structures`: (name, coded meaning, contours in mm, each (n, 3)); numbered from 1."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = RTStructureSetStorage, "1.2.3.5"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID, data.Modality = RTStructureSetStorage, "1.2.3.5", "RTSTRUCT"
    data.PatientID, data.StudyInstanceUID = "SECRET-ID-77", "1.2.3"
    for name, value in (identifiers or {}).items():
        setattr(data, name, value)
    referenced, of_frame = Dataset(), Dataset()
    referenced.ReferencedSOPInstanceUID = study or "1.2.3"
    of_frame.FrameOfReferenceUID, of_frame.RTReferencedStudySequence = frame, [referenced]
    data.ReferencedFrameOfReferenceSequence = [of_frame]
    data.StructureSetROISequence, data.ROIContourSequence, data.RTROIObservationsSequence = [], [], []
    for number, (name, meaning, contours) in enumerate(structures, start=1):
        roi, drawn, observed = Dataset(), Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for points in contours:
            contour = Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
            contour[CONTOUR_DATA] = _written(points)
            drawn.ContourSequence.append(contour)
        observed.ReferencedROINumber, observed.RTROIInterpretedType = number, "ORGAN"
        if meaning:
            observed.RTROIIdentificationCodeSequence = [code(meaning)]
        for sequence, item in zip(
            (data.StructureSetROISequence, data.ROIContourSequence, data.RTROIObservationsSequence),
            (roi, drawn, observed),
            strict=True,
        ):
            sequence.append(item)
    if change is not None:
        change(data)
    write_file(path, data)
    return path


def _written(points):
    """Numbers as they stand in a file: pydicom checks each one that it is given, which takes long."""
    text = "\\".join(f"{value:.3f}" for value in np.ravel(points)).encode()
    text += b" " * (len(text) % 2)
    return RawDataElement(CONTOUR_DATA, "DS", len(text), text, 0, False, True)


def is_inside(outlines, column, row):
    """By the crossing number of one point, edge by edge: the rule without scan conversion."""
    crossings = 0
    for outline in outlines:
        for (x0, y0), (x1, y1) in itertools.pairwise([*outline, outline[0]]):
            if (y0 <= row) != (y1 <= row):
                crossings += column >= x0 + (row - y0) * (x1 - x0) / (y1 - y0)
    return crossings % 2 == 1
