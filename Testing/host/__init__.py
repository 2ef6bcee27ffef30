"""A stand-in for the Slicer application: its real MRML (slicer-core wheel) under real Qt (PySide6).

`start` makes ``qt``, ``ctk`` and the Slicer side of ``slicer`` importable in this process, with PythonQt's
rules instead of PySide6's.  It is meant to be stricter than Slicer, never kinder.

The rooms, in the order in which they are built on each other::

    pythonqt     PySide6's classes obey PythonQt (an attribute is a property, connect("signal(type)", f))
    qt_modules   what `import qt` gives
    ctk_widgets  the CTK widgets of the panel
    mrml_widgets qMRML widgets over the wheel's scene
    error_log    what Slicer's own code writes into its log about a module
    segment_editor  qMRMLSegmentEditorWidget over the wheel's vtkSlicerSegmentEditorLogic
    ui_files     .ui files with those widgets
    application  slicer.app, slicer.modules, slicer.mrmlScene
    scripted     what Slicer gives a scripted module (unless SLICER_PYTHON names Slicer's own)
    views        slice views and the window of `./ptlf panel`
"""

from .start import start

__all__ = ["start"]
