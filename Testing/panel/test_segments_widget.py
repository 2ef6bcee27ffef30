"""Section 2, Segments: one primary button, segments of the scene, 3D, the cancelled sign-off, the editor's width."""

import os
from unittest import mock

import gestures
import phantom
import qt
import slicer
from panel_case import ORIGIN, PanelCase

from PTLFPredictorLib import colours
from PTLFPredictorLib.mrml import segments, volumes
from PTLFPredictorLib.panel.state import FellWhy

NARROW = 340
"""Pixels of the dock as Slicer opens it."""


class TestTheOneButton(PanelCase):
    """A section's button is primary while its step is the next one of the case, and no other is."""

    def primary(self):
        buttons = self.container.findChildren(qt.QPushButton)
        return {button.name for button in buttons if button.isVisible() and button.styleSheet} - {"nextButton"}

    def test_it_goes_with_the_next_step_and_no_other_section_has_one(self):
        self.panel.open_sections("ct", "segments", "radscore")
        self.settle()
        self.assertEqual(self.primary(), {"loadDicomButton"})
        self.load()
        self.assertEqual(self.primary(), {"segmentButton"})
        self.assertTrue(self.ui.allMetButton.isVisible())  # it answers eight criteria: nobody is led to that
        self.assertFalse(self.ui.segmentsFrame.isVisible())
        self.assertFalse(self.ui.againButton.isVisible())
        self.session.take_labels(self.labels, ORIGIN)
        self.settle()
        self.assertEqual(self.primary(), {"computeButton"})  # nobody signs before
        self.assertFalse(self.ui.segmentButton.isVisible())  # to draw again is behind a fold
        self.ui.againButton.checked = True
        self.settle()
        self.assertTrue(self.ui.segmentButton.isVisible())
        self.assertEqual(self.primary(), {"computeButton"})
        self.take_features()
        self.choose("complete", origin="site")
        self.answer_criteria()
        self.session.confirm_phase("portal venous", "A. Reader")
        self.session.update(values={"ALB": 38.0, "INR": 1.12})
        self.panel.ui.reportSection.collapsed = True
        self.settle()
        self.assertEqual(self.primary(), {"signOffButton"})
        self.session.sign_off("A. Reader")
        self.settle()
        self.assertEqual(self.primary(), set())
        self.erase_tumour()
        self.assertEqual(self.primary(), {"computeButton"})
        self.session.take_labels(self.labels, ORIGIN)  # two results wait for a decision
        self.settle()
        self.assertTrue(self.ui.rerunFrame.isVisible())
        self.assertEqual(self.primary(), set())
        self.assertFalse(self.panel.segments.done())


class TestSegmentsOfTheScene(PanelCase):
    def own(self, volume=None):
        node = segments.add_segmentation(volume or self.volume, "mine")
        segments.write(node, volume or self.volume, self.labels, "", "MANUAL")
        self.settle()
        self.panel.refresh()
        return node

    def use(self):
        gestures.click(self.ui.useExistingButton)
        self.settle()

    def test_the_one_that_lies_on_the_ct_is_offered_and_used_by_one_click(self):
        self.load()
        self.assertIsNone(self.panel.segmentation.existing())
        self.use()  # what is missing is said beside the button
        self.assertEqual(self.ui.segmentStatus.text, "Choose a segmentation first.")
        self.assertEqual(self.ui.messageLabel.text, "")
        node = self.own()
        self.assertIs(self.panel.segmentation.existing(), node)
        self.assertIs(self.ui.existingSelector.currentNode(), node)
        self.assertNotEqual(self.ui.useExistingButton.styleSheet, "")
        self.assertEqual(self.ui.segmentButton.styleSheet, "")
        self.ui.existingSelector.setCurrentNode(None)  # who takes the choice back is not offered it again
        self.panel.refresh()
        self.assertIsNone(self.ui.existingSelector.currentNode())
        self.ui.existingSelector.setCurrentNode(node)
        self.use()
        self.assertIs(self.session.segmentation, node)
        self.assertEqual(self.ui.segmentStatus.text, "")
        self.assertIsNone(self.panel.segmentation.existing())
        self.assertEqual(self.session.kind, "corrected")  # a key in files: not a model's result as it is
        self.assertEqual(self.session.segments_words(self.session.kind), "segments")  # nobody corrected them

    def test_own_segments_that_were_edited_here_say_so(self):
        self.load()
        self.own()
        self.use()
        self.assertEqual(self.ui.segmentationLabel.text, "Taken from the scene: mine.")
        self.erase_tumour()
        self.session.sign_off("A. Reader")
        self.settle()
        self.assertEqual(self.ui.segmentationLabel.text, "Taken from the scene: mine. Edited here.")
        self.session.use_existing(self.session.segmentation)  # what lies there now is what is taken
        self.settle()
        self.assertEqual(self.ui.segmentationLabel.text, "Taken from the scene: mine.")

    def test_none_is_offered_of_two_of_the_former_patient_s_or_of_what_does_not_fit(self):
        def offered():
            self.panel.refresh()
            return self.panel.segmentation.existing()

        self.load()
        first, second = self.own(), self.own()
        self.assertIsNone(offered())
        slicer.mrmlScene.RemoveNode(second)
        self.assertIs(offered(), first)
        other = volumes.add_volume(phantom.ct_and_labels(seed=6)[0], "another CT on the same grid")
        self.ui.volumeSelector.setCurrentNode(other)
        self.settle()
        self.assertIsNone(offered())
        slicer.mrmlScene.RemoveNode(first)
        spleen = segments.add_segmentation(other, "spleen")
        spleen.GetSegmentation().AddEmptySegment("s", "spleen")
        self.assertIsNone(offered())
        slicer.mrmlScene.RemoveNode(spleen)
        shifted = volumes.add_volume(phantom.ct_and_labels(origin=(-35.5, -30.0, 120.0))[0], "half a millimetre off")
        self.labels.SetOrigin((-35.5, -30.0, 120.0))
        self.own(shifted)
        self.assertIsNone(offered())


class TestShow3D(PanelCase):
    def test_surfaces_come_on_asking_with_the_camera_on_them_and_go_again(self):
        patch = mock.patch.object(slicer.util, "resetThreeDViews", create=True)
        camera = patch.start()
        self.addCleanup(patch.stop)
        self.draw()
        segmentation = self.session.segmentation.GetSegmentation()
        for on in (True, False):
            self.assertEqual(segmentation.ContainsRepresentation("Closed surface"), not on)
            gestures.click(self.ui.show3DButton)
            self.settle()
            self.assertEqual(segmentation.ContainsRepresentation("Closed surface"), on)
            self.assertEqual(self.ui.show3DButton.checked, on)
            self.assertTrue(self.session.segmentation.GetDisplayNode().GetVisibility3D())
            self.session.take_labels(self.labels, ORIGIN)  # what is written is shown as it was, and the camera stays
            self.settle()
            self.assertEqual(segmentation.ContainsRepresentation("Closed surface"), on)
            camera.assert_called_once_with()


class TestTheCancelledSignOff(PanelCase):
    """Whose sign-off fell, when and why, is said until the next one; it is kept in the scene."""

    def by_a_new_run(self):
        self.session.take_labels(self.labels, ORIGIN)
        return FellWhy.NEW_RUN, "a model drew anew"

    def by_an_edit(self):
        self.erase_tumour()
        return FellWhy.EDITED, "tumour edited"

    def by_the_way_back(self):
        self.session.restore_automatic()
        return FellWhy.RESTORED, "the model's segments were restored"

    def by_answers(self):
        self.session.confirm_all_criteria("C. Reader")
        return FellWhy.ANSWERS, "an answer on eligibility was changed"

    def by_a_changed_value(self):
        self.panel.open_sections("nomogram")
        self.type(self.ui.albEdit, "41")
        return FellWhy.INPUT, "a value or an answer was changed"

    def by_another_signature(self):
        self.panel.radscore.choose_signature("ptlf-demo")
        return FellWhy.SIGNATURE, "another signature was chosen"

    def by_other_segments(self):
        node = segments.add_segmentation(self.volume, "mine")
        segments.write(node, self.volume, self.labels, "", "MANUAL")
        self.session.use_existing(node)
        return FellWhy.OTHER_SEGMENTS, "other segments were chosen"

    def by_a_changed_ct(self):
        slicer.util.arrayFromVolume(self.volume)[0, 0, 0] += 1
        slicer.util.arrayFromVolumeModified(self.volume)
        self.session.look()
        return FellWhy.CT_CHANGED, "the CT was changed"

    def by_whatever_empties_it(self):
        self.session.update(sign_off={})
        return FellWhy.CASE, "the case was changed"

    def test_each_cause_is_said_and_kept_in_the_scene(self):
        self.draw()
        causes = (
            self.by_a_new_run, self.by_an_edit, self.by_the_way_back, self.by_answers, self.by_a_changed_value,
            self.by_another_signature, self.by_other_segments, self.by_a_changed_ct, self.by_whatever_empties_it,
        )  # fmt: skip
        for number, cause in enumerate(causes):
            self.session.sign_off(f"{number}. Reader")
            self.settle()
            signed = self.session.signed
            self.assertIn(f"Signed off by {number}. Reader, {signed.when}. Any edit", self.ui.signOffLabel.text)
            self.assertEqual(self.session.state.sign_off_fell, {})
            why, words = cause()
            self.settle()
            self.assertIsNone(self.session.signed)
            fell, text = self.session.state.sign_off_fell, self.ui.signOffLabel.text
            self.assertEqual((fell["reader"], fell["time"], fell["why"]), (signed.reader, signed.time, str(why)))
            begin = f"Not signed off. {number}. Reader's sign-off of {signed.when} was cancelled on "
            self.assertTrue(text.startswith(begin), text)
            self.assertTrue(text.endswith(f": {words}."), text)
        path = os.path.join(self.folder.name, "scene.mrb")
        self.assertTrue(slicer.util.saveScene(path))
        slicer.mrmlScene.Clear(0)
        self.settle()
        self.assertEqual(self.session.state.sign_off_fell, {})
        slicer.util.loadScene(path)
        self.settle()
        self.assertEqual(self.ui.signOffLabel.text, text)
        other = volumes.add_volume(phantom.ct_and_labels(seed=6)[0], "the next")
        self.ui.volumeSelector.setCurrentNode(other)
        self.settle()
        self.assertEqual(self.session.state.sign_off_fell, {})


class TestTheSignOffThatStays(PanelCase):
    def test_a_value_that_is_being_typed_is_signed_with_the_rest(self):
        """A key such as Alt+O leaves the cursor in the field."""
        self.draw()
        self.panel.open_sections("nomogram")
        self.type(self.ui.readerEdit, "A. Reader")
        self.ui.albEdit.setFocus()
        gestures.key(self.ui.albEdit, qt.Qt.Key_4, "4")
        gestures.key(self.ui.albEdit, qt.Qt.Key_1, "1")
        self.assertIsNone(self.session.state.values.get("ALB"))
        self.ui.signOffButton.click()
        self.ui.inrEdit.setFocus()
        self.settle()
        self.assertEqual(self.session.state.values["ALB"], 41)
        self.assertEqual(self.session.signed.reader, "A. Reader")

    def test_what_is_no_input_of_the_result_leaves_it(self):
        self.draw()
        self.panel.open_sections("nomogram")
        self.type(self.ui.albEdit, "41")
        self.session.sign_off("A. Reader")
        self.session.update(units={**self.session.state.units, "INR": ""})  # no value stands in it
        self.type(self.ui.albEdit, "41")
        self.ui.whatIfBox.click()
        self.settle()
        self.type(self.ui.inrEdit, "1.3")
        self.ui.whatIfBox.click()
        self.settle()
        self.assertEqual(self.session.signed.reader, "A. Reader")
        self.session.update(units={**self.session.state.units, "ALB": "g/dL"})  # the same number is another value
        self.assertIsNone(self.session.signed)


class TestTheEditorInANarrowDock(PanelCase):
    def test_its_options_scroll_sideways_and_the_panel_stays_as_wide_as_it_was(self):
        self.draw()
        editor, holder = self.panel.correction.editor, self.ui.editorHolder
        self.panel.correction.open()
        self.container.resize(NARROW, 3000)
        for effect in ("", "Paint"):
            editor.setActiveEffectByName(effect)
            for _ in range(3):
                self.settle()
            self.assertLessEqual(self.ui.segmentsSectionContent.minimumSizeHint.width(), NARROW - 15, effect)
            wide = editor.minimumSizeHint.width()
            self.assertEqual(editor.width, max(wide, holder.width), effect)  # no option is cut off
            self.assertGreaterEqual(editor.height, editor.minimumSizeHint.height(), effect)
            self.assertLess(holder.height - editor.sizeHint.height(), 40)  # no higher than it asks, and a scroll bar
        self.assertGreater(editor.width, holder.width)  # the options are wider than the dock: what this is about


class TestWhatIsOnScreen(PanelCase):
    def test_one_name_and_one_pair_of_colours_as_in_the_report(self):
        self.draw()
        segmentation = self.session.segmentation.GetSegmentation()
        for identifier, name, colour in (("liver", "liver", colours.LIVER), ("tumor", "tumour", colours.TUMOUR)):
            segment = segmentation.GetSegment(identifier)
            self.assertEqual(segment.GetName(), name)
            self.assertEqual([round(255 * part) for part in segment.GetColor()], list(colours.rgb(colour)))
        for name, words in (("tumor", ""), ("HCC", "Liver: liver; tumour: HCC.")):  # an earlier version's, a reader's
            segmentation.GetSegment("tumor").SetName(name)
            self.panel.refresh()
            self.assertEqual(self.ui.segmentationLabel.text, words)

    def test_voxels_are_counted_once_for_one_content(self):
        self.draw()
        self.assertEqual(self.session.segments_words(self.session.kind), "automatic segments")
        with mock.patch.object(segments, "compare", side_effect=segments.compare) as counted:
            for _ in range(3):
                self.panel.refresh()
                self.session.look()
            self.assertEqual(counted.call_count, 0)  # known since they were drawn
            self.erase_tumour()
            self.panel.refresh()
            self.assertEqual(counted.call_count, 1)
            self.assertEqual(self.session.segments_words(self.session.kind), "corrected segments")
            self.session.restore_automatic()
            self.settle()
            self.assertEqual(counted.call_count, 2)

    def test_lines_of_the_log_are_not_blank(self):
        self.load()
        self.panel.segmentation.run.log = ["one", "", "  ", "two"]
        self.panel.refresh()
        self.assertEqual(self.ui.logText.plainText, "one\ntwo")
