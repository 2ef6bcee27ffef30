"""Which features and clinical variables make a model, and how well it does: selection is repeated in every resample."""

from .plan import ClinicalPlan, Deviation, ResamplingPlan, SelectionPlan, Weights
from .radscore import Radscore, Step

__all__ = ["ClinicalPlan", "Deviation", "Radscore", "ResamplingPlan", "SelectionPlan", "Step", "Weights"]
