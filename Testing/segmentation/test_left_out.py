"""A lesion that a reader left out (a cyst) is label 3: of the liver, in neither VOI, in every file of segments."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of, phantom_arrays
from dicom_seg_files import write_seg
from marked_files import copied
from PTLFPredictorLib.confirmation import Confirmation
from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.errors import BadInput, UnusableModel
from PTLFPredictorLib.segmentation import agreement, ledger, marks, plausibility, regions
from PTLFPredictorLib.segmentation.catalogue import _roles_by_name
from PTLFPredictorLib.segmentation.names import LABEL_OF, Role, role_of
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.segmentation.postprocess import PostProcessing, apply
from PTLFPredictorLib.segmentation.reading import Source, model_labels, parse_labels, read_segments, told
from PTLFPredictorLib.segmentation.segments import EXCLUDED, PARENCHYMA, TUMOUR, Segments, derive
from PTLFPredictorLib.vois import VOI

READER = Confirmation("A. Reader", "2026-11-26T09:12:00+01:00")
CYST = np.s_[6:9, 60:66, 90:98]
"""In the phantom's liver, away from its tumour: 3 x 6 x 8 voxels."""

CYST_VOXELS, VOXEL_ML = 144, 0.8 * 0.8 * 5 / 1000
MODEL = {"id": "site", "title": "Site", "version": "3", "sha256": "", "weights_sha256": "5" * 64, "licence": "own"}
MINE = Origin(
    Drawn.MODEL, Known.RUN, {**MODEL, "for_patients": True, "shipped": False, "warning": ""}
)  # of a model for patients


@pytest.fixture
def ct():
    return canonical(image_of(phantom_arrays()[0]))


@pytest.fixture
def drawn():
    """What a model drew: its tumour, and a cyst that it took for one."""
    labels = phantom_arrays()[1]
    assert (labels[CYST] == PARENCHYMA).all()
    labels[CYST] = TUMOUR
    return labels


@pytest.fixture
def left(drawn):
    """The same after a reader unticked the cyst."""
    labels = drawn.copy()
    labels[CYST] = EXCLUDED
    return labels


def segments(array, **more):
    return Segments(image_of(array), MINE, **more)


def codes(found):
    return {finding.code: finding.level for finding in found.findings}


# The label map


def test_it_is_in_neither_voi_and_still_of_the_liver(drawn, left):
    before, now = segments(drawn), segments(left)
    masks = {voi: sitk.GetArrayFromImage(mask) > 0 for voi, mask in now.vois.items()}
    assert not (masks[VOI.TUMOUR] | masks[VOI.PARENCHYMA])[CYST].any()
    assert np.array_equal(masks[VOI.PARENCHYMA], drawn == PARENCHYMA)  # not given to the parenchyma
    volume = CYST_VOXELS * VOXEL_ML
    assert now.volumes_ml["liver"] == pytest.approx(before.volumes_ml["liver"])
    assert now.volumes_ml["parenchyma"] == before.volumes_ml["parenchyma"]
    assert now.volumes_ml["tumor"] == pytest.approx(before.volumes_ml["tumor"] - volume)
    assert now.volumes_ml["excluded"] == pytest.approx(volume)
    assert "excluded" not in before.volumes_ml


def test_where_masks_overlap_tumour_comes_first_then_what_is_left_out():
    liver, tumour, excluded = (np.array(mask, bool) for mask in ([1, 1, 1, 0, 0], [0, 1, 0, 0, 1], [0, 1, 1, 1, 0]))
    assert derive(liver, tumour, excluded).tolist() == [1, 2, 3, 3, 2]


def test_a_note_says_how_much_and_who(ct, drawn, left):
    found = next(f for f in segments(left, left_out_by=READER).checked(ct).findings if f.code == "lesions_left_out")
    assert found.level == "warn"
    assert found.message.startswith("A. Reader left out 1 lesion, largest diameter ")
    assert found.message.endswith("(0.46 mL): neither tumour nor parenchyma, and in no feature.")
    unnamed = next(f for f in segments(left).checked(ct).findings if f.code == "lesions_left_out")
    assert unnamed.message.startswith("A reader left out 1 lesion")
    assert "lesions_left_out" not in codes(segments(drawn).checked(ct))


def test_where_every_lesion_is_left_out_there_is_no_tumour(ct, left):
    left[left == TUMOUR] = EXCLUDED
    found = {finding.code: finding for finding in segments(left).checked(ct).findings}
    assert found["no_tumor"].level == "withhold"
    assert found["no_tumor"].message.startswith("Every lesion was left out")
    left[left == EXCLUDED] = PARENCHYMA
    found = {finding.code: finding for finding in segments(left).checked(ct).findings}
    assert found["no_tumor"].message.startswith("No tumour was found")


def test_a_tumour_beside_a_cyst_still_touches_the_liver(ct, left):
    """A wall of left-out tissue around a tumour is liver, not the stomach."""
    grown = sitk.GetArrayFromImage(sitk.BinaryDilate(image_of((left == TUMOUR).astype(np.uint8)), [2, 2, 2]))
    left[(grown > 0) & (left == PARENCHYMA)] = EXCLUDED
    found = codes(segments(left).checked(ct))
    assert "tumor_outside" not in found
    assert "tumor_beside_liver" not in {f.code for f in plausibility.check(left, ct.array, (0.8, 0.8, 5.0))}
    left[left == EXCLUDED] = 0  # the other direction: nothing around it
    with pytest.raises(BadInput, match="outside the liver"):
        segments(left).checked(ct)


def test_clean_up_never_touches_what_a_reader_left_out(left):
    left[7, 62:64, 92:94] = TUMOUR  # a speck within the cyst, and the cyst within a shell of tumour
    left[5:10, 58:68, 88:100] = np.where(left[5:10, 58:68, 88:100] == PARENCHYMA, TUMOUR, left[5:10, 58:68, 88:100])
    steps = PostProcessing(fill_holes=True, minimum_ml=0.1, largest_tumour_only=True)
    cleaned = apply(segments(left), steps).array
    assert np.array_equal(cleaned == EXCLUDED, left == EXCLUDED)


def test_the_liver_of_a_comparison_is_the_whole_organ(drawn, left):
    found = agreement(image_of(left), image_of(drawn))
    assert found["liver"].dice == found["parenchyma"].dice == 1
    assert found["tumor"].dice < 1


# Names


@pytest.mark.parametrize(
    "name", ["lesion, not counted", "lesion 2, not counted", "Excluded lesion", "unticked_lesion", "tumour excluded"]
)
def test_names_that_say_so(name):
    assert role_of(name) is Role.EXCLUDED
    assert role_of(name, "Neoplasm", "Liver") is Role.EXCLUDED  # by its code a lesion, by its name one left out
    assert role_of(name, "Tissue") is Role.EXCLUDED


@pytest.mark.parametrize("name", ["cyst", "liver cyst", "lesion 2", "excluded", "lesion not seen", "not counted"])
def test_names_that_do_not(name):
    assert role_of(name) is not Role.EXCLUDED


# Files


@pytest.mark.parametrize("name", ["l.nii.gz", "l.nrrd", "l.mha"])
def test_a_label_map_of_ours_comes_back(ct, left, tmp_path, name):
    marks.write(image_of(left), tmp_path / name, MINE.with_changes(changed=0.01))
    read = read_segments(tmp_path / name, ct)
    assert np.array_equal(read.array, left)
    assert "segments_unknown" not in codes(read)
    assert read.origin.model["id"] == "site"


def test_a_3_of_anybody_else_is_asked_about(ct, left, tmp_path):
    """Without a mark, and in a file with our mark to which another program added a 3."""
    sitk.WriteImage(copied(image_of(left)), str(tmp_path / "foreign.nrrd"))
    added = image_of(np.where(left == EXCLUDED, TUMOUR, left))
    marks.write(added, tmp_path / "ours.nrrd", MINE)
    changed = sitk.ReadImage(str(tmp_path / "ours.nrrd"))
    array = sitk.GetArrayFromImage(changed)
    array[CYST] = 3
    edited = sitk.GetImageFromArray(array)
    edited.CopyInformation(changed)
    edited.SetMetaData(marks.KEY, changed.GetMetaData(marks.KEY))
    sitk.WriteImage(edited, str(tmp_path / "edited.nrrd"))
    for name in ("foreign.nrrd", "edited.nrrd"):
        read = read_segments(tmp_path / name, ct)
        assert codes(read)["segments_unknown"] == "withhold", name
        message = next(f.message for f in read.findings if f.code == "segments_unknown")
        assert "excluded=3" in message
        assert not (read.array == EXCLUDED).any()


@pytest.mark.parametrize("said", ["excluded=3", "parenchyma=1,tumor=2,excluded=3", "liver=1,tumour=2,excluded=3"])
def test_a_reader_says_what_the_3_is(ct, left, tmp_path, said):
    sitk.WriteImage(copied(image_of(left)), str(tmp_path / "l.nii.gz"))
    read = read_segments(tmp_path / "l.nii.gz", ct, parse_labels(said))
    assert np.array_equal(read.array, left)
    assert "segments_unknown" not in codes(read)


def test_a_file_of_its_own(ct, left, tmp_path):
    files = {"liver": left > 0, "tumor": left == TUMOUR, "excluded": left == EXCLUDED}
    for name, mask in files.items():
        sitk.WriteImage(image_of(mask.astype(np.uint8)), str(tmp_path / f"{name}.nrrd"))
    sources = [Source.parse(f"{name}={tmp_path / name}.nrrd") for name in files]
    assert np.array_equal(read_segments(sources, ct).array, left)


def test_a_named_lesion_may_be_left_out_by_its_file_and_another_organ_may_not(ct, left, tmp_path):
    sitk.WriteImage(image_of((left > 0).astype(np.uint8)), str(tmp_path / "liver.nrrd"))
    for name in ("lesion 2", "spleen"):
        image = image_of((left == EXCLUDED).astype(np.uint8))
        image.SetMetaData("Segment0_Name", name)
        sitk.WriteImage(image, str(tmp_path / f"{name}.seg.nrrd"))
    sources = [Source(tmp_path / "liver.nrrd", Role.LIVER), Source(tmp_path / "lesion 2.seg.nrrd", Role.EXCLUDED)]
    assert np.array_equal(read_segments(sources, ct).array == EXCLUDED, left == EXCLUDED)
    with pytest.raises(BadInput, match="given for the lesions left out, but its segment is named 'spleen'"):
        read_segments([sources[0], Source(tmp_path / "spleen.seg.nrrd", Role.EXCLUDED)], ct)


def test_dicom_seg_says_it_by_the_segment_s_name(ct, left, tmp_path):
    write_seg(
        tmp_path / "seg.dcm",
        image_of(left),
        [
            ("liver", "Liver", left > 0),
            ("tumour", "Neoplasm", left == TUMOUR),
            ("lesion, not counted", "Tissue", left == EXCLUDED),
        ],
    )
    read = read_segments(tmp_path / "seg.dcm", ct)
    assert np.array_equal(read.array, left)
    assert "segments_unknown" not in codes(read)
    assert told(read.parts).endswith("lesions left out: lesion, not counted.")


def test_no_model_leaves_a_lesion_out():
    with pytest.raises(BadInput, match="a model leaves out no lesion"):
        model_labels(parse_labels("liver=1,tumor=2,excluded=3"))
    with pytest.raises(UnusableModel, match="excluded lesion"):
        _roles_by_name({"liver": (1,), "tumor": (2,), "excluded lesion": (3,)})


# Who drew it


def test_it_is_an_edit_whose_share_is_counted(drawn, left):
    before, now = (regions.regions_of(image_of(array)) for array in (drawn, left))
    assert regions.changed_share(before, now) == pytest.approx(CYST_VOXELS / np.count_nonzero(drawn))
    assert regions.content(image_of(drawn)) != regions.content(image_of(left))
    as_parenchyma = image_of(np.where(left == EXCLUDED, PARENCHYMA, left))
    assert regions.content(as_parenchyma) != regions.content(image_of(left))


def test_all_lesions_together_are_those_that_were_drawn(drawn, left):
    before, now = (regions.lesions_of(regions.regions_of(image_of(array))) for array in (drawn, left))
    assert before.voxels == now.voxels
    assert before.corner == pytest.approx(now.corner)


def test_the_ledger_knows_the_model_whose_lesions_were_all_left_out(ct, drawn, left):
    """Neither the organ (another one was drawn around it) nor a tumour is there to tell."""
    ledger.remember(ct.identity, image_of(drawn), MINE)
    left[left == TUMOUR] = EXCLUDED
    left[:9] = np.where(left[:9] == PARENCHYMA, 0, left[:9])
    origin, share = ledger.find(ct.identity, image_of(left))
    assert origin.model["id"] == "site"
    assert share > 0.1
    left[left == EXCLUDED] = PARENCHYMA  # the other direction: without them nothing tells
    assert ledger.find(ct.identity, image_of(left)) is None


def test_what_a_number_means_stands_in_one_place(left, monkeypatch):
    found = regions.regions_of(image_of(left))
    for role, other in ((Role.TUMOUR, 7), (Role.EXCLUDED, 9)):
        left[left == LABEL_OF[role]] = other
        monkeypatch.setitem(LABEL_OF, role, other)
    again = regions.regions_of(image_of(left))
    assert {role: one.voxels for role, one in again.items()} == {role: one.voxels for role, one in found.items()}
    assert set(found) == {Role.LIVER, Role.TUMOUR, Role.EXCLUDED}
