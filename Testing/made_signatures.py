"""Signature files for tests, made of the published one: normalised in some way, with evidence or without."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from PTLFPredictorLib.signature import Evidence, evidence
from PTLFPredictorLib.signature.covariance import Covariance

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


def normalised(data: Mapping[str, Any], origin: str, *, kind: str = "site", intercept: str = "fitted") -> dict:
    """The published signature's data with a normalisation (mean 10, SD 2) and an intercept of some origin."""
    made = copy.deepcopy(dict(data))
    values = [{"voi": t["voi"], "feature": t["feature"], "mean": 10.0, "sd": 2.0} for t in made["terms"]]
    made["normalisation"] = {"origin": origin, "n": 60, "how": "test", "values": values}
    if origin == "public":
        made["normalisation"] |= {"n": 103, "name": "MCT-LTDiag", "licence": "CC0 1.0"}
    made["kind"] = kind
    made["risk_model"]["intercept"]["origin"] = intercept
    if intercept == "fitted":
        made["risk_model"]["intercept"]["range"] = None
    return made


def site(data: Mapping[str, Any], *, origin: str = "site", estimated: tuple[str, ...] = NAMES, **changes: Any) -> dict:
    """A file with valid evidence: means and SDs of `origin`, `estimated` fitted here, the other coefficients fixed."""
    matrix = Covariance(estimated, np.diag([VARIANCES[name] for name in estimated])) if estimated else None
    fixed = tuple(name for name in NAMES if name not in estimated)
    block = replace(SITE, **{"estimated": estimated, "fixed": fixed, "covariance": matrix, **changes})
    return evidence.write(normalised(data, origin), block)
