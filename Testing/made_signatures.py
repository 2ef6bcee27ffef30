"""Signature files for tests, made of the published one: normalised in some way, with evidence or without."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from PTLFPredictorLib.signature import Entered, Evidence, evidence
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


def alb_inr(alb: float | None = None, inr: float | None = None) -> Entered:
    """What a person enters for the published signature: ALB in g/L, and INR."""
    return Entered({"ALB": alb, "INR": inr})


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


# Signatures with other predictors than ALB, INR and Radscore

FOUR = ("ALB", "ALBI", "Tumours", "Radscore")
"""Predictors of `four_predictors`: entered, computed of albumin and bilirubin, one of two levels, the Radscore."""

FOUR_COEFFICIENTS = {"ALB": 0.1, "ALBI": 2.0, "Tumours=multiple": 0.7, "Radscore": 0.3}

FOUR_INTERCEPT = 0.5

FOUR_VARIANCES = {"intercept": 1.0, "ALB": 0.0004, "ALBI": 0.04, "Tumours=multiple": 0.09, "Radscore": 0.002}

ALONE_COEFFICIENTS = {"Radscore": 0.3}

ALONE_INTERCEPT = -1.5

ALONE_VARIANCES = {"intercept": 0.09, "Radscore": 0.002}


def four_predictors(data: Mapping[str, Any], *, raw: Raw | None = None, **changes: Any) -> dict:
    """A site's signature with albumin, ALBI, the number of tumours and the Radscore, and valid evidence.

    ``logit P = 0.5 + 0.1 ALB [g/L] + 2 ALBI + 0.7 [multiple tumours] + 0.3 Radscore``; `changes` are the evidence's.
    """
    made = normalised(data, "site", raw=raw)
    albumin = next(one for one in made["predictors"] if one["id"] == "ALB")
    made |= {"id": "made-four", "title": "A hospital's signature with four predictors"}
    made["predictors"] = [
        albumin,
        {
            "id": "ALBI",
            "label": "ALBI score",
            "kind": "continuous",
            "source": "measure",
            "measure": "clinical.albi",
            "unit": "1",
        },
        {
            "id": "Tumours",
            "label": "Tumours",
            "kind": "categorical",
            "source": "entered",
            "levels": [{"value": "single", "label": "single"}, {"value": "multiple", "label": "multiple"}],
        },
        RADSCORE,
    ]
    _fit(made, FOUR_COEFFICIENTS, FOUR_INTERCEPT)
    made["development_ranges"] = {"ALB": [26.5, 49.3], "ALBI": [-3.2, -1.2], "Radscore": None, "origin": "fitted"}
    made["nomogram"] = {
        "points_per_logit": 10.0,
        "origin": "fitted",
        "points": {"range": [0, 160], "step": 20},
        "total": {"range": [0, 300], "step": 50},
        "risk_ticks": [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95],
        "axes": {
            "ALB": _axis(16, 60, 4),
            "ALBI": _axis(-4, 0, 0.5),
            "Tumours": {"zero_points_at": "single"},
            "Radscore": _axis(-22, 31, 5),
        },
    }
    return evidence.write(made, _evidence(FOUR_VARIANCES, changes))


def radscore_alone(data: Mapping[str, Any], *, raw: Raw | None = None, **changes: Any) -> dict:
    """A site's signature of the Radscore alone, with valid evidence: ``logit P = -1.5 + 0.3 Radscore``."""
    made = normalised(data, "site", raw=raw)
    made |= {"id": "made-radscore", "title": "A hospital's signature of the Radscore alone", "predictors": [RADSCORE]}
    made["notes"] = [note for note in made["notes"] if note["id"] != "alb_direction"]
    _fit(made, ALONE_COEFFICIENTS, ALONE_INTERCEPT)
    made["development_ranges"] = {"Radscore": [-12.0, 12.0], "origin": "fitted"}
    made["nomogram"] = {
        "points_per_logit": 6.25,
        "origin": "fitted",
        "points": {"range": [0, 100], "step": 10},
        "total": {"range": [0, 100], "step": 10},
        "risk_ticks": [0.05, 0.25, 0.5, 0.75, 0.95],
        "axes": {"Radscore": _axis(-22, 31, 5)},
    }
    return evidence.write(made, _evidence(ALONE_VARIANCES, changes))


RADSCORE = {"id": "Radscore", "label": "Radscore", "kind": "continuous", "source": "radscore", "unit": "1"}


def _fit(made: dict, coefficients: Mapping[str, float], intercept: float) -> None:
    made["outcome"] |= {
        "kind": "logistic",
        "intercept": {"value": intercept, "origin": "fitted", "how": "test"},
        "coefficients": {name: {"value": value, "origin": "fitted"} for name, value in coefficients.items()},
        "covariance": None,
    }


def _axis(low: float, high: float, step: float) -> dict:
    """Of a predictor that raises the risk."""
    return {"range": [low, high], "zero_points_at": low, "tick_rule": "multiples and ends", "step": step}


def _evidence(variances: Mapping[str, float], changes: Mapping[str, Any]) -> Evidence:
    names = tuple(variances)
    matrix = Covariance(names, np.diag(list(variances.values())))
    return replace(SITE, **{"estimated": names, "fixed": (), "covariance": matrix, **changes})
