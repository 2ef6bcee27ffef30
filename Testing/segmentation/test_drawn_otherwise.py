"""Masks that a model drew otherwise than by itself are, to evidence, another model's; whose they are stays known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from PTLFPredictorLib.confirmation import Confirmation
from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.segmentation import default_model, marks, price, provenance
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin, drawn_otherwise, same_network, same_weights

HASH = st.text("0123456789abcdef", min_size=64, max_size=64)
CHOICE = {"tile_step": 1.0}


@given(HASH, HASH.filter(lambda text: text), st.integers(16, 64))
def test_it_is_told_apart_however_short_a_format_cuts_it_and_shows_whose_weights_they_are(weights, other, digits):
    told = drawn_otherwise(weights, CHOICE)
    assert len(told) == 64
    assert not same_weights(told[:digits], weights)
    assert not same_weights(told, drawn_otherwise(weights, {"tile_step": 0.75}))
    assert same_weights(told[:digits], drawn_otherwise(weights, dict(CHOICE)))
    assert same_network(told, weights)
    assert same_network(weights[:16], told)
    assert same_network(told, drawn_otherwise(weights, {"mirroring": "none"}))
    assert same_network(told[:digits], weights) is (digits >= 32)  # below, it cannot be seen
    assert same_network(weights, other) is (weights == other)


def test_the_model_s_own_way_is_its_weights():
    assert drawn_otherwise("ab" * 32, {}) == "ab" * 32
    assert drawn_otherwise("", CHOICE) == ""


@pytest.fixture
def model():
    found = default_model()
    if not found.folder.is_dir():
        pytest.skip("the demo model is not in Resources/Models")
    return found


@pytest.fixture
def labels():
    values = np.zeros((6, 20, 20), np.uint8)
    values[1:5, 3:17, 3:17] = 1
    values[2:4, 6:9, 6:9] = 2
    return sitk.GetImageFromArray(values)


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "data"))


def origin_of(model, how) -> Origin:
    identity = model.identity_with(model.sha256)
    weights = drawn_otherwise(identity["weights_sha256"], price.otherwise(model, how))
    return Origin(Drawn.MODEL, Known.RUN, {**identity, "weights_sha256": weights}, run={"device": "cpu"})


@pytest.mark.parametrize(
    ("how", "choice"),
    [
        (How("cpu"), {}),
        (How("cuda:0", runtime="openvino", mirroring="none", tile_step=0.5), {}),  # as it does by itself
        (How(tile_step=0.75), {"tile_step": 0.75}),
        (How(tile_step=1.0, precision="bf16"), {"tile_step": 1.0, "precision": "bf16"}),
        (How(mirroring="all"), {}),  # its training mirrored nothing
    ],
)
def test_evidence_of_a_model_is_of_the_way_that_drew_its_cases(model, how, choice):
    assert price.otherwise(model, how) == choice
    origin = origin_of(model, how)
    assert provenance.drawn_by(origin, [model.weights_sha256]) is (not choice)
    assert provenance.drawn_by(origin, [origin_of(model, how).model["weights_sha256"]])


def test_the_record_s_sentence_says_in_which_way():
    assert price.notice({"tile_step": 1.0, "mirroring": "left-right"}) == (
        "The model draws otherwise than by itself (tile step 1.0, mirroring left-right): evidence on its own masks "
        "says nothing of these."
    )


@pytest.mark.parametrize("length", [None, marks.NIFTI_LENGTH, marks.DICOM_LENGTH])
def test_a_file_s_mark_keeps_both_the_way_and_that_the_model_is_not_for_patients(model, labels, length):
    origin = origin_of(model, How(tile_step=1.0))
    read = marks.from_text(marks.to_text(origin, labels, length)).origin
    assert not provenance.drawn_by(read, [model.weights_sha256])
    assert provenance.drawn_by(read, [origin.model["weights_sha256"]])
    assert [one.code for one in provenance.findings(read)] == ["model_not_for_patients"]
    own = marks.from_text(marks.to_text(origin_of(model, How()), labels, length)).origin
    assert provenance.drawn_by(own, [model.weights_sha256])


def test_a_reader_who_names_the_model_signs_what_it_drew_in_whatever_way(model, labels):
    ct = canonical(sitk.Image(20, 20, 6, sitk.sitkInt16))
    word = Origin(
        Drawn.MODEL, Known.READER, model.identity, named=Confirmation.now("A. Reader", "who drew the segments")
    )
    mark = marks.from_text(marks.to_text(origin_of(model, How(tile_step=1.0)).with_changes(changed=0.05), labels))
    origin, found = provenance.resolve(labels, ct, [mark], word)
    assert [one.code for one in found] == []
    assert (origin.sign_off.reader, origin.changed) == ("A. Reader", 0.05)
    assert not provenance.drawn_by(origin, [model.weights_sha256])
    other = replace(word, model={**model.identity, "weights_sha256": "ab" * 32})
    assert [one.code for one in provenance.resolve(labels, ct, [mark], other)[1]] == ["mask_origin_contradicted"]


@pytest.mark.slow
def test_a_run_records_what_was_chosen_and_marks_its_masks(model, tmp_path):
    pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed: './ptlf test' installs it")
    from PTLFPredictorLib.sample import make_case
    from PTLFPredictorLib.segmentation import segment

    case = make_case(11, matrix=256, slice_mm=5.0)
    ct, found = canonical(case.ct).image, {}
    for name, how in (("own", How("cpu")), ("otherwise", How("cpu", tile_step=1.0, mirroring="all"))):
        work, events = tmp_path / name, []
        work.mkdir()
        drawn = segment(ct, model, how=how, work=work, on_event=events.append)
        found[name] = drawn
        settings = drawn.settings
        assert (settings["mirroring"], settings["tile_step"]) == ("none", how.tile_step or 0.5)
        said = next(event["text"] for event in events if event["event"] == "work")
        assert said.startswith(f"This CT takes {settings['passes']} pass")
    own, otherwise = (drawn.origin for drawn in found.values())
    assert "notices" not in own.run
    assert own.model["weights_sha256"] == model.weights_sha256
    told = price.notice({"tile_step": 1.0})
    not_mirrored = "The training of this network mirrored nothing along the axes that were chosen"
    assert otherwise.run["notices"][0] == told
    assert otherwise.run["notices"][1].startswith(not_mirrored)
    assert otherwise.model["weights_sha256"] == drawn_otherwise(model.weights_sha256, {"tile_step": 1.0})
    assert found["otherwise"].settings["passes"] < found["own"].settings["passes"]
    assert otherwise.model["sha256"] == own.model["sha256"] == model.sha256  # the files are the same
