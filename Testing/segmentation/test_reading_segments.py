"""Nothing vanishes silently: every label and segment of every file counts, or is named, or withholds."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of
from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.names import Role
from PTLFPredictorLib.segmentation.reading import Source, model_labels, parse_labels, read_segments, told


@pytest.fixture
def ct(phantom):
    return canonical(phantom[0])


@pytest.fixture
def truth(phantom):
    return sitk.GetArrayFromImage(phantom[1])


@pytest.fixture
def lesions(truth):
    """Masks of three lesions: the phantom's tumour and two more in the liver."""
    masks = [truth == 2]
    for place in (np.s_[6:9, 60:66, 40:48], np.s_[5:7, 40:44, 55:60]):
        masks.append(np.zeros_like(masks[0]))
        masks[-1][place] = truth[place] > 0
    return masks


def saved(path, array, pixel=None):
    image = image_of(array.astype(np.uint8))
    sitk.WriteImage(image if pixel is None else sitk.Cast(image, pixel), str(path))
    return path


def seg_nrrd(path, layers, segments, **tags):
    """A .seg.nrrd: layers, and a mapping of tags for each segment."""
    images = [image_of(np.asarray(layer).astype(np.uint8)) for layer in layers]
    image = sitk.Compose(images) if len(images) > 1 else images[0]
    image.CopyInformation(images[0])
    for index, segment in enumerate(segments):
        for name, value in segment.items():
            image.SetMetaData(f"Segment{index}_{name}", str(value))
    for name, value in tags.items():
        image.SetMetaData(name, value)
    sitk.WriteImage(image, str(path))
    return path


def codes(segments):
    return {finding.code: finding.level for finding in segments.findings}


def union(truth, *masks):
    expected = np.minimum(truth, 1)
    for mask in masks:
        expected[mask] = 2
    return expected


# Label maps


@pytest.fixture
def four(truth, lesions, tmp_path):
    """Labels 1 liver, 2, 3, 4 tumours, without names."""
    array = np.minimum(truth, 1)
    for label, mask in enumerate(lesions, start=2):
        array[mask] = label
    return saved(tmp_path / "four.nii.gz", array)


def test_labels_that_nobody_mapped_withhold_and_the_sentence_says_how_to_map_them(ct, four):
    segments = read_segments(four, ct)
    assert codes(segments) == {"segments_unknown": "withhold"}
    message = segments.findings[0].message
    assert "label 3 (0.46 mL), label 4 (" in message
    assert "--labels parenchyma=1,tumor=2+3+4, or other=3+4" in message


@pytest.mark.parametrize(
    "said",
    [
        ["parenchyma=1,tumor=2+3+4"],
        ["parenchyma=1", "tumor=2", "tumor=3", "tumor=4"],
        ["parenchyma=1,tumor=2,tumor=3,tumor=4"],
        ["liver=1,tumour=2+3+4"],
    ],
)
def test_labels_that_are_said_again_add_up_and_nothing_withholds(ct, four, truth, lesions, said):
    segments = read_segments(four, ct, parse_labels(said))
    assert np.array_equal(segments.array, union(truth, *lesions))
    assert not codes(segments)


@pytest.mark.parametrize("said", ["other=3+4", "parenchyma=1,tumor=2,other=rest"])
def test_a_reader_may_say_that_labels_are_something_else(ct, four, said):
    segments = read_segments(four, ct, parse_labels(said))
    assert codes(segments) == {"segments_left_out": "pass"}
    assert "as was said: label 3 (" in segments.findings[0].message


def test_what_labels_do_not_name_still_withholds(ct, four):
    assert codes(read_segments(four, ct, parse_labels("liver=1,tumor=2"))) == {"segments_unknown": "withhold"}


def test_a_label_that_is_not_there_is_an_error(ct, four):
    with pytest.raises(BadInput, match=r"no label '7' for tumor.*has the labels 1, 2, 3, 4"):
        read_segments(four, ct, parse_labels("liver=1,tumor=7"))


@pytest.mark.parametrize("pixel", [sitk.sitkInt64, sitk.sitkUInt16, sitk.sitkFloat64, sitk.sitkInt8])
def test_label_maps_of_any_pixel_type(ct, truth, tmp_path, pixel):
    path = saved(tmp_path / "l.nrrd", truth, pixel)
    assert np.array_equal(read_segments(path, ct).array, truth)


def test_a_ct_is_no_label_map(ct, phantom, tmp_path):
    noise = np.random.default_rng(0).integers(-1000, 3000, sitk.GetArrayFromImage(phantom[0]).shape).astype(np.int16)
    sitk.WriteImage(image_of(noise), str(tmp_path / "l.nrrd"))
    with pytest.raises(BadInput, match="more than 1000 different values: it is an image"):
        read_segments(tmp_path / "l.nrrd", ct)


def test_a_fourth_axis_of_one_is_no_axis(ct, phantom, truth, tmp_path):
    sitk.WriteImage(sitk.JoinSeries([phantom[1]]), str(tmp_path / "l.nrrd"))
    assert np.array_equal(read_segments(tmp_path / "l.nrrd", ct).array, truth)


@pytest.mark.parametrize("value", [1, 255])
def test_a_binary_mask_is_not_taken_for_the_parenchyma(ct, truth, tmp_path, value):
    path = saved(tmp_path / "mask.nrrd", (truth == 2) * value)
    with pytest.raises(BadInput, match=f"holds the label {value} alone.*--segmentation liver="):
        read_segments(path, ct)


# Several files


@pytest.mark.parametrize("organ", ["liver", "parenchyma"])
@pytest.mark.parametrize("value", [1, 255])
def test_one_file_for_each_role_and_lesion(ct, truth, lesions, tmp_path, organ, value):
    whole = (truth > 0) if organ == "liver" else (truth == 1)
    given = [Source.parse(f"{organ}={saved(tmp_path / 'organ.nii.gz', whole * value)}")]
    for number, mask in enumerate(lesions):
        path = saved(tmp_path / f"2_2_{number}_tumor_seg.nrrd", mask * value)
        given.append(Source.parse(f"tumor={path}"))
    segments = read_segments(given, ct)
    assert np.array_equal(segments.array, union(truth, *lesions))
    assert not codes(segments)
    assert segments.origin.format == "NIfTI + NRRD"


def test_a_file_that_tells_itself_beside_one_with_a_role(ct, truth, lesions, tmp_path):
    first = seg_nrrd(tmp_path / "l.seg.nrrd", [truth > 0, lesions[0]], [{"Name": "Liver"}, {"Name": "HCC"}])
    second = saved(tmp_path / "second.mha", lesions[1])
    segments = read_segments([Source(first), Source(second, Role.TUMOUR)], ct)
    assert np.array_equal(segments.array, union(truth, *lesions[:2]))


def test_tumours_alone_are_no_case(ct, lesions, tmp_path):
    with pytest.raises(BadInput, match="no liver among the files"):
        read_segments(Source(saved(tmp_path / "t.nrrd", lesions[0]), Role.TUMOUR), ct)


def test_a_file_with_several_labels_has_not_one_role(ct, four):
    with pytest.raises(BadInput, match=r"given for the liver, but holds the labels 1, 2, 3, 4.*--labels liver=1\+2"):
        read_segments(Source(four, Role.LIVER), ct)


def test_a_file_named_for_another_role_is_refused(ct, truth, tmp_path):
    path = seg_nrrd(tmp_path / "l.seg.nrrd", [truth > 0], [{"Name": "Liver"}])
    with pytest.raises(BadInput, match="given for the tumour, but its segment is named 'Liver'"):
        read_segments([Source(path, Role.TUMOUR)], ct)


def test_a_path_with_an_equals_sign_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tumor=2.nii").touch()
    assert str(Source.parse("tumor=2.nii")) == "tumor=2.nii"
    assert str(Source.parse("case=7/l.nii")) == "case=7/l.nii"
    parsed = Source.parse("tumour=case=7/l.nii")
    assert (str(parsed), parsed.role) == ("case=7/l.nii", Role.TUMOUR)


# seg.nrrd


def test_every_segment_of_slicers_file_is_counted_named_or_withholds(ct, truth, lesions, tmp_path):
    ring = np.zeros_like(lesions[0])
    ring[7, 30:40, 30:60] = True
    names = ["Liver", "lesion 1", "lesion 2", "Portal vein", "Muscle mass", "Peritumoral ring", "empty ring"]
    layers = [truth > 0, lesions[0], lesions[1], ring, ring, ring, ring * 0]
    path = seg_nrrd(tmp_path / "l.seg.nrrd", layers, [{"Name": name} for name in names])
    segments = read_segments(path, ct)
    assert np.array_equal(segments.array, union(truth, *lesions[:2]))
    told_of = {finding.code: finding.message for finding in segments.findings}
    assert told_of["segments_other"] == "Not counted, other structures: muscle mass, portal vein."
    assert "segment 6 (0.96 mL)" in told_of["segments_unknown"]
    assert "--labels tumor=6, or other=6" in told_of["segments_unknown"]
    assert codes(segments) == {"segments_other": "pass", "segments_unknown": "withhold"}


def test_a_files_own_names_are_shown_but_never_recorded(ct, truth, lesions, tmp_path):
    names = [{"Name": "Liver"}, {"Name": "Smith, John 1950\x1b[31m" + "x" * 90}]
    segments = read_segments(seg_nrrd(tmp_path / "l.seg.nrrd", [truth > 0, lesions[1]], names), ct)
    assert "Smith" not in " ".join(finding.message + str(finding.values) for finding in segments.findings)
    assert "Smith" not in str(segments.origin.to_dict())
    shown = told(segments.parts)
    assert "liver: Liver; not counted: Smith, John 1950?[31mx" in shown
    assert len(shown) < 130


@pytest.mark.parametrize("said", ["other=2", "other=Peritumoral ring", "other=rest"])
def test_the_reader_answers_by_number_or_name_and_names_decide_the_rest(ct, truth, lesions, tmp_path, said):
    names = [{"Name": name} for name in ("Liver", "Peritumoral ring", "HCC")]
    path = seg_nrrd(tmp_path / "l.seg.nrrd", [truth > 0, lesions[1], lesions[0]], names)
    segments = read_segments(path, ct, parse_labels(said))
    assert np.array_equal(segments.array, truth)
    assert codes(segments) == {"segments_left_out": "pass"}


def test_labels_of_a_layered_file_are_its_segments(ct, truth, lesions, tmp_path):
    names = [{"Name": f"Segment_{i}", "LabelValue": 1, "Layer": i} for i in range(3)]
    path = seg_nrrd(tmp_path / "l.seg.nrrd", [truth > 0, *lesions[:2]], names)
    with pytest.raises(BadInput, match=r"None of the segments \(Segment_0, .*--labels liver=1,tumor=2"):
        read_segments(path, ct)
    segments = read_segments(path, ct, parse_labels("liver=1,tumor=2+Segment_2"))
    assert np.array_equal(segments.array, union(truth, *lesions[:2]))


def test_labels_of_a_file_with_one_layer_are_its_values(ct, truth, tmp_path):
    names = [{"Name": "a", "LabelValue": 7, "Layer": 0}, {"Name": "b", "LabelValue": 3, "Layer": 0}]
    layer = np.select([truth == 1, truth == 2], [7, 3])
    path = seg_nrrd(tmp_path / "l.seg.nrrd", [layer], names)
    assert np.array_equal(read_segments(path, ct, parse_labels("liver=7,tumor=3")).array, truth)


@pytest.mark.parametrize("order", [("liver", "tumor"), ("tumor", "liver")])
@pytest.mark.parametrize("tags", [{}, {"Layer": True}])
def test_slicer_4_has_a_volume_for_each_segment(ct, truth, tmp_path, order, tags):
    masks = {"liver": truth > 0, "tumor": truth == 2}
    names = [{"Name": name, **({"Layer": i} if tags else {})} for i, name in enumerate(order)]
    path = seg_nrrd(tmp_path / "l.seg.nrrd", [masks[name] for name in order], names)
    assert np.array_equal(read_segments(path, ct).array, truth)


@pytest.mark.parametrize("value", [257, -255, 0])
def test_a_label_that_the_voxels_cannot_hold(ct, truth, tmp_path, value):
    path = seg_nrrd(tmp_path / "l.seg.nrrd", [truth > 0], [{"Name": "liver", "LabelValue": value}])
    with pytest.raises(BadInput, match=f"gives segment 'liver' the label {value}, which its voxels"):
        read_segments(path, ct)


def test_segments_that_the_header_does_not_tell_apart(ct, truth, tmp_path):
    path = seg_nrrd(tmp_path / "l.seg.nrrd", [truth], [{"Name": "liver"}, {"Name": "tumor"}])
    with pytest.raises(BadInput, match="does not say where segment 'tumor' is"):
        read_segments(path, ct)


def test_voxels_that_belong_to_no_segment_withhold(ct, truth, lesions, tmp_path):
    array = truth.copy()
    array[lesions[1]] = 9
    names = [{"Name": "liver parenchyma", "LabelValue": 1}, {"Name": "tumor", "LabelValue": 2}]
    segments = read_segments(seg_nrrd(tmp_path / "l.seg.nrrd", [array], names), ct)
    assert codes(segments) == {"segments_unknown": "withhold"}
    assert "segment 9 (" in segments.findings[0].message


def test_a_fractional_labelmap_is_told_what_to_do(ct, truth, tmp_path):
    tags = {"Segmentation_MasterRepresentation": "Fractional labelmap"}
    path = seg_nrrd(tmp_path / "l.seg.nrrd", [truth * 50], [{"Name": "liver"}], **tags)
    with pytest.raises(BadInput, match=r"holds fractions.*make the binary labelmap the source"):
        read_segments(path, ct)


def test_slicers_terminology_decides_where_nobody_gave_a_name(ct, truth, tmp_path):
    entry = (
        "TerminologyEntry:Segmentation category and type - DICOM master list~SCT^1^{0}~SCT^2^{1}~^^~Codes~{2}~^^|x:y"
    )
    names = [
        {"Name": "Segment_1", "Tags": entry.format("Anatomical Structure", "Liver", "^^")},
        {"Name": "Segment_2", "Tags": entry.format("Morphologically Altered Structure", "Neoplasm", "SCT^3^Liver")},
    ]
    path = seg_nrrd(tmp_path / "l.seg.nrrd", [truth > 0, truth == 2], names)
    assert np.array_equal(read_segments(path, ct).array, truth)


def test_several_volumes_without_names_are_no_label_map(ct, truth, tmp_path):
    path = seg_nrrd(tmp_path / "l.nrrd", [truth > 0, truth == 2], [])
    with pytest.raises(BadInput, match=r"no.* label map.*--segmentation liver=FILE"):
        read_segments(path, ct)


# What is said of a model's labels


def test_labels_of_a_model_add_up_too():
    said = parse_labels(["liver=1", "parenchyma=4,tumor=2", "tumor=3,other=5"])
    assert model_labels(said) == {"parenchyma": (4, 1), "tumor": (2, 3)}
    assert model_labels(None) is None
    with pytest.raises(BadInput, match="are numbers; 'liver' is none"):
        model_labels(parse_labels("liver=liver"))
