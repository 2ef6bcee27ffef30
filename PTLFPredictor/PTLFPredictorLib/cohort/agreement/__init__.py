"""Two segmentations of the same cases: how well label maps agree, and what is measured on them.

`pairs` finds the label maps of each case, `reading` brings them to one grid, `features` compares what was measured,
`document` is the report, `run` does all of it.
"""

from .features import FeatureAgreement, Quantity, compare_features, read_features
from .pairs import Pair, of_folders, of_table
from .reading import Readings, read_pair
from .run import AgreementResult, run, write

__all__ = [
    "AgreementResult",
    "FeatureAgreement",
    "Pair",
    "Quantity",
    "Readings",
    "compare_features",
    "of_folders",
    "of_table",
    "read_features",
    "read_pair",
    "run",
    "write",
]
