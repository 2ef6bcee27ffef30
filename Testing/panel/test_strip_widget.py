"""The strip on top of the panel in every state of a case: what it says, and that its button does the next step."""

import gestures
import phantom
import qt
import slicer
import vtk
from panel_case import ORIGIN, PanelCase

import made_signatures
from PTLFPredictorLib import RESEARCH_USE, signature
from PTLFPredictorLib.ct.findings import without_shell
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.mrml import segments, volumes
from PTLFPredictorLib.panel import lead_on
from PTLFPredictorLib.panel.next_step import Act
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.record.statements import of_prediction
from PTLFPredictorLib.sample import known

READER = "A. Reader"


class StripCase(PanelCase):
    def act(self):
        return self.panel.strip.step.act

    def go(self):
        """Press the strip's button."""
        gestures.click(self.ui.nextButton)
        self.settle()

    def says(self, risk, line, act, words):
        self.settle()
        self.assertEqual(self.ui.riskLabel.text, risk)
        self.assertIn(line, self.ui.riskStatus.text)
        self.assertEqual((self.act(), self.ui.nextButton.text), (act, words))

    def complete(self, **values):
        """Features by a site's signature with evidence, and these entries."""
        self.draw()
        self.take_features()
        self.choose("complete", origin="site")
        self.answer_criteria()
        self.session.confirm_phase("portal venous", READER)
        self.session.update(values=values)
        self.settle()

    def patient(self):
        return of_prediction(self.session.patient().prediction, self.session.signature.horizon)


class TestBeforeAResult(StripCase):
    def test_no_ct_one_ct_in_the_scene_two_of_them(self):
        self.says("Risk not shown", "Load a CT", Act.LOAD_CT, "Load CT")
        self.assertEqual(self.ui.caseLabel.text, "No CT chosen")
        self.assertFalse(self.ui.pillLabel.isVisible())
        self.ui.ctSection.collapsed = True
        self.go()  # to the one place that offers DICOM, a file and the sample case
        self.assertFalse(self.ui.ctSection.collapsed)
        gestures.wait_for(lambda: self.ui.loadDicomButton.hasFocus(), 5, "Load DICOM has the keyboard")
        one, other = (volumes.add_volume(phantom.ct_and_labels()[0], name) for name in ("DOE^JANE", "b"))
        self.settle()
        self.assertEqual(self.act(), Act.LOAD_CT)  # of two none is taken
        slicer.mrmlScene.RemoveNode(other)
        self.panel.refresh()
        self.says("Risk not shown", "Load a CT", Act.USE_CT, "Use this CT")
        self.go()
        self.assertIs(self.session.volume, one)
        self.assertIn("slices", self.ui.caseLabel.text)
        self.assertNotIn("DOE", self.ui.caseLabel.text)
        self.move(one)
        self.panel.refresh()
        self.says("Risk not shown", "transform", Act.CHOOSE_CT, "Choose another CT")
        self.go()
        self.assertTrue(self.ui.volumeSelector.isAncestorOf(qt.QApplication.focusWidget()))

    def move(self, volume):
        """Put a CT under a transform, with which it cannot be used."""
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
        matrix = vtk.vtkMatrix4x4()
        matrix.SetElement(0, 3, 5.0)
        transform.SetMatrixTransformToParent(matrix)
        volume.SetAndObserveTransformNodeID(transform.GetID())

    def test_what_comes_into_the_scene_while_the_module_is_open_is_offered(self):
        volume = volumes.add_volume(phantom.ct_and_labels()[0], "CT")
        self.says("Risk not shown", "Load a CT", Act.USE_CT, "Use this CT")
        self.go()
        self.assertIs(self.session.volume, volume)
        self.assertEqual(self.act(), Act.SEGMENT)
        node = segments.add_segmentation(volume, "mine")
        segments.write(node, volume, phantom.ct_and_labels()[1], "", "MANUAL")
        self.says("Risk not shown", "There are no segments.", Act.USE_SEGMENTS, "Use these segments")
        self.assertIs(self.ui.existingSelector.currentNode(), node)

    def test_a_click_on_a_step_that_has_changed_meanwhile_does_nothing_and_shows_the_whole_panel_anew(self):
        self.load()
        node = segments.add_segmentation(self.volume, "mine")
        self.settle()
        self.assertEqual(self.act(), Act.SEGMENT)  # nothing is drawn in it yet
        segments.write(node, self.volume, self.labels, "", "MANUAL")
        self.assertEqual(self.act(), Act.SEGMENT)
        self.go()
        self.assertFalse(self.panel.segmentation.run.state.busy)
        self.assertEqual(self.act(), Act.USE_SEGMENTS)
        self.assertIs(self.ui.existingSelector.currentNode(), node)  # section 2 offers the same

    def test_no_segments_a_segmentation_in_the_scene_a_computation(self):
        self.load()
        self.says("Risk not shown", "There are no segments.", Act.SEGMENT, "Segment")
        self.session.take_labels(self.labels, ORIGIN)
        node = self.session.segmentation
        self.settle()
        self.assertEqual(self.ui.pillLabel.text, "not signed")
        for volume in (None, self.volume):
            self.ui.volumeSelector.setCurrentNode(volume)
            self.settle()
        self.says("Risk not shown", "There are no segments.", Act.USE_SEGMENTS, "Use these segments")
        self.go()
        self.assertIs(self.session.segmentation, node)
        self.says("Risk not shown", "not computed yet", Act.COMPUTE, "Compute")
        self.go()
        run = self.panel.radscore.run
        gestures.wait_for(lambda: run.state.state is State.RUNNING, 20, "running")
        self.settle()
        self.assertEqual((self.act(), self.ui.nextButton.text), (Act.CANCEL, "Cancel"))
        self.assertIn("The feature computation", self.ui.riskStatus.text)
        self.go()
        self.assertFalse(run.state.busy)
        self.says("Risk not shown", "not computed yet", Act.COMPUTE, "Compute")
        run.state.to(State.CHECKING)
        run.state.to(State.FAILED, "The feature computation ended without a word.")
        self.says("Risk not shown", "ended without a word", Act.COMPUTE, "Compute")


class TestAResult(StripCase):
    def test_the_published_signature_leads_on_and_tells_each_reason_once(self):
        self.draw()
        self.take_features()
        self.says("Risk not shown", "the paper does not give", Act.TRY_RADSCORE, "Try a what-if")
        self.assertIn("(and 1 more)", self.ui.riskStatus.text)
        self.assertEqual(self.ui.whyButton.text, "Why (2)")
        self.assertIn("features only", self.ui.signatureLine.text)
        self.assertTrue(self.ui.leadFrame.isVisible())
        self.assertFalse(self.ui.detailsFrame.isVisible())
        gestures.click(self.ui.whyButton)
        self.assertTrue(self.ui.detailsFrame.isVisible())
        for reason in self.patient().reasons:
            self.assertEqual(self.ui.resultDetails.text.count(without_shell(reason)), 1)
        self.go()
        gestures.wait_for(lambda: self.ui.radscoreEdit.hasFocus(), 5, "the Radscore's field has the keyboard")
        self.assertFalse(self.ui.nomogramSection.collapsed)
        self.session.update(what_if={"ALB": 38.0, "INR": 1.3, "Radscore": None})
        self.says("Risk not shown", "without a Radscore", Act.END_WHAT_IF, "End what-if")
        self.ui.volumeSelector.setCurrentNode(None)  # the patient leaves
        self.says("Risk not shown", "Load a CT", Act.USE_CT, "Use this CT")
        self.assertFalse(self.ui.detailsFrame.isVisible())
        self.assertEqual(self.ui.resultDetails.text, "")

    def test_where_nothing_can_be_done_the_one_button_lists_the_reasons_and_folds_them(self):
        self.draw()
        self.take_features()
        self.choose("of-another-model", origin="site", models=("1" * 64,))
        self.session.update(values={"ALB": 38.0, "INR": 1.12})
        self.answer_criteria()
        self.session.confirm_phase("portal venous", READER)
        self.says("Risk not shown", "", Act.EXPORT, "Export report")  # of the only reason there is nothing to list
        self.assertFalse(self.ui.whyButton.isVisible())
        image, labels = phantom.ct_and_labels()
        for one in (image, labels):
            one.SetSpacing((1.1, 1.1, 5.0))  # not the protocol's either
        self.ui.volumeSelector.setCurrentNode(volumes.add_volume(image, "coarse"))
        self.session.take_labels(labels, ORIGIN)
        self.take_features()
        self.answer_criteria()
        self.session.confirm_phase("portal venous", READER)
        self.session.update(values={"ALB": 38.0, "INR": 1.12})
        self.settle()
        self.assertEqual((self.act(), self.ui.nextButton.text), (Act.WHY, "Show reasons"))
        self.assertFalse(self.ui.whyButton.isVisible())
        for words, shown in (("Hide reasons", True), ("Show reasons", False)):
            self.go()
            self.assertEqual((self.ui.nextButton.text, self.ui.detailsFrame.isVisible()), (words, shown))

    def test_a_warning_stands_once_beside_the_field_or_as_a_line_of_the_strip(self):
        self.draw()
        self.take_features()
        self.session.update(values={"ALB": 43.6, "INR": 1.4})
        self.settle()
        words = "INR 1.4 is outside the derived development range"
        self.assertIn(words, self.ui.inputMessage.text)  # no risk: the strip's notes are folded
        self.assertFalse(self.ui.detailsFrame.isVisible())
        self.type(self.ui.radscoreEdit, "7.72")
        self.settle()
        self.assertTrue(self.ui.detailsFrame.isVisible())
        self.assertNotIn("outside", self.ui.inputMessage.text)
        self.assertIn("not the patient's values", self.ui.inputMessage.text)
        lines = self.ui.resultDetails.text.splitlines()
        self.assertEqual([line[:2] for line in lines], ["\u2022 "] * 2)
        self.assertTrue(lines[1][2:].startswith(words))
        self.session.update(what_if={"ALB": 43.6, "INR": 1.4, "Radscore": None})
        self.settle()
        self.assertEqual(self.ui.resultDetails.text, "")
        self.assertIn(words, self.ui.inputMessage.text)

    def test_criteria_then_entries_then_a_range(self):
        self.draw()
        self.take_features()
        self.choose("complete", origin="site")
        self.assertFalse(self.ui.leadFrame.isVisible())
        self.says("Risk not shown", "8 of 8 criteria", Act.CRITERIA, "Answer criteria")
        self.go()
        gestures.wait_for(lambda: self.ui.allMetButton.hasFocus(), 5, "the criteria have the keyboard")
        self.assertEqual(self.session.all_criteria_met, {})  # a reader answers them, not the strip
        self.answer_criteria()
        self.says("Risk not shown", "ALB and INR are missing", Act.ENTER, "Enter albumin")
        self.go()
        gestures.wait_for(lambda: self.ui.albEdit.hasFocus(), 5, "albumin has the keyboard")
        for character in "38":
            gestures.key(self.ui.albEdit, 0, character)
        self.panel.strip.go()  # Alt+Return instead of Return: albumin is taken, and on to the next field
        gestures.wait_for(lambda: self.ui.inrEdit.hasFocus(), 5, "INR has the keyboard")
        interval = self.patient().interval
        self.says(f"Predicted risk of PTLF {interval}", "not a confidence interval", Act.ENTER, "Enter INR")
        self.assertIn("INR is missing", self.ui.riskStatus.text)

    def test_a_risk_with_its_interval_signed_and_exported(self):
        self.complete(ALB=38.0, INR=1.12)
        said, evidence = self.patient(), made_signatures.SITE
        self.assertRegex(said.risk, r"^(\d+|<1|>99) %$")
        self.says(f"Predicted risk of PTLF {said.risk}", said.interval_words, Act.SIGN_OFF, "Sign off")
        self.assertIn("Within 4 weeks after TACE.", self.ui.riskStatus.text)
        self.assertIn(f"{evidence.n} patients, {evidence.events} events", self.ui.signatureLine.text)
        self.assertTrue(self.ui.resultDetails.text.endswith("Based on the automatic segments."))
        self.assertTrue(self.ui.researchUseLabel.isVisible())
        self.assertEqual(self.ui.researchUseLabel.text, RESEARCH_USE)
        self.ui.readerEdit.text = ""
        self.go()
        self.assertIsNone(self.session.signed)  # not without a name
        self.assertTrue(self.ui.readerEdit.hasFocus())
        self.ui.readerEdit.text = READER
        self.go()
        signed = self.session.signed
        self.assertEqual(self.ui.pillLabel.text, f"signed: {READER}\n{signed.when}")
        self.assertEqual((self.act(), self.ui.nextButton.text), (Act.EXPORT, "Export report"))
        pressed = []
        self.ui.exportReportButton.connect("clicked()", lambda: pressed.append("report"))
        self.go()
        self.assertEqual(pressed, ["report"])

    def test_a_refused_entry_a_what_if_an_edit_and_segments_that_wait(self):
        self.complete(ALB=38.0, INR=1.12)
        shown = self.ui.riskLabel.text
        self.panel.open_sections("nomogram")
        self.type(self.ui.inrEdit, "8")
        self.says("Risk not shown", self.session.refusal(), Act.ENTER, "Correct INR")
        self.go()
        gestures.wait_for(lambda: self.ui.inrEdit.hasFocus(), 5, "INR has the keyboard")
        self.type(self.ui.inrEdit, "1.12")
        self.assertEqual(self.ui.riskLabel.text, shown)
        self.panel.open_sections("ct")
        self.type(self.ui.baselineBilirubinEdit, "1")
        self.says("Risk not shown", self.session.refusal(), Act.ENTER, "Correct bilirubin")
        self.go()
        gestures.wait_for(lambda: self.ui.baselineBilirubinEdit.hasFocus(), 5, "bilirubin has the keyboard")
        self.type(self.ui.baselineBilirubinEdit, "17")
        self.assertEqual(self.ui.riskLabel.text, shown)
        self.ui.whatIfBox.checked = True
        self.session.update(refused={"bilirubin_umol_per_l": {"text": "1", "why": "Bilirubin 1 is implausible."}})
        with self.assertRaisesRegex(BadInput, "no value: Bilirubin 1 is"):
            self.session.make_record()
        self.session.update(refused={}, what_if={})
        self.session.sign_off(READER)  # an answer has cancelled the one before
        self.session.update(what_if={"ALB": 38.0, "INR": 1.3, "Radscore": 4.0})
        tried = of_prediction(self.session.what_if(), self.session.signature.horizon).shown
        self.says(f"What-if: {tried}", "never exported as the patient's", Act.END_WHAT_IF, "End what-if")
        self.session.update(what_if={"ALB": 38.0, "INR": 1.3, "Radscore": None})  # with the patient's own
        number = of_prediction(self.session.what_if(), self.session.signature.horizon).risk
        self.says(f"What-if: {number}", "never exported as the patient's", Act.END_WHAT_IF, "End what-if")
        self.go()
        self.assertEqual(self.ui.riskLabel.text, shown)
        self.session.sign_off(READER)
        self.erase_tumour()
        self.says("Risk not shown", "The segments were edited.", Act.COMPUTE, "Recompute")
        self.assertEqual(self.ui.pillLabel.text, "stale\nsign-off cancelled")
        self.session.take_labels(self.labels, ORIGIN)
        self.says("Risk not shown", "New segments wait", Act.DECIDE, "Keep or replace")


class TestLeadOn(StripCase):
    def as_sample(self):
        """This CT counts as a sample case, as one that this computer has drawn."""
        self.load()
        known.remember(self.session.ct().identity, 11, {})
        self.session.open()  # looks the CT up again
        self.session.take_labels(self.labels, ORIGIN)
        self.take_features()

    def test_on_a_sample_one_click_shows_the_demonstration_called_one(self):
        self.as_sample()
        self.assertEqual((self.act(), self.ui.nextButton.text), (Act.DEMONSTRATE, "Show demonstration"))
        self.go()
        self.assertEqual(self.session.desk.signature, "ptlf-demo")
        self.assertTrue(self.session.desk.demonstration)
        self.says("Risk not shown", "ALB and INR are missing", Act.ENTER, "Enter albumin")
        self.session.update(values={"ALB": 38.0, "INR": 1.1})
        said = self.patient()
        self.assertTrue(said.is_demonstration)
        line = "Demonstration on synthetic cases, not for patients."
        self.says(f"Demonstration: predicted risk of PTLF {said.risk}", line, Act.EXPORT, "Export report")
        self.assertIn("For a patient it would be withheld", self.ui.resultDetails.text)
        self.session.update(what_if={"ALB": 40.0, "INR": 1.1, "Radscore": None})  # other values change nothing of that
        self.settle()
        self.assertTrue(self.ui.riskLabel.text.startswith("What-if"))
        self.assertIn("For a patient it would be withheld", self.ui.resultDetails.text)

    def test_on_a_patient_s_ct_nothing_is_demonstrated_and_the_sample_is_asked_about_first(self):
        listed = [self.ui.signatureSelector.itemText(i) for i in range(2)]
        self.assertEqual(listed, [signature.load(name).title for name in ("ptlf-published", "ptlf-demo")])
        self.draw()
        self.take_features()
        lead, asked, drawn = self.panel.strip.lead, [], []
        lead.confirm = asked.append  # no
        self.panel.ct.load_sample = lambda: drawn.append("sample")
        gestures.click(self.ui.demonstrationButton)
        self.assertEqual((len(asked), drawn), (1, []))
        lead.confirm = lambda question: True
        gestures.click(self.ui.demonstrationButton)
        self.settle()
        self.assertEqual(drawn, ["sample"])  # nothing came: nothing else is chosen
        self.assertEqual((self.session.desk.signature, self.session.desk.demonstration), ("ptlf-published", False))
        opened, chosen = [], []
        lead.open_url = opened.append
        gestures.click(self.ui.makeSignatureButton)
        self.assertEqual(opened, [lead_on.GUIDE])
        before = qt.QFileDialog.getOpenFileName
        self.addCleanup(setattr, qt.QFileDialog, "getOpenFileName", before)
        qt.QFileDialog.getOpenFileName = lambda *asked: chosen.append(asked[1]) or ""
        gestures.click(self.ui.siteSignatureButton)
        self.assertEqual(chosen, ["Signature"])
        self.assertEqual(self.session.desk.signature, "ptlf-published")
        self.assertIn("demo signature", asked[0])  # what it would bring is told before

    def test_the_next_ct_leads_out_of_the_demonstration_in_one_click(self):
        for chosen in ("ptlf-published", "site"):
            if chosen == "site":
                self.draw()
                self.take_features()
                self.choose("site", origin="site")
            before = self.session.desk.signature
            self.as_sample()
            self.panel.strip.lead.demonstrate()
            self.settle()
            self.assertEqual(self.session.desk.signature, "ptlf-demo")
            self.assertNotEqual(self.act(), Act.LEAVE_DEMO)  # on the sample it is where it belongs
            self.load_another()
            reason = "A demonstration signature shows a risk only on a sample CT, and this CT is none."
            self.says("Risk not shown", reason, Act.LEAVE_DEMO, "Leave demonstration")
            self.session.take_labels(self.labels, ORIGIN)
            self.take_features()
            self.says("Risk not shown", reason, Act.LEAVE_DEMO, "Leave demonstration")
            self.assertFalse(self.ui.demonstrationButton.isVisible())
            self.go()
            self.assertEqual((self.session.desk.signature, self.session.desk.demonstration), (before, False))
            self.assertNotEqual(self.act(), Act.LEAVE_DEMO)

    def test_a_signature_that_has_gone_leads_back_to_the_first_one(self):
        self.load_another()
        self.panel.radscore.choose_signature("ptlf-demo")
        self.session.update(signature_before="/nowhere/site.json")
        self.settle()
        self.go()
        self.assertEqual(self.session.desk.signature, "ptlf-published")

    def test_who_chooses_another_ct_while_the_sample_is_drawn_is_not_brought_into_it(self):
        self.load_another()
        lead, sample = self.panel.strip.lead, self.panel.ct.sample
        lead.confirm = lambda question: True
        self.panel.ct.load_sample = lambda: sample.state.to(State.CHECKING)
        lead.demonstrate()
        self.settle()
        self.as_sample()  # of his own choice
        sample.state.to(State.FAILED, "It was not drawn.")
        self.panel.changed()
        self.settle()
        self.assertEqual(self.session.desk.signature, "ptlf-published")

    def load_another(self):
        """A CT that is no sample case, with its labels."""
        image, self.labels = phantom.ct_and_labels()
        image = image + 1
        self.volume = volumes.add_volume(image, "another")
        self.ui.volumeSelector.setCurrentNode(self.volume)
        self.settle()


class TestInSight(StripCase):
    """The strip in a dock that is lower than the panel."""

    def setUp(self):
        super().setUp()
        self.complete(ALB=38.0, INR=1.12)
        self.panel.open_sections("ct", "segments", "radscore", "nomogram", "report")
        self.area = qt.QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setWidget(self.container)
        self.resize(340, 700)

    def tearDown(self):
        self.area.takeWidget()
        super().tearDown()

    def resize(self, width, height):
        self.area.resize(width, height)
        self.area.show()
        for _ in range(5):
            self.settle()

    def top_of(self, widget):
        return widget.mapTo(self.area.viewport(), qt.QPoint(0, 0)).y()

    def test_it_stays_in_sight_and_covers_nothing_that_has_the_keyboard(self):
        bar, strip, edit = self.area.verticalScrollBar(), self.ui.stripFrame, self.ui.albEdit
        home = self.top_of(strip)
        for value in (bar.maximum, bar.maximum // 2, bar.maximum):
            bar.value = value
            self.assertEqual(self.top_of(strip), 0)
        child = self.area.viewport().childAt(qt.QPoint(60, 20))
        self.assertTrue(strip.isAncestorOf(child) or child == strip)  # it is what one sees there
        bar.value = 0
        self.assertEqual(self.top_of(strip), home)
        bar.value = bar.value + self.top_of(edit) - 10  # it lies under the strip now
        self.assertLess(self.top_of(edit), strip.height)
        edit.setFocus()
        gestures.wait_for(lambda: self.top_of(edit) >= strip.height, 5, "the field is in sight")
        bar.value = 0
        self.ui.nextButton.setFocus()
        self.panel.strip.bring(self.ui.nomogramSection)  # what a step brought
        gestures.wait_for(lambda: bar.value > 0, 5, "it has scrolled")
        top = self.top_of(self.ui.nomogramSection)
        self.assertGreaterEqual(top, strip.height)
        self.assertLess(top, strip.height + 20)
        self.ui.readerEdit.setFocus()
        self.settle()
        bar.value = 0
        self.panel.strip.bring(self.ui.nomogramSection)  # somebody types
        self.settle()
        self.assertEqual(bar.value, 0)
        self.resize(340, strip.height + 60)  # too low a window: it scrolls with the rest
        bar.value = bar.maximum
        self.assertLess(self.top_of(strip), 0)

    def test_titles_fit_the_panel_and_tell_themselves_whole(self):
        for width in (340, 560, 900):
            self.resize(width, 700)
            self.assertEqual(self.container.width, self.area.viewport().width)
            for name in ("ct", "segments", "radscore", "nomogram", "report"):
                button = getattr(self.ui, f"{name}Section")
                self.assertLessEqual(button.fontMetrics().horizontalAdvance(button.text), button.width - 30)
                self.assertTrue(button.accessibleName.startswith(button.text.rstrip("\u2026")))
