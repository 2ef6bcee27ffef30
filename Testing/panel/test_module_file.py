"""The module as Slicer packages and loads it."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from host import api_list
from host.make_cmake_list import expected

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {"slicer", "slicer_core", "vtk", "vtkmodules", "qt", "ctk", "numpy", "SimpleITK", "PTLFPredictorLib"}
ALLOWED |= {"packaging"}  # by Slicer's own slicer.packaging (5.12), which brings it

LOADING = """
import json, sys, time
sys.path.insert(0, {testing!r})
import host
host.start()
import numpy, SimpleITK, slicer, vtk, qt, ctk, slicer.util, slicer.i18n, slicer.ScriptedLoadableModule
from vtk.util import numpy_support
sys.path.insert(0, {module!r})
before, start = set(sys.modules), time.process_time()
from host import scripted
entry = scripted.load({module!r} + "/PTLFPredictor.py")
seconds = time.process_time() - start
widget_start = set(sys.modules)
scripted.open_widget(entry)
roots = sorted({{name.split(".")[0] for name in set(sys.modules) - before}})
print("RESULT", json.dumps({{"seconds": seconds, "roots": roots, "panel": sorted(sys.modules.keys() - widget_start)}}))
sys.stdout.flush()
import os
os._exit(0)
"""


def test_the_cmake_list_is_the_tree():
    listed = (ROOT / "PTLFPredictor" / "CMakeLists.txt").read_text(encoding="utf-8")
    assert listed == expected(), "run: python Testing/host/make_cmake_list.py"


NOT_IN_SLICER = {
    "test_chain_widget": "fixtures of pytest, and nnU-Net",
    "test_trained_chain_widget": "fixtures of pytest, and nnU-Net",
    "test_promise_widget": "marks of pytest",
    "test_lifetime_widget": "what the stand-in leaves to Python's collector",
    "test_draw_choices_widget": "not tried",
    "test_sections_widget": "not tried",
    "test_other_signatures_widget": "not tried",
}
"""Tests of the panel that run in the stand-in alone."""


def test_the_panel_s_tests_are_in_both_lists_of_what_runs_in_slicer():
    ctest = (ROOT / "Testing" / "CMakeLists.txt").read_text(encoding="utf-8")
    script = ast.parse((ROOT / "Testing" / "panel" / "in_slicer.py").read_text(encoding="utf-8"))
    assigned = {ast.unparse(one.targets[0]): one.value for one in script.body if isinstance(one, ast.Assign)}
    modules = ast.literal_eval(assigned["MODULES"])
    assert tuple(re.findall(r"\btest_\w+_widget\b", ctest)) == modules
    written = {path.stem for path in (ROOT / "Testing" / "panel").glob("test_*_widget.py")}
    assert sorted((*modules, *NOT_IN_SLICER)) == sorted(written)


def test_loading_imports_nothing_that_slicer_does_not_bundle_and_takes_under_100_ms():
    code = LOADING.format(testing=str(ROOT / "Testing"), module=str(ROOT / "PTLFPredictor"))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True, timeout=120
    )
    found = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))[7:])
    foreign = [r for r in found["roots"] if r not in ALLOWED | set(sys.stdlib_module_names) | {"host", "PTLFPredictor"}]
    assert foreign == []
    assert found["seconds"] < 0.1
    for heavy in ("torch", "scipy", "nnunetv2", "radiomics", "pandas", "matplotlib", "pydicom"):
        assert heavy not in found["panel"], heavy


def test_the_catalogue_entry_has_what_schema_1_0_2_asks_for():
    entry = json.loads((ROOT / "PTLFPredictor.json").read_text(encoding="utf-8"))
    known = {
        "$schema", "build_dependencies", "build_subdirectory", "category", "dicom_support_rule", "enabled",
        "scm_revision", "scm_type", "scm_url", "tier",
    }  # fmt: skip
    assert {"$schema", "category", "scm_url"} <= set(entry) <= known
    assert entry["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.2.json#")
    assert 1 <= entry["tier"] <= 5


def test_the_project_is_named_as_the_catalogue_entry_and_not_slicer_something():
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert re.search(r"^project\((\w+)\)", text, re.M)[1] == "PTLFPredictor"
    for path in ("Resources/PTLFPredictor.png", "PTLFPredictor/Resources/Icons/PTLFPredictor.svg"):
        assert (ROOT / path).is_file(), path


def test_the_code_keeps_to_what_pythonqt_and_qt_5_have():
    """Words that only PySide6 or Qt 6 understand."""
    forbidden = re.compile(
        r"\.position\(\)|globalPosition|Qt\.\w+Flag\.|QtTest|QtSvg|QSvgGenerator|QPrinter|PySide|QRegExp|QTextCodec|imp\b\."
    )
    found = []
    for path in (
        *(ROOT / "PTLFPredictor/PTLFPredictorLib/panel").rglob("*.py"),
        ROOT / "PTLFPredictor/PTLFPredictor.py",
    ):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if forbidden.search(line):
                found.append(f"{path.name}:{number}: {line.strip()}")
    assert found == []


def test_no_widget_asks_super_for_a_member_of_a_qt_class():
    """PythonQt finds none there but `__init__`: write ``qt.QWidget.keyPressEvent(self, event)``."""
    found = []
    for path in (ROOT / "PTLFPredictor/PTLFPredictorLib/panel").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("qt.") for base in node.bases):
                found += [
                    f"{path.name}:{part.lineno}: {ast.unparse(part)}"
                    for part in ast.walk(node)
                    if isinstance(part, ast.Attribute) and ast.unparse(part.value) == "super()"
                    if part.attr != "__init__"
                ]
    assert found == []


def test_a_click_on_a_button_ends_the_typing_in_a_field():
    """On macOS a button takes no focus by itself: the value that stands in the field would not count."""
    forms = [ElementTree.parse(path) for path in (ROOT / "PTLFPredictor/Resources/UI").glob("*.ui")]
    buttons = [w for form in forms for w in form.iter("widget") if w.get("class") in ("QPushButton", "QCheckBox")]
    assert len(buttons) > 20
    for button in buttons:
        policy = button.findtext("property[@name='focusPolicy']/enum")
        assert policy == "Qt::StrongFocus", button.get("name")


def test_the_list_of_slicers_api_in_docs_is_what_the_code_calls_and_all_of_it_was_found():
    listed = api_list.DOCUMENT.read_text(encoding="utf-8")
    names = re.findall(r"^\| `([^`]+)` \|", listed, re.M)
    assert names == list(api_list.used()), "run: cd Testing; python -m host.api_list"
    assert "NOT FOUND" not in listed
