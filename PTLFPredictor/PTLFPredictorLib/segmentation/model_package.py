"""A model package: nnU-Net's own folders with an entry that says what the model is and a manifest of all files.

::

    model.json      an entry as in Models.json; its folders are relative to it
    manifest.json   bytes and SHA-256 of every other file
    card.md         the model card
    Dataset501_Liver/nnUNetTrainer__nnUNetPlans__3d_fullres/
        dataset.json  plans.json  fold_0/checkpoint_final.pth ...

`training.package` writes one.  It is untrusted input: the manifest shows that nothing of it was damaged or changed
since it was packed, not who packed it, and the entry is what its maker says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import UnusableModel
from ..hashes import file_sha256
from . import model_folder
from .model import Model
from .model_files import ENTRY, MANIFEST, read_json

SCHEMA = "ptlf-model-manifest/1"

TEXT_LENGTH = 2000

MAKER_SAYS = "Of this model nothing was checked here but that its files are whole. Its maker says of its limits: "
MAKER_SAYS_NOTHING = (
    "Of this model nothing was checked here but that its files are whole. Its maker says nothing of its limits."
)


def model_of(folder: Path) -> Model | None:
    """The model of an unpacked package, once its files and its entry have been checked.

    Parameters
    ----------
    folder : Path
        What the archive was unpacked into.

    Returns
    -------
    Model or None
        None without a manifest: then it is a plain export of nnU-Net, and only its labels say what it draws.

    Raises
    ------
    UnusableModel
        When a file is missing, changed or not in the manifest, or the entry claims what it must not.
    """
    root = _root(Path(folder))
    if root is None:
        return None
    _as_in_manifest(root)
    entry = read_json(root / ENTRY)
    for text in _texts(entry):
        if len(text) > TEXT_LENGTH or not text.isprintable():
            raise UnusableModel(
                f"The package's {ENTRY} holds a text that is too long or cannot be shown ({text!r:.60})."
            )
    model = Model.from_dict(entry, root)
    for step in model.steps:
        which = {"folds": step.folds, "configuration": step.configuration}
        model_folder.verified(step.folder, model.id, step.label_roles, step.sha256, **which)
    return replace(model, warning=f"{MAKER_SAYS}{model.warning}" if model.warning else MAKER_SAYS_NOTHING)


def manifest(root: Path) -> dict[str, Any]:
    """The manifest of the package that lies in `root`, as it is now."""
    files = {
        path.relative_to(root).as_posix(): {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
        for path in _files(root)
    }
    return {"schema": SCHEMA, "files": files}


def write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def _root(folder: Path) -> Path | None:
    """Where the manifest lies: here, or one folder below (as it gets when a package is unpacked and packed again)."""
    found = [path.parent for path in (folder / MANIFEST, *sorted(folder.glob(f"*/{MANIFEST}"))) if path.is_file()]
    return found[0] if found else None


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and path != root / MANIFEST)


def _as_in_manifest(root: Path) -> None:
    listed = read_json(root / MANIFEST)
    if listed.get("schema") != SCHEMA or not isinstance(listed.get("files"), dict):
        raise UnusableModel(f"The package's {MANIFEST} is not of this version ({SCHEMA}).")
    said, is_there = listed["files"], manifest(root)["files"]
    if missing := sorted(said.keys() - is_there.keys()):
        raise UnusableModel(f"The package lacks '{missing[0]}', which its {MANIFEST} lists. Get it again.")
    if more := sorted(is_there.keys() - said.keys()):
        raise UnusableModel(f"The package holds '{more[0]}', which its {MANIFEST} does not list. Do not use it.")
    for name, facts in is_there.items():
        if said[name] != facts:
            raise UnusableModel(
                f"'{name}' of the package is not as it was packed: its SHA-256 is {facts['sha256'][:16]}..., "
                f"{MANIFEST} says otherwise. Get the package again."
            )


def _texts(data: Any) -> Iterator[str]:
    """All texts of a JSON value, names too."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for name, value in data.items():
            yield name
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)
