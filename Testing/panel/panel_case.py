"""The panel with a small case in it: what its tests start from.  Runs in Slicer and in the stand-in."""

import copy
import json
import os
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import gestures
import numpy as np
import phantom
import slicer

from PTLFPredictorLib import mrml, signature
from PTLFPredictorLib.measures.radiomics import extract
from PTLFPredictorLib.mrml import segments, volumes
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.vois import VOI

VECTORS: dict[str, str] = {}
"""Feature vectors by what they were computed on, for `PanelCase.take_features`."""

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import made_signatures  # noqa: E402

MODULE = "PTLFPredictor"
MODEL = {
    "id": "test-model",
    "version": "1",
    "title": "Test model",
    "sha256": "0" * 64,
    "weights_sha256": "0" * 64,
    "licence": "CC0",
    "shipped": False,
}
ORIGIN = Origin(
    Drawn.MODEL,
    Known.RUN,
    {**MODEL, "shipped": False, "for_patients": False, "warning": "Not for patients."},
    run={"device": "cpu", "device_why": "chosen", "software": {}, "seconds": {"all": 1.0}, "settings": {}},
)
"""As `segmentation.run.SegmentationResult.origin` says it."""


KEPT = []
"""Panels of tests that have ended: PySide6 crashes now and then where Python's collector takes a whole window apart, in
an order of its own.  That a closed panel can be collected has a test (`test_lifetime_widget`)."""


def open_panel():
    """The module's widget and its outer container, in Slicer or in the stand-in."""
    if "host" not in sys.modules:
        widget = slicer.util.getNewModuleWidget(MODULE)
        container = widget.parent
        container.resize(620, 1600)
        container.show()
        widget.enter()

        def close():
            widget.exit()
            widget.cleanup()
            gestures.delete(container)

        return container, widget, close
    from host import scripted

    entry = scripted.load(Path(__file__).resolve().parents[2] / MODULE / f"{MODULE}.py")
    container, widget = scripted.open_widget(entry)
    container.resize(620, 1600)
    container.show()
    return container, widget, lambda: scripted.close_widget(entry, container)


def is_ours(trace):
    """Whether an error passed through this module's code or its tests: Slicer's own effects leave observers behind."""
    ours = [Path(__file__).resolve().parents[1], Path(mrml.__file__).resolve().parents[2]]
    while trace is not None:
        if any(folder in Path(trace.tb_frame.f_code.co_filename).resolve().parents for folder in ours):
            return True
        trace = trace.tb_next
    return False


class PanelCase(unittest.TestCase):
    """Opens the panel on an empty scene; `load` brings the CT, `draw` the segments of a model."""

    def setUp(self):
        self.fail_on_errors_in_slots()
        slicer.mrmlScene.Clear(0)
        self.folder = tempfile.TemporaryDirectory()
        self.keep_out_of_the_user_s_data()
        self.container, self.widget, self._close = open_panel()
        self.panel, self.ui, self.session = self.widget.panel, self.widget.ui, self.widget.panel.session
        self.panel.acknowledge()
        self.panel.choose_file = lambda title, name: os.path.join(self.folder.name, name)
        self.settle()

    def tearDown(self):
        for run in self.panel.runs:
            run.cancel()
        self._close()
        KEPT.append((self.container, self.widget, self.ui, self.panel))
        slicer.mrmlScene.Clear(0)
        self.folder.cleanup()

    def keep_out_of_the_user_s_data(self):
        """In Slicer, too: tests write into the ledger and empty it, and a user's says which masks a model drew."""
        before = os.environ.get("PTLF_DATA")
        os.environ["PTLF_DATA"] = os.path.join(self.folder.name, "data")

        def restore():
            os.environ.pop("PTLF_DATA") if before is None else os.environ.update(PTLF_DATA=before)

        self.addCleanup(restore)

    def fail_on_errors_in_slots(self):
        """PythonQt and VTK print an exception of a slot or observer and go on; a test must not, where it is ours."""
        errors, before = [], sys.excepthook

        def hook(kind, value, trace):
            if is_ours(trace):
                errors.append(value)
            before(kind, value, trace)

        def check():
            sys.excepthook = before
            if errors:
                raise errors[0]

        sys.excepthook = hook
        self.addCleanup(check)

    def save_close_and_load(self):
        """Save the scene, close it and load it again."""
        path = os.path.join(self.folder.name, "scene.mrb")
        self.assertTrue(slicer.util.saveScene(path))
        slicer.mrmlScene.Clear(0)
        self.settle()
        slicer.util.loadScene(path)
        self.settle()

    def settle(self):
        """Until nothing waits: timers of zero length, deferred refreshes."""
        for _ in range(4):
            gestures.process_events()

    def load(self):
        image, self.labels = phantom.ct_and_labels()
        self.volume = volumes.add_volume(image, "CT of the phantom")
        self.ui.volumeSelector.setCurrentNode(self.volume)
        self.settle()

    def draw(self):
        """Segments as a model's run brings them."""
        self.load()
        self.session.take_labels(self.labels, ORIGIN)
        self.settle()

    def erase_tumour(self, slices=slice(0, 7)):
        node = self.session.segmentation
        array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", self.volume))
        array[slices] = 0
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "tumor", self.volume)
        gestures.wait_for(lambda: not self.panel._settle.isActive(), 5, "the edit was noticed")
        self.settle()

    def compute(self):
        """Press Compute and wait for the real child process."""
        gestures.click(self.ui.computeButton)
        self.wait_for_features()

    def take_features(self):
        """Features without waiting for a child: computed here, and taken as a child's output is."""
        session, chosen = self.session, self.session.signature
        for kind in session.to_compute():
            segs = session.segments(kind)
            begun = session.to_be_computed(kind, segs)
            key = json.dumps([begun.hashes, begun.image, begun.recipe])
            if key not in VECTORS:
                vectors = extract(session.ct().image, segs.vois, chosen.wanted, chosen.extraction)
                VECTORS[key] = json.dumps([vector.to_dict() for vector in vectors.values()])
            path = Path(self.folder.name, "features.json")
            path.write_text(VECTORS[key], encoding="utf-8")
            session.take_features(kind, begun, path, 1.0)
        self.settle()

    def export(self, button):
        """Press a button under Advanced of section 5."""
        self.panel.open_sections("report")
        self.ui.exportAdvancedButton.checked = True
        self.settle()
        gestures.click(button)

    def raw_features(self):
        """What was computed on the automatic segments, by VOI and feature."""
        vectors = self.session.state.of("automatic").vectors
        return {(voi, name): value for voi, vector in vectors.items() for name, value in vector.values.items()}

    def wait_for_features(self):
        def finished():
            return not self.panel.radscore.run.state.busy and not self.panel.radscore._queue

        gestures.wait_for(finished, 120, "features")
        self.settle()
        self.assertEqual(self.panel.radscore.run.state.cause, "")

    def answer_criteria(self):
        """As "All criteria met" does with a name in the reader's field."""
        self.session.confirm_all_criteria("A. Reader")
        self.settle()

    def type(self, edit, text):
        gestures.type_text(edit, text)
        self.settle()

    def choose(self, name, **changes):
        """Go on with a signature made of the published one; see `made_signature`."""
        path = os.path.join(self.folder.name, f"{name}.json")
        with open(path, "w") as stream:
            json.dump(made_signature(self.session, **changes), stream)
        self.panel.radscore.choose_signature(path)
        self.settle()


def made_signature(session, *, origin, kind="site", intercept="fitted", evidence=True, z=0.4, models=(), by_hand=False):
    """The published signature's data with a normalisation in which this case's features lie `z` SD above the mean.

    A fitted one of a site, or with the paper's own normalisation, brings valid evidence of cases whose segments
    `ORIGIN`'s model drew, or `models` (their weights), or readers `by_hand`; unless told otherwise.
    """
    data = copy.deepcopy(signature.load("ptlf-published").data)
    computed = session.state.of(session.kind)
    values = []
    for term in data["terms"]:
        raw = computed.vectors[VOI.of_file(term["voi"])].values[term["feature"]]
        sd = abs(raw) / 10 or 1.0
        entry = {"voi": term["voi"], "feature": term["feature"], "mean": raw - z * sd, "sd": sd}
        values.append(entry)
    data["normalisation"] = {"origin": origin, "n": 60, "how": "test", "values": values}
    if origin == "public":
        data["normalisation"] |= {"name": "MCT-LTDiag", "licence": "CC0 1.0"}
    data["kind"], data["id"] = kind, f"test-{origin}-{intercept}"
    data["outcome"]["intercept"]["origin"] = intercept
    if intercept == "fitted":
        data["outcome"]["intercept"]["range"] = None
    if intercept != "fitted" or kind != "site" or origin == "public" or not evidence:
        return data
    models = tuple(models) or (MODEL["weights_sha256"],)
    masks = replace(made_signatures.SITE.masks, models=models, by_hand=by_hand)
    return signature.evidence.write(data, replace(made_signatures.SITE, masks=masks))


def export_of_labels(node, volume, path):
    """The segments as a label map file without any mark, as another program would write it."""
    import SimpleITK as sitk

    sitk.WriteImage(segments.label_map(node, volume), str(path))


def labels_of(session):
    """The segments' label map as bytes."""
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(segments.label_map(session.segmentation, session.volume)).tobytes()
