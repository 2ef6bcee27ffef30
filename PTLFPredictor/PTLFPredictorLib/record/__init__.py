"""The result record: everything about one run as one JSON value, from which every report is made.

What is not shown is ``null`` with a ``status`` that says why.  There are no patient identifiers.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from .. import RESEARCH_USE, __version__, json_text
from ..ct import CT, Finding, image_sha256
from ..errors import BadInput
from ..hashes import json_sha256
from ..measures.radiomics import FeatureVector
from ..segmentation import lesions
from ..segmentation.segments import Segments
from ..signature import Assessment, Eligibility, LaboratoryValues, Prediction, Signature
from .slices import Picture

SCHEMA = "ptlf-result/1"
FEATURES_SCHEMA = "ptlf-features/1"

Record = dict[str, Any]


def make(
    *,
    ct: CT,
    segments: Segments,
    signature: Signature,
    laboratory: LaboratoryValues,
    eligibility: Eligibility,
    findings: Iterable[Finding],
    vectors: Mapping[str, FeatureVector],
    assessment: Assessment,
    what_if: Prediction | None,
    typed_radscore: float | None,
    pictures: Sequence[Picture],
    demonstration: bool,
    seconds: Mapping[str, float],
    software: Mapping[str, str],
    sample: int | None = None,
) -> Record:
    """The record of one case; JSON-ready.  `sample` is the seed of a sample case, None for any other CT."""
    return {
        "schema": SCHEMA,
        "research_use": RESEARCH_USE,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "software": _software({**segments.origin.run.get("software", {}), **software}),
        "input": {
            "ct": {**_ct(ct), "sample": sample},
            "laboratory": {"alb_g_per_l": laboratory.albumin_g_per_l, "inr": laboratory.inr},
            "signature": {
                "id": signature.id,
                "version": signature.version,
                "title": signature.title,
                "sha256": json_sha256(signature.data),
                "data": signature.data,
            },
            "demonstration": demonstration,
        },
        "findings": [finding.to_dict() for finding in findings],
        "eligibility": eligibility.to_dict(),
        "segmentation": _segmentation(segments),
        "extraction": _extraction(vectors),
        "features": feature_list(vectors),
        "radscore": assessment.radscore.to_dict(),
        "prediction": assessment.prediction.to_dict(),
        "what_if": None if what_if is None else {"radscore": typed_radscore, **what_if.to_dict()},
        "sign_off": None,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "pictures": [picture.to_dict() for picture in pictures],
    }


def make_features(
    *,
    ct: CT,
    segments: Segments,
    signature: Signature | None,
    findings: Iterable[Finding],
    vectors: Mapping[str, FeatureVector],
    software: Mapping[str, str],
    sample: int | None = None,
) -> Record:
    """Features alone, with what they depend on; the same blocks as in `make`, JSON-ready."""
    return {
        "schema": FEATURES_SCHEMA,
        "research_use": RESEARCH_USE,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "software": _software(software),
        "input": {
            "ct": {**_ct(ct), "sample": sample},
            "signature": None
            if signature is None
            else {"id": signature.id, "version": signature.version, "sha256": json_sha256(signature.data)},
        },
        "findings": [finding.to_dict() for finding in findings],
        "segmentation": _segmentation(segments),
        "extraction": _extraction(vectors),
        "features": feature_list(vectors),
    }


def read_features(path: str | Path) -> list[dict[str, Any]]:
    """``[{"voi", "feature", "value"}]`` of a file of ``ptlf features`` (also the bare list of version 0.1) or a record.

    Raises
    ------
    BadInput
        When it is none of them.
    """
    try:
        data = json_text.read(path)
        listed = data["features"] if isinstance(data, dict) else data
        return [{"voi": str(f["voi"]), "feature": str(f["feature"]), "value": float(f["value"])} for f in listed]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"'{path}' is no file of features that can be read.") from error


def _segmentation(segments: Segments) -> dict[str, Any]:
    return {
        "volumes_ml": segments.volumes_ml,
        "lesions": lesions.to_dict(lesions.of_label_map(segments.labels)),
        "origin": segments.origin.to_dict(),
        "labels": {"0": "background", "1": "parenchyma", "2": "tumor"},
        "sha256": segments.sha256,
    }


def _extraction(vectors: Mapping[str, FeatureVector]) -> dict[str, Any]:
    return {
        voi.in_files: {
            "engine": vector.engine,
            "engine_version": vector.engine_version,
            "settings": vector.settings.to_dict(),
            "image_sha256": vector.image_sha256,
            "voi_sha256": vector.voi_sha256,
        }
        for voi, vector in vectors.items()
    }


def feature_list(vectors: Mapping[str, FeatureVector]) -> list[dict[str, Any]]:
    """``[{"voi", "feature", "value"}]`` of all VOIs."""
    return [
        {"voi": voi.in_files, "feature": name, "value": value}
        for voi, vector in vectors.items()
        for name, value in vector.values.items()
    ]


def _ct(ct: CT) -> dict[str, Any]:
    return {
        **ct.source,
        "size": list(ct.image.GetSize()),
        "spacing_mm": list(ct.image.GetSpacing()),
        "phase": ct.phase.to_dict(),
        "sha256": image_sha256(ct.image),
        "to_protocol": None if ct.slabs is None else {**ct.slabs.to_dict(), "original": ct.unclipped_sha256 or None},
    }


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


def write(record: Record, path: Path) -> None:
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def read(path: str | Path) -> Record:
    """A record from its file; `BadInput` if it is none."""
    try:
        record = json_text.read(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"'{path}' is no result record that can be read.") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise BadInput(f"'{path}' is no result record of this version ({SCHEMA}).")
    return record
