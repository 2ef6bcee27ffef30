"""What may be shown of a signature and a patient, and the words for it."""

from . import bands, eligibility, limits, masks
from .assessment import Assessment, assess, points_of, what_if
from .bands import Band, difference_text, interval_text, risk_text
from .eligibility import Eligibility, all_met, checklist, read_answers
from .prediction import IntervalKind, Prediction, PredictionState
from .states import SignatureState, completeness, describe

__all__ = [
    "Assessment",
    "Band",
    "Eligibility",
    "IntervalKind",
    "Prediction",
    "PredictionState",
    "SignatureState",
    "all_met",
    "assess",
    "bands",
    "checklist",
    "completeness",
    "describe",
    "difference_text",
    "eligibility",
    "interval_text",
    "limits",
    "masks",
    "points_of",
    "read_answers",
    "risk_text",
    "what_if",
]
