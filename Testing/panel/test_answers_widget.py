"""The contrast phase that a reader answers, and whose segments they are.  Runs in Slicer and in the stand-in."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import gestures
import numpy as np
import panel_case
import phantom
import qt
import SimpleITK as sitk
import slicer
from panel_case import ORIGIN, PanelCase

from PTLFPredictorLib.measures.radiomics import extract
from PTLFPredictorLib.mrml import adoption, segments, volumes
from PTLFPredictorLib.sample import known
from PTLFPredictorLib.segmentation import ledger
from PTLFPredictorLib.segmentation.origin import Drawn, Known
from PTLFPredictorLib.vois import VOI


class Answers(PanelCase):
    def setUp(self):
        super().setUp()
        self.panel.open_sections("segments", "radscore", "nomogram", "report")

    def own(self, *lesions, name="from the colleague"):
        """A reader's own segmentation: Leber, and one segment per lesion (name, slices of the phantom's tumour)."""
        labels = sitk.GetArrayFromImage(self.labels)
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        node.CreateDefaultDisplayNodes()
        node.SetReferenceImageGeometryParameterFromVolumeNode(self.volume)
        for title, slices in (("Leber", None), *lesions):
            mask = (labels > 0 if slices is None else labels == 2).astype(np.uint8)
            if slices is not None:
                mask[: slices.start], mask[slices.stop :] = 0, 0
            identifier = node.GetSegmentation().AddEmptySegment("", title)
            slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, identifier, self.volume)
        return node

    def use(self, node):
        self.settle()
        self.ui.existingSelector.setCurrentNode(node)
        self.ui.againButton.checked = True  # there may be segments already
        self.settle()
        gestures.click(self.ui.useExistingButton)
        self.settle()

    def reader(self, name="A. Reader"):
        self.type(self.ui.readerEdit, name)


class TestPhase(Answers):
    def test_a_reader_says_which_phase_it_is_with_name_time_and_what_was_measured(self):
        self.draw()
        self.take_features()
        self.reader()
        self.ui.phaseSelector.currentIndex = 3
        self.settle()
        said = self.session.confirmed_phase
        self.assertEqual((said["value"], said["reader"]), ("portal venous", "A. Reader"))
        self.assertRegex(said["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]")
        self.assertAlmostEqual(said["measured"]["liver_hu"], 108, delta=3)
        (told,) = [f.message for f in self.panel.questions.phase_finding._shown]
        when = r"\d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d"
        self.assertRegex(told, rf"liver 10\d HU, .*A\. Reader confirmed the portal venous phase \({when}")
        self.assertEqual(self.ui.phaseStatus.text, "")  # not told twice

    def test_without_a_name_nothing_is_answered_and_the_name_is_asked_for(self):
        self.load()
        self.settle()
        self.ui.phaseSelector.currentIndex = 3
        self.settle()
        self.assertEqual(self.session.confirmed_phase, {})
        self.assertEqual(self.ui.phaseSelector.currentIndex, 0)
        self.assertIn("Who answers for the contrast phase? Give the reader's name.", self.ui.phaseStatus.text)
        self.assertTrue(self.ui.readerEdit.hasFocus())

    def test_an_answer_is_of_this_very_ct(self):
        self.load()
        self.reader()
        self.ui.phaseSelector.currentIndex = 3
        self.settle()
        array = slicer.util.arrayFromVolume(self.volume)
        array[0, 0, 0] += 1  # another CT in the same node, as a sequence browser does
        slicer.util.arrayFromVolumeModified(self.volume)
        self.panel.refresh()
        self.assertEqual(self.session.confirmed_phase, {})
        self.assertEqual(self.ui.phaseSelector.currentIndex, 0)

    def test_an_answer_can_be_taken_back(self):
        self.load()
        self.reader()
        for index in (3, 0):
            self.ui.phaseSelector.currentIndex = index
            self.settle()
        self.assertEqual(self.session.confirmed_phase, {})

    def test_answers_go_with_their_ct_and_the_reader_stays(self):
        self.load()
        self.reader()
        self.ui.phaseSelector.currentIndex = 3
        self.assertTrue(self.session.state.phase)
        image, _labels = panel_case.phantom.ct_and_labels(seed=6)
        self.ui.volumeSelector.setCurrentNode(volumes.add_volume(image, "next"))
        self.settle()
        self.assertEqual((self.session.state.phase, self.session.state.mask_origin), ({}, {}))
        self.assertEqual(self.ui.readerEdit.text, "A. Reader")

    def test_without_a_ct_nothing_is_asked(self):
        self.assertFalse(self.ui.phaseSelector.enabled)
        self.assertFalse(self.ui.allMetButton.enabled)


class TestWhoseSegments(Answers):
    def test_a_readers_own_segments_are_used_in_place_and_the_editor_edits_what_counts(self):
        self.load()
        node = self.own(("HCC", slice(0, 14)))
        self.use(node)
        self.assertIs(self.session.segmentation, node)
        self.assertEqual(node.GetSegmentation().GetNumberOfSegments(), 2)
        self.assertIn("Liver: Leber; tumour: HCC", self.ui.segmentationLabel.text)
        self.assertNotIn("Not counted", self.ui.segmentationLabel.text)
        self.assertIs(self.panel.correction.editor.segmentationNode(), node)
        self.session.sign_off("A. Reader")
        self.take_features()
        self.assertIsNone(self.session.stale(self.session.kind))
        tumour = node.GetSegmentation().GetSegmentIdBySegmentName("HCC")
        array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, tumour, self.volume))
        array[:7] = 0
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, tumour, self.volume)
        gestures.wait_for(lambda: not self.panel._settle.isActive(), 5, "the edit was noticed")
        self.settle()
        self.assertIn("STALE", self.ui.staleLabel.text)
        self.assertIn("Not signed off.", self.ui.signOffLabel.text)
        volume_ml = array.sum() * phantom.VOXEL_ML
        self.assertAlmostEqual(segments.compare(node).volumes_ml["tumor"], volume_ml)
        self.assertIn(f"{volume_ml:.1f}", self.ui.volumesLabel.text)

    def test_several_lesions_count_as_their_union_and_stay_apart(self):
        self.load()
        node = self.own(("HCC 1", slice(0, 6)), ("HCC 2", slice(6, 14)))
        self.use(node)
        self.assertEqual(node.GetSegmentation().GetNumberOfSegments(), 3)
        self.assertIn("tumour: HCC 1, HCC 2", self.ui.segmentationLabel.text)
        self.take_features()
        one = self.session.segments("corrected")
        np.testing.assert_array_equal(one.array, sitk.GetArrayFromImage(self.labels))

    def test_a_segment_that_counts_as_nothing_withholds_and_is_named(self):
        self.load()
        self.use(self.own(("HCC", slice(0, 6)), ("finding 7", slice(6, 14))))
        found = {f.code: f for f in self.session.segments("corrected").findings}
        self.assertEqual(found["segments_unknown"].level, "withhold")
        self.assertNotIn("finding 7", found["segments_unknown"].message)  # free text stays out of the record
        self.assertIn("Not counted: finding 7", self.ui.segmentationLabel.text)

    def test_every_segment_that_counts_withholds_nothing(self):
        self.load()
        self.use(self.own(("HCC", slice(0, 14))))
        self.assertNotIn("segments_unknown", {f.code for f in self.session.segments("corrected").findings})

    def test_of_a_sample_or_by_a_model_for_patients_nothing_is_warned_of(self):
        self.load()
        own = replace(ORIGIN, model={**ORIGIN.model, "for_patients": True, "warning": ""})
        self.session.take_labels(self.labels, own)
        self.settle()
        self.assertEqual(self.ui.originStatus.text, "Drawn by the model Test model.")
        known.remember(self.session.ct().identity, 11, {})
        self.ui.volumeSelector.setCurrentNode(None)
        self.draw()
        self.assertTrue(self.session.is_sample)
        self.assertEqual(self.ui.originStatus.text, "Drawn by the model Test model.")

    def test_who_drew_them_is_asked_only_where_it_is_unknown(self):
        self.draw()
        self.settle()
        self.assertFalse(self.ui.originSelector.isVisible())
        self.assertEqual(self.ui.originStatus.text, "Drawn by the model Test model. Not for patients.")
        self.take_features()  # now the findings say it
        self.assertIn("Not for patients.", [one.message for one in self.session.findings_of_segments()])
        self.assertEqual(self.ui.originStatus.text, "Drawn by the model Test model.")
        self.use(self.own(("HCC", slice(0, 14))))
        self.assertFalse(self.ui.originSelector.isVisible())  # the model's voxels are known, whatever they are called
        self.assertEqual(self.session.segments("corrected").origin.known, Known.LEDGER)
        shutil.rmtree(ledger.folder())
        self.use(self.own(("HCC", slice(0, 14))))
        self.assertTrue(self.ui.originSelector.isVisible())
        self.assertEqual(self.session.segments("corrected").origin.drawn, Drawn.UNKNOWN)

    def test_a_reader_says_that_they_were_drawn_by_hand(self):
        self.load()
        self.use(self.own(("HCC", slice(0, 14))))
        self.ui.originSelector.currentIndex = 1
        self.settle()
        self.assertIn("Who answers for the origin of these segments?", self.ui.originStatus.text)
        self.assertEqual(self.ui.originSelector.currentIndex, 0)
        self.reader()
        self.ui.originSelector.currentIndex = 1
        self.settle()
        origin = self.session.segments("corrected").origin
        self.assertEqual((origin.drawn, origin.known, origin.named.reader), (Drawn.HAND, Known.READER, "A. Reader"))
        self.assertIn("A. Reader, 2", self.ui.originStatus.text)

    def test_a_reader_says_which_model_drew_them(self):
        self.load()
        self.use(self.own(("HCC", slice(0, 14))))
        self.reader()
        self.ui.originSelector.currentIndex = 2
        self.settle()
        origin = self.session.segments("corrected").origin
        model = self.panel.models.models[0]
        self.assertEqual((origin.drawn, origin.known), (Drawn.MODEL, Known.READER))
        self.assertEqual(origin.model["sha256"], model.sha256)

    def test_a_reader_s_word_never_lifts_what_the_segments_say_themselves(self):
        self.draw()
        self.reader()
        self.session.name_mask_origin("hand", "A. Reader")
        self.assertEqual(self.session.segments("automatic").origin.drawn, Drawn.MODEL)

    def test_a_model_s_segments_are_known_again_whatever_way_they_come_back(self):
        """Used once more, cloned, in a saved scene."""
        self.draw()
        node = self.session.segmentation
        clone = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "a clone")
        clone.Copy(node)
        clone.SetName("a clone")
        for one in (node, clone):
            self.use(one)
            origin = self.session.segments(self.session.kind).origin
            self.assertEqual(origin.model["id"], "test-model")
            self.assertEqual(origin.changed, 0)
        self.save_close_and_load()
        self.ui.volumeSelector.setCurrentNode(None)
        self.ui.volumeSelector.setCurrentNode(slicer.util.getNode("CT of the phantom"))
        self.use(slicer.util.getNode("a clone"))
        self.assertEqual(self.session.segments(self.session.kind).origin.model["id"], "test-model")

    def test_the_share_that_a_reader_changed_and_the_sign_off_stand_in_the_origin(self):
        self.draw()
        self.erase_tumour()
        origin = self.session.segments("corrected").origin
        share = segments.compare(self.session.segmentation, self.session.automatic).changed
        self.assertEqual(origin.changed, share)
        self.assertTrue(0 < share < 0.2, share)
        self.assertIsNone(origin.sign_off)
        self.session.sign_off("A. Reader")
        self.assertEqual(self.session.segments("corrected").origin.sign_off.reader, "A. Reader")
        self.assertIsNone(self.session.segments("automatic").origin.sign_off)  # they are not what was signed
        self.assertEqual(self.session.segments("automatic").origin.changed, 0)

    def test_an_answer_after_the_computation_counts_at_once(self):
        self.draw()
        self.erase_tumour()
        self.take_features()
        self.session.sign_off("A. Reader")
        self.settle()
        shown = self.session.findings()
        made = self.session.make_record()[0].to_dict()
        self.assertLessEqual({f.message for f in shown}, {f["message"] for f in made["findings"]})

    def test_a_sign_off_falls_with_the_ct_under_it(self):
        self.draw()
        self.session.sign_off("A. Reader")
        self.volume.SetSpacing(*phantom.SPACING[:2], 4.0)
        self.panel.refresh()
        self.assertIsNone(self.session.signed)
        self.assertIn("Not signed off.", self.ui.signOffLabel.text)


class TestWhatIsCurrent(Answers):
    """Nothing on the panel is of an earlier signature file, hidden copy or count of voxels."""

    def ready(self):
        self.draw()
        self.type(self.ui.albEdit, "38")
        self.type(self.ui.inrEdit, "1.03")
        self.take_features()
        self.choose("complete", origin="site")
        self.answer_criteria()

    def write(self, name, change):
        """The chosen signature's file anew, with its id, under a name."""
        data = dict(self.session.signature.data)
        change(data)
        path = os.path.join(self.folder.name, f"{name}.json")
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(data, stream)
        return path

    def test_two_signatures_of_one_id_look_at_the_ct_each_with_its_own_protocol(self):
        self.ready()
        self.assertRegex(self.ui.riskLabel.text, r"^Predicted risk of PTLF \d")
        stricter = self.write("stricter", lambda data: data["input"].update(in_plane_spacing_mm=[0.6, 0.7]))
        self.panel.radscore.choose_signature(stricter)
        self.answer_criteria()
        self.assertIn("in_plane_spacing", {f.code for f in self.session.ct().findings if f.level == "withhold"})
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")

    def test_a_file_that_was_written_anew_is_read_anew_when_it_is_chosen_again(self):
        self.ready()
        before = self.session.patient().prediction.risk
        path = self.session.desk.signature

        def without_evidence(data):
            data.pop("evidence")

        self.assertEqual(self.write("complete", without_evidence), path)
        self.panel.radscore.choose_signature(path)
        self.answer_criteria()
        self.assertIsNotNone(before)
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")
        self.assertIn("The file has no evidence", self.ui.riskStatus.text)

    def test_a_phase_that_a_reader_confirmed_stays_with_a_signature_that_clips_otherwise(self):
        self.load()
        self.session.confirm_phase("portal venous", "A. Reader")
        self.panel.radscore.choose_signature(
            self.write("clips", lambda data: data["extraction"].update(clip_hu=[-150, 250]))
        )
        self.settle()
        self.assertEqual(self.session.confirmed_phase["value"], "portal venous")

    def test_what_the_record_finds_stands_on_the_panel_too(self):
        """A tumour of a few voxels, of which no feature can be computed."""
        self.load()
        array = sitk.GetArrayFromImage(self.labels)
        centre = tuple(np.argwhere(array == 2).mean(axis=0).astype(int))
        array[array == 2] = 1
        array[centre] = 2
        labels = sitk.GetImageFromArray(array)
        labels.CopyInformation(self.labels)
        self.session.take_labels(labels, panel_case.ORIGIN)
        self.settle()
        session, chosen = self.session, self.session.signature
        begun = session.to_be_computed("automatic", session.segments("automatic"))
        voi = VOI.PARENCHYMA
        parenchyma = session.segments("automatic").vois[voi]
        vectors = extract(session.ct().image, {voi: parenchyma}, {voi: chosen.wanted[voi]}, chosen.extraction)
        path = Path(self.folder.name, "features.json")
        path.write_text(json.dumps([vector.to_dict() for vector in vectors.values()]), encoding="utf-8")
        session.take_features("automatic", begun, path, 1.0)
        self.settle()
        made = session.make_record()[0].to_dict()
        self.assertIn("tumor_features", {f["code"] for f in made["findings"]})
        self.assertIn("tumor_features", {f.code for f in session.findings()})


class TestHowOftenTheLedgerIsRead(Answers):
    def test_once_for_what_is_computed_and_never_for_a_stroke_or_a_refresh(self):
        """It holds up to 10 000 masks; a stroke must not wait for them, nor leave an entry behind."""
        self.load()
        self.session.take_labels(self.labels, panel_case.ORIGIN)
        slicer.mrmlScene.RemoveNode(self.session.automatic)
        self.settle()
        self.take_features()
        reads, real = [], ledger.find
        ledger.find = lambda *given: reads.append(given) or real(*given)
        self.addCleanup(setattr, ledger, "find", real)
        entries = len(os.listdir(ledger.folder()))
        for k in (5, 6, 7):
            self.panel.refresh()
            self.erase_tumour(slice(k, k + 1))
        self.assertEqual(reads, [])
        self.assertEqual(len(os.listdir(ledger.folder())), entries)
        self.take_features()
        self.assertGreater(len(reads), 0)
        reads.clear()
        self.panel.refresh()
        self.assertEqual(reads, [])


class TestPlace(Answers):
    def test_segments_of_another_ct_are_asked_about_and_used_when_the_reader_says_so(self):
        self.load()
        image, _labels = panel_case.phantom.ct_and_labels(seed=6)
        image.SetOrigin((-31.5, -30.0, 120.0))
        ours = self.volume
        self.volume = volumes.add_volume(image, "Mueller^Karl")
        node = self.own(("HCC", slice(0, 14)))
        self.volume = ours
        self.use(node)
        self.assertIsNone(self.session.segmentation)
        self.assertTrue(self.ui.placeFrame.isVisible())
        self.assertIn("their grid lies 4.5 mm off this one's", self.ui.placeLabel.text)
        self.assertNotIn("Mueller", self.ui.placeLabel.text)
        gestures.click(self.ui.sameButton)
        self.settle()
        self.assertFalse(self.ui.placeFrame.isVisible())
        self.assertIsNotNone(self.session.segmentation)
        found = {f.code: f.level for f in self.session.segments("corrected").findings}
        self.assertEqual(found[adoption.OTHER_CT], "warn")

    def test_segments_far_off_are_refused_with_a_sentence(self):
        self.load()
        image, _labels = panel_case.phantom.ct_and_labels(seed=6)
        image.SetOrigin((464.0, -30.0, 120.0))
        ours = self.volume
        self.volume = volumes.add_volume(image, "far")
        node = self.own(("HCC", slice(0, 14)))
        self.volume = ours
        self.use(node)
        self.assertIsNone(self.session.segmentation)
        self.assertFalse(self.ui.placeFrame.isVisible())
        self.assertIn("do not lie on this CT", self.ui.segmentStatus.text)


assert panel_case  # the cases above start from it


class TestWords(Answers):
    def test_the_panel_tells_nobody_what_to_type_in_a_shell(self):
        self.load()
        self.use(self.own(("HCC", slice(0, 14))))
        self.take_features()
        told = [f.message for f in self.session.segments("corrected").findings]
        self.assertTrue(any("--mask-origin" in message for message in told))  # the library's sentence serves both
        texts = [label.text for label in self.container.findChildren(qt.QLabel)]
        self.assertTrue(any("Nobody has said who drew these segments" in text for text in texts))
        self.assertEqual([text for text in texts if "--" in text], [])
