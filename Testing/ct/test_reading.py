"""One CT, many files: the same canonical CT; and what cannot be one CT is refused with a reason."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from abdomen import image_of
from abdomen import small_arrays as phantom_arrays
from dicom_files import OLD, write_file
from PTLFPredictorLib.ct import Protocol, canonical, image_sha256, read_ct, write_temporary
from PTLFPredictorLib.errors import BadInput, PTLFError
from PTLFPredictorLib.signature import load

PROTOCOL = load("ptlf-published").protocol


def codes(ct, level):
    return {finding.code for finding in ct.findings if finding.level == level}


def test_canonical_ct_is_int16_along_l_p_s(phantom):
    ct = canonical(phantom[0], PROTOCOL)
    assert ct.image.GetPixelID() == sitk.sitkInt16
    assert np.allclose(ct.image.GetDirection(), np.eye(3).ravel())
    assert np.array_equal(ct.array, sitk.GetArrayFromImage(phantom[0]))
    assert not codes(ct, "withhold")
    assert not codes(ct, "fail")


@pytest.mark.parametrize("name", ["ct.nii.gz", "ct.nrrd", "ct.mha"])
@pytest.mark.parametrize("axes", ["LPS", "RAS", "LAS", "PSR"])
@pytest.mark.parametrize("pixel", [sitk.sitkInt16, sitk.sitkFloat32])
def test_same_canonical_ct_from_any_format_orientation_and_type(phantom, tmp_path, name, axes, pixel):
    sitk.WriteImage(sitk.Cast(sitk.DICOMOrient(phantom[0], axes), pixel), str(tmp_path / name))
    ct = read_ct(tmp_path / name, PROTOCOL)
    assert image_sha256(ct.image) == image_sha256(canonical(phantom[0]).image)


def test_dicom_without_extension_in_any_order(phantom, tmp_path, write_dicom):
    ct = read_ct(write_dicom(tmp_path / "series", phantom[0]), PROTOCOL)
    assert np.array_equal(ct.array, sitk.GetArrayFromImage(phantom[0]))
    assert image_sha256(ct.image) == image_sha256(canonical(phantom[0]).image)
    assert ct.source["slices"] == 16


def test_nothing_that_names_the_patient_is_kept(phantom, tmp_path, write_dicom):
    ct = read_ct(write_dicom(tmp_path / "series", phantom[0]), PROTOCOL)
    assert "SECRET" not in repr(ct.source) + repr(ct.findings) + repr(ct.phase)
    assert not ct.image.GetMetaDataKeys() or "SECRET" not in repr(
        [ct.image.GetMetaData(k) for k in ct.image.GetMetaDataKeys()]
    )


def test_compressed_transfer_syntax(phantom, tmp_path, write_dicom):
    import pydicom
    from pydicom.uid import JPEG2000Lossless, RLELossless

    folder = write_dicom(tmp_path / "series", phantom[0])
    for number, path in enumerate(sorted(folder.iterdir())):
        data = pydicom.dcmread(path)  # pydicom 2.4 writes no JPEG 2000
        data.compress(RLELossless if number % 2 or OLD else JPEG2000Lossless, generate_instance_uid=False)
        data.save_as(path)
    ct = read_ct(folder, PROTOCOL)
    assert np.array_equal(ct.array, sitk.GetArrayFromImage(phantom[0]))


def test_several_series_are_listed_and_one_can_be_chosen(phantom, tmp_path, write_dicom):
    write_dicom(tmp_path / "d", phantom[0], series="1.2.3.1")
    for path in (tmp_path / "d").iterdir():
        path.rename(path.with_name("a" + path.name))
    write_dicom(tmp_path / "d", phantom[0] + 1, series="1.2.3.2", tags={"SeriesDescription": "arterial"})
    with pytest.raises(BadInput, match=r"2 CT series(.|\n)*1\.2\.3\.1(.|\n)*1\.2\.3\.2.*arterial"):
        read_ct(tmp_path / "d", PROTOCOL)
    assert np.array_equal(read_ct(tmp_path / "d", series_uid="1.2.3.1").array, sitk.GetArrayFromImage(phantom[0]))


def test_a_scout_beside_the_volume_is_left_out(phantom, tmp_path, write_dicom):
    write_dicom(tmp_path / "d", phantom[0], series="1.2.3.1")
    scout = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    write_dicom(tmp_path / "d" / "scout", phantom[0][:, :, :1], series="1.2.3.2", tags=scout)
    assert read_ct(tmp_path / "d").source["slices"] == 16


def test_equal_duplicates_are_used_once(phantom, tmp_path, write_dicom):
    folder = write_dicom(tmp_path / "d", phantom[0])
    (folder / "again").write_bytes((folder / "image_5").read_bytes())
    ct = read_ct(folder, PROTOCOL)
    assert "duplicate_slices" in codes(ct, "warn")
    assert ct.source["slices"] == 16


def test_two_phases_in_one_series_are_refused(phantom, tmp_path, write_dicom):
    write_dicom(tmp_path / "d", phantom[0])
    write_dicom(tmp_path / "d" / "second", phantom[0] + 7)
    with pytest.raises(BadInput, match="several phases"):
        read_ct(tmp_path / "d")


def test_a_missing_slice_stops(phantom, tmp_path, write_dicom):
    folder = write_dicom(tmp_path / "d", phantom[0])
    (folder / "image_8").unlink()
    with pytest.raises(BadInput, match="Slices are missing"):
        read_ct(folder).require_usable()


def with_entry(folder, tag, vr, raw):
    """Every file of the folder with these bytes in a header entry; None removes it."""
    import pydicom
    from pydicom.datadict import tag_for_keyword
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    for path in folder.iterdir():
        data = pydicom.dcmread(path)
        if raw is None:
            delattr(data, tag)
        else:
            data._dict[Tag(tag_for_keyword(tag))] = RawDataElement(
                Tag(tag_for_keyword(tag)), vr, len(raw), raw, 0, False, True
            )
        pydicom.dcmwrite(path, data)
    return folder


@pytest.mark.parametrize(
    ("tag", "vr", "raw", "sentence"),
    [
        ("PixelSpacing", "DS", None, "do not say where their slices lie"),
        ("PixelSpacing", "DS", b"0,8\\0,8", "do not say where their slices lie"),
        ("PixelSpacing", "DS", b"0\\0", "do not say where their slices lie"),
        ("ImageOrientationPatient", "DS", b"1\\0\\0", "do not say where their slices lie"),
        ("ImageOrientationPatient", "DS", b"2\\0\\0\\0\\2\\0", "do not say where their slices lie"),
        ("ImagePositionPatient", "DS", b"nan\\0\\0", "do not say where their slices lie"),
        ("RescaleSlope", "DS", b"1,0", "RescaleSlope in a DICOM header is no number"),
        ("NumberOfFrames", "IS", b"16", "several multi-frame files"),
    ],
)
def test_a_damaged_header_is_told(phantom, tmp_path, write_dicom, tag, vr, raw, sentence):
    folder = with_entry(write_dicom(tmp_path / "d", phantom[0]), tag, vr, raw)
    with pytest.raises(BadInput, match=sentence):
        read_ct(folder, PROTOCOL)


@pytest.mark.parametrize(("tag", "raw"), [("KVP", b"abc"), ("SliceThickness", b"5,0"), ("KVP", b"120\\140")])
def test_a_damaged_entry_that_only_describes_is_left_out(phantom, tmp_path, write_dicom, tag, raw):
    ct = read_ct(with_entry(write_dicom(tmp_path / "d", phantom[0]), tag, "DS", raw), PROTOCOL)
    assert {"KVP": "kvp", "SliceThickness": "slice_thickness_mm"}[tag] not in ct.source


def test_stacks_side_by_side_are_refused(phantom, tmp_path, write_dicom):
    write_dicom(tmp_path / "d", phantom[0][:, :, :3])
    beside = phantom[0][:, :, :3]
    for shift in (200, 400):
        beside.SetOrigin((shift, 0, 210))
        write_dicom(tmp_path / "d" / str(shift), beside)
    with pytest.raises(BadInput, match="several stacks side by side"):
        read_ct(tmp_path / "d")


def test_a_temporary_file_that_cannot_be_written_is_told_as_such(phantom, tmp_path):
    with pytest.raises(PTLFError, match=r"The temporary file '.*ct.nrrd' could not be written.*TMPDIR"):
        write_temporary(phantom[0], tmp_path / "gone" / "ct.nrrd")


def test_one_file_of_a_series_stands_for_it(phantom, tmp_path, write_dicom):
    folder = write_dicom(tmp_path / "d", phantom[0], series="1.2.3.1")
    write_dicom(tmp_path / "d" / "other", phantom[0] + 1, series="1.2.3.2")
    ct = read_ct(folder / "image_3", PROTOCOL)
    assert ct.source["format"] == "DICOM"
    assert np.array_equal(ct.array, sitk.GetArrayFromImage(phantom[0]))


def write_frames(path, planes, heights, modality="CT"):
    """An enhanced multi-frame file: all slices in one file, their places in functional groups."""
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.uid import EnhancedCTImageStorage, ExplicitVRLittleEndian

    def group(name, **entries):
        outer, inner = Dataset(), Dataset()
        for tag, value in entries.items():
            setattr(inner, tag, value)
        setattr(outer, name, [inner])
        return outer

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = EnhancedCTImageStorage, "1.2.3.4"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID, data.SeriesInstanceUID = EnhancedCTImageStorage, "1.2.3.4", "1.2.3"
    data.Modality, data.PatientName, data.ImageType = modality, "Secret^Name", ["ORIGINAL", "PRIMARY", "VOLUME"]
    data.Rows, data.Columns = planes[0].shape
    data.NumberOfFrames, data.SamplesPerPixel, data.PhotometricInterpretation = len(planes), 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    shared = group("PixelMeasuresSequence", PixelSpacing=[0.8, 0.8], SliceThickness=5)
    shared.update(group("PlaneOrientationSequence", ImageOrientationPatient=[1, 0, 0, 0, 1, 0]))
    shared.update(group("PixelValueTransformationSequence", RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU"))
    data.SharedFunctionalGroupsSequence = [shared]
    data.PerFrameFunctionalGroupsSequence = [
        group("PlanePositionSequence", ImagePositionPatient=[-57, -60, height]) for height in heights
    ]
    data.PixelData = (np.stack(planes).astype(int) + 1024).astype("<i2").tobytes()
    path.parent.mkdir(exist_ok=True)
    write_file(path, data)
    return path


HU = phantom_arrays()[0]
HEIGHTS = 210 + 5 * np.arange(len(HU))


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("named", ["file", "folder"])
def test_a_multi_frame_file(phantom, tmp_path, step, named):
    path = write_frames(tmp_path / "d" / "ct.dcm", HU[::step], HEIGHTS[::step])
    ct = read_ct(path if named == "file" else path.parent)
    assert image_sha256(ct.image) == image_sha256(canonical(phantom[0]).image)
    assert ct.source == {"format": "DICOM", "slices": 16, "slice_thickness_mm": 5.0}


@pytest.mark.parametrize(
    "frames",
    [[*range(8, 16), *range(8)], [*range(0, 16, 2), *range(1, 16, 2)], [5, *range(5), *range(6, 16)]],
    ids=["two parts", "odd after even", "one too early"],
)
def test_frames_of_a_multi_frame_file_are_sorted_by_their_places(phantom, tmp_path, frames):
    ct = read_ct(write_frames(tmp_path / "ct.dcm", HU[frames], HEIGHTS[frames]))
    assert image_sha256(ct.image) == image_sha256(canonical(phantom[0]).image)


@pytest.mark.parametrize(
    ("frames", "sentence"),
    [
        ([*range(16), *range(16)], "at the same slice position: the series holds several phases"),
        ([0, 0, 1, 1, 2, 2, 3, 3], "at the same slice position: the series holds several phases"),
        ([*range(5), *range(7, 16)], "Slices are missing: most lie 5.00 mm apart, but near 230.0 mm the step is 15.00"),
    ],
    ids=["two phases", "two phases in turn", "two missing"],
)
def test_a_multi_frame_file_that_is_no_volume_is_refused(tmp_path, frames, sentence):
    path = write_frames(tmp_path / "ct.dcm", HU[frames], HEIGHTS[frames])
    with pytest.raises(BadInput, match=sentence):
        read_ct(path).require_usable()


def test_a_multi_frame_file_of_mr_is_refused(tmp_path):
    with pytest.raises(BadInput, match="This is MR, not CT"):
        read_ct(write_frames(tmp_path / "ct.dcm", HU, HEIGHTS, modality="MR"))


def test_gantry_tilt_is_told_in_degrees(phantom, tmp_path, write_dicom):
    ct = read_ct(write_dicom(tmp_path / "d", phantom[0], shear_mm=0.5), PROTOCOL)
    tilt = next(f for f in ct.findings if f.code == "gantry_tilt")
    assert tilt.level == "withhold"
    assert tilt.values["degrees"] == pytest.approx(np.degrees(np.arctan(0.5 / 5)), abs=0.01)
    assert ct.image.GetSpacing()[2] == pytest.approx(5.0)


def test_rescale_slope_of_a_half_keeps_fractions_visible(phantom, tmp_path, write_dicom):
    ct = read_ct(write_dicom(tmp_path / "d", phantom[0], slope=0.5), PROTOCOL)
    assert np.array_equal(ct.array, sitk.GetArrayFromImage(phantom[0]))


@pytest.mark.parametrize(
    ("tags", "phase"),
    [
        ({"SeriesDescription": "Abdomen portal venous 5mm"}, "portal venous"),
        ({"SeriesDescription": "Leber_art"}, "arterial"),
        ({"SeriesDescription": "native"}, "unenhanced"),
        ({"SeriesDescription": "arterial and portal venous"}, "unknown"),
        ({"ContrastBolusStartTime": "120000", "AcquisitionTime": "120105"}, "portal venous"),
        ({"ContrastBolusStartTime": "120000", "AcquisitionTime": "120030.5"}, "arterial"),
        ({"ContrastBolusStartTime": "120000", "AcquisitionTime": "120048"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_phase_from_the_header(phantom, tmp_path, write_dicom, tags, phase):
    ct = read_ct(write_dicom(tmp_path / "d", phantom[0], tags=tags), PROTOCOL)
    assert ct.phase.name == phase
    expected = {"portal venous": "pass", "unknown": "warn"}.get(phase, "withhold")
    assert next(f.level for f in ct.findings if f.code == "phase") == expected


@pytest.mark.parametrize(
    ("change", "code", "level"),
    [
        (lambda a: np.where(a == -1000, -2000, a), "padding", "warn"),
        (lambda a: np.where(a > 490, 3500, a), "above_range", "warn"),
        (lambda a: a + 0.25, "fractional_hu", "withhold"),
        (lambda a: np.minimum(a, 160), "saturated_hu", "withhold"),
        (lambda a: np.maximum(a, -200), "saturated_hu", "withhold"),
        (lambda a: np.where(a == 105, np.nan, a), "non_finite", "fail"),
        (lambda a: np.clip(a, 0, None), "not_hounsfield", "fail"),
        (lambda a: a + 1024, "not_hounsfield", "fail"),
    ],
)
def test_findings_on_the_values(change, code, level):
    image = image_of(change(phantom_arrays()[0].astype(np.float64)))
    assert code in codes(canonical(image, PROTOCOL), level)


@pytest.mark.parametrize(
    ("spacing", "code", "level"),
    [
        ((0.8, 0.8, 1.6), "slice_thickness", "withhold"),
        ((0.8, 0.8, 4.4), "slice_thickness", "withhold"),
        ((0.8, 0.8, 4.6), "slice_thickness", "pass"),
        ((0.5, 0.5, 5), "in_plane_spacing", "withhold"),
        ((1.2, 1.2, 5), "in_plane_spacing", "withhold"),
        ((0.977, 0.977, 5), "in_plane_spacing", "pass"),
        ((0.8, 0.9, 5), "oblong_pixels", "warn"),
    ],
)
def test_findings_on_the_geometry(spacing, code, level):
    assert code in codes(canonical(image_of(phantom_arrays()[0], spacing), PROTOCOL), level)


@pytest.mark.parametrize(
    ("slice_mm", "thickness", "sentence"),
    [
        (4.6, 4.6, "Slices of 4.6 mm; the signature takes 4.5 to 5.5 mm."),
        (5.0, 4.6, "Slices 4.6 mm thick, 5.0 mm apart; the signature takes 4.5 to 5.5 mm."),
        (
            1.6,
            1.6,
            "The slices are 1.6 mm; the signature takes 4.5 to 5.5 mm. Reconstruct the CT in such slices, or have "
            "these averaged to them (in a shell: --to-protocol).",
        ),
        (6.0, 6.0, "The slices are 6.0 mm; the signature takes 4.5 to 5.5 mm. Reconstruct the CT in such slices."),
        (
            4.6,
            None,
            "Slices 4.6 mm apart (spacing; the file does not say how thick the slices are); the signature takes 4.5 to "
            "5.5 mm.",
        ),
        (
            1.6,
            None,
            "The slices are 1.6 mm apart (spacing; the file does not say how thick the slices are); the signature "
            "takes 4.5 to 5.5 mm. Reconstruct the CT in such slices, or have these averaged to them (in a shell: "
            "--to-protocol).",
        ),
    ],
)
def test_the_slices_are_told_in_the_study_s_terms_thickness_apart_from_spacing(slice_mm, thickness, sentence):
    source = {"slice_thickness_mm": thickness} if thickness else {}
    found = canonical(image_of(phantom_arrays()[0], (0.8, 0.8, slice_mm)), PROTOCOL, source=source).findings
    (told,) = [finding for finding in found if finding.code == "slice_thickness"]
    assert told.message == sentence
    assert told.values["thickness_mm"] == thickness


@pytest.mark.parametrize("name", ["ct.nii.gz", "ct.nrrd", "ct.mha"])
def test_a_format_that_cannot_hold_the_thickness_is_not_said_to_have_one(phantom, tmp_path, name):
    sitk.WriteImage(phantom[0], str(tmp_path / name))
    ct = read_ct(tmp_path / name, PROTOCOL)
    assert "slice_thickness_mm" not in ct.source
    assert any("does not say how thick" in f.message for f in ct.findings if f.code == "slice_thickness")


def test_an_unknown_phase_is_to_be_checked_against_the_signature_s_own():
    arterial = Protocol(("arterial",), (4.5, 5.5), (0.586, 0.977))
    (message,) = (f.message for f in canonical(image_of(phantom_arrays()[0]), arterial).findings if f.code == "phase")
    assert message == (
        "The DICOM header does not name the contrast phase. It should be arterial. It is measured when the "
        "features are computed."
    )


def test_findings_are_for_the_signature_without_one_nothing_is_compared(phantom):
    assert not codes(canonical(image_of(phantom_arrays()[0], (2, 2, 9))), "withhold")


def test_clip_takes_the_padding_to_the_signatures_range():
    array = phantom_arrays()[0]
    array[array < -950] = -3024
    assert canonical(image_of(array)).array.min() == -1024


@settings(max_examples=40)
@given(
    flips=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    axes=st.permutations([0, 1, 2]),
    size=st.tuples(st.integers(3, 6), st.integers(3, 6), st.integers(3, 6)),
)
def test_any_order_and_direction_of_axes_gives_the_same_voxels_at_the_same_places(flips, axes, size):
    rng = np.random.default_rng(0)
    image = sitk.GetImageFromArray(rng.integers(-900, 900, size).astype(np.int16))
    image.SetSpacing((0.7, 0.8, 5.0))
    turned = sitk.Flip(sitk.PermuteAxes(image, list(axes)), list(flips))
    a, b = canonical(image).image, canonical(turned).image
    assert a.GetSize() == b.GetSize()
    assert np.allclose(a.GetOrigin(), b.GetOrigin())
    assert np.array_equal(sitk.GetArrayViewFromImage(a), sitk.GetArrayViewFromImage(b))


def test_real_ct_with_padding_and_full_header(shared):
    ct = read_ct(shared / "crlm1006" / "dicom", PROTOCOL)
    assert ct.image.GetSize() == (512, 512, 51)
    assert ct.image.GetSpacing() == pytest.approx((0.804688, 0.804688, 5.0))
    assert "padding" in codes(ct, "warn")
    assert "slice_thickness" in codes(ct, "pass")


def test_real_thin_slices_and_cut_range_withhold(shared):
    ct = read_ct(shared / "ircad17" / "dicom", PROTOCOL)
    assert codes(ct, "withhold") == {"slice_thickness", "saturated_hu"}
