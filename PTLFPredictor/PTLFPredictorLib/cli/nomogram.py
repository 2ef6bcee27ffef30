"""``nomogram``: points and risk of typed values."""

from __future__ import annotations

import argparse
import json

from .. import RESEARCH_USE
from ..errors import BadInput
from ..render.terminal import prediction_lines
from .command import Command
from .options import add_laboratory


def add(command: Command) -> None:
    nomogram = command("nomogram", _nomogram, "points and risk of typed values (a what-if)")
    add_laboratory(nomogram)
    nomogram.add_argument("--signature", default="ptlf-published", metavar="ID|FILE")
    nomogram.add_argument("--demonstration", action="store_true", help="show a demo signature's risk")
    nomogram.add_argument("--json", action="store_true", help="print the prediction as JSON")


def _nomogram(given: argparse.Namespace) -> None:
    from ..signature import LaboratoryValues, equation, inputs, load, what_if

    missing = [name for name in ("alb", "inr", "radscore") if getattr(given, name) is None]
    if len(missing) > 1 or "radscore" in missing:
        raise BadInput(f"Give --{' and --'.join(missing)} too; without a Radscore there is nothing to compute.")
    signature = load(given.signature)
    laboratory = LaboratoryValues.checked(given.alb, given.alb_unit, given.inr)
    score = inputs.checked_radscore(given.radscore)
    prediction = what_if(signature, laboratory, score, demonstration=given.demonstration)
    if given.json:
        print(json.dumps(prediction.to_dict(), indent=1, ensure_ascii=False))
        return
    note = signature.notes.get("alb_direction")
    print("\n".join(filter(None, [*prediction_lines(prediction), equation(signature), note, RESEARCH_USE])))
