"""Signatures: files, Radscore, risk, what may be shown, and the nomogram's geometry."""

from . import bands, eligibility, evidence, inputs, intercept, masks, nomogram, states
from .bands import Band, interval_text, risk_text
from .eligibility import Eligibility, all_met, checklist, read_answers
from .evidence import Evidence
from .inputs import LaboratoryValues
from .model import Signature, available, load, parse
from .nomogram import NomogramGeometry, geometry
from .prediction import Assessment, Prediction, assess, equation, what_if
from .radscore import Radscore, ScoredTerm
from .states import completeness, describe

__all__ = [
    "Assessment",
    "Band",
    "Eligibility",
    "Evidence",
    "LaboratoryValues",
    "NomogramGeometry",
    "Prediction",
    "Radscore",
    "ScoredTerm",
    "Signature",
    "all_met",
    "assess",
    "available",
    "bands",
    "checklist",
    "completeness",
    "describe",
    "eligibility",
    "equation",
    "evidence",
    "geometry",
    "inputs",
    "intercept",
    "interval_text",
    "load",
    "masks",
    "nomogram",
    "parse",
    "read_answers",
    "risk_text",
    "states",
    "what_if",
]
