"""Many patients: ``ptlf cohort ACTION ...``, a file for each action."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from types import ModuleType

from ..command import Command
from . import calibrate, develop, extract, predict, repeat, sample, validate

ACTIONS: tuple[ModuleType, ...] = (sample, extract, calibrate, develop, validate, predict, repeat)
"""In the order of ``ptlf cohort --help``; each module's `add` adds its action."""


def add(command: Command) -> None:
    top = command("cohort", _help, "many patients: extract, predict, calibrate, develop, validate")
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, function: Callable[[argparse.Namespace], int | None], text: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=text, description=text)
        added.set_defaults(function=function)
        return added

    for module in ACTIONS:
        module.add(action)


def _help(_: argparse.Namespace) -> int:
    return 2
