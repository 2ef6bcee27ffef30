"""Make PySide6's classes obey PythonQt's rules, for this process.

PythonQt (``PythonQtInstanceWrapper.cpp``): a Q_PROPERTY is a value and is never called; setters and getters
of another name (``setText``, ``isChecked``) exist beside it; ``obj.connect("signal(type)", f)``; a plain C++
object takes no new attributes; a read-only property, a slot or a signal cannot be assigned.

Where the real application was watched to differ from PySide6, its ways are here too: values that are written into a
property are converted, a dead object is False and its calls raise ValueError, an unknown signal is a line and
no error, what fails in an override of an event goes to ``sys.excepthook``, `super()` finds no member of a C++ class,
and constructors take no keywords.  `refusals` keeps the lines, so that tests can fail on them.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
import sys
import weakref
from typing import Any

from PySide6 import QtCore, QtGui, QtNetwork, QtWidgets
from shiboken6 import isValid

_MODULES = (QtCore, QtGui, QtWidgets, QtNetwork)
_get_property = QtCore.QObject.property
_set_property = QtCore.QObject.setProperty
VTK_POINTER = re.compile(r"(?:\bvtk\w+|\bvoid)\s*\*")
_adapters: weakref.WeakValueDictionary[tuple, Any] = weakref.WeakValueDictionary()
_plain: set[type] = set()

refusals: list[str] = []
"""Lines that PythonQt writes where it does nothing (a signal that does not exist), since the list was cleared."""

_OVERRIDES = {"event", "eventFilter", "viewportEvent", "sizeHint", "minimumSizeHint", "heightForWidth"}
"""Virtual methods, beside those that end in Event, which a Python class may override."""


class _Property:
    """A Q_PROPERTY as a data descriptor."""

    def __init__(self, name: str, writable: bool, original: Any, kind: str = ""):
        self.name, self.writable, self.original, self.kind = name, writable, original, kind
        self.call = original if inspect.ismethoddescriptor(original) else None

    def __get__(self, obj, owner=None):
        if obj is None:
            return self if self.original is None else self.original
        if sys._getframe(1).f_code not in _getters:  # nobody but `super()` comes past `__getattribute__`
            raise AttributeError(f"'super' object has no attribute '{self.name}'")
        # The getter keeps enum types, and is the only safe way to a virtual one (sizeHint): property() would
        # look for a Python override by this very attribute, without end.
        return self.call(obj) if self.call else _get_property(obj, self.name)

    def __set__(self, obj, value):
        if not self.writable:
            raise AttributeError(f"Property '{self.name}' of type '{type(obj).__name__}' object is not writable")
        if _refused(value, self.kind) or not _set_property(obj, self.name, converted(value, self.kind)):
            raise AttributeError(
                f"Property '{self.name}' of type '{type(obj).__name__}' does not accept "
                f"an object of type {type(value).__name__}"
            )
        if self.name == "toolTip" and isinstance(obj, QtWidgets.QWidget):
            wrap_tool_tip(obj)


class _ObjectName(_Property):
    """PythonQt's ``name`` is Qt's ``objectName``."""

    def __init__(self):
        super().__init__("objectName", True, QtCore.QObject.objectName, "QString")


def converted(value: Any, kind: str) -> Any:
    """A value as PythonQt writes it into a property of a C++ type (``PythonQtConv::PyObjToQVariant``, not strict)."""
    if kind == "QString" and not isinstance(value, str):
        return str(value)
    if kind == "bool":
        return bool(value)
    if kind in ("int", "uint") and isinstance(value, float):
        return math.floor(value)
    if kind in ("double", "float") and isinstance(value, int):
        return float(value)
    return value


def _refused(value: Any, kind: str) -> bool:
    """Qt would read a number from a text, or 0 from None; PythonQt does not."""
    return kind in ("int", "uint", "double", "float") and not isinstance(value, (int, float))


def wrap_tool_tip(widget) -> None:
    """As ctkToolTipTrapper in Slicer: a plain tool tip becomes a paragraph of rich text, so that its lines wrap."""
    text = _get_property(widget, "toolTip")
    if text and not QtGui.Qt.mightBeRichText(text):
        _set_tool_tip(widget, QtGui.Qt.convertFromPlainText(text, QtCore.Qt.WhiteSpaceMode.WhiteSpaceNormal))


_set_tool_tip = QtWidgets.QWidget.setToolTip


def impose() -> None:
    """Patch every QObject class; call once, before the first widget is made."""
    if _plain:
        return
    for module in _MODULES:
        for name in dir(module):
            getattr(module, name)  # Shiboken makes classes when they are first looked at
    _refuse_what_pythonqt_has_not()
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
    QtCore.QObject.__bool__ = lambda self: isValid(self)
    QtCore.QObject.__init_subclass__ = classmethod(_guard_overrides)
    QtWidgets.QWidget.setToolTip = lambda self, text: (_set_tool_tip(self, text), wrap_tool_tip(self))[0]
    _plain.update(classes)


def _refuse_what_pythonqt_has_not() -> None:
    """Conveniences of PySide6 alone: keywords in constructors, `with`, `toTuple`, a type for a setting."""
    for module in _MODULES:
        for cls in [found for found in vars(module).values() if isinstance(found, type)]:
            for name in ("__enter__", "__exit__", "toTuple"):
                if name in cls.__dict__:
                    delattr(cls, name)
            if "__init__" in cls.__dict__ and cls.__name__[:1] == "Q":
                _refuse_keywords(cls)
    value = QtCore.QSettings.value
    QtCore.QSettings.value = lambda self, key, default=None: value(self, key, default)


def _refuse_keywords(cls: type) -> None:
    native = cls.__dict__["__init__"]

    def __init__(self, *arguments, **keywords):
        if keywords:
            raise TypeError(f"{cls.__name__} takes no keyword arguments: {', '.join(keywords)}")
        native(self, *arguments)

    cls.__init__ = __init__


def _guard_overrides(cls, **_ignored) -> None:
    """What fails in an override that C++ calls goes to ``sys.excepthook``; C++ goes on."""
    for name, method in list(vars(cls).items()):
        if (name.endswith("Event") or name in _OVERRIDES) and inspect.isfunction(method):
            setattr(cls, name, _guarded(method, name))


def _guarded(method, name: str):
    @functools.wraps(method)
    def call(self, *arguments):
        try:
            return method(self, *arguments)
        except Exception:
            sys.excepthook(*sys.exc_info())
            return QtCore.QSize() if name.endswith("Hint") else False

    return call


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
            setattr(cls, p.name(), _Property(p.name(), p.isWritable(), originals[cls, p.name()], _kind(p)))


def _kind(p) -> str:
    return "" if p.isEnumType() else p.typeName()


def _set_attribute(self, name: str, value: Any) -> None:
    for cls in type(self).__mro__:
        if name not in cls.__dict__:
            continue
        attribute = cls.__dict__[name]
        if not isValid(self) and isinstance(attribute, (_Property, QtCore.Property)):
            raise AttributeError(f"Trying to set property '{name}' on a destroyed {_slicers_class(self)} object")
        if isinstance(attribute, QtCore.Property):
            meta = self.metaObject()
            kind = _kind(meta.property(meta.indexOfProperty(name)))
            taken = list(value) if isinstance(value, tuple) else converted(value, kind)
            if _refused(value, kind) or not _set_property(self, name, taken):
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


_getters: set = set()
"""Code objects of the `__getattribute__` of this file."""


def _getter_with_connect(native):
    def get(self, name):
        if not isValid(self) and name[:1] != "_":
            return _of_a_dead_object(self, native, name)
        if name == "connect":
            return lambda *args: _connect(self, native, args)
        if name == "disconnect":
            return lambda *args: _disconnect(self, native, args)
        return native(self, name)

    _getters.add(get.__code__)
    return get


def _is_slicers(cls: type) -> bool:
    """Whether a class is C++ in Slicer: Qt's own, and what this stand-in has in the place of CTK's and Slicer's."""
    return cls in _plain or cls.__module__.startswith("host.")


def _slicers_class(obj) -> str:
    return next(cls.__name__ for cls in type(obj).__mro__ if _is_slicers(cls))


def _of_a_dead_object(self, native, name: str):
    """An attribute of a wrapper whose C++ object is gone: Python's own stay, C++ members refuse."""
    owner = next((cls for cls in type(self).__mro__ if name in cls.__dict__), None)
    if owner is None or not _is_slicers(owner):
        return native(self, name)
    if isinstance(owner.__dict__[name], (_Property, QtCore.Property)):
        raise ValueError(f"Trying to read property '{name}' from a destroyed {_slicers_class(self)} object")

    def refuse(*_ignored):
        raise ValueError(f"Trying to call '{name}' on a destroyed {_slicers_class(self)} object")

    return refuse


def _is_pythonqt_call(args: tuple) -> bool:
    return len(args) == 2 and isinstance(args[0], str) and not args[0][:1].isdigit() and callable(args[1])


def _connect(self, native, args: tuple):
    if not _is_pythonqt_call(args):
        return native(self, "connect")(*args)  # PySide6's own calls
    signal = _signal(self, native, args[0])
    if signal is None:
        refusals.append(f"PythonQt: QObject::connect() signal '{args[0]}' does not exist on {_slicers_class(self)}")
        print(refusals[-1], file=sys.stderr)
        return False
    signal.connect(_adapter(self, *args))
    return True


def _adapter(self, signature: str, slot):
    """What calls a slot with as many arguments as it takes; it keeps the slot alive, as PythonQt does.

    The connection holds the adapter, until it is disconnected or the sender goes; nothing else does.  (PySide6's own
    connection to a bound method holds it weakly.)
    """
    key = _key(self, signature, slot)
    found = _adapters.get(key)
    if found is None:
        takes = 0 if signature.replace(" ", "").endswith("()") else _arguments(slot)
        found = _adapters[key] = lambda *given: slot(*given[:takes])
    return found


def _arguments(slot) -> int | None:
    """How many arguments a callable takes at most; None for any number."""
    try:
        parameters = inspect.signature(slot).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return None
    return sum(one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) for one in parameters)


def _disconnect(self, native, args: tuple):
    if not _is_pythonqt_call(args):
        return native(self, "disconnect")(*args)
    slot, signal = _adapters.pop(_key(self, *args), None), _signal(self, native, args[0])
    return slot is not None and signal is not None and bool(signal.disconnect(slot))


def _key(self, signature: str, slot) -> tuple:
    """By identity, since a key must not keep a slot alive; the adapter does, as long as there is an entry."""
    owner = getattr(slot, "__self__", None)  # of a method, which is another object each time that it is asked for
    what = id(slot) if owner is None else slot.__name__
    return id(self), signature.replace(" ", ""), id(owner), what


def python_signature(signature: str) -> str:
    """A C++ signal signature as this process knows it: VTK pointers travel as Python objects."""
    text = QtCore.QMetaObject.normalizedSignature(VTK_POINTER.sub("PyObject", signature))
    return text.data().decode() if hasattr(text, "data") and not isinstance(text, str) else str(text)


def _signal(self, native, signature: str):
    wanted = python_signature(signature)
    meta = native(self, "metaObject")()
    if meta.indexOfSignal(wanted) < 0:
        return None
    name, arguments = wanted.rstrip(")").split("(", 1)
    signal = native(self, name)
    declared = str(getattr(signal, "signal", "")).lstrip("2")
    if not arguments or declared == wanted:
        return signal
    try:
        return signal[tuple(arguments.split(","))] if "," in arguments else signal[arguments]
    except (KeyError, IndexError, TypeError):
        return signal
