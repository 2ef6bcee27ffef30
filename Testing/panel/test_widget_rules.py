"""What PythonQt swallows or refuses, looked for in the panel's source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PANEL = Path(__file__).resolve().parents[2] / "PTLFPredictor" / "PTLFPredictorLib" / "panel"

QT = ("qt", "ctk", "slicer")


def classes():
    for path in sorted(PANEL.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield f"{path.name}: {node.name}", node


def is_qt_s(node):
    bases = (base.value for base in node.bases if isinstance(base, ast.Attribute))
    return any(isinstance(base, ast.Name) and base.id in QT for base in bases)


QT_CLASSES = [pytest.param(node, id=name) for name, node in classes() if is_qt_s(node)]


def test_there_are_such_classes():
    assert len(QT_CLASSES) > 5


@pytest.mark.parametrize("node", QT_CLASSES)
def test_no_subclass_of_qt_has_a_property(node):
    """PythonQt takes an AttributeError that a property raises for a missing name, and says so instead of the cause."""
    decorated = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.decorator_list]
    names = [one.name for one in decorated if any(getattr(d, "id", "") == "property" for d in one.decorator_list)]
    assert names == []


@pytest.mark.parametrize("path", sorted(PANEL.rglob("*.py")), ids=lambda path: path.name)
def test_timers_are_the_panel_s_own(path):
    """A QTimer must be let go, and Slicer's singleShot leaves one behind at each call: `timers.Timer` alone has one."""
    text = path.read_text(encoding="utf-8")
    assert path.name == "timers.py" or ("qt.QTimer" not in text and "singleShot(" not in text)
