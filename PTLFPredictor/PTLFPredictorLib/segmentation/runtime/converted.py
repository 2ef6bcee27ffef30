"""Converted networks on this computer: below the user's data, never in the module's folder; by the model's own hash.

An entry is a folder that is written whole or not at all, whoever else writes it at the same time; its files are
compared with their checksums before they are used, and one that is broken is no entry.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ... import json_text
from ...child.system import cpu_flags, cpu_name
from ...errors import BadInput
from ...folders import data_folder, staging
from ...hashes import file_sha256, json_sha256
from ..how import Precision
from ..network.planned import Planned
from ..network.resampling import Resampling
from .comparison import Comparison
from .compiled import installed

FACTS, WEIGHTS = "facts.json", "gaussian.npy"

SCHEMA = 1
"""Of `FACTS`; an entry of another one is made anew."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Of a system's error: no room is left on the disk."""

GOING = ".going-"
"""Begin of the names of entries on their way out."""


@dataclass(frozen=True)
class Converted:
    """The network of one step of a model, for OpenVINO.

    Attributes
    ----------
    folder : Path
        Holds ``fold_N.xml`` and ``.bin`` of each fold, `WEIGHTS` and `FACTS`.
    openvino, torch : str
        Versions that it was converted with.
    processor : mapping
        Name and flags' hash of the one that it was compared on.
    folds : tuple of str
    mirror_axes : tuple of int
        See `network.folds.Folds`.
    weights_bytes : int
        Of one fold.
    planned : Planned
    comparisons : tuple of Comparison
        With torch, one for each precision that the processor has.
    """

    folder: Path
    openvino: str
    torch: str
    processor: Mapping[str, str]
    folds: tuple[str, ...]
    mirror_axes: tuple[int, ...]
    weights_bytes: int
    planned: Planned
    comparisons: tuple[Comparison, ...] = ()

    def network(self, fold: str) -> Path:
        return self.folder / f"fold_{fold}.xml"

    def gaussian(self) -> np.ndarray:
        """nnU-Net's weights of the voxels of a tile, in half precision."""
        return np.load(self.folder / WEIGHTS)

    def comparison(self, precision: Precision) -> Comparison | None:
        return next((one for one in self.comparisons if one.precision == precision), None)

    @property
    def is_of_here(self) -> bool:
        """Whether it was made with the OpenVINO that is installed, and compared on this processor."""
        return self.openvino == installed() and dict(self.processor) == processor()

    def to_dict(self) -> dict[str, Any]:
        """Without the folder."""
        return {**asdict(self), "folder": None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], folder: Path) -> Converted:
        return cls(
            **{
                **data,
                "folder": folder,
                "folds": tuple(data["folds"]),
                "mirror_axes": tuple(data["mirror_axes"]),
                "planned": _planned(data["planned"]),
                "comparisons": tuple(Comparison.from_dict(one) for one in data["comparisons"]),
            }
        )


def processor() -> dict[str, str]:
    return {"name": cpu_name(), "flags": json_sha256(sorted(cpu_flags()))}


def _planned(data: Mapping[str, Any]) -> Planned:
    tuples = ("patch", "spacing", "forward", "backward")
    regions = data["regions"]
    return Planned(
        **{
            **data,
            **{name: tuple(data[name]) for name in tuples},
            "regions": None if regions is None else tuple(regions),
            "data": Resampling(**data["data"]),
            "logits": Resampling(**data["logits"]),
            "architecture": tuple(data["architecture"]),
        }
    )


def base() -> Path:
    return data_folder() / "openvino"


def key_of(sha256: str, configuration: str, folds: Sequence[str]) -> str:
    """Name of an entry.

    Parameters
    ----------
    sha256 : str
        `model_folder.checksum` of the files of the folds that draw.
    configuration : str
    folds : sequence of str
        As they were asked for.
    """
    return json_sha256([SCHEMA, sha256, configuration, list(folds)])[:32]


def find(key: str, *, read: bool = True) -> Converted | None:
    """A whole entry, None where there is none or it is broken; `read` compares its files with their checksums."""
    folder = base() / key
    try:
        data = json_text.read(folder / FACTS)
        if data["schema"] != SCHEMA:
            return None
        if read and any(file_sha256(folder / name) != sha for name, sha in data["files"].items()):
            return None
        return Converted.from_dict(data["converted"], folder)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, BadInput):
        return None


def is_damaged(key: str) -> bool:
    """Whether an entry is there that cannot be used, and is not another version's."""
    folder = base() / key
    if not folder.is_dir() or find(key) is not None:
        return False
    try:
        return json_text.read(folder / FACTS)["schema"] == SCHEMA
    except (OSError, ValueError, TypeError, KeyError):
        return True


@contextlib.contextmanager
def making(key: str) -> Iterator[Path]:
    """A folder to make an entry in; `keep` gives it its place.

    Raises
    ------
    BadInput
        Where it cannot be written to, or the disk is full.
    """
    try:
        base().mkdir(parents=True, exist_ok=True)
        for left in base().glob(f"{GOING}*"):
            shutil.rmtree(left, ignore_errors=True)
        with staging(base()) as made:
            (made / key).mkdir()
            yield made / key
    except OSError as error:
        why = "the disk is full: free some" if error.errno in FULL else error.strerror or error
        raise BadInput(f"The converted network cannot be written to '{base()}': {why}.") from error
    finally:
        with contextlib.suppress(OSError):
            base().rmdir()  # where nothing was converted before, and nothing is now


def keep(converted: Converted) -> Converted:
    """The entry in its place, whatever was there: of two processes at once the later one's stays."""
    folder, target = converted.folder, base() / converted.folder.name
    files = {path.name: file_sha256(path) for path in sorted(folder.iterdir()) if path.name != FACTS}
    facts = {"schema": SCHEMA, "files": files, "converted": converted.to_dict()}
    (folder / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")
    for _ in range(20):
        try:
            os.replace(folder, target)
            return replace(converted, folder=target)
        except OSError:  # one is there
            going = base() / f"{GOING}{uuid.uuid4().hex}"
            with contextlib.suppress(OSError):
                target.rename(going)
                shutil.rmtree(going, ignore_errors=True)
    raise BadInput(f"The converted network could not be put into its place '{target}'.")


def forget(key: str) -> None:
    """Delete an entry."""
    with contextlib.suppress(OSError):
        going = base() / f"{GOING}{uuid.uuid4().hex}"
        (base() / key).rename(going)
        shutil.rmtree(going, ignore_errors=True)
