"""Segments in a real MRML scene: codes, hashes, volumes, and the voxels of a reader's edits."""

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk
from hypothesis import given, settings
from hypothesis import strategies as st

from PTLFPredictorLib.ct import same_geometry
from PTLFPredictorLib.errors import BadInput, PTLFError
from PTLFPredictorLib.mrml import adoption, dicom, segments, volumes
from PTLFPredictorLib.mrml.watch import SegmentsWatch
from PTLFPredictorLib.segmentation.names import LABEL_OF, Role
from PTLFPredictorLib.segmentation.origin import Origin
from PTLFPredictorLib.segmentation.segments import Segments

SIZE, SPACING = (40, 36, 20), (0.8, 0.75, 5.0)


def ct_image(orientation="LPS"):
    array = np.random.default_rng(3).integers(-100, 200, SIZE[::-1]).astype(np.int16)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(SPACING)
    image.SetOrigin((-12.5, 3.25, -1004.0))
    return sitk.DICOMOrient(image, orientation)


def labels_like(image):
    image = sitk.DICOMOrient(image, "LPS")
    array = np.zeros(image.GetSize()[::-1], np.uint8)
    array[4:15, 6:30, 5:33] = 1
    array[7:10, 12:18, 20:28] = 2
    labels = sitk.GetImageFromArray(array)
    labels.CopyInformation(image)
    return labels


@pytest.fixture(params=["LPS", "RAS", "PIR"])
def case(request):
    """(volume node, segmentation node, label map) for three orders of the index axes."""
    image = ct_image(request.param)
    volume = volumes.add_volume(image, "CT")
    node = segments.add_segmentation(volume, "CT segments")
    labels = labels_like(image)
    segments.write(node, volume, labels, "PTLF demo 1")
    return volume, node, labels


def erase(node, identifier, box):
    array = slicer.util.arrayFromSegmentBinaryLabelmap(node, identifier)
    array = np.array(array)
    array[box] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, identifier)


def test_a_volume_and_its_image_are_the_same_voxels_at_the_same_place(case):
    volume, _, _labels = case
    image = volumes.image_of(volume)
    canonical = sitk.DICOMOrient(image, "LPS")
    np.testing.assert_array_equal(sitk.GetArrayFromImage(canonical), sitk.GetArrayFromImage(ct_image()))
    assert same_geometry(canonical, ct_image())


def test_a_label_map_comes_back_voxel_for_voxel(case):
    volume, node, labels = case
    back = segments.canonical_label_map(node, volume)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(labels))
    assert same_geometry(back, labels)


def test_segments_carry_codes_colours_and_the_algorithm(case):
    _, node, _ = case
    assert node.GetSegmentation().GetSegmentIDs() == ("liver", "tumor")
    terminology = slicer.vtkSegment.GetTerminologyEntryTagName()
    assert "SCT^10200004^Liver" in segments.tag(node, "liver", terminology)
    assert "SCT^108369006^Neoplasm" in segments.tag(node, "tumor", terminology)
    assert segments.tag(node, "tumor", terminology).endswith("SCT^10200004^Liver~^^")
    assert len(segments.tag(node, "liver", terminology).split("~")) == 7
    assert segments.tag(node, "tumor", "DICOM.SegmentAlgorithmType") == "AUTOMATIC"
    assert segments.tag(node, "tumor", "DICOM.SegmentAlgorithmName") == "PTLF demo 1"
    assert node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is not None


def ml(liver, parenchyma, tumor):
    """Volumes of so many voxels."""
    voxel = np.prod(SPACING) / 1000
    return pytest.approx({"liver": liver * voxel, "parenchyma": parenchyma * voxel, "tumor": tumor * voxel})


LIVER_BOX, TUMOUR_BOX = 11 * 24 * 28, 3 * 6 * 8
"""Voxels of `labels_like`: the organ's box, and the tumour's in it."""


def test_volumes_are_voxels_times_their_size_here_and_in_the_library(case):
    _volume, node, labels = case
    expected = ml(LIVER_BOX, LIVER_BOX - TUMOUR_BOX, TUMOUR_BOX)
    assert segments.compare(node).volumes_ml == expected
    assert Segments(labels, Origin()).volumes_ml == expected


def test_erasing_tumour_gives_it_back_to_the_parenchyma(case):
    volume, node, _ = case
    tumour = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", volume))
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.zeros_like(tumour), node, "tumor", volume)
    assert segments.compare(node).volumes_ml == ml(LIVER_BOX, LIVER_BOX, 0)


def test_a_tumour_may_grow_out_of_the_liver(case):
    volume, node, labels = case
    array = sitk.GetArrayFromImage(labels)
    array[2:6, 12:18, 20:28] = 2
    grown = sitk.GetImageFromArray(array)
    grown.CopyInformation(labels)
    tumour = sitk.GetArrayFromImage(volumes.oriented_like(grown, volume)) == 2
    slicer.util.updateSegmentBinaryLabelmapFromArray(tumour.astype(np.uint8), node, "tumor", volume)
    back = sitk.GetArrayFromImage(segments.canonical_label_map(node, volume))
    np.testing.assert_array_equal(back, array)
    outside = inside = 2 * 6 * 8  # of the 4 x 6 x 8 voxels that are added
    expected = ml(LIVER_BOX + outside, LIVER_BOX - TUMOUR_BOX - inside, TUMOUR_BOX + outside + inside)
    assert segments.compare(node).volumes_ml == expected
    assert Segments(grown, Origin()).volumes_ml == expected


def test_the_hash_is_of_the_voxels_alone(case):
    volume, node, labels = case
    before = segments.content_hashes(node)
    segments.write(node, volume, labels, "another name")
    node.GetSegmentation().GetSegment("liver").SetColor(1, 0, 0)
    assert segments.content_hashes(node) == before
    tumour = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", volume))
    where = tuple(index[0] for index in np.nonzero(tumour))
    tumour[where] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(tumour, node, "tumor", volume)
    after = segments.content_hashes(node)
    assert after["liver"] == before["liver"]
    assert after["tumor"] != before["tumor"]


def test_the_hash_survives_save_and_load(case, tmp_path):
    _, node, _ = case
    before = segments.content_hashes(node)
    assert slicer.util.saveScene(str(tmp_path / "case.mrb"))
    slicer.mrmlScene.Clear(0)
    slicer.util.loadScene(str(tmp_path / "case.mrb"))
    loaded = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    assert loaded is not node
    assert segments.content_hashes(loaded) == before


@settings(max_examples=25)
@given(
    low=st.tuples(*[st.integers(0, 10)] * 3),
    extent=st.tuples(*[st.integers(1, 9)] * 3),
)
def test_agreement_is_that_of_whole_arrays(low, extent):
    slicer.mrmlScene.Clear(0)
    image = ct_image()
    volume = volumes.add_volume(image, "CT")
    labels = labels_like(image)
    automatic = segments.add_segmentation(volume, "automatic", hidden=True)
    edited = segments.add_segmentation(volume, "edited")
    segments.write(automatic, volume, labels, "a")
    array = sitk.GetArrayFromImage(labels)
    box = tuple(slice(a, a + b) for a, b in zip(low, extent, strict=True))
    array[box] = 2
    changed = sitk.GetImageFromArray(array)
    changed.CopyInformation(labels)
    segments.write(edited, volume, changed, "b")
    found = segments.compare(edited, automatic)
    hashes = [segments.content_hashes(node) for node in (edited, automatic)]
    assert segments.compare(edited, automatic, hashes) == found  # from the boxes that were just hashed
    for identifier, label in (("liver", 1), ("tumor", 2)):
        a, b = array >= label, sitk.GetArrayFromImage(labels) >= label
        assert found.dice[identifier] == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))
        assert found.change_ml[identifier] == pytest.approx((int(a.sum()) - int(b.sum())) * np.prod(SPACING) / 1000)


def test_the_watch_tells_changed_voxels_and_not_a_changed_colour(case):
    volume, node, labels = case
    heard = []
    watch = SegmentsWatch(lambda: heard.append(1))
    watch.observe(node)
    node.GetSegmentation().GetSegment("liver").SetColor(1, 0, 0)
    node.GetSegmentation().GetSegment("liver").SetName("Liver 2")
    assert watch.changed() == []
    segments.write(node, volume, labels, "PTLF demo 1")  # the same voxels once more
    assert heard
    assert watch.changed() == []
    array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", volume))
    array[:] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "tumor", volume)
    assert watch.changed() == ["tumor"]
    assert watch.changed() == []
    watch.observe(None)
    heard.clear()
    segments.write(node, volume, labels, "PTLF demo 1")
    assert heard == []


def test_the_first_edit_after_loading_a_scene_is_heard(case, tmp_path):
    _, node, _ = case
    assert slicer.util.saveScene(str(tmp_path / "case.mrb"))
    slicer.mrmlScene.Clear(0)
    slicer.util.loadScene(str(tmp_path / "case.mrb"))
    node = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    heard = []
    watch = SegmentsWatch(lambda: heard.append(1))
    watch.observe(node)
    array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor"))
    slicer.util.updateSegmentBinaryLabelmapFromArray(array * 0, node, "tumor")
    assert heard
    assert watch.changed() == ["tumor"]


def test_an_edited_automatic_segment_becomes_semiautomatic(case):
    _, node, _ = case
    segments.mark_edited(node, ["tumor"])
    assert segments.tag(node, "tumor", "DICOM.SegmentAlgorithmType") == "SEMIAUTOMATIC"
    assert segments.tag(node, "liver", "DICOM.SegmentAlgorithmType") == "AUTOMATIC"


def test_a_foreign_segmentation_is_adopted_by_its_names(case):
    volume, _, labels = case
    array = sitk.GetArrayFromImage(volumes.oriented_like(labels, volume))
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "from the PACS")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for name, mask in (("Liver parenchyma", array == 1), ("HCC lesion 1", array == 2), ("Spleen", array == 9)):
        identifier = node.GetSegmentation().AddEmptySegment("", name)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, identifier, volume)
    adoption.adopt(node, volume)
    back = segments.canonical_label_map(node, volume)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(labels))


def test_contours_of_a_radiotherapy_plan_are_adopted_on_the_voxels_of_the_ct(case):
    volume, _, _ = case
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "RTSTRUCT")
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    bounds = [0.0] * 6
    volume.GetRASBounds(bounds)
    centre = [(low + high) / 2 for low, high in zip(bounds[::2], bounds[1::2], strict=True)]
    for name, radius in (("Liver", 12.0), ("GTV tumor", 6.0)):
        sphere = vtk.vtkSphereSource()
        sphere.SetRadius(radius)
        sphere.SetCenter(centre)
        sphere.SetThetaResolution(60)
        sphere.SetPhiResolution(60)
        sphere.Update()
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.AddRepresentation("Closed surface", sphere.GetOutput())
        node.GetSegmentation().AddSegment(segment)
    adoption.adopt(node, volume)
    found = segments.compare(node).volumes_ml
    for name, radius in (("liver", 12.0), ("tumor", 6.0)):
        assert found[name] == pytest.approx(4 / 3 * np.pi * radius**3 / 1000, rel=0.1)
    assert node.GetSegmentation().GetSourceRepresentationName() == "Binary labelmap"
    matrix = vtk.vtkMatrix4x4()
    liver = node.GetSegmentation().GetSegment(segments.segment_ids(node, "liver")[0])
    assert liver.GetName() == "Liver"
    liver.GetRepresentation("Binary labelmap").GetImageToWorldMatrix(matrix)
    spacing = np.linalg.norm(slicer.util.arrayFromVTKMatrix(matrix)[:3, :3], axis=0)
    assert sorted(spacing) == pytest.approx(sorted(SPACING))


def test_a_segmentation_without_liver_is_refused_with_its_segments_named(case):
    volume, _, _ = case
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "spleens")
    node.GetSegmentation().AddEmptySegment("", "Spleen")
    with pytest.raises(BadInput, match=r"segments: Spleen.*Name one 'liver'"):
        adoption.adopt(node, volume)


def test_a_transform_must_be_hardened_unless_it_is_the_identity(case):
    volume, node, _ = case
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "shift")
    volume.SetAndObserveTransformNodeID(transform.GetID())
    volumes.image_of(volume)
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 4.0)
    transform.SetMatrixTransformToParent(matrix)
    with pytest.raises(BadInput, match="Harden the transform"):
        volumes.image_of(volume)
    with pytest.raises(BadInput, match="Harden the transform"):
        segments.label_map(node, volume)


class Exporter:
    """Takes what Slicer's DICOMSegmentationExporter takes (v5.12.3: DICOMSegmentationPlugin.py)."""

    error: Exception | None = None

    def __init__(self, segmentationNode, contentCreatorName=None):
        self.cleaned = False

    def export(self, outputDirectory, segFileName, metadata, segmentIDs=None, skipEmpty=False):
        if self.error is not None:
            raise self.error

    def cleanup(self):
        self.cleaned = True


def test_what_the_dicom_exporter_raises_becomes_a_sentence(case):
    _, node, _ = case
    assert dicom.export_dicom_seg(Exporter, node, "folder", "A. Reader") == "folder/ptlf_segments.dcm"
    broken = type("Broken", (Exporter,), {"error": AttributeError("no array")})
    with pytest.raises(PTLFError, match="refused: no array"):
        dicom.export_dicom_seg(broken, node, "folder", "")


def test_empty_segments_are_not_exported_as_whatever_else_there_is(case):
    volume, node, labels = case
    spleen = node.GetSegmentation().AddEmptySegment("", "Spleen")
    array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "liver", volume))
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, spleen, volume)
    segments.write(node, volume, labels * 0, "PTLF demo 1")
    assert segments.not_counted(node, Role.OTHER) == ["Spleen"]
    assert segments.not_counted(node, None) == []
    with pytest.raises(BadInput, match="nothing to write"):
        dicom.export_dicom_seg(Exporter, node, "folder", "")


def test_the_liver_window_is_level_30_width_300(case):
    volume, _, _ = case
    volumes.show_liver_window(volume)
    display = volume.GetDisplayNode()
    assert (display.GetLevel(), display.GetWindow(), display.GetAutoWindowLevel()) == (30.0, 300.0, 0)


def test_what_a_number_means_is_asked_when_a_label_map_is_written(case, monkeypatch):
    volume, node, labels = case
    before = segments.content_hashes(node)
    monkeypatch.setitem(LABEL_OF, Role.TUMOUR, 7)
    segments.write(node, volume, labels + 5 * sitk.Cast(labels == 2, labels.GetPixelID()), "PTLF demo 1")
    assert segments.content_hashes(node) == before
