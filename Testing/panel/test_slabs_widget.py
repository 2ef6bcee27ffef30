"""Thin slices to the protocol's with one click: what is seen is computed, and as in a shell.  Runs in Slicer, too."""

import os
from functools import partial

import dicom_series
import gestures
import numpy as np
import phantom
import SimpleITK as sitk
import slicer
from panel_case import ORIGIN, PanelCase

from PTLFPredictorLib.case.protocol import brought_to_protocol
from PTLFPredictorLib.ct import read_ct, slabs
from PTLFPredictorLib.mrml import segments, slab_volumes, volumes
from PTLFPredictorLib.panel import scenarios
from PTLFPredictorLib.panel.state import FellWhy, SegmentsKind
from PTLFPredictorLib.sample import known
from PTLFPredictorLib.segmentation.origin import Drawn
from PTLFPredictorLib.segmentation.segments import Segments

STEP = 2.5


def thin(image, step=STEP, shift=0):
    """The phantom in thinner slices: each repeated, every second one `shift` HU brighter."""
    times = round(5.0 / step)
    array = np.repeat(sitk.GetArrayFromImage(image), times, axis=0)
    if shift:
        array[::2] += shift
    made = sitk.GetImageFromArray(array)
    made.SetSpacing((*phantom.SPACING[:2], step))
    made.SetOrigin(image.GetOrigin())
    return made


class Slabs(PanelCase):
    def tearDown(self):
        for edit in (self.ui.albEdit, self.ui.inrEdit):  # a field that has the focus when it goes ends its editing then
            edit.clearFocus()
        super().tearDown()

    def load(self, step=STEP, shift=4):
        image, labels = phantom.ct_and_labels()
        self.image, self.labels = thin(image, step, shift), thin(labels, step)
        self.volume = self.thin = volumes.add_volume(self.image, "Secret^Name")
        self.ui.volumeSelector.setCurrentNode(self.volume)
        self.settle()

    def click(self):
        gestures.click(self.ui.slabsButton)
        self.settle()
        self.volume = self.session.volume

    def codes(self):
        return {finding.code: finding.level for finding in self.session.ct().findings}

    def in_shell(self, labels=None):
        """CT and segments as ``--to-protocol`` brings them, from files."""
        path = os.path.join(self.folder.name, "thin.nrrd")
        sitk.WriteImage(self.image, path)
        chosen = self.session.signature
        ct = read_ct(path, chosen.protocol, chosen.extraction.clip_hu)
        return brought_to_protocol(ct, Segments(labels or self.labels, ORIGIN), chosen.protocol)

    def take_patient(self):
        self.type(self.ui.albEdit, "38")
        self.type(self.ui.inrEdit, "1.03")
        self.answer_criteria()
        self.session.confirm_phase("portal venous", "A. Reader")
        self.settle()

    def assert_same_as_in_shell(self, labels=None):
        ct, drawn = self.in_shell(labels)
        mine = self.session.ct()
        self.assertEqual(mine.identity, ct.identity)
        self.assertEqual(mine.slabs, ct.slabs)
        self.assertTrue(np.array_equal(mine.array, ct.array))
        self.assertEqual({(f.code, f.level) for f in mine.findings}, {(f.code, f.level) for f in ct.findings})
        seen = sitk.DICOMOrient(volumes.image_of(self.session.volume), "LPS")
        self.assertTrue(np.array_equal(sitk.GetArrayFromImage(seen), mine.array))
        if self.session.segmentation is not None:
            got = sitk.GetArrayFromImage(segments.canonical_label_map(self.session.segmentation, self.volume))
            self.assertTrue(np.array_equal(got, drawn.array))

    # The button

    def test_it_is_there_where_the_slices_withhold_and_a_plan_exists(self):
        self.load()
        self.assertTrue(self.ui.slabsButton.isVisible() and self.ui.slabsButton.isEnabled())
        self.assertEqual(self.ui.slabsButton.text, "To 5 mm slabs")
        self.load(step=1.25)
        self.assertEqual(self.ui.slabsButton.text, "To 5 mm slabs")

    def test_it_is_not_there_where_the_slices_are_the_protocol_s(self):
        PanelCase.load(self)
        self.assertFalse(self.ui.slabsButton.isVisible())

    def test_it_says_why_where_it_does_not_help(self):
        image, _ = phantom.ct_and_labels()
        image.SetSpacing((*phantom.SPACING[:2], 7.0))
        self.ui.volumeSelector.setCurrentNode(volumes.add_volume(image, "thick"))
        self.settle()
        self.assertTrue(self.ui.slabsButton.isVisible())
        self.assertFalse(self.ui.slabsButton.isEnabled())
        self.assertIn("cannot be made thinner", self.ui.slabsButton.toolTip)

    # CT and segments

    def test_ct_and_segments_are_those_of_the_shell(self):
        self.load()
        self.assertEqual(self.codes()["slice_thickness"], "withhold")
        self.session.take_labels(self.labels, ORIGIN)
        self.click()
        self.assertIsNot(self.volume, self.thin)
        self.assertNotIn("Secret", self.volume.GetName())
        self.assertIn("Choose the former one in the list of CTs to go back.", self.ui.messageLabel.text)
        self.assertEqual((self.codes()["slice_thickness"], self.codes()["to_protocol"]), ("pass", "warn"))
        self.assertFalse(self.ui.slabsButton.isVisible())
        self.assert_same_as_in_shell()

    def test_the_plan_is_in_the_record(self):
        self.load()
        self.session.take_labels(self.labels, ORIGIN)
        self.click()
        self.take_features()
        made = self.session.make_record()[0].to_dict()
        told = [finding["code"] for finding in made["findings"]]
        self.assertIn("to_protocol", told)
        self.assertEqual(made["input"]["ct"]["to_protocol"]["slab_mm"], 5.0)
        self.assertEqual(made["input"]["ct"]["to_protocol"]["original"], self.in_shell()[0].identity)

    def test_a_model_s_segments_stay_the_model_s(self):
        self.load()
        self.session.take_labels(self.labels, ORIGIN)
        self.click()
        origin = self.session.mask_origin(SegmentsKind.AUTOMATIC)
        self.assertEqual((origin.drawn, origin.model), (Drawn.MODEL, ORIGIN.model))
        self.assertFalse(self.session.edited)
        self.assertEqual(self.session.kind, SegmentsKind.AUTOMATIC)
        self.assertIn(
            "model_not_for_patients", {f.code for f in self.session.segments(SegmentsKind.AUTOMATIC).findings}
        )

    def test_an_edit_stays_an_edit_and_is_told_by_its_share(self):
        self.load()
        self.session.take_labels(self.labels, ORIGIN)
        self.erase_tumour(slice(0, 14))
        self.session.sign_off("A. Reader")
        share = self.session.mask_origin(SegmentsKind.CORRECTED).changed
        self.click()
        self.assertTrue(self.session.edited)
        self.assertAlmostEqual(self.session.mask_origin(SegmentsKind.CORRECTED).changed, share, places=4)
        self.assertIsNone(self.session.signed)  # another CT on screen, and nobody has looked at it yet

    def test_a_model_s_segments_without_their_copy_are_still_known_as_the_model_s(self):
        self.load()
        self.session.take_labels(self.labels, ORIGIN)
        slicer.mrmlScene.RemoveNode(self.session.automatic)
        self.settle()
        self.click()
        self.assertEqual(self.session.drawn.drawn, Drawn.MODEL)
        self.assertIn(
            "model_not_for_patients", {f.code for f in self.session.segments(SegmentsKind.CORRECTED).findings}
        )

    def test_segments_of_which_nobody_knows_who_drew_them_stay_so(self):
        self.load()
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "own")
        segments.write(node, self.volume, self.labels, "", segments.MANUAL)
        node.GetSegmentation().AddEmptySegment("x", "finding 7")
        mask = (sitk.GetArrayFromImage(self.labels) == 2).astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "x", self.volume)
        self.session.use_existing(node)
        self.settle()
        before = {f.code for f in self.session.segments(SegmentsKind.CORRECTED).findings}
        self.erase_tumour(slice(0, 14))
        self.assertTrue(self.session.state.edited_here)
        self.click()
        self.assertTrue(self.session.state.edited_here)
        after = {f.code for f in self.session.segments(SegmentsKind.CORRECTED).findings}
        self.assertLessEqual({"segments_unknown", "mask_origin_unknown"}, before)
        self.assertLessEqual({"segments_unknown", "mask_origin_unknown"}, after)

    def test_segments_drawn_on_slabs_are_drawn_on_the_slices_and_brought_along(self):
        self.load()
        self.click()
        self.assertEqual(self.session.ct_to_draw_on().image.GetSize()[2], self.image.GetSize()[2])
        self.session.take_labels(self.labels, ORIGIN)
        self.settle()
        self.assert_same_as_in_shell()

    # The patient

    def test_what_is_known_of_the_patient_goes_along_both_ways(self):
        self.load()
        self.take_patient()
        self.session.take_labels(self.labels, ORIGIN)
        pinned = [{"number": 1, "values": {"INR": 1.3, "Radscore": 4.0}}]
        self.session.update(scenarios=pinned)
        thin_segments = self.session.segmentation
        for go in (self.click, lambda: self.ui.volumeSelector.setCurrentNode(self.thin)):
            go()
            self.settle()
            self.assertEqual((self.session.state.values.get("ALB"), self.session.state.values.get("INR")), (38.0, 1.03))
            self.assertTrue(self.session.all_criteria_met)
            self.assertEqual(self.session.confirmed_phase["value"], "portal venous")
        self.assertIs(self.session.volume, self.thin)
        self.assertIs(self.session.segmentation, thin_segments)
        self.assertEqual(self.session.mask_origin(SegmentsKind.AUTOMATIC).drawn, Drawn.MODEL)
        self.assertEqual(self.session.state.scenarios, pinned)
        self.assertEqual(self.codes()["slice_thickness"], "withhold")

    def test_what_was_pinned_with_another_signature_does_not_come_back_with_the_slices(self):
        self.load()
        self.session.update(scenarios=[{"number": 1, "values": {"INR": 1.3, "Radscore": 4.0}}])
        self.click()
        self.panel.radscore.choose_signature("ptlf-demo")
        self.ui.volumeSelector.setCurrentNode(self.thin)
        self.settle()
        self.assertIs(self.session.volume, self.thin)
        self.assertEqual(self.session.state.scenarios, [])

    def test_each_has_its_own_segments_again_however_often_one_goes_to_and_fro(self):
        self.load()
        self.take_patient()
        self.session.take_labels(self.labels, ORIGIN)
        self.erase_tumour(slice(0, 14))
        thin_segments = self.session.segmentation
        self.click()
        slabs_volume, slabs_segments = self.volume, self.session.segmentation
        self.take_features()
        self.session.sign_off("A. Reader")
        volumes_ml, told = dict(self.session.compared.volumes_ml), self.session.mask_origin(SegmentsKind.CORRECTED)
        for _ in range(2):
            for volume, expected in ((self.thin, thin_segments), (slabs_volume, slabs_segments)):
                self.ui.volumeSelector.setCurrentNode(volume)
                self.settle()
                self.assertIs(self.session.segmentation, expected)
                self.assertTrue(expected.GetDisplayNode().GetVisibility())
                self.assertTrue(self.session.edited)
                self.assertIsNone(self.session.signed)
                self.assertEqual(self.session.state.values.get("ALB"), 38.0)
        self.assertFalse(thin_segments.GetDisplayNode().GetVisibility())
        self.assertEqual(dict(self.session.compared.volumes_ml), volumes_ml)
        self.assertEqual(self.session.mask_origin(SegmentsKind.CORRECTED).changed, told.changed)
        self.assertIsNone(self.session.stale(SegmentsKind.CORRECTED))  # the features are of these very segments
        self.session.open()  # as a saved scene brings it
        self.ui.volumeSelector.setCurrentNode(self.thin)
        self.settle()
        self.assertIs(self.session.segmentation, thin_segments)

    def test_segments_that_were_drawn_on_the_slabs_alone_come_back_with_them(self):
        self.load()
        self.click()
        slabs_volume = self.volume
        self.session.take_labels(slabs.apply_labels(self.labels, slab_volumes.plan_of(self.volume)), ORIGIN)
        drawn = self.session.segmentation
        for volume, expected in ((self.thin, None), (slabs_volume, drawn)):
            self.ui.volumeSelector.setCurrentNode(volume)
            self.settle()
            self.assertIs(self.session.segmentation, expected)

    def test_another_patient_s_ct_that_says_it_is_slabs_of_this_one_brings_nothing_along(self):
        self.load()
        self.take_patient()
        self.click()
        array = np.array(slicer.util.arrayFromVolume(self.volume))
        array[3, 70, 84] += 1
        slicer.util.updateVolumeFromArray(self.volume, array)  # its attributes say what they said
        self.ui.volumeSelector.setCurrentNode(self.thin)
        self.settle()
        self.assertEqual(
            (self.session.state.values.get("ALB"), self.session.state.criteria, self.session.state.phase),
            (None, {}, {}),
        )

    def test_slabs_are_not_believed_by_what_they_say(self):
        """A sample case's slices beside a patient's voxels: no sample."""
        self.load()
        known.remember(self.session.ct().identity, 1, {})
        self.click()
        self.assertTrue(self.session.is_sample)  # by its slices
        identity = self.session.ct().identity
        slicer.util.updateVolumeFromArray(self.volume, np.array(slicer.util.arrayFromVolume(self.volume)) + 1)
        self.assertNotEqual(self.session.ct().identity, identity)
        self.assertFalse(self.session.is_sample)

    def test_slabs_without_their_slices_are_used_and_told(self):
        self.load()
        self.session.take_labels(self.labels, ORIGIN)
        self.click()
        slicer.mrmlScene.RemoveNode(self.thin)
        self.settle()
        told = [finding for finding in self.session.ct().findings if finding.code == "to_protocol"]
        self.assertIn("no longer in the scene", told[0].message)
        self.assertEqual(self.session.mask_origin(SegmentsKind.AUTOMATIC).drawn, Drawn.MODEL)

    def test_what_the_files_of_the_slices_say_stays_known_without_them(self):
        series = dicom_series.slices(count=24, step=1.25)
        for one in series:
            one.KVP = "80"
        database = dicom_series.write(dicom_series.folder_of(self, "thin"), series)
        dicom_series.in_place_of_slicer_s(self, database)
        self.thin = database.load()
        self.ui.volumeSelector.setCurrentNode(self.thin)
        self.settle()
        self.assertEqual(self.codes()["kvp"], "withhold")
        self.click()
        before = self.codes()
        self.assertEqual((before["kvp"], before["slice_thickness"]), ("withhold", "pass"))
        self.assertIsNone(self.volume.GetAttribute("DICOM.instanceUIDs"))
        slicer.mrmlScene.RemoveNode(self.thin)
        self.settle()
        self.assertEqual(self.codes(), before)

    def test_a_liver_that_ends_in_the_lowest_slice_stays_cut_off(self):
        self.load()
        array = sitk.GetArrayFromImage(self.labels)
        array[0, 60:64, 60:64] = 1  # the lowest slice alone: half of the lowest slab, which its middle decides
        made = sitk.GetImageFromArray(array)
        made.CopyInformation(self.labels)
        self.session.take_labels(made, ORIGIN)
        told = {f.code for f in self.session.segments(SegmentsKind.AUTOMATIC).findings}
        self.assertIn("truncated_liver", told)
        self.click()
        self.assertIn("truncated_liver", {f.code for f in self.session.segments(SegmentsKind.AUTOMATIC).findings})

    def test_a_sign_off_stays_behind_and_whose_fell_is_told(self):
        self.load()
        self.session.take_labels(self.labels, ORIGIN)
        to_slices = partial(self.ui.volumeSelector.setCurrentNode, self.thin)
        for signs in (True, False):  # on the slabs; the second time the first one's fall stays known
            self.session.sign_off("A. Reader")
            self.click()
            self.assert_fell("A. Reader")
            slab = self.volume
            if signs:
                self.session.sign_off("B. Reader")
            to_slices()
            self.settle()
            self.assert_fell("B. Reader" if signs else "A. Reader")
        self.session.sign_off("C. Reader")
        self.ui.volumeSelector.setCurrentNode(slab)  # slabs that are there already
        self.settle()
        self.assert_fell("C. Reader")

    def assert_fell(self, reader):
        self.assertIsNone(self.session.signed)
        fell = self.session.state.sign_off_fell
        self.assertEqual((fell["reader"], fell["why"]), (reader, FellWhy.OTHER_SLICES))
        if self.session.segmentation is not None:
            text = self.ui.signOffLabel.text
            self.assertTrue(text.startswith(f"Not signed off. {reader}'s sign-off of "), text)
            self.assertTrue(text.endswith(": the CT was shown in other slices."), text)

    def test_pinned_what_ifs_go_along_both_ways_and_the_what_if_that_is_on_does_not(self):
        self.load()
        self.take_patient()
        pinned = [{"number": 1, "values": {"ALB": 30.0}}]
        for go in (self.click, lambda: self.ui.volumeSelector.setCurrentNode(self.thin)):
            self.session.update(scenarios=pinned, what_if=self.session.tried())
            go()
            self.settle()
            self.assertEqual((self.session.state.scenarios, self.session.state.what_if), (pinned, {}))
            self.assertIn("Albumin 30", [row.words for row in scenarios.rows(self.session)][1])

    def test_a_plan_that_cannot_be_is_none(self):
        self.load()
        for text in (
            "{",
            "[]",
            '{"slabs": 3}',
            '{"step_mm": 0, "slices": 4, "slab_mm": 0, "slabs": 42, "count": null}',
        ):
            self.volume.SetAttribute(slab_volumes.PLAN, text)
            self.assertIsNone(slab_volumes.plan_of(self.volume))
            self.assertEqual(self.codes()["slice_thickness"], "withhold")

    def test_it_survives_a_reopened_panel(self):
        self.load()
        self.take_patient()
        self.session.take_labels(self.labels, ORIGIN)
        self.click()
        identity = self.session.ct().identity
        self.session.open()
        self.settle()
        self.assertEqual(self.session.ct().identity, identity)
        self.assertEqual(self.session.state.values.get("ALB"), 38.0)
        self.assertIsNotNone(slabs.plan)
