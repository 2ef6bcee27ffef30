"""The demo model is trained by the code that trains a site's own, and its plan is the one that is shipped."""

import json

from PTLFPredictorLib.segmentation import default_model
from PTLFPredictorLib.training import demo_model
from PTLFPredictorLib.training.cases import Part, read_cases
from samples import drawn


def test_the_recipe_is_the_shipped_models():
    plans = json.loads((default_model().folder / "plans.json").read_text(encoding="utf-8"))
    shipped = plans["configurations"][demo_model.DEMO.configuration]
    made = demo_model.DEMO.plan()
    assert {key: shipped[key] for key in made if key != "inherits_from"} == {
        key: value for key, value in made.items() if key != "inherits_from"
    }


def test_its_cases_are_drawn_once_and_the_unseen_ones_are_for_testing(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_model, "TRAINING_SEEDS", range(2000, 2001))
    monkeypatch.setattr(demo_model, "UNSEEN_SEEDS", range(2013, 2014))
    monkeypatch.setattr(demo_model, "scan_options", lambda seed: {"matrix": 128})
    monkeypatch.setattr(demo_model.known, "make_case", drawn)  # once for all tests
    demo_model.make_cases(tmp_path, 0, 2)  # of two parts, the training case
    assert sorted(path.name for path in tmp_path.glob("*.nii.gz")) == ["S_2000-labels.nii.gz", "S_2000.nii.gz"]
    found = read_cases(tmp_path / "cases.csv")
    assert [(case.id, case.part) for case in found] == [("S_2000", Part.TRAIN), ("S_2013", Part.TEST)]
    before = (tmp_path / "S_2000.nii.gz").stat().st_mtime_ns
    demo_model.make_cases(tmp_path, 0, 2)
    assert (tmp_path / "S_2000.nii.gz").stat().st_mtime_ns == before
