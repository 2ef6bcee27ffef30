"""Slicer's 3D view.  Only in the stand-in, whose camera can be asked where it looks."""

import gestures
import phantom
import slicer
from panel_case import ORIGIN, PanelCase

from PTLFPredictorLib.mrml import segments as mrml_segments
from PTLFPredictorLib.mrml import volumes


class TestCamera(PanelCase):
    def test_show_3d_shows_the_liver_wherever_the_ct_lies(self):
        """A scanner's origin may be far from 0: without a look from the camera the view stays empty."""
        image, labels = phantom.ct_and_labels(origin=(-420.0, 380.0, -1250.5))
        self.ui.volumeSelector.setCurrentNode(volumes.add_volume(image, "CT"))
        self.settle()
        self.session.take_labels(labels, ORIGIN)
        self.settle()
        view = slicer.app.layoutManager()
        mrml_segments.show_3d(self.session.segmentation)
        self.assertEqual(view._shows(), 0)
        mrml_segments.show_3d(self.session.segmentation, False)
        self.panel.refresh()
        gestures.click(self.ui.show3DButton)
        self.settle()
        self.assertGreater(view._shows(), 0.99)
