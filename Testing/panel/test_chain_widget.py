"""A chain in the panel: got once its licence was agreed to, run, and said there which step drew what."""

import os
import sys
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
from PTLFPredictorLib.panel.models_section import ADD
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.segmentation import find_model, weights_store
from PTLFPredictorLib.segmentation.catalogue import default_model

pytestmark = pytest.mark.usefixtures("needs_nnunet")

HERE = Path(__file__).resolve().parent

OFFER = weights_store.Offer(
    model_id="total-liver-lesions",
    title="Liver and lesions",
    licence="Apache-2.0",
    licence_text="Apache License\nVersion 2.0, January 2004",
    citation="Wasserthal et al., Radiology: AI (2023)",
    about="The liver, then lesions in its box.",
    bytes_to_fetch=1_930_000_000,
    bytes_needed=2_400_000_000,
    urls=("https://github.com/a.zip", "https://github.com/b.zip"),
    agreement="its hash",
)


class ModelsCase(PanelCase):
    def setUp(self):
        super().setUp()
        patched = mock.patch.object(weights_store, "offers", self.offers)
        patched.start()
        self.addCleanup(patched.stop)
        self.panel.segmentation.open()
        self.panel.open_sections("segmentation")
        self.settle()

    def offers(self):
        here = Path(os.environ["PTLF_DATA"], "models", OFFER.model_id)
        return [] if here.is_dir() else [OFFER]

    def choose_model(self, value):
        self.ui.modelSelector.setCurrentIndex(self.panel.models.values.index(value))
        self.settle()


class TestAModelThatIsNotHere(ModelsCase):
    def fetch_with(self, **job):
        made = {"id": OFFER.model_id, "agreed": OFFER.agreement, **job}
        paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
        for patched in (
            mock.patch.object(weights_store, "WORKER", "fetch_of_tests"),
            mock.patch.object(weights_store, "fetch_job", lambda model_id, agreed: {**made, "agreed": agreed}),
            mock.patch.dict(os.environ, PYTHONPATH=paths),
        ):
            patched.start()
            self.addCleanup(patched.stop)

    def test_the_list_says_its_size_and_choosing_it_shows_licence_and_citation(self):
        entries = [self.ui.modelSelector.itemText(i) for i in range(self.ui.modelSelector.count)]
        assert entries[-2:] == ["Liver and lesions, not here yet: 1.9 GB", "Add a model..."]
        assert not self.ui.offerFrame.isVisible()
        self.choose_model(OFFER.model_id)
        assert self.ui.offerFrame.isVisible()
        for words in ("1.9 GB from github.com", "2.4 GB on this computer", "Apache-2.0", "Wasserthal"):
            assert words in self.ui.offerLabel.text
        assert self.ui.licenceText.plainText == OFFER.licence_text
        assert self.ui.licenceText.isVisible()

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

    def test_it_is_got_and_chosen_after_the_button_that_agrees(self):
        liver = hand_set_models.liver(Path(self.folder.name, "a"), hand_set_models.SPACING)
        lesions = hand_set_models.lesions(Path(self.folder.name, "b"), hand_set_models.SPACING)
        self.fetch_with(liver=str(liver), lesions=str(lesions))
        self.choose_model(OFFER.model_id)
        assert self.ui.getButton.text == "I agree: get it"
        gestures.click(self.ui.getButton)
        gestures.wait_for(lambda: not self.panel.models.run.state.busy, 60, "the model")
        self.settle()
        assert self.panel.models.run.state.state is State.DONE, self.panel.models.run.state.cause
        assert self.panel.segmentation.model.id == OFFER.model_id
        assert not self.ui.offerFrame.isVisible()
        assert [model.id for model in self.panel.segmentation.models] == [default_model().id, OFFER.model_id]
        assert "The model 'total-liver-lesions' is here." in self.ui.messageLabel.text

    def test_getting_can_be_cancelled_and_leaves_no_process(self):
        self.fetch_with(parts=1000)
        self.choose_model(OFFER.model_id)
        gestures.click(self.ui.getButton)
        run = self.panel.models.run
        gestures.wait_for(lambda: run.stage == "Downloading liver", 30, "progress")
        self.settle()
        assert self.ui.getButton.text == "Cancel"
        assert "Downloading liver" in self.ui.getStatus.text
        pid = run._child.pid
        gestures.click(self.ui.getButton)
        self.settle()
        assert run.state.state is State.IDLE
        assert self.ui.getStatus.text == "Cancelled."
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    def test_what_failed_is_said_below_the_button(self):
        self.fetch_with(liver="nowhere", lesions="nowhere")
        self.choose_model(OFFER.model_id)
        gestures.click(self.ui.getButton)
        gestures.wait_for(lambda: not self.panel.models.run.state.busy, 30, "the model")
        self.settle()
        assert "There is no model, folder or archive 'nowhere'" in self.ui.getStatus.text
        assert self.ui.offerFrame.isVisible()

    def test_a_model_of_ones_own_is_added_from_a_zip_or_folder(self):
        asked = []
        with mock.patch.object(
            weights_store, "import_job", lambda source, for_id: asked.append((source, for_id)) or {}
        ):
            for name, chosen in (("zip", "/there/a.zip"), ("folder", "/there/model"), ("zip", "")):
                self.choose_model(ADD)
                assert not self.ui.getButton.isVisible()
                setattr(self.panel.models, f"choose_{name}", lambda chosen=chosen: chosen)
                with mock.patch.object(self.panel.models.run, "start"):
                    gestures.click(getattr(self.ui, f"import{name.capitalize()}Button"))
        assert asked == [(Path("/there/a.zip"), ""), (Path("/there/model"), "")]


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
        note = self.ui.modelNote.text.splitlines()
        assert note[0] == "Liver (Dataset291_TotalSegmentator_part1_organs_1559subj) draws the liver in the whole CT."
        assert note[1] == (
            "Lesions (Dataset591_ct_liver_lesions_842subj) draws the tumours in the box 10 mm around 'Liver'."
        )
        ct = hand_set_models.quiet_ct()
        self.volume = volumes.add_volume(ct, "CT")
        self.ui.volumeSelector.setCurrentNode(self.volume)
        gestures.wait_for(lambda: not self.panel.segmentation.probe.state.busy, 60, "the device")
        self.settle()
        assert self.ui.segmentButton.enabled, self.ui.segmentButton.toolTip
        gestures.click(self.ui.segmentButton)
        run, stages = self.panel.segmentation.run, set()
        gestures.wait_for(lambda: stages.add(run.stage) or not run.state.busy, 200, "the segmentation")
        self.settle()
        assert run.state.state is State.DONE, run.state.cause
        assert any(stage.startswith("Liver (1 of 2): ") for stage in stages)
        assert any(stage.startswith("Lesions (2 of 2): ") for stage in stages)
        labels, dropped = hand_set_models.expected(ct)
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
