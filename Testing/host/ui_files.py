"""Read .ui files with Slicer's widgets; a class that nobody built is an error, never a bare QWidget."""

from __future__ import annotations

from functools import cache
from xml.etree import ElementTree

from PySide6.QtCore import QBuffer, QByteArray
from PySide6.QtUiTools import QUiLoader
from PySide6.QtWidgets import QWidget

from . import ctk_widgets, mrml_widgets, pythonqt, segment_editor

SLICER_WIDGETS = {w.__name__: w for room in (ctk_widgets, mrml_widgets, segment_editor) for w in room.WIDGETS}


class SlicerUiLoader(QUiLoader):
    """``qt.QUiLoader`` of the stand-in."""

    def createWidget(self, class_name, parent=None, name=""):
        if class_name in SLICER_WIDGETS:
            widget = SLICER_WIDGETS[class_name](parent)
            widget.setObjectName(name)
            return widget
        if class_name not in self.availableWidgets() and class_name != "Line":
            raise NotImplementedError(f"{class_name} ({name}) in the .ui file: not in Testing/host")
        return QUiLoader.createWidget(self, class_name, parent, name)

    def load(self, device, parent=None):
        text = bytes(device.readAll().data()).decode("utf-8")
        device.close()
        buffer = QBuffer()
        buffer.setData(QByteArray(_of_python(text)))
        buffer.open(QBuffer.OpenModeFlag.ReadOnly)
        widget = QUiLoader.load(self, buffer, parent)
        for one in (widget, *widget.findChildren(QWidget)):  # C++ has set their tool tips
            pythonqt.wrap_tool_tip(one)
        return widget


@cache
def _of_python(text: str) -> bytes:
    """A .ui file whose signals and slots take Python's objects where VTK's stand; each file is read once a session."""
    tree = ElementTree.fromstring(text)
    for signature in tree.iter():
        if signature.tag in ("signal", "slot") and signature.text:
            signature.text = pythonqt.VTK_POINTER.sub("PyObject", signature.text)
    return ElementTree.tostring(tree, encoding="utf-8")
