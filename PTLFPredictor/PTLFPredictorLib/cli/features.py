"""``features``: features of both VOIs, alone, and maps of them."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from ..errors import BadInput
from ..outputs import output_file
from ..render import table
from ..render.terminal import finding_lines
from ..vois import VOI
from .command import Command
from .maps import add_maps, maps_asked, write_maps
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
    features.add_argument("--out", type=Path, metavar="FILE", help="the features; without it, maps alone")
    features.add_argument("--reader", metavar="NAME", help="who says who drew the segments")
    add_engine(features)
    add_maps(features)


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
    asked = maps_asked(given, settings)
    lines = []
    with contextlib.ExitStack() as stack:
        output = None if given.out is None else stack.enter_context(output_file(given.out))
        progress = stack.enter_context(progress_bar())
        ct = read_ct(given.ct, protocol, settings.clip_hu, **which, progress=progress).require_usable()
        read = read_segments(segmentation(given), ct, parse_labels(given.labels), said)
        tell_device({"event": "segments", "text": told(read.parts)})
        segments = apply(read, steps)
        if given.to_protocol:
            ct, segments = brought_to_protocol(ct, segments, protocol, marks_of(segmentation(given)))
        segments = segments.checked(ct)
        vectors = {}
        if output is not None:
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
        if output is not None:
            counts = ", ".join(f"{len(vector.values)} of the {voi.words}" for voi, vector in vectors.items())
            lines.append(f"Features: {counts}. Written: {given.out}")
            if given.out.suffix.lower() == ".csv":
                table.write_features(made.features, output)
            else:
                record.write(made, output)
        if asked is not None:
            lines.append(write_maps(asked, ct, segments, settings, made, progress))
    print("\n".join([*finding_lines(made.findings), *lines]))
