"""The design's table "What may be shown" on the panel: what a person reads there and in everything that is exported.

The rows are those of the library and the shell (`shown_rows`).  Each row's words stand there, no other row's do, and
a number only where the table has one.  Features are computed once.  Runs in Slicer and in the stand-in.
"""

import json
import os
import re
import shutil
from html import unescape

import qt
from panel_case import MODEL, PanelCase

from paper import drawn_on_paper, on_paper
from PTLFPredictorLib import signature
from PTLFPredictorLib.folders import data_folder
from PTLFPredictorLib.panel.numbers import written
from PTLFPredictorLib.panel.state import SegmentsKind
from PTLFPredictorLib.record.statements import of_record
from PTLFPredictorLib.render import html, nomogram_svg, table
from PTLFPredictorLib.render.nomogram_marks import marks_of
from PTLFPredictorLib.render.primitives import Shape, Text
from PTLFPredictorLib.sample import known
from shown_rows import ROWS, TWO_BANDS, WHAT_IF

WITH_A_NUMBER = ("risk", "demonstration")
LARGE = 14
"""Points from which a text is in large type."""


RULES = []
"""(rule, which rows it is about), in the order in which they are looked at."""


def rule(of=lambda row: True):
    def decorate(check):
        RULES.append((check, of))
        return check

    return decorate


class WhatMayBeShown(PanelCase):
    def setUp(self):
        super().setUp()
        self.draw()
        self.panel.open_sections("ct", "segments", "radscore", "nomogram", "report")
        self.take_features()
        self.published = signature.load("ptlf-published").data
        self.raw = self.raw_features()

    def ask(self, row):
        """The panel as a person has it who chose the row's signature and typed in the row's values."""
        shutil.rmtree(data_folder() / "samples", ignore_errors=True)
        if row.sample:
            known.remember(self.session.ct().identity, 1, {})
        path = os.path.join(self.folder.name, "signature.json")
        data = row.signature(self.published, self.raw, voi_source="automatic", models=(MODEL["weights_sha256"],))
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(data, stream)
        self.session.update(answers={}, demonstration=row.demonstration)
        self.panel.radscore.choose_signature(path)
        self.session.open()  # the CT is looked up again
        self.settle()
        if row.answered:
            self.session.confirm_all_criteria("A. Reader")
        self.type(self.ui.albEdit, written(row.alb))
        self.type(self.ui.inrEdit, written(row.inr))
        if row.radscore is not None:
            self.type(self.ui.radscoreEdit, written(row.radscore))
        self.assertIsNone(self.session.stale(SegmentsKind.AUTOMATIC))

    # What is read

    def on_screen(self):
        """All texts of the panel that are in sight."""
        texts = [self.panel.nomogram.pane.nomogram.accessibleDescription]
        for widget in vars(self.ui).values():
            if isinstance(widget, (qt.QLabel, qt.QLineEdit, qt.QPushButton)) and widget.isVisible():
                texts.append(widget.text)
        return " ".join(texts)

    def picture(self):
        return self.panel.nomogram.pane.nomogram.picture()

    def exports(self):
        """Report, PDF, table and CSV as a person reads them."""
        made, _segments = self.session.make_record()
        columns, rows = table.COLUMNS, table.rows(of_record(made))
        page = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html.html(made), flags=re.DOTALL)
        path = os.path.join(self.folder.name, "result.csv")
        table.write(made, path)
        with open(path, encoding="utf-8") as stream:
            csv = stream.read().replace('""', '"')
        self.pdf_picture = drawn_on_paper(made)
        drawn = words_of(*self.pdf_picture)
        return made.to_dict(), {
            "pdf": f"{on_paper(made)} {drawn}",
            "report": re.sub(r"\s+", " ", unescape(page)),
            "table": " ".join(str(cell) for row in [columns, *rows] for cell in row),
            "csv": csv,
        }


class TestEachRow(WhatMayBeShown):
    def test_every_rule_on_every_row(self):
        for row in ROWS:
            self.ask(row)
            self.read = self.exports()
            for check, of in RULES:
                if of(row):
                    with self.subTest(row=row.name, rule=check.__name__):
                        check(self, row)

    @rule()
    def its_own_words_are_read_and_no_other_rows(self, row):
        read = f"{self.on_screen()} {words_of(*self.picture())}"
        for words in (row.own, *row.reads):
            self.assertIn(words.lower(), read.lower())  # one place begins a sentence with it
        for words in (*row.others, *row.never):
            self.assertNotIn(words, read)
        if row.own != WHAT_IF:
            self.assertIn(row.own.lower(), self.ui.riskStatus.text.lower())

    @rule()
    def exports_say_the_same_and_never_a_what_if(self, row):
        made, exports = self.read
        own = [words for words in (row.own, *row.beside) if words != WHAT_IF]
        for name, text in exports.items():
            for words in own:
                self.assertIn(words.lower(), text.lower(), name)
            for words in (*row.others, *row.never, WHAT_IF, TWO_BANDS[0], TWO_BANDS[1], "WHAT-IF"):
                self.assertNotIn(words, text, name)
        self.assertEqual(made["prediction"]["state"], row.state)
        self.assertIsNone(made["what_if"])

    @rule()
    def a_risk_is_read_where_the_table_has_one_and_nowhere_else(self, row):
        made, exports = self.read
        prediction, label = made["prediction"], self.ui.riskLabel.text
        drawn = words_of(*self.pdf_picture)
        spoken = self.panel.nomogram.pane.nomogram.accessibleDescription
        if row.own == WHAT_IF:
            self.assertRegex(label, r"^What-if: \d+-\d+ %$")
            self.assertLess(self.ui.riskLabel.font.pointSize(), LARGE)
        elif row.state in WITH_A_NUMBER:
            what = "Demonstration: predicted" if row.state == "demonstration" else "Predicted"
            self.assertEqual(label, f"{what} risk of PTLF {prediction['risk_text']}")
            self.assertIn(prediction["risk_text"], drawn)
            self.assertIn(f"{prediction['risk_text']} within 4 weeks", exports["pdf"])
            self.assertIn(repr(prediction["risk"]), exports["table"])
            self.assertIn(prediction["risk_text"], spoken)
            self.assertEqual("demonstration" in spoken.lower(), row.state == "demonstration")
        elif row.state == "range":
            self.assertEqual(label, f"Predicted risk of PTLF {prediction['risk_interval_text']}")
            self.assertIn("not a confidence interval", self.ui.riskStatus.text)
            self.assertIn("not a confidence interval", exports["table"])
        else:
            self.assertEqual(label, "Risk not shown")
            self.assertIn("Risk not shown", exports["pdf"])
            self.assertNotRegex(spoken, r"\d %")
        if row.state not in (*WITH_A_NUMBER, "range"):
            self.assertNotRegex(drawn, r"\d %")

    @rule()
    def the_radscore_is_called_what_it_is(self, row):
        made, exports = self.read
        value, scores = made["radscore"]["value"], self.ui.scoresLabel.text
        self.assertEqual(value is not None, bool(row.score))
        if not row.score:
            self.assertNotRegex(scores, r"Radscore -?\d")
            return
        called = "" if row.score == "computed" else f" ({row.score})"
        self.assertEqual(scores, f"Automatic segments: Radscore {value:.2f}{called}")
        self.assertIn(f"Radscore {value:.3f} ({row.score})", exports["pdf"])
        self.assertIn(repr(value), exports["table"])

    @rule()
    def the_radscore_has_a_place_on_its_axis_only_where_a_risk_is_made_of_it(self, row):
        made = row.state in (*WITH_A_NUMBER, "range")
        tried = row.radscore is not None
        for name, picture, placed in (
            ("panel", self.picture(), made or tried),
            ("pdf", self.pdf_picture, made),
        ):
            layout, reading = picture
            y = layout.y("Radscore")
            marks = [p for p in marks_of(*picture) if isinstance(p, Shape) and p.points[-1][1] == y]
            self.assertEqual(len(marks), int(placed), name)
            self.assertEqual(reading.prediction.points["Radscore"] is not None, placed, name)

    @rule(lambda row: row.state in WITH_A_NUMBER)
    def a_demonstration_says_so_in_every_picture_and_copy(self, row):
        demo = row.state == "demonstration"
        _made, exports = self.read
        svg = nomogram_svg.svg_of(*self.picture(), "title")
        for name, text in {**exports, "svg": svg, "panel": self.on_screen()}.items():
            self.assertEqual("demonstration" in text.lower(), demo, name)
        enabled, _why = self.panel.report._seg_state()
        if demo:
            self.assertFalse(enabled)  # no DICOM of a demonstration

    @rule(lambda row: row.state == "demonstration" and not row.answered)
    def what_is_withheld_stands_beside_a_demonstration(self, row):
        _made, exports = self.read
        for name, text in {**exports, "panel": self.ui.resultDetails.text}.items():
            self.assertIn("8 of 8 criteria of the study are not answered", text, name)

    @rule(lambda row: row.score and row.state == "withheld" and row.radscore is None)
    def a_what_if_shows_no_score_where_it_has_no_place(self, row):
        """INR is tried while the patient's own score lies on another scale: no ghost, and on a public one no marker."""
        own = self.session.values()["Radscore"]
        self.ui.whatIfBox.checked = True
        self.settle()
        self.type(self.ui.inrEdit, "1.3")
        self.assertNotIn(f"patient {own:.4g}", words_of(*self.picture()))
        if "public" not in row.name:
            return
        for inr in ("1.3", "30"):  # a value, and an entry that is none
            self.type(self.ui.inrEdit, inr)
            layout, reading = self.picture()
            y = layout.y("Radscore")
            self.assertEqual(
                [p for p in marks_of(layout, reading) if isinstance(p, Shape) and p.points[-1][1] == y], []
            )
            self.assertIsNone(reading.prediction.points["Radscore"])


def words_of(layout, reading):
    """All texts of a nomogram but the axes' own numbers."""
    return " ".join(p.text for p in marks_of(layout, reading) if isinstance(p, Text))
