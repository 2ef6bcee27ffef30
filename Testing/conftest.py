"""A small CT with known truth, written in every way a CT can reach us, and real data where it is at hand."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import settings

from abdomen import image_of, phantom_arrays

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"

os.environ["PTLF_DATA"] = tempfile.mkdtemp(prefix="ptlf-tests-")  # never the data of the person who runs the tests

settings.register_profile("ptlf", deadline=None)  # a busy machine is no failure
settings.load_profile("ptlf")


DATA = Path(os.environ["PTLF_DATA"])


@pytest.fixture(autouse=True)
def nothing_known_of_other_tests():
    """What one test's model drew, or was converted to, is not known in the next one."""
    yield
    for name in ("ledger", "openvino"):
        shutil.rmtree(DATA / name, ignore_errors=True)


ENDED = pytest.StashKey[int]()
"""The exit status of the tests."""


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[ENDED] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """After real MRML and Qt the process ends here: at its own end Python takes apart what PySide6 and VTK free too."""
    shutil.rmtree(os.environ["PTLF_DATA"], ignore_errors=True)
    if "PySide6" in sys.modules and ENDED in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[ENDED])


def pytest_report_header() -> list[str]:
    """What is not here is said, not skipped over in silence."""
    return [
        f"shared data: {SHARED if SHARED.is_dir() else 'NOT HERE, tests on real CTs are skipped'}",
        f"R's values: {'all' if (SHARED / 'r_reference').is_dir() else 'the slim copy in Testing/cohort/r_reference'}",
    ]


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"real CTs are not at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def needs_nnunet() -> None:
    """Slicer's Python has no nnU-Net until its user installs it."""
    for name in ("torch", "nnunetv2"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: './ptlf test' installs it")


@pytest.fixture(scope="session")
def phantom() -> tuple[sitk.Image, sitk.Image]:
    """CT and label map of `phantom_arrays`, axes along L, P, S."""
    hu, labels = phantom_arrays()
    return image_of(hu), image_of(labels)


@pytest.fixture(scope="session")
def phantom_files(phantom, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("phantom")
    sitk.WriteImage(phantom[0], str(folder / "ct.nii.gz"))
    sitk.WriteImage(phantom[1], str(folder / "labels.nii.gz"))
    return {"ct": folder / "ct.nii.gz", "labels": folder / "labels.nii.gz"}


WriteDicom = Callable[..., Path]


@pytest.fixture(scope="session")
def write_dicom() -> WriteDicom:
    return _write_dicom


def _write_dicom(
    folder: Path,
    image: sitk.Image,
    *,
    series: str = "1.2.826.0.1.3680043.8.498.1",
    modality: str = "CT",
    slope: float = 1.0,
    tags: dict[str, object] | None = None,
    shear_mm: float = 0.0,
) -> Path:
    """One file per slice, named against their order, without extension; `shear_mm` per slice is a gantry tilt."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage

    from dicom_files import write_file

    folder.mkdir(parents=True, exist_ok=True)
    array = sitk.GetArrayFromImage(image)
    direction = np.reshape(image.GetDirection(), (3, 3))
    for k, plane in enumerate(array):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
        meta.MediaStorageSOPInstanceUID = f"{series}.{k + 1}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        data.Modality, data.SeriesInstanceUID, data.StudyInstanceUID = modality, series, "1.2.3"
        data.FrameOfReferenceUID, data.PatientID, data.PatientName = "1.2.4", "SECRET-ID-77", "Secret^Name"
        data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.Rows, data.Columns = plane.shape
        x, y, z = image.TransformIndexToPhysicalPoint((0, 0, k))
        position = (x, y + shear_mm * k, z)
        data.ImagePositionPatient = [f"{x:.6f}" for x in position]
        data.ImageOrientationPatient = [f"{x:.6f}" for x in (*direction[:, 0], *direction[:, 1])]
        data.PixelSpacing = [str(image.GetSpacing()[1]), str(image.GetSpacing()[0])]
        data.SliceThickness = str(image.GetSpacing()[2])
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, 1
        data.RescaleSlope, data.RescaleIntercept = str(slope), "0"
        for name, value in (tags or {}).items():
            setattr(data, name, value)
        data.PixelData = np.rint(plane / slope).astype("<i2").tobytes()
        write_file(folder / f"image_{len(array) - k}", data)
    return folder


@pytest.fixture(scope="session")
def published_data() -> dict:
    path = ROOT / "PTLFPredictor" / "Resources" / "Signatures" / "ptlf-published.json"
    return json.loads(path.read_text(encoding="utf-8"))
