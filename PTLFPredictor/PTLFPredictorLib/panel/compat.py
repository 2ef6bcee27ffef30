"""What differs between Slicer 5.10, Slicer 5.12 and the stand-in, and nothing else."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

import slicer


def python_executable() -> str:
    """The interpreter of child processes: PythonSlicer inside Slicer, this one elsewhere."""
    return shutil.which("PythonSlicer") or sys.executable


def missing_requirements(requirements: str) -> list[str]:
    """Lines of a requirements file that are not installed.

    `slicer.packaging` (5.12) knows versions, markers and extras; before it, the name alone is looked up.
    """
    lines = [line.split("#")[0].strip() for line in requirements.splitlines()]
    lines = [line for line in lines if line]
    packaging = _packaging()
    if packaging is not None:
        return [line for line in lines if not packaging.pip_check([line])]
    return [line for line in lines if not installed(re.split(r"[\[<>=~!; ]", line)[0])]


def installed(name: str) -> str:
    """Version of an installed package, "" where it is not; imports nothing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def install(requirements: list[str]) -> None:
    """Install packages after the user asked for it; progress is Slicer's own."""
    packaging = _packaging()
    if packaging is not None:
        packaging.pip_ensure(requirements, requester="PTLFPredictor")
        return
    slicer.util.pip_install(requirements)


def _packaging():
    try:
        from slicer import packaging
    except ImportError:
        return None
    return packaging if hasattr(packaging, "pip_ensure") else None


def torch_logic():
    """Logic of the PyTorch extension, or None: the only way in which torch is installed."""
    if not hasattr(slicer.modules, "pytorchutils"):
        return None
    import PyTorchUtils

    return PyTorchUtils.PyTorchUtilsLogic()


def nnunet_logic():
    """Install logic of the NNUNet extension, or None."""
    if importlib.util.find_spec("SlicerNNUNetLib") is None:
        return None
    from SlicerNNUNetLib import InstallLogic

    return InstallLogic()


def segmentation_exporter():
    """Class of Slicer's own DICOM SEG exporter, or the reason why there is none: 5.10 bundles no dcmqi and highdicom.

    Returns
    -------
    (type or None, str)
    """
    try:
        from DICOMSegmentationPlugin import DICOMSegmentationExporter
    except ImportError:
        return None, (
            "DICOM SEG needs Slicer 5.12 or the QuantitativeReporting extension "
            "(Extensions Manager, category Informatics)."
        )
    return DICOMSegmentationExporter, ""
