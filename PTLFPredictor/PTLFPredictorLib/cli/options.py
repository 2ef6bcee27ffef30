"""Options that several commands share, and what they become."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..vois import VOI
from .stderr import say


def add_ct(command: argparse.ArgumentParser) -> None:
    command.add_argument("--ct", type=Path, required=True, metavar="PATH", help="DICOM folder, NIfTI, NRRD or MHA")
    command.add_argument("--series", metavar="UID", help="which series of a DICOM folder")
    command.add_argument(
        "--acquisition", type=int, metavar="N", help="which acquisition of a series that holds several"
    )


def add_image(command: argparse.ArgumentParser, segmentation_required: bool = True) -> None:
    add_ct(command)
    command.add_argument(
        "--segmentation", action="append", required=segmentation_required, metavar="[ROLE=]FILE",
        help="label map, seg.nrrd, DICOM SEG or RTSTRUCT; given again for several files: liver=FILE, parenchyma=FILE, "
        "tumor=FILE (one for each lesion)",
    )  # fmt: skip
    add_labels(command)
    command.add_argument(
        "--mask-origin", metavar="hand|model:ID", help="who drew them, where the file does not say; with --reader"
    )
    add_steps(command)


def add_steps(command: argparse.ArgumentParser) -> None:
    """What is done to CT and segments before anything is computed of them."""
    command.add_argument(
        "--to-protocol", action="store_true", help="average thin slices to the signature's, and the segments with them"
    )
    command.add_argument("--fill-holes", action="store_true", help="fill holes in liver and tumour")
    command.add_argument("--drop-below", type=float, default=0.0, metavar="ML", help="drop pieces below this volume")
    command.add_argument("--largest-tumor", action="store_true", help="keep only the largest tumour")


def add_labels(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--labels", action="append", metavar="ROLE=LABELS",
        help="what labels (or segments, by number or name) mean: liver=5,tumor=7+8, or parenchyma=1; excluded=3 is a "
        "lesion that a reader left out (of the liver, in no VOI), other=3 is no part of the liver and is not counted, "
        "other=rest all that are not named; given again, it adds",
    )  # fmt: skip


def add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", metavar="ID|DIR|ZIP", help="segmentation model (see 'ptlf models list')")
    add_how(command)


def add_how(command: argparse.ArgumentParser) -> None:
    """How a model draws."""
    command.add_argument("--device", default="auto", metavar="auto|cpu|cuda:N")
    command.add_argument(
        "--runtime", choices=("auto", "torch", "openvino"), default="auto",
        help="what computes the network: auto is PyTorch, but OpenVINO on a CPU where this very model was converted "
        "and compared with PyTorch on this computer ('ptlf models convert')",
    )  # fmt: skip
    command.add_argument(
        "--precision", choices=("f32", "bf16"), default="f32",
        help="of OpenVINO; bf16 is for a quick look, on processors that have it",
    )  # fmt: skip
    command.add_argument(
        "--mirroring", choices=("none", "left-right", "all"),
        help="looks at mirrored tiles too, and averages: all of the axes that the model's training mirrored, or the "
        "patient's left and right alone (default: as the model has it)",
    )  # fmt: skip
    command.add_argument(
        "--tile-step", type=float, metavar="0.1...1",
        help="from tile to tile, as a share of a tile: fewer tiles the larger (default: as the model has it, 0.5)",
    )  # fmt: skip


def add_values(command: argparse.ArgumentParser) -> None:
    command.add_argument("--alb", type=float, metavar="X", help="albumin before TACE")
    command.add_argument("--alb-unit", choices=("g/L", "g/dL"), default="g/L")
    command.add_argument("--inr", type=float, metavar="X")
    command.add_argument(
        "--value", action="append", metavar="NAME=VALUE", default=[],
        help="another value that the signature takes, a number with its unit or a level: 'bilirubin=18 umol/L', "
        "'Tumours=multiple'; 'ptlf signatures show' lists them; given again, it adds",
    )  # fmt: skip
    command.add_argument("--radscore", type=float, metavar="X", help="a Radscore to try (what-if)")


def loaded(spec: str) -> Any:
    """A signature by its id or file; of an older file it is said that it was converted."""
    from ..signature import load

    signature = load(spec)
    if signature.upgraded:
        say(
            "ptlf: the signature file is of schema 1 and was read as schema 2; 'ptlf signatures upgrade' writes it anew"
        )
    return signature


def entered_values(given: argparse.Namespace, signature: Any) -> Any:
    """What was typed of the patient, checked as the signature's entries ask (`signature.Entered`).

    Raises
    ------
    BadInput
        For a value that the signature does not take, one given twice, and one that is implausible.
    """
    from ..signature import Entered

    typed: dict[str, tuple[Any, str | None]] = {}
    for name, value, unit in (("ALB", given.alb, given.alb_unit), ("INR", given.inr, None)):
        if value is not None:
            typed[name] = value, unit
    for text in given.value:
        name, value, unit = _value_of(text, signature)
        if name in typed:
            raise BadInput(f"{name} is given twice.")
        typed[name] = value, unit
    return Entered.checked(signature, typed)


def _value_of(text: str, signature: Any) -> tuple[str, Any, str | None]:
    """Entry, value and unit of ``NAME=VALUE``; the unit may follow the number with or without a space."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name or not value:
        raise BadInput(f"--value {text!r} cannot be read; write e.g. --value 'bilirubin=18 umol/L'.")
    entry = next((one for one in signature.entries if one.id.lower() == name.lower()), None)
    if entry is None:
        return name, value, None
    if entry.quantity is None:
        return entry.id, value, None
    number = re.match(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", value)
    if number is None:
        raise BadInput(f"--value {text!r} cannot be read: '{value}' is no number.")
    return entry.id, float(number.group()), value[number.end() :].strip() or None


def options_of(entry_ids: Sequence[str]) -> str:
    """How values are given on the command line: "--alb and --value bilirubin=..."."""
    own = {"ALB": "--alb", "INR": "--inr", "Radscore": "--radscore"}
    return " and ".join(own.get(name, f"--value {name}=...") for name in entry_ids)


def add_engine(command: argparse.ArgumentParser) -> None:
    from ..measures.radiomics import DEFAULT_ENGINE, ENGINES

    command.add_argument("--engine", choices=tuple(ENGINES), default=DEFAULT_ENGINE)


def segmentation(given: argparse.Namespace) -> Any:
    """The segmentation files of a call, None where a model draws."""
    from ..segmentation.reading import Source

    return None if given.segmentation is None else [Source.parse(text) for text in given.segmentation]


def answers(given: argparse.Namespace, signature: Any) -> dict[str, Any]:
    """Answers to the study's criteria, with the reader's name and the time where they are known."""
    from ..confirmation import Confirmation
    from ..signature import all_met, eligibility, read_answers

    if given.all_criteria_met:
        return all_met(signature, Confirmation.now(given.reader, "the study's criteria (--reader NAME)"))
    given_answers = read_answers(given.eligibility)
    if given_answers and given.reader and eligibility.ANSWERED_BY not in given_answers:
        said = Confirmation.now(given.reader, "the study's criteria")
        given_answers |= {eligibility.ANSWERED_BY: said.reader, eligibility.ANSWERED_AT: said.time}
    return given_answers


def chosen_model(given: argparse.Namespace) -> Any:
    from ..segmentation import find_model

    return None if given.model is None else find_model(given.model)


def how(given: argparse.Namespace) -> Any:
    """What was chosen with the options of `add_how`.

    Raises
    ------
    BadInput
        For what is no choice or contradicts itself: called before the CT is read, which takes long.
    """
    from ..segmentation.how import How
    from ..segmentation.runtime.choice import require_possible

    chosen = How(given.device, given.runtime, given.precision, given.mirroring, given.tile_step)
    require_possible(chosen)
    return chosen


def post_processing(given: argparse.Namespace) -> Any:
    from ..segmentation.postprocess import PostProcessing

    if given.drop_below < 0:
        raise BadInput("--drop-below is a volume in mL; it cannot be negative.")
    return PostProcessing(given.fill_holes, given.drop_below, given.largest_tumor)


def features_asked(given: argparse.Namespace, signature: Any) -> tuple[Any, Mapping[VOI, Sequence[str] | None]]:
    """Extraction settings, and the features of each VOI: a signature's, a parameter file's (of both VOIs), or all."""
    from ..measures.radiomics import ExtractionSettings
    from ..measures.radiomics.parameter_file import read_parameter_file

    if signature is not None:
        return signature.extraction, signature.wanted
    if given.params is not None:
        settings, names = read_parameter_file(given.params)
        return settings, dict.fromkeys(VOI, names)
    return ExtractionSettings(), dict.fromkeys(VOI)
