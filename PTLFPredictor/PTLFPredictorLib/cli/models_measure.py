"""``models measure``: what tile step and mirroring change in a model's labels, and what they cost."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .models_convert import model_named
from .options import add_how, add_labels, how
from .stderr import progress_bar, tell_device


def add_measure(actions: Any) -> None:
    measure = actions.add_parser(
        "measure", help="what tile step and mirroring change in a model's labels, and how much work they save"
    )
    measure.add_argument("model", metavar="ID|DIR|ZIP")
    add_labels(measure)
    measure.add_argument("--ct", type=Path, metavar="PATH", help="instead of a synthetic sample case")
    measure.add_argument("--series", metavar="UID", help="which series of a DICOM folder")
    add_how(measure)
    measure.set_defaults(function=_measure)


def _measure(given: argparse.Namespace) -> None:
    from ..errors import BadInput
    from ..segmentation import effects, measuring
    from ..segmentation.how import Runtime

    model, asked = model_named(given), how(given)
    by_itself = (asked.mirroring, asked.tile_step, asked.runtime) == (None, None, Runtime.AUTO)
    choices = measuring.standard(model, asked.device) if by_itself else [asked]
    if not choices:
        raise BadInput(f"The model '{model.id}' leaves no choice: there is nothing to measure.")
    with progress_bar() as progress:
        ct, of = _ct(given, progress)
        print(f"{model.title} ({model.id}) on {of}, against the model's own way:")
        for effect in measuring.measure(model, ct, of, choices, progress=progress, on_event=tell_device):
            cost = f"{effect.passes:,} passes of the network instead of {effect.own_passes:,}"
            print(f"{said(effect.how)}: {cost}\n  {effect.words}", flush=True)
            try:
                effects.remember(model, effect)
            except OSError as error:
                raise BadInput(f"What was measured could not be kept: {error}.") from error
    print("Kept on this computer, for panel and shell.")


def said(choice: Any) -> str:
    """A choice as it is given."""
    words = [f"--mirroring {choice.mirroring}"] if choice.mirroring else []
    words += [f"--tile-step {choice.tile_step:g}"] if choice.tile_step else []
    words += [f"--runtime {choice.runtime} --precision {choice.precision}"] if choice.runtime == "openvino" else []
    return " ".join(words)


def _ct(given: argparse.Namespace, progress: Any) -> tuple[Any, str]:
    """The canonical image, and what is told of it."""
    from ..ct import canonical, read_ct
    from ..sample import known
    from ..segmentation.effects import SAMPLE

    if given.ct is None:
        image = canonical(known.draw(known.DEMO_SEED, matrix=512, progress=progress).ct).image
        what = f"{SAMPLE} {known.DEMO_SEED}"
    else:
        image = read_ct(given.ct, series_uid=given.series, progress=progress).require_usable().image
        what = "a CT of yours"
    return image, f"{what}, {' x '.join(map(str, image.GetSize()))} voxels"
