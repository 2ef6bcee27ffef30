"""Which features make a Radscore, and how well a way of making models does: all of it repeated in every resample."""

from .nested import Estimate, Nested, nested
from .performance import MEASURES, Bootstrapped, bootstrap, frequencies, measured
from .plan import Deviation, ResamplingPlan, SelectionPlan, Weights
from .radscore import Radscore, Step
from .way import Radiomics, Way

__all__ = [
    "MEASURES",
    "Bootstrapped",
    "Deviation",
    "Estimate",
    "Nested",
    "Radiomics",
    "Radscore",
    "ResamplingPlan",
    "SelectionPlan",
    "Step",
    "Way",
    "Weights",
    "bootstrap",
    "frequencies",
    "measured",
    "nested",
]
