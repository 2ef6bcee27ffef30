"""``models chain``: a liver model and a tumour model of one's own as one model."""

from __future__ import annotations

import argparse
from typing import Any


def add_chain(actions: Any) -> None:
    chain = actions.add_parser("chain", help="make one model of two: one draws the liver, the other the tumours in it")
    chain.add_argument("--id", required=True, help="its name here")
    for what, whose in (("liver", "the liver"), ("tumor", "the tumours")):
        chain.add_argument(f"--{what}", required=True, metavar="ID|DIR|ZIP", help=f"the model that draws {whose}")
        chain.add_argument(
            f"--{what}-labels",
            type=int,
            nargs="+",
            default=(),
            metavar="N",
            help="its labels that count, where their names do not say",
        )
    chain.add_argument("--margin-mm", type=float, default=10.0, metavar="MM", help="around the liver; default 10")
    chain.add_argument("--title", default="", help="in lists, panel and reports")
    chain.set_defaults(function=_chain)


def _chain(given: argparse.Namespace) -> None:
    from ..segmentation import chain_words
    from ..segmentation.own_chain import Part, add_chain

    parts = Part(given.liver, given.liver_labels), Part(given.tumor, given.tumor_labels)
    model = add_chain(given.id, *parts, margin_mm=given.margin_mm, title=given.title)
    print(f"Added {model.id}: {model.folder}")
    for line in chain_words.planned(model):
        print(line)
    print(model.warning)
