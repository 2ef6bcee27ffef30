"""qMRML widgets over the wheel's real scene: the container of a module, and the node selector."""

from __future__ import annotations

import vtk
from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid


class _SceneWidget(QWidget):
    """A widget that knows the scene and tells its children."""

    mrmlSceneChanged = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    @Slot(object)
    def setMRMLScene(self, scene):
        if scene is self._scene:
            return
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)


class qMRMLWidget(_SceneWidget):
    def mrmlScene(self):
        return self._scene


class qSlicerScriptedLoadableModuleWidget(_SceneWidget):
    """What a scripted module's widget has as its parent."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setLayout(QVBoxLayout())
        self._entered = False
        self._self = None

    isEntered = Property(bool, lambda self: self._entered)

    def enter(self):
        self._entered = True
        self._self.enter()

    def exit(self):
        self._entered = False
        self._self.exit()

    def self(self):
        return self._self


class qMRMLNodeComboBox(QWidget):
    """A list of the scene's nodes of given classes; follows nodes that come, go or are renamed."""

    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)
    nodeAddedByUser = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene, self._tags, self._renames = None, [], {}
        self._types, self._attributes = [], []
        self._none, self._none_text = False, "None"
        self._flags = {"addEnabled": True, "removeEnabled": True, "editEnabled": False, "renameEnabled": False}
        self._show_hidden, self._children, self._select_new, self._base = False, True, False, ""
        self._ids, self._silent = [], False
        self._box = QComboBox()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._box.currentIndexChanged.connect(self._announce)
        self.setFocusProxy(self._box)

    def _plain(name, kind, before=None):
        def put(self, value):
            setattr(self, name, value)
            self._refill()

        return Property(kind, lambda self: getattr(self, name), put)

    nodeTypes = _plain("_types", "QStringList")
    noneEnabled = _plain("_none", bool)
    noneDisplay = _plain("_none_text", str)
    showHidden = _plain("_show_hidden", bool)
    showChildNodeTypes = _plain("_children", bool)
    selectNodeUponCreation = _plain("_select_new", bool)
    baseName = _plain("_base", str)
    currentNodeID = Property(str, lambda self: self._current_id(), lambda self, value: self.setCurrentNodeID(value))

    sizeAdjustPolicy = Property(
        QComboBox.SizeAdjustPolicy,
        lambda self: self._box.sizeAdjustPolicy,
        lambda self, policy: self._box.setSizeAdjustPolicy(policy),
    )

    def _flag(name):
        def put(self, value):
            self._flags[name] = value

        return Property(bool, lambda self: self._flags[name], put)

    addEnabled = _flag("addEnabled")
    removeEnabled = _flag("removeEnabled")
    editEnabled = _flag("editEnabled")
    renameEnabled = _flag("renameEnabled")

    @Slot(object)
    def setMRMLScene(self, scene):
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            observe = scene.AddObserver
            self._tags = [
                observe(scene.NodeAddedEvent, self._while_alive(self._on_node)),
                observe(scene.NodeAboutToBeRemovedEvent, self._while_alive(self._on_node_leaving)),
                observe(scene.EndImportEvent, self._while_alive(self._rebuild)),
                observe(scene.EndCloseEvent, self._while_alive(self._rebuild)),
            ]
        self._refill()

    def mrmlScene(self):
        return self._scene

    def _while_alive(self, callback):
        """As C++'s observers: they end with the widget, whoever deletes it."""

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def call(caller, event, node=None):
            if isValid(self):
                callback(caller, event, node)

        return call

    def _takes(self, node) -> bool:
        kinds = [t for t in self._types if t]
        if not (node.IsA and any(node.IsA(t) if self._children else node.GetClassName() == t for t in kinds)):
            return False
        if node.GetHideFromEditors() and not self._show_hidden:
            return False
        return all(node.GetAttribute(name) == value for kind, name, value in self._attributes if node.IsA(kind))

    def _on_node(self, caller, event, node=None):
        if node is not None and self._takes(node) and not self._scene.IsImporting():
            self._refill()
            if self._select_new:
                self.setCurrentNode(node)

    def _on_node_leaving(self, caller, event, node=None):
        if node is not None and node.GetID() in self._ids and not self._scene.IsClosing():
            self._refill(without=node)

    def _rebuild(self, caller, event, _node=None):
        """As qMRMLSceneModel::updateScene: all rows go and come again, so that nothing is chosen any more."""
        self._refill(nothing=True)
        self._refill()

    def _refill(self, without=None, nothing=False):
        keep, row = self._current_id(), self._box.currentIndex
        for node, tag in self._renames.values():
            node.RemoveObserver(tag)
        self._renames = {}
        self._silent = True
        self._box.clear()
        self._ids = []
        if self._none:
            self._ids.append("")
            self._box.addItem(self._none_text)
        nodes = (
            []
            if self._scene is None or nothing
            else [self._scene.GetNthNode(i) for i in range(self._scene.GetNumberOfNodes())]
        )
        for node in nodes:
            if node is not without and self._takes(node):
                self._ids.append(node.GetID())
                self._box.addItem(node.GetName() or "")
                self._renames[node.GetID()] = (node, node.AddObserver("ModifiedEvent", self._while_alive(self._rename)))
        # Where the chosen node leaves, QComboBox goes to the row above: that may be another patient's CT.
        index = self._ids.index(keep) if keep in self._ids else min(max(row - 1, 0), len(self._ids) - 1)
        self._box.setCurrentIndex(index)
        self._silent = False
        if self._current_id() != keep:
            self._announce()

    def _rename(self, node, event, _node=None):
        if not self._takes(node):  # hidden since, as the sort filter of Slicer's model notices
            self._refill(without=node)
        elif node.GetID() in self._ids:
            self._box.setItemText(self._ids.index(node.GetID()), node.GetName() or "")

    def _current_id(self) -> str:
        index = self._box.currentIndex
        return self._ids[index] if 0 <= index < len(self._ids) else ""

    def _announce(self, *_):
        if self._silent:
            return
        node = self.currentNode()
        self.currentNodeChanged[object].emit(node)
        self.currentNodeChanged[bool].emit(node is not None)
        self.currentNodeIDChanged.emit(self._current_id())

    def currentNode(self):
        return self._scene.GetNodeByID(self._current_id()) if self._scene and self._current_id() else None

    def nodeCount(self):
        return len([i for i in self._ids if i])

    @Slot(object)
    def setCurrentNode(self, node):
        self.setCurrentNodeID(node.GetID() if node is not None and not isinstance(node, str) else node)

    @Slot(str)
    def setCurrentNodeID(self, identifier):
        """A node that is not in the list leaves none chosen, as qMRMLNodeComboBoxPrivate::setCurrentNodeIDInternal."""
        known = (identifier or "") in self._ids
        self._box.setCurrentIndex(self._ids.index(identifier or "") if known else 0 if self._none else -1)

    def addAttribute(self, kind, name, value=None):
        self._attributes.append((kind, name, value))
        self._refill()

    def removeAttribute(self, kind, name):
        self._attributes = [a for a in self._attributes if a[:2] != (kind, name)]
        self._refill()


WIDGETS = (qMRMLWidget, qMRMLNodeComboBox)
