"""What is selected, and how it is judged, step by step, as values: every option with its default (`cohort.plan`)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ..statistics.lasso import Choice, Measure
from ..statistics.redundancy import Keep
from ..statistics.univariate import ContinuousTest, Correction


class Deviation(enum.Enum):
    """The divisor of the SD: n - 1 (R's scale, pandas) or n (glmnet, scikit-learn's StandardScaler)."""

    SAMPLE = "n-1"
    POPULATION = "n"

    @property
    def ddof(self) -> int:
        return 1 if self is Deviation.SAMPLE else 0


class Weights(enum.Enum):
    """The Radscore's coefficients: those of the LASSO, or a logistic model of the features kept."""

    LASSO = "LASSO"
    LOGISTIC = "maximum likelihood"
    FIRTH = "Firth"


@dataclass(frozen=True)
class SelectionPlan:
    """From features to a Radscore, in this order; the defaults are the source paper's way.

    Attributes
    ----------
    deviation : Deviation
        Of the Z-score.
    icc_at_least : float, optional
        ICC(2,1) of a feature between two segmentations, below which it goes; needs the second one's features.
    correlation_limit : float
        Of two features with a larger |Spearman's rho| one goes, by the rule `keep`.
    keep : Keep
        The default knows nothing of the outcome and prefers features of the unfiltered image, which stand first.
    test, correction, level : ContinuousTest, Correction, float
        Features with P below `level` stay.
    folds, lambdas, lambda_ratio, measure, choice : int, int, float, Measure, Choice
        Of the LASSO's cross-validation: `lambdas` values from the smallest lambda that keeps nothing down to
        `lambda_ratio` times it.
    largest : int
        So many features with the largest absolute LASSO coefficients (of standardised features) make the Radscore.
    weights : Weights
    seed : int
        Of the folds.
    """

    deviation: Deviation = Deviation.SAMPLE
    icc_at_least: float | None = None
    correlation_limit: float = 0.8
    keep: Keep = Keep.FIRST
    test: ContinuousTest = ContinuousTest.BY_NORMALITY
    correction: Correction = Correction.NONE
    level: float = 0.05
    folds: int = 10
    lambdas: int = 50
    lambda_ratio: float = 0.01
    measure: Measure = Measure.DEVIANCE
    choice: Choice = Choice.MIN
    largest: int = 10
    weights: Weights = Weights.LASSO
    seed: int = 0


@dataclass(frozen=True)
class ResamplingPlan:
    """How performance is judged; the whole selection is repeated in every resample.

    Attributes
    ----------
    folds, repeats : int
        Of the nested cross-validation, stratified by outcome.
    bootstraps : int
    level : float
        Of intervals.
    seed : int
    """

    folds: int = 10
    repeats: int = 5
    bootstraps: int = 200
    level: float = 0.95
    seed: int = 0
