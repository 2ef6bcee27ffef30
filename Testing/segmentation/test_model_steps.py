"""Models of several networks: what an entry may say, and what a chain is known by."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from PTLFPredictorLib.cli import main
from PTLFPredictorLib.errors import UnusableModel
from PTLFPredictorLib.hashes import json_sha256
from PTLFPredictorLib.segmentation import catalogue, default_model, find_model, model_folder, verify
from PTLFPredictorLib.segmentation.catalogue import broken, by_weights
from PTLFPredictorLib.segmentation.model import Crop, Model, Step
from weights_server import LESIONS, LIVER, published

ENTRY = {
    "id": "ours",
    "title": "Our chain",
    "version": "1",
    "licence": "unknown",
    "folder": ".",
    "for_patients": True,
    "steps": [
        {"name": "liver", "title": "Liver", "folder": LIVER, "sha256": "", "label_roles": {"parenchyma": [2]}},
        {
            "name": "lesions",
            "title": "Lesions",
            "folder": LESIONS,
            "sha256": "",
            "label_roles": {"tumor": [1]},
            "crop": {"of": "liver", "margin_mm": 10.0},
            "tile_step": 0.8,
            "tta": False,
            "folds": ["0"],
            "says": "Also benign ones.",
        },
    ],
}


@pytest.fixture
def chain(tmp_path, monkeypatch) -> Path:
    """A chain among the user's models, with the checksums of its folders."""
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "user"))
    folder = tmp_path / "user" / "ours"
    steps = [
        {**step, "sha256": model_folder.checksum(published(folder, member))}
        for step, member in zip(ENTRY["steps"], (LIVER, LESIONS), strict=True)
    ]
    (folder / "model.json").write_text(json.dumps({**ENTRY, "steps": steps}))
    return folder


def entry_of(chain: Path) -> dict:
    return json.loads((chain / "model.json").read_text())


def test_a_chain_is_read_and_written_as_it_was(chain):
    model = find_model("ours")
    assert [step.name for step in model.steps] == ["liver", "lesions"]
    assert model.steps[1] == Step(
        name="lesions",
        title="Lesions",
        folder=chain / LESIONS,
        sha256=model_folder.checksum(chain / LESIONS),
        label_roles={"tumor": (1,)},
        crop=Crop("liver", 10.0),
        folds=("0",),
        tile_step=0.8,
        tta=False,
        says="Also benign ones.",
    )
    assert Model.from_dict(json.loads(json.dumps(model.to_dict(chain))), chain) == model
    assert verify(model) is model


def test_one_network_is_one_step_and_its_entry_is_as_before():
    model = default_model()
    (step,) = model.steps
    assert (step.folder, step.sha256, step.label_roles) == (model.folder, model.sha256, model.label_roles)
    assert (step.crop, step.tile_step, step.tta, step.folds) == (None, 0.5, None, ())
    assert model.chain == ()
    assert "steps" not in model.identity
    data = model.to_dict(model.folder)
    assert "steps" not in data
    assert Model.from_dict(data, model.folder, shipped=True) == model


def test_identity_of_a_chain_names_its_steps(chain):
    identity = find_model("ours").identity
    assert [set(step) for step in identity["steps"]] == 2 * [
        {"name", "title", "sha256", "weights_sha256", "roles", "says"}
    ]
    weights = [model_folder.weights_sha256(chain / member) for member in (LIVER, LESIONS)]
    assert [step["weights_sha256"] for step in identity["steps"]] == weights
    assert identity["steps"][1]["roles"] == {"tumor": [1]}
    drawing = [{**step.drawing, "sha256": one} for step, one in zip(find_model("ours").steps, weights, strict=True)]
    assert identity["weights_sha256"] == json_sha256(drawing)
    assert json.loads(json.dumps(identity)) == identity
    assert by_weights(identity["weights_sha256"], "ou") == find_model("ours")  # a DICOM mark may cut the id
    assert by_weights(identity["weights_sha256"], "theirs") is None


@pytest.mark.parametrize(
    "change",
    [
        {"crop": {"of": "liver", "margin_mm": 11.0}},
        {"crop": None},
        {"tile_step": 0.5},
        {"tta": None},
        {"label_roles": {"tumor": [2]}},
        {"largest_organ_only": True},
        {"sha256": "0" * 64},
    ],
    ids=str,
)
def test_whatever_changes_the_drawing_changes_what_the_chain_is_known_by(chain, change):
    entry = entry_of(chain)
    before = Model.from_dict(entry, chain)
    entry["steps"][1] |= change
    after = Model.from_dict(entry, chain)
    assert after.sha256 != before.sha256
    assert (after.weights_sha256 == before.weights_sha256) is ("sha256" in change), "evidence covers these masks alone"
    entry = entry_of(chain)
    entry["steps"][1] |= {"title": "Another title", "says": "Nothing."}
    after = Model.from_dict(entry, chain)
    assert (after.sha256, after.weights_sha256) == (before.sha256, before.weights_sha256)


def step(n: int, **changes: object) -> Callable[[dict], None]:
    return lambda entry: entry["steps"][n].update(changes)


BAD = {
    "two of one name": (step(1, name="liver", crop=None), "two of its steps have the same name"),
    "cropped to itself": (step(1, crop={"of": "lesions", "margin_mm": 1}), "'lesions', which is no earlier step"),
    "cropped to a later one": (step(0, crop={"of": "lesions", "margin_mm": 1}), "which is no earlier step"),
    "cropped to what draws no liver": (
        step(0, label_roles={"tumor": [1]}),
        "cropped to the liver of 'liver', which is no earlier step that draws one",
    ),
    "a negative margin": (step(1, crop={"of": "liver", "margin_mm": -1}), "margin is -1; 0 to 200 mm"),
    "a margin of words": (step(1, crop={"of": "liver", "margin_mm": "10"}), "margin is '10'"),
    "a margin that is true": (step(1, crop={"of": "liver", "margin_mm": True}), "margin is True"),
    "a crop of more": (step(1, crop={"of": "liver", "margin_mm": 1, "by": 2}), "cannot be used"),
    "no liver at all": (
        lambda entry: entry.update(steps=[{**entry["steps"][1], "crop": None}]),
        "a label of the liver is needed",
    ),
    "no steps": (lambda entry: entry.update(steps=[]), "label of the liver is needed"),
    "steps are a word": (lambda entry: entry.update(steps="liver"), "cannot be used"),
    "a folder outside": (step(0, folder="../other"), "leads out of the model's folder"),
    "a name that is a path": (step(0, name="../liver"), "its name must be small letters"),
    "a step without labels": (step(0, label_roles={}), "say which labels are parenchyma and tumor"),
    "another role": (step(0, label_roles={"spleen": [1]}), "say which labels are parenchyma and tumor"),
    "background as liver": (step(0, label_roles={"parenchyma": [0]}), "0 is background"),
    "tiles without an end": (step(0, tile_step=0), "above 0 and at most 1 tile"),
    "tiles with gaps": (step(0, tile_step=1.5), "above 0 and at most 1 tile"),
    "a fold of words": (step(0, folds=["../0"]), "numbers or"),
    "mirroring of words": (step(0, tta="yes"), "'tta' is 'yes'"),
    "axes of nothing": (step(0, orientation="LLP"), "no orientation"),
    "a checksum of words": (step(0, sha256="abc"), "is no SHA-256"),
    "something unknown": (step(0, threshold=1), "unknown in a step: threshold"),
    "something missing": (lambda entry: entry["steps"][0].pop("title"), "missing in a step: title"),
    "labels beside steps": (lambda entry: entry.update(label_roles={"parenchyma": [1]}), "unknown: label_roles"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_chain_that_cannot_be_run_is_refused_with_the_step(chain, what):
    change, sentence = BAD[what]
    entry = entry_of(chain)
    change(entry)
    with pytest.raises(UnusableModel, match=sentence):
        Model.from_dict(entry, chain)
    (chain / "model.json").write_text(json.dumps(entry))
    assert [model.id for model in catalogue()] == ["ptlf-demo-1"]
    assert "ours" in broken()


def test_each_step_is_verified(chain):
    model = find_model("ours")
    with open(chain / LESIONS / "fold_0" / "checkpoint_final.pth", "ab") as weights:
        weights.write(b"\0")
    with pytest.raises(UnusableModel, match=r"'ours, step 'lesions'' is not the one in the catalogue"):
        verify(model)
    wrong = replace(model.steps[0], label_roles={"parenchyma": (24,)})
    with pytest.raises(UnusableModel, match=r"step 'liver'': the label\(s\) 24 that were said to mean something"):
        verify(replace(model, chain=(wrong, model.steps[1])))


def test_one_step_with_weights_that_are_not_for_patients_is_enough(chain):
    shutil.rmtree(chain / LESIONS)
    shutil.copytree(default_model().folder, chain / LESIONS)
    model = find_model("ours")
    assert not model.for_patients
    assert model.warning == default_model().warning


def test_the_shell_lists_verifies_and_removes_a_chain(chain, capsys):
    assert main(["models", "list"]) == 0
    assert "lesions: Lesions" in capsys.readouterr().out
    assert main(["models", "verify", "ours"]) == 0
    assert f"lesions: SHA-256 {model_folder.checksum(chain / LESIONS)}" in capsys.readouterr().out
    assert main(["models", "remove", "ours", "--yes"]) == 0
    assert not chain.exists()
