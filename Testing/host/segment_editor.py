"""qMRMLSegmentEditorWidget over the wheel's own vtkSlicerSegmentEditorLogic.

Painting happens through the logic, as in Slicer; the widget itself is a list of segments and of the effects
that Slicer would show.
"""

from __future__ import annotations

from PySide6.QtCore import Property, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QListWidget, QToolButton, QVBoxLayout

from . import error_log
from .mrml_widgets import qMRMLWidget

EFFECTS = [
    "Threshold",
    "Paint",
    "Draw",
    "Erase",
    "Level tracing",
    "Grow from seeds",
    "Smoothing",
    "Scissors",
    "Islands",
]


class qSlicerSegmentEditorEffectFactory(QObject):
    effectRegistered = Signal(str)
    _the_one = None

    @classmethod
    def instance(cls):
        cls._the_one = cls._the_one or cls()
        return cls._the_one


class qMRMLSegmentEditorWidget(qMRMLWidget):
    currentSegmentIDChanged = Signal(str)
    segmentationNodeChanged = Signal(object)
    sourceVolumeNodeChanged = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        from slicer import vtkSlicerSegmentEditorLogic

        self._logic = vtkSlicerSegmentEditorLogic()
        self._node = self._segmentation = self._volume = None
        self._flags: dict = {}
        self._effect = self._last_effect = ""
        self._shortcuts, self._view_observations = [], False
        self._undo_states = 0
        self._list = QListWidget()
        self._list.setMaximumHeight(64)
        self._buttons = {name: QToolButton() for name in EFFECTS}
        grid = QGridLayout()
        for index, (name, button) in enumerate(self._buttons.items()):
            button.setText(name)
            button.setCheckable(True)
            button.clicked.connect(lambda checked=False, n=name: self.setActiveEffectByName(n if checked else ""))
            grid.addWidget(button, index // 3, index % 3)
        row = QHBoxLayout()
        self._undo, self._redo = QToolButton(), QToolButton()
        self._undo.setText("Undo")
        self._redo.setText("Redo")
        self._undo.clicked.connect(lambda checked=False: self.undo())
        self._redo.clicked.connect(lambda checked=False: self.redo())
        row.addWidget(self._undo)
        row.addWidget(self._redo)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._list)
        layout.addLayout(grid)
        layout.addLayout(row)
        self._list.currentRowChanged.connect(lambda row: self.currentSegmentIDChanged.emit(self.currentSegmentID()))

    def _flag(name, default):
        def put(self, value):
            self._flags[name] = value

        return Property(bool, lambda self: self._flags.get(name, default), put)

    segmentationNodeSelectorVisible = _flag("segmentationNodeSelectorVisible", True)
    sourceVolumeNodeSelectorVisible = _flag("sourceVolumeNodeSelectorVisible", True)
    switchToSegmentationsButtonVisible = _flag("switchToSegmentationsButtonVisible", True)
    addRemoveSegmentButtonsVisible = _flag("addRemoveSegmentButtonsVisible", True)
    readOnly = _flag("readOnly", False)

    @Slot(bool)
    def setSegmentationNodeSelectorVisible(self, visible):
        self._flags["segmentationNodeSelectorVisible"] = visible

    @Slot(bool)
    def setSourceVolumeNodeSelectorVisible(self, visible):
        self._flags["sourceVolumeNodeSelectorVisible"] = visible

    @Slot(bool)
    def setSwitchToSegmentationsButtonVisible(self, visible):
        self._flags["switchToSegmentationsButtonVisible"] = visible

    @Slot(bool)
    def setAddRemoveSegmentButtonsVisible(self, visible):
        self._flags["addRemoveSegmentButtonsVisible"] = visible

    @Slot(int)
    def setMaximumNumberOfUndoStates(self, count):
        self._undo_states = count
        self._logic.SetMaximumNumberOfUndoStates(count)

    @Slot(object)
    def setMRMLSegmentEditorNode(self, node):
        self._node = node
        self._logic.SetSegmentEditorNode(node)

    def mrmlSegmentEditorNode(self):
        return self._node

    @Slot(object)
    def setMRMLScene(self, scene):
        self._logic.SetMRMLScene(scene)
        qMRMLWidget.setMRMLScene(self, scene)

    @Slot(object)
    def setSegmentationNode(self, node):
        self._segmentation = node
        if self._node is not None:
            self._node.SetAndObserveSegmentationNode(node)
        self._logic.SetSegmentationNode(node)
        self.updateWidgetFromMRML()
        self.segmentationNodeChanged.emit(node)

    @Slot(object)
    def setSourceVolumeNode(self, node):
        if self._node is None or self._segmentation is None:
            error_log.write("SetSourceVolumeNode: need to set segment editor and segmentation nodes first")
            return
        self._volume = node
        if self._node is not None:
            self._node.SetAndObserveSourceVolumeNode(node)
        self._logic.SetSourceVolumeNode(node)
        self.sourceVolumeNodeChanged.emit(node)

    def segmentationNode(self):
        return self._segmentation

    def segmentationNodeID(self):
        return self._segmentation.GetID() if self._segmentation else ""

    def sourceVolumeNode(self):
        return self._volume

    def sourceVolumeNodeID(self):
        return self._volume.GetID() if self._volume else ""

    def currentSegmentID(self):
        ids = self._segment_ids()
        row = self._list.currentRow
        return ids[row] if 0 <= row < len(ids) else ""

    @Slot(str)
    def setCurrentSegmentID(self, identifier):
        ids = self._segment_ids()
        self._list.setCurrentRow(ids.index(identifier) if identifier in ids else -1)

    def _segment_ids(self) -> list[str]:
        return list(self._segmentation.GetSegmentation().GetSegmentIDs()) if self._segmentation else []

    @Slot()
    def updateWidgetFromMRML(self):
        keep = self._list.currentRow
        self._list.clear()
        for identifier in self._segment_ids():
            self._list.addItem(self._segmentation.GetSegmentation().GetSegment(identifier).GetName())
        self._list.setCurrentRow(keep if 0 <= keep < self._list.count else 0)

    def activeEffect(self):
        return self._effect or None

    def setActiveEffect(self, effect):
        self.setActiveEffectByName("" if effect is None else effect)

    @Slot(str)
    def setActiveEffectByName(self, name):
        self._last_effect = name or self._effect or self._last_effect
        self._effect = name
        for other, button in self._buttons.items():
            button.setChecked(other == name)

    @Slot()
    def updateEffectList(self):
        """The stand-in's effects never change."""

    @Slot()
    def installKeyboardShortcuts(self):
        """On the whole window, as Slicer's: a digit switches an effect, Space the last one, wherever the focus is."""
        self.uninstallKeyboardShortcuts()
        keys = {Qt.Key.Key_Escape: lambda: self.setActiveEffectByName(""), Qt.Key.Key_Space: self._toggle_last}
        for number, name in enumerate(EFFECTS, 1):
            keys[Qt.Key(int(Qt.Key.Key_0) + number)] = lambda name=name: self.setActiveEffectByName(name)
        keys[Qt.Key.Key_Comma] = lambda: self._step(-1)
        keys[Qt.Key.Key_Period] = lambda: self._step(1)
        for key, what in keys.items():
            shortcut = QShortcut(QKeySequence(key), self.window())
            shortcut.activated.connect(what)
            self._shortcuts.append(shortcut)

    @Slot()
    def uninstallKeyboardShortcuts(self):
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._shortcuts = []

    def _toggle_last(self):
        self.setActiveEffectByName("" if self._effect else self._last_effect)

    def _step(self, by):
        self._list.setCurrentRow(min(max(self._list.currentRow + by, 0), self._list.count - 1))

    def setupViewObservations(self):
        self._view_observations = True

    def removeViewObservations(self):
        self._view_observations = False

    @Slot()
    def saveStateForUndo(self):
        self._logic.SaveStateForUndo()

    @Slot()
    def undo(self):
        self._logic.Undo()

    @Slot()
    def redo(self):
        self._logic.Redo()


WIDGETS = (qMRMLSegmentEditorWidget,)
