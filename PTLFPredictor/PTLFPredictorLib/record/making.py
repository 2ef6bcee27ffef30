"""A record of what was computed: the hashes, versions and volumes are taken here."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import SimpleITK as sitk

from .. import __version__
from ..ct import CT, Finding
from ..hashes import json_sha256
from ..measures.radiomics import FeatureVector
from ..measures.value import unit_shown
from ..segmentation import lesions
from ..segmentation.segments import EXCLUDED, Segments
from ..signature import Assessment, Eligibility, Entered, Signature
from ..vois import VOI
from .inputs import CTUsed, Inputs, InputValue, SignatureNamed, SignatureUsed, SlabsUsed
from .parts import Extraction, FeatureValue, LeftOut, Lesions, SegmentsUsed, SignOff, WhatIf
from .result import FeaturesRecord, ResultRecord
from .slices import Picture


def make(
    *,
    ct: CT,
    segments: Segments,
    signature: Signature,
    entered: Entered,
    eligibility: Eligibility,
    findings: Iterable[Finding],
    vectors: Mapping[VOI, FeatureVector],
    assessment: Assessment,
    what_if: WhatIf | None,
    pictures: Sequence[Picture],
    demonstration: bool,
    seconds: Mapping[str, float],
    sign_off: SignOff | None = None,
    labels_file_sha256: str | None = None,
    sample: int | None = None,
) -> ResultRecord:
    """The record of one case.

    Parameters
    ----------
    sign_off : SignOff, optional
        Of the reader who signed these very segments.
    labels_file_sha256 : str, optional
        Of the file of the label map that is written beside the record.
    sample : int, optional
        Seed of a sample case, None for any other CT.
    """
    used = SignatureUsed(signature.id, signature.version, signature.title, json_sha256(signature.data), signature.data)
    return ResultRecord(
        created=_now(),
        software=_software(segments.origin.run.get("software", {})),
        input=Inputs(_ct(ct, sample), _values(signature, entered), used, demonstration),
        findings=tuple(findings),
        eligibility=eligibility,
        segmentation=_segments(segments, labels_file_sha256),
        extraction=_extraction(vectors),
        features=_features(vectors),
        radscore=assessment.radscore,
        prediction=assessment.prediction,
        what_if=what_if,
        sign_off=sign_off,
        seconds={name: round(value, 2) for name, value in seconds.items()},
        pictures=tuple(pictures),
    )


def make_features(
    *,
    ct: CT,
    segments: Segments,
    signature: Signature | None,
    findings: Iterable[Finding],
    vectors: Mapping[VOI, FeatureVector],
    sample: int | None = None,
) -> FeaturesRecord:
    """Features alone, with what they depend on."""
    named = None
    if signature is not None:
        named = SignatureNamed(signature.id, signature.version, json_sha256(signature.data))
    return FeaturesRecord(
        created=_now(),
        software=_software({}),
        ct=_ct(ct, sample),
        signature=named,
        findings=tuple(findings),
        segmentation=_segments(segments, None),
        extraction=_extraction(vectors),
        features=_features(vectors),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _values(signature: Signature, entered: Entered) -> tuple[InputValue, ...]:
    return tuple(
        InputValue(one.id, one.label, entered.values.get(one.id), unit_shown(one.unit)) for one in signature.entries
    )


def _ct(ct: CT, sample: int | None) -> CTUsed:
    return CTUsed(
        source=dict(ct.source),
        size=ct.image.GetSize(),
        spacing_mm=ct.image.GetSpacing(),
        phase=ct.phase,
        sha256=ct.sha256,
        to_protocol=None if ct.slabs is None else SlabsUsed(ct.slabs, ct.unclipped_sha256 or None),
        sample=sample,
    )


def _segments(segments: Segments, file_sha256: str | None) -> SegmentsUsed:
    counted, others = (Lesions.of(lesions.of_label_map(segments.labels, *label)) for label in ((), (EXCLUDED,)))
    excluded = LeftOut(others, segments.left_out_by) if others.count else None
    return SegmentsUsed(segments.volumes_ml, counted, segments.origin, segments.sha256, file_sha256, excluded)


def _extraction(vectors: Mapping[VOI, FeatureVector]) -> dict[VOI, Extraction]:
    return {
        voi: Extraction(v.engine, v.engine_version, v.settings, v.image_sha256, v.voi_sha256)
        for voi, v in vectors.items()
    }


def _features(vectors: Mapping[VOI, FeatureVector]) -> tuple[FeatureValue, ...]:
    return tuple(
        FeatureValue(voi, name, value) for voi, vector in vectors.items() for name, value in vector.values.items()
    )


def _software(more: Mapping[str, str]) -> dict[str, str]:
    """Versions of what made the record; `more` adds what a child process ran with, where it is not listed yet."""
    own = {
        "PTLFPredictor": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "SimpleITK": sitk.Version_VersionString(),
    }
    listed = {name.lower() for name in own}
    others = {name: version for name, version in more.items() if name.lower() not in listed}
    return {**own, **others, "platform": platform.platform(terse=True)}
