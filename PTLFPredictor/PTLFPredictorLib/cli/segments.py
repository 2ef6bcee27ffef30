"""``segment``: liver and tumour of a CT by nnU-Net."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from ..errors import BadInput
from ..outputs import output_file
from ..render.terminal import finding_lines
from ..vois import VOI
from .command import Command
from .options import add_ct, add_model, chosen_model, how
from .stderr import progress_bar, tell_device

LABEL_MAPS = (".nii.gz", ".nii", ".nrrd", ".mha")
"""Names of label maps that are one file."""


def add(command: Command) -> None:
    draw = command("segment", _segment, "liver and tumour of a CT by nnU-Net, as a label map")
    add_ct(draw)
    add_model(draw)
    draw.add_argument("--out", type=Path, required=True, metavar="FILE", help="label map, e.g. labels.nii.gz")


def _segment(given: argparse.Namespace) -> None:
    from ..ct import read_ct
    from ..segmentation import chain_words, default_model, ledger, marks, segment
    from ..segmentation.segments import Segments, check, ml_text

    if not given.out.name.lower().endswith(LABEL_MAPS):
        raise BadInput(f"'{given.out}' cannot be written; its name must end in {', '.join(LABEL_MAPS)}.")
    asked, model = how(given), chosen_model(given) or default_model()
    with output_file(given.out) as output, progress_bar() as progress:
        which = {"series_uid": given.series, "acquisition": given.acquisition}
        ct = read_ct(given.ct, **which, progress=progress).require_usable()
        with tempfile.TemporaryDirectory(prefix="ptlf-") as work:
            told = {"progress": progress, "on_event": tell_device}
            drawn = segment(ct.image, model, how=asked, work=Path(work), **told)
        segments = Segments(drawn.labels, drawn.origin)
        found = check(segments, ct)  # what stops `predict` stops no reader who is to correct the segments
        if VOI.PARENCHYMA in segments.vois:
            ct = ct.with_liver(segments.vois[VOI.PARENCHYMA], None)
        marks.write(segments.labels, output, segments.origin)
        trouble = ledger.remember(ct.identity, segments.labels, segments.origin)
    volumes = segments.volumes_ml
    amount = f"Parenchyma {ml_text(volumes['parenchyma'])}, tumour {ml_text(volumes['tumor'])}"
    print(f"{amount}. Written: {given.out}")
    for line in chain_words.lines(segments.origin):
        print(line)
    told = [*ct.findings, *found, *([] if trouble is None else [trouble])]
    for line in finding_lines(told):
        print(line)
    if model.warning and not any(model.warning in finding.message for finding in found):
        print(model.warning)
