"""A sample case that was changed, and still says in its file that it is one, is no patient's CT in the panel either.

Runs in Slicer and in the stand-in.
"""

import os

import SimpleITK as sitk
import slicer
from panel_case import PanelCase

from PTLFPredictorLib.ct import Level
from PTLFPredictorLib.sample import known


class ChangedSample(PanelCase):
    def findings_of(self, image, name):
        """Codes of what withholds, of a CT that was loaded from a file as *Load file...* does."""
        path = os.path.join(self.folder.name, name)
        sitk.WriteImage(image, path)
        self.volume = slicer.util.loadVolume(path)
        self.ui.volumeSelector.setCurrentNode(self.volume)
        self.settle()
        return {finding.code for finding in self.session.ct().findings if finding.level is Level.WITHHOLD}

    def test_it_withholds_and_the_sample_itself_and_a_patient_do_not(self):
        drawn = known.draw(21, matrix=64, slice_mm=5.0).ct
        self.assertNotIn("sample_changed", self.findings_of(drawn, "sample.nrrd"))
        self.assertTrue(self.session.cts.is_sample)
        for suffix in ("nrrd", "nii.gz"):
            changed = drawn + 1
            for key in drawn.GetMetaDataKeys():
                changed.SetMetaData(key, drawn.GetMetaData(key))
            self.assertIn("sample_changed", self.findings_of(changed, f"changed.{suffix}"))
            self.assertFalse(self.session.cts.is_sample)
            silent = drawn + 2  # a file that says nothing of samples
            for key in silent.GetMetaDataKeys():
                silent.EraseMetaData(key)
            self.assertNotIn("sample_changed", self.findings_of(silent, f"patient.{suffix}"))
