"""Section 5, Report: one button, and the PDF page by page.  Runs in Slicer and in the stand-in."""

import functools
import html
import os
import tempfile
import unittest
from dataclasses import replace
from unittest import mock

import gestures
import qt
import slicer
from panel_case import PanelCase

from made_records import record_of
from paper import plain
from PTLFPredictorLib import RESEARCH_USE
from PTLFPredictorLib.ct import Finding, Level
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.panel import report_pdf
from PTLFPredictorLib.record.statements import FOR_NO_PATIENT, WATERMARK, of_record
from PTLFPredictorLib.render.patient import report_of
from PTLFPredictorLib.render.pdf import PAGE_MM, SIDE_MM, WIDTH_MM, pixels
from PTLFPredictorLib.signature import load

NAME = "<img src='file:///tmp/x.png'><b>Case</b>"


def long(record, findings=40):
    more = tuple(Finding(f"f{n}", Level.WARN, f"Finding {n} of a series. " * 9) for n in range(findings))
    return replace(record, findings=(*record.findings, *more))


@functools.cache
def made():
    return record_of(load("ptlf-published"), radscore=7.72)


class TestTheSection(PanelCase):
    def setUp(self):
        super().setUp()
        self.draw()
        self.take_features()
        self.panel.open_sections("report")
        self.settle()

    def export_as(self, name):
        self.panel.choose_file = lambda title, _name: os.path.join(self.folder.name, name)
        gestures.click(self.ui.exportReportButton)
        self.assertIn("Written:", self.ui.exportStatus.text)
        with open(os.path.join(self.folder.name, name), "rb") as stream:
            return stream.read()

    def test_one_button_writes_the_report_as_the_list_or_the_typed_ending_says(self):
        asked = []
        self.panel.choose_file = lambda title, name: asked.append(name) or os.path.join(self.folder.name, name)
        self.assertEqual(self.panel.report.summary(), "ready")
        gestures.click(self.ui.exportReportButton)
        self.settle()
        self.assertIn("written", self.ui.reportSection.text)
        self.assertEqual((self.panel.report.summary(), self.panel.report.done()), ("written", True))
        self.ui.reportKind.currentIndex = 1
        gestures.click(self.ui.exportReportButton)
        self.assertEqual(asked, ["report.pdf", "report.html"])
        with open(os.path.join(self.folder.name, "report.pdf"), "rb") as stream:
            self.assertEqual(stream.read(5), b"%PDF-")
        self.assertIn(b"Pre-procedural risk of post-TACE liver failure", self.export_as("report.html"))
        self.assertTrue(self.export_as("mine.PDF").startswith(b"%PDF-"))
        self.assertTrue(self.export_as("mine").startswith(b"<!doctype html>"))

    def test_nothing_is_computed_twice_while_nothing_changed(self):
        """Of several exports the first one pays."""
        first, segs = self.session.make_record()
        self.assertIs(self.session.make_record()[0], first)
        self.assertIs(self.session.make_record()[1], segs)
        self.export_as("report.html")
        self.assertIs(self.session.make_record()[0], first)
        volume = slicer.util.arrayFromVolume(self.volume)
        changes = (
            lambda: self.session.sign_off("A. Reader"),
            lambda: self.session.update(values={"ALB": 41.0, "INR": 1.2}),
            lambda: self.session.confirm_all_criteria("A. Reader"),
            lambda: self.panel.radscore.choose_signature("ptlf-demo"),
            lambda: self.session.update(demonstration=True),
            lambda: (self.erase_tumour(), self.take_features()),
        )
        for number, change in enumerate(changes):
            before = self.session.make_record()[0]
            change()
            self.settle()
            after = self.session.make_record()[0]
            self.assertIsNot(after, before, number)
            self.assertNotEqual(self.without_time(after), self.without_time(before), number)
        volume[0, 0, 0] += 1
        slicer.util.arrayFromVolumeModified(self.volume)
        with self.assertRaises(BadInput):  # of another CT there is none
            self.session.make_record()

    @staticmethod
    def without_time(record):
        return {name: value for name, value in record.to_dict().items() if name not in ("created", "seconds")}

    def test_what_holds_up_the_window_shows_the_wait_cursor(self):
        shapes = []

        def look(*_arguments):
            cursor = qt.QApplication.overrideCursor()
            shapes.append(None if cursor is None else cursor.shape())
            raise BadInput("No.")

        for attribute in ("make_record", "to_slabs", "use_existing"):
            patch = mock.patch.object(type(self.session), attribute, property(lambda _self: look))
            patch.start()
            self.addCleanup(patch.stop)
        self.panel.radscore.run.start = lambda *_a, **_k: shapes.append(qt.QApplication.overrideCursor().shape())
        self.panel.ct.to_slabs()
        self.ui.existingSelector.setCurrentNode(self.session.segmentation)
        self.panel.segmentation.use_existing()
        for button in (self.ui.exportReportButton, self.ui.exportTableButton):
            button.click()
        self.panel.radscore.press()
        self.assertEqual(shapes, [qt.Qt.WaitCursor] * 5)
        self.assertIsNone(qt.QApplication.overrideCursor())

    def test_controls_say_what_they_are_and_why_not_and_the_rest_is_folded_away(self):
        names = "exportReportButton reportKind exportAdvancedButton caseLabelEdit ctDateEdit exportRecordButton"
        for name in f"{names} exportCsvButton exportTableButton exportSegButton".split():
            control = getattr(self.ui, name)
            self.assertTrue(control.accessibleName, name)
            self.assertTrue(control.toolTip, name)
        self.assertFalse(self.ui.exportAdvanced.visible)
        gestures.click(self.ui.exportAdvancedButton)
        self.settle()
        self.assertTrue(self.ui.exportRecordButton.visible)
        self.assertIn("as PDF or as a page", self.ui.exportReportButton.toolTip)
        self.erase_tumour()
        self.assertFalse(self.ui.exportReportButton.enabled)
        self.assertIn("Compute first: the segments were edited", self.ui.exportReportButton.toolTip)
        self.assertEqual((self.panel.report.summary(), self.panel.report.done()), ("", False))

    def test_a_case_label_stands_on_what_is_written_and_goes_with_the_patient(self):
        self.ui.caseLabelEdit.text, self.ui.ctDateEdit.text = NAME, " 14 Oct 2026 "
        page = self.export_as("report.html").decode()
        self.assertIn(html.escape(NAME), page)
        self.assertIn("CT date 14 Oct 2026", plain(page))
        self.assertNotIn("<img src='file", page)
        nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
        kept = [node.GetParameter(name) for node in nodes for name in node.GetParameterNames()]
        self.assertFalse([text for text in kept if "14 Oct 2026" in text])
        self.load()  # another patient
        self.assertEqual((self.ui.caseLabelEdit.text, self.ui.ctDateEdit.text), ("", ""))


class TestPages(unittest.TestCase):
    """What is painted on which page: `report_pdf` is watched, as PythonQt reads no PDF."""

    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.record = made()
        self.pages = [[]]
        text, page = report_pdf._text, report_pdf._edges

        def watched(painter, said, x, y, *more, **how):
            right = text(painter, said, x, y, *more, **how)
            self.pages[-1].append((said, right))
            return right

        def turned(*arguments):
            page(*arguments)
            self.pages.append([])

        report_pdf._text, report_pdf._edges = watched, turned
        self.addCleanup(lambda: vars(report_pdf).update(_text=text, _edges=page))

    def paint(self, made):
        """Texts at the edges of each page."""
        self.pages[:] = [[]]
        report_pdf.write_report_pdf(made, os.path.join(self.folder.name, "r.pdf"))
        return [dict(page) for page in self.pages[:-1]]

    def test_each_page_has_the_research_line_whole_and_its_number(self):
        pages = self.paint(long(self.record))
        self.assertGreater(len(pages), 2)
        for number, texts in enumerate(pages, 1):
            self.assertIn(f"Page {number} of {len(pages)}", texts)
            self.assertLess(texts[RESEARCH_USE], pixels(PAGE_MM[0] - SIDE_MM))
            self.assertNotIn(WATERMARK, texts)

    def test_each_page_of_a_demonstration_is_marked_however_long(self):
        data = {**self.record.input.signature.data, "kind": "demo"}
        demo = replace(
            self.record,
            input=replace(self.record.input, signature=replace(self.record.input.signature, data=data)),
        )
        self.assertTrue(of_record(demo).watermark)
        for count in (0, 60):
            pages = self.paint(long(demo, count))
            self.assertEqual(len(pages) > 3, count == 60)
            for texts in pages:
                self.assertIn(WATERMARK, texts)
                self.assertIn(FOR_NO_PATIENT, texts)

    def test_no_piece_is_wider_than_the_page_or_torn(self):
        wide = replace(self.record, findings=(Finding("f", Level.WARN, "x" * 400),))
        report = report_of(of_record(wide))
        for piece in report_pdf.pdf.pieces(report):
            shown = report_pdf._Shown(piece)
            if shown.document is not None:
                room = shown.width - 2 * shown.side
                self.assertLessEqual(shown.document.size.width(), room + 0.5, piece.html[:80])
            self.assertLess(shown.height, pixels(report_pdf.HEIGHT_MM))

    def test_the_columns_of_the_terms_stand_below_each_other(self):
        report = report_of(of_record(self.record))
        (rows,) = (part.blocks[0] for part in report.sections if part.id == "terms")
        self.assertEqual(sum(rows.widths), 100)
        heights = {
            round(report_pdf.rich_text(piece.html, pixels(WIDTH_MM)).size.height())
            for piece in report_pdf.pdf.pieces(report)
            if 'class="bar"' in piece.html
        }
        self.assertLess(max(heights, default=0), pixels(14))  # two lines, three for the longest name

    def test_the_nomogram_and_the_pictures_fit_the_page(self):
        for piece in report_pdf.pdf.pieces(report_of(of_record(self.record))):
            if piece.drawing is not None:
                self.assertLess(report_pdf._Shown(piece).height, pixels(report_pdf.HEIGHT_MM) / 2)

    def test_fonts_do_not_depend_on_the_screen(self):
        """Points would: a Mac's screen has 72 of them to the inch, others 96."""
        self.assertNotIn("pt", report_pdf.pdf.sheet())
        self.assertGreater(report_pdf._font(9.2).pixelSize(), 30)

    def test_a_file_that_cannot_be_opened_is_an_error(self):
        with self.assertRaises(OSError):
            report_pdf.write_report_pdf(self.record, os.path.join(self.folder.name, "absent", "r.pdf"))
