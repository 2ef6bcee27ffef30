"""What comes from data is shown as it is: a name that looks like HTML is a name.  Runs in Slicer and the stand-in."""

from unittest import mock

import qt
import slicer
from panel_case import PanelCase

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.panel.widgets import as_tip

NAME = "<img src='file:///tmp/x.png'><b>CT</b>"

RICH = {"agreementLabel"}
"""Labels with a table of ours in them; its words are ours, and what is not is escaped."""


class TestPlainText(PanelCase):
    def all_labels(self):
        """All labels of the panel but those inside Slicer's own editor."""
        found = slicer.util.findChildren(self.widget.uiWidget, className="QLabel")
        return [label for label in found if not self.panel.correction.editor.isAncestorOf(label)]

    def test_every_label_of_the_panel_shows_plain_text(self):
        self.draw()
        labels = self.all_labels()
        self.assertGreater(len(labels), 45)
        for label in labels:
            plain = label.textFormat == qt.Qt.PlainText
            self.assertNotEqual(plain, label.name in RICH, f"{label.name}: {label.text}")

    def test_no_label_says_none(self):
        """PythonQt writes None into a text as "None"."""
        for change in (lambda: None, self.load, self.draw):
            change()
            self.assertEqual([label.name for label in self.all_labels() if "None" in label.text], [])

    def test_a_name_that_looks_like_html_is_shown_as_it_is(self):
        self.draw()
        self.session.segmentation.SetName(NAME)
        self.panel.tell(f"{NAME} has no voxels.")
        self.panel.refresh()
        self.ui.existingSelector.setCurrentNode(self.session.segmentation)
        self.panel.segmentation.use_existing()
        self.session.segmentation.RemoveNodeReferenceIDs("PTLF.Automatic")
        self.panel.refresh()
        self.assertEqual(self.ui.segmentationLabel.text, f"Taken from the scene: {NAME}.")
        self.assertEqual(self.ui.segmentationLabel.textFormat, qt.Qt.PlainText)
        self.assertEqual(self.ui.messageLabel.text, f"{NAME} has no voxels.")

    def test_an_error_of_the_volumes_stands_in_their_place_as_it_is(self):
        self.draw()
        from PTLFPredictorLib.mrml import segments

        def fail(node, automatic=None, hashes=()):
            raise BadInput(f"{NAME} has no voxels.")

        with mock.patch.object(segments, "compare", fail):
            self.session.masks.forget_measured()
            self.panel.segments.refresh()
            self.assertEqual(self.ui.volumesLabel.text, f"{NAME} has no voxels.")
            self.assertEqual(self.ui.volumesLabel.textFormat, qt.Qt.PlainText)
            self.assertEqual(self.panel.segments.summary(), "")
            self.assertFalse(self.panel.segments.done())

    def test_a_tool_tip_shows_a_name_as_it_is_and_keeps_its_lines(self):
        self.assertEqual(as_tip("Two\nlines & more"), "Two\nlines & more")
        self.assertEqual(as_tip("<b>a\nb"), "&lt;b&gt;a<br>b")
        self.panel.segmentation.run.state.state = type(self.panel.segmentation.run.state.state).IDLE
        self.ui.inrEdit.setFocus()
        self.type(self.ui.inrEdit, "<b>1</b>")
        self.assertNotIn("<b>", self.ui.inrEdit.toolTip)
        self.assertIn("&lt;b&gt;", self.ui.inrEdit.toolTip)
