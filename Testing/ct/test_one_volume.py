"""One DICOM volume is one patient, one acquisition, one reconstruction, in HU; else a sentence says why."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from dicom_files import write_file
from PTLFPredictorLib.ct import read_ct
from PTLFPredictorLib.ct.acquisition import acquisitions
from PTLFPredictorLib.ct.description import kernel, maker
from PTLFPredictorLib.errors import BadInput

SERIES = "1.2.3.1"


def alternate(folder, image, write_dicom, first, second):
    """One series of two acquisitions: even slices with the tags `first`, odd ones with `second`."""
    return changed(
        write_dicom(folder, image, series=SERIES),
        lambda data, k: [setattr(data, name, value) for name, value in (second if k % 2 else first).items()],
    )


def changed(folder, change):
    """Every slice after `change(data, k)`, k counting from the feet."""
    files = sorted(folder.iterdir(), key=lambda p: float(pydicom.dcmread(p).ImagePositionPatient[2]))
    for k, path in enumerate(files):
        data = pydicom.dcmread(path)
        change(data, k)
        data.save_as(path)
    return folder


def refused(folder):
    with pytest.raises(BadInput) as told:
        read_ct(folder)
    assert "SECRET" not in told.value.message
    assert "1.2.3" not in told.value.message
    return told.value.message


def codes(ct):
    return {finding.code: finding.level for finding in ct.findings}


# Patients


@pytest.mark.parametrize(
    ("tag", "other", "what"),
    [
        ("PatientID", "SECRET-ID-78", "several patients"),
        ("StudyInstanceUID", "1.2.3.99", "several studies"),
        ("FrameOfReferenceUID", "1.2.3.98", "several frames of reference"),
    ],
)
@pytest.mark.parametrize("series", [SERIES, None])
def test_two_patients_under_one_series_are_refused(phantom, tmp_path, write_dicom, tag, other, what, series):
    folder = write_dicom(tmp_path / "d", phantom[0], series=SERIES)

    def second(data, k):
        if k > 7:
            setattr(data, tag, other)
        if series is None:
            del data.SeriesInstanceUID

    assert f"belong to {what}" in refused(changed(folder, second))


def test_an_absent_identifier_is_not_another_one(phantom, tmp_path, write_dicom):
    def partly(data, k):
        if k % 2:
            data.PatientID = ""
            del data.StudyInstanceUID, data.FrameOfReferenceUID

    folder = changed(write_dicom(tmp_path / "d", phantom[0]), partly)
    assert np.array_equal(read_ct(folder).array, sitk.GetArrayFromImage(phantom[0]))


# Acquisitions


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ({"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}, "lie between each other (AcquisitionNumber"),
        ({"AcquisitionTime": "101400"}, {"AcquisitionTime": "101440.5"}, "lie between each other (the time of"),
        ({"ContentTime": "101400"}, {"ContentTime": "101530"}, "lie between each other (the time of"),
        ({"TriggerTime": "100"}, {"TriggerTime": "700"}, "lie between each other (TriggerTime"),
        ({"TemporalPositionIdentifier": 1}, {"TemporalPositionIdentifier": 2}, "lie between each other (Temporal"),
        ({"SeriesDescription": "ART"}, {"SeriesDescription": "PV"}, "slices of several contrast phases"),
        ({"ImageComments": "arteriell"}, {"ImageComments": "venös"}, "slices of several contrast phases"),
        ({"ConvolutionKernel": "B30f"}, {"ConvolutionKernel": "B70s"}, "reconstructions (ConvolutionKernel differs)"),
    ],
)
def test_two_phases_slice_by_slice_are_refused(phantom, tmp_path, write_dicom, first, second, sentence):
    assert sentence in refused(alternate(tmp_path / "d", phantom[0], write_dicom, first, second))


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param(lambda k: {"AcquisitionTime": f"1014{3 + 0.3 * k:09.6f}"}, id="helical, feet first"),
        pytest.param(lambda k: {"AcquisitionTime": f"1014{30 - 0.3 * k:09.6f}"}, id="helical, head first"),
        pytest.param(lambda k: {"AcquisitionNumber": k // 4, "AcquisitionTime": f"10{k // 4:02}00"}, id="rotations"),
        pytest.param(lambda k: {"AcquisitionNumber": 100 + k}, id="a number for each slice"),
        pytest.param(lambda k: {"AcquisitionTime": "101400", "ContentTime": f"1015{(7 * k) % 60:02}"}, id="computed"),
        pytest.param(lambda k: {"AcquisitionNumber": 1} if k % 2 else {}, id="partly absent"),
        pytest.param(lambda k: {"SeriesDescription": "PV"} if k % 2 else {}, id="partly named"),
        pytest.param(lambda k: {"TriggerTime": str(640 + 20 * (k % 3))}, id="heart beats"),
    ],
)
def test_one_acquisition_is_one_volume(phantom, tmp_path, write_dicom, tags):
    folder = changed(
        write_dicom(tmp_path / "d", phantom[0]),
        lambda data, k: [setattr(data, name, value) for name, value in tags(k).items()],
    )
    assert np.array_equal(read_ct(folder).array, sitk.GetArrayFromImage(phantom[0]))


@pytest.mark.parametrize(("slices", "level"), [(8, "warn"), (2, None), (16, None)], ids=["two", "eight", "one"])
def test_a_few_scans_end_to_end_are_told(phantom, tmp_path, write_dicom, slices, level):
    folder = changed(
        write_dicom(tmp_path / "d", phantom[0]),
        lambda data, k: setattr(data, "AcquisitionTime", f"10{14 + k // slices:02}00"),
    )
    assert codes(read_ct(folder)).get("joined_scans") == level


def test_acquisitions_are_parted_for_whoever_chooses_one():
    numbers = [1, 2, 1, 2, 2]
    images = [{"AcquisitionNumber": number, "AcquisitionTime": f"10{number:02}00"} for number in numbers]
    assert [[image["AcquisitionNumber"] for image in group] for group in acquisitions(images)] == [[1, 1], [2, 2, 2]]
    assert len(acquisitions([{"AcquisitionTime": f"1014{k:02}"} for k in range(20)])) == 1


# Pictures among slices


def mip(data, k):
    if k == 15:
        data.ImageType = ["DERIVED", "SECONDARY", "MIP"]


def test_a_derived_picture_one_step_above_is_left_out(phantom, tmp_path, write_dicom):
    ct = read_ct(changed(write_dicom(tmp_path / "d", phantom[0]), mip))
    assert ct.source["slices"] == 15
    assert codes(ct)["derived_pictures"] == "warn"


def test_a_derived_picture_among_the_slices_leaves_a_gap_that_stops(phantom, tmp_path, write_dicom):
    folder = changed(write_dicom(tmp_path / "d", phantom[0]), lambda data, k: mip(data, 15 if k == 8 else 0))
    with pytest.raises(BadInput, match="Slices are missing"):
        read_ct(folder).require_usable()


def test_a_series_of_derived_slices_is_a_ct(phantom, tmp_path, write_dicom):
    folder = write_dicom(tmp_path / "d", phantom[0], tags={"ImageType": ["DERIVED", "SECONDARY", "PROCESSED"]})
    assert read_ct(folder).source["slices"] == 16


def test_half_a_series_of_pictures_is_refused(phantom, tmp_path, write_dicom):
    folder = changed(write_dicom(tmp_path / "d", phantom[0]), lambda data, k: mip(data, 15 if k % 2 else 0))
    assert "mixes original slices and derived pictures" in refused(folder)


# Stored values


def cut_bits(data, k):
    data.BitsAllocated = 32


def without_rescale(data, k):
    del data.RescaleSlope, data.RescaleIntercept


def unscaled(data, k):
    """Stored as a scanner does, 1024 above HU and padded, without the entries that say so."""
    pixels = np.frombuffer(data.PixelData, "<i2") + 1024
    pixels[:200] = -2000
    data.PixelData = pixels.astype("<i2").tobytes()
    without_rescale(data, k)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda data, k: setattr(data, "RescaleSlope", "0"),
            "RescaleSlope in a DICOM header is 0: a slope must be above 0",
        ),
        (lambda data, k: setattr(data, "RescaleSlope", "-1"), "RescaleSlope in a DICOM header is -1"),
        (
            unscaled,
            "RescaleSlope and RescaleIntercept are missing in the DICOM header, and the stored values are not Houns",
        ),
        (cut_bits, r"other pixel data than its header says (32 bits per pixel, BitsAllocated)"),
        (lambda data, k: k == 3 and cut_bits(data, k), r"other pixel data than its header says (32 bits per pixel"),
        (lambda data, k: setattr(data, "BitsAllocated", 8), "16 of 8 bits are used"),
        (
            lambda data, k: setattr(data, "PixelData", data.PixelData * 2),
            "other pixel data than its header says (16 bits",
        ),
        (
            lambda data, k: setattr(data, "PixelData", data.PixelData[:20000]),
            "other pixel data than its header says (16",
        ),
    ],
)
def test_values_that_cannot_become_hu_are_refused(phantom, tmp_path, write_dicom, change, sentence):
    assert sentence in refused(changed(write_dicom(tmp_path / "d", phantom[0]), change))


def test_stored_hu_without_a_rescale_are_taken_and_told(phantom, tmp_path, write_dicom):
    ct = read_ct(changed(write_dicom(tmp_path / "d", phantom[0]), without_rescale))
    assert np.array_equal(ct.array, sitk.GetArrayFromImage(phantom[0]))
    assert codes(ct)["no_rescale"] == "warn"


def test_pixels_of_32_bits_that_are_so_are_read(phantom, tmp_path, write_dicom):
    def wide(data, k):
        data.PixelData = np.frombuffer(data.PixelData, "<i2").astype("<i4").tobytes()
        data.BitsAllocated = data.BitsStored = 32
        data.HighBit = 31

    ct = read_ct(changed(write_dicom(tmp_path / "d", phantom[0]), wide))
    assert np.array_equal(ct.array, sitk.GetArrayFromImage(phantom[0]))


# Multi-frame files


def group(name, **entries):
    outer, inner = pydicom.Dataset(), pydicom.Dataset()
    for tag, value in entries.items():
        setattr(inner, tag, value)
    setattr(outer, name, [inner])
    return outer


@pytest.fixture(scope="module")
def enhanced(phantom):
    """Writes the phantom as an Enhanced CT; `frame(k)` gives a frame's further groups."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import EnhancedCTImageStorage, ExplicitVRLittleEndian

    planes = sitk.GetArrayFromImage(phantom[0])

    def write(path, frame=lambda k: (), rescale=True):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = EnhancedCTImageStorage, "1.2.3.4"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID, data.SeriesInstanceUID = EnhancedCTImageStorage, "1.2.3.4", "1.2.3"
        data.Modality, data.ImageType = "CT", ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
        data.Rows, data.Columns = planes[0].shape
        data.NumberOfFrames, data.SamplesPerPixel, data.PhotometricInterpretation = len(planes), 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
        shared = group("PixelMeasuresSequence", PixelSpacing=[0.8, 0.8], SliceThickness=5)
        shared.update(group("PlaneOrientationSequence", ImageOrientationPatient=[1, 0, 0, 0, 1, 0]))
        if rescale:
            shared.update(group("PixelValueTransformationSequence", RescaleSlope=1, RescaleIntercept=0))
        frames = [group("PlanePositionSequence", ImagePositionPatient=[-57, -60, 210 + 5 * k]) for k in range(16)]
        for k, one in enumerate(frames):
            for more in frame(k):
                one.update(more)
        data.SharedFunctionalGroupsSequence, data.PerFrameFunctionalGroupsSequence = [shared], frames
        data.PixelData = planes.astype("<i2").tobytes()
        write_file(path, data)
        return path

    return write


def value_group(slope, intercept):
    return group("PixelValueTransformationSequence", RescaleSlope=slope, RescaleIntercept=intercept)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (lambda k: [group("FrameContentSequence", FrameAcquisitionNumber=1 + k % 2)], "lie between each other (Acq"),
        (
            lambda k: [group("FrameContentSequence", FrameAcquisitionDateTime=f"202001011014{40 * (k % 2):02}")],
            "lie between each other (the time",
        ),
        (
            lambda k: [group("FrameContentSequence", TemporalPositionIndex=1 + k % 2)],
            "lie between each other (Temporal",
        ),
        (
            lambda k: [group("CTReconstructionSequence", ConvolutionKernel="B30f" if k % 2 else "B70s")],
            "reconstructions",
        ),
        (
            lambda k: [group("CTImageFrameTypeSequence", FrameType=["DERIVED" if k == 15 else "ORIGINAL", "PRIMARY"])],
            "derived pictures (MIP?) between its slices",
        ),
        (lambda k: [value_group(0, 0)], "RescaleSlope in a DICOM header is 0"),
        (lambda k: [value_group(1, -10 * (k % 2))], "different RescaleSlope or RescaleIntercept"),
    ],
)
def test_a_multi_frame_file_that_mixes_is_refused(enhanced, tmp_path, frame, sentence):
    assert sentence in refused(enhanced(tmp_path / "ct.dcm", frame))


def test_a_multi_frame_file_of_one_acquisition_is_read(enhanced, phantom, tmp_path):
    def frame(k):
        time = f"20200101101403.{k:02}"
        return [
            group("FrameContentSequence", FrameAcquisitionNumber=1, FrameAcquisitionDateTime=time),
            group("CTReconstructionSequence", ConvolutionKernel="B30f"),
        ]

    ct = read_ct(enhanced(tmp_path / "ct.dcm", frame))
    assert np.array_equal(ct.array, sitk.GetArrayFromImage(phantom[0]))
    assert codes(read_ct(enhanced(tmp_path / "ct.dcm", rescale=False)))["no_rescale"] == "warn"


# What a record says of maker and kernel


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("GE MEDICAL SYSTEMS", "GE"),
        ("SIEMENS", "Siemens"),
        ("Siemens Healthineers", "Siemens"),
        ("Philips", "Philips"),
        ("TOSHIBA", "Canon"),
        ("Canon Medical Systems", "Canon"),
        ("UIH", "United Imaging"),
        ("Smith^John 1950", "other"),
        ("George Gerber", "other"),
    ],
)
def test_the_maker_by_our_own_name_for_it(value, name):
    assert maker(value) == name


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("STANDARD", "STANDARD"),
        ("B30f", "B30f"),
        (["Br38f", "3"], "Br38f/3"),
        ("FC18-H", "FC18-H"),
        ("B_SOFT_B", "B_SOFT_B"),
        ("YA", "YA"),
        ("Smith^John", "other"),
        ("12345678", "other"),
        ("B30f Miller 1950", "other"),
    ],
)
def test_a_kernel_is_kept_only_if_it_reads_like_one(value, kept):
    assert kernel(value) == kept


def test_free_text_in_manufacturer_and_kernel_stays_out(phantom, tmp_path, write_dicom):
    tags = {"Manufacturer": "SECRET^NAME", "ConvolutionKernel": "SECRET 1950", "KVP": "120"}
    ct = read_ct(write_dicom(tmp_path / "d", phantom[0], tags=tags))
    assert ct.source == {
        "format": "DICOM",
        "slices": 16,
        "kvp": 120.0,
        "slice_thickness_mm": 5.0,
        "manufacturer": "other",
        "kernel": "other",
    }
