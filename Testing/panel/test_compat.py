"""What the extension NNUNet keeps in Slicer's settings, as it writes it there."""

import json
import shutil

import pytest
import qt
from panel_case import open_panel

from PTLFPredictorLib.panel import compat
from PTLFPredictorLib.segmentation import default_model


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


def test_the_panel_offers_it_beside_the_catalogue(settings, tmp_path):
    folder = tmp_path / "Dataset731_Liver" / "nnUNetTrainer__nnUNetPlans__3d_demo"
    shutil.copytree(default_model().folder, folder)
    settings.setValue("SlicerNNUNet/Parameter", json.dumps({"modelPath": {"_path": str(folder.parent)}}))
    _, widget, close = open_panel()
    try:
        box = widget.panel.ui.modelList
        titles = [box.item(row).text() for row in range(box.count)]
    finally:
        close()
    assert [title for title in titles if "chosen in SlicerNNUnet" in title] == [
        "Dataset901_PTLFSample (Dataset731_Liver), chosen in SlicerNNUnet\nchosen in another program; not for patients"
    ]
    assert len(titles) >= 2
