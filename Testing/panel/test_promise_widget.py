"""A signature calibrated on sample cases, on the panel beside a sample case that it was not calibrated on."""

import json
from pathlib import Path

import pytest
import SimpleITK as sitk
from panel_case import ORIGIN, PanelCase

from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.sample import known
from sample_way import walked

pytestmark = pytest.mark.slow

HELD_OUT_SEED = 7299


class TestCalibratedOnSampleCases(PanelCase):
    def setUp(self):
        self.way, answer = walked()  # before the panel has a folder of its own for the user's data
        self.assertEqual(answer.code, 0, answer.err)
        super().setUp()

    def bring_the_held_out_case(self):
        images = self.way.held_out.with_suffix("")
        ct = sitk.ReadImage(str(images / "ct.nrrd"))
        labels = sitk.ReadImage(str(images / "segmentation.nii.gz"))
        known.remember(canonical(ct).identity, HELD_OUT_SEED, {})
        self.volume = volumes.add_volume(ct, "Held-out sample case")
        self.ui.volumeSelector.setCurrentNode(self.volume)
        self.settle()
        self.session.take_labels(labels, ORIGIN)
        self.settle()

    def test_the_risk_is_a_demonstration_on_the_panel_and_in_what_it_exports(self):
        self.bring_the_held_out_case()
        self.panel.open_sections("radscore", "nomogram", "report")
        self.panel.radscore.choose_signature(str(self.way.signature))
        self.settle()
        self.answer_criteria()
        self.type(self.ui.albEdit, "39")
        self.type(self.ui.inrEdit, "1.1")
        self.compute()
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")
        self.assertTrue(self.ui.demonstrationBox.isVisible())
        self.ui.demonstrationBox.checked = True
        self.settle()
        self.assertRegex(self.ui.riskLabel.text, r"^Demonstration: predicted risk of PTLF (\d+|<1|>99) %$")
        self.assertIn("demonstration", self.panel.nomogram.pane.nomogram.accessibleDescription.lower())
        self.assertIn("the signature was fitted on segments drawn by hand", self.ui.resultDetails.text)
        self.export(self.ui.exportRecordButton)
        made = json.loads(Path(self.folder.name, "result.json").read_text(encoding="utf-8"))
        self.assertEqual(made["prediction"]["state"], "demonstration")

    def test_beside_any_other_ct_there_is_no_risk(self):
        self.draw()
        self.panel.open_sections("radscore", "nomogram", "report")
        self.panel.radscore.choose_signature(str(self.way.signature))
        self.session.update(demonstration=True)
        self.settle()
        self.answer_criteria()
        self.type(self.ui.albEdit, "39")
        self.type(self.ui.inrEdit, "1.1")
        self.take_features()
        self.assertEqual(self.ui.riskLabel.text, "Risk not shown")
