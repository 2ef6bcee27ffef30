"""How much work a model has with a CT is told from its plans, as nnU-Net will count it."""

from dataclasses import replace

import pytest

from PTLFPredictorLib.errors import UnusableModel
from PTLFPredictorLib.segmentation import effort
from PTLFPredictorLib.segmentation.catalogue import default_model
from PTLFPredictorLib.segmentation.model_steps import Crop

SAMPLE = ((512, 512, 46), (0.78125, 0.78125, 5.0))
CRLM1006 = ((512, 512, 51), (0.805, 0.805, 5.0))
LONG = ((512, 512, 600), (0.9, 0.9, 1.5))


@pytest.fixture(scope="module")
def model():
    found = default_model()
    if not found.folder.is_dir():
        pytest.skip("the demo model is not in Resources/Models")
    return found


def units(model, ct):
    return {part.stage: part.units for part in effort.parts(model, *ct)}


def test_tiles_and_megavoxels_of_a_ct(model):
    found = units(model, SAMPLE)
    assert found["Tiles"] == 18
    assert found["Preparing the CT"] == found["Drawing the labels"] == pytest.approx(512 * 512 * 46 / 1e6)
    assert list(found)[:3] == ["Checking the model", "Loading the model", "Preparing the CT"]
    assert list(found)[-1] == "Writing the segments"


def test_a_larger_ct_is_more_work(model):
    assert units(model, CRLM1006)["Tiles"] > units(model, SAMPLE)["Tiles"]
    assert units(model, LONG)["Drawing the labels"] > 10 * units(model, SAMPLE)["Drawing the labels"]


@pytest.mark.parametrize("step", [0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("shape", [(20, 90, 96), (32, 96, 97), (46, 160, 160), (75, 300, 131), (128, 128, 128)])
def test_the_grid_is_nnu_net_s(shape, step, needs_nnunet):
    from PTLFPredictorLib.segmentation.network.tiles import Grid

    assert effort.grid_over(shape, (32, 96, 96), step) == Grid.over(shape, (32, 96, 96), step)


def test_a_step_that_looks_near_another_one_is_less_and_named(model):
    whole = replace(model.steps[0], name="liver", crop=None)
    near = replace(whole, name="lesions", crop=Crop("liver", 20.0))
    found = units(replace(model, chain=(whole, near)), LONG)
    assert 0 < found["Lesions (2 of 2): tiles"] < found["Liver (1 of 2): tiles"]
    assert found["Lesions (2 of 2): drawing the labels"] < found["Liver (1 of 2): drawing the labels"]


def test_of_a_long_scan_the_liver_is_found_first(model):
    found = {part.stage: part for part in effort.parts(model, (512, 512, 700), (0.9, 0.9, 2.0))}
    assert found["Finding the organ"].units > 0
    assert found["Finding the organ"].counted
    assert "Finding the organ" not in units(model, SAMPLE)


@pytest.mark.parametrize("plans", ["{", "{}", '{"configurations": {}}', '{"configurations": {"a": {"patch_size": 3}}}'])
def test_plans_that_cannot_be_read_are_a_sentence(model, tmp_path, plans):
    (tmp_path / "plans.json").write_text(plans)
    with pytest.raises(UnusableModel, match=r"plans\.json"):
        effort.parts(replace(model, folder=tmp_path), *SAMPLE)
