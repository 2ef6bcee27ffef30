"""Where PySide6 and the real application were watched to differ, the stand-in does as the application."""

import gc
import sys
from pathlib import Path

import ctk
import gestures
import phantom
import pytest
import qt
import slicer

from host import error_log, pythonqt
from PTLFPredictorLib.mrml import segments, volumes


@pytest.fixture
def hook():
    """What comes to `sys.excepthook`, kept from the fixture that fails on it."""
    found, before = [], sys.excepthook
    sys.excepthook = lambda kind, value, trace: found.append(value)
    yield found
    sys.excepthook = before


def delete(thing):
    """What Slicer's event loop does with `deleteLater` once a script has ended."""
    thing.deleteLater()
    slicer.app.sendPostedEvents(thing, qt.QEvent.DeferredDelete)


class TestDeadObjects:
    def test_delete_later_waits_as_long_as_a_script_runs(self):
        label = qt.QLabel("here")
        label.deleteLater()
        for _ in range(3):
            slicer.app.processEvents()
        assert label.text == "here"
        slicer.app.sendPostedEvents(label, qt.QEvent.DeferredDelete)
        assert not label

    def test_a_dead_object_is_false_and_its_members_raise_value_error(self):
        label, editor = qt.QLabel("x"), slicer.qMRMLSegmentEditorWidget()
        assert label
        assert editor
        delete(label)
        delete(editor)
        assert not label
        assert not editor
        with pytest.raises(ValueError, match="read property 'text' from a destroyed QLabel object"):
            _ = label.text
        with pytest.raises(ValueError, match="call 'setText' on a destroyed QLabel object"):
            label.setText("y")
        with pytest.raises(ValueError, match="call 'connect' on a destroyed QLabel object"):
            label.connect("linkActivated(QString)", print)
        with pytest.raises(ValueError, match="'setSegmentationNode' on a destroyed qMRMLSegmentEditorWidget"):
            editor.setSegmentationNode(None)
        with pytest.raises(AttributeError, match="set property 'text' on a destroyed QLabel object"):
            label.text = "y"
        with pytest.raises(AttributeError, match="set property 'readOnly' on a destroyed qMRMLSegmentEditorWidget"):
            editor.readOnly = True

    def test_what_python_keeps_of_a_dead_widget_stays(self):
        class Mine(qt.QWidget):
            def __init__(self):
                qt.QWidget.__init__(self)
                self.remark = "mine"

            def words(self):
                return self.remark

        mine = Mine()
        delete(mine)
        assert mine.words() == "mine"
        with pytest.raises(ValueError, match="destroyed QWidget object"):
            mine.hide()


class TestSignals:
    def test_an_unknown_signal_is_a_line_and_no_error(self, capsys):
        assert qt.QPushButton().connect("pushed()", print) is False
        assert qt.QPushButton().disconnect("pushed()", print) is False
        line = "PythonQt: QObject::connect() signal 'pushed()' does not exist on QPushButton"
        assert capsys.readouterr().err.strip() == line
        assert pythonqt.refusals == [line]  # any other test fails on it
        pythonqt.refusals.clear()

    def test_single_shot_leaves_a_timer_behind_that_holds_its_receiver(self):
        manager = slicer.app.moduleManager()
        before, told = len(manager.children()), []
        qt.QTimer.singleShot(0, lambda: told.append(1))
        gestures.wait_for(lambda: told, 5, "the timer")
        gc.collect()
        assert len(manager.children()) == before + 1
        delete(manager.children()[-1])


class TestProperties:
    def test_values_are_converted_as_pythonqt_does(self):
        label, spin, number = qt.QLabel(), qt.QSpinBox(), qt.QDoubleSpinBox()
        label.text = 5
        assert label.text == "5"
        label.text = None
        assert label.text == "None"
        label.toolTip = None
        assert "None" in label.toolTip
        label.enabled = None
        assert label.enabled is False
        label.enabled = "yes"
        assert label.enabled is True
        spin.value = 3.7
        assert spin.value == 3
        spin.value = True
        assert spin.value == 1
        number.value = 2
        assert number.value == 2.0
        box = slicer.qMRMLNodeComboBox()
        box.noneDisplay = 5
        assert box.noneDisplay == "5"

    @pytest.mark.parametrize("value", ["three", None, [1]])
    def test_what_is_no_number_is_refused_for_one(self, value):
        spin = qt.QSpinBox()
        with pytest.raises(AttributeError, match="does not accept"):
            spin.value = value

    def test_a_plain_tool_tip_reads_back_as_a_paragraph(self):
        label = qt.QLabel()
        label.toolTip = "first\nsecond"
        assert label.toolTip == "<p>first<br>\nsecond</p>"
        label.setToolTip("a < b")
        assert label.toolTip == "<p>a &lt; b</p>"
        label.toolTip = "<b>rich</b>"
        assert label.toolTip == "<b>rich</b>"
        label.toolTip = ""
        assert label.toolTip == ""

    def test_tool_tips_of_a_ui_file_too(self, tmp_path):
        ui = tmp_path / "x.ui"
        ui.write_text(
            '<ui version="4.0"><widget class="QWidget" name="a"><widget class="QLabel" name="b">'
            '<property name="toolTip"><string>why</string></property></widget></widget></ui>'
        )
        assert slicer.util.childWidgetVariables(slicer.util.loadUI(str(ui))).b.toolTip == "<p>why</p>"


class TestSubclasses:
    def test_super_finds_no_property_of_a_qt_class(self):
        class Mine(qt.QLabel):
            def __init__(self, parent=None):
                super().__init__(parent)

            def wanted(self):
                return super().sizeHint

        mine = Mine()
        with pytest.raises(AttributeError, match="'super' object has no attribute 'sizeHint'"):
            mine.wanted()
        assert qt.QLabel.sizeHint(mine).isValid()

    def test_what_fails_in_an_override_goes_to_the_excepthook_and_the_picture_comes(self, hook):
        class Broken(qt.QWidget):
            def paintEvent(self, event):
                raise RuntimeError("in paintEvent")

        broken = Broken()
        broken.resize(20, 10)
        assert broken.grab().width() == 20
        assert [str(error) for error in hook] == ["in paintEvent"]


class TestWhatPythonQtAccepts:
    def test_scoped_enums_and_paths(self, tmp_path):
        assert qt.QPalette().color(qt.QPalette.ColorRole.Window).isValid()
        assert qt.Qt.AlignmentFlag.AlignRight == qt.Qt.AlignRight
        image = qt.QImage(3, 2, qt.QImage.Format_ARGB32)
        image.fill(qt.QColor(1, 2, 3))
        image.save(str(tmp_path / "x.png"))
        assert qt.QPixmap(Path(tmp_path, "x.png")).width() == 3


class TestWhatPythonQtRefuses:
    @pytest.mark.parametrize("make", [lambda: qt.QLabel("x", toolTip="t"), lambda: qt.QPushButton(text="x")])
    def test_keywords_in_constructors_of_widgets(self, make):
        with pytest.raises(TypeError, match="no keyword arguments"):
            make()

    def test_keywords_in_constructors_of_values(self):
        with pytest.raises(TypeError, match="no keyword arguments"):
            qt.QFont(family="Sans")

    def test_a_painter_is_no_context_manager(self):
        image = qt.QImage(3, 2, qt.QImage.Format_ARGB32)
        with pytest.raises(TypeError, match="context manager"), qt.QPainter(image):
            pass

    @pytest.mark.parametrize("value", [qt.QColor(1, 2, 3), qt.QPoint(1, 2), qt.QSize(1, 2)])
    def test_to_tuple(self, value):
        assert not hasattr(value, "toTuple")

    def test_a_type_for_a_setting(self):
        settings = slicer.app.userSettings()
        settings.setValue("PTLF/test", 3)
        assert int(settings.value("PTLF/test", 0)) == 3
        with pytest.raises(TypeError):
            settings.value("PTLF/test", 0, type=int)

    def test_several_file_names_come_without_the_filter(self):
        close = qt.QTimer()
        close.setSingleShot(True)
        close.connect(
            "timeout()", lambda: [w.close() for w in qt.QApplication.topLevelWidgets() if w.inherits("QDialog")]
        )
        close.start(100)
        options = qt.QFileDialog.DontUseNativeDialog
        assert qt.QFileDialog.getOpenFileNames(None, "Load", "", "", "", options) == ()


class TestCollapsibleButton:
    @pytest.fixture
    def section(self):
        section = ctk.ctkCollapsibleButton()
        layout = qt.QVBoxLayout(section)
        self.label = qt.QLabel("findings")
        layout.addWidget(self.label)
        section.show()
        yield section
        delete(section)

    def test_it_has_no_constructor_with_a_text(self):
        with pytest.raises(TypeError):
            ctk.ctkCollapsibleButton("CT")

    def test_a_child_that_was_hidden_while_folded_stays_hidden(self, section):
        section.collapsed = True
        self.label.hide()
        section.collapsed = False
        assert not self.label.isVisible()
        self.label.show()
        assert self.label.isVisible()

    def test_a_child_that_is_shown_while_folded_appears_on_unfolding(self, section):
        self.label.hide()
        section.collapsed = True
        self.label.show()
        assert not self.label.isVisible()
        section.collapsed = False
        assert self.label.isVisible()

    def test_a_child_that_comes_while_folded_appears_on_unfolding(self, section):
        section.collapsed = True
        late = qt.QLabel("late")
        section.layout().addWidget(late)
        slicer.app.processEvents()
        assert not late.isVisible()
        section.collapsed = False
        assert late.isVisible()

    def test_folding_before_it_is_first_shown(self):
        section = ctk.ctkCollapsibleButton()
        label = qt.QLabel("findings")
        qt.QVBoxLayout(section).addWidget(label)
        section.collapsed = True
        section.show()
        assert not label.isVisible()
        section.collapsed = False
        assert label.isVisible()


class TestSegmentEditor:
    @pytest.fixture
    def editor(self):
        error_log.lines.clear()
        window = qt.QWidget()
        layout = qt.QVBoxLayout(window)
        editor = slicer.qMRMLSegmentEditorWidget()
        layout.addWidget(editor)
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
        editor.setMRMLSegmentEditorNode(node)
        editor.setMRMLScene(slicer.mrmlScene)
        window.show()
        window.activateWindow()
        slicer.app.processEvents()
        yield editor
        editor.setMRMLScene(None)
        delete(window)
        error_log.lines.clear()

    @pytest.fixture
    def volume(self):
        return volumes.add_volume(phantom.ct_and_labels()[0], "CT")

    def test_its_shortcuts_rule_the_window_only_once_they_are_asked_for(self, editor):
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        button = qt.QPushButton("other")
        editor.window().layout().addWidget(button)
        button.setFocus()
        QTest.keyClick(button, Qt.Key.Key_2)
        assert editor.activeEffect() is None
        editor.installKeyboardShortcuts()
        pressed = []
        button.connect("clicked()", lambda: pressed.append(1))
        for key, effect in ((Qt.Key.Key_2, "Paint"), (Qt.Key.Key_2, None), (Qt.Key.Key_4, "Erase")):
            QTest.keyClick(button, key)
            assert editor.activeEffect() == effect
        for effect in (None, "Erase"):
            QTest.keyClick(button, Qt.Key.Key_Space)
            assert editor.activeEffect() == effect
        assert pressed == []
        QTest.keyClick(button, Qt.Key.Key_Escape)
        assert editor.activeEffect() is None
        editor.uninstallKeyboardShortcuts()
        QTest.keyClick(button, Qt.Key.Key_Space)
        assert pressed == [1]

    def test_comma_and_full_stop_choose_the_segment_before_and_after(self, editor, volume):
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        node = segments.add_segmentation(volume, "two")
        editor.setSegmentationNode(node)
        first, second = (node.GetSegmentation().AddEmptySegment(name) for name in ("liver", "tumor"))
        editor.updateWidgetFromMRML()
        editor.setCurrentSegmentID(first)
        editor.installKeyboardShortcuts()
        QTest.keyClick(editor, Qt.Key.Key_Period)
        assert editor.currentSegmentID() == second
        QTest.keyClick(editor, Qt.Key.Key_Comma)
        assert editor.currentSegmentID() == first

    def test_a_source_volume_without_segmentation_is_an_error_line_and_not_taken(self, editor, volume):
        editor.setSourceVolumeNode(volume)
        assert error_log.lines == ["SetSourceVolumeNode: need to set segment editor and segmentation nodes first"]
        assert editor.sourceVolumeNode() is None
        editor.setSourceVolumeNode(None)
        assert len(error_log.lines) == 1

    def test_a_segmentation_brings_its_volume_along(self, editor, volume):
        node = segments.add_segmentation(volume, "segments")
        editor.setSegmentationNode(None)
        editor.setSegmentationNode(node)
        assert editor.sourceVolumeNode() is volume

    def test_its_segmentation_is_what_its_box_shows(self, editor, volume):
        """The box takes the scene's first segmentation by itself, and never one that is hidden from editors."""
        assert editor.segmentationNode() is None
        node = segments.add_segmentation(volume, "segments")
        assert editor.segmentationNode() is node
        hidden = segments.add_segmentation(volume, "hidden", hidden=True)
        editor.setSegmentationNode(hidden)
        assert editor.segmentationNode() is None
        assert editor.mrmlSegmentEditorNode().GetSegmentationNode() is hidden

    def test_another_segmentation_ends_the_effect_and_an_effect_is_wider_than_a_panel(self, editor, volume):
        narrow = editor.minimumSizeHint.width()
        editor.setActiveEffectByName("Paint")
        slicer.app.processEvents()
        assert editor.minimumSizeHint.width() > max(narrow, 400)
        editor.setSegmentationNode(segments.add_segmentation(volume, "segments"))
        assert editor.activeEffect() is None

    def test_a_segmentation_that_is_hidden_before_it_is_added_writes_its_name_into_the_log(self):
        for hide_first in (True, False):
            error_log.lines.clear()
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentationNode")
            node.UnRegister(None)
            node.SetName("Mueller^Karl")
            if hide_first:
                node.SetHideFromEditors(True)
            slicer.mrmlScene.AddNode(node)
            node.SetHideFromEditors(True)
            node.GetSegmentation().AddEmptySegment("liver")
            assert [("Mueller^Karl" in line, "subject hierarchy item" in line) for line in error_log.lines] == (
                [(True, True)] if hide_first else []
            )
