"""A small DICOM series, damaged in every way, as a shell gets it (a folder) and as Slicer loads it (a volume)."""

from pathlib import Path

import numpy as np
import pydicom
import slicer
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.mrml.header import INSTANCES

UID = "1.2.826.0.1.3680043.8.498.77"
ORIGIN, SLICES, ROWS, COLUMNS = (-40.0, -30.0, 100.0), 12, 40, 48


def slices(count=SLICES, step=5.0, pixel=0.8, shift=0):
    """Headers and HU of an even portal venous series: a soft body in air."""
    rng = np.random.default_rng(3)
    made = []
    for k in range(count):
        hu = np.full((ROWS, COLUMNS), -1000)
        hu[6:34, 6:42] = rng.normal(60, 12, (28, 36))
        data = Dataset()
        data.SeriesDescription, data.AcquisitionNumber, data.AcquisitionTime = "portal venous", 1, "101500"
        data.ImageType, data.KVP, data.SliceThickness = ["ORIGINAL", "PRIMARY", "AXIAL"], "120", str(step)
        data.PixelSpacing, data.ImageOrientationPatient = [str(pixel), str(pixel)], [1, 0, 0, 0, 1, 0]
        data.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + step * k]
        data.hu = hu + shift
        made.append(data)
    return made


def write(folder, headers):
    """One file a slice; returns the double of Slicer's database that has them."""
    folder.mkdir(parents=True)
    for number, header in enumerate(headers):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, f"{UID}.{number + 1}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        data.Modality, data.SeriesInstanceUID, data.StudyInstanceUID = "CT", f"{UID}.900", f"{UID}.901"
        data.FrameOfReferenceUID, data.PatientID = f"{UID}.902", "PHANTOM"
        data.Rows, data.Columns = header.hu.shape
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
        data.RescaleSlope, data.RescaleIntercept = "1", "0"
        data.PixelData = np.rint(header.hu).astype("<i2").tobytes()
        data.update(header)
        pydicom.dcmwrite(folder / f"{len(headers) - number:03d}", data, enforce_file_format=True)
    return Database(folder)


class Database:
    """As `slicer.dicomDatabase`, and stricter: closed it answers nothing, and only a UID that it may be asked."""

    def __init__(self, folder):
        read = (pydicom.dcmread(path, stop_before_pixels=True) for path in folder.iterdir())
        self._files = {str(one.SOPInstanceUID): one.filename for one in read}
        self.isOpen = True
        self.asked = 0

    def fileForInstance(self, uid):
        if not self.isOpen or type(uid) is not str or not uid.startswith("1."):
            raise AssertionError(f"asked for {uid!r}")
        self.asked += 1
        return self._files.get(uid, "")

    def forget(self, count):
        for uid in list(self._files)[:count]:
            del self._files[uid]

    def load(self):
        """As the DICOM module loads: the files in the order of their positions, stacked evenly."""
        files = [pydicom.dcmread(path) for path in self._files.values()]
        row, column = np.reshape(np.array(files[0].ImageOrientationPatient, float), (2, 3))
        normal = np.cross(row, column)
        files.sort(key=lambda one: float(normal @ np.array(one.ImagePositionPatient, float)))
        first, last = (np.array(files[at].ImagePositionPatient, float) for at in (0, -1))
        down, right = (float(x) for x in files[0].PixelSpacing)
        steps = np.eye(4)
        steps[:3, 0], steps[:3, 1] = row * right, column * down
        steps[:3, 2], steps[:3, 3] = (last - first) / (len(files) - 1), first
        array = np.stack([one.pixel_array.astype(np.int16) for one in files])
        volume = slicer.util.addVolumeFromArray(array, ijkToRAS=volumes.RAS_TO_LPS @ steps, name="7: loaded")
        volume.SetAttribute(INSTANCES, " ".join(str(one.SOPInstanceUID) for one in files))
        return volume


def in_place_of_slicer_s(test, database):
    """For one test, in Slicer as well: its own database stays as it is."""
    before = getattr(slicer, "dicomDatabase", None)
    slicer.dicomDatabase = database

    def restore():
        if before is None:
            del slicer.dicomDatabase
        else:
            slicer.dicomDatabase = before

    test.addCleanup(restore)
    return database


def folder_of(test, name):
    return Path(test.folder.name, name)
