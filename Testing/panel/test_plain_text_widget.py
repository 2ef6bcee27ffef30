"""What comes from data is shown as it is: a name that looks like HTML is a name.  Runs in Slicer and the stand-in."""

import qt
import slicer
from panel_case import PanelCase

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.panel.widgets import as_tip

NAME = "<img src='file:///tmp/x.png'><b>CT</b>"

RICH = {"volumesLabel"}
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
        self.assertTrue(self.ui.segmentationLabel.text.startswith(NAME))
        self.assertEqual(self.ui.segmentationLabel.textFormat, qt.Qt.PlainText)
        self.assertEqual(self.ui.messageLabel.text, f"{NAME} has no voxels.")

    def test_an_error_in_the_table_of_volumes_is_text_in_it(self):
        self.draw()
        from PTLFPredictorLib.mrml import segments

        before = segments.volumes_ml

        def fail(node):
            raise BadInput(f"{NAME} has no voxels.")

        segments.volumes_ml = fail
        try:
            self.panel.correction.leave()
            self.panel.refresh()
        finally:
            segments.volumes_ml = before
        self.assertNotIn("<", self.ui.volumesLabel.text)
        self.assertIn("&lt;b&gt;CT&lt;/b&gt; has no voxels.", self.ui.volumesLabel.text)

    def test_a_tool_tip_shows_a_name_as_it_is_and_keeps_its_lines(self):
        self.assertEqual(as_tip("Two\nlines & more"), "Two\nlines & more")
        self.assertEqual(as_tip("<b>a\nb"), "&lt;b&gt;a<br>b")
        self.panel.segmentation.run.state.state = type(self.panel.segmentation.run.state.state).IDLE
        self.ui.inrEdit.setFocus()
        self.type(self.ui.inrEdit, "<b>1</b>")
        self.assertNotIn("<b>", self.ui.inrEdit.toolTip)
        self.assertIn("&lt;b&gt;", self.ui.inrEdit.toolTip)
