"""What ``import qt`` gives: the Qt modules that PythonQt wraps, and no other."""

from __future__ import annotations

import sys
import types

from PySide6 import QtCore, QtGui, QtNetwork, QtWidgets

NOT_IN_PYTHONQT = {"QtSvg", "QtPrintSupport", "QtTest", "Slot", "Property", "ClassInfo", "QmlElement", "QEnum", "QFlag"}
"""PySide6 offers these, PythonQt does not (or not in this form)."""


def install(ui_loader: type) -> types.ModuleType:
    """Put the module ``qt`` into this process; `ui_loader` reads .ui files with Slicer's widgets."""
    qt = types.ModuleType("qt", __doc__)
    for module in (QtCore, QtGui, QtWidgets, QtNetwork):
        for name in dir(module):
            if name[:1] in ("Q", "q", "S") and name not in NOT_IN_PYTHONQT:
                setattr(qt, name, getattr(module, name))
    qt.QUiLoader = ui_loader
    for name in ("getOpenFileName", "getSaveFileName"):  # PythonQt gives the path alone, PySide6 also the filter
        native = getattr(QtWidgets.QFileDialog, name)
        setattr(QtWidgets.QFileDialog, name, staticmethod(lambda *args, native=native: native(*args)[0]))
    names = QtWidgets.QFileDialog.getOpenFileNames
    QtWidgets.QFileDialog.getOpenFileNames = staticmethod(lambda *args: tuple(names(*args)[0]))
    # PythonQt wraps these for Slicer although newer Qt moved or renamed them.
    qt.QAction = QtGui.QAction
    sys.modules["qt"] = qt
    return qt
