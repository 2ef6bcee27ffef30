"""Segmentation files as other programs write them, with our marks or without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk


def same(array: np.ndarray) -> np.ndarray:
    return array


def copied(image: sitk.Image, change: Callable[[np.ndarray], np.ndarray] = same) -> sitk.Image:
    """The voxels alone, as a script passes them on: every mark is lost."""
    array = change(sitk.GetArrayFromImage(image))
    copy = sitk.GetImageFromArray(array)
    copy.SetSpacing(image.GetSpacing())
    copy.SetOrigin(image.GetOrigin())
    copy.SetDirection(image.GetDirection())
    return copy


def brushed(array: np.ndarray, voxels: int = 1) -> np.ndarray:
    """Some voxels of the liver's edge erased."""
    edge = np.flatnonzero(array == 1)[:voxels]
    array.ravel()[edge] = 0
    return array


def write_seg_nrrd(path: Path, labels: sitk.Image, tags: Mapping[str, str]) -> None:
    """As Slicer writes it: one layer per segment, the tags of each in the header."""
    layers = [sitk.Cast(labels > 0, sitk.sitkUInt8), sitk.Cast(labels == 2, sitk.sitkUInt8)]
    image = sitk.Compose(layers)
    for i, name in enumerate(("liver", "tumor")):
        image.SetMetaData(f"Segment{i}_Name", name)
        image.SetMetaData(f"Segment{i}_LabelValue", "1")
        image.SetMetaData(f"Segment{i}_Layer", str(i))
        image.SetMetaData(f"Segment{i}_Tags", "".join(f"{k}:{v}|" for k, v in {"A": "b:c", **tags}.items()))
    sitk.WriteImage(image, str(path))


def write_dicom_seg(path: Path, series: Path, labels: sitk.Image, names: Sequence[str]) -> Path:
    """DICOM SEG of liver and tumour on a series of `write_dicom`, each with an algorithm's name."""
    import highdicom
    import pydicom
    from pydicom.sr.codedict import codes

    slices = sorted((pydicom.dcmread(f) for f in series.iterdir()), key=lambda d: float(d.ImagePositionPatient[2]))
    for item in slices:
        item.PatientBirthDate = item.PatientSex = item.AccessionNumber = item.StudyID = ""
        item.StudyDate = item.StudyTime = item.ReferringPhysicianName = ""
        item.InstanceNumber = 1
    array = sitk.GetArrayFromImage(labels)
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=kind,
            algorithm_type="AUTOMATIC",
            algorithm_identification=highdicom.AlgorithmIdentificationSequence(
                name=name, family=codes.DCM.ArtificialIntelligence, version="1"
            ),
        )
        for number, (label, kind, name) in enumerate(
            zip(("liver", "tumor"), (codes.SCT.Liver, codes.SCT.Neoplasm), names, strict=True), 1
        )
    ]
    written = highdicom.seg.Segmentation(
        source_images=slices,
        pixel_array=np.stack([array > 0, array == 2], axis=-1).astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=described,
        series_instance_uid=highdicom.UID(),
        series_number=2,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="m",
        manufacturer_model_name="m",
        software_versions="1",
        device_serial_number="1",
    )
    written.save_as(path)
    return path
