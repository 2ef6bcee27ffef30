"""Signatures: files, predictors, Radscore, outcome model, what may be shown, and the nomogram's geometry.

>>> signature = load("ptlf-published")
>>> entered = Entered.checked(signature, {"ALB": (4.36, "g/dL"), "INR": (1.09, None)})
>>> what_if(signature, entered, radscore=7.72).total_points
99.74...

`reading` makes a `Signature` of a file, `outcome` turns predictors into a risk, `policy` says what may be shown.
"""

from . import evidence, files, inputs, intercept, nomogram, outcome, policy
from .entries import Entered, Entry
from .evidence import Evidence
from .files import available, load, parse, upgrade
from .model import Signature
from .nomogram import NomogramGeometry, geometry
from .policy import (
    Assessment,
    Band,
    Eligibility,
    IntervalKind,
    Prediction,
    PredictionState,
    SignatureState,
    all_met,
    assess,
    checklist,
    completeness,
    describe,
    difference_text,
    eligibility,
    interval_text,
    masks,
    points_of,
    read_answers,
    risk_text,
    what_if,
)
from .predictors import RADSCORE, Category, Predictor, PredictorKind, PredictorSource, UnitChoice
from .radscore import Radscore, ScoredTerm, ScoreState


def equation(signature: Signature) -> str:
    """The risk model in words: ``logit P(PTLF) = ...``."""
    return outcome.equation(signature.risk_model, signature.outcome)


__all__ = [
    "RADSCORE",
    "Assessment",
    "Band",
    "Category",
    "Eligibility",
    "Entered",
    "Entry",
    "Evidence",
    "IntervalKind",
    "NomogramGeometry",
    "Prediction",
    "PredictionState",
    "Predictor",
    "PredictorKind",
    "PredictorSource",
    "Radscore",
    "ScoreState",
    "ScoredTerm",
    "Signature",
    "SignatureState",
    "UnitChoice",
    "all_met",
    "assess",
    "available",
    "checklist",
    "completeness",
    "describe",
    "difference_text",
    "eligibility",
    "equation",
    "evidence",
    "files",
    "geometry",
    "inputs",
    "intercept",
    "interval_text",
    "load",
    "masks",
    "nomogram",
    "outcome",
    "parse",
    "points_of",
    "policy",
    "read_answers",
    "risk_text",
    "upgrade",
    "what_if",
]
