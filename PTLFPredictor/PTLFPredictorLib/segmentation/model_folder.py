"""A model folder is untrusted input: read and checked here before anything of it is executed.

nnU-Net v2 imports classes and functions that ``plans.json`` names, and unpickles ``checkpoint_final.pth``.  So names
are compared with short lists of what nnU-Net itself writes, and the checkpoint's pickle is read opcode by opcode
(`pickletools` executes nothing).  Nothing here needs torch.
"""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UnusableModel
from ..hashes import file_sha256, json_sha256
from .model_archive import unpack_members
from .model_files import CHECKPOINT, DATASET, PLANS, check_dataset, check_plans, read_json
from .model_weights import check_pickle, tensors_sha256


@dataclass(frozen=True)
class Facts:
    """What a checked folder says about itself; `named_labels` are without background.

    `plans` and `description` are plans.json and dataset.json as they were checked: what is used must be these, since
    the files may change.
    """

    dataset: str
    plans: Mapping[str, Any]
    description: Mapping[str, Any]
    named_labels: Mapping[str, tuple[int, ...]]
    configurations: tuple[str, ...]
    checkpoints: tuple[Path, ...]

    @property
    def labels(self) -> set[int]:
        return {label for labels in self.named_labels.values() for label in labels}


def locate(folder: Path) -> Path:
    """The folder that holds plans.json: this one, or the only one below it (nnU-Net exports nest two levels)."""
    folder = Path(folder)
    found = [folder] if (folder / PLANS).exists() or (folder / DATASET).exists() else []
    found = found or sorted({path.parent for depth in ("*", "*/*") for path in folder.glob(f"{depth}/{PLANS}")})
    if not found:
        raise UnusableModel(
            f"'{folder.name}' is no nnU-Net v2 model: it has no {PLANS}. The folder that nnU-Net trained into "
            f"({PLANS}, {DATASET}, fold_0/{CHECKPOINT}) is needed."
        )
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found)
        raise UnusableModel(f"'{folder.name}' holds several models ({names}). Name the folder of one.")
    return found[0]


def check(folder: Path, *, weights_too: bool = True) -> Facts:
    """Read and check a model folder; nothing of it is executed.

    Parameters
    ----------
    folder : Path
    weights_too : bool
        Without, the weights need only be there: whoever loads them checks them first.

    Raises
    ------
    UnusableModel
        With the first thing that is wrong.
    """
    folder = Path(folder)
    _no_links(folder)
    dataset = _required_json(folder, DATASET)
    plans = _required_json(folder, PLANS)
    named = check_dataset(dataset)
    configurations = check_plans(plans)
    checkpoints = tuple(checkpoint_files(folder))
    if not checkpoints:
        raise UnusableModel(f"The model '{folder.name}' has no weights: there is no fold_0/{CHECKPOINT}.")
    for checkpoint in checkpoints if weights_too else ():
        check_pickle(checkpoint)
    name = plans.get("dataset_name")
    name = name if isinstance(name, str) else folder.name
    return Facts(name, plans, dataset, named, configurations, checkpoints)


def verified(folder: Path, model_id: str, label_roles: Mapping[str, Sequence[int]], sha256: str) -> Facts:
    """`check`, and that a catalogue's entry fits the folder: its labels, and its checksum.

    Parameters
    ----------
    folder : Path
    model_id : str
    label_roles : mapping
        See `Model`.
    sha256 : str
        `checksum` of the folder; "" where it is not known beforehand.

    Raises
    ------
    UnusableModel
        With what is wrong; nothing of the model has been executed.
    """
    facts = check(folder)
    wrong = sorted({label for labels in label_roles.values() for label in labels} - facts.labels)
    if wrong:
        raise UnusableModel(
            f"Model '{model_id}': the label(s) {', '.join(map(str, wrong))} of the catalogue are not in dataset.json."
        )
    if sha256 and (digest := checksum(folder)) != sha256:
        raise UnusableModel(
            f"Model '{model_id}' is not the one in the catalogue: its files have the checksum {digest[:16]}..., "
            f"expected is {sha256[:16]}... Get it again."
        )
    return facts


def weights_sha256(folder: Path) -> str:
    """What a model is known by in masks and evidence: SHA-256 of the weights of all its folds, "" without any."""
    folds = weights(folder)
    return "".join(folds) if len(folds) < 2 else json_sha256(sorted(folds))


def checksum(folder: Path) -> str:
    """SHA-256 over the names and contents of the files that inference reads."""
    digest = hashlib.sha256()
    for path in files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()} {file_sha256(path)}\n".encode())
    return digest.hexdigest()


def weights(folder: Path, largest: float = math.inf) -> tuple[str, ...]:
    """SHA-256 of the weights of each fold: of its tensors' data, however the checkpoint was packed or saved again.

    Checkpoints of more than `largest` bytes are left out.
    """
    found = ((path, path.stat()) for path in checkpoint_files(folder))
    return tuple(tensors_sha256(path, stat.st_mtime_ns) for path, stat in found if stat.st_size <= largest)


def files(folder: Path) -> list[Path]:
    """The files that inference reads."""
    return [folder / DATASET, *checkpoint_files(folder), folder / PLANS]


def checkpoint_files(folder: Path) -> list[Path]:
    """The weights' files, one for each fold."""
    return sorted(path for path in Path(folder).glob(f"fold_*/{CHECKPOINT}") if path.is_file())


def copy(source: Path, target: Path) -> None:
    """Copy what inference reads, once it has been checked."""
    source = locate(source)
    check(source)
    for path in files(source):
        destination = target / path.relative_to(source)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, destination)


def _no_links(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            raise UnusableModel(f"The model '{folder.name}' has a symbolic link ({path.name}); copy the file itself.")


def _required_json(folder: Path, name: str) -> dict[str, Any]:
    if not (folder / name).is_file():
        raise UnusableModel(f"The model '{folder.name}' has no {name}.")
    return read_json(folder / name)


def unpack(archive: Path, target: Path) -> None:
    """Unpack what inference reads from a zip archive; no path leaves `target`, which then holds one model."""
    unpack_members(archive, target)
    locate(target)
