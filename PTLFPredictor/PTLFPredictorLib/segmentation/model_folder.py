"""A model folder is untrusted input: read and checked here before anything of it is executed.

nnU-Net v2 imports classes and functions that ``plans.json`` names, and unpickles ``checkpoint_final.pth``.  So names
are compared with short lists of what nnU-Net itself writes, and the checkpoint's pickle is read opcode by opcode
(`pickletools` executes nothing).  Nothing here needs torch.
"""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UnusableModel
from ..hashes import file_sha256, json_sha256
from . import model_digests
from .model_files import (
    CHECKPOINT,
    DATASET,
    PLANS,
    READERS,
    cascade_of,
    check_channel,
    check_dataset,
    check_plans,
    read_json,
    reader_of,
)
from .model_folds import checkpoint_files, notes_of
from .model_steps import wrong_orientation
from .model_weights import check_pickle


@dataclass(frozen=True)
class Facts:
    """What a checked folder says about itself; `named_labels` are without background.

    `plans` and `description` are plans.json and dataset.json as they were checked: what is used must be these, since
    the files may change.

    Attributes
    ----------
    reader : str
        Who read the training images; "" in plans that do not say.
    configuration : str
        As was asked for, else as the weights name it; "" where they were not read.
    notes : tuple of str
        Sentences for the record: what of the weights is used, where that is not plain.
    """

    dataset: str
    plans: Mapping[str, Any]
    description: Mapping[str, Any]
    named_labels: Mapping[str, tuple[int, ...]]
    configurations: tuple[str, ...]
    checkpoints: tuple[Path, ...]
    reader: str = ""
    configuration: str = ""
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> set[int]:
        return {label for labels in self.named_labels.values() for label in labels}

    @property
    def orientation(self) -> str:
        """Index axes of the training images where their reader brought them to some, else "": as their files had."""
        return READERS.get(self.reader, "")

    def axes(self, said: str = "") -> str:
        """The index axes that a CT has to be brought to, in SimpleITK's letters.

        Parameters
        ----------
        said : str
            By the catalogue's entry; "" nothing.

        Raises
        ------
        UnusableModel
            When that contradicts the reader, who brought every training image to the same axes.
        """
        if self.orientation and said and said.upper() != self.orientation:
            raise UnusableModel(
                f"The model was trained on {self.orientation} axes ({self.reader} in {PLANS}), but its entry says "
                f"{said}. Remove it and add it again without --orientation."
            )
        if said and (wrong := wrong_orientation(said)):
            raise UnusableModel(f"{wrong}.")
        return self.orientation or said.upper() or "LPS"


def locate(folder: Path, configuration: str = "") -> Path:
    """The folder that holds plans.json: this one, or the only one below it (nnU-Net's layout nests two levels).

    Of several trainings in it, `configuration` chooses the one of that name.
    """
    folder = Path(folder)
    found = [folder] if (folder / PLANS).exists() or (folder / DATASET).exists() else []
    found = found or sorted({path.parent for depth in ("*", "*/*") for path in folder.glob(f"{depth}/{PLANS}")})
    if len(found) > 1 and configuration:
        found = [path for path in found if path.name.endswith(f"__{configuration}")] or found
    if not found:
        raise UnusableModel(
            f"'{folder.name}' is no nnU-Net v2 model: it has no {PLANS}. The folder that nnU-Net trained into "
            f"({PLANS}, {DATASET}, fold_0/{CHECKPOINT}) is needed."
        )
    if len(found) > 1:
        names = ", ".join(path.relative_to(folder).as_posix() for path in found)
        raise UnusableModel(
            f"'{folder.name}' holds several models ({names}). Name the folder of one, or its --configuration."
        )
    return found[0]


def check(folder: Path, *, weights_too: bool = True, folds: Sequence[str] = (), configuration: str = "") -> Facts:
    """Read and check a model folder; nothing of it is executed.

    Parameters
    ----------
    folder : Path
    weights_too : bool
        Without, the weights need only be there: whoever loads them checks them first.
    folds : sequence of str
        See `checkpoint_files`.
    configuration : str
        Of those in plans.json; "" the one that the weights name.

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
    check_channel(dataset, plans)
    reader = reader_of(plans)
    checkpoints = tuple(checkpoint_files(folder, folds))
    if not checkpoints:
        wanted = f" of fold {', '.join(folds)}" if folds else f": there is no fold_0/{CHECKPOINT}"
        raise UnusableModel(f"The model '{folder.name}' has no weights{wanted}.")
    named_by_weights = {check_pickle(checkpoint) for checkpoint in checkpoints} if weights_too else set()
    if len(named_by_weights) > 1:
        raise UnusableModel(f"The folds of '{folder.name}' are of different configurations.")
    trained = next(iter(named_by_weights), "")
    if configuration and trained and configuration != trained:
        raise UnusableModel(
            f"The weights of '{folder.name}' are of the configuration '{trained}', not '{configuration}'."
        )
    configuration = configuration or trained
    if configuration and configuration not in configurations:
        raise UnusableModel(f"There is no configuration '{configuration}' in {PLANS}: {', '.join(configurations)}.")
    if stage := cascade_of(configuration, plans):
        raise UnusableModel(
            f"'{configuration}' is the second stage of a cascade: it needs what '{stage}' draws, and cascades are not "
            "supported. Use the folder of 3d_fullres or 3d_lowres."
        )
    name = plans.get("dataset_name")
    name = name if isinstance(name, str) else folder.name
    notes = notes_of(folder, checkpoints)
    return Facts(name, plans, dataset, named, configurations, checkpoints, reader, configuration, notes)


def with_labels(folder: Path, model_id: str, label_roles: Mapping[str, Sequence[int]], **options: Any) -> Facts:
    """`check`; raises `UnusableModel` also where a role has a label that the model does not draw."""
    facts = check(folder, **options)
    wrong = sorted({label for labels in label_roles.values() for label in labels} - facts.labels)
    if wrong:
        raise UnusableModel(
            f"Model '{model_id}': the label(s) {', '.join(map(str, wrong))} that were said to mean something are not "
            f"in its dataset.json, which has {', '.join(map(str, sorted(facts.labels)))}."
        )
    return facts


def verified(
    folder: Path,
    model_id: str,
    label_roles: Mapping[str, Sequence[int]],
    sha256: str,
    *,
    folds: Sequence[str] = (),
    configuration: str = "",
) -> Facts:
    """`check`, and that a catalogue's entry fits the folder: its labels, and its checksum.

    Parameters
    ----------
    folder : Path
    model_id : str
    label_roles : mapping
        See `Model`.
    sha256 : str
        `checksum` of the folder; "" where it is not known beforehand.
    folds, configuration
        As in `check`.

    Raises
    ------
    UnusableModel
        With what is wrong; nothing of the model has been executed.
    """
    facts = with_labels(folder, model_id, label_roles, folds=folds, configuration=configuration)
    if sha256 and (digest := checksum(folder, folds)) != sha256:
        raise UnusableModel(
            f"Model '{model_id}' is not the one in the catalogue: its files have the checksum {digest[:16]}..., "
            f"expected is {sha256[:16]}... Get it again."
        )
    return facts


def weights_sha256(folder: Path, folds: Sequence[str] = (), *, at_once: bool = False) -> str:
    """What a model is known by in masks and evidence: SHA-256 of the weights of all its folds, "" without any.

    With `at_once`, also "" where a large file would have to be read (`model_digests`).
    """
    found = model_digests.weights_of(folder, checkpoint_files(folder, folds), at_once=at_once)
    if not found:
        return ""
    return found[0] if len(found) == 1 else json_sha256(sorted(found))


def checksum(folder: Path, folds: Sequence[str] = ()) -> str:
    """SHA-256 over the names and contents of the files that inference reads."""
    digest = hashlib.sha256()
    for path in files(folder, folds):
        digest.update(f"{path.relative_to(folder).as_posix()} {file_sha256(path)}\n".encode())
    return digest.hexdigest()


def weights(folder: Path, largest: float = math.inf, folds: Sequence[str] = ()) -> tuple[str, ...]:
    """SHA-256 of the weights of each fold (`model_digests`); checkpoints of more than `largest` bytes are left out."""
    paths = [path for path in checkpoint_files(folder, folds) if path.stat().st_size <= largest]
    return model_digests.weights_of(folder, paths) or ()


def files(folder: Path, folds: Sequence[str] = ()) -> list[Path]:
    """The files that inference reads."""
    return [folder / DATASET, *checkpoint_files(folder, folds), folder / PLANS]


def files_below(folder: Path) -> list[Path]:
    """The files that inference reads of all trainings in a folder: a chain's, or nnU-Net's layout."""
    depths = ("", "*/", "*/*/", "*/*/*/")
    return [file for depth in depths for plans in folder.glob(f"{depth}{PLANS}") for file in files(plans.parent)]


def copy(
    source: Path,
    target: Path,
    *,
    folds: Sequence[str] = (),
    configuration: str = "",
    place: Callable[[Path, Path], Any] = shutil.copyfile,
) -> None:
    """Copy (or by `place`, move) what inference reads, once it has been checked.

    The folders of nnU-Net's layout (``Dataset<ID>_<name>/<trainer>__<plans>__<configuration>``) stay above it.
    """
    found = locate(source, configuration)
    check(found, folds=folds, configuration=configuration)
    for path in files(found, folds):
        destination = target / path.relative_to(source)
        destination.parent.mkdir(parents=True, exist_ok=True)
        place(path, destination)


def _no_links(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            raise UnusableModel(f"The model '{folder.name}' has a symbolic link ({path.name}); copy the file itself.")


def _required_json(folder: Path, name: str) -> dict[str, Any]:
    if not (folder / name).is_file():
        raise UnusableModel(f"The model '{folder.name}' has no {name}.")
    return read_json(folder / name)
