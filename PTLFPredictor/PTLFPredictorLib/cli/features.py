"""``features``: features of both VOIs, alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import BadInput
from ..outputs import output_file
from ..render import table
from ..render.terminal import finding_lines
from ..vois import VOI
from .command import Command
from .options import add_engine, add_image, features_asked, loaded, post_processing, segmentation
from .stderr import progress_bar, tell_device


def add(command: Command) -> None:
    features = command("features", _features, "features of both VOIs, as JSON (or CSV by the name of --out)")
    add_image(features)
    which = features.add_mutually_exclusive_group(required=True)
    which.add_argument("--signature", metavar="ID|FILE", help="the features of a signature")
    which.add_argument("--all", action="store_true", help="all 1874 features per VOI")
    which.add_argument(
        "--params", type=Path, metavar="FILE", help="what a PyRadiomics parameter file (YAML, JSON) enables"
    )
    features.add_argument("--out", type=Path, required=True, metavar="FILE")
    features.add_argument("--reader", metavar="NAME", help="who says who drew the segments")
    add_engine(features)


def _features(given: argparse.Namespace) -> None:
    from .. import record
    from ..case import features as case_features
    from ..case.protocol import brought_to_protocol, marks_of
    from ..ct import read_ct
    from ..sample import known
    from ..segmentation import provenance
    from ..segmentation.postprocess import apply
    from ..segmentation.reading import parse_labels, read_segments, told

    signature = loaded(given.signature) if given.signature else None
    settings, wanted = features_asked(given, signature)
    protocol = None if signature is None else signature.protocol
    steps = post_processing(given)
    said = provenance.said(given.mask_origin, given.reader)
    if given.to_protocol and protocol is None:
        raise BadInput("--to-protocol brings a CT to the slices of a signature: name one with --signature.")
    which = {"series_uid": given.series, "acquisition": given.acquisition}
    with output_file(given.out) as output, progress_bar() as progress:
        ct = read_ct(given.ct, protocol, settings.clip_hu, **which, progress=progress).require_usable()
        read = read_segments(segmentation(given), ct, parse_labels(given.labels), said)
        tell_device({"event": "segments", "text": told(read.parts)})
        segments = apply(read, steps)
        if given.to_protocol:
            ct, segments = brought_to_protocol(ct, segments, protocol, marks_of(segmentation(given)))
        segments = segments.checked(ct)
        vectors = case_features.compute(ct, segments, wanted, settings, engine=given.engine, progress=progress)
        if VOI.PARENCHYMA in segments.vois:
            ct = ct.with_liver(segments.vois[VOI.PARENCHYMA], protocol)
        made = record.make_features(
            ct=ct,
            segments=segments,
            signature=signature,
            findings=(*ct.findings, *segments.findings),
            vectors=vectors,
            sample=known.seed_of(ct.identity),
        )
        if given.out.suffix.lower() == ".csv":
            table.write_features(made.features, output)
        else:
            record.write(made, output)
    counts = ", ".join(f"{len(vector.values)} of the {voi.words}" for voi, vector in vectors.items())
    print("\n".join([*finding_lines(made.findings), f"Features: {counts}. Written: {given.out}"]))
