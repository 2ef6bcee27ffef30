"""Section 1, CT: window, findings, phase, and the line that names the case.  Runs in Slicer and in the stand-in."""

import dicom_series
import gestures
import panel_case
import qt
import slicer
from panel_case import PanelCase

from PTLFPredictorLib.ct import Finding, Level
from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.panel.case_line import case_words
from PTLFPredictorLib.panel.choices import inner_list
from PTLFPredictorLib.panel.findings_list import counted

LIVER = volumes.LIVER_WINDOW
LUNG = volumes.Window(1500.0, -500.0)


class TestWindow(PanelCase):
    def shown(self):
        return volumes.window_of(self.session.volume)

    def press(self):
        gestures.click(self.ui.liverWindowButton)
        self.settle()

    def test_a_ct_that_is_chosen_is_in_the_liver_window_and_back_in_one_click(self):
        image, _labels = panel_case.phantom.ct_and_labels()
        volume = volumes.add_volume(image, "CT")
        volumes.show_window(volume, LUNG)
        self.assertFalse(self.ui.liverWindowButton.enabled)
        self.ui.volumeSelector.setCurrentNode(volume)
        self.settle()
        for window, text in ((LIVER, "Former &window"), (LUNG, "Liver &window"), (LIVER, "Former &window")):
            self.assertEqual((self.shown(), self.ui.liverWindowButton.text), (window, text))
            self.press()
        self.assertEqual(self.shown(), LUNG)
        volumes.show_window(volume, volumes.Window(80.0, 40.0))  # by the mouse, in a slice
        self.press()
        self.press()
        self.assertEqual(self.shown(), volumes.Window(80.0, 40.0))

    def test_a_window_that_slicer_chose_is_chosen_by_slicer_again(self):
        self.load()
        self.assertEqual(self.shown(), LIVER)
        self.press()
        self.assertTrue(self.shown().automatic)

    def test_the_next_scene_s_ct_of_the_same_id_has_no_former_window(self):
        self.load()
        slicer.mrmlScene.Clear(0)
        self.settle()
        image, _labels = panel_case.phantom.ct_and_labels()
        volume = volumes.add_volume(image, "next")
        volumes.show_liver_window(volume)
        self.ui.volumeSelector.setCurrentNode(volume)
        self.settle()
        self.assertEqual(self.ui.liverWindowButton.text, "Liver &window")


class TestFindings(PanelCase):
    def not_met(self, shown):
        return [f.code for f in shown._shown if f.level is not Level.PASS]

    def test_what_is_met_is_one_line_and_unfolds(self):
        self.load()
        shown = self.panel.ct.findings
        self.assertEqual(shown.met_button.text, "4 checks met \u2713")
        self.assertFalse(shown._met.isVisible())
        gestures.click(shown.met_button)
        self.assertTrue(shown._met.isVisible())
        self.assertEqual(shown._met_grid.rowCount(), 4)
        self.assertEqual(self.not_met(shown), ["kvp"])  # the phase's stands beside the reader's answer
        self.volume.SetSpacing(1.2, 1.2, 5.0)
        self.panel.refresh()
        self.assertEqual(self.not_met(shown), ["in_plane_spacing", "kvp"])
        self.assertEqual(shown.met_button.text, "3 checks met \u2713")
        self.assertEqual(shown._open_grid.itemAtPosition(0, 0).widget().accessibleName, "blocks the risk")
        self.assertEqual(self.panel.ct.summary(), "1 blocks the risk, 2 notes")
        self.assertFalse(self.panel.ct.done())

    def test_the_title_tells_what_counts_most(self):
        self.assertEqual(self.panel.ct.summary(), "")
        self.load()
        self.assertEqual(self.panel.ct.summary(), "8 criteria not answered")
        self.answer_criteria()
        self.assertEqual(self.panel.ct.summary(), "4 checks met, 2 notes")
        self.assertTrue(self.panel.ct.done())

    def test_findings_of_the_segments_are_not_the_ct_s(self):
        self.draw()
        self.take_features()
        of_ct = {f.code for f in self.session.findings_of_ct()}
        of_segments = {f.code for f in self.session.findings_of_segments()}
        self.assertIn("phase", of_ct)
        self.assertIn("model_not_for_patients", of_segments)
        self.assertEqual(of_ct & of_segments, set())
        self.assertEqual(of_ct | of_segments, {f.code for f in self.session.findings()})
        self.volume.SetSpacing(1.2, 1.2, 5.0)  # stale: what is told of the CT is of the CT as it is now
        levels = {f.code: f.level for f in self.session.findings_of_ct()}
        self.assertEqual((levels["in_plane_spacing"], levels["phase"]), ("withhold", "warn"))

    def test_counts_in_words(self):
        def found(*levels):
            return [Finding("x", level, "") for level in levels]

        for levels, words in (
            ((), ""),
            (("pass",), "1 check met"),
            (("pass", "pass", "warn"), "2 checks met, 1 note"),
            (("pass", "withhold"), "1 blocks the risk"),
            (("pass", "withhold", "withhold", "fail", "warn", "warn"), "1 stops, 2 block the risk, 2 notes"),
        ):
            self.assertEqual(counted(found(*levels)), words)


class TestPhase(PanelCase):
    def told(self):
        (finding,) = self.panel.questions.phase_finding._shown
        return finding.message, self.ui.phaseSelector.itemText(0)

    def test_it_will_be_measured_and_then_stands_beside_the_reader_s_answer(self):
        self.assertEqual(self.panel.questions.phase_finding._shown, ())
        self.load()
        message, first = self.told()
        self.assertIn("It is measured when the features are computed.", message)
        self.assertEqual((first, case_words(self.session)), ("as measured", "CT, 21 slices of 5 mm"))
        self.type(self.ui.readerEdit, "A. Reader")
        self.ui.phaseSelector.currentIndex = 4
        self.settle()
        self.assertIn("CT, delayed, ", case_words(self.session))
        self.assertIn("A. Reader, ", self.ui.phaseStatus.text)
        self.ui.phaseSelector.currentIndex = 0
        self.draw()
        self.take_features()
        message, first = self.told()
        self.assertRegex(message, r"^Contrast phase: portal venous \(liver 10\d HU, aorta 1\d\d HU\)\.$")
        self.assertEqual(
            (first, case_words(self.session)), ("as measured: portal venous", "CT, portal venous, 21 slices of 5 mm")
        )
        self.assertEqual(self.ui.phaseStatus.text, "")


class TestCase(PanelCase):
    def test_the_line_has_the_day_and_no_name(self):
        self.assertEqual(case_words(self.session), "")
        series = dicom_series.slices()
        for one in series:
            one.StudyDate, one.AcquisitionDate, one.PatientName = "20260901", "20261014", "Mueller^Karl"
        database = dicom_series.in_place_of_slicer_s(
            self, dicom_series.write(dicom_series.folder_of(self, "day"), series)
        )
        volume = database.load()
        volume.SetName("Mueller^Karl")
        self.ui.volumeSelector.setCurrentNode(volume)
        self.settle()
        self.assertEqual(case_words(self.session), "CT 14 Oct 2026, portal venous, 12 slices of 5 mm")
        self.assertNotIn("2026", str(self.session.ct().source))  # and a record has no day
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        import vtk

        matrix = vtk.vtkMatrix4x4()
        matrix.SetElement(0, 3, 5.0)
        transform.SetMatrixTransformToParent(matrix)
        volume.SetAndObserveTransformNodeID(transform.GetID())
        self.assertEqual(case_words(self.session), "CT")

    def test_the_one_ct_of_the_scene_is_offered_as_long_as_none_is_chosen(self):
        self.assertIsNone(self.panel.ct.only_ct())
        image, _labels = panel_case.phantom.ct_and_labels()
        volume = volumes.add_volume(image, "one")
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
        node.SetAndObserveImageData(volume.GetImageData())
        self.assertIs(self.panel.ct.only_ct(), volume)
        other = volumes.add_volume(image, "two")
        self.assertIsNone(self.panel.ct.only_ct())
        slicer.mrmlScene.RemoveNode(other)
        volume.SetHideFromEditors(True)
        self.assertIsNone(self.panel.ct.only_ct())
        volume.SetHideFromEditors(False)
        self.panel.ct.use_only_ct()
        self.assertIs(self.session.volume, volume)
        self.assertIsNone(self.panel.ct.only_ct())


class TestKeys(PanelCase):
    def test_the_label_s_key_leads_to_the_list_of_cts(self):
        box = inner_list(self.ui.volumeSelector)
        self.assertEqual(self.ui.volumeLabel.text, "&CT:")
        self.assertEqual(self.ui.volumeLabel.buddy(), box)
        self.assertEqual(box.accessibleName, "CT")
        self.assertNotEqual(box.focusPolicy, qt.Qt.NoFocus)
