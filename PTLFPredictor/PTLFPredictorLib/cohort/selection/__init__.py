"""Which features and clinical variables make a model, and how well it does: selection is repeated in every resample."""

from .cases import Cases
from .clinical import ClinicalPredictors
from .models import CLINICAL, COMBINED, RADIOMICS, Model, fit_models
from .nested import Estimate, Nested, Way, nested
from .performance import MEASURES, Bootstrapped, bootstrap, frequencies, measured
from .plan import ClinicalPlan, Deviation, ResamplingPlan, SelectionPlan, Weights
from .radscore import Radscore, Step

__all__ = [
    "CLINICAL",
    "COMBINED",
    "MEASURES",
    "RADIOMICS",
    "Bootstrapped",
    "Cases",
    "ClinicalPlan",
    "ClinicalPredictors",
    "Deviation",
    "Estimate",
    "Model",
    "Nested",
    "Radscore",
    "ResamplingPlan",
    "SelectionPlan",
    "Step",
    "Way",
    "Weights",
    "bootstrap",
    "fit_models",
    "frequencies",
    "measured",
    "nested",
]
