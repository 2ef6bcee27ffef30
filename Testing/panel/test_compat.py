"""What the extension NNUNet keeps in Slicer's settings, as it writes it there."""

import json

import pytest
import qt

from PTLFPredictorLib.panel import compat


@pytest.fixture
def settings():
    kept = qt.QSettings()
    yield kept
    kept.remove("SlicerNNUNet/Parameter")


def test_nobody_has_chosen_a_model(settings):
    settings.remove("SlicerNNUNet/Parameter")
    assert compat.nnunet_model() == ""


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ({"_path": "/models/Dataset731_Liver"}, "/models/Dataset731_Liver"),
        ("/models/Dataset731_Liver", "/models/Dataset731_Liver"),
        ({"_path": "."}, ""),
        ({"_path": ""}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_model_that_was_chosen_last(settings, path, folder):
    parameter = {"folds": "0", "device": "cuda", "stepSize": 0.5, "disableTta": True, "modelPath": path}
    settings.setValue("SlicerNNUNet/Parameter", json.dumps(parameter))
    assert compat.nnunet_model() == folder


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", "17"])
def test_settings_of_another_version(settings, text):
    settings.setValue("SlicerNNUNet/Parameter", text)
    assert compat.nnunet_model() == ""
