"""Lesions of the scene: measured as in the record, left out and counted again exactly, whatever a brush does."""

import numpy as np
import pytest
import SimpleITK as sitk
import slicer

from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.mrml import adoption, dicom, lesions, origin_marks, segments, volumes
from PTLFPredictorLib.mrml.watch import SegmentsWatch
from PTLFPredictorLib.segmentation import lesions as measured
from PTLFPredictorLib.segmentation.names import Role
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.segmentation.reading import read_segments

SHAPE, SPACING = (12, 40, 44), (0.8, 0.75, 5.0)
LARGE, SMALL, SPECK = np.s_[3:6, 10:18, 12:22], np.s_[8:10, 25:30, 25:30], np.s_[2:3, 30:31, 8:9]
MODEL = {
    "id": "m", "title": "M", "version": "1", "sha256": "0" * 64, "licence": "CC0", "for_patients": False,
    "shipped": False, "warning": "Not for patients.",
}  # fmt: skip


@pytest.fixture
def labels():
    array = np.zeros(SHAPE, np.uint8)
    array[1:11, 5:36, 4:40] = 1
    for place in (LARGE, SMALL, SPECK):
        array[place] = 2
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(SPACING)
    image.SetOrigin((-12.5, 3.25, -104.0))
    return image


@pytest.fixture
def volume(labels):
    hu = np.full(SHAPE, 100, np.int16)
    for place, value in ((LARGE, 60), (SMALL, 6), (SPECK, 200)):
        hu[place] = value
    image = sitk.GetImageFromArray(hu)
    image.CopyInformation(labels)
    return volumes.add_volume(image, "CT of somebody")


@pytest.fixture
def node(volume, labels):
    """What a model drew, with the copy of it."""
    node = segments.add_segmentation(volume, "segments")
    segments.write(node, volume, labels, "m 1")
    origin_marks.mark_origin(node, Origin(Drawn.MODEL, Known.RUN, MODEL))
    segments.keep_automatic(node, volume)
    return node


def leave_out(node, volume, number, counted=False):
    return lesions.count(node, lesions.listed(node, volume)[number - 1], counted)


def array_of(node, volume):
    return sitk.GetArrayFromImage(segments.canonical_label_map(node, volume))


def brush(node, volume, role, place, on):
    """A stroke of the Segment Editor on one segment."""
    identifier = segments.segment_ids(node, role)[0]
    mask = segments.union(node, [identifier], volume)
    mask[place] = on
    segments.fill(node, identifier, mask, volume)


def test_the_largest_is_first_and_measured_as_in_the_record(node, volume, labels):
    found = lesions.listed(node, volume)
    record = measured.of_label_map(segments.canonical_label_map(node, volume))
    assert [(one.volume_ml, one.diameter_mm) for one in found] == [(one.volume_ml, one.diameter_mm) for one in record]
    assert [one.number for one in found] == [1, 2, 3]
    assert [one.mean_hu for one in found] == [60, 6, 200]
    assert found[0].volume_ml == pytest.approx(240 * 0.8 * 0.75 * 5 / 1000)
    assert all(one.counted for one in found)


@pytest.mark.parametrize("axes", ["LPS", "RAS", "LSP", "PIR"])
def test_diameters_are_axial_whatever_the_axes_of_the_volume_are(labels, axes):
    image = sitk.DICOMOrient(labels, axes)
    volume = volumes.add_volume(sitk.Cast(image, sitk.sitkInt16), "CT")
    node = segments.add_segmentation(volume, "segments")
    segments.write(node, volume, labels, "m 1")
    found, expected = lesions.listed(node, volume), measured.of_label_map(labels)
    assert [one.diameter_mm for one in found] == pytest.approx([one.diameter_mm for one in expected])
    assert leave_out(node, volume, 2)
    array = array_of(node, volume)
    assert (array[SMALL] == 3).all()
    assert np.count_nonzero(array == 3) == 50


def test_its_place_is_a_voxel_of_it(node, volume):
    for one, place in zip(lesions.listed(node, volume), (LARGE, SMALL, SPECK), strict=True):
        index = [round(float(x)) for x in np.linalg.solve(_ijk_to_ras(volume), [*one.place, 1.0])[:3]]
        inside = np.zeros(SHAPE, bool)
        inside[place] = True
        assert inside[tuple(reversed(index))]


def _ijk_to_ras(volume):
    from PTLFPredictorLib.mrml.segment_voxels import ijk_to_ras

    return ijk_to_ras(volume)


def test_left_out_it_is_label_3_and_nothing_else_moves(node, volume, labels):
    before = sitk.GetArrayFromImage(labels)
    assert leave_out(node, volume, 2)
    after = array_of(node, volume)
    expected = before.copy()
    expected[SMALL] = 3
    assert np.array_equal(after, expected)
    assert np.array_equal(segments.union(node, ["liver"], volume), before > 0)
    found = lesions.listed(node, volume)
    assert [(one.number, one.counted) for one in found] == [(1, True), (2, False), (3, True)]
    share = segments.compare(node, segments.automatic_of(node)).changed
    assert share == pytest.approx(50 / np.count_nonzero(before))


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_counted_again_everything_is_as_it_was(node, volume, labels, order):
    before, ids = segments.content_hashes(node), node.GetSegmentation().GetSegmentIDs()
    for number in order:
        assert leave_out(node, volume, number)
    assert not (array_of(node, volume) == 2).any()
    assert len(lesions.listed(node, volume)) == 3
    for number in order:
        assert leave_out(node, volume, number, counted=True)
    assert segments.content_hashes(node) == before
    assert node.GetSegmentation().GetSegmentIDs() == ids  # no empty segment stays
    assert np.array_equal(array_of(node, volume), sitk.GetArrayFromImage(labels))


def test_a_reader_s_several_segments_get_back_what_was_theirs(volume, labels):
    """Two segments that touch are one lesion: left out and back, segment by segment."""
    array = sitk.GetArrayFromImage(labels)
    touching = np.s_[3:6, 18:22, 12:22]
    masks = {"Leber": array > 0, "HCC 1": np.zeros(SHAPE, bool), "HCC 2": np.zeros(SHAPE, bool)}
    masks["HCC 1"][LARGE], masks["HCC 2"][touching] = True, True
    node = segments.add_segmentation(volume, "from the PACS")
    for name, mask in masks.items():
        segments.fill(node, node.GetSegmentation().AddEmptySegment("", name), mask, volume)
    node, _ = adoption.adopt(node, volume)
    ids = segments.segment_ids(node, "tumor")
    assert len(lesions.listed(node, volume)) == 1
    assert leave_out(node, volume, 1)
    assert len(segments.segment_ids(node, "excluded")) == 2
    assert all(segments.is_empty(node, i) for i in ids)
    assert leave_out(node, volume, 1, counted=True)
    for identifier, name in zip(ids, ("HCC 1", "HCC 2"), strict=True):
        assert np.array_equal(segments.union(node, [identifier], volume), masks[name])
    assert segments.segment_ids(node, "excluded") == []


def test_a_lesion_that_is_gone_is_not_touched(node, volume):
    old = lesions.listed(node, volume)[1]
    brush(node, volume, "tumor", SMALL, False)
    before = segments.content_hashes(node)
    assert not lesions.count(node, old, False)
    assert segments.content_hashes(node) == before


def test_who_drew_it_goes_along_and_its_names_are_safe(node, volume):
    leave_out(node, volume, 2)
    segment = node.GetSegmentation().GetSegment(segments.segment_ids(node, "excluded")[0])
    assert segments.role_of(segment) is Role.EXCLUDED
    assert segments.tag_of(segment, origin_marks.ORIGIN) == segments.tag(node, "tumor", origin_marks.ORIGIN)
    assert segments.tag_of(segment, segments.ALGORITHM_NAME) == "m 1"
    assert segments.not_counted(node, None) == segments.not_counted(node, Role.OTHER) == []


# Hashes


def test_hashes_without_a_lesion_left_out_are_as_before(node, volume):
    """Scenes of earlier versions stay fresh; and with one, any change of it is a change."""
    assert set(segments.content_hashes(node)) == {"liver", "tumor"}
    leave_out(node, volume, 2)
    before = segments.content_hashes(node)
    assert set(before) == {"liver", "tumor", "excluded"}
    brush(node, volume, "excluded", np.s_[8:9, 25:26, 25:26], False)
    after = segments.content_hashes(node)
    assert {role for role in before if before[role] != after[role]} == {"excluded"}


def test_the_watch_tells_that_one_was_left_out_and_that_it_is_back(node, volume):
    watch = SegmentsWatch(lambda: None)
    watch.observe(node)
    leave_out(node, volume, 2)
    assert watch.changed() == ["tumor", "excluded"]
    leave_out(node, volume, 2, counted=True)
    assert watch.changed() == ["tumor", "excluded"]
    assert watch.changed() == []
    watch.observe(None)


# Strokes


@pytest.mark.parametrize(
    ("changed", "label"), [(["tumor"], 2), (["excluded"], 3), (["tumor", "excluded"], 2), (["liver"], 2)]
)
def test_where_a_stroke_makes_them_overlap_the_last_one_wins(node, volume, changed, label):
    leave_out(node, volume, 2)
    part = np.s_[8:9, 25:28, 25:30]
    if label == 2:
        brush(node, volume, "tumor", part, True)  # tumour over a lesion that is left out
    else:
        part = np.s_[3:4, 10:14, 12:22]
        brush(node, volume, "excluded", part, True)  # left out, a part of the large lesion
    assert lesions.settle(node, changed)
    assert (array_of(node, volume)[part] == label).all()
    both = [segments.union(node, segments.segment_ids(node, role), volume) for role in ("tumor", "excluded")]
    assert not np.logical_and(*both).any()
    assert not lesions.settle(node, changed)


def test_painted_over_whole_it_counts_and_leaves_no_segment_behind(node, volume):
    leave_out(node, volume, 2)
    brush(node, volume, "tumor", SMALL, True)
    assert lesions.settle(node, ["tumor"])
    assert segments.segment_ids(node, "excluded") == []
    assert all(one.counted for one in lesions.listed(node, volume))


def test_erased_it_is_parenchyma(node, volume, labels):
    leave_out(node, volume, 2)
    brush(node, volume, "excluded", SMALL, False)
    assert (array_of(node, volume)[SMALL] == 1).all()
    assert "excluded" not in segments.content_hashes(node)


def test_lesions_that_were_joined_by_a_brush_are_one(node, volume):
    """Left out first, joined to a counted one afterwards: two rows, each with its own voxels; counted, they are one."""
    leave_out(node, volume, 2)
    bridge = np.s_[5:9, 17:26, 20:26]
    brush(node, volume, "tumor", bridge, True)
    lesions.settle(node, ["tumor"])
    found = lesions.listed(node, volume)
    assert [one.counted for one in found] == [True, False, True]
    total = sum(one.volume_ml for one in found)
    assert leave_out(node, volume, 2, counted=True)
    joined = lesions.listed(node, volume)
    assert [one.counted for one in joined] == [True, True]
    assert sum(one.volume_ml for one in joined) == pytest.approx(total)


def test_a_cut_lesion_is_two(node, volume):
    """A cyst beside a tumour, drawn as one: a line between them erased, the cyst unticked, the line given back."""
    line = np.s_[3:6, 10:18, 16:17]
    brush(node, volume, "tumor", line, False)
    found = lesions.listed(node, volume)
    assert len(found) == 4
    lesions.count(node, found[1], False)
    brush(node, volume, "tumor", line, True)
    array = array_of(node, volume)
    assert (array[line] == 2).all()
    assert np.count_nonzero(array == 3) == 3 * 8 * 4


# Copies, files, scenes


def test_the_model_s_copy_has_none_and_restoring_takes_them_away(node, volume, labels):
    leave_out(node, volume, 2)
    automatic = segments.automatic_of(node)
    assert set(segments.content_hashes(automatic)) == {"liver", "tumor"}
    segments.copy(automatic, node, volume)
    assert segments.segment_ids(node, "excluded") == []
    assert np.array_equal(array_of(node, volume), sitk.GetArrayFromImage(labels))


def test_a_label_map_with_a_3_is_written_as_it_is(node, volume):
    leave_out(node, volume, 2)
    other = segments.add_segmentation(volume, "other")
    segments.write(other, volume, segments.label_map(node, volume), "x")
    assert segments.content_hashes(other) == segments.content_hashes(node)
    assert leave_out(other, volume, 2, counted=True)  # and knows no segment that it came from
    assert (array_of(other, volume)[SMALL] == 2).all()


def test_it_survives_a_saved_scene(node, volume, tmp_path):
    leave_out(node, volume, 2)
    before = segments.content_hashes(node)
    assert slicer.util.saveScene(str(tmp_path / "s.mrb"))
    slicer.mrmlScene.Clear(0)
    slicer.util.loadScene(str(tmp_path / "s.mrb"))
    node, volume = slicer.util.getNode("segments"), slicer.util.getNode("CT of somebody")
    assert segments.content_hashes(node) == before
    assert [one.counted for one in lesions.listed(node, volume)] == [True, False, True]
    assert leave_out(node, volume, 2, counted=True)
    assert segments.content_hashes(node) == segments.content_hashes(segments.automatic_of(node))


def test_a_seg_nrrd_says_it_to_the_shell_and_to_another_scene(node, volume, labels, tmp_path):
    leave_out(node, volume, 2)
    expected, path = array_of(node, volume), str(tmp_path / "a.seg.nrrd")
    assert slicer.util.saveNode(node, path)
    ct = canonical(sitk.Cast(labels * 0 + 100, sitk.sitkInt16))
    assert np.array_equal(read_segments(path, ct).array, expected)
    again = slicer.util.loadSegmentation(path)
    again, finding = adoption.adopt(again, volume)
    assert finding is None
    assert np.array_equal(array_of(again, volume), expected)
    assert leave_out(again, volume, 2, counted=True)


@pytest.mark.parametrize(("name", "label"), [("cyst of somebody", 3), ("tumor 2", 2)])
def test_renamed_it_stays_left_out_unless_its_name_says_tumour(node, volume, name, label):
    leave_out(node, volume, 2)
    node.GetSegmentation().GetSegment(segments.segment_ids(node, "excluded")[0]).SetName(name)
    adopted, _ = adoption.adopt(node, volume)
    assert (array_of(adopted, volume)[SMALL] == label).all()


def test_segments_of_another_program_may_say_so(volume, labels):
    """Also where a parenchyma alone was drawn: it gets the lesions, the liver is the whole organ."""
    array = sitk.GetArrayFromImage(labels)
    cyst = np.zeros(SHAPE, bool)
    cyst[SMALL] = True
    node = segments.add_segmentation(volume, "from the PACS")
    parts = {"parenchyma": array == 1, "tumour": (array == 2) & ~cyst, "excluded lesion": cyst}
    for name, mask in parts.items():
        segments.fill(node, node.GetSegmentation().AddEmptySegment("", name), mask, volume)
    node, _ = adoption.adopt(node, volume)
    expected = array.copy()
    expected[SMALL] = 3
    assert np.array_equal(array_of(node, volume), expected)


def test_contours_of_a_plan_may_say_so(node, volume):
    """RTSTRUCT: structures by name, contours filled on the voxels of the CT."""
    leave_out(node, volume, 2)
    plan = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "RTSTRUCT")
    source = node.GetSegmentation()
    plan.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    source.CreateRepresentation("Closed surface")
    plan.GetSegmentation().SetSourceRepresentationName("Closed surface")
    for role, name in (("liver", "Liver"), ("tumor", "GTV tumor"), ("excluded", "Lesion not counted")):
        segment = slicer.vtkSegment()
        segment.SetName(name)
        surface = source.GetSegment(segments.segment_ids(node, role)[0]).GetRepresentation("Closed surface")
        segment.AddRepresentation("Closed surface", surface)
        plan.GetSegmentation().AddSegment(segment)
    adopted, _ = adoption.adopt(plan, volume)
    array = array_of(adopted, volume)
    assert np.mean(array[8:10, 26:29, 26:29] == 3) > 0.5  # Slicer's surface of a small lesion is rounded
    assert not (array[SMALL] == 2).any()
    assert np.mean(array[LARGE] == 2) > 0.5


def test_dicom_seg_is_written_with_it(node, volume, tmp_path):
    leave_out(node, volume, 2)
    written = []

    class Exporter:
        def __init__(self, node, contentCreatorName):
            pass

        def export(self, folder, name, metadata, ids, skipEmpty):
            written.extend(ids)

        def cleanup(self):
            pass

    dicom.export_dicom_seg(Exporter, node, str(tmp_path), "")
    assert written == ["liver", "tumor", "excluded"]
