"""Performance of one model in some cases: every measure that exists there, and a sentence for each that does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any, TypeVar

import numpy as np

from ...errors import BadInput
from .. import plan as json
from ..statistics import calibration, calibration_curve, classification, decision_curve, discrimination
from ..statistics.calibration import Brier, Coefficient, ExpectedObserved, JointFit
from ..statistics.calibration_curve import CurveErrors, Smoother
from ..statistics.classification import Classification
from ..statistics.discrimination import Auc, AucDifference
from ..statistics.logistic import expit
from ..statistics.reclassification import Reclassification, reclassification

POINTS = 101
"""Of a calibration curve."""

T = TypeVar("T")


class Scale(StrEnum):
    """What a cut-off is compared with."""

    RISK = "risk"
    SCORE = "score"
    """The linear predictor, or the score of a model without risk."""


@dataclass(frozen=True)
class Cutoff:
    """A cut-off that was chosen without the cases that it is applied to.

    Parameters
    ----------
    name : str
        "Youden of the training cases", "chosen".
    value : float
    scale : Scale
    """

    name: str
    value: float
    scale: Scale = Scale.RISK


@dataclass(frozen=True)
class AtCutoff:
    """Counts at a cut-off."""

    cutoff: Cutoff
    counts: Classification


@dataclass(frozen=True)
class Curve:
    """A calibration curve and its distance from the diagonal; `observed` is NaN where the smoother says nothing."""

    errors: CurveErrors
    predicted: tuple[float, ...]
    observed: tuple[float, ...]


@dataclass(frozen=True)
class Groups:
    """Hosmer-Lemeshow; see `calibration.HosmerLemeshow`."""

    n: tuple[int, ...]
    observed: tuple[int, ...]
    expected: tuple[float, ...]
    chi2: float
    df: int
    p: float


@dataclass(frozen=True)
class Calibration:
    """Calibration of risks; None where a measure does not exist (`Performance.problems` says why).

    Attributes
    ----------
    in_the_large, joint : Coefficient, JointFit
        Slope held at 1; both fitted.
    expected_observed, brier
    spiegelhalter_p : float
    curve : Curve
        With the smoother of the plan.
    by_smoother : tuple of CurveErrors
        Of all smoothers: how much of the ICI is the smoother's doing.
    groups : Groups
    """

    in_the_large: Coefficient | None
    joint: JointFit | None
    expected_observed: ExpectedObserved
    brier: Brier
    spiegelhalter_p: float
    curve: Curve | None
    by_smoother: tuple[CurveErrors, ...]
    groups: Groups | None


@dataclass(frozen=True)
class Decision:
    """Net benefit by threshold; see `decision_curve.DecisionCurve`."""

    thresholds: tuple[float, ...]
    net_benefit: tuple[float, ...]
    treat_all: tuple[float, ...]
    prevalence: float


@dataclass(frozen=True)
class Performance:
    """What a model does in some cases.

    Attributes
    ----------
    score : tuple of float
        Linear predictor of each case (or the score of a model without risk), never turned.
    outcome : tuple of int
        0 or 1.
    has_risk : bool
        Whether `score` is a linear predictor of risks; if not there is discrimination alone.
    fitted_here : bool
        Whether the model was fitted on these cases: the performance is then apparent.
    auc : Auc or None
    cutoffs : tuple of AtCutoff
    calibration : Calibration or None
    decision : Decision or None
    problems : tuple of str
        Why measures do not exist, in sentences.
    """

    score: tuple[float, ...]
    outcome: tuple[int, ...]
    has_risk: bool
    fitted_here: bool
    auc: Auc | None
    cutoffs: tuple[AtCutoff, ...]
    calibration: Calibration | None
    decision: Decision | None
    problems: tuple[str, ...]

    @property
    def n(self) -> int:
        return len(self.outcome)

    @property
    def events(self) -> int:
        return sum(self.outcome)

    @property
    def risk(self) -> np.ndarray:
        """Risk of each case."""
        return expit(np.array(self.score))

    def to_dict(self) -> dict[str, Any]:
        """JSON; "nan" and "inf" are texts there."""
        return json.to_json(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Performance:
        """From `to_dict`; BadInput for anything else."""
        return json.from_json(cls, data, "performance")


@dataclass(frozen=True)
class Compared:
    """Two models on the same cases.

    Attributes
    ----------
    first, second : str
    auc : AucDifference
        First minus second.
    reclassification : Reclassification or None
        From the second to the first; None where one of them has no risk.
    """

    first: str
    second: str
    auc: AucDifference
    reclassification: Reclassification | None


def of(
    score: np.ndarray,
    y: np.ndarray,
    *,
    cutoffs: Sequence[Cutoff] = (),
    has_risk: bool = True,
    fitted_here: bool = False,
    smoother: Smoother = Smoother.LOWESS,
    groups: int = 10,
    prevalence: float | None = None,
) -> Performance:
    """Performance of a linear predictor (or of a score without risk) in cases whose outcome is known.

    Parameters
    ----------
    score, y : np.ndarray, shape (n,)
    cutoffs : sequence of Cutoff
        Chosen elsewhere: none is looked for here.
    groups : int
        Of Hosmer and Lemeshow's test.
    prevalence : float, optional
        For the decision curve, of another population.
    """
    score, y = np.asarray(score, float), np.asarray(y, float)
    problems: dict[str, None] = {}

    def tried(function: Callable[..., T], *given: Any, **more: Any) -> T | None:
        try:
            return function(*given, **more)
        except BadInput as error:
            problems[error.message] = None
            return None

    p = expit(score)
    known = [cutoff for cutoff in cutoffs if has_risk or cutoff.scale is Scale.SCORE]
    return Performance(
        score=tuple(map(float, score)),
        outcome=tuple(int(one) for one in y),
        has_risk=has_risk,
        fitted_here=fitted_here,
        auc=tried(discrimination.delong, score, y),
        cutoffs=tuple(
            AtCutoff(one, classification.at_cutoff(p if one.scale is Scale.RISK else score, y, one.value))
            for one in known
        ),
        calibration=_calibration(score, p, y, smoother, groups, fitted_here, tried) if has_risk else None,
        decision=tried(_decision, p, y, prevalence) if has_risk else None,
        problems=tuple(problems),
    )


def compare(scores: Mapping[str, np.ndarray], y: np.ndarray, has_risk: Mapping[str, bool]) -> tuple[Compared, ...]:
    """Each pair of models on the same cases: DeLong's paired test, NRI and IDI; none without both outcomes."""
    found = []
    for (first, a), (second, b) in combinations(scores.items(), 2):
        try:
            area = discrimination.delong_paired(a, b, y)
            both = has_risk[first] and has_risk[second]
            moved = reclassification(expit(b), expit(a), y) if both else None
        except BadInput:
            continue
        found.append(Compared(first, second, area, moved))
    return tuple(found)


def _calibration(
    lp: np.ndarray,
    p: np.ndarray,
    y: np.ndarray,
    smoother: Smoother,
    groups: int,
    fitted_here: bool,
    tried: Callable[..., Any],
) -> Calibration:
    by_smoother = [tried(calibration_curve.errors, p, y, one) for one in Smoother]
    found = tried(calibration.hosmer_lemeshow, p, y, groups, fitted_here=fitted_here)
    return Calibration(
        in_the_large=tried(calibration.in_the_large, lp, y),
        joint=tried(calibration.joint, lp, y),
        expected_observed=calibration.expected_observed(p, y),
        brier=calibration.brier(p, y),
        spiegelhalter_p=calibration.spiegelhalter(p, y)[1],
        curve=tried(_curve, p, y, smoother),
        by_smoother=tuple(one for one in by_smoother if one is not None),
        groups=None
        if found is None
        else Groups(
            tuple(map(int, found.n)),
            tuple(map(int, found.observed)),
            tuple(map(float, found.expected)),
            found.chi2,
            found.df,
            found.p,
        ),
    )


def _curve(p: np.ndarray, y: np.ndarray, smoother: Smoother) -> Curve:
    at = np.linspace(p.min(), p.max(), POINTS)
    observed = calibration_curve.smoothed(p, y, smoother, at)
    return Curve(calibration_curve.errors(p, y, smoother), tuple(map(float, at)), tuple(map(float, observed)))


def _decision(p: np.ndarray, y: np.ndarray, prevalence: float | None) -> Decision:
    curve = decision_curve.net_benefit(p, y, prevalence=prevalence)
    lists = (tuple(map(float, part)) for part in (curve.thresholds, curve.net_benefit, curve.treat_all))
    return Decision(*lists, curve.prevalence)
