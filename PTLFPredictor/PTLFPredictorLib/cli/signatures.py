"""``signatures``: signature files, listed, shown, checked, completed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..outputs import output_file
from .command import Command


def add(command: Command) -> None:
    top = command("signatures", _signatures_list, "list, show, check, upgrade or complete signature files")
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="the shipped signatures").set_defaults(function=_signatures_list)
    for name, text in (("show", "what a signature holds"), ("check", "whether a signature file can be used")):
        action = actions.add_parser(name, help=text)
        action.add_argument("signature", metavar="ID|FILE")
        action.set_defaults(function=_signatures_show if name == "show" else _signatures_check)
    upgrade = actions.add_parser("upgrade", help="a file of schema 1 as schema 2, and what it became")
    upgrade.add_argument("signature", type=Path, metavar="FILE")
    upgrade.add_argument("--out", type=Path, required=True, metavar="FILE")
    upgrade.set_defaults(function=_signatures_upgrade)
    params = actions.add_parser("params", help="a PyRadiomics parameter file that gives a signature's features")
    params.add_argument("signature", metavar="ID|FILE")
    params.add_argument("--out", type=Path, required=True, metavar="FILE", help="YAML, or JSON by its name")
    params.set_defaults(function=_signatures_params)
    intercept = actions.add_parser("set-intercept", help="from two points read off the paper's figure")
    intercept.add_argument("--signature", default="ptlf-published", metavar="ID|FILE")
    intercept.add_argument(
        "--point", nargs=2, type=float, action="append", required=True, metavar=("TOTAL", "RISK"),
        help="total points and the risk (0 to 1) below them; give it twice",
    )  # fmt: skip
    intercept.add_argument("--out", type=Path, required=True, metavar="FILE")
    intercept.set_defaults(function=_signatures_set_intercept)


def _signatures_list(_: argparse.Namespace) -> None:
    from ..signature import available, completeness, load

    for path in available():
        signature = load(path)
        print(f"{signature.id:18} {completeness(signature).short:16} {signature.title}")


def _signatures_show(given: argparse.Namespace) -> None:
    from ..measures.value import unit_shown
    from ..signature import equation, load

    signature = load(given.signature)
    print(f"{signature.title}\n{signature.citation}\n{signature.population}\n{equation(signature)}")
    for term in signature.terms:
        print(f"  {term.coefficient:+9.4f}  {term.voi:6} {term.feature}")
        if term.measures:
            print(f"             {term.measures}")
        if term.cannot_vary:
            print(f"             When it cannot vary: {term.cannot_vary}")
    for entry in signature.entries:
        units = [unit_shown(one.unit) or "no unit" for one in entry.units]
        takes = ", ".join(units or [level.value for level in entry.levels])
        print(f"  takes {entry.id}: {entry.label} ({takes})")
    for criterion in signature.eligibility:
        print(f"  {criterion.kind} {criterion.id}: {criterion.text}")
    _print_state(signature)
    for text in signature.missing:
        print(f"Not known: {text}")


def _signatures_check(given: argparse.Namespace) -> None:
    from ..signature import load

    signature = load(given.signature)
    print(f"{signature.id} {signature.version}: usable, {len(signature.terms)} terms")
    for became in signature.upgraded:
        print(f"  {became}")
    _print_state(signature)


def _print_state(signature: Any) -> None:
    from ..signature import completeness, describe

    problem, evidence = signature.evidence_problem, signature.evidence
    print(f"State: {completeness(signature)}. {describe(signature)}")
    print(f"Evidence: {f'valid, {evidence.words}' if evidence else problem}.")


def _signatures_upgrade(given: argparse.Namespace) -> None:
    from ..signature import upgrade

    with output_file(given.out) as output:
        became = upgrade(given.signature, output)
    print("\n".join([*became, f"Written: {given.out}"]))


def _signatures_params(given: argparse.Namespace) -> None:
    from ..measures.radiomics.parameter_file import write_parameter_file
    from ..signature import load

    signature = load(given.signature)
    wanted = {voi.in_files: names for voi, names in signature.wanted.items()}
    as_json = given.out.suffix.lower() == ".json"
    text = write_parameter_file(signature.extraction, wanted, title=signature.title, as_json=as_json)
    with output_file(given.out) as output:
        output.write_text(text, encoding="utf-8")
    number = sum(len(names) for names in wanted.values())
    print(f"It enables the {number} features of {signature.id}, and others beside them. Written: {given.out}")


def _signatures_set_intercept(given: argparse.Namespace) -> None:
    from ..signature import intercept, load

    completed = intercept.from_figure(load(given.signature), [(total, risk) for total, risk in given.point])
    with output_file(given.out) as output:
        output.write_text(json.dumps(completed.data, indent=1, ensure_ascii=False), encoding="utf-8")
    read = completed.risk_model.intercept
    low, high = read.range or (read.value, read.value)
    print(f"Intercept {read.value:.3f} ({low:.3f} to {high:.3f}), read off the figure. Written: {given.out}")
