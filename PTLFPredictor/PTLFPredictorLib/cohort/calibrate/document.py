"""The report of a calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ... import __version__
from ...render.html import WATERMARK
from ...signature import Signature, describe, equation
from ...signature.outcome import INTERCEPT
from ...signature.outcome.covariance import NORMAL_95
from ..data import CohortData
from ..lock import Recipe
from ..report import (
    Block,
    Column,
    Document,
    Equation,
    Estimate,
    Facts,
    Figure,
    Items,
    MeanSD,
    Notice,
    Section,
    Table,
    Text,
    figures,
    fixed,
    p_value,
    significant,
)
from ..report.figures import Group
from ..statistics import calibration as statistics
from ..statistics.calibration_curve import Smoother, smoothed
from ..statistics.logistic import MaximumLikelihood
from ..table import CohortTable
from . import texts
from .calibration import Calibration
from .closed_testing import LEVEL
from .performance import AUC, BRIER, SLOPE, Performance, performance
from .plan import Interval, Method, Scale
from .shrinkage import RULE
from .written import Cohort

PLACES = (2.5, 50, 97.5)


@dataclass(frozen=True)
class Made:
    """What the report is on: the signature that was calibrated, the one that came out, and all in between."""

    base: Signature
    signature: Signature
    calibration: Calibration
    data: CohortData
    cohort: Cohort
    kept: int
    table: CohortTable
    recipe: Recipe

    @property
    def cases(self) -> figures.Cases:
        cases = self.calibration.cases
        return figures.Cases(cases.n, cases.events, "calibration")


def document(made: Made) -> Document:
    """All of it."""
    calibration = made.calibration
    sections = [Section("In short", _in_short(made)), Section("Cases", _cases(made))]
    if calibration.plan.scale is Scale.ESTIMATE:
        sections.append(Section("Normalisation", _normalisation(made)))
    if calibration.gives_risk:
        sections.append(Section("Risk model", _model(made)))
        sections.append(Section("In these cases", _performance(made, performance(calibration))))
    sections.append(Section("What this stands on", _method(made)))
    return Document(
        title=f"Calibration of {made.base.title}",
        subtitle=texts.cases(calibration, made.cohort.synthetic),
        sections=tuple(sections),
        watermark=WATERMARK if made.cohort.synthetic else "",
        made=f"ptlf cohort calibrate, PTLFPredictor {__version__}, {made.recipe.time}; plan and hashes in lock.json.",
    )


def _in_short(made: Made) -> tuple[Block, ...]:
    calibration = made.calibration
    cases = calibration.cases
    events = "not used" if cases.outcome is None else f"{cases.events} ({100 * cases.events / cases.n:.1f} %)"
    facts = [("Cases", str(cases.n)), (f"With {made.base.outcome}", events), ("A patient gets", _gets(made))]
    blocks: list[Block] = []
    if calibration.gives_risk:
        facts.append(("Standard error at the median case", f"{calibration.standard_error:.2f} (allowed: 0.4)"))
        blocks += [Facts(tuple(facts), headline=True), Text(texts.model(made.base, calibration))]
    else:
        blocks += [Facts(tuple(facts), headline=True), Notice(f"{texts.RELATIVE} Why: {calibration.no_risk}.")]
    if calibration.warnings:
        blocks.append(Items(calibration.warnings))
    blocks.append(Text(f"The signature file: {describe(made.signature)}"))
    return tuple(blocks)


def _gets(made: Made) -> str:
    if made.cohort.synthetic:
        return "a demonstration, on sample CTs only"
    return "score and risk with its interval" if made.calibration.gives_risk else "a relative score, no risk"


def _cases(made: Made) -> tuple[Block, ...]:
    cases, protocol = made.calibration.cases, made.cohort.protocol
    events = None if cases.outcome is None else cases.events
    groups = [Group("Calibrated on", cases.n, events)]
    if made.kept:
        groups.append(Group("Kept for validation", made.kept))
    kv = ", ".join(f"{one:g}" for one in protocol.kvp) or "not in the files"
    seen = (
        ("Phase", ", ".join(map(str, protocol.phase))),
        ("Slices", "{:g} to {:g} mm".format(*protocol.slice_thickness_mm)),
        ("Pixels", "{:.3g} to {:.3g} mm".format(*protocol.in_plane_spacing_mm)),
        ("Tube voltage (kV)", kv),
        ("Kernels", ", ".join(protocol.kernels) or "not in the files"),
        ("Segments", made.signature.data["voi_note"]),
    )
    return (
        figures.flow("flow", made.data.flow, groups),
        Text("What the cases were is what the signature takes: a CT outside it is withheld."),
        Facts(seen),
        _ranges(made),
    )


def _ranges(made: Made) -> Table:
    rows = [
        (made.base.predictor(name).label, *np.percentile(values, PLACES), float(values.min()), float(values.max()))
        for name, values in {**made.cohort.ranges, "Radscore": made.calibration.radscore}.items()
        if name in {one.id for one in made.base.predictors}
    ]
    columns = ("Predictor", "2.5 %", "median", "97.5 %", "lowest", "highest")
    return Table("predictors", "Predictors in the cases", columns, rows, f"{made.calibration.cases.n} cases.")


def _normalisation(made: Made) -> tuple[Block, ...]:
    calibration = made.calibration
    log, features, rows = calibration.logarithms, calibration.cases.features, []
    for i, term in enumerate(made.base.terms):
        rows.append(
            (
                term.short, term.voi.words, float(calibration.scaling.mean_[i]), float(calibration.scaling.sd_[i]),
                *np.percentile(features[:, i], PLACES),
                MeanSD(log.mean[i], log.sd[i]) if log.skewed[i] else None,
            )
        )  # fmt: skip
    columns = ("Feature", "Of", "mean", "SD", "2.5 %", "median", "97.5 %", "logarithm: mean ± SD")
    note = (
        f"{calibration.cases.n} cases; SD with n - 1. Skewed features (positive, skewness above 1) have mean and SD "
        "of the natural logarithm too: how far a patient lies from the cohort is judged on it; the score keeps the "
        "raw scale."
    )
    errors = calibration.score_errors()
    slope = f"{calibration.slope:.3f}"
    beside = "beside the intercept that was estimated with it" if calibration.gives_risk else "on a relative score"
    return (
        Table("normalisation", "Mean and SD of the features", columns, rows, note),
        Text(texts.ASSUMES),
        Text(
            f"What mean and SD leave open, at a slope of {slope} per point of the Radscore, {beside}: a standard "
            f"error of {np.median(errors):.2f} of the linear predictor in the median case and "
            f"{np.percentile(errors, 95):.2f} in one of 20 ({len(calibration.resampled.scores)} bootstrap samples of "
            "the cases)."
        ),
    )


def _model(made: Made) -> tuple[Block, ...]:
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
            ("Variance between hospitals", f"{update.shrunk_.heterogeneity:.4f}"),
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
    closed = calibration.closed
    tests = [
        (one.model, one.log_likelihood, one.chi_square, one.df or None, one.p, "" if one.decides else "beside it")
        for one in closed.comparisons
    ]
    note = (
        f"The full refit against each simpler model by likelihood ratio, the simplest first; at a level of {LEVEL:g} "
        f"the procedure chooses: {closed.chosen} (Vergouwe et al., Stat Med 2017, 36:4529). It is reported and "
        "decides nothing here. The model as it is has the study's intercept, which belongs to the study's own mean "
        "and SD."
    )
    return (
        Table("methods", "What each method would give", columns, rows, "Standard errors by the model's covariance."),
        Table(
            "closed_testing",
            "Closed testing",
            ("Model", "log-likelihood", Column("chi-square", fixed(2)), "df", Column("P", p_value), ""),
            tests,
            note,
        ),
    )


def _performance(made: Made, found: Performance) -> tuple[Block, ...]:
    y = made.calibration.cases.outcome
    corrected = found.optimism.corrected
    rows = [
        (f"{AUC} of the Radscore alone", Estimate(found.auc_radscore.auc, *found.auc_radscore.interval), None),
        (f"{AUC} of the risk", Estimate(found.auc.auc, *found.auc.interval), corrected[AUC]),
        (SLOPE, found.optimism.apparent[SLOPE], corrected[SLOPE]),
        (BRIER, found.brier.score, corrected[BRIER]),
        ("Brier score, scaled", found.brier.scaled, None),
    ]
    columns = ("", Column("apparent (95 %)", fixed(3)), Column("corrected for optimism", fixed(3)))
    note = (
        f"{made.cases} Intervals: DeLong. Optimism: Harrell's bootstrap, {found.optimism.samples} samples, "
        "normalisation, update and shrinkage repeated in each. The terms of the score were chosen elsewhere, so that "
        "there is no optimism of selection."
    )
    return (
        Text(
            "How well the risk does in the very cases that it was calibrated on. Only patients who come later, or "
            "from another hospital, can tell whether it holds: ptlf cohort validate."
        ),
        Table("performance", "Performance in these cases", columns, rows, note),
        _before(made),
        _curve(made, found, y),
    )


def _before(made: Made) -> Table:
    """The published model with an intercept of its own: does its slope hold here?"""
    calibration = made.calibration
    y, base = calibration.cases.outcome, calibration.base
    published = calibration.design @ base.coefficients
    overall = statistics.joint(published, y).slope
    radscore = calibration.radscore
    slope = MaximumLikelihood().fit(radscore[:, None], y, published - base.slope * radscore)
    half = NORMAL_95 * float(slope.standard_errors_[1])
    rows = [
        ("overall slope (1: the coefficients hold)", Estimate(overall.value, *overall.interval)),
        (
            f"Radscore's slope ({base.slope:g}: it holds)",
            Estimate(float(slope.params_[1]), float(slope.params_[1]) - half, float(slope.params_[1]) + half),
        ),
    ]
    return Table("before", "The former coefficients in these cases", ("", Column("value (95 %)", fixed(3))), rows)


def _curve(made: Made, found: Performance, y: np.ndarray) -> Figure:
    at = np.linspace(found.risk.min(), found.risk.max(), 101)
    curve = at, smoothed(found.risk, y, Smoother.LOWESS, at)
    return figures.calibration("calibration", found.risk, y, curve, "lowess, span 2/3", made.cases)


def _method(made: Made) -> tuple[Block, ...]:
    plan = made.calibration.plan
    told = [
        "Cases are left out where the CT checks withhold, an exclusion criterion is met or unanswered, or a value is "
        "missing.",
        f"Outcome: {plan.rule}." if made.calibration.cases.outcome is not None else "Outcomes were not used.",
        f"Bootstrap: {plan.samples} samples of the cases, seed {plan.seed}.",
        "Methods and what simulation says of them: docs/calibration-methods.md.",
    ]
    if plan.method is Method.SHRUNK_SLOPE and made.calibration.gives_risk:
        told.append(
            "Shrinkage: empirical Bayes (DerSimonian and Laird, Control Clin Trials 1986, 7:177; Morris, J Am Stat "
            "Assoc 1983, 78:47; Steyerberg et al., Stat Med 2004, 23:2567)."
        )
    return (Items(tuple(told)),)
