"""One patient: ``predict``, and ``demo`` on a synthetic case."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from ..record import CaseLine
from ..render.terminal import summary
from .command import Command
from .options import (
    add_engine,
    add_image,
    add_model,
    add_values,
    answers,
    chosen_model,
    entered_values,
    how,
    loaded,
    post_processing,
    segmentation,
)
from .stderr import progress_bar, tell_device

DEMO_VALUES = {"ALB": 43.6, "INR": 1.09}
"""Of the paper's worked example; albumin in g/L."""


def add(command: Command) -> None:
    demo = command("demo", _demo, "a synthetic case through the whole way, with its report at the end")
    demo.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR")

    predict = command("predict", _predict, "one patient: from the CT to the report")
    add_image(predict, segmentation_required=False)
    add_model(predict)
    predict.add_argument("--out", type=Path, required=True, metavar="DIR")
    predict.add_argument("--signature", default="ptlf-published", metavar="ID|FILE")
    add_values(predict)
    predict.add_argument("--phase", metavar="PHASE", help='the contrast phase by a reader, e.g. "portal venous"')
    criteria = predict.add_mutually_exclusive_group()
    criteria.add_argument("--eligibility", type=Path, metavar="FILE", help="JSON with the answers to the checklist")
    criteria.add_argument(
        "--all-criteria-met", action="store_true", help="the patient meets the study's criteria, says --reader"
    )
    predict.add_argument("--reader", metavar="NAME", help="who answers what only a reader can (phase, masks, criteria)")
    predict.add_argument("--case-label", default="", metavar="TEXT", help="what the report calls the case; else a line")
    predict.add_argument("--ct-date", default="", metavar="TEXT", help="the CT's date on the report; else a line")
    predict.add_argument("--demonstration", action="store_true", help="show a demo signature's risk, watermarked")
    add_engine(predict)


def _predict(given: argparse.Namespace) -> None:
    from ..case import OUTPUTS, Question, Sources, run
    from ..ct import ConfirmedPhase
    from ..segmentation import provenance
    from ..segmentation.reading import parse_labels
    from ..signature import inputs

    signature = loaded(given.signature)
    sources = Sources(
        given.ct,
        segmentation(given),
        labels=parse_labels(given.labels),
        mask_origin=provenance.said(given.mask_origin, given.reader),
        series_uid=given.series,
        acquisition=given.acquisition,
        model=chosen_model(given),
        how=how(given),
        post_processing=post_processing(given),
        to_protocol=given.to_protocol,
        engine=given.engine,
    )
    question = Question(
        signature,
        entered_values(given, signature),
        radscore=None if given.radscore is None else inputs.checked_radscore(given.radscore),
        answers=answers(given, signature),
        phase=None if given.phase is None else ConfirmedPhase.now(given.phase, given.reader),
        demonstration=given.demonstration,
    )
    with progress_bar() as progress:
        result = run(sources, question, given.out, progress, tell_device, case=_case(given))
    print(summary(result))
    print(f"Written: {', '.join(str(given.out / name) for name in OUTPUTS.values())}")


def _case(given: argparse.Namespace) -> CaseLine | None:
    """What was asked to stand on the report."""
    return CaseLine(given.case_label, given.ct_date) if given.case_label or given.ct_date else None


def _demo(given: argparse.Namespace) -> None:
    import SimpleITK as sitk

    from ..case import OUTPUTS, Question, Sources, run
    from ..ct import write_temporary
    from ..sample import known
    from ..segmentation import agreement
    from ..signature import Entered, load

    with tempfile.TemporaryDirectory(prefix="ptlf-") as folder, progress_bar() as progress:
        sample = known.draw(known.DEMO_SEED, matrix=512, progress=progress)
        ct = Path(folder) / "ct.nrrd"
        write_temporary(sample.ct, ct)
        question = Question(load("demo"), Entered(DEMO_VALUES), demonstration=True)
        result = run(Sources(ct), question, given.out, progress, tell_device)
    drawn = sitk.ReadImage(str(given.out / OUTPUTS["labels"]))
    print(summary(result))
    for region, measured in agreement(drawn, sample.labels).items():
        print(f"Dice of the {region} against the known truth: {measured.dice:.3f}")
    print(f"{sample.description}\nOpen {given.out / OUTPUTS['report']}")
