"""Where TotalSegmentator, as a package or as an extension of Slicer, keeps the weights that it has fetched."""

from __future__ import annotations

import os
from pathlib import Path


def weights_folder() -> Path:
    """As its ``config.get_weights_dir``; the folder need not exist."""
    if given := os.environ.get("TOTALSEG_WEIGHTS_PATH"):
        return Path(given)
    home = os.environ.get("TOTALSEG_HOME_DIR")
    return (Path(home) if home else Path.home() / ".totalsegmentator") / "nnunet" / "results"
