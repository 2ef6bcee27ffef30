"""The panel under real events, with real child processes for the features.  Runs in Slicer and in the stand-in."""

import json
import os

import gestures
import numpy as np
import panel_case
import slicer
from panel_case import ORIGIN, PanelCase, labels_of

from paper import on_paper
from PTLFPredictorLib import RESEARCH_USE
from PTLFPredictorLib.mrml import segments
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.panel.session import SECOND_ROLE
from PTLFPredictorLib.record.statements import of_record
from PTLFPredictorLib.render.nomogram_marks import marks_of
from PTLFPredictorLib.render.primitives import Text
from PTLFPredictorLib.sample import known
from PTLFPredictorLib.signature.policy.eligibility import CriterionState


class TestOpening(PanelCase):
    def test_the_untouched_panel_says_what_is_missing(self):
        self.assertEqual(self.ui.researchUseLabel.text, RESEARCH_USE)
        self.assertEqual(self.ui.transformLabel.text, "Choose or load the contrast CT before TACE.")
        self.assertEqual(self.ui.segmentButton.text, "Se&gment")
        self.assertFalse(self.ui.segmentButton.enabled)
        self.assertIn("No CT is chosen.", self.ui.segmentButton.toolTip)
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")

    def test_the_first_use_is_acknowledged_once(self):
        slicer.app.userSettings().remove("PTLFPredictor/AcknowledgedVersion")
        self.panel.refresh()
        self.assertTrue(self.ui.acknowledgementFrame.isVisible())
        self.assertIn("no medical device", self.ui.acknowledgementLabel.text)
        gestures.click(self.ui.acknowledgeButton)
        self.assertFalse(self.ui.acknowledgementFrame.isVisible())

    def test_a_ct_that_is_loaded_later_is_found(self):
        self.assertEqual(self.ui.volumeSelector.nodeCount(), 0)
        self.load()
        self.assertIs(self.session.volume, self.volume)
        self.assertEqual(self.ui.transformLabel.text, "")
        levels = {finding.code: finding.level for finding in self.session.findings()}
        self.assertEqual(levels["slice_thickness"], "pass")

    def test_a_ct_under_a_transform_is_refused_until_hardened(self):
        import vtk

        self.load()
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
        matrix = vtk.vtkMatrix4x4()
        matrix.SetElement(0, 3, 5.0)
        transform.SetMatrixTransformToParent(matrix)
        self.volume.SetAndObserveTransformNodeID(transform.GetID())
        self.panel.refresh()
        self.assertIn("Harden the transform", self.ui.transformLabel.text)
        self.assertFalse(self.ui.segmentButton.enabled)


class TestInputs(PanelCase):
    def setUp(self):
        super().setUp()
        self.panel.open_sections("nomogram", "report")
        self.settle()

    def test_typed_values_get_their_points(self):
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1,09")  # a decimal comma is a decimal point
        reading = self.panel.nomogram.pane.nomogram.picture()[1]
        self.assertEqual(reading.values, {"ALB": 43.6, "INR": 1.09, "Radscore": None})
        self.assertAlmostEqual(reading.prediction.points["ALB"], 26.58, delta=0.01)

    def test_the_other_unit_is_asked_about_and_nothing_is_taken(self):
        self.type(self.ui.albEdit, "4.1")
        self.assertIn("is it 4.1 g/dL?", self.ui.inputMessage.text)
        self.assertIsNone(self.session.state.values.get("ALB"))
        self.ui.albUnit.currentIndex = 1
        self.settle()
        self.type(self.ui.albEdit, "4.1")
        self.assertEqual(self.session.values()["ALB"], 41.0)
        self.assertEqual(self.ui.inputMessage.text, "")

    def test_prothrombin_seconds_are_refused(self):
        self.type(self.ui.inrEdit, "12")
        self.assertIn("prothrombin time in seconds", self.ui.inputMessage.text)
        self.assertIsNone(self.session.state.values.get("INR"))

    def test_a_value_outside_the_development_range_is_taken_and_marked(self):
        self.type(self.ui.albEdit, "58")
        self.assertEqual(self.session.values()["ALB"], 58.0)
        self.assertIn("outside the derived development range", self.ui.inputMessage.text)

    def test_a_typed_radscore_is_a_what_if_and_reset_takes_it_back(self):
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        self.type(self.ui.radscoreEdit, "7.72")
        self.assertEqual(self.ui.radscoreOrigin.text, "typed: what-if")
        self.assertEqual(self.ui.riskLabel.text, "What-if: 43-96 %")
        for text in ("74-86 % over the derived intercept's range", "43-96 %"):
            self.assertIn(text, self.ui.riskStatus.text)
        self.assertIn("24.5 %", self.ui.resultDetails.text)
        self.assertNotIn("84 %", self.ui.riskLabel.text + self.ui.riskStatus.text)
        self.assertIn("derived, not published", self.ui.riskStatus.text)
        self.assertFalse(self.ui.exportRecordButton.enabled)
        gestures.click(self.ui.whatIfBox)
        self.settle()
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")
        self.assertEqual(self.ui.radscoreEdit.text, "")

    def test_a_dragged_marker_is_a_what_if_and_reset_goes_back_to_the_patient(self):
        self.container.resize(760, 1600)
        self.settle()
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        nomogram = self.panel.nomogram.pane.nomogram
        x, y = nomogram.marker_at("INR")
        target = nomogram.picture()[0].x_of_value("INR", 1.3)
        gestures.drag(nomogram, (x, y - 4), (target, y - 4))
        self.settle()
        self.assertEqual(self.ui.inrEdit.text, "1.3")
        self.assertEqual((self.session.state.values.get("ALB"), self.session.state.values.get("INR")), (43.6, 1.09))
        self.assertEqual(nomogram.picture()[1].ghosts["INR"], 1.09)
        self.assertTrue(self.ui.whatIfBox.checked)
        self.assertIn("not the patient's values (albumin 43.6 g/L, INR 1.09)", self.ui.inputMessage.text)
        gestures.click(self.ui.whatIfBox)
        self.settle()
        self.assertEqual(self.ui.inrEdit.text, "1.09")
        self.assertEqual(nomogram.picture()[1].values["INR"], 1.09)

    def test_in_a_what_if_the_patients_values_stay_as_ghosts(self):
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        self.ui.whatIfBox.checked = True
        self.settle()
        self.type(self.ui.inrEdit, "1.3")
        reading = self.panel.nomogram.pane.nomogram.picture()[1]
        self.assertEqual(reading.values["INR"], 1.3)
        self.assertEqual(reading.ghosts["INR"], 1.09)
        self.assertEqual(self.session.state.values.get("INR"), 1.09)

    def test_a_narrow_panel_has_the_whole_nomogram(self):
        self.container.resize(340, 1600)
        self.settle()
        self.type(self.ui.albEdit, "43.6")
        nomogram = self.panel.nomogram.pane.nomogram
        self.assertTrue(nomogram.isVisible())
        layout, reading = nomogram.picture()
        self.assertTrue(layout.narrow)
        self.assertIn("26.6 points", [p.text for p in marks_of(layout, reading) if isinstance(p, Text)])

    def test_a_violated_criterion_is_counted_and_kept(self):
        self.ui.eligibilityButton.checked = True
        self.settle()
        name, box = next(iter(self.panel.ct.eligibility.boxes.items()))
        box.currentIndex = 2
        self.settle()
        self.assertEqual(self.session.state.answers, {name: False})
        self.assertEqual(self.ui.eligibilityLabel.text, "Eligibility: 1 criterion not met, 7 not answered")


class TestSegments(PanelCase):
    def test_a_model_s_segments_are_shown_with_their_volumes(self):
        self.draw()
        self.assertFalse(self.session.edited)
        self.assertEqual(self.ui.segmentButton.text, "Se&gment again")
        # 126165, 125681 and 484 voxels of 0.0045125 mL
        self.assertEqual(self.ui.volumesLabel.text, "Liver 569.3 mL, parenchyma 567.1 mL, tumour 2.2 mL")
        self.assertEqual(self.ui.segmentsSection.text, "\u2713 2. Segments: liver 569 mL, 1 lesion")
        self.assertEqual(self.ui.agreementTitle.text, "Nothing was changed since the model drew it.")
        self.assertEqual(self.ui.agreementLabel.text, "")

    def test_an_edit_shows_in_volumes_and_dice_and_takes_the_sign_off_away(self):
        self.draw()
        self.panel.open_sections("segments")
        self.type(self.ui.readerEdit, "A. Reader")
        gestures.click(self.ui.signOffButton)
        self.settle()
        self.assertIn("Signed off by A. Reader", self.ui.signOffLabel.text)
        self.assertIn("Any edit cancels the sign-off.", self.ui.signOffLabel.text)
        self.erase_tumour()
        self.assertIsNone(self.session.signed)
        self.assertRegex(self.ui.signOffLabel.text, "^Not signed off. A. Reader's sign-off of .* tumour edited.$")
        self.assertTrue(self.session.edited)
        # the liver stays, the parenchyma takes 242 voxels
        self.assertEqual(self.ui.volumesLabel.text, "Liver 569.3 mL, parenchyma 568.2 mL, tumour 1.1 mL")
        self.assertEqual(self.ui.agreementTitle.text, "Against what the model drew (0.19 % of the voxels changed):")
        for value in (">+0.0<", ">1.000<", ">-1.1<", ">0.667<"):  # Dice 2 x 242 / (242 + 484): half of it is left
            self.assertIn(value, self.ui.agreementLabel.text)
        kind = segments.tag(self.session.segmentation, "tumor", segments.ALGORITHM_TYPE)
        self.assertEqual(kind, "SEMIAUTOMATIC")

    def test_a_sign_off_needs_a_name(self):
        self.draw()
        self.panel.open_sections("segments")
        self.settle()
        gestures.click(self.ui.signOffButton)
        said = "Who answers for these segments? Give the reader's name."
        self.assertEqual(self.ui.signOffLabel.text, said)  # beside the button
        self.assertEqual(self.session.state.sign_off, {})
        self.type(self.ui.readerEdit, "A. Reader")
        gestures.click(self.ui.signOffButton)
        self.settle()
        self.assertNotIn(said, self.ui.signOffLabel.text)

    def test_restore_automatic_gives_the_models_voxels_back(self):
        self.draw()
        before = labels_of(self.session)
        self.panel.open_sections("segments")
        self.erase_tumour()
        self.ui.segmentsAdvancedButton.checked = True
        self.settle()
        edited, asked = labels_of(self.session), []
        self.assertNotEqual(edited, before)
        self.panel.correction.confirm = lambda question, title: asked.append(question)  # Cancel
        gestures.click(self.ui.restoreButton)
        self.settle()
        self.assertEqual(asked, ["All edits of liver and tumour are given up. Go on?"])
        self.assertEqual(labels_of(self.session), edited)
        self.panel.correction.confirm = lambda question, title: True
        gestures.click(self.ui.restoreButton)
        self.settle()
        self.assertEqual(labels_of(self.session), before)
        self.assertFalse(self.session.edited)

    def test_a_run_over_untouched_segments_writes_into_them(self):
        self.draw()
        node = self.session.segmentation
        self.assertTrue(self.session.take_labels(self.labels, ORIGIN))
        self.assertIs(self.session.segmentation, node)
        self.assertIsNone(self.session.node(SECOND_ROLE))

    def test_a_run_after_edits_leaves_them_byte_for_byte_and_asks(self):
        self.draw()
        self.erase_tumour()
        node, edited = self.session.segmentation, labels_of(self.session)
        self.assertFalse(self.session.take_labels(self.labels, ORIGIN))
        self.settle()
        self.assertIs(self.session.segmentation, node)
        self.assertEqual(labels_of(self.session), edited)
        self.assertTrue(self.ui.rerunFrame.isVisible())
        self.assertIn("left as they are", self.ui.rerunLabel.text)
        second = self.session.node(SECOND_ROLE)
        gestures.click(self.ui.compareButton)
        self.assertFalse(second.GetDisplayNode().GetVisibility2DFill())
        gestures.click(self.ui.keepButton)
        self.settle()
        self.assertEqual(labels_of(self.session), edited)
        self.assertIsNone(self.session.node(SECOND_ROLE))
        self.assertFalse(self.ui.rerunFrame.isVisible())

    def test_the_new_run_can_be_used_and_the_edited_segments_stay_in_the_scene(self):
        self.draw()
        self.erase_tumour()
        old, edited = self.session.segmentation, labels_of(self.session)
        self.session.take_labels(self.labels, ORIGIN)
        self.settle()
        gestures.click(self.ui.replaceButton)
        self.settle()
        self.assertIsNot(self.session.segmentation, old)
        self.assertFalse(self.session.edited)
        self.assertNotEqual(labels_of(self.session), edited)
        self.assertIsNotNone(slicer.mrmlScene.GetNodeByID(old.GetID()))

    def test_an_existing_segmentation_is_adopted(self):
        self.load()
        node = segments.add_segmentation(self.volume, "from the colleague")
        segments.write(node, self.volume, self.labels, "", "MANUAL")
        self.settle()
        self.ui.existingSelector.setCurrentNode(node)
        gestures.click(self.ui.useExistingButton)
        self.settle()
        self.assertIs(self.session.segmentation, node)
        self.assertEqual(self.ui.segmentationLabel.text, "Taken from the scene: from the colleague.")

    def test_the_editor_is_given_back_on_exit(self):
        self.draw()
        editor = self.panel.correction.editor
        editor.setActiveEffectByName("Paint")
        self.widget.exit()
        self.assertIsNone(editor.activeEffect())
        self.widget.enter()


class TestScore(PanelCase):
    """One real computation by a child, and everything that is shown of it."""

    def setUp(self):
        super().setUp()
        self.draw()
        self.panel.open_sections("segments", "radscore", "nomogram", "report")
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        self.compute()

    def test_every_row_of_what_may_be_shown(self):
        # Published as shipped: features, no score, no risk, points of ALB and INR.
        self.assertIn("not computable", self.ui.scoresLabel.text)
        self.assertEqual(self.ui.radscoreSection.text, "3. Radscore: not shown")  # without a check mark
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")
        self.assertIn("cannot be computed: the paper does not give", self.ui.riskStatus.text)
        terms = self.panel.radscore.terms
        self.assertEqual(terms.rowCount, 12)  # with a title for tumour and parenchyma each
        self.assertEqual(terms.item(0, 0).text(), "Tumour")
        self.assertNotEqual(terms.item(1, 1).text(), "-")
        self.assertEqual(terms.item(1, 2).text(), "-")
        self.assertTrue(terms.isColumnHidden(2) and terms.isColumnHidden(3))  # nothing stands in them
        self.assertIn("tumor:", terms.item(1, 0).toolTip())
        # Normalised on the site, but nobody has answered the study's criteria: score and risk withheld.
        self.choose("relative", origin="site", intercept="derived")
        self.assertIn("Radscore withheld", self.ui.scoresLabel.text)
        self.assertIn("8 of 8", self.ui.resultDetails.text)
        self.answer_criteria()
        # Normalised on the site, no outcomes: relative score, risk withheld.
        self.choose("relative", origin="site", intercept="derived")
        self.assertIn("(relative)", self.ui.scoresLabel.text)
        self.assertTrue(self.ui.radscoreSection.text.startswith("\u2713 3. Radscore: "))
        shown = float(self.ui.radscoreEdit.text)
        self.assertAlmostEqual(shown, self.session.patient().radscore.value, places=2)
        self.assertIn(f"{shown:.2f}", self.ui.scoresLabel.text)
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")
        self.assertIn("relative to this site's cases", self.ui.riskStatus.text)
        self.assertRegex(self.pdf(), r"Radscore -?[0-9.]+ \(relative\)")
        # Normalisation and intercept of the site: risk with its confidence interval.
        self.choose("complete", origin="site")
        self.recompute_for_signature()
        self.assertRegex(self.ui.riskLabel.text, r"^Predicted risk of PTLF (\d+|[<>]\d+) %$")
        self.assertIn("95 % confidence interval", self.ui.riskStatus.text)
        # The same with INR missing: the range over its central 95 %.
        self.type(self.ui.inrEdit, "")
        self.assertRegex(self.ui.riskLabel.text, r"^Predicted risk of PTLF .*-.* %$")
        self.assertIn("INR is missing", self.ui.riskStatus.text)
        self.type(self.ui.inrEdit, "1.09")
        # A violated criterion withholds.
        name = next(iter(self.panel.ct.eligibility.boxes))
        self.session.answer_criterion(name, CriterionState.VIOLATED)
        self.settle()
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")
        self.assertIn("did not include such patients", self.ui.riskStatus.text)
        self.session.answer_criterion(name, CriterionState.UNCONFIRMED)
        # Demo: only in demonstration mode, marked.
        self.choose("demo", origin="demo", kind="demo")
        self.recompute_for_signature()
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")
        self.assertIn("only in demonstration mode", self.ui.riskStatus.text)
        self.assertTrue(of_record(self.session.make_record()[0]).watermark)
        self.assertTrue(self.ui.demonstrationBox.isVisible())
        self.ui.demonstrationBox.checked = True
        self.settle()
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")  # the phantom is no sample case
        self.assertIn("only on a sample CT", self.ui.riskStatus.text)
        known.remember(self.session.ct().identity, 1, {})
        self.session.open()  # looks the CT up again
        self.settle()
        self.assertIn("Demonstration on synthetic cases, not for patients", self.ui.riskStatus.text)
        self.assertEqual(self.session.patient().prediction.state, "demonstration")

    def pdf(self):
        return on_paper(self.session.make_record()[0])

    def recompute_for_signature(self):
        """Another signature makes the features stale; these are of the same settings, so computing is quick."""
        if self.session.stale(self.session.kind):
            self.assertIn("STALE", self.ui.staleLabel.text)
            self.compute()

    def test_an_edit_makes_the_result_stale_and_recompute_puts_both_side_by_side(self):
        self.choose("complete", origin="site")
        self.recompute_for_signature()
        before = self.ui.riskLabel.text
        self.assertRegex(before, r"^(Risk|Predicted risk)")
        self.erase_tumour()
        self.assertIn("STALE: the segments were edited", self.ui.staleLabel.text)
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")
        self.assertFalse(self.ui.exportRecordButton.enabled)
        self.assertIsNone(self.panel.nomogram.pane.nomogram.picture()[1].prediction.total_points)
        self.compute()
        self.assertEqual(self.ui.staleLabel.text, "")
        self.assertIn("Automatic segments: Radscore", self.ui.scoresLabel.text)
        self.assertIn("Corrected segments: Radscore", self.ui.scoresLabel.text)
        listed = [self.ui.termsSelector.itemText(index) for index in range(self.ui.termsSelector.count)]
        self.assertEqual(listed, ["Automatic segments", "Corrected segments"])  # the same words
        self.assertEqual(self.ui.termsSelector.currentText, "Corrected segments")
        self.assertRegex(self.ui.riskLabel.text, r"^(Risk|Predicted risk)")

    def test_everything_survives_save_close_reopen(self):
        self.choose("complete", origin="site")
        self.recompute_for_signature()
        self.erase_tumour()
        self.compute()
        self.type(self.ui.readerEdit, "B. Reader")
        gestures.click(self.ui.signOffButton)
        self.type(self.ui.albEdit, "40.123456789012345")
        before = self.on_screen()
        risk = self.session.patient().prediction.risk
        path = os.path.join(self.folder.name, "scene.mrb")
        self.assertTrue(slicer.util.saveScene(path))
        slicer.mrmlScene.Clear(0)
        self.settle()
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")
        slicer.util.loadScene(path)
        self.settle()
        self.assertEqual(self.on_screen(), before)
        self.assertEqual(self.session.patient().prediction.risk, risk)
        self.assertEqual(self.session.state.values.get("ALB"), 40.123456789012345)
        # and a stale state is stale again
        self.volume = self.session.volume
        self.erase_tumour(slice(7, 8))
        stale = self.on_screen()
        self.assertIn("STALE", stale["staleLabel"])
        self.assertIn("Not signed off. B. Reader's sign-off", stale["signOffLabel"])
        slicer.util.saveScene(path)
        slicer.mrmlScene.Clear(0)
        slicer.util.loadScene(path)
        self.settle()
        self.assertEqual(self.on_screen(), stale)

    def on_screen(self):
        names = (
            "riskLabel riskStatus resultDetails staleLabel scoresLabel signOffLabel volumesLabel "
            "segmentationLabel agreementLabel inputMessage warningsLabel eligibilityLabel criteriaStatus "
            "albEdit inrEdit radscoreEdit radscoreOrigin rerunLabel"
        )
        texts = {name: getattr(self.ui, name).text for name in names.split()}
        terms = self.panel.radscore.terms
        texts["terms"] = [[cell.text() for c in range(3) if (cell := terms.item(r, c))] for r in range(terms.rowCount)]
        sections = ("ct", "segments", "radscore", "nomogram", "report")
        texts["folded"] = [name for name in sections if getattr(self.ui, f"{name}Section").collapsed]
        return texts

    def test_exports_hold_what_is_on_screen(self):
        self.type(self.ui.readerEdit, "C. Reader")
        gestures.click(self.ui.signOffButton)
        for button, name in (
            (self.ui.exportRecordButton, "result.json"),
            (self.ui.exportReportButton, "report.pdf"),
            (self.ui.exportCsvButton, "result.csv"),
        ):
            self.export(button)
            self.assertIn("Written:", self.ui.exportStatus.text)
            self.assertGreater(os.path.getsize(os.path.join(self.folder.name, name)), 500, name)
        self.assertEqual([n for n in os.listdir(self.folder.name) if n.endswith(".part")], [])
        with open(os.path.join(self.folder.name, "result.json"), encoding="utf-8") as stream:
            record = json.load(stream)
        self.assertEqual(record["sign_off"]["reader"], "C. Reader")
        given = [(one["label"], one["value"], one["unit"]) for one in record["input"]["values"]]
        self.assertEqual(given, [("Albumin", 43.6, "g/L"), ("INR", 1.09, "")])
        self.assertEqual(record["segmentation"]["origin"]["model"]["id"], "test-model")
        self.assertEqual(len(record["features"]), 10)
        self.export(self.ui.exportTableButton)
        table = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLTableNode").GetTable()
        self.assertEqual(table.GetNumberOfRows(), 3 + 3 + 3 + 10)

    def test_dicom_seg_says_why_it_is_not_possible(self):
        self.assertFalse(self.ui.exportSegButton.enabled)
        self.assertTrue(self.ui.exportSegButton.toolTip)

    def test_an_export_that_cannot_be_written_says_so_and_leaves_nothing(self):
        self.panel.choose_file = lambda title, name: os.path.join(self.folder.name, "absent", name)
        self.export(self.ui.exportRecordButton)
        self.assertIn("Not exported:", self.ui.exportStatus.text)
        self.assertIn("cannot be written", self.ui.exportStatus.text)


class TestLife(PanelCase):
    def test_cancel_ends_the_child_within_three_seconds(self):
        import time

        self.draw()
        self.panel.open_sections("radscore")
        self.settle()
        gestures.click(self.ui.computeButton)
        run = self.panel.radscore.run
        gestures.wait_for(lambda: run.state.state is State.RUNNING, 10, "running")
        self.settle()
        self.assertEqual(self.ui.computeButton.text, "Cancel")
        pid = run._child.pid
        start = time.monotonic()
        gestures.click(self.ui.computeButton)
        self.assertLess(time.monotonic() - start, 3)
        self.settle()
        self.assertEqual(self.ui.computeStatus.text, "Cancelled.")
        self.take_features()  # the next step has come
        self.assertEqual(self.ui.computeStatus.text, "")
        self.assertFalse(alive(pid))

    def test_closing_the_scene_during_a_run_stops_it(self):
        self.draw()
        self.panel.open_sections("radscore")
        self.settle()
        gestures.click(self.ui.computeButton)
        run = self.panel.radscore.run
        gestures.wait_for(lambda: run.state.state is State.RUNNING, 10, "running")
        pid = run._child.pid
        slicer.mrmlScene.Clear(0)
        self.settle()
        self.assertFalse(alive(pid))
        self.assertIsNone(self.session.volume)
        self.assertEqual(self.session.state.computed, {})

    def test_cleanup_during_a_run_leaves_no_process_observer_or_timer(self):
        self.draw()
        gestures.click(self.ui.computeButton) if self.ui.computeButton.isVisible() else self.panel.radscore.press()
        run = self.panel.radscore.run
        gestures.wait_for(lambda: run.state.state is State.RUNNING, 10, "running")
        pid, node = run._child.pid, self.session.segmentation
        self.widget.cleanup()
        self.settle()
        self.assertFalse(alive(pid))
        self.assertIsNone(self.panel.session.masks.watch.node)
        self.assertFalse(run._timer.isActive())
        self.assertEqual(self.widget.Observations, [] if isinstance(self.widget.Observations, list) else {})
        array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", self.volume))
        array[:] = 0
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "tumor", self.volume)
        self.assertFalse(self.panel._settle.isActive())

    def test_diagnostics_hold_versions_and_nothing_of_the_patient(self):
        self.draw()
        self.type(self.ui.albEdit, "43.6") if self.ui.albEdit.isVisible() else self.session.update(values={"ALB": 43.6})
        self.panel.copy_diagnostics()
        text = slicer.app.clipboard().text()
        self.assertIn("PTLFPredictor", text)
        self.assertIn("SimpleITK", text)
        self.assertNotIn("43.6", text)
        self.assertNotIn(self.volume.GetName(), text)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


assert panel_case  # the cases above start from it
