"""Features by a PyRadiomics parameter file: a table beside the signature's result, which they never touch.

Runs in Slicer and in the stand-in, with the real child process.
"""

import json
import os
import sys
import unittest
from pathlib import Path

import gestures
import numpy as np
import qt
import SimpleITK as sitk
import slicer
import vtk
from panel_case import ORIGIN, PanelCase, phantom

from PTLFPredictorLib import RESEARCH_USE
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.panel import parameter_sets
from PTLFPredictorLib.panel.diagnostics import diagnostics
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.panel.session import SEGMENTS_ROLE
from PTLFPredictorLib.panel.timers import Timer

BUTTON, BUTTON_OF_A_SET = "Features by parameter file...", "Features by this set"
FIRSTORDER = {
    "setting": {"binWidth": 10},
    "imageType": {"Original": {}, "Square": {}},
    "featureClass": {"shape": ["VoxelVolume"], "firstorder": ["Mean", "Maximum"]},
}
"""Five features per VOI: one of the shape, and of each of two images two."""

TEXTURES = {
    "setting": {"binWidth": 10},
    "imageType": {"Original": {}, "LoG": {"sigma": [2.0]}},
    "featureClass": {"shape": ["Flatness"], "glcm": ["Contrast"]},
}
YAML = "setting:\n  binWidth: 10\nfeatureClass:\n  firstorder: [Mean]\n"


class ParameterFiles(PanelCase):
    def setUp(self):
        super().setUp()
        self.run, self.real_dialog = self.panel.parameters.run, self.panel.parameters.choose_file
        self.button, self.status = self.ui.parametersButton, self.ui.parametersStatus
        self.panel.open_sections("radscore")
        self.ui.radscoreAdvancedButton.checked = True
        self.settle()

    def written(self, content, name="params.json"):
        path = Path(self.folder.name, name)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def choose_file(self, path, meanwhile=lambda: None):
        """Press the button, and choose this file in its dialog."""

        def answer():
            meanwhile()
            return str(path)

        self.panel.parameters.choose_file = answer
        self.ui.parametersSelector.currentIndex = 0  # From a file...
        gestures.click(self.button)
        self.settle()

    def by_file(self, content, name="params.json"):
        """Features by this file; returns their table."""
        self.choose_file(self.written(content, name))
        self.finish()
        return self.tables()[-1]

    def finish(self):
        gestures.wait_for(lambda: not self.run.state.busy, 120, "features by parameter file")
        self.settle()
        self.assertEqual(self.run.state.cause, "")

    def tables(self):
        return slicer.util.getNodesByClass("vtkMRMLTableNode")

    def refused(self, why):
        self.assertIn(why, self.status.text)
        self.assertTrue(self.status.text.startswith("Not computed: "), self.status.text)
        self.assertEqual(self.tables(), [])
        self.assertIs(self.run.state.state, State.IDLE)


def values_of(table):
    columns = [table.GetTable().GetColumn(i) for i in range(table.GetNumberOfColumns())]
    assert [column.GetName() for column in columns] == ["voi", "feature", "value"]
    rows = range(table.GetNumberOfRows())
    return {tuple(column.GetValue(i) for column in columns[:2]): float(columns[2].GetValue(i)) for i in rows}


class TestValues(ParameterFiles):
    @unittest.skipUnless("host" in sys.modules, "the command line runs outside Slicer")
    def test_the_table_has_the_values_of_the_command_line(self):
        self.draw()
        found = values_of(self.by_file(TEXTURES))
        ct, labels, out = (Path(self.folder.name, name) for name in ("ct.nrrd", "labels.nrrd", "features.json"))
        for image, path in zip(phantom.ct_and_labels(), (ct, labels), strict=True):
            sitk.WriteImage(image, str(path))
        params = str(Path(self.folder.name, "params.json"))
        given = ["--ct", str(ct), "--segmentation", str(labels), "--params", params, "--out", str(out)]
        self.assertEqual(main(["features", *given]), 0)
        listed = json.loads(out.read_text(encoding="utf-8"))["features"]
        expected = {(item["voi"], item["feature"]): item["value"] for item in listed}
        self.assertEqual(len(expected), 2 * 3)
        self.assertEqual(found, expected)

    def test_they_are_of_the_voxels_on_screen(self):
        """Counted from the label map and the CT themselves."""
        self.draw()
        found = values_of(self.by_file(FIRSTORDER))
        image, labels = (sitk.GetArrayFromImage(one) for one in phantom.ct_and_labels())
        for voi, label in (("tumor", 2), ("liver", 1)):  # as in files of features: the liver without the tumour
            hu = image[labels == label].astype(float)
            self.assertAlmostEqual(found[voi, "original_firstorder_Mean"], float(hu.mean()), places=9)
            self.assertEqual(found[voi, "original_firstorder_Maximum"], float(hu.max()))
        voxel = float(np.prod(phantom.SPACING))
        self.assertAlmostEqual(found["tumor", "original_shape_VoxelVolume"], phantom.VOXELS["tumor"] * voxel, places=6)

    def test_the_line_says_what_by_which_file_and_how_many_and_each_file_makes_a_table(self):
        self.draw()
        first = self.by_file(FIRSTORDER, "site's.json")
        self.assertRegex(
            self.status.text,
            r"^Features by 'site's.json' of the automatic segments, computed in \d+ s: 5 of the tumour, 5 of the "
            r"parenchyma. Table 'PTLF features'.$",
        )
        self.assertEqual(first.GetName(), "PTLF features")
        self.assertEqual(first.GetDescription(), RESEARCH_USE)
        self.assertEqual(first.GetAttribute("PTLF.parameters"), "site's.json")
        self.assertRegex(first.GetAttribute("PTLF.engine"), r"^builtin \d")
        self.assertEqual(json.loads(first.GetAttribute("PTLF.settings"))["bin_width"], 10)
        second = self.by_file({"featureClass": {"firstorder": ["Mean"]}}, "other.json")
        self.assertRegex(self.status.text, "^Features by 'other.json' of .*: 1 of the tumour, 1 of the parenchyma")
        self.assertIn(f"Table '{second.GetName()}'", self.status.text)
        self.assertNotEqual(second.GetName(), first.GetName())
        self.assertEqual((first.GetNumberOfRows(), second.GetNumberOfRows()), (10, 2))

    def test_corrected_segments_are_taken_as_they_are_and_a_later_edit_is_said(self):
        self.draw()
        self.erase_tumour()
        found = values_of(self.by_file(FIRSTORDER))
        self.assertIn("of the corrected segments", self.status.text)
        voxels = phantom.VOXELS["tumor"] / 2 * float(np.prod(phantom.SPACING))
        self.assertAlmostEqual(found["tumor", "original_shape_VoxelVolume"], voxels, places=6)
        self.assertNotIn("changed since", self.status.text)
        self.erase_tumour(slice(0, 8))
        self.assertTrue(self.status.text.endswith("Segments or CT were changed since."), self.status.text)

    def test_a_tumour_too_small_for_them_has_none_and_the_parenchyma_has(self):
        self.draw()
        node = self.session.segmentation
        array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", self.volume))
        place = tuple(np.argwhere(array)[0])
        array[:] = 0
        array[place] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "tumor", self.volume)
        self.settle()
        found = values_of(self.by_file({"featureClass": {"shape": ["Flatness"]}}))
        self.assertEqual(set(found), {("liver", "original_shape_Flatness")})
        self.assertIn("none of the tumour (it is too small or too uniform for them)", self.status.text)

    def test_a_tumour_that_is_not_there_has_none(self):
        self.draw()
        self.erase_tumour(slice(None))
        found = values_of(self.by_file(FIRSTORDER))
        self.assertEqual({voi for voi, _name in found}, {"liver"})
        self.assertIn("none of the tumour (there is none), 5 of the parenchyma", self.status.text)

    def test_yaml_is_read_where_a_package_for_it_is_there(self):
        try:
            import yaml  # noqa: F401
        except ImportError:
            self.skipTest("PyYAML is not installed here")
        self.draw()
        found = values_of(self.by_file(YAML, "ct.yaml"))
        self.assertEqual(set(found), {(voi, "original_firstorder_Mean") for voi in ("tumor", "liver")})


class TestRefused(ParameterFiles):
    def test_without_ct_or_segments_the_button_says_what_is_missing(self):
        self.assertEqual(self.button.text, BUTTON)
        self.assertFalse(self.button.enabled)
        self.assertIn("No CT is chosen.", self.button.toolTip)
        self.load()
        self.assertFalse(self.button.enabled)
        self.assertIn("There are no segments yet", self.button.toolTip)
        self.session.take_labels(self.labels, ORIGIN)
        self.settle()
        self.assertTrue(self.button.enabled)
        self.assertIn("PyRadiomics parameter file (YAML or JSON)", self.button.toolTip)

    def test_a_file_that_cannot_be_honoured_is_a_sentence(self):
        self.draw()
        for content, why in (
            ({"setting": {"binwidth": 10}}, "The parameter 'binwidth' is not known here."),
            ({"imageType": {"LBP2D": {}}}, "'LBP2D' is no image type"),
            ({"imageType": {"LoG": 5}}, "The image type 'LoG' needs its options"),
            ({"featureClass": {"glcm": [1]}}, "The feature class glcm has no feature 1 here."),
            ("{", "is not well formed"),
            ("[]", "holds no sections"),
        ):
            self.choose_file(self.written(content))
            self.refused(why)
        self.choose_file(Path(self.folder.name, "gone.json"))
        self.refused("cannot be read")

    def test_yaml_without_pyyaml_says_what_to_do_and_json_works(self):
        for name in ("yaml", "ruamel", "ruamel.yaml"):
            before = {name: sys.modules[name]} if name in sys.modules else {}
            self.addCleanup(sys.modules.update, before)
            self.addCleanup(sys.modules.pop, name)
            sys.modules[name] = None  # what Python takes for a module that cannot be imported
        self.draw()
        self.choose_file(self.written(YAML, "ct.yaml"))
        self.refused("'ct.yaml' is YAML, which needs the package PyYAML")
        self.assertIn("Save the file as JSON, which needs nothing", self.status.text)
        self.assertEqual(self.by_file(FIRSTORDER).GetNumberOfRows(), 10)
        self.assertTrue(self.status.text.startswith("Features by 'params.json'"))

    @unittest.skipUnless("host" in sys.modules, "Slicer's own dialogs are the operating system's")
    def test_a_dialog_that_is_closed_changes_nothing(self):
        self.draw()
        self.by_file(FIRSTORDER)
        said, titles = self.status.text, []
        self.panel.parameters.choose_file = self.real_dialog
        self.ui.parametersSelector.currentIndex = 0

        def close():
            for dialog in [w for w in qt.QApplication.topLevelWidgets() if w.inherits("QFileDialog")]:
                titles.append(dialog.windowTitle)
                dialog.close()

        timer = Timer(close, 300)
        timer.start()
        gestures.click(self.button)
        timer.close()
        self.settle()
        self.assertEqual(titles, ["PyRadiomics parameter file"])
        self.assertEqual(self.status.text, said)
        self.assertEqual(len(self.tables()), 1)

    def test_segments_under_a_transform_are_a_sentence(self):
        self.draw()
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
        matrix = vtk.vtkMatrix4x4()
        matrix.SetElement(0, 3, 5.0)
        transform.SetMatrixTransformToParent(matrix)
        self.session.node(SEGMENTS_ROLE).SetAndObserveTransformNodeID(transform.GetID())
        self.choose_file(self.written(FIRSTORDER))
        self.assertIs(self.run.state.state, State.FAILED)
        self.assertIn("Failed: ", self.status.text)
        self.assertIn("transform", self.status.text)
        self.assertEqual(self.tables(), [])


class TestStopped(ParameterFiles):
    def start(self):
        """All features of both VOIs, which take a while."""
        self.draw()
        everything = {"imageType": {"Original": {}, "Wavelet": {}, "LBP3D": {}}}
        self.choose_file(self.written(everything))
        gestures.wait_for(lambda: self.run.state.state is State.RUNNING, 20, "running")
        self.settle()
        self.assertTrue(self.ui.parametersProgress.isVisible())
        self.assertEqual(self.button.text, "Cancel")
        return self.run._child.pid

    def assert_gone(self, pid):
        self.assertFalse(self.run.state.busy)
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)
        self.settle()
        self.assertFalse(self.ui.parametersProgress.isVisible())
        self.assertEqual(self.button.text, BUTTON_OF_A_SET)
        self.assertEqual(self.tables(), [])

    def next_ct(self):
        image, _labels = phantom.ct_and_labels(seed=6)
        return volumes.add_volume(image, "CT of the next patient")

    def test_the_button_cancels_while_it_runs(self):
        pid = self.start()
        gestures.click(self.button)
        self.assert_gone(pid)
        self.assertEqual(self.status.text, "Cancelled.")

    def test_it_ends_with_its_ct_and_that_is_said_at_once(self):
        pid = self.start()
        self.ui.volumeSelector.setCurrentNode(self.next_ct())
        self.assert_gone(pid)
        self.assertEqual(self.ui.messageLabel.text, "The features by parameter file of the former CT were stopped.")
        self.assertEqual(self.status.text, "")

    def test_it_ends_with_its_scene(self):
        pid = self.start()
        slicer.mrmlScene.Clear(0)
        self.assert_gone(pid)

    def test_diagnostics_name_no_file_and_nothing_is_said_any_more_of_another_ct(self):
        self.draw()
        self.by_file(FIRSTORDER, "Miller_Anna.json")
        said = diagnostics(self.session, self.panel.runs, {})
        self.assertIn("The feature computation by parameter file: done", said)
        self.assertNotIn("Miller", said)
        self.ui.volumeSelector.setCurrentNode(self.next_ct())
        self.settle()
        self.assertEqual(self.status.text, "")

    def test_a_dialog_that_another_patient_overtakes_computes_nothing(self):
        self.draw()
        other = self.next_ct()
        self.choose_file(self.written(FIRSTORDER), meanwhile=lambda: self.session.select_volume(other))
        self.refused("another CT was chosen meanwhile")


class TestTheSignatureSResult(ParameterFiles):
    def record(self):
        """As it is exported, but for when it was made and how long that took."""
        made = self.session.make_record()[0].to_dict()
        return {name: value for name, value in made.items() if name not in ("created", "seconds")}

    def test_it_is_as_it_was(self):
        self.draw()
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        self.take_features()
        self.answer_criteria()
        state, desk = self.session.state, self.session.desk
        before = self.record()
        shown = [self.ui.scoresLabel.text, self.ui.riskLabel.text, self.ui.riskStatus.text, self.ui.computeStatus.text]
        self.by_file(FIRSTORDER)
        self.assertIs(self.session.state, state)
        self.assertIs(self.session.desk, desk)
        self.assertIsNone(self.session.stale(self.session.kind))
        self.assertEqual(self.record(), before)
        again = [self.ui.scoresLabel.text, self.ui.riskLabel.text, self.ui.riskStatus.text, self.ui.computeStatus.text]
        self.assertEqual(again, shown)

    def test_nothing_computed_stays_nothing_computed(self):
        self.draw()
        self.by_file(FIRSTORDER)
        self.assertEqual(self.session.state.computed, {})
        self.assertEqual(self.ui.computeButton.text.replace("&", ""), "Compute")
        self.assertEqual((self.ui.computeStatus.text, self.ui.scoresLabel.text), ("", ""))
        self.assertFalse(self.ui.exportRecordButton.enabled)


class TestKept(ParameterFiles):
    def listed(self):
        selector = self.ui.parametersSelector
        return [selector.itemText(i) for i in range(selector.count)]

    def test_sets_that_were_used_are_listed_by_name_and_used_again_without_a_dialog(self):
        before = slicer.app.userSettings().value(parameter_sets.SETTING, "[]")
        self.addCleanup(slicer.app.userSettings().setValue, parameter_sets.SETTING, before)
        slicer.app.userSettings().setValue(parameter_sets.SETTING, "[]")
        self.draw()
        self.choose_file(self.written("{", "broken.json"))
        self.assertEqual(self.listed(), ["From a file..."])  # one that cannot be honoured is not kept
        self.by_file(FIRSTORDER, "site's.json")
        self.assertEqual(self.listed(), ["From a file...", "site's.json"])
        self.assertEqual(self.button.text, "Features by this set")
        self.panel.parameters.choose_file = lambda: self.fail("nobody was to be asked")
        gestures.click(self.button)
        self.finish()
        self.assertEqual(len(self.tables()), 2)
        Path(self.folder.name, "site's.json").unlink()
        self.assertEqual(parameter_sets.kept(), [])
