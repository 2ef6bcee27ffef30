"""``nomogram``: points and risk of typed values."""

from __future__ import annotations

import argparse
import json

from .. import RESEARCH_USE
from ..errors import BadInput
from ..record.statements import axis_note
from ..render.terminal import prediction_lines
from .command import Command
from .options import add_values, entered_values, loaded, options_of


def add(command: Command) -> None:
    nomogram = command("nomogram", _nomogram, "points and risk of typed values (a what-if)")
    add_values(nomogram)
    nomogram.add_argument("--signature", default="ptlf-published", metavar="ID|FILE")
    nomogram.add_argument("--demonstration", action="store_true", help="show a demo signature's risk")
    nomogram.add_argument("--json", action="store_true", help="print the prediction as JSON")


def _nomogram(given: argparse.Namespace) -> None:
    from ..signature import RADSCORE, equation, inputs, what_if

    signature = loaded(given.signature)
    entered = entered_values(given, signature)
    missing = [entry.id for entry in signature.entries if entry.id not in entered.values]
    missing += [RADSCORE] if given.radscore is None else []
    if len(missing) > 1 or RADSCORE in missing:
        raise BadInput(f"Give {options_of(missing)} too; without a Radscore there is nothing to compute.")
    score = inputs.checked_radscore(given.radscore)
    prediction = what_if(signature, entered, score, demonstration=given.demonstration)
    if given.json:
        print(json.dumps(prediction.to_dict(), indent=1, ensure_ascii=False))
        return
    beside = [equation(signature), axis_note(signature), RESEARCH_USE]
    print("\n".join(filter(None, [*prediction_lines(prediction), *beside])))
