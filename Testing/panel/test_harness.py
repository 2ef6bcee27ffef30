"""What the panel's tests stand on: errors that count, windows that are active, widgets that are deleted."""

import sys

import gestures
import panel_case
import phantom
import qt
import SimpleITK as sitk
import slicer

SLICERS = "/opt/Slicer/lib/Slicer-5.12/qt-scripted-modules/SegmentEditorEffects/SegmentEditorThresholdEffect.py"


def trace_of(code, path):
    try:
        exec(compile(code, path, "exec"), {})
    except ValueError:
        return sys.exc_info()[2].tb_next  # without this function: a slot is called from C++


def test_an_error_of_slicers_own_observers_is_none_of_the_panels():
    assert not panel_case.is_ours(trace_of("raise ValueError('destroyed')", SLICERS))


def test_an_error_counts_where_the_panels_code_is_on_its_way_in_any_depth():
    panel = panel_case.mrml.__file__.replace("mrml", "panel")
    assert panel_case.is_ours(trace_of("raise ValueError('x')", panel))
    assert panel_case.is_ours(trace_of("raise ValueError('x')", panel_case.__file__))
    through = "import json\njson.loads('no JSON')"
    assert panel_case.is_ours(trace_of(through, panel))
    assert not panel_case.is_ours(trace_of(through, SLICERS))


def test_a_closed_panel_is_deleted_at_once():
    container, _widget, close = panel_case.open_panel()
    label = container.findChild(qt.QLabel)
    assert label
    close()
    assert not container
    assert not label


def test_a_panel_that_is_deleted_without_cleanup_listens_to_nothing_any_more():
    """`createNewWidgetRepresentation` is public, and who made a widget by it may delete it."""
    container, widget, _close = panel_case.open_panel()
    panel = widget.panel
    runs = panel.runs
    widget.exit()
    gestures.delete(container)
    assert not widget.uiWidget
    assert panel.session.away
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "another")
    slicer.mrmlScene.Clear(0)
    gestures.process_events()
    widget.cleanup()
    assert runs
    assert not any(run.state.busy for run in runs)


def test_a_window_behind_another_one_is_not_active_until_it_is_activated():
    one, other = qt.QLineEdit(), qt.QLineEdit()
    for window in (one, other):
        window.show()
        gestures.activate(window)
    one.setFocus()
    assert not one.hasFocus()
    gestures.activate(one)
    assert one.hasFocus()
    for window in (one, other):
        window.close()
        gestures.delete(window)


def test_the_phantoms_voxels_are_as_many_as_it_says():
    labels = sitk.GetArrayFromImage(phantom.ct_and_labels()[1])
    counted = {"liver": (labels > 0).sum(), "parenchyma": (labels == 1).sum(), "tumor": (labels == 2).sum()}
    assert counted == phantom.VOXELS
    assert (labels[:7] == 2).sum() == 242
