"""The stand-in is as strict as Slicer: PythonQt's rules hold, and no class offers what Slicer's has not."""

import json
import os
from pathlib import Path

import ctk
import pytest
import qt
import slicer

from host import qt_api, scripted

QT_VIRTUALS = {
    "paintEvent", "event", "childEvent", "sizeHint", "minimumSizeHint", "hasHeightForWidth", "heightForWidth",
    "hitButton", "resizeEvent", "eventFilter", "setVisible", "mousePressEvent", "wheelEvent",
}  # fmt: skip
ALSO_IN_SLICER = {
    # qSlicerCoreApplication.h at v5.12.3, through decorators or plain C++ that PythonQt wraps as slots.
    "qSlicerApplication": {"testingEnabled", "translate"},
    # Slicer's io manager as `coreIOManager` is the application's `ioManager`.
    "qSlicerCoreIOManager": set(),
}


def test_the_list_of_slicers_classes_is_that_of_their_headers():
    """The slim list in this repository; where the full one is at hand, it is made of that."""
    assert {"ctkCollapsibleButton", "qMRMLNodeComboBox", "qMRMLSegmentEditorWidget"} <= set(qt_api.load())
    if not qt_api.FULL.is_file():
        pytest.skip(f"{qt_api.FULL} is not on this machine: the list here cannot be compared with it")
    full = json.loads(qt_api.FULL.read_text(encoding="utf-8"))
    made = "run: python -m host.qt_api in Testing"
    assert qt_api.SLIM.read_text(encoding="utf-8") == qt_api.text(qt_api.slim(full)), made


@pytest.mark.parametrize("cls", qt_api.stand_ins(), ids=lambda c: c.__name__)
def test_a_stand_in_offers_nothing_that_slicers_class_has_not(cls):
    known = qt_api.names(qt_api.load(), cls.__name__) | ALSO_IN_SLICER.get(cls.__name__, set()) | QT_VIRTUALS
    own = {
        name
        for base in cls.__mro__
        if base.__module__.startswith("host.")
        for name in vars(base)
        if not name.startswith("_") and name != "staticMetaObject"
    }
    assert own - known == set()


def test_a_property_is_a_value_and_never_called():
    button = qt.QPushButton("Segment")
    assert button.text == "Segment"
    button.text = "Cancel"
    assert button.text == "Cancel"
    with pytest.raises(TypeError):
        button.text()


def test_setters_and_getters_of_another_name_exist_beside_the_property():
    box = qt.QCheckBox()
    box.setChecked(True)
    assert box.checked is True
    assert box.isChecked() is True
    box.setToolTip("why")
    assert "why" in box.toolTip


def test_a_plain_qt_object_takes_no_new_attribute():
    with pytest.raises(AttributeError, match="can't be added"):
        qt.QLabel().remark = 1


def test_read_only_properties_slots_and_signals_cannot_be_assigned():
    widget = qt.QPushButton()
    for name in ("visibleRegion", "click", "clicked", "frameGeometry"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(widget, name, None)


def test_a_file_dialog_gives_the_path_alone():
    qt.QTimer.singleShot(100, lambda: [w.close() for w in qt.QApplication.topLevelWidgets() if w.inherits("QDialog")])
    options = qt.QFileDialog.DontUseNativeDialog
    assert qt.QFileDialog.getSaveFileName(None, "Export", "x.json", "", "", options) == ""


def test_connect_takes_a_signature():
    button, heard = qt.QPushButton(), []
    assert button.connect("clicked(bool)", heard.append) is True
    button.click()
    assert heard == [False]
    button.disconnect("clicked(bool)", heard.append)
    button.click()
    assert heard == [False]


@pytest.mark.parametrize("name", ["QtSvg", "QPrinter", "QSvgGenerator", "QTest", "Slot", "Property"])
def test_qt_offers_no_module_that_pythonqt_does_not_wrap(name):
    assert not hasattr(qt, name)


def test_an_unknown_widget_class_in_a_ui_file_is_an_error(tmp_path):
    ui = tmp_path / "x.ui"
    ui.write_text('<ui version="4.0"><widget class="qMRMLRemoteWidget" name="a"/></ui>')
    with pytest.raises(NotImplementedError, match="qMRMLRemoteWidget"):
        slicer.util.loadUI(str(ui))


def test_a_collapsed_section_hides_its_content_and_shrinks():
    section = ctk.ctkCollapsibleButton()
    section.text = "CT"
    layout = qt.QVBoxLayout(section)
    label = qt.QLabel("findings")
    layout.addWidget(label)
    section.show()
    section.adjustSize()
    tall = section.height
    section.collapsed = True
    section.adjustSize()
    assert not label.isVisible()
    assert section.height < tall
    section.collapsed = False
    assert label.isVisible()


@pytest.mark.skipif(
    not os.environ.get("SLICER_PYTHON"), reason="needs SLICER_PYTHON: the template uses Slicer's parameterNodeWrapper"
)
def test_slicers_own_module_template_runs_untouched():
    source = Path(os.environ["SLICER_PYTHON"]).parents[1]
    entry = scripted.load(source / "Utilities/Templates/Modules/Scripted/TemplateKey.py")
    container, widget = scripted.open_widget(entry)
    late = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "late CT")
    widget.ui.inputSelector.setCurrentNode(late)
    widget.ui.imageThresholdSliderWidget.value = 42
    assert widget._parameterNode.inputVolume is late
    assert widget._parameterNode.imageThreshold == 42
    assert not widget.ui.applyButton.enabled
    assert widget.ui.applyButton.toolTip == "<p>Select input and output volume nodes</p>"
    scripted.close_widget(entry, container)
    assert not hasattr(slicer.modules, "TemplateKeyWidget")
