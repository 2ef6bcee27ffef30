"""Signature files for tests, made of the published one: normalised in some way, with evidence or without."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from PTLFPredictorLib.signature import Evidence, evidence
from PTLFPredictorLib.signature.outcome import Covariance

NAMES = ("intercept", "ALB", "INR", "Radscore")

VARIANCES = {"intercept": 4.0, "ALB": 0.003, "INR": 3.0, "Radscore": 0.005}

MODEL = {"title": "A hospital's model", "weights_sha256": "a" * 64, "for_patients": True}
"""Identity of the model that drew the segments of the cases in `SITE`."""

SITE = Evidence(
    written_by="ptlf cohort calibrate 0.2.0",
    time="2026-11-25T10:00:00+01:00",
    report_sha256="1" * 64,
    lock_sha256="2" * 64,
    n=150,
    events=40,
    estimated=NAMES,
    fixed=(),
    covariance=Covariance(NAMES, np.diag([VARIANCES[name] for name in NAMES])),
    protocol=evidence.ObservedProtocol(("portal venous",), (5.0, 5.0), (0.6, 0.9), (120.0,), ("B30f",)),
    masks=evidence.ObservedMasks(models=(MODEL["weights_sha256"],)),
)
"""Evidence of a hospital that fitted all four coefficients on 150 of its own cases."""


Raw = Mapping[tuple[str, str], float]
"""Features of a case, by VOI and name."""

Z = 0.5
"""Z-score of every term of a case whose features a signature was made for."""


def normalised(
    data: Mapping[str, Any], origin: str, *, kind: str = "site", intercept: str = "fitted", raw: Raw | None = None
) -> dict:
    """The published signature's data with a normalisation and an intercept of some origin.

    The means are 10 and the SDs 2; for the features `raw` of a case such that each lies `Z` SD above its mean.
    """
    made = copy.deepcopy(dict(data))
    values = []
    raw = raw and {(getattr(voi, "in_files", voi), name): value for (voi, name), value in raw.items()}
    for term in made["terms"]:
        key = term["voi"], term["feature"]
        sd = 2.0 if raw is None else max(1.0, abs(raw[key]))
        values.append({"voi": key[0], "feature": key[1], "mean": 10.0 if raw is None else raw[key] - Z * sd, "sd": sd})
    made["normalisation"] = {"origin": origin, "n": 60, "how": "test", "values": values}
    if origin == "public":
        made["normalisation"] |= {"n": 103, "name": "MCT-LTDiag", "licence": "CC0 1.0"}
    made["kind"] = kind
    made["outcome"]["intercept"]["origin"] = intercept
    if intercept == "fitted":
        made["outcome"]["intercept"]["range"] = None
    return made


def site(
    data: Mapping[str, Any],
    *,
    origin: str = "site",
    estimated: tuple[str, ...] = NAMES,
    raw: Raw | None = None,
    **changes: Any,
) -> dict:
    """A file with valid evidence: means and SDs of `origin`, `estimated` fitted here, the other coefficients fixed."""
    matrix = Covariance(estimated, np.diag([VARIANCES[name] for name in estimated])) if estimated else None
    fixed = tuple(name for name in NAMES if name not in estimated)
    block = replace(SITE, **{"estimated": estimated, "fixed": fixed, "covariance": matrix, **changes})
    return evidence.write(normalised(data, origin, raw=raw), block)


def without_outcomes(data: Mapping[str, Any], *, raw: Raw | None = None, **changes: Any) -> dict:
    """Evidence on the means and SDs alone: a site without outcomes, and an intercept from elsewhere."""
    block = replace(SITE, **{"estimated": (), "fixed": NAMES, "covariance": None, "events": 0, **changes})
    return evidence.write(normalised(data, "site", intercept="derived", raw=raw), block)
