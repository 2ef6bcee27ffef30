"""Every Slicer API that the module calls, and where it is to be found: writes docs/slicer-api.md.

Names are taken from the module's own syntax trees.  Each is looked up in `qt_api.json` (Slicer's and CTK's Qt
classes), in the slicer-core wheel (MRML, logics, slicer.util), and in Slicer's sources at v5.10.0 and v5.12.3.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path

from . import qt_api

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "PTLFPredictor"
TAGS = ("v5.10.0", "v5.12.3")
DOCUMENT = ROOT / "docs" / "slicer-api.md"

EDITOR, SELECTORS = "qMRMLSegmentEditorWidget", ("volumeSelector", "existingSelector")

EXTENSIONS = {"PyTorchUtils", "SlicerNNUNetLib", "DICOMSegmentationPlugin"}
"""Modules of extensions (or of Slicer 5.12 alone) that `panel.compat` asks for and can do without."""

HEADER = """\
# Slicer's API as this module uses it

Written by `python -m host.api_list` (in Testing); a test compares the names with the code. "wheel" is slicer-core
5.12.4.0 (the real MRML), "qt_api" the list of what Slicer's and CTK's Qt classes show to Python (5.13),
a tag the file in Slicer's sources in which the name is defined. Optional: used only where it is present, see
`PTLFPredictorLib/panel/compat.py`.

| API | used in | found |
|---|---|---|
"""


def files() -> list[Path]:
    library = MODULE / "PTLFPredictorLib"
    rooms = (sorted((library / room).rglob("*.py")) for room in ("mrml", "panel"))
    return [MODULE / "PTLFPredictor.py", *(path for room in rooms for path in room)]


def used() -> dict[str, set[str]]:
    """API name -> files that use it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in files():
        for name in _names(ast.parse(path.read_text(encoding="utf-8"))):
            found[name].add(path.name)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _names(tree: ast.AST) -> set[str]:
    found, inner = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            dotted = _dotted(node)
            if dotted and dotted.split(".")[0] == "slicer":
                found.add(dotted)
                inner.update(_dotted(child) for child in ast.walk(node.value) if isinstance(child, ast.Attribute))
            elif dotted and ".editor." in f".{dotted}":
                found.add(f"{EDITOR}.{dotted.split('editor.')[1].split('.')[0]}")
            elif dotted and any(f".{s}." in f".{dotted}" for s in SELECTORS) and "connect" not in node.attr:
                found.add(f"qMRMLNodeComboBox.{node.attr}")
            elif _is_vtk_style(node.attr) and not dotted.startswith(("sitk.", "qt.")) and node.attr not in SIMPLEITK:
                found.add(f"MRML: {node.attr}")
            if node.attr == "collapsed":
                found.add("ctkCollapsibleButton.collapsed")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("slicer"):
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name for name in found if name not in inner}


def _is_vtk_style(name: str) -> bool:
    starts = ("Get", "Set", "Add", "Remove", "Create", "Is", "Start", "End", "Un", "Generate", "Source", "Segment")
    return name.startswith(starts) and not name.isupper()


def _dotted(node: ast.AST) -> str:
    parts = []
    while isinstance(node, (ast.Attribute, ast.Call)):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        else:
            node = node.func
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ".".join(reversed(parts))


def where(name: str, api: dict, sources: Path) -> list[str]:
    import slicer
    import vtk

    places = []
    if name.startswith("MRML: "):
        method = name[6:]
        classes = (getattr(slicer, n) for n in dir(slicer) if n.startswith("vtk"))
        if any(hasattr(c, method) for c in classes) or any(hasattr(getattr(vtk, n), method) for n in VTK):
            places.append("wheel")
        return places
    head, *rest = name.split(".")
    if head != "slicer":
        if rest and rest[0] in qt_api.names(api, head):
            places.append("qt_api")
        return places
    if rest[0] == "app" and rest[1:]:
        names = qt_api.names(api, "qSlicerApplication")
        if rest[1] in names:
            places.append("qt_api")
        elif rest[1] in QAPPLICATION:
            places.append("Qt: QApplication")
    elif rest[0][:1] == "q":
        places += ["qt_api"] if rest[0] in api else []
    elif rest[0] in ("util", "vtkMRMLScene") or hasattr(slicer, rest[0]):
        target = slicer
        for part in rest:
            target = getattr(target, part, None)
        if target is not None and rest[0] not in ("modules", "ScriptedLoadableModule", "i18n"):
            places.append("wheel")
    return places + _in_sources(name, sources)


QAPPLICATION = {"connect", "disconnect", "clipboard", "processEvents", "testingEnabled"}
"""Of QApplication and its Slicer subclass (testingEnabled: qSlicerCoreApplication.h, a property's reader)."""

SIMPLEITK = {"GetDirection", "SetDirection"}
"""Methods of SimpleITK's images, which look like VTK's."""

VTK = ("vtkPointData", "vtkMatrix4x4", "vtkStringArray", "vtkImageData", "vtkObject", "vtkTransform")


def _in_sources(name: str, sources: Path) -> list[str]:
    """Slicer's own Python files in which a name is defined, by tag."""
    last, found = name.split(".")[-1], []
    for tag in TAGS:
        for file in ("util.py", "ScriptedLoadableModule.py", "i18n.py", "packaging.py"):
            path = sources / tag / "Base/Python/slicer" / file
            if path.is_file() and any(f"{word} {last}" in path.read_text() for word in ("def", "class")):
                found.append(f"{tag}: {file}")
    return found


def document(sources: Path) -> tuple[str, list[str]]:
    """The document, and the names that were found nowhere.

    What an earlier run found in sources that are not at hand now is kept.
    """
    api = qt_api.load()
    before = dict(re.findall(r"^\| `([^`]+)` \|[^|]*\| ([^|]*) \|$", DOCUMENT.read_text(encoding="utf-8"), re.M))
    missing = tuple(f"{tag}: " for tag in TAGS if not (sources / tag).is_dir())
    lines, lost = [], []
    for name, where_used in used().items():
        places = where(name, api, sources)
        places += [place for place in before.get(name, "").split("; ") if place.startswith(missing)] if missing else []
        if any(part in name for part in EXTENSIONS) or name in OPTIONAL:
            places.append(OPTIONAL.get(name, "optional"))
        if not places:
            lost.append(name)
        lines.append(f"| `{name}` | {', '.join(sorted(where_used))} | {'; '.join(places) or 'NOT FOUND'} |")
    return HEADER + "\n".join(lines) + "\n", lost


OPTIONAL = {
    "slicer.packaging": "optional: 5.12 has it, 5.10 does not",
    "slicer.dicomDatabase": "optional: set by the DICOM module (v5.12.3: Modules/Scripted/DICOM/DICOM.py)",
    "slicer.modules": "module registry (v5.12.3: Base/Python/slicerqt.py)",
    "slicer.mrmlScene": "wheel: vtkMRMLScene; set by the application",
}


if __name__ == "__main__":
    import host

    host.start()
    text, lost = document(Path(sys.argv[1] if len(sys.argv) > 1 else "/work/cache/panel/slicer"))
    DOCUMENT.write_text(text, encoding="utf-8")
    print(f"{DOCUMENT}: {text.count(chr(10)) - HEADER.count(chr(10))} names; not found: {lost or 'none'}")
