"""``train``: nnU-Net on a site's own cases, from CTs and label maps to a model package with its Table 1."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, Cancelled
from .command import Command
from .options import add_labels
from .stderr import progress_bar, say

if TYPE_CHECKING:
    from ..training.run import Outlook, Request

CHECK_ONLY = "nothing was trained (--check)"

REGIONS = ("parenchyma", "tumor")

SECONDS_EACH = 0.4
"""Of an iteration of the small preset on two idle cores (AMD EPYC, 2.2 GHz, without bfloat16)."""


def add(command: Command) -> None:
    from ..training.recipe import PRESETS

    train = command("train", _train, "nnU-Net on your own cases: five folds, Table 1, model package")
    train.add_argument(
        "--cases", type=Path, required=True, metavar="DIR|CSV",
        help="CSV with the columns case, ct, segmentation (and labels, patient, split, series), or a folder with a "
        "folder for each case (ct and segmentation), or of nnU-Net (imagesTr, labelsTr)",
    )  # fmt: skip
    train.add_argument(
        "--out", type=Path, required=True, metavar="DIR",
        help="everything is written there; the same command again goes on where it was stopped",
    )  # fmt: skip
    add_labels(train)
    train.add_argument("--check", action="store_true", help="check the cases and show the split, train nothing")
    train.add_argument("--leave-out-failed", action="store_true", help="train without the cases that fail a check")
    train.add_argument("--preset", choices=tuple(PRESETS), help="a small network for computers without a GPU")
    train.add_argument("--configuration", metavar="NAME", help="nnU-Net's (default: 3d_fullres)")
    train.add_argument("--trainer", metavar="NAME", help="nnU-Net's (default: nnUNetTrainer, 1000 epochs)")
    train.add_argument(
        "--planner", default="ExperimentPlanner", metavar="NAME", help="nnU-Net's, e.g. nnUNetPlannerResEncM"
    )
    train.add_argument("--epochs", type=int, metavar="N", help="instead of the trainer's own number")
    train.add_argument("--folds", type=int, default=5, metavar="N", help="of the cross-validation (default: 5)")
    train.add_argument(
        "--fold-all", action="store_true", help="one network of all training cases, without cross-validation"
    )
    train.add_argument("--seed", type=int, default=0, metavar="N", help="of the split and the training (default: 0)")
    train.add_argument(
        "--device", default="auto", metavar="auto|cpu|cuda:N[,cuda:M]",
        help="several GPUs train a fold each (default: all GPUs, else the CPU)",
    )  # fmt: skip
    card = train.add_argument_group("what the package says of itself")
    card.add_argument("--name", default="Liver", metavar="TEXT", help="title of the model")
    card.add_argument("--model-version", default="1", metavar="TEXT")
    card.add_argument("--licence", default="not said", metavar="TEXT", help="of the weights; the data must allow it")
    card.add_argument("--citation", default="", metavar="TEXT")
    card.add_argument("--contact", default="not said", metavar="TEXT", help="who answers for it")


def _train(given: argparse.Namespace) -> None:
    from ..training.run import look, train

    with progress_bar() as progress:
        request = _request(given, progress)
        if given.check:
            _show(look(request), request)
            print(f"Checks: {request.out / 'checks.csv'}; {CHECK_ONLY}.")
            return
        _say_devices(request)
        try:
            done = train(request)
        except KeyboardInterrupt:
            raise Cancelled("Stopped. What is finished is kept; the same command goes on from there.") from None
    for part, lines in _summary(done.table).items():
        print(f"{part}: {lines}")
    print(f"Report: {done.report}")
    print(f"Package: {done.package} (ptlf models add {done.package})")


def _request(given: argparse.Namespace, progress: Any) -> Request:
    from ..segmentation.reading import parse_labels
    from ..training.cases import read_cases
    from ..training.recipe import PRESETS, Recipe
    from ..training.result import Description
    from ..training.run import Request

    small = PRESETS[given.preset] if given.preset else None
    if small and given.configuration:
        raise BadInput("--preset brings its own configuration; leave --configuration out.")
    if not given.fold_all and not 2 <= given.folds <= 20:
        raise BadInput("--folds is a number from 2 to 20; --fold-all trains without folds.")
    if given.epochs is not None and given.epochs < 1:
        raise BadInput("--epochs is a number from 1.")
    recipe = Recipe(
        given.configuration or "3d_fullres",
        given.trainer or (small.trainer if small else "nnUNetTrainer"),
        given.planner,
        1 if given.fold_all else given.folds,
        given.epochs,
        given.seed,
        small,
    )
    description = Description(given.name, given.model_version, given.licence, given.citation, given.contact)
    if given.cases.is_dir() and given.cases.resolve() in (given.out.resolve(), *given.out.resolve().parents):
        raise BadInput("--out lies in the folder of the cases; write to another place.")
    cases = read_cases(given.cases, parse_labels(given.labels))
    devices = ("cpu",) if given.check else _devices(given.device)
    return Request(
        cases=cases,
        out=given.out,
        recipe=recipe,
        description=description,
        devices=devices,
        leave_out_failed=given.leave_out_failed,
        progress=progress,
        say=lambda text: say(f"ptlf: {text}"),
    )


def _devices(wanted: str) -> tuple[str, ...]:
    """Devices by name; those that were asked for must be there."""
    from ..segmentation import device

    if wanted == "auto":
        import torch

        found = [device.choose(f"cuda:{number}") for number in range(torch.cuda.device_count())]
        return tuple(one.name for one in found if not one.is_cpu) or ("cpu",)
    names = tuple(dict.fromkeys(part.strip() for part in wanted.split(",")))
    for name in names:
        if (chosen := device.choose(name)).name != name:
            raise BadInput(f"'{name}' cannot be used: {chosen.why}.")
    if "cpu" in names and len(names) > 1:
        raise BadInput("--device names GPUs, or the CPU, not both.")
    return names


def _say_devices(request: Request) -> None:
    if request.devices == ("cpu",) and request.recipe.small is None:
        say("ptlf: no GPU: nnU-Net's own configurations take weeks on a CPU; --preset small takes an hour")
    say(f"ptlf: training on {', '.join(request.devices)}")


def _show(looked: Outlook, request: Request) -> None:
    """What was found, what would be trained, and what is known of how long it takes."""
    from ..render.terminal import finding_lines

    for checked in looked.used:
        for line in finding_lines(checked.told):
            print(f"{checked.case.id}: {line}")
    known, recipe = looked.split, request.recipe
    sizes = ", ".join(str(len(names)) for names in known.folds)
    print(f"{len(known.train)} cases to train with (validation: {sizes}), {len(known.test)} to test. {known.by}")
    epochs = recipe.epochs or (recipe.small.epochs if recipe.small else "the trainer's own number of (1000)")
    print(f"Would train: {recipe.trained}, {recipe.trainer}, {epochs} epochs, {_folds(recipe.folds)}.")
    if recipe.small:
        iterations = recipe.folds * epochs * recipe.small.iterations
        fast, slow = iterations * SECONDS_EACH / 60, iterations / 60
        print(f"{iterations} iterations: {fast:.0f} minutes on two idle cores, {slow:.0f} on busy ones.")
    print("How long it takes here is told after the first iterations, as measured then.")


def _folds(number: int) -> str:
    return "one network of all training cases" if number == 1 else f"{number} folds"


def _summary(table: dict[str, Any]) -> dict[str, str]:
    """Mean Dice of folds and test, by region."""
    test = table["parts"].get("test", {}).get("regions", {})
    dice = {
        "Dice, mean of the folds": {region: table["means"][region].get("dice") for region in REGIONS},
        "Dice, test cases": {region: test[region]["dice"]["mean"] for region in REGIONS if region in test},
    }
    lines = {
        name: ", ".join(f"{region} {value:.3f}" for region, value in values.items() if value is not None)
        for name, values in dice.items()
    }
    return {name: line for name, line in lines.items() if line}
