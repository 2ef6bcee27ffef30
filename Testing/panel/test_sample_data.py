"""The entry in Slicer's Sample Data module: taken by it at every start, drawn by a child when its button is clicked.

Against Slicer's own SampleData.py where SLICER_PYTHON names a source tree, else against `sample_data.py` of the
stand-in, which holds the same rules.
"""

import os
import subprocess
import sys
from pathlib import Path

import gestures
import pytest
import qt
import slicer

from host import sample_data, scripted
from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.panel import sample_run

ROOT = Path(__file__).resolve().parents[2]
NAME = "PTLF synthetic liver CT"


def slicers_own():
    """Path of Slicer's SampleData.py beside SLICER_PYTHON (``Base/Python``), None where it is not at hand."""
    path = Path(os.environ.get("SLICER_PYTHON", "/absent/x/y")).resolve().parents[1]
    path = path / "Modules/Scripted/SampleData/SampleData.py"
    return path if path.is_file() else None


@pytest.fixture
def module(monkeypatch):
    made = sample_data.load(slicers_own())
    monkeypatch.setitem(sys.modules, "SampleData", made)
    monkeypatch.setattr(slicer.modules, "sampleDataSources", {}, raising=False)
    return made


@pytest.fixture
def entry(module, monkeypatch):
    """This module, started; those that other tests loaded are none of Slicer's."""
    slicer.app.startupCompleted.disconnect()
    monkeypatch.setattr(sample_run, "SAMPLE_MATRIX", 64)
    loaded = scripted.load(ROOT / "PTLFPredictor" / "PTLFPredictor.py")
    slicer.app.startupCompleted.emit()
    return loaded


def test_the_rules_of_the_sample_data_module_hold_here_too(module):
    """What Slicer 5.10 and 5.12 do with an entry without addresses, and with fewer names than addresses."""
    register = module.SampleDataLogic.registerCustomSampleDataSource
    with pytest.raises(TypeError, match="NoneType"):
        register(category="x", sampleName="y", customDownloader=print)
    with pytest.raises(ValueError, match="same length"):
        register(category="x", sampleName="y", uris=["a:1", "a:2"], fileNames=["only one"])


def test_the_entry_is_registered_at_start(module, entry):
    (source,) = slicer.modules.sampleDataSources["PTLF Predictor"]
    assert source.sampleName == NAME
    assert len(source.uris) == len(source.fileNames) == len(source.nodeNames) == 1
    assert not source.uris[0].startswith(("http", "file"))


def test_a_click_on_its_button_draws_the_sample_in_a_child(module, entry, monkeypatch):
    """As SampleData's own test of custom downloaders does; the CT is in the scene when the child has ended."""
    started, native = [], subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: (started.append(a[0]), native(*a, **k))[1])
    frame = qt.QWidget()
    layout = qt.QVBoxLayout(frame)
    module.SampleDataWidget.setCategoriesFromSampleDataSources(
        layout, slicer.modules.sampleDataSources, module.SampleDataLogic()
    )
    (button,) = (one for one in frame.findChildren(qt.QToolButton) if one.text == NAME)
    button.click()
    assert slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode") is None  # not on the GUI thread
    button.click()  # a second click while it is drawn begins nothing
    gestures.wait_for(
        lambda: slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode") is not None, 60, "the sample"
    )
    assert len([command for command in started if "sample" in str(command)]) == 1
    volume = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    assert volumes.sample_of(volume) == {"seed": sample_run.SAMPLE_SEED, "matrix": 64}
    assert volume.GetImageData().GetDimensions()[:2] == (64, 64)
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 1
    gestures.delete(frame)
