"""Start the stand-in: once per process, before any widget."""

from __future__ import annotations

import importlib
import os
import sys
import warnings

_application = None


def start(offscreen: bool = True, version: tuple[int, int] = (5, 12), slicer_python: str | None = None):
    """Make ``qt``, ``ctk`` and all of ``slicer`` importable.

    Parameters
    ----------
    offscreen : bool
        Draw into memory (tests, screenshots) instead of on a screen.
    version : (int, int)
        The Slicer version that ``slicer.app`` reports.
    slicer_python : str, optional
        ``Base/Python`` of a Slicer source tree; default: environment variable SLICER_PYTHON.

    Returns
    -------
    qSlicerApplication
        ``slicer.app``.

    Raises
    ------
    RuntimeError
        A library of the system that Qt needs is missing; the text names it and the packages.
    """
    global _application
    if _application is not None:
        return _application
    if offscreen:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError as error:
        raise RuntimeError(
            f"Qt cannot start here: {error}. On Debian or Ubuntu: "
            "apt-get install libegl1 libgl1 libxkbcommon0 libfontconfig1 libdbus-1-3 fonts-dejavu-core"
        ) from error
    # event.pos() is right in Qt 5 and 6 alike; PySide6 calls it old.
    warnings.filterwarnings("ignore", category=DeprecationWarning, message="Function: .QMouseEvent")

    _keep_constants_alive()
    from . import pythonqt

    pythonqt.impose()
    from . import application, ctk_widgets, qt_modules, scripted, ui_files

    qt_modules.install(ui_files.SlicerUiLoader)
    ctk_widgets.install()
    _application = application.qSlicerApplication(sys.argv[:1], version)
    _application.setStyle("Fusion")
    application.install(_application)
    scripted.install(slicer_python or os.environ.get("SLICER_PYTHON"))
    return _application


def _keep_constants_alive() -> None:
    """PySide6 6.12 counts on immortal constants (Python 3.12): calls take references of None, True and False away."""
    if sys.version_info < (3, 12):
        import ctypes

        for constant in (None, True, False):
            ctypes.c_ssize_t.from_address(id(constant)).value += 1 << 40
