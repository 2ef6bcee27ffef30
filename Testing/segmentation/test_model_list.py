"""The list of models that panel and shell share: where each is, what is known of it, what its labels were taken as."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import hand_set_models
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.errors import BadInput, UnusableModel
from PTLFPredictorLib.segmentation import add, default_model, find_model, weights_store
from PTLFPredictorLib.segmentation.labels_taken import NO_TUMOUR, labels_taken
from PTLFPredictorLib.segmentation.model import Model
from PTLFPredictorLib.segmentation.model_list import Place, listed, measured_text, size_text
from PTLFPredictorLib.segmentation.weights_store import place

LESIONS = "totalseg-liver-lesions"
RESOURCES = Path(__file__).resolve().parents[2] / "PTLFPredictor" / "Resources"


@pytest.fixture(autouse=True)
def user(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "user"))
    monkeypatch.setenv("TOTALSEG_HOME_DIR", str(tmp_path / "nowhere"))
    monkeypatch.delenv("TOTALSEG_WEIGHTS_PATH", raising=False)
    return tmp_path / "user"


def entry(model_id: str):
    return next(one for one in listed() if one.id == model_id)


def part_of_a_download(size: int = 5_000_000) -> Path:
    first = weights_store.offer(LESIONS).downloads[0]
    folder = place.downloads_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{first.step}-{first.file_name}.part"
    path.write_bytes(bytes(size))
    path.with_name(f"{path.name}.json").write_text(json.dumps({"validator": "x", "bytes": first.bytes}))
    return path


def test_each_model_has_a_place_and_says_it(user):
    add(default_model().folder, {"parenchyma": (1,)}, id="ours")
    (user / "broken").mkdir()
    (user / "broken/model.json").write_text("[]")
    chosen = replace(default_model(), id="chosen")
    found = {one.id: one for one in listed([chosen])}
    assert {name: one.place for name, one in found.items()} == {
        "ptlf-demo-1": Place.SHIPPED,
        "ours": Place.HERE,
        "chosen": Place.CHOSEN_ELSEWHERE,
        **dict.fromkeys((LESIONS, f"{LESIONS}-fast", "totalseg-liver-vessels"), Place.OFFERED),
        "broken": Place.BROKEN,
    }
    assert {name: one.folder_name for name, one in found.items() if one.folder_name} == {
        "ours": "ours",
        "broken": "broken",
    }
    assert found["ptlf-demo-1"].state == "comes with this software"
    assert found[LESIONS].state == "not here yet, 465 MB"
    on_disk = sum(path.stat().st_size for path in (user / "ours").rglob("*") if path.is_file())
    assert found["ours"].state == f"on this computer, {size_text(on_disk)}"
    assert found["broken"].facts()[0][1].endswith("holds no object.") or "no object" in found["broken"].problem


def test_of_the_shipped_model_all_is_known():
    facts = dict(entry("ptlf-demo-1").facts())
    assert facts["Trained on patients' CTs"] == "No."
    assert not any("for patients" in name.casefold() for name in facts)  # nothing here is
    assert facts["Note"] == default_model().warning
    assert facts["Labels"] == "Taken as liver: label 1 (parenchyma); as tumour: label 2 (tumour)."
    assert facts["Measured"].splitlines() == [
        "8 s on the CPU, 10 s on a GPU (512 x 512 x 46 voxels, the first CT after the start; 2 CPU cores; NVIDIA H100)",
        "Dice: liver 0.98, tumour 0.86 (20 synthetic cases that it had not seen (docs/model-card.md))",
    ]
    assert facts["Licence"] == "Apache-2.0"
    assert {"About", "Made for", "Version", "Size", "Cite"} <= facts.keys()


def test_the_dice_of_the_shipped_model_is_that_of_its_card():
    card = (RESOURCES.parents[1] / "docs" / "model-card.md").read_text(encoding="utf-8")
    measured = default_model().measured
    for region, name in (("parenchyma", "dice_liver"), ("tumor", "dice_tumor")):
        assert f"| {region}, with post-processing | {measured[name]} |" in card


def test_what_was_not_measured_is_not_said():
    assert measured_text({"cpu_s": None, "gpu_s": None, "of": "not measured"}) == []
    assert "Measured" not in dict(entry(LESIONS).facts())


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("dice_liver", 1.2, "a share up to 1 is needed"),
        ("dice_tumor", "0.9", "a share up to 1 is needed"),
        ("dice_of", 3, "a text is needed"),
        ("cpu_s", -1, "seconds are needed"),
    ],
)
def test_what_cannot_have_been_measured_is_refused(name, value, why):
    with pytest.raises(UnusableModel, match=f"measured '{name}' is .*; {why}"):
        replace(default_model(), measured={name: value}).checked()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", 4),
        ("demo", 1),
        ("LIVER lesions", 2),
        ("coarser", 1),
        ("vessels", 1),
        ("Wasserthal 3d-ircadb", 0),
        ("without a gpu", 1),
        ("nowhere", 0),
    ],
)
def test_each_word_is_looked_for_in_all_that_is_said(words, found):
    assert len([one for one in listed() if one.matches(words.split())]) == found


def test_a_search_in_the_shell_finds_the_same(capsys):
    assert main(["models", "list", "without", "gpu"]) == 0
    assert capsys.readouterr().out.split("\n")[2].startswith(f"{LESIONS}-fast ")
    assert main(["models", "list", "nowhere"]) == 0
    assert "No model is described by: nowhere" in capsys.readouterr().out


def test_the_shell_shows_what_is_known(capsys):
    assert main(["models", "show", "ptlf-demo-1"]) == 0
    shown = capsys.readouterr().out
    for name, said in entry("ptlf-demo-1").facts():
        assert name in shown
        for line in said.splitlines():
            assert line in shown
    assert main(["models", "show", "nothing"]) == 2


@pytest.mark.usefixtures("needs_nnunet")
def test_what_a_model_is_for_stays_known_once_it_is_here(tmp_path, user):
    for name, write in (("liver", hand_set_models.liver), ("lesions", hand_set_models.lesions)):
        write(tmp_path / "zips" / name, hand_set_models.SPACING)
        shutil.make_archive(str(tmp_path / "zips" / name), "zip", tmp_path / "zips" / name)
    about = entry(LESIONS).about
    weights_store.bring(LESIONS, [tmp_path / "zips"])
    assert json.loads((user / LESIONS / "model.json").read_text())["about"] == about
    here = entry(LESIONS)
    assert (here.place, here.about, here.offer.model_id) == (Place.HERE, about, LESIONS)
    assert dict(here.facts())["Labels"].splitlines()[2:] == [
        "Liver: " + labels_taken(find_model(LESIONS))[0].removeprefix("Liver: "),
        "Lesions: Taken as tumour: label 1 (liver_lesions).",
    ]


def test_an_entry_without_a_word_on_what_it_is_for_is_written_as_before():
    assert "about" not in replace(default_model(), about="").to_dict(RESOURCES / "Models")
    data = default_model().to_dict(RESOURCES / "Models")
    assert Model.from_dict(data, RESOURCES / "Models").about == default_model().about
    schema = json.loads((RESOURCES / "Models-schema.json").read_text())
    jsonschema.validate({"models": [json.loads(json.dumps(data))]}, schema)


def test_after_an_import_it_is_said_what_the_labels_were_taken_as(capsys):
    assert (
        main(["models", "add", "--no-conversion", str(default_model().folder), "--id", "ours", "--labels", "liver=1"])
        == 0
    )
    said = capsys.readouterr().out
    assert "Taken as liver: label 1 (parenchyma). Not used: 2 (tumour)." in said
    assert NO_TUMOUR in said


@pytest.mark.usefixtures("needs_nnunet")
def test_of_many_labels_a_few_are_named(tmp_path):
    liver = hand_set_models.liver(tmp_path, hand_set_models.SPACING)
    (taken, _) = labels_taken(add(liver, {"parenchyma": (5,)}, id="ours"))
    assert taken == (
        "Taken as liver: label 5 (liver). Not used: 1 (spleen), 2 (kidney_right), 3 (kidney_left), 4 (gallbladder), "
        "6 (stomach), 7 (pancreas) and 17 more."
    )


def test_of_a_model_that_draws_tumours_nothing_is_missed(capsys):
    assert main(["models", "add", "--no-conversion", str(default_model().folder), "--id", "copy"]) == 0
    said = capsys.readouterr().out
    assert "Taken as liver: label 1 (parenchyma); as tumour: label 2 (tumour)." in said
    assert NO_TUMOUR not in said


def test_labels_that_a_person_names_reach_the_import():
    job = weights_store.import_job("trained", labels="liver=5,tumor=7+8")
    assert job["labels"] == {"parenchyma": [5], "tumor": [7, 8]}
    assert "labels" not in weights_store.import_job("trained")
    with pytest.raises(BadInput, match="cannot be read"):
        weights_store.import_job("trained", labels="liver 5")


def test_what_came_of_a_download_is_said_and_can_be_removed(capsys):
    part = part_of_a_download()
    assert (entry(LESIONS).came, entry(LESIONS).state) == (5_000_000, "5 MB of 465 MB have come")
    assert main(["models", "list"]) == 0
    assert f"5 MB of 465 MB have come: 'ptlf models remove {LESIONS}' removes them" in capsys.readouterr().out
    assert main(["models", "remove", LESIONS]) == 2
    assert part.exists()
    assert main(["models", "remove", LESIONS, "--yes"]) == 0
    assert not part.parent.exists()
    assert entry(LESIONS).came == 0
    assert main(["models", "remove", LESIONS, "--yes"]) == 2
    assert "There is no model" in capsys.readouterr().err


def test_a_download_that_goes_on_is_not_taken_away(capsys):
    part = part_of_a_download()
    with place.alone(lambda *_: None):
        with pytest.raises(BadInput, match=r"A download is running.* nothing was removed"):
            weights_store.drop_partial(LESIONS)
        assert part.exists()
    assert weights_store.drop_partial(LESIONS) == 5_000_000
    assert not part.exists()
