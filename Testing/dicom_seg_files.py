"""DICOM SEG files for tests, with whatever may be odd about one."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage

from dicom_files import write_file


def code(meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "SCT", meaning
    return item


def a_segment(number, label, coded):
    item = Dataset()
    item.SegmentNumber, item.SegmentLabel, item.SegmentAlgorithmType = number, label, "MANUAL"
    item.SegmentedPropertyTypeCodeSequence = [code(coded)]
    return item


def write_seg(
    path,
    geometry,
    segments,
    *,
    kind="BINARY",
    fractions=255,
    jitter_mm=0.0,
    in_plane_mm=0.0,
    flipped=False,
    empty_elsewhere=False,
    identifiers=None,
    change=None,
):
    """A DICOM SEG without dimension indices; `segments`: (label, coded meaning, mask), a frame for each used slice."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SegmentationStorage, "1.2.3.4"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID, data.Modality = SegmentationStorage, "1.2.3.4", "SEG"
    data.PatientID, data.StudyInstanceUID, data.FrameOfReferenceUID = "SECRET-ID-77", "1.2.3", "1.2.4"
    for name, value in (identifiers or {}).items():
        setattr(data, name, value)
    data.SegmentationType = kind
    if kind == "FRACTIONAL":
        data.SegmentationFractionalType, data.MaximumFractionalValue = "PROBABILITY", 255
    data.SegmentSequence = [a_segment(n, label, coded) for n, (label, coded, _) in enumerate(segments, start=1)]
    columns, rows, _ = geometry.GetSize()
    x, y, _ = geometry.GetSpacing()
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = rows, columns, 1, "MONOCHROME2"
    bits = 1 if kind == "BINARY" else 8
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits, bits - 1, 0
    measures, plane, shared = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [str(y), str(x)]
    plane.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0] if flipped else [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    data.SharedFunctionalGroupsSequence = [shared]
    frames, planes = [], []
    rng = np.random.default_rng(0)

    def frame(number, position, pixels):
        group, place, which = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [f"{value:.4f}" for value in position]
        which.ReferencedSegmentNumber = number
        group.PlanePositionSequence = [place]
        if kind != "LABELMAP":
            group.SegmentIdentificationSequence = [which]
        frames.append(group)
        planes.append(pixels.astype(np.uint8))

    for number, (_, _, mask) in enumerate(segments, start=1):
        for k in np.flatnonzero(mask.any(axis=(1, 2)))[::-1]:
            corner = (columns - 1, rows - 1, int(k)) if flipped else (0, 0, int(k))
            position = np.array(geometry.TransformIndexToPhysicalPoint(corner))
            position += (in_plane_mm * k, 0, jitter_mm * rng.uniform(-1, 1))
            pixels = mask[k, ::-1, ::-1] if flipped else mask[k]
            frame(number, position, pixels * (number if kind == "LABELMAP" else fractions if bits > 1 else 1))
    if empty_elsewhere:
        frame(1, (999.0, -999.0, 1234.5), np.zeros((rows, columns)))
    data.PerFrameFunctionalGroupsSequence, data.NumberOfFrames = frames, len(frames)
    stacked = np.stack(planes)
    data.PixelData = np.packbits(stacked.ravel(), bitorder="little").tobytes() if bits == 1 else stacked.tobytes()
    if len(data.PixelData) % 2:
        data.PixelData += b"\0"
    if change is not None:
        change(data)
    write_file(path, data)
    return path
