"""Make PySide6's classes obey PythonQt's rules, for this process.

PythonQt (``PythonQtInstanceWrapper.cpp``): a Q_PROPERTY is a value and is never called; setters and getters
of another name (``setText``, ``isChecked``) exist beside it; ``obj.connect("signal(type)", f)``; a plain C++
object takes no new attributes; a read-only property, a slot or a signal cannot be assigned.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from PySide6 import QtCore, QtGui, QtNetwork, QtWidgets

_MODULES = (QtCore, QtGui, QtWidgets, QtNetwork)
_get_property = QtCore.QObject.property
_set_property = QtCore.QObject.setProperty
_VTK_POINTER = re.compile(r"(?:\bvtk\w+|\bvoid)\s*\*")
_adapters: dict[tuple, Any] = {}
_plain: set[type] = set()


class _Property:
    """A Q_PROPERTY as a data descriptor."""

    def __init__(self, name: str, writable: bool, original: Any):
        self.name, self.writable, self.original = name, writable, original
        self.call = original if inspect.ismethoddescriptor(original) else None

    def __get__(self, obj, owner=None):
        if obj is None:
            return self if self.original is None else self.original
        # The getter keeps enum types, and is the only safe way to a virtual one (sizeHint): property() would
        # look for a Python override by this very attribute, without end.
        return self.call(obj) if self.call else _get_property(obj, self.name)

    def __set__(self, obj, value):
        if not self.writable:
            raise AttributeError(f"Property '{self.name}' of type '{type(obj).__name__}' object is not writable")
        if not _set_property(obj, self.name, value):
            raise AttributeError(
                f"Property '{self.name}' of type '{type(obj).__name__}' does not accept "
                f"an object of type {type(value).__name__}"
            )


class _ObjectName(_Property):
    """PythonQt's ``name`` is Qt's ``objectName``."""

    def __init__(self):
        super().__init__("objectName", True, QtCore.QObject.objectName)


def impose() -> None:
    """Patch every QObject class; call once, before the first widget is made."""
    if _plain:
        return
    for module in _MODULES:
        for name in dir(module):
            getattr(module, name)  # Shiboken makes classes when they are first looked at
    classes = _subclasses(QtCore.QObject)
    originals = {(cls, name): getattr(cls, name, None) for cls in classes for name in _property_names(cls)}
    for cls in classes:
        _patch_properties(cls, originals)
    for cls in classes:
        cls.__setattr__ = _set_attribute
        if "__getattribute__" in cls.__dict__:
            cls.__getattribute__ = _getter_with_connect(cls.__dict__["__getattribute__"])
    QtCore.QObject.name = _ObjectName()
    QtCore.QObject.__getattr__ = _dynamic_property_or_child
    QtCore.QObject.className = lambda self: self.metaObject().className()
    _plain.update(classes)


def _subclasses(root: type) -> list[type]:
    found, todo = [], [root]
    while todo:
        cls = todo.pop()
        if cls not in found:
            found.append(cls)
            todo.extend(type.__subclasses__(cls))
    return found


def _properties(cls) -> list:
    meta = cls.staticMetaObject
    return [meta.property(index) for index in range(meta.propertyCount())]


def _property_names(cls) -> set[str]:
    return {p.name() for p in _properties(cls)}


def _patch_properties(cls: type, originals: dict) -> None:
    meta = cls.staticMetaObject
    own = range(meta.propertyOffset(), meta.propertyCount())
    for index in range(meta.propertyCount()):
        p = meta.property(index)
        if index in own or p.name() in cls.__dict__:  # a class may redeclare an inherited getter (sizeHint)
            setattr(cls, p.name(), _Property(p.name(), p.isWritable(), originals[cls, p.name()]))


def _set_attribute(self, name: str, value: Any) -> None:
    for cls in type(self).__mro__:
        if name not in cls.__dict__:
            continue
        attribute = cls.__dict__[name]
        if isinstance(attribute, QtCore.Property):
            if not _set_property(self, name, list(value) if isinstance(value, tuple) else value):
                raise AttributeError(f"Property '{name}' does not accept an object of type {type(value).__name__}")
            return
        if isinstance(attribute, (_Property, property)):
            attribute.__set__(self, value)
            return
        if isinstance(value, QtCore.SignalInstance):
            break
        if cls in _plain and not name.startswith("__"):
            raise AttributeError(f"Slot or signal '{name}' of type '{type(self).__name__}' cannot be assigned")
        break
    if isinstance(value, QtCore.SignalInstance):  # PySide6 keeps a signal it was asked for in this way
        self.__dict__[name] = value
    elif type(self) in _plain:
        raise AttributeError(f"A Python attribute can't be added to C++ object of type '{type(self).__name__}': {name}")
    else:
        self.__dict__[name] = value


def _dynamic_property_or_child(self, name: str):
    if not name.startswith("_"):
        if name in [bytes(n).decode() for n in QtCore.QObject.dynamicPropertyNames(self)]:
            return _get_property(self, name)
        for child in QtCore.QObject.children(self):
            if child.objectName == name:
                return child
    raise AttributeError(f"{type(self).__name__} has no attribute named '{name}'")


def _getter_with_connect(native):
    def get(self, name):
        if name == "connect":
            return lambda *args: _connect(self, native, args)
        if name == "disconnect":
            return lambda *args: _disconnect(self, native, args)
        return native(self, name)

    return get


def _is_pythonqt_call(args: tuple) -> bool:
    return len(args) == 2 and isinstance(args[0], str) and not args[0][:1].isdigit() and callable(args[1])


def _connect(self, native, args: tuple):
    if not _is_pythonqt_call(args):
        return native(self, "connect")(*args)  # PySide6's own calls
    signal, slot = _signal(self, native, args[0]), args[1]
    if args[0].replace(" ", "").endswith("()"):
        slot = _adapters.setdefault(_key(self, *args), lambda *_ignored, f=args[1]: f())
    signal.connect(slot)
    return True


def _disconnect(self, native, args: tuple):
    if not _is_pythonqt_call(args):
        return native(self, "disconnect")(*args)
    slot = _adapters.pop(_key(self, *args), args[1])
    return bool(_signal(self, native, args[0]).disconnect(slot))


def _key(self, signature: str, slot) -> tuple:
    return id(self), signature.replace(" ", ""), slot


def python_signature(signature: str) -> str:
    """A C++ signal signature as this process knows it: VTK pointers travel as Python objects."""
    text = QtCore.QMetaObject.normalizedSignature(_VTK_POINTER.sub("PyObject", signature))
    return text.data().decode() if hasattr(text, "data") and not isinstance(text, str) else str(text)


def _signal(self, native, signature: str):
    wanted = python_signature(signature)
    meta = native(self, "metaObject")()
    if meta.indexOfSignal(wanted) < 0:
        raise ValueError(f"{type(self).__name__} has no signal {signature}")
    name, arguments = wanted.rstrip(")").split("(", 1)
    signal = native(self, name)
    declared = str(getattr(signal, "signal", "")).lstrip("2")
    if not arguments or declared == wanted:
        return signal
    try:
        return signal[tuple(arguments.split(","))] if "," in arguments else signal[arguments]
    except (KeyError, IndexError, TypeError):
        return signal
