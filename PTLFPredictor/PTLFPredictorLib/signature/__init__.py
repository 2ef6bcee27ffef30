"""Signatures: files, Radscore, risk, what may be shown, and the nomogram's geometry."""

from . import eligibility, inputs, intercept, nomogram
from .eligibility import Eligibility, checklist, read_answers
from .inputs import LaboratoryValues
from .model import Signature, available, load, parse
from .nomogram import NomogramGeometry, geometry
from .prediction import Assessment, Prediction, assess, completeness, equation, interval_text, risk_text, what_if
from .radscore import Radscore, ScoredTerm

__all__ = [
    "Assessment",
    "Eligibility",
    "LaboratoryValues",
    "NomogramGeometry",
    "Prediction",
    "Radscore",
    "ScoredTerm",
    "Signature",
    "assess",
    "available",
    "checklist",
    "completeness",
    "eligibility",
    "equation",
    "geometry",
    "inputs",
    "intercept",
    "interval_text",
    "load",
    "nomogram",
    "parse",
    "read_answers",
    "risk_text",
    "what_if",
]
