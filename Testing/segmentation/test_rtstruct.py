"""RTSTRUCT: contours filled on the slices that they were drawn on, told apart by name, and of this patient."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from dicom_seg_files import write_seg
from PTLFPredictorLib.ct import read_ct
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.outlines import SHIFT, fill
from PTLFPredictorLib.segmentation.reading import Source, parse_labels, read_segments
from rtstruct_files import contours_of, is_inside, mm, write_rtstruct


@pytest.fixture(scope="module")
def ct(phantom, write_dicom, tmp_path_factory):
    return read_ct(write_dicom(tmp_path_factory.mktemp("rtstruct") / "ct", phantom[0]))


@pytest.fixture(scope="module")
def truth(phantom):
    return sitk.GetArrayFromImage(phantom[1])


@pytest.fixture(scope="module")
def both(phantom, truth):
    """Contours of the phantom's liver and mass."""
    return [
        ("Liver", "", list(contours_of(phantom[1], truth > 0))),
        ("Mass", "", list(contours_of(phantom[1], truth == 2))),
    ]


@pytest.fixture
def plan(both, tmp_path):
    """Writes an RTSTRUCT of the phantom's liver and mass with what is asked for."""

    def write(structures=None, **options):
        return write_rtstruct(tmp_path / "rs.dcm", both if structures is None else structures, **options)

    return write


def codes(segments):
    return {finding.code: finding.level for finding in segments.findings}


def test_contours_of_a_mask_give_the_voxels_of_its_seg(phantom, ct, plan, truth, tmp_path):
    segments = read_segments(plan(), ct)
    masks = [("Liver", "Liver", truth > 0), ("Mass", "Mass", truth == 2)]
    seg = read_segments(write_seg(tmp_path / "seg.dcm", phantom[1], masks), ct)
    assert np.array_equal(segments.array, seg.array)
    assert np.array_equal(segments.array, truth)
    assert not codes(segments)
    assert segments.origin.format == "RTSTRUCT"
    assert segments.origin.drawn is seg.origin.drawn


TURNED = np.array([[0.96, -0.28, 0.0], [0.28, 0.96, 0.0], [0.0, 0.0, 1.0]])
TILTED = np.array([[1.0, 0.0, 0.0], [0.0, 0.8, -0.6], [0.0, 0.6, 0.8]])


@pytest.mark.parametrize(
    "direction",
    [np.diag([-1.0, -1.0, 1.0]), np.diag([1.0, -1.0, -1.0]), TURNED, TILTED, TURNED @ TILTED],
    ids=["turned by half", "head first", "oblique in plane", "oblique slices", "oblique"],
)
def test_whatever_way_the_ct_lies(direction, write_dicom, tmp_path):
    """A hole, two pieces on a slice and pieces that touch at a corner, on flipped and oblique CTs."""
    rng = np.random.default_rng(3)
    hu = sitk.GetImageFromArray(rng.integers(-100, 200, (5, 24, 30), dtype=np.int16))
    hu.SetSpacing((0.7, 0.8, 2.5))
    hu.SetOrigin((-31.25, 12.5, 640.75))
    hu.SetDirection(direction.ravel().tolist())
    liver, mass = np.zeros((5, 24, 30), bool), np.zeros((5, 24, 30), bool)
    liver[1:4, 3:20, 4:25] = True
    liver[2, 8:12, 8:14] = False  # a hole
    liver[2, 9:11, 10:12] = True  # and a piece in it
    mass[2:4, 3:6, 5:9] = mass[2:4, 6:8, 9:12] = mass[3, 15:18, 20:23] = True
    structures = [("Liver", "", contours_of(hu, liver)), ("tumor 1", "", contours_of(hu, mass))]
    ct = read_ct(write_dicom(tmp_path / "ct", hu))
    found = read_segments(write_rtstruct(tmp_path / "rs.dcm", structures), ct)
    labels = sitk.GetImageFromArray(np.where(mass, 2, liver).astype(np.uint8))
    labels.CopyInformation(hu)
    expected = sitk.GetArrayFromImage(sitk.DICOMOrient(labels, "LPS"))
    assert np.array_equal(found.array, expected)
    assert not codes(found)


def test_a_keyhole_is_a_hole_and_cuts_nothing(phantom, ct, plan, truth):
    """One outline that goes in along a line, around the hole, and out along the same line (PS3.3 C.8.8.6.3)."""
    outer = [(40.5, 40.5), (80.5, 40.5), (80.5, 80.5), (40.5, 80.5)]
    hole = [(50.5, 50.5), (50.5, 60.5), (62.5, 60.5), (62.5, 50.5)]
    keyhole = [outer[0], *hole, hole[0], *outer]
    indices = np.column_stack([keyhole, np.full(len(keyhole), 7)])
    found = read_segments(plan([("Liver", "", [mm(phantom[1], indices)])]), ct)
    expected = np.zeros_like(truth)
    expected[7, 41:81, 41:81] = 1
    expected[7, 51:61, 51:63] = 0
    assert np.array_equal(found.array, expected)


def test_structures_are_told_by_name_by_code_and_by_labels(ct, plan, both):
    (_, _, liver), (_, _, mass) = both
    point = [liver[0][:1]]
    names = [("BODY", "", liver), ("ROI 2", "Liver", liver), ("GTV", "", mass), ("Isocentre", "", point)]
    read = read_segments(plan(names), ct)
    assert codes(read) == {"segments_other": "pass", "segments_unknown": "withhold"}
    assert "segment 3 (" in read.findings[-1].message
    assert not (read.array == 2).any()
    for said in ("tumor=3", "tumor=GTV"):
        answered = read_segments(plan(names), ct, parse_labels(said))
        assert codes(answered) == {"segments_other": "pass"}
        assert (answered.array == 2).any()


def test_one_file_may_be_given_for_one_role(ct, plan, both, truth, tmp_path):
    tumour = write_rtstruct(tmp_path / "gtv.dcm", [("GTV", "", both[1][2])])
    found = read_segments([Source.parse(f"liver={plan(both[:1])}"), Source.parse(f"tumor={tumour}")], ct)
    assert np.array_equal(found.array, truth)


@pytest.mark.parametrize(
    ("moved", "sentence"),
    [((0, 0, 0.4), "do not lie on the slices"), ((0, 0, 60), "beyond the first or last slice")],
    ids=["between slices", "elsewhere"],
)
def test_contours_that_are_not_on_the_slices_are_refused(phantom, ct, plan, truth, moved, sentence):
    liver = contours_of(phantom[1], truth > 0, moved)
    with pytest.raises(BadInput, match=sentence):
        read_segments(plan([("Liver", "", liver)]), ct)


def test_contours_of_thicker_slices_are_refused_and_a_forgotten_one_is_told(phantom, ct, plan, truth):
    """Filled where they are, every other slice would be empty."""
    filled = np.flatnonzero((truth > 0).any(axis=(1, 2)))
    assert len(filled) > 6
    every_other, without_one = truth > 0, truth > 0
    every_other[filled[1::2]] = False
    without_one[filled[3]] = False
    with pytest.raises(BadInput, match="2 slices apart"):
        read_segments(plan([("Liver", "", contours_of(phantom[1], every_other))]), ct)
    found = read_segments(plan([("Liver", "", contours_of(phantom[1], without_one))]), ct)
    assert np.array_equal(found.array > 0, without_one)
    assert codes(found) == {"contours_skipped": "warn"}


def test_small_lesions_on_slices_of_their_own_are_no_gaps(phantom, ct, plan, both, truth):
    mass = np.zeros(truth.shape, bool)
    for k, row in ((3, 50), (5, 60), (7, 70), (9, 80)):
        mass[k, row : row + 4, 60:64] = True
    found = read_segments(plan([both[0], ("Lesions", "", contours_of(phantom[1], mass))]), ct)
    assert np.array_equal(found.array == 2, mass)
    assert not codes(found)


def test_outlines_that_cross_are_told(phantom, ct, plan, both, truth):
    one, other = np.zeros(truth.shape, bool), np.zeros(truth.shape, bool)
    one[7, 60:70, 50:60] = other[7, 65:75, 55:65] = True
    contours = [*contours_of(phantom[1], one), *contours_of(phantom[1], other)]
    found = read_segments(plan([both[0], ("Mass", "", contours)]), ct)
    assert codes(found) == {"contours_cross": "warn"}
    assert np.array_equal(found.array == 2, one ^ other)


def test_contours_beyond_the_field_of_view_are_cut_off_and_told(phantom, ct, plan, truth):
    liver = list(contours_of(phantom[1], truth > 0, (-40, 0, 0)))
    found = read_segments(plan([("Liver", "", liver)]), ct)
    expected = np.zeros(truth.shape, bool)
    expected[:, :, :-40] = (truth > 0)[:, :, 40:]
    assert np.array_equal(found.array > 0, expected)
    assert codes(found) == ({"contours_outside": "warn"} if (truth > 0)[:, :, :39].any() else {})


@pytest.mark.parametrize("kind", ["OPEN_PLANAR", "OPEN_NONPLANAR", "POINT"])
def test_what_encloses_nothing_is_refused_where_it_would_count(ct, plan, both, tmp_path, kind):
    lines = write_rtstruct(tmp_path / "lines.dcm", [("Mass", "", both[1][2]), ("Liver", "", both[0][2])], kind=kind)
    with pytest.raises(BadInput, match=rf"structure 1 .*of the RTSTRUCT.*{kind}|is empty"):
        read_segments([Source.parse(f"liver={plan(both[:1])}"), Source(lines)], ct)


def test_a_point_among_outlines_is_no_harm(ct, plan, both, truth):
    def change(data):
        point = data.ROIContourSequence[1].ContourSequence[0]
        point.ContourGeometricType, point.ContourData = "POINT", point.ContourData[:3]

    lost = np.flatnonzero((truth == 2).any(axis=(1, 2)))[0]
    expected = np.where(truth == 2, 1, truth)
    expected[lost + 1 :] = truth[lost + 1 :]
    assert np.array_equal(read_segments(plan(change=change), ct).array, expected)


def test_a_line_that_may_be_anything_asks_and_what_is_said_not_to_count_does_not(ct, plan, both, truth):
    def change(data):
        for contour in data.ROIContourSequence[2].ContourSequence:
            contour.ContourGeometricType = "OPEN_PLANAR"

    path = plan([*both, ("Needle", "", both[1][2])], change=change)
    with pytest.raises(BadInput, match=r"structure 3 .*--labels other=3"):
        read_segments(path, ct)
    found = read_segments(path, ct, parse_labels("other=3"))
    assert np.array_equal(found.array, truth)
    assert codes(found) == {"segments_left_out": "pass"}


def test_another_frame_of_reference_is_refused(phantom, ct, plan, truth, tmp_path):
    with pytest.raises(BadInput, match="another frame of reference"):
        read_segments(plan(frame="1.2.99"), ct)
    sitk.WriteImage(phantom[0], str(tmp_path / "ct.nrrd"))  # which names none
    assert np.array_equal(read_segments(plan(frame="1.2.99"), read_ct(tmp_path / "ct.nrrd")).array, truth)


def test_it_is_of_this_patient_and_of_the_study_that_it_refers_to(ct, plan):
    with pytest.raises(BadInput, match="RTSTRUCT belongs to another patient than the CT") as told:
        read_segments(plan(identifiers={"PatientID": "OTHER-9"}), ct)
    assert "OTHER" not in told.value.message
    assert not codes(read_segments(plan(identifiers={"StudyInstanceUID": "1.2.99"}), ct))
    elsewhere = plan(identifiers={"StudyInstanceUID": "1.2.99"}, study="1.2.98")
    assert codes(read_segments(elsewhere, ct)) == {"segmentation_study": "withhold"}


SERIES_OF_THE_CT = "1.2.826.0.1.3680043.8.498.1"


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (["1.2.99"], {"segmentation_series": "warn"}),
        (["1.2.99", SERIES_OF_THE_CT], {}),
        ([SERIES_OF_THE_CT], {}),
        ([], {}),
    ],
    ids=["another", "the CT's among others", "the CT's", "none named"],
)
def test_another_series_of_the_same_frame_is_told(phantom, ct, plan, truth, tmp_path, series, expected):
    def change(data):
        study = data.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
        study.RTReferencedSeriesSequence = [Dataset() for _ in series]
        for item, uid in zip(study.RTReferencedSeriesSequence, series, strict=True):
            item.SeriesInstanceUID = uid

    path = plan(change=change)
    found = read_segments(path, ct)
    assert codes(found) == expected
    assert np.array_equal(found.array, truth)
    sitk.WriteImage(phantom[0], str(tmp_path / "ct.nrrd"))  # of no series
    assert not codes(read_segments(path, read_ct(tmp_path / "ct.nrrd")))


def test_contours_of_a_structure_that_is_not_listed_ask_for_their_name(ct, plan, truth):
    path = plan(change=lambda data: data.StructureSetROISequence.pop(1))
    found = read_segments(path, ct)
    assert codes(found) == {"segments_unknown": "withhold"}
    voxel_ml = np.prod(ct.image.GetSpacing()) / 1000
    (asked,) = found.findings[-1].values["segments"]
    assert (asked["number"], asked["ml"]) == (2, pytest.approx((truth == 2).sum() * voxel_ml))
    assert not (found.array == 2).any()
    answered = read_segments(path, ct, parse_labels("tumor=2"))
    assert not codes(answered)
    assert np.array_equal(answered.array, truth)


@pytest.mark.parametrize(
    ("sequence", "keyword"),
    [("StructureSetROISequence", "ROINumber"), ("ROIContourSequence", "ReferencedROINumber")],
)
def test_two_structures_with_one_number_are_refused(ct, plan, sequence, keyword):
    def change(data):
        setattr(data[sequence].value[1], keyword, 1)

    with pytest.raises(BadInput, match=rf"two structures with the number 1 \({keyword}\)"):
        read_segments(plan(change=change), ct)


def test_a_tumour_without_contours_is_told_and_other_structures_without_are_not(ct, plan, both):
    found = read_segments(plan([both[0], ("Tumor", "", []), ("BODY", "", []), ("Anna Smith", "", [])]), ct)
    assert codes(found) == {"contours_missing": "warn"}
    assert found.findings[0].message.startswith("Segment 2 ('tumor') has no contours")
    named = read_segments(plan([both[0], ("Anna Smith", "", [])]), ct, parse_labels("tumor=2"))
    assert named.findings[0].message.startswith("Segment 2 has no contours")  # free text stands in no finding


def test_a_line_is_refused_by_its_name(ct, plan, both):
    def change(data):
        data.ROIContourSequence[1].ContourSequence[0].ContourGeometricType = "OPEN_PLANAR"

    with pytest.raises(BadInput, match=r"structure 2 \('Mass'\) of the RTSTRUCT"):
        read_segments(plan(change=change), ct)


def without(name):
    return lambda data: delattr(data, name)


def of_first_contour(**values):
    def change(data):
        contour = data.ROIContourSequence[0].ContourSequence[0]
        for name, value in values.items():
            setattr(contour, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without("StructureSetROISequence"), "damaged or incomplete"),
        (without("ROIContourSequence"), "damaged or incomplete"),
        (of_first_contour(ContourData=["1", "2", "3", "4"]), "damaged or incomplete"),
        (lambda data: data.ROIContourSequence.clear(), "is empty"),
        (lambda data: setattr(data, "Modality", "RTPLAN"), "no DICOM SEG or RTSTRUCT"),
    ],
    ids=["no structures", "no contours at all", "numbers missing", "empty", "another object"],
)
def test_what_is_wrong_with_a_plan_is_a_sentence(ct, plan, change, sentence):
    with pytest.raises(BadInput, match=sentence) as told:
        read_segments(plan(change=change), ct)
    assert "Error" not in told.value.message


def test_a_contour_without_points_or_with_two_encloses_nothing(phantom, ct, plan, both, truth):
    (_, _, liver), (_, _, mass) = both
    odd = [np.zeros((0, 3)), liver[0][:2]]
    assert np.array_equal(read_segments(plan([("Liver", "", liver + odd), ("Mass", "", odd + mass)]), ct).array, truth)


def test_an_offset_moves_the_contour(ct, plan, truth):
    x = 3 * ct.image.GetSpacing()[0]

    def change(data):
        for item in data.ROIContourSequence[1].ContourSequence:
            item.ContourOffsetVector = [f"{x:.3f}", "0", "0"]

    found = read_segments(plan(change=change), ct)
    assert np.array_equal(found.array[:, :, 3:] == 2, (truth == 2)[:, :, :-3])


numbers = st.integers(-300, 1500).map(lambda n: n / 100 + 0.0037)
outlines = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=9).map(np.array)


@settings(max_examples=30)
@given(st.lists(outlines, min_size=1, max_size=3))
def test_a_pixel_is_in_where_its_centre_is_inside_an_odd_number_of_outlines(shapes):
    found = fill(shapes, (11, 12))
    expected = [[is_inside(shapes, column + SHIFT[0], row + SHIFT[1]) for column in range(12)] for row in range(11)]
    assert np.array_equal(found, expected)


@settings(max_examples=20)
@given(outlines, outlines, st.integers(0, 8))
def test_where_an_outline_begins_and_which_way_it_runs_is_all_the_same(one, other, start):
    whole = fill([one], (11, 12)) ^ fill([other], (11, 12))
    assert np.array_equal(fill([np.roll(one, start, axis=0)[::-1], other], (11, 12)), whole)


def test_outlines_through_pixel_centres_do_not_hang_on_rounding():
    """As programs write them that take a mask's outermost pixels for its outline: one row and column fall off."""
    square = np.array([(2.0, 3.0), (6.0, 3.0), (6.0, 8.0), (2.0, 8.0)])
    expected = np.zeros((11, 12), bool)
    expected[3:8, 2:6] = True
    rng = np.random.default_rng(1)
    for _ in range(20):
        assert np.array_equal(fill([square + rng.uniform(-4e-4, 4e-4, square.shape)], (11, 12)), expected)


def test_nor_do_diagonals_through_pixel_centres():
    low, high = 1.1, 9.7
    triangle = np.array([(low, low), (high, high), (high, low)])
    column, row = np.meshgrid(np.arange(12), np.arange(11))
    expected = (column >= row) & (row > low) & (column < high)
    for start in range(3):
        turned = np.roll(triangle, start, axis=0)
        for shift in (0.0, 1e-9, -1e-9):
            assert np.array_equal(fill([turned + np.array((shift, 0))], (11, 12)), expected)
            assert np.array_equal(fill([turned[::-1] + np.array((0, shift))], (11, 12)), expected)
