"""The scripted module PTLFPredictor: what 3D Slicer loads.  Thin; everything is in PTLFPredictorLib."""

import importlib
import sys
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class PTLFPredictor(ScriptedLoadableModule):
    """Title, help and sample data."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("PTLF Predictor")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation"), "Liver"]
        parent.dependencies = ["Segmentations", "SegmentEditor", "Volumes", "Tables", "SubjectHierarchy"]
        parent.contributors = ["PTLFPredictor developers"]
        parent.helpText = _(
            "Risk of liver failure after TACE from a contrast CT, albumin and INR: segment liver and tumour, correct "
            "the segments, compute the Radscore, read the nomogram. Research use only; not a medical device."
        )
        parent.acknowledgementText = _("Built on nnU-Net, SimpleITK and 3D Slicer.")
        slicer.app.connect("startupCompleted()", registerSampleData)


SAMPLE_URI = "ptlf-sample:synthetic-liver-ct"
"""Stands where Slicer's Sample Data module wants an address; nothing is fetched from it."""


def registerSampleData():
    """An entry in Slicer's Sample Data module: a synthetic CT, drawn here, downloaded from nowhere."""
    try:
        from SampleData import SampleDataLogic
    except ImportError:
        return
    SampleDataLogic.registerCustomSampleDataSource(
        category="PTLF Predictor",
        sampleName="PTLF synthetic liver CT",
        uris=SAMPLE_URI,  # without it, and as many file names, the module raises TypeError at every start
        fileNames="PTLF-sample.nrrd",
        nodeNames="PTLF sample (synthetic)",
        customDownloader=SampleDrawing(),
    )


class SampleDrawing:
    """What a click on the entry does: the CT is drawn in a child process, and is in the scene some seconds later."""

    def __init__(self):
        self.run = None

    def __call__(self, source=None):
        from PTLFPredictorLib.panel.sample_run import SampleRun

        if self.run is None:
            self.run = SampleRun(self._changed)
            slicer.app.connect("aboutToQuit()", self.run.close)
        if not self.run.state.busy:
            slicer.util.showStatusMessage(_("The sample case is being drawn..."))
            self.run.draw(self._show)

    def _show(self, volume):
        slicer.util.setSliceViewerLayers(background=volume, fit=True)
        slicer.util.showStatusMessage(_("The sample case is in the scene."), 3000)

    def _changed(self):
        if self.run is not None and self.run.state.cause:
            slicer.util.showStatusMessage(self.run.state.cause)


class PTLFPredictorWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Hands Slicer's events to the panel."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.panel = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from PTLFPredictorLib.panel.module_panel import ModulePanel

        self.uiWidget = slicer.util.loadUI(self.resourcePath("UI/PTLFPredictor.ui"))
        self.layout.addWidget(self.uiWidget)
        self.ui = slicer.util.childWidgetVariables(self.uiWidget)
        self.uiWidget.setMRMLScene(slicer.mrmlScene)
        self.panel = ModulePanel(self.ui, Path(self.resourcePath("")))
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneChanged)
        self.addObserver(scene, scene.StartImportEvent, self.onSceneStartImport)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneChanged)
        self.addObserver(scene, scene.NodeAddedEvent, self.onNodeAdded)
        self.addObserver(scene, scene.NodeRemovedEvent, self.onNodeRemoved)
        slicer.app.connect("aboutToQuit()", self.cleanup)
        self.uiWidget.connect("destroyed()", self.cleanup)  # whoever made the widget may delete it without a word

    def enter(self):
        if self.panel is not None:
            self.panel.enter()

    def exit(self):
        if self.panel is not None:
            self.panel.exit()

    def onSceneStartClose(self, caller, event):
        self.panel.scene_closes()

    def onSceneStartImport(self, caller, event):
        self.panel.scene_imports()

    def onSceneChanged(self, caller, event):
        self.panel.take_over()

    def onNodeAdded(self, caller, event):
        self.panel.node_added()

    def onNodeRemoved(self, caller, event):
        self.panel.node_removed()

    def cleanup(self):
        """Slicer reloads the module or exits, or the widgets are gone: nothing may stay behind."""
        if self.panel is None:
            return
        self.removeObservers()
        slicer.app.disconnect("aboutToQuit()", self.cleanup)
        panel, self.panel = self.panel, None
        panel.cleanup()
        if self.uiWidget:
            self.uiWidget.setMRMLScene(None)
            self.uiWidget.deleteLater()  # a reload would only hide it, with all that its buttons call

    def onReload(self):
        """Reload the library too, not only this file."""
        for name in [name for name in sys.modules if name.split(".")[0] == "PTLFPredictorLib"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        ScriptedLoadableModuleWidget.onReload(self)


class PTLFPredictorLogic(ScriptedLoadableModuleLogic):
    """For scripts: one case without the panel, the same call as the command line's."""

    def run(self, sources, question, folder):
        """See `PTLFPredictorLib.case.run`."""
        from PTLFPredictorLib import case

        return case.run(sources, question, Path(folder))


class PTLFPredictorTest(ScriptedLoadableModuleTest):
    """Runs the panel's own tests, the same files as outside Slicer."""

    def runTest(self, **_ignored):
        import unittest

        folder = self_tests()
        for name, module in list(sys.modules.items()):  # of an earlier run, before the library was reloaded
            if Path(getattr(module, "__file__", None) or "").parent == folder:
                del sys.modules[name]
        sys.path.insert(0, str(folder))
        try:
            suite = unittest.defaultTestLoader.discover(
                str(folder), pattern="test_*_widget.py", top_level_dir=str(folder)
            )
            result = unittest.TextTestRunner(verbosity=2).run(suite)
        finally:
            sys.path.remove(str(folder))
        if not result.testsRun:
            self.fail(f"no tests were found in {folder}")
        if not result.wasSuccessful():
            self.fail(f"{len(result.failures) + len(result.errors)} tests failed")


def self_tests():
    """Folder of the tests: in the source tree, or where PTLF_TESTS says."""
    import os

    folder = Path(os.environ.get("PTLF_TESTS") or Path(__file__).resolve().parents[1] / "Testing" / "panel")
    if not folder.is_dir():
        raise FileNotFoundError(f"The tests are in the source tree, not in the package; set PTLF_TESTS (not {folder}).")
    return folder
