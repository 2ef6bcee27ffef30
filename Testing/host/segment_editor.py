"""qMRMLSegmentEditorWidget over the wheel's own vtkSlicerSegmentEditorLogic.

Painting happens through the logic, as in Slicer; the widget itself is a list of segments, the effects that Slicer
would show, a place as wide as an effect's options, and the box of segmentations, which chooses one by itself.
"""

from __future__ import annotations

from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QListWidget, QToolButton, QVBoxLayout

from . import error_log
from .mrml_widgets import qMRMLNodeComboBox, qMRMLWidget

EFFECTS = {
    "Threshold": 524,
    "Paint": 412,
    "Draw": 412,
    "Erase": 412,
    "Level tracing": 412,
    "Grow from seeds": 480,
    "Smoothing": 452,
    "Scissors": 470,
    "Islands": 440,
    "Mask volume": 753,
}
"""Effects that Slicer shows, and the pixels that their options ask for there: all wider than the panel."""

STEPS = {"Q": -1, "W": 1, "/": -1, "*": 1, ",": -1, ".": 1, ">": -1, "<": 1}
"""Keys for the segment before and after."""


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
        self._node = None
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
        self._options = QLabel("Options")
        self._options.hide()
        layout.addWidget(self._options)
        self._box = qMRMLNodeComboBox(self)
        self._box.nodeTypes = ["vtkMRMLSegmentationNode"]
        self._box.hide()
        self._box.connect("currentNodeChanged(vtkMRMLNode*)", self._box_changed)
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
        self._box.setMRMLScene(scene)

    def _box_changed(self, node):
        """The box takes the scene's first segmentation, and the next one when its own leaves."""
        scene = self.mrmlScene()
        if scene is not None and not scene.IsBatchProcessing():
            self.setSegmentationNode(node)

    @Slot(object)
    def setSegmentationNode(self, node):
        if self._node is None:
            error_log.write("SetSegmentationNode: need to set segment editor node first")
            return
        changed = self._logic.GetSegmentationNode() is not node
        if changed:
            self._logic.SetSegmentationNode(node)
            self.setActiveEffect(None)
        self._show_in_box(node)
        if changed and node is not None:
            role = node.GetReferenceImageGeometryReferenceRole()
            self.setSourceVolumeNode(node.GetNodeReference(role))
        self.updateWidgetFromMRML()
        if changed:
            self.segmentationNodeChanged.emit(node)

    def _show_in_box(self, node):
        blocked = self._box.blockSignals(True)
        self._box.setCurrentNode(node)
        self._box.blockSignals(blocked)

    @Slot(object)
    def setSourceVolumeNode(self, node):
        if self._node is None or self._logic.GetSegmentationNode() is None:
            if node is not None:
                error_log.write("SetSourceVolumeNode: need to set segment editor and segmentation nodes first")
            return
        self._logic.SetSourceVolumeNode(node)
        self.sourceVolumeNodeChanged.emit(node)

    def segmentationNode(self):
        """What the box shows: none that is hidden from editors, and at times another than the editor works on."""
        return self._box.currentNode()

    def segmentationNodeID(self):
        return self._box.currentNodeID

    def sourceVolumeNode(self):
        return self._node.GetSourceVolumeNode() if self._node is not None else None

    def sourceVolumeNodeID(self):
        return self.sourceVolumeNode().GetID() if self.sourceVolumeNode() else ""

    def currentSegmentID(self):
        ids = self._segment_ids()
        row = self._list.currentRow
        return ids[row] if 0 <= row < len(ids) else ""

    @Slot(str)
    def setCurrentSegmentID(self, identifier):
        ids = self._segment_ids()
        self._list.setCurrentRow(ids.index(identifier) if identifier in ids else -1)

    def _segment_ids(self) -> list[str]:
        node = self._logic.GetSegmentationNode()
        return list(node.GetSegmentation().GetSegmentIDs()) if node else []

    @Slot()
    def updateWidgetFromMRML(self):
        keep = self._list.currentRow
        self._list.clear()
        for identifier in self._segment_ids():
            self._list.addItem(self._logic.GetSegmentationNode().GetSegmentation().GetSegment(identifier).GetName())
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
        self._options.setMinimumWidth(EFFECTS.get(name, 0))
        self._options.setVisible(bool(name))

    @Slot()
    def updateEffectList(self):
        """The stand-in's effects never change."""

    @Slot()
    def installKeyboardShortcuts(self):
        """On the whole window, as Slicer's: a digit switches an effect, Space the last one, wherever the focus is."""
        self.uninstallKeyboardShortcuts()
        keys = {"Esc": lambda: self.setActiveEffectByName(""), "Space": self._toggle_last}
        keys |= {str(number): lambda name=name: self._toggle(name) for number, name in enumerate(list(EFFECTS)[:9], 1)}
        keys |= {key: lambda by=by: self._step(by) for key, by in STEPS.items()}
        keys |= {"Z": self.undo, "Ctrl+Z": self.undo, "Y": self.redo, "Ctrl+Y": self.redo}
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

    def _toggle(self, name):
        self.setActiveEffectByName("" if self._effect == name else name)

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
