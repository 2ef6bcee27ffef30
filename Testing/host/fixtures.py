"""What the tests of `mrml` and `panel` share: an empty scene, and no error swallowed by Qt."""

import sys

import pytest


@pytest.fixture(autouse=True)
def no_silent_errors():
    """Qt prints an exception in a slot, and PythonQt a signal that does not exist, and go on; a test must not."""
    from host import pythonqt

    errors, before = [], sys.excepthook
    pythonqt.refusals.clear()
    sys.excepthook = lambda kind, value, trace: (errors.append(value), before(kind, value, trace))
    yield
    sys.excepthook = before
    if errors:
        raise errors[0]
    assert pythonqt.refusals == []


@pytest.fixture(autouse=True)
def empty_scene():
    import slicer

    slicer.mrmlScene.Clear(0)
    yield
    slicer.app.processEvents()
