"""A signature calibrated to a hospital's cases: normalisation, updated model, uncertainty, and what may be given."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...errors import BadInput
from ...progress import Progress, no_progress
from ..statistics.logistic import Collinear
from . import limits
from .base import Base
from .bootstrap import Cases, Resampled, resample, samples_of
from .closed_testing import ClosedTest, closed_test
from .plan import CalibrationPlan, Interval, Method, Scale
from .scaling import FeatureScaling, Logarithms
from .update import Update


@dataclass(frozen=True)
class Calibration:
    """What was computed.

    Parameters
    ----------
    base : Base
    plan : CalibrationPlan
    cases : Cases
    scaling : FeatureScaling
    radscore : np.ndarray, shape (n,)
    resampled : Resampled or None
        None where nothing was estimated that a bootstrap could repeat.
    update : Update or None
        The risk model; None where no outcomes were used.
    no_risk : str
        Why no risk may be given, within a sentence; "" where it may.
    warnings : tuple of str
    """

    base: Base
    plan: CalibrationPlan
    cases: Cases
    scaling: FeatureScaling
    radscore: np.ndarray
    resampled: Resampled | None
    update: Update | None
    no_risk: str
    warnings: tuple[str, ...]

    @property
    def gives_risk(self) -> bool:
        return not self.no_risk

    @property
    def covariance(self) -> np.ndarray | None:
        """Of what was estimated of the model; what the file's intervals stand on."""
        if self.update is None:
            return None
        return self.resampled.covariance if self.plan.interval is Interval.BOOTSTRAP else self.update.covariance_

    @property
    def design(self) -> np.ndarray:
        """Shape (n, columns), the Radscore in its column."""
        return self.base.design(self.cases.others, self.radscore)

    @property
    def median_case(self) -> np.ndarray:
        """The median of each design column (of an even number of cases the lower one): values that a case has."""
        return np.quantile(self.design, 0.5, axis=0, method="inverted_cdf")

    @cached_property
    def standard_error(self) -> float | None:
        """Of the linear predictor at the median case."""
        return None if self.update is None else self.update.standard_error(self.median_case, self.covariance)

    @property
    def slope(self) -> float:
        """The Radscore's coefficient as it is written."""
        return self.base.slope if not self.gives_risk else float(self.update.params_[1 + self.base.radscore])

    @cached_property
    def logarithms(self) -> Logarithms:
        """Of the features, where they are normalised by these cases."""
        return Logarithms.of(self.cases.features)

    def score_errors(self) -> np.ndarray | None:
        """Standard error of each case's linear predictor by means and SDs alone, shape (n,).

        Of a relative score whole; beside an intercept estimated on the same scores, without what all cases share.
        """
        return None if self.resampled is None else self.resampled.score_errors(self.slope, self.gives_risk)

    @cached_property
    def alternatives(self) -> dict[Method, Update]:
        """Every method that can be fitted, on the same cases."""
        found = {}
        for method in Method if self.cases.outcome is not None else ():
            if method is not Method.SHRUNK_SLOPE or self.base.slope_se is not None:
                with suppress(Collinear):
                    found[method] = Update(self.base, method).fit(self.design, self.cases.outcome)
        return found

    @cached_property
    def closed(self) -> ClosedTest | None:
        """The closed testing procedure; None where a column is the same in all cases, which a refit cannot take."""
        try:
            return closed_test(self.base, self.design, self.cases.outcome)
        except Collinear:
            return None


def calibrate(
    base: Base,
    cases: Cases,
    plan: CalibrationPlan,
    kept: FeatureScaling | None = None,
    *,
    outcome: str = "the outcome",
    no_risk: str = "",
    names: list[str] | None = None,
    others: str = "",
    progress: Progress = no_progress,
) -> Calibration:
    """Calibrate.

    Parameters
    ----------
    cases : Cases
        Without outcomes only the normalisation is estimated.
    kept : FeatureScaling, optional
        The signature's own means and SDs; estimated in the cases where not given.
    outcome : str
        What the risk is of, for sentences.
    no_risk : str
        Why there is no risk, where the cases come without outcomes.
    names : list of str, optional
        Of the features, for sentences.
    others : str
        What became of the cases that are not among these, for sentences.

    Raises
    ------
    BadInput
        Fewer than 50 cases for a normalisation; nothing to estimate.
    """
    warnings = [] if kept else [limits.check_cases(cases.n, others)]
    if cases.outcome is None:
        no_risk = no_risk or "no outcomes are known"
    else:
        no_risk = limits.too_few_events(cases.events, cases.n, outcome)
    if kept and no_risk:
        raise BadInput(f"Nothing can be calibrated: the normalisation is kept, and {no_risk}.")
    scaling = kept or FeatureScaling().fit(cases.features, names)
    radscore = base.scores(scaling, cases.features)
    rows, method = samples_of(cases.n, plan.samples, plan.seed), None if no_risk else plan.method
    update = None
    if method is not None:
        update = Update(base, method).fit(base.design(cases.others, radscore), cases.outcome)
    resampled = None
    if kept is None or plan.interval is Interval.BOOTSTRAP:
        wanted = method if plan.interval is Interval.BOOTSTRAP else None
        resampled = resample(cases, base, rows, wanted, kept, progress)
    made = Calibration(base, plan, cases, scaling, radscore, resampled, update, no_risk, tuple(filter(None, warnings)))
    return made if update is None else _judged(made)


def _judged(made: Calibration) -> Calibration:
    """With what the fitted model allows, and the warnings on it."""
    update, se = made.update, made.standard_error
    index = 1 + made.base.radscore
    slope_se = 0.0
    if index in update.estimated_:
        place = update.estimated_.index(index)
        slope_se = float(np.sqrt(made.covariance[place, place]))
    slope = float(update.params_[index])
    why = limits.too_uncertain(se) or limits.against_the_score(slope, slope_se)
    warnings = [*made.warnings, limits.wide(se), "" if why else limits.adds_little(slope, slope_se)]
    if update.penalised_:
        warnings.append(
            "The outcomes are separated by the model's values: Firth's penalty was used, and the intercept is FLIC's."
        )
    if made.resampled is not None and made.resampled.failed:
        warnings.append(f"{made.resampled.failed} of {made.plan.samples} bootstrap samples could not be fitted.")
    if why and made.plan.scale is Scale.KEEP:
        raise BadInput(f"No risk can be given, and the normalisation is kept, so that nothing is new: {why}.")
    return replace(made, no_risk=why, warnings=tuple(filter(None, warnings)))
