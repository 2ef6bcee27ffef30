"""What a developer needs to know of a failure, without a word about the patient."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable

import slicer

from .. import RESEARCH_USE, __version__
from . import compat
from .runs import ChildRun
from .session import Session

PACKAGES = ("numpy", "scipy", "SimpleITK", "pydicom", "torch", "nnunetv2", "pyradiomics", "vtk")
LOG_LINES = 40
NAMED_AFTER_PATIENTS = ("vtkMRMLVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLTransformNode")


def diagnostics(session: Session, runs: Iterable[ChildRun], device: dict) -> str:
    """Versions, device, states and the last lines of each run's log; no names, no values of the patient."""
    state, desk = session.state, session.desk
    lines = [
        f"PTLFPredictor {__version__}. {RESEARCH_USE}",
        f"Slicer {slicer.app.majorVersion}.{slicer.app.minorVersion} ({slicer.app.revision})",
        f"{platform.platform()}, Python {platform.python_version()}",
        ", ".join(f"{name} {compat.installed(name) or '-'}" for name in PACKAGES),
        f"device: {device or 'not known'}",
        f"signature {session.signature.id}, model {desk.model or 'none'}, engine {desk.engine}, wanted {desk.how}",
        f"segments: {'none' if session.segmentation is None else 'edited' if session.edited else 'automatic'}; "
        f"computed: {', '.join(sorted(state.computed)) or 'nothing'}",
    ]
    for run in runs:
        lines.append(f"{run.what}: {run.state.state.value} {_without_names(run.state.cause)}".rstrip())
        lines += [f"  | {_without_nodes(line)}" for line in run.log if line.strip()][-LOG_LINES:]
    return "\n".join(lines)


def _without_names(sentence: str) -> str:
    """A sentence of ours without what it quotes: names of files, segments, nodes; of nodes that are gone, too."""
    return _without_nodes(re.sub(r"'[^'\n]*'", "'(name)'", sentence))


def _without_nodes(line: str) -> str:
    """A line without the names of nodes, which may be the patient's."""
    for kind in NAMED_AFTER_PATIENTS:
        for node in slicer.util.getNodesByClass(kind):
            if node.GetName():
                line = re.sub(rf"(?<!\w){re.escape(node.GetName())}(?!\w)", "(name)", line)
    return line
