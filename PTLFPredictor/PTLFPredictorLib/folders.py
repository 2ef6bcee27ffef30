"""Where the user's own data lies on this computer: models, and the ledger of masks and samples."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DATA = "PTLF_DATA"
"""Environment variable that names another folder."""


def data_folder() -> Path:
    """``PTLF_DATA``, else the platform's folder for data of applications; it need not exist yet."""
    if given := os.environ.get(DATA):
        return Path(given)
    home = Path.home()
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "PTLFPredictor"
