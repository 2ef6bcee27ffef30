"""What readers do to the panel in the course of a day.  Runs in Slicer and in the stand-in."""

import json
import os

import gestures
import numpy as np
import panel_case
import phantom
import qt
import slicer
import vtk
from panel_case import ORIGIN, PanelCase, labels_of

from PTLFPredictorLib import signature
from PTLFPredictorLib.mrml import segments, volumes
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.panel.session import SECOND_ROLE


class TestOtherPatients(PanelCase):
    """Nothing of one patient may be read as another's."""

    def second_ct(self):
        image, _labels = panel_case.phantom.ct_and_labels(seed=6)
        return volumes.add_volume(image, "CT of the next patient")

    def test_another_ct_drops_the_laboratory_values_and_the_answers_and_says_so(self):
        self.draw()
        criterion = self.session.signature.eligibility[0].id
        self.session.update(values={"ALB": 43.6, "INR": 1.09}, answers={criterion: True, "bilirubin_umol_per_l": 20.0})
        self.ui.volumeSelector.setCurrentNode(self.second_ct())
        self.settle()
        state = self.session.state
        self.assertEqual((state.values.get("ALB"), state.values.get("INR"), state.answers), (None, None, {}))
        self.assertIsNone(self.session.segmentation)
        self.assertIn("albumin, INR and eligibility", self.ui.messageLabel.text)
        self.assertEqual(self.ui.albEdit.text, "")

    def test_the_chosen_ct_is_the_one_in_the_slice_views(self):
        if not slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode"):
            slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
        self.load()
        for volume in (self.volume, self.second_ct()):
            self.ui.volumeSelector.setCurrentNode(volume)
            self.settle()
            for node in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
                self.assertEqual(node.GetBackgroundVolumeID(), volume.GetID())

    def test_values_that_were_typed_before_the_first_ct_stay(self):
        self.session.update(values={"ALB": 43.6, "INR": 1.09})
        self.load()
        self.assertEqual((self.session.state.values.get("ALB"), self.session.state.values.get("INR")), (43.6, 1.09))
        self.assertIn("entered before a CT was chosen counts for this one", self.ui.messageLabel.text)

    def test_a_ct_that_is_deleted_takes_its_patient_with_it(self):
        other = self.second_ct()
        self.draw()
        self.session.update(values={"ALB": 43.6, "INR": 1.09})
        slicer.mrmlScene.RemoveNode(self.volume)
        self.settle()
        self.assertIn(self.session.volume, (None, other))  # qMRMLNodeComboBox goes to the row above
        self.assertIs(self.ui.volumeSelector.currentNode(), self.session.volume)
        self.assertIsNone(self.session.segmentation)
        self.assertEqual((self.session.state.values.get("ALB"), self.session.state.values.get("INR")), (None, None))

    def test_label_maps_are_not_offered_as_a_ct(self):
        self.load()
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "mask")
        self.settle()
        self.assertEqual(self.ui.volumeSelector.nodeCount(), 1)

    def test_adding_another_scene_leaves_the_panel_as_it_is(self):
        self.draw()
        self.session.update(values={"ALB": 43.6, "INR": 1.09})
        self.session.sign_off("A. Reader")
        node = self.session.segmentation
        other = slicer.vtkMRMLScene()
        other.AddNewNodeByClass("vtkMRMLModelNode", "a model")
        path = os.path.join(self.folder.name, "other.mrml")
        other.SetURL(path)
        other.Commit()
        slicer.util.loadScene(path)
        self.settle()
        self.assertIs(self.session.volume, self.volume)
        self.assertIs(self.session.segmentation, node)
        self.assertEqual((self.session.state.values.get("ALB"), self.session.state.values.get("INR")), (43.6, 1.09))
        self.assertEqual(self.session.state.sign_off["reader"], "A. Reader")
        self.assertIs(self.ui.volumeSelector.currentNode(), self.volume)


class TestEdits(PanelCase):
    def brush(self, mode, identifier, box):
        """What an effect of the Segment Editor does at the end of a stroke."""
        node = self.session.segmentation
        editor_node = self.panel.correction.editor.mrmlSegmentEditorNode()
        editor_node.SetSelectedSegmentID(identifier)
        shape = self.volume.GetImageData().GetDimensions()[::-1]
        mask = np.zeros(shape, np.uint8)
        mask[box] = 1
        modifier = slicer.vtkOrientedImageData()
        modifier.SetDimensions(shape[::-1])
        modifier.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        from vtk.util.numpy_support import vtk_to_numpy

        vtk_to_numpy(modifier.GetPointData().GetScalars())[:] = mask.ravel()
        matrix = vtk.vtkMatrix4x4()
        self.volume.GetIJKToRASMatrix(matrix)
        modifier.SetGeometryFromImageToWorldMatrix(matrix)
        logic = slicer.vtkSlicerSegmentEditorLogic()
        logic.SetMRMLScene(slicer.mrmlScene)
        logic.SetSegmentEditorNode(editor_node)
        logic.UpdateReferenceGeometryImage()
        logic.ModifySegmentByLabelmap(node, identifier, modifier, mode, False, False)

    def assert_voxels(self, **counts):
        for name, volume_ml in segments.compare(self.session.segmentation).volumes_ml.items():
            self.assertAlmostEqual(volume_ml, counts[name] * phantom.VOXEL_ML, msg=name)

    def test_tumour_that_is_painted_and_erased_again_is_parenchyma_again(self):
        self.draw()
        box = (slice(6, 8), slice(36, 42), slice(26, 32))  # parenchyma beside the tumour
        for _scene in ("as opened", "after a scene was closed and the node was reset"):
            self.brush(slicer.vtkSlicerSegmentEditorLogic.ModificationModeAdd, "tumor", box)
            self.assert_voxels(liver=126_165, parenchyma=125_681 - 72, tumor=484 + 72)
            self.brush(slicer.vtkSlicerSegmentEditorLogic.ModificationModeRemove, "tumor", box)
            self.assert_voxels(**phantom.VOXELS)
            slicer.mrmlScene.Clear(0)
            self.settle()
            self.draw()

    def test_a_run_that_ends_within_a_stroke_does_not_overwrite_it(self):
        self.draw()
        node = self.session.segmentation
        array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", self.volume))
        array[0:7] = 0
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "tumor", self.volume)
        edited = labels_of(self.session)
        self.assertFalse(self.session.take_labels(self.labels, ORIGIN))  # no turn of the event loop in between
        self.assertEqual(labels_of(self.session), edited)
        self.assertIsNotNone(self.session.node(SECOND_ROLE))

    def test_a_segment_that_the_reader_adds_is_named_as_not_counted(self):
        self.draw()
        self.panel.open_sections("segments")
        node = self.session.segmentation
        identifier = node.GetSegmentation().AddEmptySegment("", "second lesion")
        array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", self.volume))
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, identifier, self.volume)
        gestures.wait_for(lambda: not self.panel._settle.isActive(), 5, "the edit was noticed")
        self.settle()
        self.assertIn("Not counted: second lesion", self.ui.segmentationLabel.text)

    def test_renaming_the_segments_changes_nothing(self):
        self.draw()
        self.session.sign_off("A. Reader")
        segmentation = self.session.segmentation.GetSegmentation()
        segmentation.GetSegment("liver").SetName("Leber")
        segmentation.GetSegment("tumor").SetName("HCC")
        gestures.wait_for(lambda: not self.panel._settle.isActive(), 5, "the change was noticed")
        self.settle()
        self.assertFalse(self.session.edited)
        self.assertEqual(self.session.state.sign_off["reader"], "A. Reader")
        self.assertNotIn("Not counted", self.ui.segmentationLabel.text)

    def test_a_ct_whose_geometry_was_changed_is_another_ct(self):
        self.load()
        before = self.session.ct().image.GetSpacing()
        self.volume.SetSpacing(0.9, 0.9, 2.5)  # module Volumes, or a hardened transform: no voxel changes
        self.assertEqual(before[2], 5.0)
        self.assertEqual(self.session.ct().image.GetSpacing()[2], 2.5)

    def test_compared_segments_are_filled_again_once_they_are_chosen(self):
        self.draw()
        self.erase_tumour()
        old = self.session.segmentation
        self.session.take_labels(self.labels, ORIGIN)
        self.settle()
        gestures.click(self.ui.compareButton)
        gestures.click(self.ui.replaceButton)
        self.settle()
        self.assertTrue(self.session.segmentation.GetDisplayNode().GetVisibility2DFill())
        self.assertFalse(old.GetDisplayNode().GetVisibility())


class TestComputed(PanelCase):
    def setUp(self):
        super().setUp()
        self.draw()
        self.panel.open_sections("radscore", "nomogram", "report")
        self.settle()

    def test_without_its_segmentation_a_result_is_stale_and_not_exported(self):
        self.compute()
        self.assertTrue(self.ui.exportRecordButton.enabled)
        slicer.mrmlScene.RemoveNode(self.session.segmentation)
        self.widget.enter()  # the reader comes back from the module Data
        self.settle()
        self.assertIn("STALE: there are no segments", self.ui.staleLabel.text)
        self.assertFalse(self.ui.exportRecordButton.enabled)

    def test_features_belong_to_the_segments_and_the_ct_they_were_computed_on(self):
        self.session.use_existing(self.session.segmentation)
        self.settle()
        gestures.click(self.ui.computeButton)
        gestures.wait_for(lambda: self.panel.radscore.run.state.state is State.RUNNING, 10, "running")
        node = self.session.segmentation
        array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", self.volume))
        slicer.util.updateSegmentBinaryLabelmapFromArray(array * 0, node, "tumor", self.volume)
        self.volume.SetSpacing(*phantom.SPACING[:2], 4.9)
        self.wait_for_features()
        computed = self.session.state.of("automatic")
        self.volume.SetSpacing(*phantom.SPACING)
        self.assertAlmostEqual(computed.volumes_ml["tumor"], 484 * phantom.VOXEL_ML)
        self.assertEqual(computed.image, self.session.cts.read().sha256)

    def test_one_can_type_while_a_child_works(self):
        gestures.activate(self.container)
        self.assertEqual(self.ui.inrEdit.text, "")
        self.ui.inrEdit.setFocus()
        for character in "1.0":
            event = qt.QKeyEvent(qt.QEvent.KeyPress, 0, qt.Qt.NoModifier, character)
            qt.QCoreApplication.sendEvent(self.ui.inrEdit, event)
        self.panel.refresh()  # ten times a second while a child works
        self.assertEqual(self.ui.inrEdit.text, "1.0")
        gestures.key(self.ui.inrEdit, qt.Qt.Key_Return)
        self.settle()
        self.assertEqual(self.session.state.values.get("INR"), 1.0)
        self.session.update(values={"INR": 1.2})  # a drag
        self.settle()
        self.assertEqual(self.ui.inrEdit.text, "1.2")

    def test_scrolling_over_a_list_changes_no_choice(self):
        self.ui.eligibilityButton.checked = True
        self.settle()
        box = next(iter(self.panel.ct.eligibility.boxes.values()))
        inner = [c for c in self.ui.volumeSelector.children() if c.inherits("QComboBox")]
        for widget in (box, self.ui.albUnit, *inner):
            gestures.scroll(widget)
        self.settle()
        self.assertEqual(self.session.state.answers, {})
        self.assertEqual(self.session.state.units.get("ALB", "g/L"), "g/L")
        self.assertIs(self.session.volume, self.volume)

    def test_numbers_are_read_as_a_german_writes_them(self):
        self.type(self.ui.inrEdit, "3,5")
        self.assertEqual(self.session.state.values.get("INR"), 3.5)
        for text in ("1_09", "1.234,5", "nan", "zwei"):
            self.type(self.ui.inrEdit, text)
            self.assertIn("is no number", self.ui.inputMessage.text, text)
            self.assertIsNone(self.session.state.values.get("INR"))
        self.type(self.ui.inrEdit, "")
        self.assertIsNone(self.session.state.values.get("INR"))
        self.assertEqual(self.ui.inputMessage.text, "")

    def test_a_picture_that_cannot_be_written_is_said(self):
        self.panel.choose_file = lambda title, name: os.path.join(self.folder.name, "absent", name)
        for name in ("svg", "pdf"):
            self.panel.nomogram.copies.actions[name].trigger()
            self.assertIn("cannot be written", self.ui.nomogramStatus.text)
            self.ui.nomogramStatus.text = ""

    def test_diagnostics_name_no_node(self):
        self.session.use_existing(self.session.segmentation)
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
        matrix = vtk.vtkMatrix4x4()
        matrix.SetElement(0, 3, 5.0)
        transform.SetMatrixTransformToParent(matrix)
        self.session.segmentation.SetAndObserveTransformNodeID(transform.GetID())
        self.panel.radscore.press()
        self.assertIn("The segmentation stands under a transform", self.panel.radscore.run.state.cause)
        self.panel.copy_diagnostics()
        self.assertNotIn(self.volume.GetName(), slicer.app.clipboard().text())
        self.assertIn("Harden the transform", slicer.app.clipboard().text())


class TestSceneFromElsewhere(PanelCase):
    """A scene that was saved on another computer."""

    def reopen(self, **parameters):
        """Save, close and load the scene, with parameters of the panel as they are elsewhere."""
        self.draw()
        self.session.update(values={"ALB": 43.6}, **parameters)
        path = os.path.join(self.folder.name, "scene.mrb")
        self.assertTrue(slicer.util.saveScene(path))
        slicer.mrmlScene.Clear(0)
        self.settle()
        return path

    def test_a_signature_file_that_is_not_there_is_said_and_the_panel_works(self):
        here = os.path.join(self.folder.name, "ours.json")
        with open(here, "w") as stream:
            json.dump(signature.load("ptlf-published").data, stream)
        path = self.reopen(signature=here)
        os.remove(here)
        self.session.scene._chosen = None
        slicer.util.loadScene(path)
        self.settle()
        self.assertEqual(self.session.state.values.get("ALB"), 43.6)
        self.assertEqual(self.session.signature.id, "ptlf-published")
        self.assertIn("ours.json", self.ui.messageLabel.text)
        self.assertEqual(self.ui.albEdit.text, "43.6")

    def test_what_version_0_1_0_saved_of_the_patient_is_read(self):
        """It knew albumin and INR alone, under names of their own; JSON texts as it wrote them."""
        self.draw()
        node = self.session.scene._node
        for name in ("values", "units"):
            node.UnsetParameter(f"PTLF.{name}")
        sign_off = {"hashes": self.session.hashes("corrected"), "image": self.session.cts.read().identity}
        sign_off |= {"reader": "A. Reader", "time": "2026-10-01T10:00:00+02:00"}
        written = {
            "alb": "4.36",
            "alb_unit": '"g/dL"',
            "inr": "1.09",
            "refused": "{}",
            "what_if": '{"ALB": 43.6, "INR": 1.3, "Radscore": 7.72}',
            "sign_off": json.dumps(sign_off),
            "before": '{"alb": 4.36, "alb_unit": "g/dL", "inr": null, "before": {}}',
        }
        for name, text in written.items():
            node.SetParameter(f"PTLF.{name}", text)
        self.save_close_and_load()
        state = self.session.state
        self.assertEqual(state.values, {"ALB": 4.36, "INR": 1.09})
        self.assertEqual(state.units, {"ALB": "g/dL"})
        self.assertEqual(dict(self.session.entered().values), {"ALB": 43.6, "INR": 1.09})
        self.assertEqual(state.before["values"], {"ALB": 4.36})
        self.assertEqual(self.session.signed.reader, "A. Reader")
        shown = (self.ui.albEdit.text, self.ui.albUnit.currentText, self.ui.inrEdit.text)
        self.assertEqual(shown, ("4.36", "g/dL", "1.3"))
        self.panel.open_sections("nomogram")
        self.settle()
        gestures.click(self.ui.whatIfBox)
        self.settle()
        self.assertEqual(self.ui.inrEdit.text, "1.09")
        self.assertEqual(self.session.scene._node.GetParameter("PTLF.alb"), "")
        self.save_close_and_load()
        self.assertEqual(self.session.state.values, {"ALB": 4.36, "INR": 1.09})

    def test_a_model_and_an_engine_that_are_not_here_can_be_exchanged(self):
        path = self.reopen(model="their-model", engine="pyradiomics")
        self.panel.radscore._engines.fill([("builtin", "Built-in")])
        slicer.util.loadScene(path)
        self.settle()
        self.assertIsNotNone(self.panel.segmentation.model)
        self.assertEqual(self.panel.segmentation.model.id, self.panel.segmentation._models.values[0])
        self.assertEqual(self.ui.engineSelector.currentText, "PyRadiomics")
        self.ui.engineSelector.currentIndex = 0
        self.settle()
        self.assertEqual(self.session.desk.engine, "builtin")


assert panel_case  # the cases above start from it
