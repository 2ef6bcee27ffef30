"""A chain in the panel: got once its licence was agreed to, run, and said there which step drew what."""

import os
import shutil
import sys
import time
from pathlib import Path
from unittest import mock

import gestures
import numpy as np
import pytest
import SimpleITK as sitk
import slicer
from panel_case import PanelCase

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import hand_set_models
from PTLFPredictorLib.mrml import segments, volumes
from PTLFPredictorLib.panel.model_choice import ADD
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.segmentation import find_model, weights_store
from PTLFPredictorLib.segmentation.catalogue import default_model

pytestmark = pytest.mark.usefixtures("needs_nnunet")

HERE = Path(__file__).resolve().parent

OFFER = weights_store.offer("totalseg-liver-lesions")


def write_zips(folder):
    """Both zips as they are published, in a folder."""
    zips = folder / "zips"
    for name, write in (("liver", hand_set_models.liver), ("lesions", hand_set_models.lesions)):
        write(folder / name, hand_set_models.SPACING)
        shutil.make_archive(str(zips / name), "zip", folder / name)
    return zips


class ModelsCase(PanelCase):
    def setUp(self):
        super().setUp()
        self.panel.open_sections("segments")
        self.panel.models.show()
        self.settle()

    def choose_model(self, value):
        self.ui.modelList.setCurrentRow(self.panel.models.values.index(value))
        self.settle()


class TestAModelThatIsNotHere(ModelsCase):
    def fetch_with(self, **job):
        paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
        for patched in (
            mock.patch.object(weights_store, "WORKER", "fetch_of_tests"),
            mock.patch.object(weights_store, "fetch_job", lambda model_id, agreed: {"agreed": agreed, **job}),
            mock.patch.dict(os.environ, PYTHONPATH=paths),
        ):
            patched.start()
            self.addCleanup(patched.stop)

    def test_the_list_says_its_size_and_choosing_it_shows_all_that_is_agreed_to(self):
        entries = [self.ui.modelList.item(i).text() for i in range(self.ui.modelList.count)]
        assert f"{OFFER.title}\nnot here yet, 465 MB" in entries
        assert entries[-1] == "Add a model of your own..."
        assert not self.ui.offerFrame.isVisible()
        self.choose_model(OFFER.model_id)
        assert self.ui.offerFrame.isVisible()
        for words in ("465 MB from github.com", "must be free", "Licence: Apache-2.0."):
            assert words in self.ui.offerLabel.text
        assert self.ui.licenceText.plainText == OFFER.text  # what `Offer.agreement` is the hash of
        assert self.ui.licenceText.isVisible()
        for words in ("Wasserthal", OFFER.about, OFFER.urls[1], "benign ones are marked too", "Nobody has validated"):
            assert words in OFFER.text

    def test_until_it_is_here_nothing_can_be_segmented_and_nothing_is_fetched(self):
        self.load()
        self.choose_model(OFFER.model_id)
        assert not self.ui.segmentButton.enabled
        assert "Get the model first, or choose another." in self.ui.segmentButton.toolTip
        assert self.panel.models.run.state.state is State.IDLE

    def test_another_choice_takes_the_frame_away(self):
        self.choose_model(OFFER.model_id)
        self.choose_model(default_model().id)
        assert not self.ui.offerFrame.isVisible()
        assert self.panel.segmentation.model.id == default_model().id

    def test_the_button_agrees_to_what_is_shown_and_fetches(self):
        self.fetch_with(id=default_model().id)
        asked = {}
        self.choose_model(OFFER.model_id)
        assert self.ui.getButton.text == "I agree: download"
        with mock.patch.object(
            self.panel.models.run, "start", lambda prepare, take, expected: asked.update(prepare(None)[1])
        ):
            gestures.click(self.ui.getButton)
        assert asked["agreed"] == OFFER.agreement

    def test_what_totalsegmentator_has_fetched_is_taken_from_there(self):
        with mock.patch.object(weights_store, "is_with_totalsegmentator", lambda offer: offer == OFFER):
            self.panel.segmentation.open()
        self.choose_model(OFFER.model_id)
        assert self.ui.getButton.text == "I agree: take TotalSegmentator's"
        asked = []
        with mock.patch.object(
            self.panel.models.run, "start", lambda prepare, take, expected: asked.append(prepare(None))
        ):
            gestures.click(self.ui.getButton)
        ((worker, job),) = asked
        assert worker == weights_store.WORKER
        assert (job["do"], job["model"], job["source"]) == ("bring", OFFER.model_id, "totalsegmentator")

    def test_it_is_brought_from_a_folder_of_zips_and_chosen(self):
        zips = write_zips(Path(self.folder.name))
        self.choose_model(OFFER.model_id)
        assert not self.ui.importZipButton.isVisible()  # there are two
        self.panel.models.choose_folder = lambda: str(zips)
        gestures.click(self.ui.importFolderButton)
        gestures.wait_for(lambda: not self.panel.models.run.state.busy, 60, "the model")
        self.settle()
        assert self.panel.models.run.state.state is State.DONE, self.panel.models.run.state.cause
        assert self.panel.segmentation.model.id == OFFER.model_id
        assert not self.ui.offerFrame.isVisible()
        assert [model.id for model in self.panel.models.models] == [default_model().id, OFFER.model_id]
        assert f"The model '{OFFER.title}' is here." in self.ui.getStatus.text
        assert "Liver: Taken as liver: label 5 (liver)." in self.ui.getStatus.text
        note = self.ui.modelNote.text
        assert "Liver (TotalSegmentator total, liver, 1.5 mm) draws the liver in the whole CT." in note
        for words in ("Nobody has validated", "benign ones are marked too"):
            assert words in note

    def test_getting_can_be_cancelled_and_leaves_no_process(self):
        self.fetch_with(parts=1000)
        self.choose_model(OFFER.model_id)
        gestures.click(self.ui.getButton)
        run = self.panel.models.run
        gestures.wait_for(lambda: run.stage == "Downloading the weights", 30, "progress")
        self.settle()
        assert self.ui.getButton.text == "Cancel"
        assert "Downloading the weights" in self.ui.getStatus.text
        pid = run._child.pid
        gestures.click(self.ui.getButton)
        self.settle()
        assert run.state.state is State.IDLE
        assert self.ui.getStatus.text == "Cancelled."
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    def test_what_failed_is_said_below_the_button(self):
        self.fetch_with(fails="The address github.com cannot be reached.")
        self.choose_model(OFFER.model_id)
        gestures.click(self.ui.getButton)
        gestures.wait_for(lambda: not self.panel.models.run.state.busy, 30, "the model")
        self.settle()
        assert "Failed: The address github.com cannot be reached." in self.ui.getStatus.text
        assert self.ui.offerFrame.isVisible()

    def test_a_model_of_ones_own_is_added_from_a_zip_or_folder(self):
        asked = []
        with mock.patch.object(
            weights_store, "import_job", lambda source, for_id, labels: asked.append((source, for_id)) or {}
        ):
            for name, chosen in (("zip", "/there/a.zip"), ("folder", "/there/model"), ("zip", "")):
                self.choose_model(ADD)
                assert not self.ui.getButton.isVisible()
                setattr(self.panel.models, f"choose_{name}", lambda chosen=chosen: chosen)
                with mock.patch.object(self.panel.models.run, "start"):
                    gestures.click(getattr(self.ui, f"import{name.capitalize()}Button"))
        assert asked == [("/there/a.zip", ""), ("/there/model", "")]


class TestAChain(ModelsCase):
    def setUp(self):
        super().setUp()
        from PTLFPredictorLib.segmentation.own_chain import Part, add_chain

        liver = hand_set_models.liver(Path(self.folder.name, "a"), hand_set_models.SPACING)
        lesions = hand_set_models.lesions(Path(self.folder.name, "b"), hand_set_models.SPACING)
        add_chain("our-chain", Part(liver), Part(lesions))
        self.panel.segmentation.open()
        self.choose_model("our-chain")

    def test_it_draws_by_its_rule_and_the_panel_says_which_step_drew_what(self):
        note = self.ui.modelNote.text
        assert "Liver (Dataset291_TotalSegmentator_part1_organs_1559subj) draws the liver in the whole CT." in note
        assert (
            "Lesions (Dataset591_ct_liver_lesions_842subj) draws the tumours in the box 10 mm around 'Liver'." in note
        )
        ct = hand_set_models.quiet_ct()
        self.volume = volumes.add_volume(ct, "CT")
        self.ui.volumeSelector.setCurrentNode(self.volume)
        gestures.wait_for(lambda: not self.panel.segmentation.probe.state.busy, 60, "the device")
        self.settle()
        assert self.ui.segmentButton.enabled, self.ui.segmentButton.toolTip
        gestures.click(self.ui.segmentButton)
        run = self.panel.segmentation.run
        gestures.wait_for(lambda: not run.state.busy, 200, "the segmentation")
        self.settle()
        assert run.state.state is State.DONE, run.state.cause
        stages = run.course.took(time.monotonic())  # a quick one comes and goes between two looks at `run.stage`
        assert any(stage.startswith("Liver (1 of 2): ") for stage in stages)
        assert any(stage.startswith("Lesions (2 of 2): ") for stage in stages)
        labels, dropped = hand_set_models.expected(ct, margin_mm=10)
        drawn = segments.label_map(self.session.segmentation, self.volume)
        assert (sitk.GetArrayFromImage(drawn) == labels).all()
        said = self.ui.stepsLabel.text.splitlines()
        assert said[0].startswith("Liver (Dataset291_TotalSegmentator_part1_organs_1559subj) drew the liver: ")
        assert said[1].startswith("Lesions (Dataset591_ct_liver_lesions_842subj) drew the tumours: ")
        found = {finding.code: finding for finding in self.session.segments(self.session.kind).findings}
        amount = dropped.sum() * np.prod(hand_set_models.SPACING) / 1000
        assert found["tumor_left_out"].values["dropped_ml"] == pytest.approx(amount)
        self.and_the_saved_scene_says_it_again(said)

    def and_the_saved_scene_says_it_again(self, said):
        identity = dict(self.session.drawn.model)
        assert identity == find_model("our-chain").identity
        path = os.path.join(self.folder.name, "scene.mrb")
        assert slicer.util.saveScene(path)
        slicer.mrmlScene.Clear(0)
        self.settle()
        assert self.ui.stepsLabel.text == ""
        slicer.util.loadScene(path)
        self.settle()
        assert self.session.drawn.model == identity
        assert self.ui.stepsLabel.text.splitlines() == said
