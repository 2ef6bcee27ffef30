"""Mirroring and tile step in Advanced of section 2: what can be chosen of a model, and what it costs on this CT."""

import gestures
import numpy as np
import SimpleITK as sitk
from panel_case import PanelCase

from PTLFPredictorLib.errors import PTLFError
from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.panel import run_times, segmentation_section
from PTLFPredictorLib.segmentation import effects
from PTLFPredictorLib.segmentation.catalogue import default_model
from PTLFPredictorLib.segmentation.effects import Effect
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.runtime import beforehand, compiled


class TestChoices(PanelCase):
    def setUp(self):
        super().setUp()
        if not default_model().folder.is_dir():
            self.skipTest("the demo model is not in Resources/Models")
        gestures.wait_for(lambda: not self.panel.segmentation.probe.state.busy, 60, "the device")
        self.panel.segmentation.probe.state.reset()
        self.panel.segmentation.device = {"device": "cpu", "why": "chosen"}
        array = np.full((46, 300, 300), -1000, np.int16)
        array[:, 60:240, 60:240] = 50
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((1.3, 1.3, 5.0))
        self.ui.volumeSelector.setCurrentNode(volumes.add_volume(image, "CT"))
        self.settle()
        self.panel.open_sections("segments")
        self.ui.segmentsAdvancedButton.checked = True
        self.settle()

    def entries(self, box):
        return [box.itemText(n) for n in range(box.count)]

    def pick(self, index):
        """A tile step, as a person does."""
        self.ui.stepSelector.currentIndex = index
        self.settle()

    def test_what_the_model_leaves_to_choose(self):
        steps, mirrorings = self.entries(self.ui.stepSelector), self.entries(self.ui.mirroringSelector)
        assert steps[0] == "As the model has it (0.5)"
        assert [step.split(":")[0] for step in steps[1:]] == ["0.75", "1"]
        assert mirrorings == ["As the model has it (none)"]  # its weights allow none
        assert (self.ui.stepSelector.enabled, self.ui.mirroringSelector.enabled) == (True, False)
        assert self.session.desk.how == How()

    def test_a_choice_is_kept_and_its_price_and_effect_are_said_for_this_ct(self):
        own = self.panel.segmentation.expected()
        assert "as the model has it" not in self.ui.choiceWords.text
        self.pick(1)
        assert self.session.desk.how == How(tile_step=0.75)
        said = self.ui.choiceWords.text
        assert "as the model has it" in said
        fewer = self.panel.segmentation.expected()
        tiles = [next(s.units for s in one.stages if s.name == "Tiles") for one in (fewer, own)]
        assert f"This CT takes {tiles[0]:.0f} pass" in said
        assert f"{tiles[1]:.0f} over {tiles[1]:.0f}" in said
        instead = f"About {run_times.duration(fewer.seconds)} for this CT instead of {run_times.duration(own.seconds)}."
        assert instead in said
        self.save_close_and_load()
        assert self.session.desk.how == How(tile_step=0.75)

    def test_what_was_measured_here_is_said(self):
        model = self.panel.segmentation.model
        how = How(tile_step=0.75)
        effect = Effect(how, "a CT of yours", 1000, 31, {"parenchyma": 0.97, "tumor": 0.5}, 3, 9, "cpu")
        effects.remember(model, effect)
        self.pick(1)
        assert "31 of 1,000 voxels differ, Dice 0.9700 of the parenchyma" in self.ui.choiceWords.text

    def test_the_runtime_and_its_precision(self):
        self.ui.runtimeSelector.currentIndex = 2
        self.ui.precisionSelector.currentIndex = 1
        self.settle()
        assert self.session.desk.how == How(runtime="openvino", precision="bf16")
        self.ui.runtimeSelector.currentIndex = 1
        self.settle()
        assert not self.ui.precisionSelector.enabled  # PyTorch has one alone

    def test_before_the_run_it_is_said_what_openvino_needs(self):
        if not compiled.installed():
            self.skipTest("OpenVINO is not installed: './ptlf test' installs it")
        assert "was not converted for OpenVINO on this computer" in self.ui.choiceWords.text  # automatic, on the CPU
        self.ui.runtimeSelector.currentIndex = 2
        self.settle()
        assert self.ui.choiceWords.text.startswith(beforehand.FIRST)
        self.pick(1)  # what a tile step changes is known however it is computed
        assert "Labels against the model's own way: 3,633 of" in self.ui.choiceWords.text
        self.ui.runtimeSelector.currentIndex = 1
        self.settle()
        assert "OpenVINO" not in self.ui.choiceWords.text

    def test_what_another_version_has_chosen_is_as_the_model_has_it(self):
        self.session.update(mirroring="upside-down")
        self.settle()
        assert self.session.desk.how == How()
        assert self.ui.mirroringSelector.currentIndex == 0

    def test_the_job_says_what_was_chosen(self):
        asked, real = [], segmentation_section.write_job

        def write_job(image, model, work, how):
            asked.append(how)
            raise PTLFError("This is a test.")

        segmentation_section.write_job = write_job
        self.addCleanup(setattr, segmentation_section, "write_job", real)
        self.pick(2)
        gestures.click(self.ui.segmentButton)
        self.settle()
        assert asked == [How(tile_step=1.0)]
