"""``models convert``: a model's networks for OpenVINO, and what its labels then differ from PyTorch's."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import BadInput, PTLFError
from .options import add_labels
from .stderr import progress_bar


def add_convert(actions: Any) -> None:
    convert = actions.add_parser(
        "convert",
        help="convert a model for OpenVINO, which draws faster on a CPU, and compare its labels with PyTorch's",
    )
    convert.add_argument("model", metavar="ID|DIR|ZIP")
    add_labels(convert)
    convert.add_argument(
        "--ct", type=Path, metavar="PATH", help="compare on this CT instead of a synthetic sample case"
    )
    convert.add_argument("--series", metavar="UID", help="which series of a DICOM folder")
    convert.add_argument("--forget", action="store_true", help="delete what was converted instead")
    convert.set_defaults(function=_convert)


def model_named(given: argparse.Namespace) -> Any:
    """The model that a command names; ``--labels`` says what the labels of a folder or archive mean."""
    from ..segmentation import catalogue, find_model
    from ..segmentation.reading import model_labels, parse_labels

    roles = model_labels(parse_labels(given.labels))
    if roles is not None and any(known.id == given.model for known in catalogue()):
        raise BadInput(f"What the labels of '{given.model}' mean is known; --labels is for a folder or an archive.")
    return find_model(given.model, roles)


def _convert(given: argparse.Namespace) -> None:
    from ..segmentation.runtime import forget_model

    model = model_named(given)
    if given.forget:
        forget_model(model)
        print(f"What was converted of {model.id} is deleted: PyTorch draws with it.")
        return
    _converted(model, given.ct, given.series)


def convert_added(model: Any) -> None:
    """Convert a model that was just added, where OpenVINO is installed; it is there without, too."""
    from ..segmentation.runtime.compiled import installed

    if not installed():
        return
    try:
        _converted(model)
    except PTLFError as error:
        print(f"It was not converted for OpenVINO: {error.message} PyTorch draws with it.")


def _converted(model: Any, ct: Path | None = None, series: str | None = None) -> None:
    from ..ct import read_ct
    from ..segmentation.runtime import prepare_model
    from ..segmentation.runtime.conversion import Sample

    with progress_bar() as progress:
        sample = None
        if ct is not None:
            sample = Sample(read_ct(ct, series_uid=series, progress=progress).require_usable().image, "a CT of yours")
        found = prepare_model(model, sample=sample, progress=progress)
    for step, converted in zip(model.steps, found, strict=True):
        print(f"{step.name if model.chain else model.id}: converted for OpenVINO {converted.openvino}")
        for one in converted.comparisons:
            print(f"  {one.precision}: {one.words}")
            print(f"  {one.precision}: {one.openvino_cpu_s} processor seconds, {one.torch_cpu_s} with PyTorch")
            if not one.is_close:
                print(f"  {one.precision}: not taken by itself (--runtime openvino asks for it).")
    print("Kept on this computer. '--runtime auto' now takes OpenVINO on the CPU where f32 came close enough.")
