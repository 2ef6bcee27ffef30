"""Sections of the panel as entries of one list: one from outside the library, and when each is told what."""

import gestures
import qt
from panel_case import PanelCase

from PTLFPredictorLib.panel import module_panel
from PTLFPredictorLib.panel.runs import ChildRun
from PTLFPredictorLib.panel.section import Section, SectionEntry


class FollowUp(Section):
    """What a follow-up would start from: whether the case is signed off."""

    def __init__(self, host):
        self.session, self.told = host.session, []
        self.button = qt.QPushButton("Say it")
        self.button.connect("clicked()", lambda: host.tell("Told by the follow-up."))
        self.label = qt.QLabel()
        self.run = ChildRun("The follow-up", "python", host.changed)
        self.runs = (self.run,)
        for widget in (self.label, self.button):
            host.ui.followupHolder.layout().addWidget(widget)

    def refresh(self):
        signed = self.session.signed
        self.label.text = "Not signed off" if signed is None else f"Signed off by {signed.reader}"

    def leave(self):
        self.told.append("leave")
        return ["The follow-up was stopped."]

    def enter(self):
        self.told.append("enter")

    def exit(self):
        self.told.append("exit")

    def scene_closes(self):
        self.told.append("scene closes")

    def cleanup(self):
        self.told.append("cleanup")


class TestASectionFromOutside(PanelCase):
    def setUp(self):
        entry = SectionEntry("followup", FollowUp, title="6. Follow-up")
        module_panel.SECTIONS.append(entry)
        self.addCleanup(module_panel.SECTIONS.remove, entry)
        super().setUp()
        self.section = self.panel.followup

    def test_it_stands_below_the_others_and_folds_like_them(self):
        button = self.ui.followupSection
        self.assertEqual(button.text, "6. Follow-up")
        above = self.ui.reportSection.mapTo(self.container, qt.QPoint(0, 0)).y()
        self.assertGreater(button.mapTo(self.container, qt.QPoint(0, 0)).y(), above)
        button.collapsed = True
        self.settle()
        self.assertIn("followup", self.session.desk.closed_sections)
        self.assertFalse(self.section.label.isVisible())
        self.panel.open_sections("followup")
        self.settle()
        self.assertTrue(self.section.label.isVisible())

    def test_it_shows_what_the_session_says_and_speaks_in_the_panel_s_line(self):
        self.draw()
        self.assertEqual(self.section.label.text, "Not signed off")
        self.session.sign_off("A. Reader")
        self.settle()
        self.assertEqual(self.section.label.text, "Signed off by A. Reader")
        gestures.click(self.section.button)
        self.assertEqual(self.ui.messageLabel.text, "Told by the follow-up.")

    def test_it_is_told_what_happens(self):
        self.load()
        self.assertIn("enter", self.section.told)
        self.section.told.clear()
        self.ui.volumeSelector.setCurrentNode(None)
        self.settle()
        self.assertEqual(self.section.told, ["leave"])
        self.assertIn("The follow-up was stopped.", self.ui.messageLabel.text)
        self.assertIn(self.section.run, self.panel.runs)


class TestTheSectionsOfThePanel(PanelCase):
    def test_they_are_the_entries_of_the_list(self):
        names = [entry.name for entry in module_panel.SECTIONS]
        below_each_other = [
            "ct",
            "segments",
            "lesions",
            "models",
            "segmentation",
            "correction",
            "radscore",
            "parameters",
            "nomogram",
            "report",
        ]
        self.assertEqual(names, [*below_each_other, "questions", "strip"])
        for entry in module_panel.SECTIONS:
            self.assertIsInstance(getattr(self.panel, entry.name), Section)
