"""Figures of a report, each a block with its numbers of cases and what it must not be read for: arrays in, SVG out."""

from ....render.report.drawing import Cases
from .calibration import calibration
from .discrimination import Roc, decision_curve, roc
from .flow import Group, flow
from .lasso import CrossValidation, coefficients, lasso, selection_frequencies
from .nomogram import nomogram
from .odds import Odds, forest
from .optimism import Performance, optimism
from .score import distribution

__all__ = [
    "Cases",
    "CrossValidation",
    "Group",
    "Odds",
    "Performance",
    "Roc",
    "calibration",
    "coefficients",
    "decision_curve",
    "distribution",
    "flow",
    "forest",
    "lasso",
    "nomogram",
    "optimism",
    "roc",
    "selection_frequencies",
]
