"""``./ptlf panel --ct --segmentation``: the segments lie on the CT and count, as after 'Use'."""

import sys
from pathlib import Path

import numpy as np
import phantom
import pytest
import SimpleITK as sitk
from panel_case import ORIGIN, PanelCase

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from host import window
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.mrml import segments
from PTLFPredictorLib.segmentation import marks
from PTLFPredictorLib.segmentation.origin import Drawn
from PTLFPredictorLib.segmentation.reading import parse_labels
from PTLFPredictorLib.segmentation.said_labels import Source


class TestSegmentsFromAFile(PanelCase):
    def setUp(self):
        super().setUp()
        image, self.labels = phantom.ct_and_labels()
        self.ct = Path(self.folder.name, "ct.nrrd")
        sitk.WriteImage(image, str(self.ct))

    def open(self, labels, said=None):
        path = Path(self.folder.name, "labels.nii.gz")
        sitk.WriteImage(labels, str(path))
        window.load(self.ct, self.panel, [Source(path)], parse_labels(said))
        self.settle()

    def drawn(self):
        return sitk.GetArrayFromImage(segments.label_map(self.session.segmentation, self.session.volume))

    def test_they_are_used_and_nobody_is_said_to_have_drawn_them(self):
        self.open(self.labels)
        assert (self.drawn() == sitk.GetArrayFromImage(self.labels)).all()
        assert self.session.drawn.drawn is Drawn.UNKNOWN

    def test_labels_mean_what_is_said_of_them(self):
        self.open(self.labels + 4 * sitk.Cast(self.labels > 0, self.labels.GetPixelID()), "parenchyma=5,tumor=6")
        assert (self.drawn() == sitk.GetArrayFromImage(self.labels)).all()

    def test_our_own_file_says_which_model_drew_them(self):
        path = Path(self.folder.name, "ours.nrrd")
        marks.write(self.labels, path, ORIGIN)
        window.load(self.ct, self.panel, [Source(path)])
        self.settle()
        assert self.session.drawn.drawn is Drawn.MODEL
        assert self.session.drawn.model["id"] == ORIGIN.model["id"]

    def test_a_file_that_holds_none_is_refused_before_anything_is_shown(self):
        empty = sitk.GetImageFromArray(np.zeros_like(sitk.GetArrayFromImage(self.labels)))
        empty.CopyInformation(self.labels)
        with pytest.raises(BadInput):
            self.open(empty)
        assert self.session.volume is None


def test_segments_need_their_ct(capsys):
    assert main(["panel", "--segmentation", "labels.nii.gz"]) == 2
    assert "--segmentation needs the CT that it was drawn on (--ct)." in capsys.readouterr().err
