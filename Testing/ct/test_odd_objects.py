"""What lies in a study's folder beside the CT never hides it; DICOM as old archives write it is read."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import generate_uid

from dicom_files import write_bare
from PTLFPredictorLib.ct import ct_files, is_dicom, read_ct
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.reading import read_segments

CT, OTHER = "1.2.3.1", "1.2.3.9"


def without_place(data):
    for tag in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        if tag in data:
            delattr(data, tag)


def colour(data):
    """A dose report or screen capture."""
    without_place(data)
    data.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "RGB", 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = bytes(data.Rows * data.Columns * 3)


def grey_report(data):
    """A patient protocol in grey, Modality CT."""
    without_place(data)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    data.ImageType = ["DERIVED", "SECONDARY"]


def no_image(modality, sop_class):
    def change(data):
        without_place(data)
        data.Modality = modality
        data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = sop_class
        for tag in ("Rows", "Columns", "PixelData", "SamplesPerPixel", "BitsAllocated"):
            delattr(data, tag)

    return change


def pet(data):
    data.Modality = "PT"


OBJECTS = {
    "colour": colour,
    "grey report": grey_report,
    "structured report": no_image("SR", pydicom.uid.XRayRadiationDoseSRStorage),
    "presentation state": no_image("PR", pydicom.uid.GrayscaleSoftcopyPresentationStateStorage),
    "contours": no_image("RTSTRUCT", pydicom.uid.RTStructureSetStorage),
    "PET": pet,
}


@pytest.fixture
def study(phantom, tmp_path, write_dicom):
    """A folder with the CT; `add(what, pages, series)` puts other objects beside it."""
    folder = write_dicom(tmp_path / "study", phantom[0], series=CT)

    def add(what, pages=1, series=OTHER):
        beside = write_dicom(tmp_path / "beside", phantom[0][:, :, :pages], series=series)
        for path in sorted(beside.iterdir()):
            data = pydicom.dcmread(path)
            OBJECTS[what](data)
            data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            data.save_as(folder / f"0_{what}_{path.name}")
            path.unlink()

    return folder, add


def whole(folder, phantom, **options):
    """The CT of the folder, whose voxels are all of the phantom's, where they belong."""
    ct = read_ct(folder, **options)
    assert np.array_equal(ct.array, sitk.GetArrayFromImage(phantom[0]))
    assert np.allclose(ct.image.GetOrigin(), phantom[0].GetOrigin())
    return {f.code: (f.level, f.message) for f in ct.findings}


@pytest.mark.parametrize("pages", [1, 3])
@pytest.mark.parametrize("what", OBJECTS)
def test_the_ct_is_read_whatever_lies_beside_it(study, phantom, what, pages):
    folder, add = study
    add(what, pages)
    found = whole(folder, phantom)
    if what in ("colour", "grey report"):
        told = f"{pages} picture(s) beside the CT (dose report, screen shot?) were left out."
        assert found["other_images"] == ("pass", told)
    else:
        assert "other_images" not in found


def test_a_colour_page_in_the_series_itself_is_left_out(study, phantom):
    folder, add = study
    add("colour", series=CT)
    assert "other_images" in whole(folder, phantom)


def test_all_of_them_together(study, phantom):
    folder, add = study
    for what in OBJECTS:
        add(what)
    (folder / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM" + bytes(200))
    (folder / "notes.txt").write_text("notes")
    (folder / "empty").write_bytes(b"")
    whole(folder, phantom)


def test_two_cts_and_a_capture_are_listed(study, phantom, write_dicom):
    folder, add = study
    add("colour")
    write_dicom(folder / "second", phantom[0], series="1.2.3.2")
    with pytest.raises(BadInput, match=r"There are 2 CT series(.|\n)*1\.2\.3\.1(.|\n)*1\.2\.3\.2") as told:
        read_ct(folder)
    assert OTHER not in told.value.message
    whole(folder, phantom, series_uid=CT)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("colour", "This is a colour image"),
        ("grey report", "do not say where their slices lie"),
        ("PET", "This is PT, not CT"),
    ],
)
def test_without_a_ct_the_fault_is_named(study, what, sentence):
    folder, add = study
    add(what, 4)
    with pytest.raises(BadInput, match=sentence):
        read_ct(folder, series_uid=OTHER)
    for path in folder.glob("image_*"):
        path.unlink()
    with pytest.raises(BadInput, match=sentence):
        read_ct(folder)


def cut(path, length=None):
    """The file's bytes up to `length`, or up to the size of the image, which is then not told."""
    raw = path.read_bytes()
    return raw[: length or raw.index(b"\x28\0\x10\0")]


@pytest.mark.parametrize("length", [150, 300, None])
def test_a_damaged_file_is_left_out_and_told(study, phantom, length):
    folder, _ = study
    (folder / "image_0").write_bytes(cut(folder / "image_1", length))
    found = whole(folder, phantom)
    assert found["damaged_files"] == ("warn", "1 DICOM file(s) cannot be read (damaged or cut off) and were left out.")


def test_a_damaged_slice_is_a_missing_slice(study):
    folder, _ = study
    (folder / "image_7").write_bytes(cut(folder / "image_7"))
    ct = read_ct(folder)
    assert {"damaged_files", "missing_slices"} <= {f.code for f in ct.findings}
    with pytest.raises(BadInput, match="Slices are missing"):
        ct.require_usable()


def test_a_folder_of_damaged_files_is_not_said_to_have_no_dicom(study):
    folder, _ = study
    for path in folder.iterdir():
        path.write_bytes(cut(path))
    with pytest.raises(BadInput, match=r"16 DICOM file\(s\) cannot be read: they are damaged or cut off"):
        read_ct(folder)


# Without preamble


def without_preamble(path):
    path.write_bytes(path.read_bytes()[132:])


def data_set_alone(path, implicit=True):
    data = pydicom.dcmread(path)
    bare = pydicom.Dataset({e.tag: e for e in data if e.tag.group != 2})
    write_bare(path, bare, implicit=implicit)


def without_syntax(path):
    """File meta information that does not say the transfer syntax; the data set is implicit little endian."""
    data = pydicom.dcmread(path)
    data_set_alone(path)
    rest = path.read_bytes()
    uid = str(data.SOPClassUID).encode() + b"\0" * (len(str(data.SOPClassUID)) % 2)
    element = b"\x02\0\x02\0UI" + len(uid).to_bytes(2, "little") + uid
    length = b"\x02\0\0\0UL\x04\0" + len(element).to_bytes(4, "little")
    path.write_bytes(b"\0" * 128 + b"DICM" + length + element + rest)


OLD = {
    "no preamble": without_preamble,
    "data set, implicit": data_set_alone,
    "data set, explicit": lambda path: data_set_alone(path, implicit=False),
    "no transfer syntax": without_syntax,
}


@pytest.mark.parametrize("how", OLD)
def test_dicom_of_old_archives_is_read(study, phantom, how):
    folder, _ = study
    for path in folder.iterdir():
        OLD[how](path)
        assert is_dicom(path)
    assert len(ct_files(folder)) == 16
    whole(folder, phantom)
    whole(folder / "image_3", phantom)


@pytest.mark.parametrize("how", ["no preamble", "data set, implicit"])
def test_such_a_file_that_is_cut_off_is_refused(study, how):
    folder, _ = study
    for path in folder.iterdir():
        OLD[how](path)
    path = folder / "image_3"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(BadInput, match="cannot be decoded"):
        read_ct(folder)


@pytest.mark.parametrize(
    "content", [b"", b"\x08\0", b"\x08\0\x05\0", b"\x02\0\0\0UL\x04\0", b"\x08\0\x08\0CS\x10\0" * 40]
)
def test_what_only_begins_like_dicom_is_none(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    assert not is_dicom(tmp_path / "file")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha", "a.hdr"])
def test_image_files_are_no_dicom(phantom, tmp_path, name):
    sitk.WriteImage(phantom[0], str(tmp_path / name))
    assert not any(map(is_dicom, tmp_path.iterdir()))


# The terminal


def uneven(folder):
    for k in range(16):
        data = pydicom.dcmread(folder / f"image_{16 - k}")
        data.ImagePositionPatient = [-57, -60, 210 + 5 * k - min(k, 8)]
        data.save_as(folder / f"image_{16 - k}")


def test_no_words_of_the_libraries_reach_the_terminal(study, phantom_files):
    """ITK's "Non uniform sampling", its notes on NIfTI, pydicom's on values."""
    folder, _ = study
    uneven(folder)
    code = "import sys; from PTLFPredictorLib.ct import read_ct; [read_ct(path) for path in sys.argv[1:]]"
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(phantom_files["ct"])],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_itk_s_own_warnings_are_as_they_were_before(study, phantom_files):
    """3D Slicer's other readers are in the same process."""
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ct = read_ct(study[0])
        read_segments(phantom_files["labels"], ct)
    assert sitk.ProcessObject.GetGlobalWarningDisplay() == shown
    assert "ITK_NIFTI_SFORM_PERMISSIVE" not in os.environ
