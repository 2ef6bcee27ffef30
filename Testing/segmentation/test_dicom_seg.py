"""DICOM SEG, frame by frame: placed by its own positions, told apart by its segments, and of this patient."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

from dicom_seg_files import write_seg
from PTLFPredictorLib.ct import read_ct
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation import dicom_seg
from PTLFPredictorLib.segmentation.reading import parse_labels, read_segments


@pytest.fixture(scope="module")
def ct(phantom, write_dicom, tmp_path_factory):
    return read_ct(write_dicom(tmp_path_factory.mktemp("seg") / "ct", phantom[0]))


@pytest.fixture
def truth(phantom):
    return sitk.GetArrayFromImage(phantom[1])


@pytest.fixture
def seg(phantom, truth, tmp_path):
    """Writes a SEG of the phantom's liver and mass with what is asked for."""

    def write(segments=None, **options):
        both = [("Liver", "Liver", truth > 0), ("Mass", "Mass", truth == 2)]
        return write_seg(tmp_path / "seg.dcm", phantom[1], segments or both, **options)

    return write


def codes(segments):
    return {f.code: f.level for f in segments.findings if f.code != "segmentation_resampled"}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"flipped": True},
        {"jitter_mm": 0.05},
        {"empty_elsewhere": True},
        {"kind": "FRACTIONAL"},
        {"identifiers": {"PatientID": ""}},
    ],
    ids=[
        "without dimension indices",
        "axes reversed",
        "jitter",
        "an empty frame elsewhere",
        "all or nothing",
        "anonymous",
    ],
)
def test_a_seg_is_placed_by_its_frames(ct, seg, truth, options):
    segments = read_segments(seg(**options), ct)
    assert np.array_equal(segments.array, truth)
    assert not codes(segments)
    assert segments.origin.format == "DICOM SEG"


def test_a_label_map_as_dicom(ct, seg, truth):
    segments = [("Liver parenchyma", "Liver", truth == 1), ("Mass", "Mass", truth == 2)]
    assert np.array_equal(read_segments(seg(segments, kind="LABELMAP"), ct).array, truth)


def test_necrosis_is_tumour_vessels_are_told_and_a_ring_withholds(ct, seg, truth):
    core, ring, vein = (np.zeros_like(truth, bool) for _ in range(3))
    core[7:9, 58:62, 54:58] = True
    ring[7, 90:94, 60:70] = True
    vein[7, 70:76, 100:109] = True
    mass = (truth == 2) & ~core
    segments = [
        ("Liver", "Liver", truth > 0),
        ("Mass", "Mass", mass),
        ("Necrosis", "Necrosis", core),
        ("Portal vein", "Portal vein", vein),
        ("Abdominal aorta", "Abdominal aorta", vein),
        ("ring", "Neoplasm", ring),
    ]
    read = read_segments(seg(segments), ct)
    assert np.array_equal(read.array, truth)
    assert codes(read) == {"segments_other": "pass", "segments_unknown": "withhold"}
    assert "abdominal aorta, portal vein" in read.findings[-2].message
    assert "segment 6 (" in read.findings[-1].message
    answered = read_segments(seg(segments), ct, parse_labels("tumor=6"))
    assert codes(answered) == {"segments_other": "pass"}
    assert (answered.array[ring] == 2).all()


def test_two_segments_with_one_number_are_refused(ct, seg):
    file = seg()
    data = pydicom.dcmread(file)
    data.SegmentSequence[1].SegmentNumber = 1
    data.save_as(file)
    with pytest.raises(BadInput, match=r"two structures with the number 1 \(SegmentNumber\)"):
        read_segments(file, ct)


def test_fractions_are_told_with_what_to_do(ct, seg):
    with pytest.raises(BadInput, match=r"holds fractions.*Threshold at one half"):
        read_segments(seg(kind="FRACTIONAL", fractions=100), ct)


def test_frames_of_a_tilted_gantry_are_refused_with_a_way_out(ct, seg):
    with pytest.raises(BadInput, match=r"shifted against each other.*Save it as a label map"):
        read_segments(seg(in_plane_mm=0.4), ct)


@pytest.mark.parametrize("lean_mm", [0.04, 0.2, 1.5], ids=["told", "withheld", "far"])
def test_a_seg_on_a_ct_of_a_tilted_gantry_lies_on_its_voxels(phantom, write_dicom, seg, truth, tmp_path, lean_mm):
    """Frames lean as the CT's slices do; the tilt is the CT's finding, not the segments' fault."""
    folder = write_dicom(tmp_path / "ct", phantom[0])
    slices = truth.shape[0]
    for k in range(slices):
        data = pydicom.dcmread(folder / f"image_{slices - k}")
        x, y, z = map(float, data.ImagePositionPatient)
        data.ImagePositionPatient = [f"{x + lean_mm * k:.4f}", f"{y:.4f}", f"{z:.4f}"]
        data.save_as(folder / f"image_{slices - k}")
    tilted = read_ct(folder)
    assert "gantry_tilt" in {f.code for f in tilted.findings}
    assert np.array_equal(read_segments(seg(in_plane_mm=lean_mm, jitter_mm=0.05), tilted).array, truth)


def test_frames_whose_orientation_differs_by_rounding_are_one_grid(ct, seg, truth):
    def change(data):
        for k, group in enumerate(data.PerFrameFunctionalGroupsSequence):
            plane = Dataset()
            e = 0.00051 if k % 2 else 0.00049
            plane.ImageOrientationPatient = [1, e, 0, -e, 1, 0]
            group.PlaneOrientationSequence = [plane]

    assert np.array_equal(read_segments(seg(change=change), ct).array, truth)


def test_a_seg_without_preamble_is_read(ct, seg, truth):
    path = seg()
    path.write_bytes(path.read_bytes()[132:])
    assert np.array_equal(read_segments(path, ct).array, truth)


def broken(name):
    def change(data):
        if name == "positions":
            for group in data.PerFrameFunctionalGroupsSequence:
                del group.PlanePositionSequence
        elif name == "which segment":
            for group in data.PerFrameFunctionalGroupsSequence:
                del group.SegmentIdentificationSequence
        elif name == "cut off":
            data.PixelData = data.PixelData[: len(data.PixelData) // 2]
        elif name == "uneven":
            data.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence[0].ImagePositionPatient[2] += 2.4
        elif name == "a plan":
            data.Modality = "RTPLAN"
        elif name == "empty":
            data.PixelData = b"\0" * len(data.PixelData)
        else:
            delattr(data, name)

    return change


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("positions", "does not say where its frames lie"),
        ("which segment", "does not say what its frames show"),
        ("cut off", "is cut off"),
        ("uneven", "no evenly spaced slices"),
        ("a plan", "no DICOM SEG or RTSTRUCT"),
        ("empty", "is empty"),
        ("SegmentSequence", "damaged or incomplete"),
        ("Rows", "damaged or incomplete"),
        ("PixelData", "damaged or incomplete"),
        ("PerFrameFunctionalGroupsSequence", "does not say where its frames lie"),
    ],
)
def test_what_is_wrong_is_a_sentence(ct, seg, name, sentence):
    with pytest.raises(BadInput, match=sentence) as told:
        read_segments(seg(change=broken(name)), ct)
    assert "Error" not in told.value.message
    assert "attribute" not in told.value.message


@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        ({"StudyInstanceUID": "1.2.99"}, {"segmentation_study": "withhold"}),
        ({"FrameOfReferenceUID": "1.2.99"}, {"segmentation_frame": "warn"}),
    ],
)
def test_another_study_withholds_another_frame_at_the_same_place_is_a_note(ct, seg, identifiers, expected):
    assert codes(read_segments(seg(identifiers=identifiers), ct)) == expected


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (["1.2.99"], {"segmentation_series": "warn"}),
        (["1.2.99", "1.2.826.0.1.3680043.8.498.1"], {}),
        ([], {}),
    ],
    ids=["another", "the CT's among others", "none named"],
)
def test_another_series_of_the_study_is_a_note(ct, seg, series, expected):
    def change(data):
        data.ReferencedSeriesSequence = [pydicom.Dataset() for _ in series]
        for item, uid in zip(data.ReferencedSeriesSequence, series, strict=True):
            item.SeriesInstanceUID = uid

    assert codes(read_segments(seg(change=change), ct)) == expected


def test_another_patient_is_refused_without_a_name(ct, seg):
    with pytest.raises(BadInput, match="belongs to another patient than the CT") as told:
        read_segments(seg(identifiers={"PatientID": "OTHER-9"}), ct)
    assert "OTHER" not in told.value.message
    assert "SECRET" not in told.value.message


def test_what_a_file_does_not_name_is_not_compared(phantom, seg, tmp_path, truth):
    sitk.WriteImage(phantom[0], str(tmp_path / "ct.nrrd"))
    assert not codes(read_segments(seg(identifiers={"PatientID": "OTHER-9"}), read_ct(tmp_path / "ct.nrrd")))


def test_the_ct_hands_over_hashes_and_its_record_none(ct):
    assert ct.belongs.keys() == {"patient", "study", "frame", "series"}
    assert all(len(value) == 64 for value in ct.belongs.values())
    assert "SECRET" not in str(ct)
    assert not set(ct.belongs.values()) & set(map(str, ct.source.values()))


def test_a_real_seg_as_highdicom_reads_it(shared):
    highdicom = pytest.importorskip("highdicom")
    path = shared / "dcmqi_seg" / "liver.dcm"
    ours = dicom_seg.of_data(pydicom.dcmread(path), path.name, 1.0)
    volume = highdicom.seg.segread(path).get_volume(segment_numbers=[1], combine_segments=True, relabel=True)
    theirs = np.transpose(volume.array, (0, 1, 2)) > 0
    assert ours.mask(1).sum() == theirs.sum() == ours.voxels[1]
    assert ours.segments[1].name == "Liver"
    slices = sorted(tuple(map(int, plane.sum(axis=(0, 1), keepdims=True).ravel())) for plane in theirs)
    assert slices == sorted((int(plane.sum()),) for plane in ours.mask(1))
