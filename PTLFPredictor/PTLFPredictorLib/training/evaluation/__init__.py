"""What a trained model is worth: the paper's Table 1 of folds and test, and a report page."""

from ...segmentation.agreement.cases import CaseMeasures, measure

__all__ = ["CaseMeasures", "measure"]
