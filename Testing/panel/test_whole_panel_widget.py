"""The panel as a whole: what every control tells, and a case worked through by the keyboard alone."""

import re
from collections import Counter

import gestures
import qt
import slicer
from panel_case import ORIGIN, PanelCase

from PTLFPredictorLib.record.statements import of_prediction

CONTROLS = "QAbstractButton QLineEdit QComboBox QTextEdit QPlainTextEdit QAbstractItemView".split()

NOT_OURS = ("qMRMLSegmentEditorWidget", "QComboBox", "QAbstractSpinBox")
"""What lies inside these is told by themselves."""

SECTIONS = ("ct", "segments", "radscore", "nomogram", "report")


def inside(widget, kinds):
    above = widget.parentWidget()
    while above is not None:
        if any(above.inherits(kind) for kind in kinds):
            return True
        above = above.parentWidget()
    return False


class TestEveryControl(PanelCase):
    def controls(self):
        for widget in self.container.findChildren(qt.QWidget):
            ours = any(widget.inherits(kind) for kind in CONTROLS) and not inside(widget, NOT_OURS)
            if ours and widget.focusPolicy != qt.Qt.NoFocus and widget.isVisibleTo(self.container):
                yield widget

    def labels_of_buddies(self):
        labels = self.container.findChildren(qt.QLabel)
        return {label.buddy().objectName: label.text for label in labels if label.buddy() is not None}

    def everything_unfolded(self):
        self.draw()
        self.take_features()
        self.panel.open_sections(*SECTIONS)
        for button in self.container.findChildren(qt.QToolButton):
            if button.checkable and button.isVisible():
                button.checked = True
        self.settle()

    def test_each_has_a_name_a_tool_tip_and_a_mnemonic_of_its_own(self):
        self.everything_unfolded()
        buddies, unnamed, silent, letters = self.labels_of_buddies(), [], [], Counter()
        for widget in self.controls():
            name = widget.objectName or type(widget).__name__
            words = getattr(widget, "text", "") if widget.inherits("QAbstractButton") else ""
            words = words if isinstance(words, str) else ""
            if not (widget.accessibleName or words.strip(" .&") or buddies.get(widget.objectName)):
                unnamed.append(name)
            if not widget.toolTip and not _tip_above(widget):
                silent.append(name)
            letters.update(one.upper() for one in re.findall(r"&(\w)", words))
        letters.update(one.upper() for text in buddies.values() for one in re.findall(r"&(\w)", text))
        self.assertEqual((unnamed, silent), ([], []))
        self.assertEqual([letter for letter, count in letters.items() if count > 1], [])
        self.assertGreater(len(letters), 8)

    def test_one_cause_is_not_told_three_times(self):
        self.everything_unfolded()
        told = [label.text for label in self.container.findChildren(qt.QLabel) if label.isVisibleTo(self.container)]
        sentences = [s for text in told for s in re.split(r"(?<=[.?!])\s+|\n", re.sub(r"<[^>]+>", " ", text))]
        counted = Counter(s.strip() for s in sentences if len(s.strip()) > 25)
        self.assertEqual([s for s, count in counted.items() if count > 2], [])
        self.assertLess(sum("the paper does not give" in text for text in told), 3)


def _tip_above(widget):
    """A node selector has the tip of the list inside it."""
    above = widget.parentWidget()
    return above is not None and above.inherits("qMRMLNodeComboBox") and above.toolTip


class TestByTheKeyboard(PanelCase):
    def tab_to(self, target):
        """Press Tab until a control has the keyboard; it must come, and be in sight."""
        for _ in range(150):
            now = qt.QApplication.focusWidget()
            if now == target or target.isAncestorOf(now):
                return
            window = self.container.window()
            press = qt.QKeyEvent(qt.QEvent.KeyPress, qt.Qt.Key_Tab, qt.Qt.NoModifier, "\t")
            qt.QCoreApplication.sendEvent(now if now is not None else window, press)
            gestures.process_events()
        raise AssertionError(f"Tab does not come to {target.objectName}")

    def press(self, button):
        self.tab_to(button)
        gestures.key(button, qt.Qt.Key_Space, " ")
        self.settle()

    def write(self, edit, text):
        self.tab_to(edit)
        gestures.type_text(edit, text)
        self.settle()

    def test_from_the_ct_to_the_risk_by_tab_space_and_letters(self):
        self.load()  # into the scene
        self.session.take_labels(self.labels, ORIGIN)
        self.ui.volumeSelector.setCurrentNode(None)
        self.settle()
        gestures.activate(self.container)
        self.press(self.ui.nextButton)  # Use this CT
        self.assertIs(self.session.volume, self.volume)
        self.press(self.ui.nextButton)  # Use these segments
        self.assertIsNotNone(self.session.segmentation)
        self.take_features()  # what Compute does, without the wait
        self.choose("complete", origin="site")
        self.write(self.ui.readerEdit, "A. Reader")
        self.press(self.ui.nextButton)  # Answer criteria
        gestures.wait_for(lambda: self.ui.allMetButton.hasFocus(), 5, "the criteria")
        self.press(self.ui.allMetButton)
        self.press(self.ui.nextButton)  # Enter albumin
        gestures.wait_for(lambda: self.ui.albEdit.hasFocus(), 5, "albumin")
        self.write(self.ui.albEdit, "38")
        self.write(self.ui.inrEdit, "1.12")
        said = of_prediction(self.session.patient().prediction, self.session.signature.horizon)
        self.assertTrue(said.risk, said.reason)
        self.assertEqual(self.ui.riskLabel.text, f"Predicted risk of PTLF {said.risk}")
        self.press(self.ui.nextButton)  # Sign off
        self.assertEqual(self.session.signed.reader, "A. Reader")
        self.tab_to(self.ui.nextButton)
        self.assertEqual(self.ui.nextButton.text, "Export report")
