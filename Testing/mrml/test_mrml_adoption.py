"""A segmentation from the scene is used where it is: the reader's own segments, on the CT they were drawn on."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
import slicer

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.mrml import adoption, origin_marks, segment_voxels, segments, volumes
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin

SIZE, SPACING = (40, 36, 20), (0.8, 0.75, 5.0)
MODEL = {
    "id": "m", "title": "M", "version": "1", "sha256": "0" * 64, "licence": "CC0", "for_patients": False,
    "shipped": True, "warning": "Not for patients.",
}  # fmt: skip


def ct(shift=(0.0, 0.0, 0.0), spacing=SPACING, name="CT of somebody"):
    image = sitk.GetImageFromArray(np.random.default_rng(3).integers(-100, 200, SIZE[::-1]).astype(np.int16))
    image.SetSpacing(spacing)
    image.SetOrigin([a + b for a, b in zip((-12.5, 3.25, -1004.0), shift, strict=True)])
    return volumes.add_volume(image, name)


def boxes():
    """Masks of a liver and two lesions in it."""
    liver, first, second = (np.zeros(SIZE[::-1], bool) for _ in range(3))
    liver[4:15, 6:30, 5:33] = True
    first[7:10, 12:18, 20:28] = True
    second[11:13, 8:12, 10:16] = True
    return liver, first, second


def drawn(volume, **masks):
    """A reader's segmentation: one segment per name, underscores for spaces."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "from the PACS")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for name, mask in masks.items():
        identifier = node.GetSegmentation().AddEmptySegment("", name.replace("_", " "))
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, identifier, volume)
    return node


def names(node):
    segmentation = node.GetSegmentation()
    return [segmentation.GetSegment(i).GetName() for i in segmentation.GetSegmentIDs()]


def test_single_segments_count_where_they_are_under_their_own_names():
    volume, (liver, first, _) = ct(), boxes()
    node = drawn(volume, Leber=liver, HCC=first)
    ids, colours = node.GetSegmentation().GetSegmentIDs(), [1.0, 0.0, 0.0]
    node.GetSegmentation().GetSegment(ids[1]).SetColor(colours)
    adopted, finding = adoption.adopt(node, volume)
    assert adopted is node
    assert finding is None
    assert node.GetSegmentation().GetSegmentIDs() == ids  # no second, dead copy
    assert names(node) == ["Leber", "HCC"]
    assert list(node.GetSegmentation().GetSegment(ids[1]).GetColor()) == colours
    assert segments.segment_ids(node, "liver") == [ids[0]]
    assert segments.segment_ids(node, "tumor") == [ids[1]]
    assert "SCT^108369006^Neoplasm" in segments.tag(node, "tumor", "TerminologyEntry")
    assert segments.tag(node, "tumor", segments.ALGORITHM_TYPE) == "MANUAL"


def test_what_the_reader_edits_is_what_counts():
    volume, (liver, first, _) = ct(), boxes()
    node, _ = adoption.adopt(drawn(volume, liver=liver, HCC=first), volume)
    before = segments.content_hashes(node)
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        np.zeros(first.shape, np.uint8), node, segments.segment_ids(node, "tumor")[0], volume
    )
    assert segments.compare(node).volumes_ml["tumor"] == 0
    assert segments.content_hashes(node)["tumor"] != before["tumor"]
    assert not (sitk.GetArrayFromImage(segments.label_map(node, volume)) == 2).any()


def test_several_lesions_stay_and_count_as_their_union():
    volume, (liver, first, second) = ct(), boxes()
    node, _ = adoption.adopt(drawn(volume, Liver=liver, tumor_1=first, tumor_2=second), volume)
    assert names(node) == ["Liver", "tumor 1", "tumor 2"]
    voxel = np.prod(SPACING) / 1000
    assert segments.compare(node).volumes_ml["tumor"] == pytest.approx((first | second).sum() * voxel)
    labels = sitk.GetArrayFromImage(segments.label_map(node, volume))
    np.testing.assert_array_equal(labels == 2, first | second)
    one, _ = adoption.adopt(drawn(volume, liver=liver, tumor=first | second), volume)
    assert segments.content_hashes(one) == segments.content_hashes(node)


def test_a_segment_that_nobody_can_place_is_named_and_an_empty_one_is_not():
    volume, (liver, first, second) = ct(), boxes()
    node, _ = adoption.adopt(drawn(volume, liver=liver, HCC=first, finding_7=second, empty=second & first), volume)
    assert segments.not_counted(node, None) == ["finding 7"]


def test_a_parenchyma_alone_becomes_the_whole_liver_so_that_erased_tumour_falls_back_to_it():
    volume, (liver, first, _) = ct(), boxes()
    node, _ = adoption.adopt(drawn(volume, parenchyma=liver & ~first, HCC=first), volume)
    assert names(node) == ["liver", "HCC"]
    tumour = segments.segment_ids(node, "tumor")[0]
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.zeros(first.shape, np.uint8), node, tumour, volume)
    assert segments.compare(node).volumes_ml["parenchyma"] == pytest.approx(liver.sum() * np.prod(SPACING) / 1000)


@pytest.mark.parametrize("shift", [4.0, 4.5, 60.0])
def test_a_segmentation_of_another_ct_is_asked_about_with_the_distance(shift):
    """4.0 mm is a whole number of voxels: the lattice alone does not tell."""
    other, volume = ct((shift, 0, 0)), ct()
    liver, first, _ = boxes()
    liver[:, :, 20:] = False  # still inside the CT after the smaller shifts
    node = drawn(other, liver=liver, HCC=first & liver)
    slicer.mrmlScene.RemoveNode(other)
    before = segment_voxels.cropped_segment(node, node.GetSegmentation().GetSegmentIDs()[0])
    with pytest.raises(
        BadInput, match=rf"not (drawn on|lie on) this CT: their grid lies {shift:.1f} mm off this one's"
    ):
        adoption.adopt(node, volume)
    after = segment_voxels.cropped_segment(node, node.GetSegmentation().GetSegmentIDs()[0])
    np.testing.assert_array_equal(before[0], after[0])  # it was asked, not changed
    np.testing.assert_array_equal(before[1], after[1])


def test_a_segmentation_far_off_is_refused_whatever_the_reader_says():
    other, volume = ct((500.0, 0, 0)), ct()
    liver, first, _ = boxes()
    for all_the_same in (False, True):
        with pytest.raises(BadInput, match=r"500\.0 mm off this one's; 0 % of them are inside") as error:
            adoption.adopt(drawn(other, liver=liver, HCC=first), volume, all_the_same)
        assert not isinstance(error.value, adoption.DrawnElsewhere)


def test_another_ct_of_the_same_grid_is_asked_about_too():
    """The arterial phase beside the portal venous one, or a clone."""
    other, volume = ct(name="Mueller^Karl arterial"), ct()
    liver, first, _ = boxes()
    node = drawn(other, liver=liver, HCC=first)
    with pytest.raises(adoption.DrawnElsewhere, match="another CT of this scene with the same grid") as error:
        adoption.adopt(node, volume)
    assert "Mueller" not in error.value.message
    adopted, finding = adoption.adopt(node, volume, all_the_same=True)
    assert adopted is node
    assert finding.level == "warn"
    assert "A reader has chosen them all the same" in finding.message


def test_segments_of_another_grid_are_resampled_only_when_the_reader_wants_it_and_the_original_stays():
    thin = ct(spacing=(0.8, 0.75, 2.5))
    volume = ct()
    liver, first, _ = boxes()
    node = drawn(thin, liver=liver, HCC=first)
    before = segments.content_hashes(node)
    with pytest.raises(
        adoption.DrawnElsewhere, match=r"voxels measure 0.80 x 0.75 x 2.50 mm, this CT's 0.80 x 0.75 x 5"
    ):
        adoption.adopt(node, volume)
    adopted, finding = adoption.adopt(node, volume, all_the_same=True)
    assert adopted is not node
    assert segments.content_hashes(node) == before
    assert names(adopted) == ["liver", "HCC"]
    assert "They were resampled (100.0 % of their volume is inside)" in finding.message
    assert segments.compare(adopted).volumes_ml["liver"] == pytest.approx(
        liver.sum() * 0.8 * 0.75 * 2.5 / 1000, rel=0.1
    )
    segments.label_map(adopted, volume)


def test_a_part_of_the_ct_s_own_grid_is_its_own():
    """Label maps are often cropped to the organ: the same voxels, nothing to ask."""
    volume, (liver, first, _) = ct(), boxes()
    matrix = slicer.util.arrayFromVTKMatrix(_ijk_to_ras(volume))
    matrix[:3, 3] += matrix[:3, :3] @ [5, 6, 4]
    cropped = slicer.util.addVolumeFromArray(np.zeros((11, 24, 28), np.int16), ijkToRAS=matrix)
    node = drawn(cropped, liver=liver[4:15, 6:30, 5:33], HCC=first[4:15, 6:30, 5:33])
    slicer.mrmlScene.RemoveNode(cropped)
    adopted, finding = adoption.adopt(node, volume)
    assert adopted is node
    assert finding is None
    np.testing.assert_array_equal(sitk.GetArrayFromImage(segments.label_map(node, volume)) > 0, liver)


def _ijk_to_ras(volume):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix


def test_segments_that_were_moved_after_adoption_are_not_resampled_in_silence():
    import vtk

    volume, (liver, first, _) = ct(), boxes()
    node, _ = adoption.adopt(drawn(volume, liver=liver, HCC=first), volume)
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 0.3)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())
    assert node.HardenTransform()
    with pytest.raises(BadInput, match="do not lie on the voxels of this CT"):
        segments.label_map(node, volume)


# Who drew them


def automatic(volume):
    """What a model drew, marked, with its hidden copy."""
    liver, first, _ = boxes()
    labels = sitk.GetImageFromArray((liver.astype(np.uint8) + first).astype(np.uint8))
    labels.CopyInformation(sitk.DICOMOrient(volumes.image_of(volume), "LPS"))
    node = segments.add_segmentation(volume, "PTLF segments")
    segments.write(node, volume, labels, "PTLF m 1")
    origin_marks.mark_origin(node, Origin(Drawn.MODEL, Known.RUN, MODEL))
    segments.keep_automatic(node, volume)
    return node


def erase(node, volume, voxels):
    array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", volume))
    flat = np.flatnonzero(array)[:voxels]
    array.ravel()[flat] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "tumor", volume)


def test_the_share_of_changed_voxels_is_of_the_union_of_both_organs():
    volume, (liver, _, _) = ct(), boxes()
    node = automatic(volume)
    copy = segments.automatic_of(node)
    assert segments.compare(node, copy).changed == 0
    erase(node, volume, 7)
    assert segments.compare(node, copy).changed == 7 / liver.sum()
    grown = liver.copy()
    grown[4:6, 30:32, 5:33] = True  # 112 voxels more: the union grows with them
    slicer.util.updateSegmentBinaryLabelmapFromArray(grown.astype(np.uint8), node, "liver", volume)
    assert segments.compare(node, copy).changed == (7 + 112) / grown.sum()


def test_origin_and_automatic_copy_survive_a_saved_scene(tmp_path):
    node = automatic(ct())
    assert slicer.util.saveScene(str(tmp_path / "s.mrb"))
    slicer.mrmlScene.Clear(0)
    slicer.util.loadScene(str(tmp_path / "s.mrb"))
    node = slicer.util.getNode("PTLF segments")
    volume = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    adoption.adopt(node, volume)
    origin = origin_marks.origin_of(node)
    assert (origin.drawn, origin.known, origin.model["sha256"]) == (Drawn.MODEL, Known.FILE, "0" * 64)
    erase(node, volume, 5)
    assert segments.compare(node, segments.automatic_of(node)).changed > 0
    assert not origin_marks.changed_unseen(node)


def test_changes_that_nobody_can_measure_are_known_as_such():
    volume = ct()
    node = automatic(volume)
    slicer.mrmlScene.RemoveNode(segments.automatic_of(node))
    assert not origin_marks.changed_unseen(node)
    erase(node, volume, 1)
    assert origin_marks.changed_unseen(node)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"drawn": "model"}', '{"drawn": "model", "model": {"id": "m"}}', '{"drawn": "an oracle"}',
     '{"drawn": "model", "drawn": "hand"}', '{"drawn": "hand", "changed": "much"}'],
)  # fmt: skip
def test_a_mark_that_cannot_be_read_is_an_unknown_origin(text):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    node.SetAttribute(origin_marks.ORIGIN, text)
    assert origin_marks.origin_of(node) == Origin()


def test_a_clone_of_marked_segments_keeps_the_mark():
    volume = ct()
    node = automatic(volume)
    clone = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    clone.Copy(node)
    assert origin_marks.origin_of(clone).model == MODEL
    assert json.loads(clone.GetAttribute(origin_marks.DRAWN)) == segments.content_hashes(clone)
    slicer.mrmlScene.RemoveNode(node)
    segments.drop_orphans()
    assert segments.automatic_of(clone) is not None


def test_a_model_s_segments_that_are_copied_into_a_readers_own_keep_the_mark():
    """Data module, Segmentations: a segment goes from one segmentation into another, the node's attributes do not."""
    volume = ct()
    node = automatic(volume)
    own = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "my own")
    for identifier in ("liver", "tumor"):
        assert own.GetSegmentation().CopySegmentFromSegmentation(node.GetSegmentation(), identifier)
    adoption.adopt(own, volume)
    assert origin_marks.origin_of(own).model == MODEL
    assert not origin_marks.changed_unseen(own)
    erase(own, volume, 1)
    assert origin_marks.changed_unseen(own)


def test_the_mark_survives_a_saved_and_reloaded_seg_nrrd(tmp_path):
    volume = ct()
    node = automatic(volume)
    path = str(tmp_path / "a.seg.nrrd")
    assert slicer.util.saveNode(node, path)
    loaded = slicer.util.loadSegmentation(path)
    adoption.adopt(loaded, volume)
    assert origin_marks.origin_of(loaded).model == MODEL
    assert not origin_marks.changed_unseen(loaded)


def test_segments_without_any_mark_are_of_unknown_origin():
    """The other direction: nobody is said to be a model who is none."""
    volume, (liver, first, _) = ct(), boxes()
    node, _ = adoption.adopt(drawn(volume, liver=liver, HCC=first), volume)
    assert origin_marks.origin_of(node) == Origin()
    assert not origin_marks.changed_unseen(node)


def test_no_name_of_a_ct_is_a_name_of_a_node_of_ours():
    volume = ct(name="Mueller^Karl")
    automatic(volume)
    ours = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode")]
    assert not [name for name in ours if "Mueller" in name], ours
