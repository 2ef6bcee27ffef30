"""How well two segmentations agree: the overlap of label maps, and of what readers measure on them."""

from .overlap import REGIONS, Agreement, agreement, compare
from .readers import BlandAltman, Form, Intraclass, MeanSquares, bland_altman, icc, lin_ccc, mean_squares

__all__ = [
    "REGIONS",
    "Agreement",
    "BlandAltman",
    "Form",
    "Intraclass",
    "MeanSquares",
    "agreement",
    "bland_altman",
    "compare",
    "icc",
    "lin_ccc",
    "mean_squares",
]
