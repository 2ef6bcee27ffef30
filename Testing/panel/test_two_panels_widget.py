"""Two panels of one scene show one case."""

import gestures
import panel_case
import slicer
from panel_case import PanelCase

from PTLFPredictorLib.mrml import segments, volumes


class TestTwoPanels(PanelCase):
    def setUp(self):
        super().setUp()
        self.other_container, self.other, self.close_other = panel_case.open_panel()
        self.addCleanup(self.go)
        self.settle()

    def go(self):
        self.close_other()
        panel_case.KEPT.append((self.other_container, self.other))

    def rest(self):
        """Until no child of either panel is at work and no timer waits: nothing but the other one makes it look."""
        panels = (self.panel, self.other.panel)
        runs = [run for panel in panels for run in panel.runs]
        gestures.wait_for(lambda: not any(run.state.busy for run in runs), 60, "no child at work")
        timers = [timer for panel in panels for timer in (panel._settle, panel._refresh_timer)]
        gestures.wait_for(lambda: not any(timer.isActive() for timer in timers), 10, "quiet panels")

    @property
    def sessions(self):
        return self.session, self.other.panel.session

    def test_a_value_that_is_entered_in_one_is_the_other_s(self):
        self.load()
        self.panel.open_sections("nomogram")
        self.other.panel.open_sections("nomogram")
        self.settle()
        self.rest()
        self.type(self.ui.albEdit, "41")
        self.assertEqual(self.other.ui.albEdit.text, "41")  # at once, though nobody has touched that panel
        self.type(self.other.ui.inrEdit, "1.2")
        for session in self.sessions:
            self.assertEqual(session.state.values, {"ALB": 41.0, "INR": 1.2})
        self.assertEqual(self.ui.inrEdit.text, "1.2")

    def test_both_show_the_ct_and_the_segments_that_one_of_them_brought(self):
        self.draw()
        for session in self.sessions:
            self.assertIs(session.volume, self.volume)
            self.assertIs(session.segmentation, self.session.segmentation)
            self.assertFalse(session.edited)
        self.assertIs(self.other.ui.volumeSelector.currentNode(), self.volume)
        self.erase_tumour()
        self.settle()
        self.assertTrue(all(session.edited for session in self.sessions))

    def test_the_next_patient_of_one_is_the_other_s_too_and_nothing_of_the_former_stays(self):
        self.load()
        self.panel.open_sections("nomogram")
        self.type(self.ui.albEdit, "41")
        image = volumes.image_of(self.volume) + 1
        following = volumes.add_volume(image, "the next one")
        self.other.ui.volumeSelector.setCurrentNode(following)
        self.settle()
        for session in self.sessions:
            self.assertIs(session.volume, following)
            self.assertEqual(session.state.values, {})
        self.assertEqual(self.ui.albEdit.text, "")
        self.assertIs(self.ui.volumeSelector.currentNode(), following)

    def test_a_sign_off_in_one_falls_with_a_stroke_whoever_sees_it(self):
        self.draw()
        self.rest()
        self.session.sign_off("A. Reader")
        self.settle()
        self.assertEqual(self.sessions[1].signed.reader, "A. Reader")
        self.erase_tumour()
        self.settle()
        for session in self.sessions:
            self.assertIsNone(session.signed)

    def test_one_that_goes_listens_to_the_scene_no_more(self):
        self.load()
        gone = self.other.panel
        self.other.cleanup()
        self.session.update(values={"ALB": 41.0})
        self.settle()
        self.assertEqual(gone.session.scene._watching, 0)
        self.assertEqual(gone.session.state.values, {})

    def test_one_of_them_alone_finds_nothing_new_in_what_it_wrote(self):
        self.draw()
        token = self.session.token
        self.session.update(values={"ALB": 41.0}, device="cpu")
        self.assertEqual(self.session.follow(), [])
        self.settle()
        self.assertEqual(self.session.token, token)
        self.assertEqual(segments.segment_ids(self.session.segmentation, "liver"), ["liver"])
        self.assertIsNotNone(slicer.mrmlScene.GetSingletonNode("PTLFPredictor", "vtkMRMLScriptedModuleNode"))
