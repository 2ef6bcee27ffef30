"""Segments from every kind of file, on the CT's grid; and those that do not belong to the CT are refused."""

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of, phantom_arrays
from PTLFPredictorLib.confirmation import Confirmation
from PTLFPredictorLib.ct import canonical, read_ct
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.segmentation.postprocess import PostProcessing, apply
from PTLFPredictorLib.segmentation.reading import parse_labels, read_segments
from PTLFPredictorLib.segmentation.segments import Segments, derive

VOXEL_ML = 0.8 * 0.8 * 5 / 1000


@pytest.fixture
def ct(phantom):
    return canonical(phantom[0])


def segments_of(array, ct):
    labels = image_of(array.astype(np.uint8))
    labels.CopyInformation(ct.image)
    return Segments(labels, Origin(Drawn.HAND, Known.READER))


@pytest.mark.parametrize("name", ["l.nii.gz", "l.nrrd", "l.mha"])
@pytest.mark.parametrize("axes", ["LPS", "RAS", "SLA"])
@pytest.mark.parametrize("pixel", [sitk.sitkUInt8, sitk.sitkFloat32])
def test_label_map_in_any_format_and_orientation(phantom, ct, tmp_path, name, axes, pixel):
    sitk.WriteImage(sitk.Cast(sitk.DICOMOrient(phantom[1], axes), pixel), str(tmp_path / name))
    segments = read_segments(tmp_path / name, ct)
    assert np.array_equal(segments.array, sitk.GetArrayFromImage(phantom[1]))
    counts = np.bincount(segments.array.ravel())
    assert segments.volumes_ml["parenchyma"] == pytest.approx(counts[1] * VOXEL_ML)
    assert segments.volumes_ml["liver"] == pytest.approx((counts[1] + counts[2]) * VOXEL_ML)


def write_seg_nrrd(path, segments, geometry):
    """A .seg.nrrd as Slicer writes it: a layer per overlapping segment, names in the header."""
    layers = [image_of(mask.astype(np.uint8)) for _, mask in segments]
    image = sitk.Compose(layers) if len(layers) > 1 else layers[0]
    image.CopyInformation(geometry)
    for i, (name, _) in enumerate(segments):
        image.SetMetaData(f"Segment{i}_ID", f"Segment_{i}")
        image.SetMetaData(f"Segment{i}_Name", name)
        image.SetMetaData(f"Segment{i}_LabelValue", "1")
        image.SetMetaData(f"Segment{i}_Layer", str(i))
    sitk.WriteImage(image, str(path))


def test_seg_nrrd_with_overlapping_whole_liver_and_tumour(phantom, ct, tmp_path):
    truth = sitk.GetArrayFromImage(phantom[1])
    segments = [("liver", truth > 0), ("HCC segment 5", truth == 2), ("spleen", np.zeros_like(truth))]
    write_seg_nrrd(tmp_path / "s.seg.nrrd", segments, phantom[1])
    assert np.array_equal(read_segments(tmp_path / "s.seg.nrrd", ct).array, truth)


def test_seg_nrrd_without_a_liver_names_what_it_holds(phantom, ct, tmp_path):
    write_seg_nrrd(tmp_path / "s.seg.nrrd", [("kidney", sitk.GetArrayFromImage(phantom[1]) > 0)], phantom[1])
    with pytest.raises(BadInput, match=r"None of the segments \(kidney\)"):
        read_segments(tmp_path / "s.seg.nrrd", ct)


@pytest.mark.parametrize(("key", "value"), [("Segment0_Layer", "7"), ("Segment0_LabelValue", "one")])
def test_a_seg_nrrd_with_a_damaged_header(phantom, ct, tmp_path, key, value):
    image = sitk.Image(phantom[1])
    image.SetMetaData("Segment0_Name", "liver")
    image.SetMetaData(key, value)
    sitk.WriteImage(image, str(tmp_path / "s.seg.nrrd"))
    with pytest.raises(BadInput, match=r"'s.seg.nrrd' does not say where segment 'liver' is"):
        read_segments(tmp_path / "s.seg.nrrd", ct)


def test_real_dicom_seg(shared):
    ct = read_ct(shared / "dcmqi_seg" / "ct")
    segments = read_segments(shared / "dcmqi_seg" / "liver.dcm", ct)
    assert segments.volumes_ml["liver"] == pytest.approx(70.4, abs=0.1)
    assert segments.volumes_ml["tumor"] == 0


def test_real_label_map_with_flipped_axis_and_named_labels(shared):
    ct = read_ct(shared / "totalseg_small" / "dicom")
    path = shared / "totalseg_small" / "example_seg_dicom.nii.gz"
    segments = read_segments(path, ct, parse_labels("liver=5")).checked(ct)
    assert segments.volumes_ml["liver"] == pytest.approx(699.4, abs=0.1)
    assert np.median(ct.array[segments.array == 1]) == pytest.approx(93, abs=2)


def test_real_volumes(shared):
    ct = read_ct(shared / "ircad17" / "dicom")
    volumes = read_segments(shared / "ircad17" / "liver1_tumour2.nii.gz", ct).volumes_ml
    assert volumes["parenchyma"] == pytest.approx(1696.4, abs=2)
    assert volumes["tumor"] == pytest.approx(164.2, abs=1)


def test_another_patients_label_map_is_refused(shared):
    ct = read_ct(shared / "crlm1006" / "dicom")
    with pytest.raises(BadInput, match="does not lie on this CT"):
        read_segments(shared / "ircad17" / "liver1_tumour2.nii.gz", ct)


def test_label_map_on_a_finer_grid_is_resampled(phantom, ct, tmp_path):
    fine = sitk.Expand(phantom[1], (2, 2, 1), sitk.sitkNearestNeighbor)
    sitk.WriteImage(fine, str(tmp_path / "fine.nii.gz"))
    segments = read_segments(tmp_path / "fine.nii.gz", ct)
    assert [f.code for f in segments.findings] == ["segmentation_resampled"]
    assert np.mean(segments.array != sitk.GetArrayFromImage(phantom[1])) < 0.002


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda a: a * 0, "is empty: it holds no label but 0"),
        (lambda a: a * 5, "has no liver: it holds the labels 5, 10"),
        (lambda a: a * 1e12, "no labels"),
        (lambda a: a * 0.5, "no labels"),
        (lambda a: np.where(a == 1, np.nan, a), "no labels"),
    ],
)
def test_values_that_are_no_labels(ct, tmp_path, change, sentence):
    image = image_of(change(phantom_arrays()[1].astype(np.float32)))
    sitk.WriteImage(image, str(tmp_path / "l.nrrd"))
    with pytest.raises(BadInput, match=sentence):
        read_segments(tmp_path / "l.nrrd", ct)


def test_roles_of_labels_can_be_said(phantom, ct, tmp_path):
    sitk.WriteImage(phantom[1] * 5, str(tmp_path / "l.nrrd"))
    segments = read_segments(tmp_path / "l.nrrd", ct, parse_labels("parenchyma=5, tumor=10"))
    assert np.array_equal(segments.array, sitk.GetArrayFromImage(phantom[1]))


@pytest.mark.parametrize("text", ["liver", "liver=", "spleen=3", "liver=1;tumor=2", "tumor=2,3", "liver=rest"])
def test_roles_that_cannot_be_read(text):
    with pytest.raises(BadInput, match="cannot be read"):
        parse_labels(text)


def finding_codes(array, ct):
    return {f.code for f in segments_of(array, ct).checked(ct).findings}


def test_checks_of_a_sound_case_are_silent(phantom, ct):
    assert finding_codes(sitk.GetArrayFromImage(phantom[1]), ct) == {"volumes"}


def test_a_cut_off_liver_is_withheld(phantom):
    array = sitk.GetArrayFromImage(phantom[1])
    cut = canonical(phantom[0][:, :, 5:])
    assert "truncated_liver" in finding_codes(array[5:], cut)


def test_no_tumour_is_a_finding(phantom, ct):
    assert "no_tumor" in finding_codes(np.minimum(sitk.GetArrayFromImage(phantom[1]), 1), ct)


def test_lipiodol_warns(phantom):
    hu, labels = phantom_arrays()
    hu[labels == 2] += 400
    assert "lipiodol" in finding_codes(labels, canonical(image_of(hu)))


def test_tumour_outside_the_liver_stops(phantom, ct):
    array = np.minimum(sitk.GetArrayFromImage(phantom[1]), 1)
    array[2:5, 140:150, 150:160] = 2
    with pytest.raises(BadInput, match="outside the liver"):
        segments_of(array, ct).checked(ct)


def test_a_liver_in_the_air_stops(ct):
    array = np.zeros_like(phantom_arrays()[1])
    array[4:9, 2:10, 2:12] = 1
    with pytest.raises(BadInput, match="does not lie on a liver: its median is -1000"):
        segments_of(array, ct).checked(ct)


def test_exophytic_tumour_is_allowed_and_erased_tumour_returns_to_the_parenchyma():
    organ, tumour = np.zeros((1, 1, 4), bool), np.zeros((1, 1, 4), bool)
    organ[..., :3] = True
    tumour[..., 2:] = True
    assert derive(organ, tumour).tolist() == [[[1, 1, 2, 2]]]
    assert derive(organ, tumour & False).tolist() == [[[1, 1, 1, 0]]]


def test_post_processing_is_off_by_default(phantom, ct):
    segments = segments_of(sitk.GetArrayFromImage(phantom[1]), ct)
    assert apply(segments, PostProcessing()) is segments


def test_fill_holes_drop_small_pieces_and_keep_the_largest_tumour(phantom, ct):
    truth = sitk.GetArrayFromImage(phantom[1])
    array = truth.copy()
    array[7, 52, 60] = 0  # hole in the parenchyma
    array[8, 46, 36] = 1  # hole in the tumour
    array[2, 110:112, 100:102] = 1  # 0.01 mL of stray liver
    array[7, 60:63, 55:58] = 2  # a second, small tumour
    cleaned = apply(segments_of(array, ct), PostProcessing(True, 0.5, True))
    assert np.array_equal(cleaned.array, truth)
    assert cleaned.origin.post_processing["largest_tumour_only"] is True


@pytest.mark.parametrize(
    ("for_patients", "shipped", "changed", "signed", "level"),
    [
        (True, True, 0.0, False, None),
        (False, True, 0.0, False, "withhold"),
        (False, True, 0.0, True, "withhold"),
        (False, True, 0.02, False, "withhold"),
        (False, True, 0.009, True, "withhold"),
        (False, True, 0.02, True, "warn"),
        (False, False, 0.0, False, "warn"),
    ],
)
def test_a_model_that_is_not_for_patients(phantom, ct, for_patients, shipped, changed, signed, level):
    model = {"id": "m", "for_patients": for_patients, "shipped": shipped, "warning": "Not for patients."}
    labels = segments_of(sitk.GetArrayFromImage(phantom[1]), ct).labels
    sign_off = Confirmation("A. Reader", "2026-01-02T03:04:05+01:00") if signed else None
    origin = Origin(Drawn.MODEL, Known.RUN, model, changed=changed, sign_off=sign_off)
    segments = Segments(labels, origin).checked(ct)
    assert [f.level for f in segments.findings if f.code == "model_not_for_patients"] == ([level] if level else [])
