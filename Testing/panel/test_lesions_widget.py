"""The lesion list: a model also marks cysts; one that is unticked is in neither VOI, and the record says so.

Runs in Slicer and in the stand-in.
"""

from pathlib import Path

import gestures
import numpy as np
import phantom
import qt
import SimpleITK as sitk
import slicer
from panel_case import ORIGIN, PanelCase

from made_signatures import alb_inr
from PTLFPredictorLib import case
from PTLFPredictorLib.mrml import segments, volumes
from PTLFPredictorLib.segmentation.reading import parse_labels, read_segments
from PTLFPredictorLib.signature import load
from PTLFPredictorLib.vois import VOI

CYST, SPECK = np.s_[12:15, 60:70, 70:80], np.s_[3:5, 80:84, 60:66]
"""Beside the phantom's tumour (484 voxels), in its liver: 300 and 48 voxels."""

NAME, VOLUME, DIAMETER, HU = range(4)
RELATIVE = 1e-9


class Lesions(PanelCase):
    def setUp(self):
        super().setUp()
        self.panel.open_sections("segments")
        self.list = self.panel.lesions.list

    def load(self):
        image, labels = phantom.ct_and_labels()
        array = sitk.GetArrayFromImage(labels)
        for place in (CYST, SPECK):
            assert (array[place] == 1).all()
            array[place] = 2
        self.labels = sitk.GetImageFromArray(array)
        self.labels.CopyInformation(labels)
        self.volume = volumes.add_volume(image, "CT of the phantom")
        self.ui.volumeSelector.setCurrentNode(self.volume)
        self.settle()

    def rows(self):
        return [self.list.item(row, NAME).text() for row in range(self.list.rowCount)]

    def ticks(self):
        return [self.list.item(row, NAME).checkState() == qt.Qt.Checked for row in range(self.list.rowCount)]

    def tick(self, row):
        """By the keyboard: to the row, and Space."""
        self.list.setFocus()
        self.list.setCurrentCell(row, NAME)
        gestures.key(self.list, qt.Qt.Key_Space, " ")
        self.settle()

    def array(self):
        return sitk.GetArrayFromImage(self.session.segments(self.session.kind).labels)

    def brush(self, role, place, on):
        node = self.session.segmentation
        identifier = segments.segment_ids(node, role)[0]
        mask = segments.union(node, [identifier], self.volume)
        mask[place] = on
        segments.fill(node, identifier, mask, self.volume)
        gestures.wait_for(lambda: not self.panel._settle.isActive(), 5, "the edit was noticed")
        self.settle()


class TestList(Lesions):
    def test_it_lists_the_lesions_the_largest_first(self):
        self.assertFalse(self.list.isVisible())
        self.draw()
        self.assertTrue(self.list.isVisible())
        self.assertEqual(self.rows(), ["lesion 1", "lesion 2", "lesion 3"])
        self.assertEqual(self.ticks(), [True, True, True])
        expected = [484, 300, 48]
        for row, voxels in enumerate(expected):
            shown = float(self.list.item(row, VOLUME).text())
            self.assertAlmostEqual(shown, voxels * phantom.VOXEL_ML, delta=0.05)
        hu = [int(self.list.item(row, HU).text()) for row in range(3)]
        self.assertTrue(abs(hu[0] - 70) <= 2 and abs(hu[1] - 108) <= 2, hu)  # as the phantom was made
        counted = self.session.lesions.listed()
        self.assertEqual([self.list.item(row, DIAMETER).text() for row in range(3)],
                         [f"{one.diameter_mm:.0f}" for one in counted])  # fmt: skip
        self.assertTrue(self.panel.segments.summary().endswith(" mL, 3 lesions"))

        self.ui.volumeSelector.setCurrentNode(None)
        self.settle()
        self.assertEqual(self.session.lesions.listed(), ())
        self.assertFalse(self.list.isVisible())

    def test_enter_and_a_click_show_the_lesion_in_every_slice_view(self):
        self.draw()
        views = {}
        for name in ("Axial", "Coronal"):
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSliceNode")
            node.UnRegister(None)
            node.SetLayoutName(f"Lesions{name}")
            views[name] = slicer.mrmlScene.AddNode(node)
            views[name].SetOrientation(name)
        for row, lesion in enumerate(self.session.lesions.listed()):
            if row % 2:
                self.list.setCurrentCell(row, NAME)
                gestures.key(self.list, qt.Qt.Key_Return)
            else:
                place = self.list.visualItemRect(self.list.item(row, VOLUME)).center()
                gestures.press(self.list.viewport(), place.x(), place.y())
                gestures.release(self.list.viewport(), place.x(), place.y())
            self.settle()
            self.assertAlmostEqual(views["Axial"].GetSliceOffset(), lesion.place[2], places=3)
            self.assertAlmostEqual(abs(views["Coronal"].GetSliceOffset()), abs(lesion.place[1]), places=3)
            self.assertEqual(self.ticks(), [True, True, True])  # to look is not to tick

    def test_every_row_says_itself_and_the_list_fits_the_narrow_panel(self):
        self.draw()
        self.assertEqual(self.list.accessibleName, "Lesions")
        self.assertIn("Untick", self.list.toolTip)
        said = self.list.item(1, NAME).data(qt.Qt.AccessibleTextRole)
        self.assertTrue(said.startswith("lesion 2: 1.4 mL, 13 mm, 10"), said)
        for width in (340, 413, 560, 900):
            self.container.resize(width, 1200)
            self.settle()
            self.assertLessEqual(self.list.minimumSizeHint.width(), 300)
            columns = sum(self.list.columnWidth(column) for column in range(4))
            self.assertLessEqual(columns, self.list.viewport().width, width)

    def test_many_specks_scroll_and_the_rest_is_summed_up(self):
        self.load()
        array = sitk.GetArrayFromImage(self.labels)
        specks = array[4:12:2, 30:86:4, 30:86:6]
        specks[specks == 1] = 2
        image = sitk.GetImageFromArray(array)
        image.CopyInformation(self.labels)
        self.session.take_labels(image, ORIGIN)
        self.settle()
        found = self.session.lesions.listed()
        self.assertGreater(len(found), 100)
        self.assertEqual(self.list.rowCount, 50)
        self.assertIn(f"and {len(found) - 50} smaller ones, ", self.panel.lesions.rest.text)
        self.assertLess(self.list.height, 8 * self.list.rowHeight(0) + 10)


class TestTick(Lesions):
    def test_unticked_it_is_in_neither_voi(self):
        self.draw()
        before = self.array()
        self.tick(1)
        self.assertEqual(self.rows(), ["lesion 1", "lesion 2, not counted", "lesion 3"])
        self.assertEqual(self.ticks(), [True, False, True])
        expected = before.copy()
        expected[CYST] = 3
        self.assertTrue(np.array_equal(self.array(), expected))
        masks = {voi: sitk.GetArrayFromImage(mask) for voi, mask in self.session.segments("corrected").vois.items()}
        self.assertFalse(masks[VOI.TUMOUR][CYST].any() or masks[VOI.PARENCHYMA][CYST].any())
        self.assertTrue(self.panel.segments.summary().endswith(" mL, 2 lesions"))
        measured = self.session.compared.volumes_ml
        self.assertAlmostEqual(measured["liver"], phantom.VOXELS["liver"] * phantom.VOXEL_ML)
        self.assertAlmostEqual(measured["excluded"], 300 * phantom.VOXEL_ML)

    def test_ticked_again_everything_is_as_it_was(self):
        self.draw()
        before, hashes = self.array(), self.session.hashes("corrected")
        for row in (1, 0, 2, 1, 0, 2):
            self.tick(row)
        self.assertTrue(np.array_equal(self.array(), before))
        self.assertEqual(self.session.hashes("corrected"), hashes)
        self.assertFalse(self.session.edited)
        self.assertEqual(self.session.segmentation.GetSegmentation().GetSegmentIDs(), ("liver", "tumor"))

    def test_it_is_an_edit_and_the_sign_off_falls(self):
        self.draw()
        self.take_features()
        self.session.sign_off("A. Reader")
        self.tick(1)
        self.assertIsNone(self.session.signed)
        self.assertEqual(self.session.state.sign_off_fell["why"], "lesions")
        self.assertIsNotNone(self.session.stale(self.session.kind))
        share = self.session.segments("corrected").origin.changed
        self.assertAlmostEqual(share, 300 / phantom.VOXELS["liver"])
        self.tick(1)
        self.assertIsNone(self.session.signed)  # what fell is fallen
        self.assertIsNone(self.session.stale(self.session.kind))  # and what was computed fits again

    def test_the_editor_s_undo_takes_a_tick_back_alone(self):
        self.draw()
        editor = self.panel.correction.editor
        editor.saveStateForUndo()
        self.brush("tumor", SPECK, False)
        self.tick(1)
        editor.undo()
        gestures.wait_for(lambda: not self.panel._settle.isActive(), 5, "the undo was noticed")
        self.settle()
        self.assertEqual(self.ticks(), [True, True])
        self.assertEqual((self.array() == 2).sum(), 484 + 300)

    def test_the_last_stroke_wins(self):
        self.draw()
        self.tick(1)
        part = np.s_[12:13, 60:70, 70:75]
        self.brush("tumor", part, True)
        self.assertTrue((self.array()[part] == 2).all())
        self.brush("excluded", part, True)
        self.assertTrue((self.array()[part] == 3).all())
        self.brush("tumor", CYST, True)
        self.assertEqual(self.ticks(), [True, True, True])

    def test_a_tick_that_comes_too_late_does_nothing(self):
        """After a stroke on that lesion that the panel has not looked at yet; after another CT was chosen."""
        self.draw()
        old, node = self.session.lesions.listed(), self.session.segmentation
        mask = segments.union(node, ["tumor"], self.volume)
        mask[12:13, 60:70, 70:80] = False
        segments.fill(node, "tumor", mask, self.volume)
        self.assertFalse(self.session.lesions.count(old[1], False))
        self.settle()
        self.assertEqual((self.array() == 3).sum(), 0)
        self.assertTrue(self.session.lesions.count(old[0], False))  # the stroke was not on this one
        self.ui.volumeSelector.setCurrentNode(None)
        self.panel.lesions.count(old[2], False)
        self.assertTrue((segments.union(node, ["tumor"], self.volume)[SPECK]).all())

    def test_a_new_run_does_not_write_over_it_and_restoring_does(self):
        self.draw()
        self.tick(1)
        self.assertFalse(self.session.take_labels(self.labels, ORIGIN))
        self.settle()
        self.assertEqual(self.ticks(), [True, False, True])
        self.session.decide_second(keep=True)
        self.session.restore_automatic()
        self.settle()
        self.assertEqual(self.ticks(), [True, True, True])
        self.assertFalse(self.session.edited)


class TestRecord(Lesions):
    def unticked(self, reader):
        self.draw()
        self.type(self.ui.readerEdit, reader)
        self.tick(1)

    def test_without_a_name_whoever_signs_answers_for_it(self):
        self.unticked("")
        self.assertIsNone(self.session.segments("corrected").left_out_by)
        self.session.sign_off("B. Reader")
        self.assertEqual(self.session.segments("corrected").left_out_by.reader, "B. Reader")

    def test_the_record_says_it_and_the_shell_computes_the_same_of_the_saved_segments(self):
        self.unticked("A. Reader")
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.3")
        self.take_features()
        made, segs = self.session.make_record()
        self.assertEqual(made.segmentation.excluded.lesions.count, 1)
        self.assertEqual(made.segmentation.excluded.by.reader, "A. Reader")
        self.assertEqual(made.segmentation.lesions.count, 2)
        self.assertAlmostEqual(made.segmentation.volumes_ml["excluded"], 300 * phantom.VOXEL_ML)
        note = next(f for f in made.findings if f.code == "lesions_left_out")
        self.assertTrue(note.message.startswith("A. Reader left out 1 lesion"), note.message)
        folder = Path(self.folder.name)
        sitk.WriteImage(volumes.image_of(self.volume), str(folder / "ct.nrrd"))
        self.assertTrue(slicer.util.saveNode(self.session.segmentation, str(folder / "a.seg.nrrd")))
        sitk.WriteImage(segments.label_map(self.session.segmentation, self.volume), str(folder / "labels.nii.gz"))
        said = parse_labels("excluded=3")
        read = read_segments(folder / "labels.nii.gz", self.session.ct(), said)
        self.assertTrue(np.array_equal(read.array, segs.array))
        question = case.Question(load(self.session.desk.signature), alb_inr(43.6, 1.3))
        found = case.run(case.Sources(folder / "ct.nrrd", folder / "a.seg.nrrd"), question, folder / "predict")
        self.assertEqual(found.segmentation.sha256, made.segmentation.sha256)
        self.assertEqual(found.segmentation.volumes_ml, made.segmentation.volumes_ml)
        self.assertEqual(found.segmentation.excluded.lesions, made.segmentation.excluded.lesions)
        self.assertAlmostEqual(found.segmentation.origin.changed, made.segmentation.origin.changed)
        self.assertEqual(found.segmentation.origin.model["id"], "test-model")
        self.assertEqual(len(found.features), len(made.features))
        for ours, theirs in zip(made.features, found.features, strict=True):
            self.assertEqual((ours.voi, ours.feature), (theirs.voi, theirs.feature))
            self.assertLessEqual(abs(ours.value - theirs.value), RELATIVE * abs(theirs.value))
        written = read_segments(folder / "predict" / "labels.nii.gz", self.session.ct())
        self.assertTrue(np.array_equal(written.array, segs.array))  # its own file is read without a word

    def test_it_stays_in_a_saved_scene(self):
        self.unticked("A. Reader")
        before = self.session.segments("corrected")
        self.save_close_and_load()
        self.volume = self.session.volume
        self.assertEqual(self.ticks(), [True, False, True])
        again = self.session.segments("corrected")
        self.assertEqual((again.sha256, again.left_out_by), (before.sha256, before.left_out_by))
        self.assertEqual(again.findings, before.findings)
        self.tick(1)
        self.assertFalse(self.session.edited)

    def test_in_slabs_it_is_left_out_too_and_back(self):
        image, labels = phantom.ct_and_labels()
        array = np.repeat(sitk.GetArrayFromImage(labels), 4, axis=0)
        array[48:60, 60:70, 70:80] = 2
        thin = sitk.GetImageFromArray(np.repeat(sitk.GetArrayFromImage(image), 4, axis=0))
        for one in (thin, found := sitk.GetImageFromArray(array)):
            one.SetSpacing((0.95, 0.95, 1.25))
            one.SetOrigin(labels.GetOrigin())
        self.volume = volumes.add_volume(thin, "CT")
        self.ui.volumeSelector.setCurrentNode(self.volume)
        self.settle()
        self.session.take_labels(found, ORIGIN)
        self.settle()
        self.type(self.ui.readerEdit, "A. Reader")
        self.tick(1)
        thin_hashes = self.session.hashes("corrected")
        self.session.to_slabs()
        self.settle()
        self.volume = self.session.volume
        self.assertEqual(self.ticks(), [True, False])
        self.assertTrue((self.array()[CYST] == 3).all())
        self.assertEqual(self.session.segments("corrected").left_out_by.reader, "A. Reader")
        self.tick(1)
        self.assertFalse(self.session.edited)  # as the model's segments in slabs
        self.session.select_volume(slicer.util.getNode("CT"))
        self.settle()
        self.assertEqual(self.session.hashes("corrected"), thin_hashes)
        self.assertEqual(self.ticks(), [True, False])
