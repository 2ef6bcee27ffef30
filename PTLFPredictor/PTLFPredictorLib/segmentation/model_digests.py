"""What weights were found to be, kept beside a model of the user: gigabytes are read once, not at each look.

A kept digest holds for a file of the same size and time of change.  It only spares reading: before a model draws, its
files are read and compared anyway (`model_folder.verified`).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import json_text
from ..errors import BadInput
from ..folders import data_folder
from ..outputs import output_file
from .model_weights import tensors_sha256

KEPT = "weights.json"
"""In the folder that holds the folds, of the user's models alone: a folder from elsewhere may say anything."""

SMALL_BYTES = 64 << 20
"""A file of this size is read in a moment."""


def user_folder() -> Path:
    """Where the user's models lie: ``PTLF_MODELS``, else below `folders.data_folder`; it need not exist yet."""
    return Path(os.environ.get("PTLF_MODELS") or data_folder() / "models")


def weights_of(folder: Path, checkpoints: Sequence[Path], *, at_once: bool = False) -> tuple[str, ...] | None:
    """SHA-256 of the weights of each fold: of its tensors' data, however the checkpoint was packed or saved again.

    Parameters
    ----------
    folder : Path
    checkpoints : sequence of Path
    at_once : bool
        Read nothing large: None where a digest is neither kept nor found in a moment.
    """
    kept = _kept(folder)
    found = []
    for path in checkpoints:
        stat = path.stat()
        digest = kept.get(path.relative_to(folder).as_posix(), {})
        if (digest.get("bytes"), digest.get("changed_ns")) == (stat.st_size, stat.st_mtime_ns):
            found.append(str(digest["sha256"]))
        elif at_once and stat.st_size > SMALL_BYTES:
            return None
        else:
            found.append(tensors_sha256(path, stat.st_mtime_ns))
    return tuple(found)


def keep(folder: Path, checkpoints: Sequence[Path]) -> None:
    """Read the weights and write down what they are; nothing happens where the folder cannot be written to."""
    kept = {}
    for path in checkpoints:
        stat = path.stat()
        kept[path.relative_to(folder).as_posix()] = {
            "bytes": stat.st_size,
            "changed_ns": stat.st_mtime_ns,
            "sha256": tensors_sha256(path, stat.st_mtime_ns),
        }
    if kept != _kept(folder):
        with contextlib.suppress(OSError, BadInput), output_file(folder / KEPT) as part:
            part.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def _kept(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    if user_folder() not in Path(folder).parents:
        return {}
    try:
        data = json_text.read(folder / KEPT)
    except (OSError, ValueError):
        return {}
    good = isinstance(data, dict) and all(isinstance(one, dict) and "sha256" in one for one in data.values())
    return data if good else {}
