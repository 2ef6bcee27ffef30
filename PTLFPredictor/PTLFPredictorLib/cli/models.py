"""``models``: segmentation models, listed, added, verified, removed."""

from __future__ import annotations

import argparse
from pathlib import Path

from .command import Command
from .models_chain import add_chain
from .options import add_labels


def add(command: Command) -> None:
    top = command("models", _models_list, "list, add, verify or remove segmentation models")
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="all models").set_defaults(function=_models_list)
    add = actions.add_parser("add", help="copy a trained nnU-Net v2 model (folder or zip) to your models")
    add.add_argument("source", type=Path, metavar="DIR|ZIP")
    add.add_argument("--id", help="its name here")
    add_labels(add)
    add.add_argument("--orientation", metavar="AXES", help="index axes of its training images: LPS (DICOM), RAS ...")
    add.set_defaults(function=_models_add)
    add_chain(actions)
    verify = actions.add_parser("verify", help="check the files of a model against its checksum")
    verify.add_argument("model", metavar="ID|DIR|ZIP")
    verify.set_defaults(function=_models_verify)
    remove = actions.add_parser("remove", help="delete one of your models")
    remove.add_argument("model", metavar="ID")
    remove.set_defaults(function=_models_remove)


def _models_list(_: argparse.Namespace) -> None:
    from ..segmentation import catalogue
    from ..segmentation.catalogue import broken

    for model in catalogue():
        note = "" if model.for_patients else " (not for patients)"
        print(f"{model.id:20} {model.version:8} {model.licence:12} {model.title}{note}")
    for name, problem in broken().items():
        print(f"{name:20} cannot be used: {problem}")


def _models_add(given: argparse.Namespace) -> None:
    from ..segmentation import add
    from ..segmentation.reading import model_labels, parse_labels

    roles = model_labels(parse_labels(given.labels))
    entry = {name: getattr(given, name) for name in ("id", "orientation") if getattr(given, name) is not None}
    model = add(given.source, roles, **entry)
    print(f"Added {model.id}: {model.folder}\n{model.warning}")


def _models_verify(given: argparse.Namespace) -> None:
    from ..segmentation import find_model, verify

    model = verify(find_model(given.model))
    print(f"{model.id} {model.version}: as in the catalogue, SHA-256 {model.sha256}")


def _models_remove(given: argparse.Namespace) -> None:
    from ..segmentation import remove

    remove(given.model)
    print(f"Removed {given.model}.")
