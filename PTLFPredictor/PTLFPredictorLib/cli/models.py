"""``models``: segmentation models, listed, fetched, added, verified, removed."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from ..errors import BadInput, Cancelled
from .command import Command
from .models_chain import add_chain
from .options import add_labels
from .stderr import progress_bar


def add(command: Command) -> None:
    top = command("models", _models_list, "list, fetch, add, verify or remove segmentation models")
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="all models, and those that can be fetched")
    listed.set_defaults(function=_models_list)
    get = actions.add_parser("get", help="fetch open weights, or bring them from files")
    get.add_argument("model", metavar="ID", help="one that 'ptlf models list' offers")
    get.add_argument("--accept-licence", action="store_true", help="the licence was read and is agreed to")
    get.add_argument(
        "--from", nargs="+", dest="sources", metavar="ZIP|DIR",
        help="without internet: the publisher's zips, folders that hold them or were unpacked of them, or "
        "'totalsegmentator' for the folder that TotalSegmentator (also Slicer's extension) has filled",
    )  # fmt: skip
    get.set_defaults(function=_models_get)
    add = actions.add_parser("add", help="copy a trained nnU-Net v2 model (folder or zip) to your models")
    add.add_argument("source", type=Path, metavar="DIR|ZIP")
    add.add_argument("--id", help="its name here")
    add_labels(add)
    add.add_argument(
        "--orientation", metavar="AXES",
        help="index axes of its training images where its reader left them as they were: LPS (DICOM), RAS ...",
    )  # fmt: skip
    add.add_argument("--configuration", default="", metavar="NAME", help="which of several trainings in it")
    add.add_argument("--folds", nargs="+", default=(), metavar="N", help="which of its folds: 0 1 ..., or all")
    add.set_defaults(function=_models_add)
    add_chain(actions)
    verify = actions.add_parser("verify", help="check the files of a model against its checksum")
    verify.add_argument("model", metavar="ID|DIR|ZIP")
    verify.set_defaults(function=_models_verify)
    remove = actions.add_parser("remove", help="delete one of your models")
    remove.add_argument("model", metavar="ID")
    remove.set_defaults(function=_models_remove)


def _models_list(_: argparse.Namespace) -> None:
    from ..segmentation import catalogue, weights_store
    from ..segmentation.catalogue import broken

    for model in catalogue():
        note = "" if model.for_patients else " (not for patients)"
        print(f"{model.id:20} {model.version:8} {model.licence:12} {model.title}{note}")
        for step in model.chain:
            print(f"{'':20} {step.name}: {step.title}")
    for name, problem in broken().items():
        print(f"{name:20} cannot be used: {problem}")
    if not (offers := weights_store.offers()):
        return
    print("\nCan be fetched ('ptlf models get ID' shows licence, size and citation, and asks):")
    for one in offers:
        here = " (weights here already: --from totalsegmentator)" if weights_store.is_with_totalsegmentator(one) else ""
        print(f"{one.model_id:28} {one.licence:12} {one.bytes_to_fetch / 1e6:4.0f} MB  {one.title}{here}")


def _models_get(given: argparse.Namespace) -> None:
    from ..segmentation import weights_store

    offer = weights_store.offer(given.model)
    if offer.installed:
        name = offer.model_id
        raise BadInput(f"The model '{name}' is here already; 'ptlf models remove {name}' deletes it.")
    print(f"{offer.text}\n")
    with contextlib.ExitStack() as stack:
        if given.sources:
            model = weights_store.bring(offer.model_id, given.sources, progress=stack.enter_context(progress_bar()))
        else:
            if not given.accept_licence and not _agreed():
                raise BadInput("The licence was not agreed to (--accept-licence); nothing was fetched.")
            progress = stack.enter_context(progress_bar())
            try:
                model = weights_store.fetch(offer.model_id, offer.agreement, progress=progress)
            except KeyboardInterrupt:
                raise Cancelled("Stopped. What has come is kept for 14 days; the same command continues it.") from None
    print(f"{model.id} is here now: {model.folder}")
    for name, came in weights_store.source_of(model)["steps"].items():
        print(f"{name}: SHA-256 {came['sha256']}" if "sha256" in came else f"{name}: from '{came['from']}'")


def _agreed() -> bool:
    """Asked on a terminal; nobody else can agree but by the option."""
    if not sys.stdin.isatty():
        return False
    return input("Do you agree to this licence, and shall it be fetched? [y/N] ").strip().lower() in ("y", "yes")


def _models_add(given: argparse.Namespace) -> None:
    from ..segmentation import add
    from ..segmentation.reading import model_labels, parse_labels

    roles = model_labels(parse_labels(given.labels))
    entry = {name: getattr(given, name) for name in ("id", "orientation") if getattr(given, name) is not None}
    model = add(given.source, roles, configuration=given.configuration, folds=given.folds, **entry)
    print(f"Added {model.id}: {model.folder}\n{model.warning}")


def _models_verify(given: argparse.Namespace) -> None:
    from ..segmentation import find_model, verify

    model = verify(find_model(given.model))
    print(f"{model.id} {model.version}: as in the catalogue, SHA-256 {model.sha256}")
    for step in model.chain:
        print(f"  {step.name}: SHA-256 {step.sha256}")


def _models_remove(given: argparse.Namespace) -> None:
    from ..segmentation import remove

    remove(given.model)
    print(f"Removed {given.model}.")
