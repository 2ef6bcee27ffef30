"""Run the panel's tests inside a Slicer application: ``Slicer --python-script in_slicer.py``.

Writes a JUnit file and a picture of the panel into the folder PTLF_OUTPUT and ends Slicer with 0 or 1.
"""

import os
import sys
import time
import traceback
import unittest
from pathlib import Path
from xml.etree import ElementTree

import slicer

HERE = Path(__file__).resolve().parent
MODULES = (
    "test_nomogram_widget",
    "test_panel_widget",
    "test_strip_widget",
    "test_ct_widget",
    "test_eligibility_widget",
    "test_segments_widget",
    "test_lesions_widget",
    "test_models_widget",
    "test_scenarios_widget",
    "test_report_widget",
    "test_whole_panel_widget",
    "test_two_panels_widget",
    "test_flows_widget",
    "test_patients_widget",
    "test_answers_widget",
    "test_routes_widget",
    "test_what_may_be_shown_widget",
    "test_any_order_widget",
    "test_same_findings_widget",
    "test_slabs_widget",
    "test_plain_text_widget",
    "test_parameter_files_widget",
    "test_changed_sample_widget",
)
"""As in Testing/CMakeLists.txt; `test_module_file` says which of the panel's tests do not run in Slicer, and why."""


class JUnitResult(unittest.TextTestResult):
    """Keeps seconds and outcome of each test."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.suite = ElementTree.Element("testsuite", name="PTLFPredictor in Slicer")
        self._case, self._start = None, 0.0

    def startTest(self, test):
        super().startTest(test)
        self._start = time.monotonic()
        self._case = ElementTree.SubElement(
            self.suite, "testcase", classname=type(test).__name__, name=test._testMethodName
        )

    def stopTest(self, test):
        super().stopTest(test)
        self._case.set("time", f"{time.monotonic() - self._start:.2f}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        ElementTree.SubElement(self._case, "failure").text = "".join(traceback.format_exception(*err))

    def addError(self, test, err):
        super().addError(test, err)
        ElementTree.SubElement(self._case, "error").text = "".join(traceback.format_exception(*err))


def main() -> int:
    output = Path(os.environ.get("PTLF_OUTPUT", "."))
    sys.path[:0] = [str(HERE), str(HERE.parents[1] / "PTLFPredictor")]
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromName(name) for name in MODULES)
    result = unittest.TextTestRunner(verbosity=2, resultclass=JUnitResult).run(suite)
    ElementTree.ElementTree(result.suite).write(output / "junit.xml", encoding="utf-8", xml_declaration=True)
    picture(output / "panel.png")
    return 0 if result.wasSuccessful() and result.testsRun else 1


def picture(path: Path) -> None:
    import panel_case

    container, _widget, close = panel_case.open_panel()
    slicer.app.processEvents()
    container.grab().save(str(path))
    close()


if __name__ == "__main__":
    try:
        status = main()
    except Exception:
        traceback.print_exc()
        status = 1
    slicer.util.exit(status)
