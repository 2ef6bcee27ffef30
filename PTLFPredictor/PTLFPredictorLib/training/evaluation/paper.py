"""Table 1 of the paper: its nnU-Net on its patients, in percent; of other patients than those of anybody's own model.

The paper calls the parenchyma "liver".  It does not say how cases were averaged, and in three of its columns (folds 1
and 4, test) the tumour's Dice is below precision + recall - 1, which no mean over cases can be.
"""

from __future__ import annotations

import statistics

COLUMNS = ("fold 0", "fold 1", "fold 2", "fold 3", "fold 4", "test")

FOLDS = slice(0, 5)

PERCENT = {
    ("dice", "parenchyma"): (94.58, 87.30, 93.81, 94.59, 93.33, 94.00),
    ("dice", "tumor"): (79.79, 85.18, 85.39, 86.15, 78.76, 85.06),
    ("jaccard", "parenchyma"): (89.80, 81.92, 88.44, 89.78, 87.56, 88.83),
    ("jaccard", "tumor"): (70.00, 78.53, 75.25, 76.43, 69.13, 75.98),
    ("precision", "parenchyma"): (94.17, 90.35, 92.21, 94.39, 92.15, 93.67),
    ("precision", "tumor"): (91.45, 91.88, 93.30, 92.05, 92.05, 93.47),
    ("recall", "parenchyma"): (95.26, 91.05, 95.30, 94.98, 94.63, 94.77),
    ("recall", "tumor"): (87.07, 94.33, 83.89, 87.69, 88.85, 93.25),
}
"""By measure and region, in the order of `COLUMNS`."""

CASES = "100 patients with hepatocellular carcinoma: 80 in five folds, 20 for the test"


def mean_of_folds(measure: str, region: str) -> float:
    """As the paper's text has it (83.05 for the tumour's Dice)."""
    return statistics.fmean(PERCENT[measure, region][FOLDS])
