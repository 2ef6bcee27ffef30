"""What-ifs that are pinned and compared: each shows what the equation gives, and what is hidden stays hidden."""

import json
import math
import os

import gestures
import qt
import slicer
from panel_case import PanelCase

from PTLFPredictorLib.panel import scenarios
from PTLFPredictorLib.render.nomogram_marks import marks_of
from PTLFPredictorLib.render.primitives import Shape


class Compared(PanelCase):
    """A site's signature with evidence, and a patient whose risk is shown."""

    def setUp(self):
        super().setUp()
        self.draw()
        self.panel.open_sections("radscore", "nomogram", "report")
        self.take_features()
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        self.choose("complete", origin="site")
        self.answer_criteria()
        self.table = self.panel.nomogram.pane.scenarios

    def percent(self, alb=43.6, inr=1.09, score=None):
        """The published equation's risk, with the fitted intercept that the test's signature has."""
        model = self.session.signature.risk_model
        score = self.session.patient().radscore.value if score is None else score
        lp = model.intercept.value + 0.163 * alb + 7.597 * inr + 0.317 * score
        return round(100 / (1 + math.exp(-lp)))

    def try_inr(self, text):
        self.ui.whatIfBox.checked = True
        self.settle()
        self.type(self.ui.inrEdit, text)

    def start_anew(self):
        """No what-if and nothing pinned; the patient as in `setUp`."""
        self.session.update(what_if={}, what_if_refused={}, scenarios=[], values={"ALB": 43.6, "INR": 1.09})
        self.settle()

    def pin(self):
        gestures.click(self.ui.pinButton)
        self.settle()

    def texts(self):
        return self.table.texts()


class TestCompared(Compared):
    def test_what_each_scenario_shows(self):
        for check in (
            self.nothing_while_nothing_is_tried,
            self.two_values_of_inr_beside_the_patient_s,
            self.the_nomogram_has_the_number_the_ghosts_and_the_difference,
            self.a_typed_radscore_has_a_range_and_no_difference,
            self.a_value_that_withholds_a_patient_s_risk_gives_no_single_number,
            self.a_scenario_follows_the_patient,
            self.a_refused_entry_is_not_pinned,
            self.nothing_of_them_is_exported_as_the_patient_s,
        ):
            with self.subTest(check.__name__):
                self.start_anew()
                check()

    def nothing_while_nothing_is_tried(self):
        self.assertEqual(self.texts(), [])
        self.assertFalse(self.table.isVisible())
        self.assertFalse(self.ui.pinButton.enabled)
        self.ui.whatIfBox.checked = True
        self.settle()
        self.assertFalse(self.ui.pinButton.enabled)
        self.assertIn("Nothing is other than the patient's own", self.ui.pinButton.toolTip)

    def two_values_of_inr_beside_the_patient_s(self):
        self.try_inr("1.2")
        self.pin()
        self.type(self.ui.inrEdit, "1.4")
        own, one, two = self.percent(), self.percent(inr=1.2), self.percent(inr=1.4)
        self.assertEqual(
            self.texts(),
            [
                ("Patient", "INR 1.09", f"{own} %", ""),
                ("What-if 1", "INR 1.2", f"{one} %", f"+{one - own}"),
                ("What-if", "INR 1.4", f"{two} %", f"+{two - own}"),
            ],
        )
        self.assertTrue(self.table.isVisible())

    def the_nomogram_has_the_number_the_ghosts_and_the_difference(self):
        self.try_inr("1.2")
        reading = self.panel.nomogram.pane.nomogram.picture()[1]
        self.assertTrue(reading.prediction.is_what_if)
        self.assertEqual(round(100 * reading.prediction.risk), self.percent(inr=1.2))
        self.assertEqual(round(100 * reading.patient.risk), self.percent())
        self.assertEqual(reading.ghosts["INR"], 1.09)
        spoken = self.panel.nomogram.pane.nomogram.accessibleDescription
        self.assertTrue(spoken.startswith("WHAT-IF"), spoken)
        self.assertNotIn("typed in", reading.prediction.reason)
        self.assertEqual(self.ui.radscoreEdit.text, f"{self.session.radscore():.2f}")  # two places, as everywhere

    def a_typed_radscore_has_a_range_and_no_difference(self):
        self.ui.whatIfBox.checked = True
        self.settle()
        self.type(self.ui.radscoreEdit, "5")
        self.pin()
        told = self.texts()[-1]
        self.assertEqual(told[:2], ("What-if 1", "Radscore 5"))
        self.assertRegex(told[2], r"^(<1|\d+)( to |-)(>99|\d+) %$")
        self.assertEqual(told[3], "")
        self.assertIn("typed in", self.session.scenario({"Radscore": 5.0}).reason)
        self.assertFalse(self.session.scenario({"Radscore": 5.0}).is_numbered)
        self.type(self.ui.radscoreEdit, "")  # the CT's own again
        self.assertEqual(self.session.state.what_if["Radscore"], None)

    def a_value_that_withholds_a_patient_s_risk_gives_no_single_number(self):
        """INR above 1.5 before TACE is an exclusion criterion: the patient would have no risk."""
        self.try_inr("1.9")
        shown = self.session.what_if()
        self.assertTrue(shown.is_what_if)
        self.assertFalse(shown.is_numbered)
        self.assertEqual(self.texts()[-1][3], "")
        self.assertIn("liver failure", " ".join(shown.warnings))  # why the patient would have none, beside the bands
        self.assertEqual(len(shown.warnings), len(set(shown.warnings)))

    def a_scenario_follows_the_patient(self):
        """It is what is tried in place of the patient's own: another albumin changes both."""
        self.try_inr("1.2")
        self.pin()
        gestures.click(self.ui.whatIfBox)
        self.settle()
        self.type(self.ui.albEdit, "40")
        own, one = self.percent(alb=40), self.percent(alb=40, inr=1.2)
        self.assertEqual([row[2] for row in self.texts()], [f"{own} %", f"{one} %"])
        self.assertEqual(self.texts()[1][3], f"{one - own:+d}")

    def a_refused_entry_is_not_pinned(self):
        self.try_inr("1.2")
        self.type(self.ui.inrEdit, "16")
        self.assertFalse(self.ui.pinButton.enabled)
        self.assertIn("prothrombin", self.ui.pinButton.toolTip)
        scenarios.pin(self.session)
        self.assertEqual(self.session.state.scenarios, [])

    def nothing_of_them_is_exported_as_the_patient_s(self):
        before = json.dumps(without_time(self.session.make_record()[0].to_dict()), sort_keys=True)
        self.try_inr("1.2")
        self.pin()
        after = self.session.make_record()[0].to_dict()
        self.assertIsNone(after["what_if"])
        self.assertEqual(json.dumps(without_time(after), sort_keys=True), before)
        self.assertEqual(round(100 * after["prediction"]["risk"]), self.percent())

    def test_what_is_hidden_stays_hidden(self):
        """Withheld, of a signature that may show none, stale: no number in the table, on the picture or in words."""
        self.try_inr("1.2")
        self.pin()
        self.session.update(criteria={}, answers={})
        self.settle()
        self.assertIsNone(self.session.patient().prediction.risk)
        self.assert_nothing_is_told()
        self.answer_criteria()
        self.assertEqual(self.texts()[1][2], f"{self.percent(inr=1.2)} %")
        gestures.click(self.ui.whatIfBox)
        self.settle()
        self.erase_tumour()
        self.assert_nothing_is_told()
        self.try_inr("1.3")  # the score of the former segments is not taken along
        self.assert_nothing_is_told()
        self.panel.radscore.choose_signature("ptlf-published")
        self.settle()
        self.try_inr("1.2")
        self.type(self.ui.radscoreEdit, "7.72")
        self.pin()
        self.assertEqual(self.texts()[0][2:], ("not shown", ""))
        self.assertRegex(self.texts()[1][2], r"^\d+( to |-)(>99|\d+) %$")
        self.assertEqual(self.texts()[1][3], "")

    def assert_nothing_is_told(self):
        self.assertGreater(len(self.texts()), 1)
        for row in self.texts():
            self.assertEqual(row[2:], ("not shown", ""))
        self.assertNotRegex(self.panel.nomogram.pane.nomogram.accessibleDescription, r"\d %")
        layout, reading = self.panel.nomogram.pane.nomogram.picture()
        drawn = marks_of(layout, reading)
        rows = layout.y("total"), layout.y("risk")
        self.assertEqual([one for one in drawn if isinstance(one, Shape) and one.points[-1][1] in rows], [])


class TestKept(Compared):
    def test_pinned_shown_removed_and_kept_with_the_patient_alone(self):
        for text in ("1.2", "1.3"):
            self.try_inr(text)
            self.pin()
        gestures.click(self.button("Show What-if 1 on the nomogram"))
        self.settle()
        self.assertEqual(self.ui.inrEdit.text, "1.2")
        self.assertEqual(self.panel.nomogram.pane.nomogram.picture()[1].values["INR"], 1.2)
        self.assertEqual([row[0] for row in self.texts()], ["Patient", "What-if 1", "What-if 2"])
        gestures.click(self.button("Remove What-if 1"))
        self.settle()
        self.assertEqual([row[0] for row in self.texts()], ["Patient", "What-if 2", "What-if"])
        for i in range(1, scenarios.MOST):
            self.try_inr(f"1.{10 + i}")
            self.pin()
        self.try_inr("1.4")
        self.assertFalse(self.ui.pinButton.enabled)
        self.assertIn(f"{scenarios.MOST} are pinned; remove one first", self.ui.pinButton.toolTip)
        kept = self.session.state.scenarios
        path = os.path.join(self.folder.name, "scene.mrb")
        self.assertTrue(slicer.util.saveScene(path))
        slicer.mrmlScene.Clear(0)
        self.settle()
        self.assertEqual((self.session.state.scenarios, self.texts()), ([], []))
        slicer.util.loadScene(path)
        self.settle()
        self.assertEqual(self.session.state.scenarios, kept)
        self.panel.radscore.choose_signature("ptlf-published")
        self.settle()
        self.assertEqual(self.session.state.scenarios, [])

    def button(self, name):
        return next(one for one in self.table.findChildren(qt.QToolButton) if one.accessibleName == name)

    def test_two_values_by_the_keyboard(self):
        """What is typed is pinned without Return; after Return the next value is typed over this one."""
        gestures.activate(self.container.window())
        self.ui.whatIfBox.checked = True
        self.settle()
        self.ui.inrEdit.setFocus()
        self.ui.inrEdit.selectAll()
        self.keys("1.2")
        self.panel.nomogram.pin()
        self.settle()
        self.assertEqual(self.session.state.scenarios, [{"number": 1, "values": {"INR": 1.2}}])
        self.type(self.ui.inrEdit, "1.30")
        self.assertEqual(self.ui.inrEdit.selectedText, self.ui.inrEdit.text)
        self.keys("1.4")
        gestures.key(self.ui.inrEdit, qt.Qt.Key_Return)
        self.settle()
        self.assertEqual(self.session.state.what_if["INR"], 1.4)
        self.ui.volumeSelector.setCurrentNode(None)  # another patient
        self.settle()
        self.assertEqual((self.session.state.scenarios, self.texts()), ([], []))

    def keys(self, text):
        for character in text:
            gestures.key(self.ui.inrEdit, 0, character)


def without_time(record):
    return {name: value for name, value in record.items() if name not in ("created", "seconds")}
