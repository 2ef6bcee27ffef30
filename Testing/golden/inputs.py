"""Inputs of the golden table, made here: synthetic CTs, their segments, answers, bad files.  No patient's data.

``python inputs.py FOLDER`` writes them all; the sample case is drawn by the product whose library is on PYTHONPATH.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SAMPLE = {"seed": 11, "matrix": 256}
"""The panel's sample case, in pixels twice as large: drawn and measured in a quarter of the time."""

CRITERIA_VIOLATED = {"metastatic_liver_tumours": True, "bilirubin_umol_per_l": 14}


def ellipsoid(shape: tuple[int, ...], centre: tuple[float, ...], radii: tuple[float, ...]) -> np.ndarray:
    grid = np.indices(shape, dtype=float)
    return sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)) <= 1


def abdomen() -> tuple[np.ndarray, np.ndarray]:
    """HU (int16) and labels (0, 1 parenchyma, 2 tumour): 22 slices of 5 mm, 164x208 pixels of 0.8 mm.

    Portal venous: liver 105 HU, aorta 150, tumour 70; spine 500, fat -100, air -1000; noise 11 HU.
    """
    shape = (22, 164, 208)
    hu = np.full(shape, -1000.0)
    hu[ellipsoid(shape, (11, 82, 104), (1e6, 78, 100))] = -100
    hu[ellipsoid(shape, (11, 82, 104), (1e6, 72, 94))] = 45
    hu[ellipsoid(shape, (11, 130, 106), (1e6, 16, 20))] = 500
    hu[ellipsoid(shape, (11, 100, 122), (1e6, 11, 11))] = 150
    liver = ellipsoid(shape, (10.5, 72, 76), (9.9, 64, 68)) & (hu == 45)
    tumour = ellipsoid(shape, (7.5, 60, 56), (2.6, 11, 12)) & liver
    hu[liver], hu[tumour] = 105, 70
    hu += np.random.default_rng(0).normal(0, 11, shape) * (hu > -900)
    return np.rint(hu).astype(np.int16), (liver.astype(np.uint8) + tumour).astype(np.uint8)


def image_of(array: np.ndarray, spacing: tuple[float, float, float] = (0.8, 0.8, 5.0)) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin((-57.0, -60.0, 210.0))
    return image


def thin(array: np.ndarray) -> sitk.Image:
    """Each slice of 5 mm as four of 1.25 mm, so that slabs of four are the slices of 5 mm, at their places."""
    image = image_of(np.repeat(array, 4, axis=0), (0.8, 0.8, 1.25))
    image.SetOrigin((-57.0, -60.0, 210.0 - 1.875))
    return image


def write_seg_nrrd(path: Path, labels: sitk.Image) -> None:
    """As Slicer writes a reader's own segments: one layer each, no mark of a model."""
    image = sitk.Compose([sitk.Cast(labels > 0, sitk.sitkUInt8), sitk.Cast(labels == 2, sitk.sitkUInt8)])
    for i, name in enumerate(("liver", "tumor")):
        image.SetMetaData(f"Segment{i}_Name", name)
        image.SetMetaData(f"Segment{i}_LabelValue", "1")
        image.SetMetaData(f"Segment{i}_Layer", str(i))
        image.SetMetaData(f"Segment{i}_Tags", "Segmentation.Status:completed|")
    sitk.WriteImage(image, str(path), True)


def write_dicom(folder: Path, image: sitk.Image) -> None:
    """A CT series, one file per slice, named against their order; made-up identifiers that no output may show."""
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    folder.mkdir()
    array, uid = sitk.GetArrayFromImage(image), "1.2.826.0.1.3680043.8.498.12"
    for k, plane in enumerate(array):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, f"{uid}.{k + 1}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, f"{uid}.{k + 1}"
        data.Modality, data.SeriesInstanceUID, data.StudyInstanceUID = "CT", uid, "1.2.3"
        data.FrameOfReferenceUID, data.PatientID, data.PatientName = "1.2.4", "MADE-UP-77", "Made^Up"
        data.ImageType, data.SeriesDescription = ["ORIGINAL", "PRIMARY", "AXIAL"], "Abdomen portal venous"
        data.KVP, data.ConvolutionKernel = "120", "B30f"
        data.Rows, data.Columns = plane.shape
        data.ImagePositionPatient = [f"{x:.6f}" for x in image.TransformIndexToPhysicalPoint((0, 0, k))]
        data.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
        data.PixelSpacing, data.SliceThickness = ["0.8", "0.8"], "5"
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, 1
        data.RescaleSlope, data.RescaleIntercept = "1", "0"
        data.PixelData = plane.astype("<i2").tobytes()
        pydicom.dcmwrite(folder / f"image_{len(array) - k}", data, enforce_file_format=True)


def draw_sample(folder: Path) -> None:
    """The one thing that only the library itself gives: a sample case, remembered as such under PTLF_DATA."""
    from PTLFPredictorLib.sample import known

    case = known.draw(SAMPLE["seed"], matrix=SAMPLE["matrix"])
    sitk.WriteImage(case.ct, str(folder / "sample.nrrd"), True)
    sitk.WriteImage(case.labels, str(folder / "sample-labels.nii.gz"))


def write_all(folder: Path) -> None:
    hu, labels = abdomen()
    image = image_of(labels)
    sitk.WriteImage(image_of(hu), str(folder / "ct.nii.gz"))
    sitk.WriteImage(image, str(folder / "labels.nii.gz"))
    write_seg_nrrd(folder / "segments.seg.nrrd", image)
    write_dicom(folder / "dicom", image_of(hu))
    sitk.WriteImage(thin(hu), str(folder / "thin.nrrd"), True)
    sitk.WriteImage(thin(labels), str(folder / "thin-labels.nrrd"), True)
    # Around the tumour, for all features: 10 slices of 60x60 pixels.
    box = np.s_[2:12, 30:90, 26:86]
    sitk.WriteImage(image_of(np.ascontiguousarray(hu[box])), str(folder / "small.nii.gz"))
    sitk.WriteImage(image_of(np.ascontiguousarray(labels[box])), str(folder / "small-labels.nii.gz"))
    (folder / "violated.json").write_text(json.dumps(CRITERIA_VIOLATED), encoding="utf-8")
    # What is refused.
    (folder / "empty").mkdir()
    (folder / "not.json").write_text("{", encoding="utf-8")
    (folder / "unknown.json").write_text('{"no_such_criterion": true}', encoding="utf-8")
    (folder / "not.nii.gz").write_text("no image", encoding="utf-8")
    elsewhere = image_of(labels)
    elsewhere.SetOrigin((443.0, -60.0, 210.0))
    sitk.WriteImage(elsewhere, str(folder / "elsewhere.nii.gz"))
    nine = np.where(labels == 2, 9, labels).astype(np.uint8)
    sitk.WriteImage(image_of(nine), str(folder / "nine.nii.gz"))
    draw_sample(folder)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
