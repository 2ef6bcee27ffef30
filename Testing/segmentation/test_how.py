"""How a model draws: what can be chosen, what of it a network follows, and what that costs."""

from __future__ import annotations

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from PTLFPredictorLib.child.system import CORES
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation import default_model, effort, measuring, model_folder, price
from PTLFPredictorLib.segmentation.catalogue import from_folder
from PTLFPredictorLib.segmentation.how import AS_THE_MODEL, How, Mirroring, Precision, Runtime
from PTLFPredictorLib.segmentation.model_weights import mirrored_axes

os.environ.setdefault("nnUNet_def_n_proc", "1")

MADE = st.builds(
    How,
    st.sampled_from(["auto", "cpu", "cuda:0"]),
    st.sampled_from(Runtime),
    st.sampled_from(Precision),
    st.none() | st.sampled_from(Mirroring),
    st.none() | st.floats(0.1, 1.0),
)


@given(MADE)
def test_a_choice_travels_through_a_job_as_it_is(how):
    import json

    assert How.from_dict(json.loads(json.dumps(how.to_dict()))) == how


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"runtime": "tensorrt"}, "'tensorrt' is no runtime; auto, torch, openvino are."),
        ({"precision": "f16"}, "'f16' is no precision"),
        ({"mirroring": "upside-down"}, "none, left-right, all are"),
        ({"tile_step": 1.2}, "The tile step is 1.2; 0.1 to 1 tiles are possible."),
        ({"tile_step": 0.0}, "The tile step is 0;"),
        ({"tile_step": float("nan")}, "must be a number"),
        ({"tile_step": "0.5"}, "must be a number"),
        ({"tta": True}, "'tta' is nothing that can be chosen"),
    ],
)
def test_what_is_no_choice_is_refused_in_a_sentence(wrong, says):
    with pytest.raises(BadInput, match=says.replace("(", r"\(")):
        How.from_dict(wrong)


@pytest.mark.parametrize(
    ("how", "tta", "mirroring", "tile_step"),
    [
        (How(), None, None, 0.8),  # left to the weights
        (How(), True, None, 0.8),
        (How(), False, Mirroring.NONE, 0.8),
        (How(mirroring="all", tile_step=0.5), False, Mirroring.ALL, 0.5),  # a person's choice goes before
        (How(mirroring="none"), True, Mirroring.NONE, 0.8),
    ],
)
def test_a_step_s_own_way_holds_where_nothing_else_was_chosen(how, tta, mirroring, tile_step):
    found = how.of_step(SimpleNamespace(tta=tta, tile_step=0.8))
    assert (found.mirroring, found.tile_step) == (mirroring, tile_step)


@given(st.lists(st.sampled_from((0, 1, 2)), unique=True).map(sorted), st.sampled_from((0, 1, 2)))
def test_only_what_the_training_mirrored_is(trained, left_right):
    assert Mirroring.NONE.axes(trained, left_right) == ()
    assert Mirroring.ALL.axes(trained, left_right) == tuple(trained)
    assert Mirroring.LEFT_RIGHT.axes(trained, left_right) == ((left_right,) if left_right in trained else ())
    for mirroring in Mirroring:
        axes = mirroring.axes(trained, left_right)
        assert Mirroring.of(axes, left_right).axes(trained, left_right) == axes


# With networks


@pytest.fixture
def networks(monkeypatch):
    """What makes and runs networks; one thread, for they are small."""
    pytest.importorskip("torch", reason="torch is not installed: './ptlf test' installs it")
    pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed: './ptlf test' installs it")
    import random_models
    from PTLFPredictorLib.segmentation.network import Network

    monkeypatch.setenv(CORES, "1")
    return SimpleNamespace(
        Network=Network, TINY=random_models.TINY, write=random_models.write_model, phantom=random_models.phantom
    )


def cube(letters: str) -> sitk.Image:
    """A patient of one tile, whose index axes are those that `letters` say."""
    values = np.random.default_rng(4).normal(60, 120, (8, 8, 8)).repeat(4, 0).repeat(4, 1).repeat(4, 2)
    image = sitk.GetImageFromArray(values.astype(np.int16))
    image.SetSpacing((3.0, 3.0, 3.0))
    return sitk.DICOMOrient(image, letters)


def mirrored_patient(image: sitk.Image, sides: str) -> sitk.Image:
    """The patient with two opposite sides (e.g. "LR") exchanged, on the same grid."""
    letters = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection())
    axis = 2 - next(n for n, letter in enumerate(letters) if letter in sides)
    flipped = sitk.GetImageFromArray(np.flip(sitk.GetArrayFromImage(image), axis).copy())
    flipped.CopyInformation(image)
    return flipped


@pytest.mark.parametrize("transposed", [(0, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize("letters", ["LPS", "SRA"])
def test_left_and_right_are_the_patient_s_however_axes_are_ordered(tmp_path, networks, letters, transposed):
    """What looks at a tile and its mirror image draws a mirrored patient mirrored; along other axes it does not."""
    kind = replace(networks.TINY, patch=(32, 32, 32), mirror_axes=(0, 1, 2), transposed=transposed)
    network = networks.Network(
        model_folder.check(networks.write(tmp_path, kind)), how=How("cpu", mirroring="left-right")
    )
    ct = cube(letters)
    drawing = network.predict(ct)
    assert (drawing.settings["mirroring"], drawing.settings["passes"], drawing.settings["tiles"]) == (
        Mirroring.LEFT_RIGHT,
        2,
        1,
    )
    whole = sitk.GetImageFromArray(drawing.labels)
    whole.CopyInformation(ct)
    other = {
        sides: np.mean(
            network.predict(mirrored_patient(ct, sides)).labels
            != sitk.GetArrayFromImage(mirrored_patient(whole, sides))
        )
        for sides in ("LR", "AP", "SI")
    }
    assert other["LR"] < 0.01  # tiles' weights are not symmetric to the last bit, and half precision rounds
    assert min(other["AP"], other["SI"]) > 0.3


def test_a_mirroring_that_the_training_did_not_know_is_not_done_and_that_is_told(tmp_path, networks):
    facts = model_folder.check(networks.write(tmp_path, replace(networks.TINY, mirror_axes=(0, 1))))  # z and y
    ct, told = networks.phantom((30, 30, 20), (3.0, 3.0, 3.0)), []
    drawing = networks.Network(facts, how=How("cpu", mirroring="left-right")).predict(ct, on_notice=told.append)
    assert drawing.settings["mirroring"] == "none"
    assert drawing.settings["passes"] == drawing.settings["tiles"]
    assert told == [
        "The training of this network mirrored nothing along the axes that were chosen: it draws without mirroring."
    ]
    for how in (How("cpu"), How("cpu", mirroring="none"), How("cpu", mirroring="all")):
        told.clear()
        networks.Network(facts, how=how).predict(ct, on_notice=told.append)
        assert told == []


@pytest.mark.parametrize("axes", [None, (), (0,), (0, 2), (0, 1, 2)])
def test_what_weights_say_of_mirroring_is_read_without_loading_them(tmp_path, networks, axes):
    folder = networks.write(tmp_path, replace(networks.TINY, mirror_axes=axes))
    weights = folder / "fold_0" / "checkpoint_final.pth"
    assert mirrored_axes(weights, weights.stat().st_mtime_ns) == (axes or ())


def test_weights_that_do_not_say_are_taken_for_nnu_net_s_default_or_what_the_trainer_is_called(tmp_path, networks):
    import torch

    for name, mirroring in (("nnUNetTrainer__nnUNetPlans__3d", "all"), ("nnUNetTrainerNoMirroring__p__3d", "none")):
        folder = networks.write(tmp_path / name)
        file = folder / "fold_0" / "checkpoint_final.pth"
        kept = torch.load(file, weights_only=True)
        del kept["inference_allowed_mirroring_axes"]
        torch.save(kept, file)
        assert mirrored_axes(file, 1) is None
        assert effort.mirroring(from_folder(folder, "a test").steps[0]) == mirroring


CHOICES = (How("cpu"), How("cpu", mirroring="left-right"), How("cpu", mirroring="none", tile_step=1.0))


@pytest.mark.parametrize(("transposed", "folds"), [((0, 1, 2), ("0", "1")), ((2, 0, 1), ("0",))])
def test_tiles_and_passes_are_told_beforehand_as_the_network_counts_them(tmp_path, networks, transposed, folds):
    kind = replace(networks.TINY, transposed=transposed, mirror_axes=(0, 2), folds=folds)
    folder = networks.write(tmp_path / "nnUNetTrainer__nnUNetPlans__3d_fullres", kind)
    model, ct = from_folder(folder, "a test"), networks.phantom((40, 34, 10), (3.0, 3.0, 4.0))
    ct = ct[3:, :-2, :-1]  # without the rim of 0, which is cut away when the voxels are known
    for how in CHOICES:
        settings = networks.Network(model_folder.check(folder), how=how).predict(ct).settings
        work = effort.work(model, ct.GetSize(), ct.GetSpacing(), how)
        assert (work.tiles, work.passes) == (settings["tiles"], settings["passes"])
        assert settings["mirroring"] == effort.mirroring(model.steps[0], how)


def test_what_the_model_does_by_itself_is_no_choice(tmp_path, networks):
    folder = networks.write(tmp_path, replace(networks.TINY, mirror_axes=(0, 2)))  # z and x, left to right
    model = from_folder(folder, "a test")
    assert price.chosen(model, How(mirroring="all", tile_step=0.5)) == AS_THE_MODEL
    assert price.chosen(model, How(mirroring="left-right", tile_step=0.8)) == How(mirroring="left-right", tile_step=0.8)
    assert measuring.standard(model) == [
        How(tile_step=0.75),
        How(tile_step=1.0),
        How(mirroring="none"),
        How(mirroring="left-right"),
    ]


def test_the_shipped_model_mirrors_nothing_and_leaves_the_tile_step_alone_to_choose():
    model = default_model()
    if not model.folder.is_dir():
        pytest.skip("the demo model is not in Resources/Models")
    assert effort.mirroring(model.steps[0]) is Mirroring.NONE
    assert measuring.standard(model) == [How(tile_step=0.75), How(tile_step=1.0)]
    sample = (512, 512, 46), (0.78125, 0.78125, 5.0)
    assert price.words(model, *sample, AS_THE_MODEL) == "This CT takes 18 passes of the network over 18 tiles."
    said = price.words(model, *sample, How(tile_step=1.0))
    assert said.startswith(
        "This CT takes 8 passes of the network over 8 tiles; as the model has it, 18 over 18. Labels against the "
        "model's own way: "
    )
    assert "(measured on sample case 900020, 512 x 512 x 46 voxels)." in said
    assert price.words(model, *sample, How(tile_step=0.9)).endswith(
        "What that changes in the labels was not measured; 'ptlf models measure ptlf-demo-1 --tile-step 0.9' measures "
        "it."
    )
