"""The chapters of a report on a risk model: its numbers, the alternatives, how it does in its own cases."""

from __future__ import annotations

import numpy as np

from ...render.report import (
    Beside,
    Block,
    Column,
    Equation,
    Estimate,
    Facts,
    Figure,
    Table,
    Text,
    fixed,
    p_value,
    significant,
)
from ...signature import equation
from ...signature.outcome import INTERCEPT
from ...signature.outcome.covariance import NORMAL_95
from ..report import figures
from ..statistics.calibration_curve import Smoother, smoothed
from ..statistics.logistic import MaximumLikelihood, Separated
from . import texts
from .closed_testing import LEVEL, ClosedTest
from .made import Made
from .performance import AUC, BRIER, SLOPE, Performance
from .plan import Interval
from .shrinkage import RULE

CURVE = "Calibration (in the cases it was calibrated on)"


def model(made: Made) -> tuple[Block, ...]:
    """The risk model: each coefficient before and after, what was held fixed, and the alternatives."""
    calibration, base = made.calibration, made.calibration.base
    update, rows = calibration.update, []
    before = {INTERCEPT: base.intercept, **dict(zip(base.columns, base.coefficients, strict=True))}
    for i, name in enumerate((INTERCEPT, *base.columns)):
        value = float(update.params_[i])
        if name in update.names_:
            place = update.names_.index(name)
            half = NORMAL_95 * float(np.sqrt(calibration.covariance[place, place]))
            rows.append((name, before[name], Estimate(value, value - half, value + half), "estimated"))
        else:
            rows.append((name, before[name], value, "fixed"))
    columns = ("Coefficient", "before", Column("now (95 % interval)", significant(4)), "")
    holds = "the bootstrap" if calibration.plan.interval is Interval.BOOTSTRAP else "the model's covariance"
    blocks: list[Block] = [
        Equation(equation(made.signature)),
        Table("model", "Risk model", columns, rows, f"Log odds ratios per unit. Intervals by {holds}. {made.cases}"),
        Text(texts.interval(calibration)),
    ]
    if update.shrunk_ is not None:
        facts = (
            ("Slope in these cases", f"{update.slope_:.3f} (standard error {update.slope_se_:.3f})"),
            ("Slope before", f"{base.slope:.3f} (standard error {base.slope_se:.3f})"),
            ("Variance of the difference between hospitals' slopes", f"{update.shrunk_.heterogeneity:.4f}"),
            ("Weight of these cases", f"{100 * update.shrunk_.weight:.0f} %"),
            ("Rule", RULE),
        )
        blocks.append(Facts(facts))
    return (*blocks, *_alternatives(made), figures.nomogram("nomogram", made.signature, made.cases))


def _alternatives(made: Made) -> tuple[Block, ...]:
    calibration = made.calibration
    median, place = calibration.median_case, 1 + calibration.base.radscore
    rows = [
        (
            method.words + (" (chosen)" if method is calibration.plan.method else ""),
            *map(float, update.params_[[0, place]]), update.standard_error(median), update.log_likelihood_,
        )
        for method, update in calibration.alternatives.items()
    ]  # fmt: skip
    columns = ("Method", "intercept", "Radscore's slope", "standard error at the median case", "log-likelihood")
    methods = Table(
        "methods", "What each method would give", columns, rows, "Standard errors by the model's covariance."
    )
    if calibration.closed is None:
        text = "A value of the model is the same in all cases: nothing can be refitted, and there is no closed testing."
        return methods, Text(text)
    return methods, _closed(calibration.closed, _intercept_words(made))


def _closed(closed: ClosedTest, intercept: str) -> Table:
    tests = [
        (one.model, one.log_likelihood, one.chi_square, one.df or None, one.p, "" if one.decides else "beside it")
        for one in closed.comparisons
    ]
    note = (
        f"The full refit against each simpler model by likelihood ratio, the simplest first; at a level of {LEVEL:g} "
        f"the procedure chooses: {closed.chosen} (Vergouwe et al., Stat Med 2017, 36:4529). It is reported and "
        "decides nothing here. The model as it is has the intercept of the signature's file "
        f"({intercept}), which belongs to another normalisation than that of these cases, unless it was "
        "kept."
    )
    return Table(
        "closed_testing",
        "Closed testing",
        ("Model", "log-likelihood", Column("chi-square", fixed(2)), "df", Column("P", p_value), ""),
        tests,
        note,
    )


def _intercept_words(made: Made) -> str:
    intercept = made.base.risk_model.intercept
    return "there is none" if intercept is None else str(intercept.origin)


def in_these_cases(made: Made, found: Performance) -> tuple[Block, ...]:
    """Performance in the cases that made the model: apparent, and corrected by the bootstrap."""
    y = made.calibration.cases.outcome
    corrected = found.optimism.corrected
    on_logit = "'s standard error on the logit" if found.auc.prefers_logit else ""
    rows = [
        (f"{AUC} of the Radscore alone", Estimate(found.auc_radscore.auc, *found.auc_radscore.preferred), None),
        (f"{AUC} of the risk", Estimate(found.auc.auc, *found.auc.preferred), corrected[AUC]),
        (SLOPE, found.optimism.apparent[SLOPE], corrected[SLOPE]),
        (BRIER, found.brier.score, corrected[BRIER]),
        ("Brier score, scaled", found.brier.scaled, None),
    ]
    columns = ("", Column("apparent (95 %)", fixed(3)), Column("corrected for optimism", fixed(3)))
    note = (
        f"{made.cases} Intervals: DeLong{on_logit}, of the apparent value. Optimism: Harrell's bootstrap, "
        f"{found.optimism.samples} samples, normalisation, update and shrinkage repeated in each. The terms of the "
        "score were chosen elsewhere, so that there is no optimism of selection."
    )
    return (
        Text(
            "How well the risk does in the very cases that it was calibrated on. Only patients who come later, or "
            "from another hospital, can tell whether it holds: ptlf cohort validate."
        ),
        Table("performance", "Performance in these cases", columns, rows, note),
        Beside(
            (_curve(made, found, y), figures.distribution("radscore", made.calibration.radscore, y, made.cases)),
        ),
        _before(made),
    )


def _before(made: Made) -> Table:
    """The published model with an intercept of its own: does its slope hold here?"""
    calibration = made.calibration
    y, base, radscore = calibration.cases.outcome, calibration.base, calibration.radscore
    published = calibration.design @ base.coefficients
    rows = [
        ("overall slope (1: the coefficients hold)", slope_of(published, y, np.zeros(len(y)))),
        (f"Radscore's slope ({base.slope:g}: it holds)", slope_of(radscore, y, published - base.slope * radscore)),
    ]
    return Table("before", "The former coefficients in these cases", ("", Column("value (95 %)", fixed(3))), rows)


def slope_of(column: np.ndarray, y: np.ndarray, offset: np.ndarray) -> Estimate | None:
    """None where the column tells the outcomes apart."""
    try:
        fitted = MaximumLikelihood().fit(column[:, None], y, offset)
    except Separated:
        return None
    return Estimate(float(fitted.params_[1]), *map(float, fitted.wald_interval()[1]))


def _curve(made: Made, found: Performance, y: np.ndarray) -> Figure:
    at = np.linspace(found.risk.min(), found.risk.max(), 101)
    curve = at, smoothed(found.risk, y, Smoother.LOWESS, at)
    return figures.calibration("calibration", found.risk, y, curve, "lowess, span 2/3", made.cases, CURVE)
