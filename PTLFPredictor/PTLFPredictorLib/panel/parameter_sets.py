"""The PyRadiomics parameter files that were used on this computer: paths in the user's settings, the last one first."""

from __future__ import annotations

import json
from pathlib import Path

import slicer

SETTING = "PTLFPredictor/ParameterSets"

KEPT = 8


def kept() -> list[str]:
    """Paths of those that are still there."""
    try:
        listed = json.loads(str(slicer.app.userSettings().value(SETTING, "[]")))
    except ValueError:
        return []
    listed = listed if isinstance(listed, list) else []
    return [path for path in listed if isinstance(path, str) and Path(path).is_file()]


def keep(path: str | Path) -> None:
    """Put a file first in the list; the oldest one leaves a full list."""
    others = [one for one in kept() if one != str(path)]
    slicer.app.userSettings().setValue(SETTING, json.dumps([str(path), *others][:KEPT]))
