"""Patients apart, and no value that nobody entered.  Runs in Slicer and in the stand-in.

The rule: a patient's state is one object that is replaced whole; fields are cleared and blocked before; nothing typed,
dragged, running or asked reaches any state but the one on screen.
"""

import copy
import json
import os

import gestures
import panel_case
import qt
import slicer
from panel_case import ORIGIN, PanelCase

from PTLFPredictorLib import record, signature
from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.panel.session.scene import OF_A_CT
from PTLFPredictorLib.panel.state import PatientState

EMPTY = PatientState()


class Patients(PanelCase):
    def setUp(self):
        super().setUp()
        self.panel.open_sections("segments", "radscore", "nomogram", "report")
        self.settle()

    def next_ct(self, seed=6):
        image, _labels = panel_case.phantom.ct_and_labels(seed=seed)
        return volumes.add_volume(image, "CT of the next patient")

    def type_without_return(self, edit, text):
        """The cursor stays in the field."""
        edit.setFocus()
        edit.selectAll()
        gestures.key(edit, qt.Qt.Key_Delete)
        for character in text:
            qt.QCoreApplication.sendEvent(edit, qt.QKeyEvent(qt.QEvent.KeyPress, 0, qt.Qt.NoModifier, character))
        self.assertEqual(edit.text, text)

    def assert_blank(self):
        """Nothing of anybody on screen or in the scene."""
        self.settle()
        self.assertEqual(self.session.state, EMPTY)
        for edit in (self.ui.albEdit, self.ui.inrEdit, self.ui.radscoreEdit):
            self.assertEqual(edit.text, "")
        reading = self.panel.nomogram.pane.nomogram.picture()[1]
        self.assertEqual(set(reading.values.values()), {None})
        said = ("segmentStatus", "computeStatus", "parametersStatus", "exportStatus", "inputMessage", "staleLabel")
        for label in (*said, "scoresLabel"):
            self.assertEqual(getattr(self.ui, label).text, "", label)


class TestTyped(Patients):
    def test_what_stands_in_a_field_when_the_scene_is_closed_is_not_the_next_patients(self):
        """INR 1.40 with the cursor in it, close the scene: the section folds, the focus goes, the field says "done"."""
        self.draw()
        self.type(self.ui.albEdit, "43.6")
        self.type_without_return(self.ui.inrEdit, "1.40")
        slicer.mrmlScene.Clear(0)
        self.assert_blank()
        self.load()
        self.panel.open_sections("nomogram")
        self.ui.albEdit.setFocus()
        self.assert_blank()

    def test_a_value_that_was_typed_and_kept_does_not_come_back_with_the_next_patient_either(self):
        self.draw()
        self.type(self.ui.inrEdit, "1.40")
        self.ui.inrEdit.setFocus()
        slicer.mrmlScene.Clear(0)
        self.load()
        self.panel.open_sections("nomogram")
        self.ui.albEdit.setFocus()
        self.assert_blank()

    def test_what_was_typed_without_return_goes_with_its_ct(self):
        self.draw()
        for other in (self.next_ct(), None):
            self.type_without_return(self.ui.inrEdit, "1.40")
            self.ui.volumeSelector.setCurrentNode(other)
            self.ui.albEdit.setFocus()  # the focus goes, as by a click
            self.assert_blank()
            self.ui.volumeSelector.setCurrentNode(self.volume)
            self.settle()

    def test_what_was_typed_without_return_goes_with_a_ct_that_is_deleted(self):
        self.draw()
        self.type_without_return(self.ui.albEdit, "43.6")
        slicer.mrmlScene.RemoveNode(self.volume)
        self.ui.inrEdit.setFocus()
        self.assert_blank()

    def test_a_ct_that_is_deleted_behind_the_selectors_back_takes_its_patient_with_it(self):
        """A script, or another module with its own list."""
        self.draw()
        self.type(self.ui.albEdit, "43.6")
        self.panel.ct.paused = True
        slicer.mrmlScene.RemoveNode(self.volume)
        self.panel.ct.paused = False
        self.assert_blank()

    def test_a_loaded_scene_brings_its_patient_and_nothing_is_left_of_the_one_before(self):
        self.draw()
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        path = os.path.join(self.folder.name, "first.mrb")
        self.assertTrue(slicer.util.saveScene(path))
        slicer.mrmlScene.Clear(0)
        self.load()
        self.panel.open_sections("nomogram")
        self.session.update(answers={"bilirubin_umol_per_l": 20.0})
        self.type(self.ui.albEdit, "38")
        self.type_without_return(self.ui.inrEdit, "1.40")
        slicer.util.loadScene(path)
        self.ui.albEdit.setFocus()
        self.settle()
        state = self.session.state
        self.assertEqual((state.values.get("ALB"), state.values.get("INR"), state.answers), (43.6, 1.09, {}))
        self.assertEqual((self.ui.albEdit.text, self.ui.inrEdit.text), ("43.6", "1.09"))

    def test_a_scene_without_a_patient_leaves_what_is_being_typed(self):
        """The other direction: adding a model to the scene must not take the reader's work away."""
        self.draw()
        self.type(self.ui.albEdit, "43.6")
        self.type_without_return(self.ui.inrEdit, "1.40")
        other = slicer.vtkMRMLScene()
        other.AddNewNodeByClass("vtkMRMLModelNode", "a model")
        path = os.path.join(self.folder.name, "other.mrml")
        other.SetURL(path)
        other.Commit()
        slicer.util.loadScene(path)
        self.settle()
        gestures.key(self.ui.inrEdit, qt.Qt.Key_Return)
        self.settle()
        self.assertEqual((self.session.state.values.get("ALB"), self.session.state.values.get("INR")), (43.6, 1.4))

    def test_a_cloned_ct_is_another_ct(self):
        self.draw()
        self.type(self.ui.albEdit, "43.6")
        clone = slicer.modules.volumes.logic().CloneVolume(slicer.mrmlScene, self.volume, "clone")
        self.settle()
        self.assertEqual(self.session.state.values.get("ALB"), 43.6)  # a clone alone changes nothing
        self.type_without_return(self.ui.inrEdit, "1.40")
        self.ui.volumeSelector.setCurrentNode(clone)
        self.assert_blank()

    def test_bilirubin_that_is_being_typed_goes_with_its_ct(self):
        self.draw()
        self.ui.eligibilityButton.checked = True
        self.settle()
        edit = self.ui.baselineBilirubinEdit
        self.type_without_return(edit, "14")
        self.ui.volumeSelector.setCurrentNode(self.next_ct())
        self.ui.albEdit.setFocus()
        self.assert_blank()
        self.assertEqual(edit.text, "")

    def test_what_is_being_typed_is_in_what_a_key_exports(self):
        """Alt+Return and Alt+X leave the cursor where it is: the field says 30, and so does the file."""
        self.draw()
        self.take_features()
        self.panel.open_sections("ct")
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        self.ui.exportRecordButton.enabled = True
        for field, text, entry in (
            (self.ui.albEdit, "30", "ALB"),
            (self.ui.inrEdit, "1.4", "INR"),
            (self.ui.baselineBilirubinEdit, "55", None),
        ):
            self.type_without_return(field, text)
            self.ui.exportRecordButton.click()
            made = record.read(os.path.join(self.folder.name, "result.json"))
            values = {one.id: one.value for one in made.input.values}
            taken = made.eligibility.bilirubin_umol_per_l if entry is None else values[entry]
            self.assertEqual(taken, float(text), entry)
        self.type_without_return(self.ui.inrEdit, "8")
        self.ui.exportRecordButton.click()
        self.assertIn("Not exported", self.ui.exportStatus.text)
        self.type(self.ui.inrEdit, "1.4")
        asked = []
        self.panel.strip._acts = dict.fromkeys(self.panel.strip._acts, lambda: asked.append(self.session.state.values))
        self.type_without_return(self.ui.albEdit, "31")
        self.panel.strip.go()
        self.assertEqual(asked[0]["ALB"], 31.0)

    def test_what_is_taken_while_the_dialog_stands_there_is_in_the_file(self):
        self.draw()
        self.take_features()
        self.type(self.ui.albEdit, "43.6")

        def choose(title, name):
            self.session.update(values={"ALB": 30.0})
            return os.path.join(self.folder.name, name)

        self.panel.choose_file = choose
        self.export(self.ui.exportRecordButton)
        made = record.read(os.path.join(self.folder.name, "result.json"))
        self.assertEqual(made.input.values[0].value, 30.0)

    def test_a_ct_that_left_while_no_panel_was_there_has_taken_its_patient_with_it(self):
        """The scene was saved without it, or it was deleted before the module was opened."""
        for marked in (True, False):  # False: as versions before wrote it
            with self.subTest(marked=marked):
                self.draw()
                self.type(self.ui.albEdit, "43.6")
                self.session.update(answers={"first_tace": True})
                node = self.session.scene._node
                self._close()
                slicer.mrmlScene.RemoveNode(self.volume)
                if not marked:
                    node.UnsetParameter(OF_A_CT)
                next_ct = self.next_ct()
                self.container, self.widget, self._close = panel_case.open_panel()
                self.panel, self.ui = self.widget.panel, self.widget.ui
                self.session = self.panel.session
                self.settle()
                self.assertIn("not in it", self.ui.messageLabel.text)
                self.ui.volumeSelector.setCurrentNode(next_ct)
                self.settle()
                state = self.session.state
                self.assertEqual((state.values, state.answers, self.ui.albEdit.text), ({}, {}, ""))
                slicer.mrmlScene.Clear(0)

    def test_what_is_typed_before_a_ct_is_chosen_stays_when_the_panel_is_opened_again(self):
        self.type(self.ui.albEdit, "43.6")
        self._close()
        self.container, self.widget, self._close = panel_case.open_panel()
        self.panel, self.ui, self.session = self.widget.panel, self.widget.ui, self.widget.panel.session
        self.settle()
        self.assertEqual((self.session.state.values, self.ui.albEdit.text), ({"ALB": 43.6}, "43.6"))


class TestOnItsWay(Patients):
    def test_a_drag_that_has_not_arrived_is_not_the_next_patients(self):
        self.container.resize(760, 1600)
        self.draw()
        self.type(self.ui.albEdit, "43.6")
        nomogram = self.panel.nomogram.pane.nomogram
        x, y = nomogram.marker_at("ALB")
        gestures.press(nomogram, x, y - 4)
        gestures.move(nomogram, x + 20, y - 4)
        self.session.select_volume(self.next_ct())
        gestures.move(nomogram, x + 40, y - 4)
        gestures.release(nomogram, x + 40, y - 4)
        self.assert_blank()

    def test_nothing_is_said_any_more_of_the_run_of_another_ct(self):
        self.draw()
        self.compute()
        self.assertRegex(self.ui.computeStatus.text, "^Computed in")
        self.export(self.ui.exportRecordButton)
        self.assertIn("Written:", self.ui.exportStatus.text)
        self.ui.volumeSelector.setCurrentNode(self.next_ct())
        self.assert_blank()
        self.assertEqual(self.ui.messageLabel.text, "")

    def test_another_ct_s_error_line_goes_with_it(self):
        from PTLFPredictorLib.errors import PTLFError

        self.draw()

        def fails(work):
            raise PTLFError("The model's files are not complete.")

        self.panel.segmentation.run.start(fails, lambda outputs: None)
        self.panel.tell("'first.json' cannot be written.")
        self.settle()
        self.assertIn("not complete", self.ui.segmentStatus.text)
        self.ui.volumeSelector.setCurrentNode(self.next_ct())
        self.assert_blank()
        self.assertEqual(self.ui.messageLabel.text, "")
        self.assertEqual(self.ui.logText.plainText, "")

    def test_a_computation_ends_with_its_ct_and_that_is_said_at_once(self):
        self.draw()
        gestures.click(self.ui.computeButton)
        run = self.panel.radscore.run
        gestures.wait_for(lambda: run.state.state is State.RUNNING, 10, "running")
        self.ui.volumeSelector.setCurrentNode(self.next_ct())
        self.assertFalse(run.state.busy)
        self.assertEqual(self.ui.messageLabel.text, "The feature computation of the former CT was stopped.")
        self.assert_blank()

    def test_a_sample_case_that_comes_after_somebody_else_was_chosen_takes_nobodys_place(self):
        taken = []
        self.panel.ct.sample.start = lambda prepare, take, *more, **options: taken.append(take)
        self.panel.ct.load_sample()
        self.draw()
        self.type(self.ui.albEdit, "43.6")
        import SimpleITK as sitk

        path = os.path.join(self.folder.name, "ct.nrrd")
        sitk.WriteImage(panel_case.phantom.ct_and_labels()[0], path)
        taken[0]({"ct": path})
        self.settle()
        self.assertIs(self.session.volume, self.volume)
        self.assertEqual(self.session.state.values.get("ALB"), 43.6)
        self.assertIn("The sample case is in the scene", self.ui.messageLabel.text)
        sample = slicer.util.getNode("PTLF sample (synthetic)")
        self.assertEqual(volumes.sample_of(sample), {"seed": 11, "matrix": 512})
        self.assertEqual(volumes.sample_of(self.volume), {})

    def test_a_dialog_that_another_patient_overtakes_exports_nothing(self):
        self.draw()
        self.take_features()

        def choose(title, name):
            self.session.select_volume(self.next_ct())
            return os.path.join(self.folder.name, name)

        self.panel.choose_file = choose
        self.export(self.ui.exportRecordButton)
        self.assertIn("another CT was chosen meanwhile", self.ui.exportStatus.text)
        self.assertFalse(os.path.exists(os.path.join(self.folder.name, "result.json")))

    def test_labels_that_a_child_brings_too_late_are_dropped(self):
        self.draw()
        token = self.session.token
        self.session.select_volume(self.next_ct())
        self.assertFalse(self.session.update(token=token, values={"ALB": 43.6}))
        self.assert_blank()


class TestNoValue(Patients):
    """An entry that is refused is no value: the one before does not stay in force."""

    def setUp(self):
        super().setUp()
        self.draw()
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        self.take_features()
        self.choose("complete", origin="site")
        self.take_features()
        if self.ui.allMetButton.enabled:
            self.type(self.ui.readerEdit, "A. Reader")
            gestures.click(self.ui.allMetButton)
        self.settle()
        self.assertRegex(self.ui.riskLabel.text, r"^Predicted risk of PTLF (\d+|[<>]\d+) %")
        self.assertTrue(self.ui.exportRecordButton.enabled)

    def refuse(self, edit, text, why, name):
        self.type(edit, text)
        self.assertEqual(edit.text, text)  # what was typed stays, with the reason beside it
        self.assertIn(why, self.ui.inputMessage.text)
        self.assertIn("border", edit.styleSheet)
        self.assertIn(why, edit.toolTip)
        self.assertIsNone(self.session.values()[name])
        nomogram = self.panel.nomogram.pane.nomogram
        self.assertIsNone(nomogram.marker_at(name))
        self.assertIsNone(nomogram.picture()[1].prediction.risk)
        self.assertIsNone(nomogram.picture()[1].prediction.risk_interval)
        self.assert_no_risk(why)

    def assert_no_risk(self, why):
        from PTLFPredictorLib.errors import BadInput

        self.assertTrue(self.ui.riskLabel.text.startswith("Risk not shown"), self.ui.riskLabel.text)
        self.assertIn(why, self.ui.riskStatus.text)
        for name in ("Record", "Report", "Csv", "Table"):
            self.assertFalse(getattr(self.ui, f"export{name}Button").enabled, name)
        with self.assertRaisesRegex(BadInput, "An entry is no value"):
            self.session.make_record()

    def test_albumin_in_the_other_unit(self):
        self.refuse(self.ui.albEdit, "4.36", "Albumin 4.36 g/L is implausible", "ALB")
        self.assertIsNone(self.session.state.values.get("ALB"))
        self.assertEqual(self.ui.otherUnitButton.text, "Use g/dL")
        gestures.click(self.ui.otherUnitButton)
        self.settle()
        self.assertEqual(
            (self.session.state.values.get("ALB"), self.session.state.units.get("ALB", "g/L")), (4.36, "g/dL")
        )
        self.assertEqual(self.ui.albEdit.text, "4.36")
        self.assertEqual(self.ui.albEdit.styleSheet, "")
        self.assertFalse(self.ui.otherUnitButton.isVisible())
        self.assertRegex(self.ui.riskLabel.text, r"^Predicted risk of PTLF (\d+|[<>]\d+) %")
        self.assertTrue(self.ui.exportRecordButton.enabled)

    def test_a_unit_that_this_signature_does_not_take_is_not_that_of_what_is_typed(self):
        """A reader's g/dL stays from patient to patient; a site's signature may know g/L alone."""
        self.session.update(units={"ALB": "g/dL"})
        data = copy.deepcopy(signature.load("ptlf-published").data)
        data["predictors"][0]["units"], data["kind"], data["id"] = [], "site", "one-unit"
        path = os.path.join(self.folder.name, "one-unit.json")
        with open(path, "w") as stream:
            json.dump(data, stream)
        self.panel.radscore.choose_signature(path)
        self.settle()
        self.type(self.ui.inrEdit, "1.09")
        self.type(self.ui.albEdit, "43.6")
        self.assertEqual(dict(self.session.entered().values), {"ALB": 43.6, "INR": 1.09})

    def test_inr_that_is_prothrombin_seconds(self):
        self.refuse(self.ui.inrEdit, "8", "prothrombin time in seconds", "INR")
        self.assertIsNone(self.session.state.values.get("INR"))
        self.type(self.ui.inrEdit, "1.2")
        self.assertRegex(self.ui.riskLabel.text, r"^Predicted risk of PTLF (\d+|[<>]\d+) %")

    def test_a_text_that_is_no_number(self):
        self.refuse(self.ui.inrEdit, "1_09", "is no number", "INR")

    def test_a_radscore_that_is_implausible(self):
        own = self.session.values()["Radscore"]
        self.type(self.ui.radscoreEdit, "5000")
        self.assertEqual(self.ui.radscoreEdit.text, "5000")
        self.assertIsNone(self.panel.nomogram.pane.nomogram.marker_at("Radscore"))
        self.assert_no_risk("Radscore 5000 is implausible")
        gestures.click(self.ui.whatIfBox)
        self.settle()
        self.assertEqual(self.session.values()["Radscore"], own)
        self.assertRegex(self.ui.riskLabel.text, r"^Predicted risk of PTLF (\d+|[<>]\d+) %")

    def test_bilirubin_in_the_other_unit(self):
        self.ui.eligibilityButton.checked = True
        self.settle()
        edit = self.ui.baselineBilirubinEdit
        self.type(edit, "14")
        self.assertEqual(self.session.state.answers["bilirubin_umol_per_l"], 14)
        self.type(edit, "0.8")
        self.assertEqual(edit.text, "0.8")
        self.assertNotIn("bilirubin_umol_per_l", self.session.state.answers)
        self.assertIn("0.8 mg/dL are 14 µmol/L", self.ui.baselineBilirubinNote.text)
        self.assert_no_risk("Bilirubin 0.8 µmol/L is implausible")
        self.type(edit, "14")
        self.assertRegex(self.ui.riskLabel.text, r"^Predicted risk of PTLF (\d+|[<>]\d+) %")

    def test_another_unit_is_another_reading_of_the_same_number(self):
        self.ui.albUnit.currentIndex = 1
        self.settle()
        self.assertIsNone(self.session.state.values.get("ALB"))
        self.assertEqual(self.ui.albEdit.text, "43.6")
        self.assertIn("border", self.ui.albEdit.styleSheet)
        self.assert_no_risk("Albumin 43.6 g/dL is implausible")
        self.ui.albUnit.currentIndex = 0
        self.settle()
        self.assertEqual(self.session.state.values.get("ALB"), 43.6)
        self.assertRegex(self.ui.riskLabel.text, r"^Predicted risk of PTLF (\d+|[<>]\d+) %")

    def test_a_refused_entry_is_refused_again_when_the_scene_is_opened(self):
        self.type(self.ui.albEdit, "4.36")
        self.save_close_and_load()
        self.assertEqual(self.ui.albEdit.text, "4.36")
        self.assert_no_risk("Albumin 4.36 g/L is implausible")

    def test_a_refused_entry_of_a_what_if_leaves_the_patients_value(self):
        self.ui.whatIfBox.checked = True
        self.settle()
        self.type(self.ui.inrEdit, "8")
        self.assertEqual(self.session.state.values.get("INR"), 1.09)
        self.assert_no_risk("prothrombin time in seconds")
        gestures.click(self.ui.whatIfBox)
        self.settle()
        self.assertEqual(self.ui.inrEdit.text, "1.09")
        self.assertRegex(self.ui.riskLabel.text, r"^Predicted risk of PTLF (\d+|[<>]\d+) %")


class TestWhatIf(Patients):
    def setUp(self):
        super().setUp()
        self.container.resize(760, 1600)
        self.draw()
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        self.nomogram = self.panel.nomogram.pane.nomogram

    def patient(self):
        return self.session.state.values.get("ALB"), self.session.state.values.get("INR")

    def test_keys_on_the_nomogram_are_a_what_if_that_starts_from_the_patients_values(self):
        self.nomogram.setFocus()
        gestures.key(self.nomogram, qt.Qt.Key_Down)
        for _ in range(3):
            gestures.key(self.nomogram, qt.Qt.Key_Right)
        self.settle()
        self.assertEqual(self.patient(), (43.6, 1.09))
        self.assertEqual(self.session.state.what_if, {"ALB": 43.6, "INR": 1.12, "Radscore": None})
        gestures.click(self.ui.whatIfBox)
        self.settle()
        self.assertEqual(self.session.state.what_if, {})
        self.assertEqual(self.ui.inrEdit.text, "1.09")

    def test_page_keys_change_nothing(self):
        self.nomogram.setFocus()
        gestures.key(self.nomogram, qt.Qt.Key_PageDown)
        gestures.key(self.nomogram, qt.Qt.Key_PageUp)
        self.settle()
        self.assertEqual(self.patient(), (43.6, 1.09))
        self.assertEqual(self.session.state.what_if, {})

    def test_a_double_click_is_a_what_if(self):
        layout = self.nomogram.picture()[0]
        gestures.double_click(self.nomogram, layout.x_of_value("ALB", 35.0), layout.y("ALB"))
        self.settle()
        self.assertEqual(self.patient(), (43.6, 1.09))
        self.assertAlmostEqual(self.session.state.what_if["ALB"], 35.0, delta=0.3)

    def test_a_what_if_is_never_in_the_record(self):
        self.take_features()
        gestures.drag(
            self.nomogram,
            (self.nomogram.marker_at("INR")[0], self.nomogram.marker_at("INR")[1] - 4),
            (self.nomogram.picture()[0].x_of_value("INR", 1.3), self.nomogram.marker_at("INR")[1] - 4),
        )
        self.settle()
        made = self.session.make_record()[0].to_dict()
        self.assertEqual([(one["id"], one["value"]) for one in made["input"]["values"]], [("ALB", 43.6), ("INR", 1.09)])


class TestSegmentsOfTwo(Patients):
    def test_a_segmentation_that_waits_beside_edited_ones_goes_with_its_ct(self):
        self.draw()
        self.erase_tumour()
        self.session.take_labels(self.labels, ORIGIN)
        self.settle()
        self.assertTrue(self.ui.rerunFrame.isVisible())
        self.ui.volumeSelector.setCurrentNode(self.next_ct())
        self.assert_blank()
        self.assertFalse(self.ui.rerunFrame.isVisible())
        self.assertIsNone(self.session.automatic)

    def test_going_back_to_a_ct_and_its_segments_brings_their_origin_and_no_value(self):
        self.draw()
        self.erase_tumour()
        node = self.session.segmentation
        self.type(self.ui.albEdit, "43.6")
        self.assertTrue(node.GetDisplayNode().GetVisibility())
        self.ui.volumeSelector.setCurrentNode(self.next_ct())
        self.settle()
        self.assertFalse(node.GetDisplayNode().GetVisibility(), "the former patient's liver is still in the views")
        self.ui.volumeSelector.setCurrentNode(self.volume)
        self.settle()
        self.assert_blank()
        self.session.use_existing(node)
        self.settle()
        self.assertTrue(node.GetDisplayNode().GetVisibility())
        origin = self.session.segments("corrected").origin
        self.assertEqual(origin.model["id"], "test-model")
        self.assertGreater(origin.changed, 0)
        self.assertIsNone(self.session.state.values.get("ALB"))

    def test_the_hidden_copy_leaves_the_scene_with_its_segmentation(self):
        self.draw()
        hidden = self.session.automatic
        slicer.mrmlScene.RemoveNode(self.session.segmentation)
        self.widget.enter()
        self.ui.volumeSelector.setCurrentNode(self.next_ct())
        self.settle()
        self.assertIsNone(slicer.mrmlScene.GetNodeByID(hidden.GetID()))


assert panel_case  # the cases above start from it
