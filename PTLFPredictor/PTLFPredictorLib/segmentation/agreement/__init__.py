"""How well two segmentations agree: label maps, their lesions, and what readers measure on them."""

from .cases import MEASURES, CaseMeasures, Spread, lesion_summary, measure, spread, summary
from .matching import LEAST_IOU, SIZES_MM, LesionMatches, TrueLesion, match, match_lesions
from .overlap import REGIONS, Agreement, agreement, compare
from .readers import BlandAltman, Form, Intraclass, MeanSquares, bland_altman, icc, lin_ccc, mean_squares
from .surfaces import SurfaceDistances, surface_distances

__all__ = [
    "LEAST_IOU",
    "MEASURES",
    "REGIONS",
    "SIZES_MM",
    "Agreement",
    "BlandAltman",
    "CaseMeasures",
    "Form",
    "Intraclass",
    "LesionMatches",
    "MeanSquares",
    "Spread",
    "SurfaceDistances",
    "TrueLesion",
    "agreement",
    "bland_altman",
    "compare",
    "icc",
    "lesion_summary",
    "lin_ccc",
    "match",
    "match_lesions",
    "mean_squares",
    "measure",
    "spread",
    "summary",
    "surface_distances",
]
