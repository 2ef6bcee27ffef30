"""What Slicer's Python gives a scripted module; own code, or Slicer's own files where SLICER_PYTHON names them.

SLICER_PYTHON is the folder ``Base/Python`` of a Slicer source tree: the same tests then run with the
ScriptedLoadableModule bases, i18n and packaging of that version.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
import unittest
from pathlib import Path
from types import SimpleNamespace

from PySide6.QtCore import QEvent


def install(slicer_python: str | None) -> None:
    import slicer

    if slicer_python:
        folder = Path(slicer_python) / "slicer"
        if not (folder / "ScriptedLoadableModule.py").is_file():
            raise FileNotFoundError(f"SLICER_PYTHON={slicer_python}: no slicer/ScriptedLoadableModule.py in it")
        slicer.__path__.append(str(folder))
        return
    for name, content in (("i18n", _i18n()), ("ScriptedLoadableModule", _bases())):
        module = types.ModuleType(f"slicer.{name}", __doc__)
        vars(module).update(content)
        module.__all__ = [key for key in content if not key.startswith("_")]
        sys.modules[f"slicer.{name}"] = module
        setattr(slicer, name, module)


def _i18n() -> dict:
    return {"tr": lambda text: text, "translate": lambda context, text: text}


def _bases() -> dict:
    import slicer

    class ScriptedLoadableModule:
        def __init__(self, parent):
            self.parent = parent
            self.moduleName = type(self).__name__

        def resourcePath(self, name):
            return str(Path(self.parent.path).parent / "Resources" / name)

    class ScriptedLoadableModuleWidget:
        def __init__(self, parent=None):
            self.moduleName = type(self).__name__.removesuffix("Widget")
            self.developerMode = False
            self.parent = parent
            self.layout = parent.layout()
            slicer.app.moduleManager().connect("moduleAboutToBeUnloaded(QString)", self._unload)

        def resourcePath(self, name):
            return str(Path(slicer.util.modulePath(self.moduleName)).parent / "Resources" / name)

        def setup(self):
            """Slicer adds its developer section here."""

        def cleanup(self):
            """For the module to override."""

        def _unload(self, name):
            if name == self.moduleName:
                self.cleanup()
                slicer.app.moduleManager().disconnect("moduleAboutToBeUnloaded(QString)", self._unload)

    class ScriptedLoadableModuleLogic:
        def __init__(self, parent=None):
            self.moduleName = type(self).__name__.removesuffix("Logic")

    class ScriptedLoadableModuleTest(unittest.TestCase):
        def delayDisplay(self, message, *_):
            slicer.app.processEvents()

    return {
        cls.__name__: cls
        for cls in (
            ScriptedLoadableModule,
            ScriptedLoadableModuleWidget,
            ScriptedLoadableModuleLogic,
            ScriptedLoadableModuleTest,
        )
    }


def load(path: str | Path):
    """Load a scripted module as Slicer does: its folder on the path, the module object, its entry.

    Returns
    -------
    SimpleNamespace
        The module's entry in ``slicer.modules``: ``name``, ``path``, ``instance``, ``python``, ``logic``.
    """
    import slicer

    path = Path(path).resolve()
    name = path.stem
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent = SimpleNamespace(path=str(path), defaultDocumentationLink="", icon=None, hidden=False)
    entry = SimpleNamespace(name=name, path=str(path), python=module, parent=parent, logic=lambda: None)
    setattr(slicer.modules, name.lower(), entry)
    entry.instance = getattr(module, name)(parent)
    return entry


def open_widget(entry):
    """Make the module's widget as Slicer does when the user first selects the module.

    Returns
    -------
    (container, widget)
        The qSlicerScriptedLoadableModuleWidget with its layout, and the module's own Widget object in it.
    """
    import slicer

    from .mrml_widgets import qSlicerScriptedLoadableModuleWidget

    container = qSlicerScriptedLoadableModuleWidget()
    container.setMRMLScene(slicer.mrmlScene)
    widget = getattr(entry.python, f"{entry.name}Widget")(container)
    container._self = widget
    setattr(slicer.modules, f"{entry.name}Widget", widget)
    widget.setup()
    container.enter()
    return container, widget


def close_widget(entry, container) -> None:
    """Take the module's widget away as Slicer does when it reloads the module or exits."""
    import slicer

    if container.isEntered:
        container.exit()
    slicer.app.moduleManager().moduleAboutToBeUnloaded.emit(entry.name)
    if getattr(slicer.modules, f"{entry.name}Widget", None) is container._self:
        delattr(slicer.modules, f"{entry.name}Widget")
    container.deleteLater()
    slicer.app.processEvents()
    slicer.app.sendPostedEvents(container, QEvent.Type.DeferredDelete)  # a script's own processEvents deletes nothing
