"""Synthetic contrast CTs of the upper abdomen with known truth: for the demo, the demo model and the tests."""

from .cases import Disease, SampleCase, make_case
from .outcomes import CohortMember, Outcome, draw_outcome, draw_outcomes, make_cohort

__all__ = [
    "CohortMember",
    "Disease",
    "Outcome",
    "SampleCase",
    "draw_outcome",
    "draw_outcomes",
    "make_case",
    "make_cohort",
]
