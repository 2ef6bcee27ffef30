"""Keys as a keyboard sends them, and Slicer's error log.  Only in the stand-in: QtTest, and a log that can be read."""

import gestures
import slicer
from panel_case import ORIGIN, PanelCase
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from host import error_log
from PTLFPredictorLib.mrml import volumes


class TestEditorKeys(PanelCase):
    """Slicer installs the editor's shortcuts for the whole window; they must not rule the panel."""

    def setUp(self):
        super().setUp()
        self.draw()
        self.container.activateWindow()
        self.panel.open_sections("nomogram")
        self.settle()
        self.editor = self.panel.correction.editor

    def key(self, widget, *keys):
        """A key on its way from the keyboard: shortcuts of the window come first."""
        widget.setFocus()
        self.settle()
        self.assertTrue(widget.hasFocus())
        for key in keys:
            QTest.keyClick(widget, key)
        self.settle()

    def test_digits_switch_no_effect_on_while_correction_is_folded(self):
        self.session.sign_off("A. Reader")
        for widget in (self.ui.albUnit, self.ui.pictureButton, self.ui.whatIfBox, self.ui.reportSection):
            self.key(widget, Qt.Key.Key_2, Qt.Key.Key_4, Qt.Key.Key_Period)
            self.assertIsNone(self.editor.activeEffect())
        self.assertIsNotNone(self.session.signed)

    def test_digits_switch_no_effect_on_while_another_section_has_the_focus(self):
        self.panel.correction.open()
        self.editor.setActiveEffect(None)
        self.settle()
        self.key(self.ui.albUnit, Qt.Key.Key_2)
        self.assertIsNone(self.editor.activeEffect())

    def test_space_presses_the_panels_buttons(self):
        for correcting in (False, True):
            self.ui.correctButton.checked = correcting
            self.settle()
            before = self.ui.whatIfBox.checked
            self.key(self.ui.whatIfBox, Qt.Key.Key_Space)
            self.assertNotEqual(self.ui.whatIfBox.checked, before, correcting)

    def test_a_section_title_opens_by_space(self):
        self.key(self.ui.reportSection, Qt.Key.Key_Space)
        self.assertFalse(self.ui.reportSection.collapsed)

    def test_the_editors_keys_work_in_the_editor_and_in_the_views(self):
        """The other direction: where the editor is in use, its keys are there."""
        self.panel.correction.open()
        self.settle()
        self.key(self.editor._list, Qt.Key.Key_4)
        self.assertEqual(self.editor.activeEffect(), "Erase")
        self.key(self.editor._list, Qt.Key.Key_2)
        self.key(self.editor._list, Qt.Key.Key_Escape)
        self.assertIsNone(self.editor.activeEffect())
        self.key(self.editor._list, Qt.Key.Key_Space)
        self.assertEqual(self.editor.activeEffect(), "Paint")

    def test_done_and_folding_end_the_effect_and_take_its_keys_away(self):
        def done():
            self.key(self.ui.correctButton, Qt.Key.Key_Space)

        def fold():
            self.ui.segmentsSection.collapsed = True

        for end in (done, fold):
            self.panel.open_sections("segments")
            self.panel.correction.open()
            self.settle()
            self.key(self.editor._list, Qt.Key.Key_4)
            self.assertEqual(self.editor.activeEffect(), "Erase")
            end()
            self.settle()
            self.assertIsNone(self.editor.activeEffect())
            self.assertEqual(self.editor._shortcuts, [])
            self.assertFalse(self.ui.correctButton.checked)

    def test_correct_opens_the_editor_with_a_brush_on_the_tumour_by_its_key_too(self):
        for _ in range(2):  # the key is there whatever the button is called
            self.assertFalse(self.ui.editorHolder.isVisible())
            self.alt_k()
            self.assertTrue(self.ui.editorHolder.isVisible())
            self.assertEqual(self.ui.correctButton.text, "Done")
            self.assertEqual(self.editor.activeEffect(), "Paint")
            self.assertEqual(self.editor.currentSegmentID(), "tumor")
            self.alt_k()
            self.assertEqual(self.ui.correctButton.text, "Correct...")
            self.assertIsNone(self.editor.activeEffect())

    def alt_k(self):
        before = self.ui.correctButton.checked
        QTest.keyClick(self.ui.correctButton, Qt.Key.Key_K, Qt.KeyboardModifier.AltModifier)
        gestures.wait_for(lambda: self.ui.correctButton.checked != before, 5, "a shortcut clicks a moment later")
        self.settle()

    def test_another_ct_ends_the_effect(self):
        self.panel.correction.open()
        self.settle()
        self.editor.setActiveEffectByName("Paint")
        image = volumes.image_of(self.volume)
        self.ui.volumeSelector.setCurrentNode(volumes.add_volume(image, "another"))
        self.settle()
        self.assertIsNone(self.editor.activeEffect())
        self.assertEqual(self.editor._shortcuts, [])

    def test_leaving_the_module_gives_the_keys_back(self):
        self.panel.correction.open()
        self.settle()
        self.editor._list.setFocus()
        self.settle()
        self.assertNotEqual(self.editor._shortcuts, [])
        self.widget.exit()
        self.assertEqual(self.editor._shortcuts, [])
        self.widget.enter()

    def test_a_digit_that_is_typed_into_a_field_is_a_digit(self):
        self.panel.correction.open()
        self.editor.setActiveEffect(None)
        self.settle()
        self.key(self.ui.albEdit, Qt.Key.Key_4, Qt.Key.Key_2)
        self.assertEqual(self.ui.albEdit.text, "42")
        self.assertIsNone(self.editor.activeEffect())


class TestErrorLog(PanelCase):
    """What Slicer's own code writes into its log about what the panel does; names of nodes may be the patient's."""

    def setUp(self):
        error_log.lines.clear()
        super().setUp()

    def test_a_day_of_work_writes_no_error_line(self):
        self.load()
        self.volume.SetName("Mueller^Karl")
        self.panel.correction.open()
        for _ in range(3):
            self.panel.refresh()
        self.assertEqual(error_log.lines, [])
        self.draw()
        self.volume.SetName("Mueller^Karl")
        self.erase_tumour()
        self.session.take_labels(self.labels, ORIGIN)
        self.settle()
        gestures.click(self.ui.replaceButton)
        self.settle()
        self.ui.volumeSelector.setCurrentNode(None)
        self.settle()
        slicer.mrmlScene.Clear(0)
        self.settle()
        self.assertEqual(error_log.lines, [])

    def test_hidden_copies_are_in_no_list_and_bear_no_name_of_a_ct(self):
        self.load()
        self.volume.SetName("Mueller^Karl")
        self.draw()
        hidden = self.session.automatic
        self.assertTrue(hidden.GetHideFromEditors())
        self.assertNotIn("Mueller", hidden.GetName())
        self.assertEqual(self.ui.existingSelector.nodeCount(), 1)
        self.assertIsNotNone(self.session.segmentation.GetDisplayNode())

    def test_diagnostics_bear_no_name_of_a_ct_that_is_gone_either(self):
        self.draw()
        self.volume.SetName("Mueller^Karl")
        run = self.panel.segmentation.run
        run.state.state, run.state.cause = type(run.state.state).FAILED, "'Mueller^Karl' has no voxels."
        run.log = ["Reading Mueller^Karl.nrrd", "Traceback"]
        self.panel.copy_diagnostics()
        text = slicer.app.clipboard().text()
        self.assertNotIn("Mueller", text)
        self.assertIn("'(name)' has no voxels.", text)
        self.assertIn("Traceback", text)
