"""``slicer.app``, ``slicer.mrmlScene`` and ``slicer.modules`` over the wheel's real MRML."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

from PySide6.QtCore import Property, QLocale, QObject, QProcessEnvironment, QSettings, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from . import error_log, mrml_widgets, segment_editor
from .files import qSlicerCoreIOManager

LOGICS = {
    "Colors": "vtkSlicerColorLogic",
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Tables": "vtkSlicerTablesLogic",
}
"""Modules of Slicer that are at hand: name -> class of the logic."""


class qSlicerModuleManager(QObject):
    moduleLoaded = Signal(str)
    moduleAboutToBeUnloaded = Signal(str)

    def __init__(self, modules):
        super().__init__()
        self._modules = modules

    def modulesNames(self):
        return [m.name for m in vars(self._modules).values()]

    def module(self, name):
        return getattr(self._modules, name.lower(), None)


class qSlicerLayoutManager(QObject):
    """Slice views by name, as far as the window of the stand-in shows them; of a 3D view, where its camera looks."""

    def __init__(self):
        super().__init__()
        self._slices = {}
        self._looks_at, self._sees_mm = (0.0, 0.0, 0.0), 100.0

    threeDViewCount = Property(int, lambda self: 1)

    @Slot()
    def resetThreeDViews(self):
        """The camera on all surfaces that are shown; where there are none it stays, as vtkRenderer's."""
        import vtk

        box = vtk.vtkBoundingBox()
        for surface in self._surfaces():
            box.AddBounds(surface.GetBounds())
        if box.IsValid():
            centre = [0.0, 0.0, 0.0]
            box.GetCenter(centre)
            self._looks_at, self._sees_mm = tuple(centre), box.GetDiagonalLength() / 2

    def _shows(self) -> float:
        """Share of the points of all surfaces that lie within what the camera sees."""
        import math

        points = [surface.GetPoint(i) for surface in self._surfaces() for i in range(surface.GetNumberOfPoints())]
        seen = [math.dist(point, self._looks_at) <= self._sees_mm for point in points]
        return sum(seen) / len(seen) if seen else 0.0

    def _surfaces(self):
        import slicer

        for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
            display = node.GetDisplayNode()
            if display is None or not (display.GetVisibility() and display.GetVisibility3D()):
                continue
            for identifier in node.GetSegmentation().GetSegmentIDs():
                surface = node.GetSegmentation().GetSegment(identifier).GetRepresentation("Closed surface")
                if surface is not None and surface.GetNumberOfPoints():
                    yield surface

    def sliceViewNames(self):
        return list(self._slices)

    def mrmlSliceLogics(self):
        import slicer

        return slicer.app.applicationLogic().GetSliceLogics()

    def sliceWidget(self, name):
        return self._slices.get(name)


class qSlicerApplication(QApplication):
    """The application object of the stand-in; `version` is the Slicer that it says it is."""

    startupCompleted = Signal()

    def __init__(self, arguments, version=(5, 12)):
        super().__init__(arguments)
        self._version = version
        self._folder = tempfile.TemporaryDirectory(prefix="ptlf-host-")
        self._settings = QSettings(str(Path(self._folder.name) / "settings.ini"), QSettings.Format.IniFormat)
        self._modules = SimpleNamespace()
        self._module_manager = qSlicerModuleManager(self._modules)
        self._io = qSlicerCoreIOManager()
        self._layouts = qSlicerLayoutManager()
        self._logic = None
        self._testing = True

    majorVersion = Property(int, lambda self: self._version[0])
    minorVersion = Property(int, lambda self: self._version[1])
    temporaryPath = Property(str, lambda self: self._folder.name)
    cachePath = Property(str, lambda self: self._folder.name)
    slicerHome = Property(str, lambda self: sys.prefix)
    revision = Property(str, lambda self: "stand-in")
    os = Property(str, lambda self: sys.platform)
    arch = Property(str, lambda self: "")
    documentationBaseUrl = Property(str, lambda self: "")
    applicationLocaleName = Property(str, lambda self: QLocale.system().name())

    def testingEnabled(self):
        return self._testing

    def translate(self, context, text):
        return QApplication.translate(context, text)

    def settings(self):
        return self._settings

    def userSettings(self):
        return self._settings

    def startupEnvironment(self):
        return QProcessEnvironment.systemEnvironment()

    def moduleManager(self):
        return self._module_manager

    def coreIOManager(self):
        return self._io

    def ioManager(self):
        return self._io

    def layoutManager(self):
        return self._layouts

    def applicationLogic(self):
        return self._logic

    def moduleLogic(self, name):
        module = getattr(self._modules, name.lower(), None)
        return module.logic() if module else None

    def mrmlScene(self):
        import slicer

        return slicer.mrmlScene

    def pauseRender(self):
        """Nothing is rendered behind the panel's back."""

    def resumeRender(self):
        """See `pauseRender`."""


def install(application: qSlicerApplication) -> None:
    """Fill the wheel's ``slicer`` with what the application adds to it."""
    import slicer
    from slicer import vtkMRMLScene, vtkSlicerApplicationLogic

    from .ctk_widgets import not_built

    slicer.app = application
    slicer.modules = application._modules
    slicer.mrmlScene = scene = vtkMRMLScene()
    slicer.selfTests = {}
    for widget in (*mrml_widgets.WIDGETS, *segment_editor.WIDGETS):
        setattr(slicer, widget.__name__, widget)
    slicer.qSlicerSegmentEditorEffectFactory = segment_editor.qSlicerSegmentEditorEffectFactory

    def absent(name):
        if not name.startswith("qMRML"):
            raise AttributeError(f"module 'slicer' has no attribute '{name}'")
        setattr(slicer, name, not_built(name))
        return getattr(slicer, name)

    slicer.__getattr__ = absent
    QTimer.singleShot = staticmethod(_single_shot)
    application._logic = vtkSlicerApplicationLogic()
    _set_up_scene(application, scene)
    _set_up_logics(application, scene)
    error_log.watch_segmentations(scene)


def _single_shot(milliseconds, receiver, member=None):
    """Slicer's own (slicerqt.py): a timer that belongs to the module manager and is never deleted."""
    import slicer

    timer = QTimer(slicer.app.moduleManager())
    timer.setSingleShot(True)
    timer.connect("timeout()", *((receiver,) if member is None else (receiver, member)))
    timer.start(milliseconds)


def _set_up_scene(application, scene) -> None:
    import slicer
    import vtk

    logic = application._logic
    logic.SetMRMLScene(scene)
    logic.GetColorLogic().SetMRMLScene(scene)
    logic.GetColorLogic().AddDefaultColorNodes()
    logic.SetSliceLogics(vtk.vtkCollection())
    logic.SetViewLogics(vtk.vtkCollection())
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    # A bundle (.mrb) is read through the remote cache, even when nothing in it is remote.
    application._remote = slicer.vtkMRMLRemoteIOLogic()
    application._remote.SetMRMLScene(scene)
    application._remote.GetCacheManager().SetRemoteCacheDirectory(application.temporaryPath)
    application._data_io = slicer.vtkDataIOManagerLogic()
    application._data_io.SetMRMLApplicationLogic(logic)
    application._data_io.SetAndObserveDataIOManager(application._remote.GetDataIOManager())
    application._remote.AddDataIOToScene()


def _set_up_logics(application, scene) -> None:
    import slicer
    import vtk

    for name, kind in LOGICS.items():
        logic = getattr(slicer, kind)()
        vtk.vtkObject.GlobalWarningDisplayOff()
        if name == "Terminologies":  # its JSON files are not in the wheel; entries can be made without
            logic.SetModuleShareDirectory(application.temporaryPath)
        logic.SetMRMLApplicationLogic(application._logic)
        logic.SetMRMLScene(scene)
        vtk.vtkObject.GlobalWarningDisplayOn()
        application._logic.SetModuleLogic(name, logic)
        module = SimpleNamespace(name=name, logic=lambda logic=logic: logic, path="")
        setattr(application._modules, name.lower(), module)
