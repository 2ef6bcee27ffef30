"""Who drew the segments is known by any route: the mark of a model that is not for patients is not lost on the way.

Two directions: a mask of the demo model is withheld however it comes, and a mask that a reader has drawn, or made the
reader's own, is not.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from marked_files import brushed, copied, write_dicom_seg, write_seg_nrrd
from PTLFPredictorLib import json_text
from PTLFPredictorLib.case import Sources
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.confirmation import Confirmation
from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation import add, default_model, find_model, ledger, marks, provenance, regions
from PTLFPredictorLib.segmentation.names import Role
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.segmentation.postprocess import PostProcessing
from PTLFPredictorLib.segmentation.reading import Source, read_segments
from rtstruct_files import contours_of, write_rtstruct

READER = Confirmation("A. Reader", "2026-01-02T03:04:05+01:00")
FORMATS = ("l.nii.gz", "l.nii", "l.nrrd", "l.mha")


@pytest.fixture
def ct(phantom):
    return canonical(phantom[0])


@pytest.fixture
def demo() -> Origin:
    """What the demo model has drawn in this run."""
    return Origin(Drawn.MODEL, Known.RUN, default_model().identity)


@pytest.fixture
def mine() -> Origin:
    """A model of a site, for patients; its weights are known by their hash alone."""
    model = {"id": "site-1", "title": "Site", "version": "3", "sha256": "", "weights_sha256": "5" * 64}
    return Origin(
        Drawn.MODEL,
        Known.RUN,
        {**model, "licence": "own", "for_patients": True, "shipped": False, "warning": ""},
    )


def level_of(code: str, segments, ct) -> list[str]:
    return [finding.level for finding in segments.checked(ct).findings if finding.code == code]


def is_withheld(segments, ct) -> bool:
    return level_of("model_not_for_patients", segments, ct) == ["withhold"]


# The text


def test_the_mark_says_what_it_was_given(demo, phantom):
    origin = demo.with_changes(changed=0.0123, sign_off=READER)
    text = marks.to_text(origin, phantom[1])
    assert text.startswith("PTLF1 ptlf-demo-1 2 p=n h=")
    assert default_model().weights_sha256 in text
    assert "Reader" not in text
    mark = marks.from_text(text)
    assert mark.origin.model == default_model().identity
    assert (mark.origin.drawn, mark.origin.known, mark.origin.changed) == (Drawn.MODEL, Known.FILE, 0.0123)
    assert mark.origin.made_own


@pytest.mark.parametrize("length", [marks.NIFTI_LENGTH, marks.DICOM_LENGTH])
@pytest.mark.parametrize("model_id", ["m", "ptlf-demo-1", "a" * 64])
@pytest.mark.parametrize("changed", [0.0, 0.00001, 0.5, 1.0])
def test_a_short_field_still_tells_the_weights(demo, phantom, length, model_id, changed):
    model = {**demo.model, "id": model_id, "version": "2026.1.2-beta"}
    origin = demo.with_changes(model=model, changed=changed, at_least=changed > 0, sign_off=READER)
    text = marks.to_text(origin, phantom[1], length)
    assert len(text) <= length
    mark = marks.from_text(text)
    assert mark.origin.model["id"] == "ptlf-demo-1"  # the catalogue knows the weights
    assert mark.origin.edited is mark.origin.at_least is (changed > 0)
    assert mark.content == regions.content(phantom[1])


def test_a_share_is_never_rounded_up_to_what_counts(demo):
    text = marks.to_text(demo.with_changes(changed=0.0099999))
    assert marks.from_text(text).origin.changed < 0.01
    (finding,) = provenance.findings(demo.with_changes(changed=0.0099999))
    assert "0.99 % of the voxels" in finding.message
    (finding,) = provenance.findings(demo.with_changes(changed=1e-5, at_least=True, sign_off=READER))
    assert finding.level == "withhold"
    assert "Voxels were changed since, and it is not known here how many; from 1 % on" in finding.message


@pytest.mark.parametrize(
    "text",
    ["", "PTLF1", "PTLF1 m", "PTLF1 m 1 x=y", "PTLF1 m 1 p=q", "PTLF1 m 1 w=12", "PTLF1 m 1 c=9.0000", "FreeSurfer"],
)
def test_what_is_no_mark(text):
    assert marks.from_text(text) is None


def test_an_unknown_origin_writes_no_mark(phantom, tmp_path):
    marks.write(phantom[1], tmp_path / "l.nrrd", Origin())
    assert marks.of_file(tmp_path / "l.nrrd") is None
    assert b"PTLF" not in (tmp_path / "l.nrrd").read_bytes()


# Files


@pytest.mark.parametrize("name", FORMATS)
def test_a_label_map_carries_its_mark(phantom, ct, demo, tmp_path, name):
    marks.write(phantom[1], tmp_path / name, demo)
    segments = read_segments(tmp_path / name, ct)
    assert segments.origin.known is Known.FILE
    assert segments.origin.model == demo.model
    assert not segments.origin.edited
    assert is_withheld(segments, ct)


def test_nifti_has_the_mark_where_other_programs_look_for_it(phantom, demo, tmp_path):
    marks.write(phantom[1], tmp_path / "l.nii.gz", demo)
    descrip = gzip.decompress((tmp_path / "l.nii.gz").read_bytes())[148:228]
    assert descrip.startswith(b"PTLF1 ptlf-demo-1 2 p=n h=")
    assert descrip[79:] == b"\0"


def test_the_mark_survives_another_format(phantom, ct, demo, tmp_path):
    marks.write(phantom[1], tmp_path / "l.nrrd", demo)
    sitk.WriteImage(sitk.ReadImage(str(tmp_path / "l.nrrd")), str(tmp_path / "l.nii.gz"))
    shutil.rmtree(ledger.folder(), ignore_errors=True)
    assert is_withheld(read_segments(tmp_path / "l.nii.gz", ct), ct)


def test_a_seg_nrrd_with_our_tags(phantom, ct, demo, tmp_path):
    tags = marks.segment_tags(demo, phantom[1])
    assert not any("|" in value for value in tags.values())
    write_seg_nrrd(tmp_path / "s.seg.nrrd", phantom[1], tags)
    segments = read_segments(tmp_path / "s.seg.nrrd", ct)
    assert (segments.origin.known, segments.origin.format) == (Known.FILE, "seg.nrrd")
    assert not segments.origin.edited
    assert is_withheld(segments, ct)


def test_a_scene_of_version_0_1_0(phantom, ct, tmp_path):
    tags = {marks.ALGORITHM_TYPE: "AUTOMATIC", marks.ALGORITHM_NAME: "PTLF ptlf-demo-1 2"}
    write_seg_nrrd(tmp_path / "s.seg.nrrd", phantom[1], tags)
    assert is_withheld(read_segments(tmp_path / "s.seg.nrrd", ct), ct)


@pytest.fixture(scope="module")
def write_seg(phantom, write_dicom, tmp_path_factory):
    """DICOM SEG of the phantom's liver and tumour, each with an algorithm's name."""
    pytest.importorskip("highdicom")
    folder = write_dicom(tmp_path_factory.mktemp("dicom"), phantom[0])
    return lambda path, names: write_dicom_seg(path, folder, phantom[1], names)


def test_a_dicom_seg_with_our_algorithm(phantom, ct, demo, write_seg, tmp_path):
    path = write_seg(tmp_path / "seg.dcm", [marks.algorithm_name(demo, phantom[1])] * 2)
    segments = read_segments(path, ct)
    assert (segments.origin.known, segments.origin.format) == (Known.FILE, "DICOM SEG")
    assert segments.origin.model == demo.model
    assert not segments.origin.edited
    assert is_withheld(segments, ct)


def test_a_dicom_seg_of_another_program_is_unknown(phantom, ct, write_seg, tmp_path):
    path = write_seg(tmp_path / "seg.dcm", ["Other", "Other"])
    assert level_of("mask_origin_unknown", read_segments(path, ct), ct) == ["withhold"]


def test_one_segment_of_a_model_is_enough(phantom, ct, demo, write_seg, tmp_path):
    path = write_seg(tmp_path / "seg.dcm", [marks.algorithm_name(demo, phantom[1]), "Other"])
    assert is_withheld(read_segments(path, ct), ct)


# Files that have lost their mark


def test_a_copy_without_its_mark_is_known_on_this_computer(phantom, ct, demo, tmp_path):
    assert ledger.remember(ct.identity, phantom[1], demo) is None
    for name in FORMATS:
        sitk.WriteImage(copied(phantom[1]), str(tmp_path / name))
        segments = read_segments(tmp_path / name, ct)
        assert (segments.origin.known, segments.origin.changed) == (Known.LEDGER, 0.0)
        assert is_withheld(segments, ct)


def test_contours_of_what_a_model_drew_are_the_models(phantom, ct, demo, tmp_path):
    """An RTSTRUCT has no room for a mark."""
    labels = sitk.GetArrayViewFromImage(phantom[1])
    masks = {"Liver": labels > 0, "Tumor": labels == 2}
    path = write_rtstruct(
        tmp_path / "rs.dcm", [(name, "", contours_of(phantom[1], mask)) for name, mask in masks.items()]
    )
    assert read_segments(path, ct).origin.known is Known.NOT
    ledger.remember(ct.identity, phantom[1], demo)
    assert (read_segments(path, ct).origin.known, is_withheld(read_segments(path, ct), ct)) == (Known.LEDGER, True)


def test_what_a_file_said_once_is_remembered(phantom, ct, demo, tmp_path):
    marks.write(phantom[1], tmp_path / "l.nrrd", demo)  # from another computer
    read_segments(tmp_path / "l.nrrd", ct)
    sitk.WriteImage(copied(phantom[1]), str(tmp_path / "stripped.nrrd"))
    assert is_withheld(read_segments(tmp_path / "stripped.nrrd", ct), ct)


@pytest.mark.parametrize("axes", ["RAS", "SLA"])
def test_on_other_axes_and_with_other_room_around(phantom, ct, demo, tmp_path, axes):
    ledger.remember(ct.identity, phantom[1], demo)
    turned = sitk.DICOMOrient(copied(phantom[1]), axes)
    sitk.WriteImage(turned, str(tmp_path / "turned.nii.gz"))
    sitk.WriteImage(sitk.ConstantPad(copied(phantom[1]), (3, 2, 1), (0, 4, 2)), str(tmp_path / "padded.nrrd"))
    for name in ("turned.nii.gz", "padded.nrrd"):
        segments = read_segments(tmp_path / name, ct)
        assert segments.origin.known is Known.LEDGER
        assert segments.origin.changed == 0
        assert is_withheld(segments, ct)


def test_the_same_voxels_on_a_cropped_ct(phantom, ct, demo):
    ledger.remember(ct.identity, phantom[1], demo)
    box = (slice(2, 190), slice(5, 150), slice(1, None))
    cropped, labels = canonical(phantom[0][box]), copied(phantom[1])[box]
    assert cropped.identity != ct.identity
    origin, changed = ledger.find(cropped.identity, labels)
    assert (origin.model["id"], changed) == ("ptlf-demo-1", 0.0)


def test_a_few_changed_voxels_are_counted(phantom, ct, demo, tmp_path):
    ledger.remember(ct.identity, phantom[1], demo)
    sitk.WriteImage(copied(phantom[1], lambda a: brushed(a, 20)), str(tmp_path / "l.nrrd"))
    segments = read_segments(tmp_path / "l.nrrd", ct)
    organ = np.count_nonzero(sitk.GetArrayFromImage(phantom[1]))
    assert segments.origin.changed == pytest.approx(20 / organ)
    assert is_withheld(segments, ct)


def test_a_new_tumour_in_the_models_liver_is_an_edit_of_it(phantom, ct, demo, tmp_path):
    ledger.remember(ct.identity, phantom[1], demo)

    def other_tumour(array):
        array[array == 2] = 1
        array[7:9, 50:80, 50:80] = 2
        return array

    sitk.WriteImage(copied(phantom[1], other_tumour), str(tmp_path / "l.nrrd"))
    segments = read_segments(tmp_path / "l.nrrd", ct)
    assert segments.origin.changed > 0.01
    assert is_withheld(segments, ct)


def test_a_mask_by_hand_on_the_same_ct_is_not_taken_for_the_models(phantom, ct, demo, tmp_path):
    """As two readers differ: one voxel all around, Dice 0.95."""
    ledger.remember(ct.identity, phantom[1], demo)
    by_hand = sitk.BinaryDilate(sitk.Cast(phantom[1] > 0, sitk.sitkUInt8), [1, 1, 0])
    tumour = sitk.BinaryErode(sitk.Cast(phantom[1] == 2, sitk.sitkUInt8), [1, 1, 0])
    sitk.WriteImage(copied(by_hand + tumour), str(tmp_path / "hand.nii.gz"))
    assert level_of("mask_origin_unknown", read_segments(tmp_path / "hand.nii.gz", ct), ct) == ["withhold"]
    said = provenance.said("hand", "A. Reader")
    segments = read_segments(tmp_path / "hand.nii.gz", ct, said=said)
    assert (segments.origin.drawn, segments.origin.known) == (Drawn.HAND, Known.READER)
    assert {f.code for f in segments.checked(ct).findings} == {"volumes"}


def test_a_mask_of_another_ct_at_another_place_is_unknown(phantom, ct, demo):
    ledger.remember(ct.identity, phantom[1], demo)
    moved = copied(phantom[1])
    moved.SetOrigin([x + 40 for x in moved.GetOrigin()])
    assert ledger.find("another", moved) is None


def test_a_tiny_tumour_may_agree_by_chance(phantom, ct, demo):
    def tiny(array):
        array[array == 2] = 1
        array[7, 50:53, 50:53] = 2
        return array

    ledger.remember(ct.identity, copied(phantom[1], tiny), demo)
    other = sitk.BinaryErode(sitk.Cast(phantom[1] > 0, sitk.sitkUInt8), [2, 2, 0])
    assert ledger.find(ct.identity, copied(other, lambda a: tiny(a))) is None


# The reader's word


def said_of(path, ct, word):
    return read_segments(path, ct, said=provenance.said(word, "A. Reader"))


@pytest.mark.parametrize("stripped", [False, True])
def test_a_readers_word_does_not_lift_what_is_known(phantom, ct, demo, tmp_path, stripped):
    marks.write(phantom[1], tmp_path / "l.nrrd", demo)
    ledger.remember(ct.identity, phantom[1], demo)
    if stripped:
        sitk.WriteImage(copied(phantom[1]), str(tmp_path / "l.nrrd"))
    segments = said_of(tmp_path / "l.nrrd", ct, "hand")
    assert is_withheld(segments, ct)
    (told,) = [f for f in segments.findings if f.code == "mask_origin_contradicted"]
    assert "A. Reader says that these segments were drawn by hand" in told.message
    assert "drawn by the model ptlf-demo-1" in told.message


def test_a_readers_word_that_agrees_is_no_contradiction(phantom, ct, demo, tmp_path):
    marks.write(phantom[1], tmp_path / "l.nrrd", demo)
    segments = said_of(tmp_path / "l.nrrd", ct, "model:ptlf-demo-1")
    assert not [f for f in segments.findings if f.code == "mask_origin_contradicted"]
    assert segments.origin.sign_off is None  # there is nothing to sign
    assert is_withheld(segments, ct)


def test_one_brushed_voxel_and_a_sign_off_lift_nothing(phantom, ct, demo, tmp_path):
    ledger.remember(ct.identity, phantom[1], demo)
    sitk.WriteImage(copied(phantom[1], brushed), str(tmp_path / "l.nrrd"))
    segments = said_of(tmp_path / "l.nrrd", ct, "model:ptlf-demo-1")
    assert segments.origin.sign_off.reader == "A. Reader"
    assert is_withheld(segments, ct)
    (finding,) = [f for f in segments.checked(ct).findings if f.code == "model_not_for_patients"]
    assert "Less than 0.01 % of the voxels were changed since; from 1 % on" in finding.message


def test_an_edit_of_one_percent_with_a_sign_off_is_the_readers_own(phantom, ct, demo, tmp_path):
    ledger.remember(ct.identity, phantom[1], demo)
    voxels = int(0.015 * np.count_nonzero(sitk.GetArrayFromImage(phantom[1])))
    sitk.WriteImage(copied(phantom[1], lambda a: brushed(a, voxels)), str(tmp_path / "l.nrrd"))
    assert is_withheld(read_segments(tmp_path / "l.nrrd", ct), ct)  # nobody has signed
    segments = said_of(tmp_path / "l.nrrd", ct, "model:ptlf-demo-1")
    (finding,) = [f for f in segments.checked(ct).findings if f.code == "model_not_for_patients"]
    assert finding.level == "warn"
    assert "1.49 % of the voxels were changed since, and signed by A. Reader" in finding.message
    marks.write(segments.labels, tmp_path / "signed.nii.gz", segments.origin)
    again = read_segments(tmp_path / "signed.nii.gz", ct)
    assert again.origin.made_own
    assert level_of("model_not_for_patients", again, ct) == ["warn"]


def test_a_sign_off_holds_for_no_other_voxels(phantom, ct, demo, tmp_path):
    """An edit that keeps the header, as a script does: without the ledger, what the mark says is the least."""
    signed = demo.with_changes(changed=0.05, sign_off=READER)
    image = sitk.Image(phantom[1])
    image.SetMetaData(marks.KEY, marks.to_text(signed, phantom[1]))
    sitk.WriteImage(image, str(tmp_path / "kept.nrrd"))
    assert read_segments(tmp_path / "kept.nrrd", ct).origin.made_own
    image[40, 50, 7] = 0 if image[40, 50, 7] else 1
    sitk.WriteImage(image, str(tmp_path / "edited.nrrd"))
    shutil.rmtree(ledger.folder())
    segments = read_segments(tmp_path / "edited.nrrd", ct)
    assert (segments.origin.sign_off, segments.origin.changed) == (None, 0.05)
    assert is_withheld(segments, ct)


def test_an_edit_whose_share_nobody_can_count_is_never_taken_for_a_small_one(phantom, ct, mine, tmp_path):
    """A script keeps the header and changes a third of the voxels; what the model drew is on another computer."""
    third = np.count_nonzero(sitk.GetArrayFromImage(phantom[1])) // 3
    image = copied(phantom[1], lambda a: brushed(a, third))
    image.SetMetaData(marks.KEY, marks.to_text(mine, phantom[1]))
    sitk.WriteImage(image, str(tmp_path / "edited.nrrd"))
    read = read_segments(tmp_path / "edited.nrrd", ct)
    assert (read.origin.edited, read.origin.at_least) == (True, True)
    assert Origin.from_dict(read.origin.to_dict()).at_least
    marks.write(read.labels, tmp_path / "again.nii.gz", read.origin)
    sitk.WriteImage(copied(read.labels), str(tmp_path / "stripped.nrrd"))  # known by the ledger since it was read
    for name in ("again.nii.gz", "stripped.nrrd"):
        assert read_segments(tmp_path / name, ct).origin.at_least


def test_where_what_the_model_drew_is_at_hand_an_edit_that_keeps_the_header_is_counted(phantom, ct, mine, tmp_path):
    ledger.remember(ct.identity, phantom[1], mine)
    image = copied(phantom[1], lambda a: brushed(a, 300))
    image.SetMetaData(marks.KEY, marks.to_text(mine, phantom[1]))
    sitk.WriteImage(image, str(tmp_path / "edited.nrrd"))
    origin = read_segments(tmp_path / "edited.nrrd", ct).origin
    assert not origin.at_least
    assert origin.changed == pytest.approx(300 / np.count_nonzero(sitk.GetArrayFromImage(phantom[1])))


def test_marks_of_several_label_maps_are_an_edit_that_can_be_signed(phantom, ct, mine, tmp_path):
    """Liver and tumour in two files, each as a model drew it once: nobody knows whether in one run."""
    marks.write(phantom[1] > 0, tmp_path / "liver.nrrd", mine)
    marks.write(phantom[1] == 2, tmp_path / "tumour.nrrd", mine)
    sources = [Source(tmp_path / "liver.nrrd", Role.LIVER), Source(tmp_path / "tumour.nrrd", Role.TUMOUR)]
    assert read_segments(sources, ct).origin.edited
    shutil.rmtree(ledger.folder())
    named = mine.with_changes(known=Known.READER, named=READER)
    assert read_segments(sources, ct, None, named).origin.sign_off == READER


def test_a_mark_that_names_no_label_map_makes_no_edit_of_one_that_does(phantom, mine):
    """As the panel joins what it knows of the scene with the segments' own marks."""
    content = regions.content(phantom[1])
    joined = marks.combined([marks.Mark(mine), marks.Mark(mine, content)])
    assert joined.content == content


def test_changes_of_a_changed_mask_do_not_cancel_out(phantom, ct, mine):
    """Remembered with 2 % changed, found with 2 % of other changes: that is not unchanged."""
    share = 1 / np.count_nonzero(sitk.GetArrayFromImage(phantom[1]))
    ledger.remember(ct.identity, phantom[1], mine.with_changes(changed=40 * share))
    edited = copied(phantom[1], lambda array: brushed(array, 40))
    found, _ = ledger.find(ct.identity, edited)
    assert (found.at_least, found.edited) == (True, True)
    ledger.remember(ct.identity, copied(phantom[1], lambda array: brushed(array, 50)), mine)
    found, _ = ledger.find(ct.identity, edited)
    assert (found.at_least, round(found.changed / share)) == (False, 10), "counted from what the model drew"


def test_hand_is_written_and_holds_for_no_other_voxels(phantom, ct, tmp_path):
    hand = provenance.said("hand", "A. Reader")
    image = sitk.Image(phantom[1])
    image.SetMetaData(marks.KEY, marks.to_text(hand, phantom[1]))
    sitk.WriteImage(image, str(tmp_path / "l.nrrd"))
    segments = read_segments(tmp_path / "l.nrrd", ct)
    assert (segments.origin.drawn, segments.origin.known) == (Drawn.HAND, Known.FILE)
    assert {f.code for f in segments.checked(ct).findings} == {"volumes"}
    image[40, 50, 7] = 0 if image[40, 50, 7] else 1
    sitk.WriteImage(image, str(tmp_path / "l.nrrd"))
    assert read_segments(tmp_path / "l.nrrd", ct).origin.drawn is Drawn.UNKNOWN


def test_a_model_for_patients_needs_no_word(phantom, ct, mine, tmp_path):
    marks.write(phantom[1], tmp_path / "l.nii.gz", mine)
    segments = read_segments(tmp_path / "l.nii.gz", ct)
    assert segments.origin.model["id"] == "site-1"
    assert provenance.drawn_by(segments.origin, ["5" * 64])
    assert not provenance.drawn_by(segments.origin, ["6" * 64])
    assert {f.code for f in segments.checked(ct).findings} == {"volumes"}


def test_the_mark_of_another_model_hides_no_demo_model(phantom, ct, demo, mine, tmp_path):
    ledger.remember(ct.identity, phantom[1], demo)
    marks.write(phantom[1], tmp_path / "l.nrrd", mine)
    assert is_withheld(read_segments(tmp_path / "l.nrrd", ct), ct)


@pytest.mark.parametrize(
    ("word", "reader", "sentence"),
    [
        ("hand", None, r"Give the reader's name"),
        ("hand", "  ", r"Give the reader's name"),
        ("me", "R", r"--mask-origin 'me' cannot be read; say hand or model:ID"),
        ("model:", "R", r"cannot be read"),
        ("model:none", "R", r"There is no model 'none'\. Known are: ptlf-demo-1"),
    ],
)
def test_a_word_that_cannot_be_taken(word, reader, sentence):
    with pytest.raises(BadInput, match=sentence):
        provenance.said(word, reader)


# The weights


@pytest.fixture
def models(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "models"))
    return Path(shutil.copytree(default_model().folder, tmp_path / "Liver of our site"))


def repacked(folder: Path) -> None:
    """The checkpoint written again, with other names and order, and plans.json with other spaces."""
    path = folder / "fold_0" / "checkpoint_final.pth"
    with zipfile.ZipFile(path) as archive:
        members = [(m.filename, archive.read(m)) for m in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in reversed(members):
            archive.writestr(name.replace("checkpoint_final/", "archive/"), data)
    plans = folder / "plans.json"
    plans.write_text(json.dumps(json.loads(plans.read_text()), indent=7))


def zipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder.parent / "export"), "zip", folder.parent, folder.name))


ROUTES = {
    "folder": lambda folder: find_model(folder),
    "zip": lambda folder: find_model(zipped(folder)),
    "added": lambda folder: add(folder, id="ours", title="Ours", for_patients=True, warning="", licence="MIT"),
    "added and found": lambda folder: (add(folder, id="ours", for_patients=True, warning=""), find_model("ours"))[1],
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("change", [lambda folder: None, repacked])
def test_weights_keep_their_mark_under_any_name(models, phantom, ct, route, change):
    change(models)
    model = ROUTES[route](models)
    assert not model.for_patients
    assert model.warning == default_model().warning
    assert model.weights_sha256 == default_model().weights_sha256
    (finding,) = provenance.findings(Origin(Drawn.MODEL, Known.RUN, model.identity))
    assert (finding.code, finding.level) == ("model_not_for_patients", "withhold")


def test_an_entry_that_somebody_rewrote_lifts_no_mark(models):
    added = add(models, id="ours")
    entry = added.folder / "model.json"
    entry.write_text(json.dumps({**json.loads(entry.read_text()), "for_patients": True, "warning": ""}))
    assert find_model("ours").identity["for_patients"] is False
    assert find_model("ours").identity["warning"] == default_model().warning


def test_a_model_of_other_weights_is_its_sites_own(models):
    path = models / "fold_0" / "checkpoint_final.pth"
    with zipfile.ZipFile(path) as archive:
        members = [(m, archive.read(m)) for m in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members:
            archive.writestr(member, data[::-1] if member.filename.endswith("data/4") else data)
    model = add(models, id="ours", for_patients=True, warning="")
    assert (model.for_patients, model.shipped) == (True, False)
    assert provenance.findings(Origin(Drawn.MODEL, Known.RUN, model.identity)) == ()
    unknown = find_model(models)
    assert [f.level for f in provenance.findings(Origin(Drawn.MODEL, Known.RUN, unknown.identity))] == ["warn"]


def test_earlier_weights_of_the_demo_model_are_not_for_patients():
    earlier = "d946c758e771786e92c0038ae44b620be6b5477a35fa23836d9a0a2d70e6d9d1"
    mark = marks.from_text(f"PTLF1 ours 1 p=y w={earlier}")
    assert [f.level for f in provenance.findings(mark.origin)] == ["withhold"]


def test_a_demo_model_of_a_later_version_is_not_for_patients_either():
    mark = marks.from_text(f"PTLF1 ptlf-demo-2 5 p=n w={'ab' * 32}")
    (finding,) = provenance.findings(mark.origin)
    assert (finding.level, finding.message) == ("withhold", "The model 'ptlf-demo-2' is not for patients.")


# The ledger


def test_the_ledger_holds_no_name(phantom, ct, demo):
    origin = demo.with_changes(sign_off=READER, named=READER, changed=0.02, run={"device": "cpu"})
    ledger.remember(ct.identity, phantom[1], origin)
    (entry,) = ledger.folder().iterdir()
    assert b"Reader" not in gzip.decompress(entry.read_bytes())
    assert entry.stat().st_size < 20_000


def test_hand_drawn_and_unknown_masks_are_not_in_the_ledger(phantom, ct, demo):
    for origin in (Origin(), Origin(Drawn.HAND, Known.READER), demo.with_changes(known=Known.READER)):
        ledger.remember(ct.identity, phantom[1], origin)
    assert not ledger.folder().exists()


def test_a_damaged_entry_is_passed_over(phantom, ct, demo):
    ledger.remember(ct.identity, phantom[1], demo)
    (good,) = ledger.folder().iterdir()
    data = good.read_bytes()
    start = good.name[:-10]
    (ledger.folder() / f"{start}00000.gz").write_bytes(data[:50])
    (ledger.folder() / f"{start}11111.gz").write_bytes(gzip.compress(b"{}\n"))
    (ledger.folder() / f"{start}22222.gz").write_bytes(gzip.compress(gzip.decompress(data)[:-400]))
    (ledger.folder() / "notes.txt").write_text("x")
    assert ledger.find(ct.identity, phantom[1])[1] == 0
    good.unlink()
    assert ledger.find(ct.identity, phantom[1]) is None


def test_the_oldest_entries_go(phantom, ct, demo, monkeypatch):
    monkeypatch.setattr(ledger, "ENTRIES", 3)
    for voxels in range(6):
        ledger.remember(ct.identity, copied(phantom[1], lambda a, n=voxels: brushed(a, n)), demo)
        (newest,) = [p for p in ledger.folder().iterdir() if p.stat().st_mtime > 1e9]
        os.utime(newest, (voxels, voxels))
    kept = sorted(p.stat().st_mtime for p in ledger.folder().iterdir())
    assert kept == [3, 4, 5]


def test_a_ledger_that_cannot_be_written_is_told_and_loses_nothing(phantom, ct, demo, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "file"))
    finding = ledger.remember(ct.identity, phantom[1], demo)
    assert (finding.code, finding.level) == ("ledger_not_written", "warn")
    marks.write(phantom[1], tmp_path / "l.nrrd", demo)
    segments = read_segments(tmp_path / "l.nrrd", ct)
    assert [f.code for f in segments.findings] == ["ledger_not_written"]
    assert is_withheld(segments, ct)
    sitk.WriteImage(copied(phantom[1]), str(tmp_path / "l.nrrd"))
    assert level_of("mask_origin_unknown", read_segments(tmp_path / "l.nrrd", ct), ct) == ["withhold"]


WRITER = """
import sys, numpy as np, SimpleITK as sitk
from PTLFPredictorLib.segmentation import ledger
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
for n in range(10):
    array = np.zeros((4, 20, 20), np.uint8)
    array[1:3, 2:18, 2:18] = 1
    array[1, 2, : n + int(sys.argv[1])] = 0
    labels = sitk.GetImageFromArray(array)
    origin = Origin(Drawn.MODEL, Known.RUN, {"id": "m", "for_patients": True, "weights_sha256": "0" * 64})
    assert ledger.remember("f" * 64, labels, origin) is None
    assert ledger.find("f" * 64, labels) is not None
"""


def test_several_processes_write_at_once(tmp_path):
    library = Path(ledger.__file__).parents[2]
    environment = {**os.environ, "PTLF_DATA": str(tmp_path), "PYTHONPATH": str(library)}
    command = [sys.executable, "-c", WRITER]
    running = [subprocess.Popen([*command, str(start)], env=environment) for start in (3, 3, 6)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert not list((tmp_path / "ledger").glob(".*"))


# The whole way


def predict(out: Path, files, segmentation: Path, *options: str) -> dict:
    command = ["predict", "--ct", files["ct"], "--segmentation", segmentation, "--out", out, *options]
    assert main([str(word) for word in command]) == 0
    return json_text.read(out / "result.json")


def levels(data: dict) -> dict[str, str]:
    """Findings on who drew the segments; what the signature makes of it (`mask_not_covered`) has its own tests."""
    codes = ("mask_origin_unknown", "mask_origin_contradicted", "model_not_for_patients")
    return {f["code"]: f["level"] for f in data["findings"] if f["code"] in codes}


def test_predict_asks_who_drew_the_mask_and_keeps_the_answer(phantom_files, tmp_path, capsys):
    data = predict(tmp_path / "a", phantom_files, phantom_files["labels"])
    assert levels(data) == {"mask_origin_unknown": "withhold"}
    assert "--mask-origin hand" in capsys.readouterr().out
    hand = ("--mask-origin", "hand", "--reader", "A. Reader")
    data = predict(tmp_path / "b", phantom_files, phantom_files["labels"], *hand)
    assert levels(data) == {}
    assert data["segmentation"]["origin"]["named"]["reader"] == "A. Reader"
    assert levels(predict(tmp_path / "c", phantom_files, tmp_path / "b" / "labels.nii.gz")) == {}


def test_predict_hands_the_mark_on_and_cleaning_up_is_no_edit(phantom_files, phantom, demo, tmp_path):
    marks.write(phantom[1], tmp_path / "l.mha", demo)
    data = predict(tmp_path / "out", phantom_files, tmp_path / "l.mha", "--drop-below", "30")
    assert data["segmentation"]["volumes_ml"]["tumor"] == 0
    assert data["segmentation"]["origin"]["changed"] == 0
    assert levels(data) == {"model_not_for_patients": "withhold"}
    written = tmp_path / "out" / "labels.nii.gz"
    assert not marks.of_file(written).origin.edited
    assert levels(predict(tmp_path / "again", phantom_files, written)) == {"model_not_for_patients": "withhold"}
    sitk.WriteImage(copied(sitk.ReadImage(str(written))), str(tmp_path / "stripped.nii.gz"))
    hand = ("--mask-origin", "hand", "--reader", "A. Reader")
    data = predict(tmp_path / "third", phantom_files, f"parenchyma={tmp_path / 'stripped.nii.gz'}", *hand)
    assert data["segmentation"]["origin"]["changed"] == 0
    assert levels(data) == {"mask_origin_contradicted": "warn", "model_not_for_patients": "withhold"}


def test_mask_origin_without_a_mask_is_refused(phantom_files, tmp_path):
    with pytest.raises(BadInput, match="without it a model draws them"):
        Sources(phantom_files["ct"], mask_origin=provenance.said("hand", "R"))


def test_features_take_the_answer_too(phantom_files, tmp_path):
    command = ["features", "--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"], "--signature"]
    command += ["ptlf-published", "--out", tmp_path / "f.json", "--mask-origin", "model:nothing", "--reader", "R"]
    assert main([str(word) for word in command]) == 2
    assert main([str(word) for word in command[:-4]] + ["--mask-origin", "hand", "--reader", "R"]) == 0


def test_what_cleans_up_leaves_the_origin(phantom, ct, demo, tmp_path):
    from PTLFPredictorLib.segmentation.postprocess import apply

    marks.write(phantom[1], tmp_path / "l.nrrd", demo)
    cleaned = apply(read_segments(tmp_path / "l.nrrd", ct), PostProcessing(fill_holes=True))
    assert cleaned.origin.changed == 0
    assert cleaned.origin.post_processing["fill_holes"]


def redrawn(array: np.ndarray) -> np.ndarray:
    """Another tumour at another place in the same liver."""
    array[array == 2] = 1
    array[7:9, 40:60, 50:66][array[7:9, 40:60, 50:66] == 1] = 2
    return array


def test_a_tumour_of_an_unmarked_file_beside_a_models_liver_is_an_edit_of_unknown_size(phantom, ct, mine, tmp_path):
    marks.write(phantom[1] > 0, tmp_path / "liver.nrrd", mine)
    sitk.WriteImage(copied(phantom[1], lambda array: (array == 2).astype(np.uint8)), str(tmp_path / "tumour.nrrd"))
    sources = [Source(tmp_path / "liver.nrrd", Role.LIVER), Source(tmp_path / "tumour.nrrd", Role.TUMOUR)]
    assert read_segments(sources, ct).origin.at_least


def test_an_edit_of_an_edit_is_counted_against_what_the_model_drew_or_not_at_all(phantom, ct, mine):
    """Two edits of the same size at different places: the second is no return to what the model drew."""
    first = copied(phantom[1], lambda array: brushed(array, 60))
    second = copied(phantom[1], redrawn)
    share = ledger.changed_share(ledger.regions_of(phantom[1]), ledger.regions_of(first))
    apart = ledger.changed_share(ledger.regions_of(first), ledger.regions_of(second))
    ledger.remember(ct.identity, first, mine.with_changes(changed=apart))  # as far from the model's as from the second
    origin, _ = ledger.find(ct.identity, second)
    assert (origin.changed, origin.at_least) == (0, True)
    assert ledger.find(ct.identity, first)[0].changed == apart
    ledger.remember(ct.identity, phantom[1], mine)
    counted = ledger.changed_share(ledger.regions_of(phantom[1]), ledger.regions_of(second))
    origin, _ = ledger.find(ct.identity, second)
    assert (origin.changed, origin.at_least) == (counted, False)
    assert 0 < share < counted
