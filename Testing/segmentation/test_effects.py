"""What a choice changes in a model's labels: counted against its own way, kept by its weights, said in a sentence."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from PTLFPredictorLib.errors import BadInput, UnusableModel
from PTLFPredictorLib.segmentation import default_model, effects, measuring, price
from PTLFPredictorLib.segmentation.effects import Effect, differing
from PTLFPredictorLib.segmentation.how import How

LABEL_MAPS = arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 2))

STEP = How("cpu", tile_step=0.75)
MEASURED = Effect(STEP, "sample case 1, 4 x 4 x 4 voxels", 64, 3, {"parenchyma": 0.9, "tumor": 0.5}, 8, 18, "cpu")


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "data"))


@pytest.fixture
def model():
    found = default_model()
    if not found.folder.is_dir():
        pytest.skip("the demo model is not in Resources/Models")
    return replace(found, measured={})


@given(LABEL_MAPS, LABEL_MAPS)
def test_voxels_with_another_label_and_dice_by_role(labels, reference):
    differ, dice = differing(labels, reference)
    pairs = list(zip(labels.ravel().tolist(), reference.ravel().tolist(), strict=True))
    assert differ == sum(one != other for one, other in pairs)
    for role, label in (("parenchyma", 1), ("tumor", 2)):
        sizes = sum((one == label) + (other == label) for one, other in pairs)
        assert (role in dice) == (sizes > 0)
        if sizes:
            assert dice[role] == 2 * sum(one == other == label for one, other in pairs) / sizes
    assert differing(reference, reference) == (0, dict.fromkeys(differing(reference, reference)[1], 1.0))


def test_a_sentence_says_how_many_voxels_differ_and_on_what():
    assert MEASURED.words == (
        "Labels against the model's own way: 3 of 64 voxels differ, Dice 0.9000 of the parenchyma and 0.5000 of the "
        "tumour (measured on sample case 1, 4 x 4 x 4 voxels). That is a synthetic CT: on a patient's the labels may "
        "change far more."
    )
    assert replace(MEASURED, of="a CT of yours, 4 x 4 x 4 voxels").words.endswith(
        "(measured on a CT of yours, 4 x 4 x 4 voxels)."
    )
    assert replace(MEASURED, dice={}).words.startswith("Labels against the model's own way: 3 of 64 voxels differ (")


def test_what_was_measured_is_kept_by_the_weights_whatever_device_it_ran_on(model):
    assert effects.known(model, STEP) is None
    effects.remember(model, MEASURED)
    assert effects.known(model, How("cuda:0", tile_step=0.75)) == MEASURED
    assert effects.known(replace(model, id="another-name"), STEP) == MEASURED
    for other in (How(tile_step=1.0), How(mirroring="all"), replace(STEP, mirroring="all"), How()):
        assert effects.known(model, other) is None
    assert effects.known(model, replace(STEP, runtime="openvino")) == MEASURED  # single precision is the model's own
    assert effects.known(model, replace(STEP, precision="bf16")) is None  # other arithmetic


def test_what_was_measured_with_openvino_is_known_with_torch_and_the_other_way(model):
    effects.remember(model, replace(MEASURED, how=replace(STEP, runtime="openvino")))
    for runtime in ("auto", "torch", "openvino"):
        assert effects.known(model, replace(STEP, runtime=runtime)).differ == 3
    assert effects.known(model, replace(STEP, runtime="openvino", precision="bf16")) is None


def test_a_figure_of_the_sample_says_how_it_is_measured_on_a_patient_s_ct(model):
    ct = ((512, 512, 46), (0.8, 0.8, 5.0))
    effects.remember(model, MEASURED)
    command = "'ptlf models measure ptlf-demo-1 --tile-step 0.75 --ct PATH' measures it on yours."
    assert price.words(model, *ct, STEP).endswith(f"may change far more. {command}")
    effects.remember(model, replace(MEASURED, of="a CT of yours, 4 x 4 x 4 voxels"))
    assert "synthetic" not in price.words(model, *ct, STEP)
    assert "--ct PATH" not in price.words(model, *ct, STEP)


def test_a_mirroring_that_the_training_did_not_know_is_said_before_the_run(model):
    ct = ((512, 512, 46), (0.8, 0.8, 5.0))
    said = "The model's training allows no mirroring 'all': it draws without."
    assert price.words(model, *ct, How(mirroring="all")).startswith(f"{said} This CT takes")
    assert price.words(model, *ct, replace(STEP, mirroring="all")).startswith(f"{said} This CT takes")
    for mirroring in (None, "none"):
        assert "mirroring" not in price.words(model, *ct, How(mirroring=mirroring))


def test_a_new_measurement_takes_the_place_of_the_same_choice_s_alone(model):
    mirrored = replace(MEASURED, how=How("cpu", mirroring="none"))
    for effect in (MEASURED, mirrored, replace(MEASURED, of="a CT of yours", differ=5)):
        file = effects.remember(model, effect)
    assert len(json.loads(file.read_text())) == 2
    assert effects.known(model, STEP).differ == 5
    assert effects.known(model, mirrored.how) == mirrored


def test_what_was_measured_here_goes_before_what_the_model_s_entry_has(model):
    entry = replace(model, measured={"effects": [MEASURED.to_dict()]})
    assert effects.known(entry, STEP) == MEASURED
    effects.remember(entry, replace(MEASURED, differ=7))
    assert effects.known(entry, STEP).differ == 7


@pytest.mark.parametrize("broken", ["{", "{}", "[1]", '[{"how": {}}]', "null"])
def test_a_file_that_is_damaged_or_of_another_version_says_nothing(model, broken):
    file = effects.remember(model, MEASURED)
    file.write_text(broken)
    assert effects.known(model, STEP) is None
    effects.remember(model, MEASURED)  # and is written anew
    assert effects.known(model, STEP) == MEASURED


@pytest.mark.parametrize(
    "wrong",
    [
        {"voxels": 0},
        {"differ": -1},
        {"passes": 1.5},
        {"of": None},
        {"dice": {"liver": 1}},
        {"dice": {"tumor": 1.5}},
        {"how": {"tile_step": 7}},
        {"more": 1},
    ],
)
def test_an_entry_of_a_catalogue_that_cannot_be_right_is_refused(model, wrong):
    replace(model, measured={"effects": [MEASURED.to_dict()]}).checked()
    with pytest.raises(UnusableModel, match="measured 'effects' is"):
        replace(model, measured={"effects": [{**MEASURED.to_dict(), **wrong}]}).checked()


class Draws:
    """Stands for the warm process: one voxel less of the organ for each choice, and counts what it is asked."""

    def __init__(self):
        self.asked = []

    def segment(self, ct, model, *, how, work, **told):
        self.asked.append(how)
        labels = np.ones((2, 3, 4), np.uint8)
        own = how.tile_step is None and how.mirroring is None
        labels.ravel()[: 0 if own else 1] = 0
        settings = {"passes": 18 if own else 8}
        chain = [{"settings": settings}, {"skipped": "nothing to look at"}, {"settings": settings}]
        return SimpleNamespace(
            labels=sitk.GetImageFromArray(labels), steps=chain, settings={}, device="cpu", seconds={"network": 1.0}
        )


def test_each_choice_is_measured_against_the_model_s_own_way_which_is_drawn_once(model, monkeypatch):
    draws = Draws()
    monkeypatch.setattr(measuring, "Segmenter", lambda: nullcontext(draws))
    ct = sitk.Image(4, 3, 2, sitk.sitkInt16)
    found = list(measuring.measure(model, ct, "a CT", measuring.standard(model, "cpu")))
    own, *chosen = draws.asked
    assert (own.mirroring, own.tile_step, own.runtime) == (None, None, "torch")
    assert [(how.tile_step, how.runtime) for how in chosen] == [(0.75, "torch"), (1.0, "torch")]
    assert [effect.how for effect in found] == chosen
    assert [(e.voxels, e.differ, e.passes, e.own_passes) for e in found] == [(24, 1, 16, 36)] * 2
    assert found[0].dice == {"parenchyma": 2 * 23 / 47}


def test_the_model_s_own_way_is_nothing_to_measure(model):
    with pytest.raises(BadInput, match="how the model 'ptlf-demo-1' draws by itself"):
        next(measuring.measure(model, sitk.Image(4, 3, 2, sitk.sitkInt16), "a CT", [How("cpu", tile_step=0.5)]))


@pytest.mark.slow
def test_what_the_shipped_model_s_entry_says_is_what_the_command_measures(capsys):
    from PTLFPredictorLib.cli import main

    model = default_model()
    if not model.folder.is_dir():
        pytest.skip("the demo model is not in Resources/Models")
    assert main(["models", "measure", model.id, "--device", "cpu", "--tile-step", "0.75"]) == 0
    printed = capsys.readouterr().out
    told = effects.known(replace(model, measured={}), STEP)
    entry = Effect.from_dict(next(e for e in model.measured["effects"] if e["how"]["tile_step"] == 0.75))
    assert told.passes == entry.passes == 8
    assert told.differ == pytest.approx(entry.differ, rel=0.02)  # another processor rounds otherwise
    assert told.dice == pytest.approx(entry.dice, abs=1e-3)
    assert told.words in printed
