"""Signatures with other predictors than the published one's: fields, nomogram, result and record follow the file."""

import json
import math
import os
import re
from dataclasses import replace

import gestures
import qt
from panel_case import MODEL, ORIGIN, PanelCase

import made_signatures
from PTLFPredictorLib import signature

FOR_PATIENTS = ORIGIN.with_changes(model={**ORIGIN.model, "for_patients": True, "warning": ""})


class OtherSignature(PanelCase):
    def setUp(self):
        super().setUp()
        self.load()
        self.session.take_labels(self.labels, FOR_PATIENTS)
        self.settle()
        self.panel.open_sections("radscore", "nomogram", "report")
        self.take_features()
        self.raw = self.raw_features()
        self.published = signature.load("ptlf-published").data
        self.score = made_signatures.Z * math.fsum(term["coefficient"] for term in self.published["terms"])
        self.nomogram = self.panel.nomogram.pane.nomogram

    def choose_made(self, make):
        masks = replace(made_signatures.SITE.masks, models=(MODEL["weights_sha256"],))
        path = os.path.join(self.folder.name, "made.json")
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(make(self.published, raw=self.raw, masks=masks), stream)
        self.panel.radscore.choose_signature(path)
        self.settle()
        self.answer_criteria()

    def risk(self):
        """The risk that stands in large type, in percent."""
        words = self.ui.riskLabel.text.removeprefix(f"Predicted risk of {self.session.signature.outcome} ").split()
        self.assertEqual((len(words), words[1]), (2, "%"), self.ui.riskLabel.text)
        return int(words[0])

    def rows(self):
        """Names of the visible widgets of the input rows, by row and column."""
        grid, placed = self.ui.inputsHolder.layout(), []
        for widget in self.ui.inputsHolder.children():
            index = grid.indexOf(widget) if widget.inherits("QWidget") else -1
            if (
                index >= 0 and widget.isVisible()
            ):  # no `itemAt`: PySide6 keeps an item that Qt deletes, for another widget
                placed.append((*grid.getItemPosition(index)[:2], widget.objectName))
        return [name for _row, _column, name in sorted(placed)]


class TestFourPredictors(OtherSignature):
    """``logit P = 0.5 + 0.1 ALB [g/L] + 2 ALBI + 0.7 [multiple tumours] + 0.3 Radscore``."""

    def setUp(self):
        super().setUp()
        self.choose_made(made_signatures.four_predictors)

    def enter(self):
        self.ui.albUnit.currentIndex = 1
        self.type(self.ui.albEdit, "4.0")
        self.type(self.ui.bilirubinEdit, "20")
        self.ui.tumoursLevel.currentIndex = 2
        self.settle()

    def expected(self, alb=40.0, multiple=1):
        albi = 0.66 * math.log10(20.0) - 0.085 * alb
        logit = 0.5 + 0.1 * alb + 2 * albi + 0.7 * multiple + 0.3 * self.score
        return round(100 / (1 + math.exp(-logit)))

    def test_the_rows_are_the_entries_in_the_signature_s_order(self):
        names = ["albLabel", "albEdit", "albUnit", "tumoursLabel", "tumoursLevel", "bilirubinLabel", "bilirubinEdit"]
        names += ["bilirubinUnit", "radscoreLabel", "radscoreEdit", "radscoreOrigin"]
        self.assertEqual(self.rows(), names)
        self.assertFalse(hasattr(self.ui, "inrEdit"))
        words = [self.ui.tumoursLevel.itemText(i) for i in range(self.ui.tumoursLevel.count)]
        self.assertEqual(words, ["not given", "single", "multiple"])
        units = [self.ui.bilirubinUnit.itemText(i) for i in range(self.ui.bilirubinUnit.count)]
        self.assertEqual(units, ["umol/L", "mg/dL"])

    def test_the_keyboard_goes_through_the_rows_as_they_stand(self):
        passed, widget = [], self.ui.albEdit
        while widget != self.ui.radscoreEdit and len(passed) < 20:
            if widget.focusPolicy & qt.Qt.TabFocus:
                passed.append(widget.objectName)
            widget = widget.nextInFocusChain()
        named = [name for name in passed if name and not name.startswith("qt_")]
        self.assertEqual(named, ["albEdit", "albUnit", "tumoursLevel", "bilirubinEdit", "bilirubinUnit"])

    def test_the_risk_is_the_equation_s_and_the_record_says_what_was_entered(self):
        self.enter()
        self.assertEqual(self.risk(), self.expected())
        self.assertIn("ALBI score -2.541", self.nomogram.accessibleDescription)
        self.assertIn("Tumours multiple", self.nomogram.accessibleDescription)
        self.assertAlmostEqual(self.nomogram.picture()[1].prediction.points["Tumours"], 7.0)
        made = self.session.make_record()[0].to_dict()
        given = [(item["id"], item["value"], item["unit"]) for item in made["input"]["values"]]
        self.assertEqual(given, [("ALB", 40.0, "g/L"), ("Tumours", "multiple", ""), ("bilirubin", 20.0, "umol/L")])
        self.assertEqual(round(100 * made["prediction"]["risk"]), self.expected())
        self.assertEqual(list(made["prediction"]["points"]), ["ALB", "ALBI", "Tumours", "Radscore"])
        self.ui.tumoursLevel.currentIndex = 1
        self.settle()
        self.assertEqual(self.risk(), self.expected(multiple=0))

    def test_a_missing_level_gives_a_range_over_all_of_them(self):
        self.enter()
        self.ui.tumoursLevel.currentIndex = 0
        self.settle()
        low, high = self.expected(multiple=0), self.expected(multiple=1)
        self.assertIn(f"{low}-{high} %", self.ui.riskLabel.text)

    def test_the_exports_name_the_predictors(self):
        self.enter()
        self.ui.reportKind.currentIndex = 1
        for button in (self.ui.exportReportButton, self.ui.exportCsvButton):
            self.export(button)
            self.settle()
            self.assertIn("Written", self.ui.exportStatus.text)
        with open(os.path.join(self.folder.name, "report.html"), encoding="utf-8") as stream:
            page = re.sub(r"<[^>]+>", "", stream.read().replace("&nbsp;", " ").replace("\u00a0", " "))
        for words in ("ALBI score", "Bilirubin 20 umol/L", "multiple"):
            self.assertIn(words, page)

    def test_the_nomogram_has_a_row_for_each_and_room_for_it(self):
        layout, _reading = self.nomogram.picture()
        self.assertEqual(layout.rows, ("points", "ALB", "ALBI", "Tumours", "Radscore", "total", "risk"))
        self.assertGreater(self.nomogram.minimumHeight, 400)

    def test_the_marker_of_a_level_goes_from_level_to_level_and_is_a_what_if(self):
        self.enter()
        nomogram = self.nomogram
        x, y = nomogram.marker_at("Tumours")
        gestures.drag(nomogram, (x, y), (x - 3, y))  # not half of the way: it snaps back
        self.settle()
        self.assertEqual(self.session.state.what_if["Tumours"], "multiple")
        gestures.drag(nomogram, (x, y), (x - 200, y))
        self.settle()
        self.assertEqual(self.session.state.what_if["Tumours"], "single")
        self.assertEqual(self.session.state.values["Tumours"], "multiple")
        self.assertEqual(self.ui.tumoursLevel.currentText, "single")
        gestures.key(nomogram, qt.Qt.Key_Right)
        self.settle()
        self.assertEqual(self.session.state.what_if["Tumours"], "multiple")
        gestures.click(self.ui.whatIfBox)
        self.settle()
        self.assertEqual(self.risk(), self.expected())

    def test_what_is_computed_from_entries_has_no_marker_to_move(self):
        self.enter()
        x, y = self.nomogram.marker_at("ALBI")
        gestures.drag(self.nomogram, (x, y), (x + 40, y))
        self.settle()
        self.assertEqual(self.session.state.what_if, {})

    def test_a_level_and_a_number_of_a_what_if_are_not_the_patient_s(self):
        self.enter()
        gestures.click(self.ui.whatIfBox)
        self.settle()
        self.type(self.ui.bilirubinEdit, "40")
        self.ui.tumoursLevel.currentIndex = 1
        self.settle()
        tried = self.session.state.what_if
        self.assertEqual((tried["ALB"], tried["bilirubin"], tried["Tumours"]), (40.0, 40.0, "single"))
        self.assertEqual(self.ui.albEdit.text, "4")  # the unit of the field is g/dL
        self.assertIn("albumin 40 g/L, Tumours multiple".lower(), self.ui.inputMessage.text.lower())
        self.assertEqual(self.session.state.values["bilirubin"], 20.0)

    def test_a_number_in_the_wrong_unit_is_asked_about(self):
        self.type(self.ui.bilirubinEdit, "1.2")
        self.assertNotIn("bilirubin", self.session.state.values)
        self.assertIn("is it 1.2 mg/dL?", self.ui.inputMessage.text)
        self.assertEqual(self.ui.otherUnitButton.text, "Use mg/dL")
        self.assertIn("bilirubin", self.ui.otherUnitButton.toolTip)
        gestures.click(self.ui.otherUnitButton)
        self.settle()
        self.assertEqual(self.session.state.values["bilirubin"], 1.2)
        self.assertAlmostEqual(self.session.entered().values["bilirubin"], 1.2 * 17.1, places=6)

    def test_another_signature_keeps_what_it_takes_and_drops_the_rest(self):
        self.enter()
        self.panel.radscore.choose_signature("ptlf-published")
        self.settle()
        self.assertEqual(self.session.state.values, {"ALB": 4.0})
        self.assertEqual((self.ui.albEdit.text, self.ui.inrEdit.text), ("4", ""))
        self.assertFalse(hasattr(self.ui, "tumoursLevel"))

    def test_another_patient_has_no_level(self):
        self.enter()
        self.ui.volumeSelector.setCurrentNode(None)
        self.settle()
        self.assertEqual(self.session.state.values, {})
        self.assertEqual(self.ui.tumoursLevel.currentText, "not given")


class TestTheRadscoreAlone(OtherSignature):
    """``logit P = -1.5 + 0.3 Radscore``."""

    def test_nothing_is_entered_and_the_risk_is_there(self):
        self.choose_made(made_signatures.radscore_alone)
        self.assertEqual(self.rows(), ["radscoreLabel", "radscoreEdit", "radscoreOrigin"])
        expected = round(100 / (1 + math.exp(1.5 - 0.3 * self.score)))
        self.assertEqual(self.risk(), expected)
        layout, _reading = self.nomogram.picture()
        self.assertEqual(layout.rows, ("points", "Radscore", "total", "risk"))
        made = self.session.make_record()[0].to_dict()
        self.assertEqual(made["input"]["values"], [])
        self.assertEqual(round(100 * made["prediction"]["risk"]), expected)
        self.type(self.ui.radscoreEdit, "5")
        self.assertIn("What-if", self.ui.riskLabel.text)
