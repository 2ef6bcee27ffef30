"""The same command again goes on; with other cases or options it is refused, and nothing of what is there is lost."""

import json
from dataclasses import replace

import pytest

from PTLFPredictorLib.child.system import held
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.names import Role
from PTLFPredictorLib.segmentation.reading import Source
from PTLFPredictorLib.training.cases import TrainingCase
from PTLFPredictorLib.training.recipe import SMALL, Recipe
from PTLFPredictorLib.training.run import Request, alone
from PTLFPredictorLib.training.split import Split
from PTLFPredictorLib.training.state import SPLIT, State

RECIPE = Recipe(small=SMALL)
pytestmark = pytest.mark.usefixtures("needs_nnunet")


@pytest.fixture
def cases(tmp_path) -> list[TrainingCase]:
    found = []
    for name in "ab":
        ct, labels = tmp_path / f"{name}.nii", tmp_path / f"{name}-labels.nii"
        ct.write_bytes(b"ct " + name.encode())
        labels.write_bytes(b"labels " + name.encode())
        found.append(TrainingCase(name, ct, (Source(labels),)))
    return found


@pytest.fixture
def begun(tmp_path, cases):
    """A training that has its split."""
    out = tmp_path / "out"
    out.mkdir()
    State.begin(out, cases, RECIPE, "Liver").put("plans", "nnUNetPlans")
    (out / SPLIT).write_text(json.dumps(Split(("case_001",), (("case_002",),), 0).to_dict()))
    return out


def test_the_same_again_goes_on(begun, cases):
    state = State.begin(begun, cases, RECIPE, "Liver")
    assert state.get("plans") == "nnUNetPlans"
    assert state.split().test == ("case_001",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"epochs": 3}, "epochs was None"),
        ({"seed": 1}, "seed was 0"),
        ({"folds": 2}, "folds was 5"),
        ({"small": None, "trainer": "nnUNetTrainerDA5"}, "small was 3d_small"),
        ({"small": replace(SMALL, rate=1.0)}, "other options"),
    ],
)
def test_other_options_are_refused(begun, cases, change, told):
    with pytest.raises(BadInput, match=told):
        State.begin(begun, cases, replace(RECIPE, **change), "Liver")


def test_other_cases_are_refused_by_name(begun, cases):
    said = replace(cases[0], labels={Role.LIVER: (5,)})
    for changed in ([said, cases[1]], cases[:1], [*cases, replace(cases[0], id="c")]):
        with pytest.raises(BadInput, match="The cases are not those"):
            State.begin(begun, changed, RECIPE, "Liver")
    cases[1].segmentation[0].path.write_bytes(b"corrected")
    with pytest.raises(BadInput, match=r"changed, added or gone: b\. Give a new folder"):
        State.begin(begun, cases, RECIPE, "Liver")


def test_until_the_cases_were_split_they_may_be_corrected(tmp_path, cases):
    out = tmp_path / "out"
    out.mkdir()
    State.begin(out, cases, RECIPE, "Liver")
    cases[0].ct.write_bytes(b"corrected")
    assert State.begin(out, cases[:1], replace(RECIPE, seed=5), "Liver").split() is None


def test_a_folder_with_other_files_is_left_alone(tmp_path, cases):
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(BadInput, match="holds other files"):
        State.begin(tmp_path, cases, RECIPE, "Liver")


def test_a_damaged_state_is_told(begun, cases):
    (begun / "training.json").write_text("{")
    with pytest.raises(BadInput, match="is damaged"):
        State.begin(begun, cases, RECIPE, "Liver")


def test_one_training_in_a_folder_at_a_time(tmp_path, cases):
    with alone(tmp_path / "out"), pytest.raises(BadInput, match="under way"), alone(tmp_path / "out"):
        pass
    with alone(tmp_path / "out"), held(tmp_path / "other") as free:
        assert free


def test_the_recipe_is_kept_as_json():
    assert Recipe.from_dict(json.loads(json.dumps(RECIPE.to_dict()))) == RECIPE
    assert RECIPE.trained == "3d_small"
    assert Request([], None, Recipe()).recipe.trained == "3d_fullres"
