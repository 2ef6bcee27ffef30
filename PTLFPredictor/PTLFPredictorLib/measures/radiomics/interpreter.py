"""Which Python computes the features.

The built-in engine runs in any.  PyRadiomics 3.0.1 builds on Python 3.11 and needs a SciPy older than Slicer's and
this library's, so it may live in an environment of its own, whose interpreter `VARIABLE` names; ``./ptlf`` makes one.
Inside Slicer the extension SlicerRadiomics brings PyRadiomics into Slicer's own Python.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from ...child.system import ONE_THREAD

VARIABLE = "PTLF_PYRADIOMICS_PYTHON"
"""Environment variable: the interpreter of the environment that holds PyRadiomics."""

LIBRARY = Path(__file__).resolve().parents[3]
"""The folder that holds this package."""

ENGINES = {"builtin": "builtin_engine", "pyradiomics": "pyradiomics_engine"}
"""Engine name -> module of this package with `extract` and `version`."""


def available_engines() -> tuple[str, ...]:
    """Engines that a child process can use here; looks only, imports nothing."""
    return tuple(name for name in ENGINES if name != "pyradiomics" or os.environ.get(VARIABLE) or _importable())


def _importable() -> bool:
    """Whether this Python has PyRadiomics; a mere folder of that name is none."""
    found = importlib.util.find_spec("radiomics")
    return found is not None and found.origin is not None


def child_options(engine: str, python: str = sys.executable) -> dict[str, Any]:
    """Options of `child.Child` for a feature computation.

    Parameters
    ----------
    engine : str
        One of `ENGINES`.
    python : str
        The interpreter of other children: PythonSlicer inside Slicer.

    Returns
    -------
    dict
        ``python``, and an ``environment``: linear algebra in one thread, for the engine has its own; for PyRadiomics'
        own interpreter free of what this Python's packages need.
    """
    own = os.environ.get(VARIABLE)
    if engine != "pyradiomics" or not own:
        return {"python": python, "environment": ONE_THREAD}
    return {"python": own, "environment": {**ONE_THREAD, "PYTHONPATH": str(LIBRARY), "PYTHONHOME": ""}}
