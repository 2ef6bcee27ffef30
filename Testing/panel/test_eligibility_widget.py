"""The study's criteria and bilirubin, each state in both directions.  Runs in Slicer and in the stand-in."""

import json
import os

import gestures
import slicer
from panel_case import PanelCase, phantom

import made_signatures
from PTLFPredictorLib import signature
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.signature.policy.eligibility import CriterionState

MET, OPEN, NOT_MET = CriterionState.CONFIRMED, CriterionState.UNCONFIRMED, CriterionState.VIOLATED
ROW = {OPEN: 0, MET: 1, NOT_MET: 2}
WHO = r"^A\. Reader, \d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d( UTC)?$"


class Eligibility(PanelCase):
    def setUp(self):
        super().setUp()
        self.load()

    def all_met(self):
        self.type(self.ui.readerEdit, "A. Reader")
        gestures.click(self.ui.allMetButton)
        self.settle()

    def answer(self, name, state):
        self.panel.ct.eligibility.boxes[name].currentIndex = ROW[state]
        self.settle()

    def states(self):
        return {item.id: item.status for item in self.session.eligibility.items}

    def head(self):
        return self.ui.eligibilityLabel.text.removeprefix("Eligibility: ")

    def next_patient(self):
        image, _labels = phantom.ct_and_labels(seed=6)
        self.ui.volumeSelector.setCurrentNode(volumes.add_volume(image, "next"))
        self.settle()

    def take(self, data, name):
        path = os.path.join(self.folder.name, f"{name}.json")
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(data, stream)
        self.panel.radscore.choose_signature(path)
        self.settle()

    def assert_said(self):
        self.assertRegex(self.ui.criteriaStatus.text, WHO)
        self.assertEqual(self.head(), "all 8 criteria met")
        self.assertEqual(set(self.states().values()), {MET})
        self.assertTrue(self.panel.ct.eligibility.met)
        self.assertFalse(self.ui.allMetButton.isVisible())
        self.assertEqual(self.session.eligibility.answered.reader, "A. Reader")

    def assert_fallen(self, head):
        self.assertEqual(self.head(), head)
        self.assertEqual(self.session.all_criteria_met, {})
        self.assertIsNone(self.session.eligibility.answered)
        self.assertNotIn("A. Reader", self.ui.criteriaStatus.text)
        self.assertTrue(self.ui.allMetButton.isVisible())


class TestAllMet(Eligibility):
    def test_one_click_with_name_and_time_stands_until_an_answer_changes(self):
        self.assert_fallen("8 criteria not answered")
        self.assertFalse(self.panel.ct.eligibility.met)
        self.session.update(answers={"bilirubin_umol_per_l": 14.0})
        self.all_met()
        self.assert_said()
        self.assertEqual(self.session.state.answers["bilirubin_umol_per_l"], 14.0)
        self.assertEqual({box.currentText for box in self.panel.ct.eligibility.boxes.values()}, {"met"})
        said = dict(self.session.all_criteria_met)
        self.session.answer_criterion("first_tace", MET)  # the same once more
        self.assertEqual(self.session.all_criteria_met, said)
        self.answer("first_tace", NOT_MET)
        self.assert_fallen("1 criterion not met")
        self.answer("first_tace", MET)
        self.assert_fallen("all 8 criteria met")  # but the reader has not said so again
        self.all_met()
        self.assert_said()

    def test_each_answer_by_itself_takes_the_word_away(self):
        for name in list(self.panel.ct.eligibility.boxes):
            for state, head in ((NOT_MET, "1 criterion not met"), (OPEN, "1 not answered")):
                self.session.update(answers={}, criteria={})
                self.session.confirm_all_criteria("A. Reader")
                self.assertTrue(self.session.all_criteria_met)
                self.answer(name, state)
                self.assert_fallen(head)
                self.assertEqual([key for key, one in self.states().items() if one is not MET], [name])
                self.assertEqual(self.states()[name], state)

    def test_it_needs_a_name_and_writes_over_no_answer(self):
        gestures.activate(self.container.window())
        gestures.click(self.ui.allMetButton)
        self.settle()
        self.assert_fallen("8 criteria not answered")
        self.assertIn("Give the reader's name", self.ui.criteriaMessage.text)
        self.assertTrue(self.ui.readerEdit.hasFocus())
        self.answer("extrahepatic_metastases", NOT_MET)
        self.assertFalse(self.ui.allMetButton.enabled)
        self.assertIn("answered as not met: change that answer first", self.ui.allMetButton.toolTip)
        self.assertEqual(self.ui.criteriaStatus.text, "Not met: No extrahepatic metastases")
        with self.assertRaisesRegex(BadInput, "'No extrahepatic metastases' is answered as not met"):
            self.session.confirm_all_criteria("A. Reader")
        self.assertEqual(self.states()["extrahepatic_metastases"], NOT_MET)
        self.answer("extrahepatic_metastases", OPEN)
        self.assertTrue(self.ui.allMetButton.enabled)
        self.assertIn("meets every criterion", self.ui.allMetButton.toolTip)
        self.all_met()
        self.assert_said()
        self.assertFalse(self.ui.criteriaMessage.isVisible())

    def test_it_goes_with_its_ct_and_comes_back_with_its_scene(self):
        self.all_met()
        path = os.path.join(self.folder.name, "scene.mrb")
        self.assertTrue(slicer.util.saveScene(path))
        self.next_patient()
        self.assert_fallen("8 criteria not answered")
        self.assertEqual(set(self.states().values()), {OPEN})
        slicer.mrmlScene.Clear(0)
        slicer.util.loadScene(path)
        self.settle()
        self.assert_said()

    def test_it_counts_only_while_each_answer_is_met_whatever_a_scene_holds(self):
        self.draw()
        self.all_met()
        self.session.sign_off("A. Reader")
        said, met = dict(self.session.state.criteria), dict(self.session.state.answers)
        self.session.answer_criterion("first_tace", MET)
        self.assertIsNotNone(self.session.signed)
        self.session.answer_criterion("first_tace", OPEN)
        self.assertIsNone(self.session.signed)  # an input has changed
        for answers, head in (
            ({**met, "anticoagulants": True}, "1 criterion not met"),
            ({name: met[name] for name in met if name != "anticoagulants"}, "1 not answered"),
            ({"somebody_elses": True, "first_tace": True}, "7 not answered"),
        ):
            self.session.update(answers=answers, criteria=said)
            self.settle()
            self.assert_fallen(head)
        self.session.update(answers=met, criteria=said)
        self.settle()
        self.assert_said()

    def test_another_signature_takes_the_answers_to_the_same_questions_alone(self):
        self.all_met()
        data = json.loads(json.dumps(signature.load("ptlf-published").data))
        self.take({**data, "title": "Another"}, "another")
        self.assert_fallen("all 8 criteria met")
        self.all_met()
        data["eligibility"][1]["text"] = "TACE for the second time"  # of the same name
        self.take(data, "other question")
        self.assert_fallen("1 not answered")
        self.assertEqual(self.states()["first_tace"], OPEN)
        self.all_met()
        one = {"id": "ascites_before", "kind": "exclusion", "text": "Clinical ascites before TACE"}
        self.take({**data, "eligibility": [*data["eligibility"], one]}, "further question")
        self.assert_fallen("1 not answered")
        self.answer("ascites_before", MET)
        self.assertEqual(self.head(), "all 9 criteria met")
        self.assertIs(self.session.state.answers["ascites_before"], False)


class TestBilirubin(Eligibility):
    def given(self):
        """The text in the field, and the value in umol/L."""
        return self.ui.baselineBilirubinEdit.text, self.session.state.answers.get("bilirubin_umol_per_l")

    def enter(self, text):
        self.type(self.ui.baselineBilirubinEdit, text)

    def test_in_umol_per_l_and_mg_per_dl_each_beside_the_other(self):
        edit, note, other = (getattr(self.ui, f"baselineBilirubin{n}") for n in ("Edit", "Note", "OtherUnitButton"))
        self.enter("14")
        self.assertEqual((*self.given(), note.text), ("14", 14.0, "= 0.819 mg/dL"))
        self.ui.baselineBilirubinUnit.currentIndex = 1  # another reading of what stands there
        self.settle()
        self.assertEqual(self.given(), ("14", 239.4))
        self.assertIn("14 mg/dL is possible but rare, 14 µmol/L would be usual", note.text)
        self.assertEqual(other.text, "Use µmol/L")
        gestures.click(other)
        self.settle()
        self.assertEqual(self.given(), ("14", 14.0))
        self.assertFalse(other.isVisible())
        self.enter("0,8")
        self.assertEqual(self.given(), ("0,8", None))  # the value before is not left in force
        self.assertIn("0.8 mg/dL are 14 µmol/L", note.text)
        self.assertIn("border", edit.styleSheet)
        gestures.click(other)
        self.settle()
        self.assertEqual((*self.given(), note.text), ("0.8", 13.68, "= 13.7 µmol/L"))
        self.assertEqual((edit.styleSheet, self.ui.baselineBilirubinUnit.currentIndex), ("", 1))
        self.assertIn("liver failure", edit.toolTip)
        self.next_patient()
        self.assertEqual(self.given(), ("", None))
        self.assertFalse(note.isVisible())
        self.assertEqual(self.ui.baselineBilirubinUnit.currentIndex, 1)  # the hospital's unit stays

    def test_at_the_outcome_s_limits_liver_failure_is_present_whatever_was_answered(self):
        self.all_met()
        for text, inr, present in (("84.9", 1.0, 0), ("85", 1.0, 1), ("20", 1.5, 0), ("", 1.51, 1), ("", 1.0, 0)):
            self.session.update(values={"INR": inr})
            self.enter(text)
            told = [finding.code for finding in self.panel.ct.eligibility.findings._shown]
            self.assertEqual(len(told), present, (text, inr, told))
            self.assertEqual(self.panel.ct.eligibility.met, not present)
            self.assertEqual(self.panel.ct.done(), not present)
            self.assertEqual(self.head(), "liver failure is already present" if present else "all 8 criteria met")
        self.assert_said()  # bilirubin is no answer to a criterion


class TestWhereTheSignatureAsksForMore(Eligibility):
    def test_bilirubin_is_asked_for_once_and_what_was_given_before_stays_in_sight(self):
        self.panel.open_sections("nomogram")
        edit = self.ui.baselineBilirubinEdit
        self.type(edit, "90")
        self.take(made_signatures.four_predictors(signature.load("ptlf-published").data), "four")
        self.assertTrue(self.ui.bilirubinEdit.isVisible())  # among the nomogram's entries
        self.assertTrue(edit.isVisible())
        self.type(edit, "")
        self.assertFalse(edit.isVisible())
        self.assertNotIn("bilirubin_umol_per_l", self.session.state.answers)
        self.panel.radscore.choose_signature("ptlf-published")
        self.settle()
        self.assertTrue(edit.isVisible())

    def test_ascites_and_encephalopathy_are_asked_for_where_a_predictor_needs_them(self):
        self.panel.open_sections("nomogram")
        self.assertFalse(hasattr(self.ui, "ascitesLevel"))
        self.take(with_child_pugh(), "child-pugh")
        for name, level in (("ascites", "slight"), ("encephalopathy", "none")):
            box = getattr(self.ui, f"{name}Level")
            self.assertTrue(box.isVisible(), name)
            box.currentIndex = next(at for at in range(box.count) if level in box.itemText(at))
            self.settle()
            self.assertEqual(self.session.entered().values[name], level)
        self.panel.radscore.choose_signature("ptlf-published")
        self.settle()
        self.assertFalse(hasattr(self.ui, "ascitesLevel"))
        self.assertNotIn("ascites", self.session.entered().values)


def with_child_pugh():
    """The four predictors, with the Child-Pugh class as the one of two levels: it needs what a person enters."""
    data = made_signatures.four_predictors(signature.load("ptlf-published").data)
    for one in data["predictors"]:
        if one["id"] == "Tumours":
            levels = [{"value": "A", "label": "A"}, {"value": "B", "label": "B"}]
            one.update(source="measure", measure="clinical.child_pugh_class", levels=levels)
    coefficients = data["outcome"]["coefficients"]
    coefficients["Tumours=B"] = coefficients.pop("Tumours=multiple")
    data["nomogram"]["axes"]["Tumours"]["zero_points_at"] = "A"
    data.pop("evidence")
    return data
