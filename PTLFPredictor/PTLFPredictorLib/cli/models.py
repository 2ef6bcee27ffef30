"""``models``: segmentation models, listed, fetched, added, verified, removed."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from ..errors import BadInput, Cancelled
from .command import Command
from .models_chain import add_chain
from .models_convert import add_convert, convert_added
from .models_measure import add_measure
from .options import add_labels
from .stderr import progress_bar


def add(command: Command) -> None:
    top = command("models", _models_list, "list, fetch, add, verify or remove segmentation models")
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="all models, and those that can be fetched")
    listed.add_argument("words", nargs="*", metavar="WORD", help="only those that all these words are said of")
    listed.set_defaults(function=_models_list)
    show = actions.add_parser("show", help="what is known of a model: what it draws, for what, licence, times")
    show.add_argument("model", metavar="ID")
    show.set_defaults(function=_models_show)
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
    add.add_argument(
        "--no-conversion", action="store_true", help="do not convert it for OpenVINO where that is installed"
    )
    add.set_defaults(function=_models_add)
    add_chain(actions)
    add_measure(actions)
    add_convert(actions)
    verify = actions.add_parser("verify", help="check the files of a model against its checksum")
    verify.add_argument("model", metavar="ID|DIR|ZIP")
    verify.set_defaults(function=_models_verify)
    remove = actions.add_parser("remove", help="delete one of your models, or what came of a download")
    remove.add_argument("model", metavar="ID")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.set_defaults(function=_models_remove)


def _models_list(given: argparse.Namespace) -> None:
    from ..segmentation.model_list import Place, listed

    found = [one for one in listed() if one.matches(given.words)]
    for one in found:
        if one.problem:
            print(f"{one.id:20} cannot be used: {one.problem}")
        elif one.model is not None:
            note = "" if one.for_patients else " (not for patients)"
            print(f"{one.id:20} {one.model.version:8} {one.model.licence:12} {one.title}{note}")
            for step in one.model.chain:
                print(f"{'':20} {step.name}: {step.title}")
    offered = [one for one in found if one.place is Place.OFFERED and one.offer is not None]
    if offered:
        print("\nCan be fetched ('ptlf models get ID' shows licence, size and citation, and asks):")
    for one in offered:
        here = " (weights here already: --from totalsegmentator)" if one.with_totalsegmentator else ""
        came = f" ({one.state}: 'ptlf models remove {one.id}' removes them)" if one.came else ""
        print(f"{one.id:28} {one.offer.licence:12} {one.bytes / 1e6:4.0f} MB  {one.title}{here}{came}")
    if not found:
        print(f"No model is described by: {' '.join(given.words)}")


def _models_show(given: argparse.Namespace) -> None:
    from ..segmentation.model_list import listed

    found = next((one for one in listed() if one.id == given.model), None)
    if found is None:
        raise BadInput(f"There is no model '{given.model}' here or on offer; 'ptlf models list' lists them.")
    print(f"{found.title} ({found.id}): {found.state}")
    for name, said in found.facts():
        print(f"  {name:12} {said.replace(chr(10), chr(10) + ' ' * 15)}")


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


def _agreed(question: str = "Do you agree to this licence, and shall it be fetched?") -> bool:
    """Asked on a terminal; nobody else can agree but by the option."""
    if not sys.stdin.isatty():
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _models_add(given: argparse.Namespace) -> None:
    from ..segmentation import add
    from ..segmentation.labels_taken import labels_taken
    from ..segmentation.reading import model_labels, parse_labels

    roles = model_labels(parse_labels(given.labels))
    entry = {name: getattr(given, name) for name in ("id", "orientation") if getattr(given, name) is not None}
    model = add(given.source, roles, configuration=given.configuration, folds=given.folds, **entry)
    print("\n".join((f"Added {model.id}: {model.folder}", *labels_taken(model), model.warning)))
    if not given.no_conversion:
        convert_added(model)


def _models_verify(given: argparse.Namespace) -> None:
    from ..segmentation import find_model, verify

    model = verify(find_model(given.model))
    print(f"{model.id} {model.version}: as in the catalogue, SHA-256 {model.sha256}")
    for step in model.chain:
        print(f"  {step.name}: SHA-256 {step.sha256}")


def _models_remove(given: argparse.Namespace) -> None:
    from ..segmentation import remove, weights_store
    from ..segmentation.model_list import Place, listed, size_text

    found = next((one for one in listed() if given.model in (one.folder_name, one.id)), None)
    partial = found is not None and found.place is Place.OFFERED and found.came > 0
    if partial:
        question = f"Remove the {size_text(found.came)} that came of '{given.model}'?"
    else:
        question = f"Delete the model '{given.model}' from this computer?"
    deletable = partial or (found is not None and found.folder_name)
    if deletable and not given.yes and not _agreed(question):
        raise BadInput("Nobody has confirmed it (--yes); nothing was deleted.")
    if partial:
        weights_store.drop_partial(given.model)
    else:
        remove(found.folder_name if found is not None and found.folder_name else given.model)
    print(f"Removed {given.model}.")
