"""What a report says of performances: the same tables and figures, in the same words, for `validate` and `develop`.

Each function takes performances by model, all on the same cases, and a prefix for the names of its tables and figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...render.report import Block, Column, Estimate, Table, Text, fixed, p_value, percent
from ...render.report.drawing import Cases
from ..report import figures
from ..statistics.calibration import Coefficient, ExpectedObserved
from ..statistics.classification import Proportion
from ..statistics.discrimination import Auc, roc_curve
from ..statistics.logistic import expit
from .performance import AtCutoff, Compared, Performance, Scale
from .subgroups import Subgroup

THREE = fixed(3)

EVERY = 5
"""Every so many-th threshold of a decision curve is a row of its table."""


def discrimination(
    models: Mapping[str, Performance], compared: Sequence[Compared], cases: Cases, prefix: str = ""
) -> tuple[Block, ...]:
    """AUC of each model with both intervals, DeLong's test between them, the ROC curves."""
    preferred = _interval_words(models)
    rows = [(name, *_areas(one.auc)) for name, one in models.items()]
    found: list[Block] = [
        Table(
            f"{prefix}auc",
            "Area under the ROC curve",
            ("model", Column("AUC (95 % interval to read)", THREE), Column("DeLong", THREE), Column("logit", THREE),
             Column("SE", THREE)),
            rows,
            f"{cases} To read: {preferred}. A high score means the outcome; no curve was turned.",
        )
    ]  # fmt: skip
    if compared:
        found.append(_compared(compared, cases, prefix))
    curves = [_roc(name, one) for name, one in models.items() if one.auc is not None]
    if curves:
        found.append(figures.roc(f"{prefix}roc", curves, cases, preferred))
    return tuple(found)


def _interval_words(models: Mapping[str, Performance]) -> str:
    few = any(one.auc is not None and one.auc.prefers_logit for one in models.values())
    if few:
        return "95 % interval by DeLong's standard error on the logit"
    return "95 % interval by DeLong"


def _areas(auc: Auc | None) -> tuple[Estimate | float | None, ...]:
    if auc is None:
        return (None,) * 4
    return (*(_area(auc, one) for one in (auc.preferred, auc.interval, auc.logit_interval)), auc.se)


def _area(auc: Auc, interval: tuple[float, float]) -> Estimate:
    return Estimate(auc.auc, *interval)


def _roc(name: str, found: Performance) -> figures.Roc:
    curve = roc_curve(np.array(found.score), np.array(found.outcome))
    marked = next((one.counts for one in found.cutoffs if one.cutoff.scale is Scale.SCORE), None)
    point = None if marked is None else (1 - marked.specificity.value, marked.sensitivity.value)
    area = _area(found.auc, found.auc.preferred)
    return figures.Roc(name, (1 - curve.specificity)[::-1], curve.sensitivity[::-1], area, point)


def _compared(compared: Sequence[Compared], cases: Cases, prefix: str) -> Table:
    rows = []
    for one in compared:
        change = one.reclassification
        more = (
            (None, None)
            if change is None
            else (_with_se(change.nri, change.nri_se), _with_se(change.idi, change.idi_se))
        )
        area = Estimate(one.auc.difference, *one.auc.interval)
        rows.append((f"{one.first} \u2212 {one.second}", area, one.auc.statistic, one.auc.p, *more))
    return Table(
        f"{prefix}compared",
        "Models compared on the same cases",
        ("difference", Column("AUC (95 % interval)", THREE), Column("z", fixed(2)), Column("P", p_value),
         Column("NRI (95 % interval)", THREE), Column("IDI (95 % interval)", THREE)),
        rows,
        f"{cases} DeLong's test for paired curves, two-sided, not corrected for the number of pairs. NRI (continuous) "
        "and IDI can be above 0 for a model that is merely miscalibrated: they prove nothing without the calibration.",
    )  # fmt: skip


def _with_se(value: float, se: float) -> Estimate:
    return Estimate(value, value - 1.96 * se, value + 1.96 * se)


def calibration(models: Mapping[str, Performance], cases: Cases, prefix: str = "") -> tuple[Block, ...]:
    """Calibration of each model that has risks: numbers, curve, and what the smoother does to the ICI."""
    known = {name: one for name, one in models.items() if one.calibration is not None}
    if not known:
        return (Text("The signature gives no risk, so there is nothing to calibrate."),)
    first_name, first = next(iter(known.items()))
    smoother = first.calibration.curve.errors.smoother.words if first.calibration.curve else "no smoother"
    table = Table(
        f"{prefix}calibration",
        "Calibration",
        ("model", Column("in the large", THREE), Column("slope", THREE), Column("intercept of the joint fit", THREE),
         Column("P (0 and 1)", p_value), Column("expected / observed", fixed(2)), Column("ICI", THREE),
         Column("Brier", THREE), Column("scaled Brier", THREE)),
        [_calibration_row(name, one) for name, one in known.items()],
        f"{cases} 95 % intervals. In the large: intercept with the slope held at 1, below 0 where risks are too high. "
        "Slope and joint intercept: fitted together; a slope below 1 says that risks are too extreme. P: likelihood "
        f"ratio, that both are as they should be. ICI with {smoother}. Scaled Brier: 1 is perfect, 0 no better than "
        "the prevalence.",
    )  # fmt: skip
    found: list[Block] = [table]
    if first.calibration.curve is not None:
        curve = first.calibration.curve
        drawn = np.isfinite(curve.observed)
        line = np.array(curve.predicted)[drawn], np.array(curve.observed)[drawn]
        title = f"Calibration: {first_name}"
        name, outcome = f"{prefix}calibration_curve", np.array(first.outcome)
        found.append(figures.calibration(name, first.risk, outcome, line, smoother, cases, title))
    return (*found, *_smoothers(first, first_name, cases, prefix), *_groups(first, first_name, cases, prefix))


def _calibration_row(name: str, one: Performance) -> tuple:
    found = one.calibration
    joint = found.joint
    return (
        name,
        _coefficient(found.in_the_large),
        None if joint is None else _coefficient(joint.slope),
        None if joint is None else _coefficient(joint.intercept),
        None if joint is None else joint.p,
        _ratio(found.expected_observed),
        None if found.curve is None else found.curve.errors.ici,
        found.brier.score,
        found.brier.scaled,
    )


def _coefficient(found: Coefficient | None) -> Estimate | None:
    return None if found is None else Estimate(found.value, *found.interval)


def _ratio(found: ExpectedObserved | None) -> Estimate | None:
    return None if found is None else Estimate(found.ratio, *found.interval)


def _smoothers(one: Performance, name: str, cases: Cases, prefix: str) -> tuple[Block, ...]:
    rows = [
        (found.smoother.words, found.ici, found.e50, found.e90, found.emax) for found in one.calibration.by_smoother
    ]
    if not rows:
        return ()
    columns = ("smoother", *(Column(title, THREE) for title in ("ICI", "E50", "E90", "Emax")))
    note = (
        f"{cases} Distance of the smoothed curve from the diagonal: mean, median, 90th percentile, largest. The same "
        "cases, five smoothers: an ICI without its smoother says little, and the largest distance hangs on few cases."
    )
    return (Table(f"{prefix}smoothers", f"Calibration error by smoother: {name}", columns, rows, note),)


def _groups(one: Performance, name: str, cases: Cases, prefix: str) -> tuple[Block, ...]:
    found = one.calibration.groups
    if found is None:
        return ()
    rows = [
        (str(i), n, observed, expected, observed / n)
        for i, (n, observed, expected) in enumerate(zip(found.n, found.observed, found.expected, strict=True), 1)
    ]
    columns = ("group of risk", "cases", "events", Column("expected", fixed(1)), Column("observed share", percent()))
    note = (
        f"{cases} Hosmer-Lemeshow: \u03c7\u00b2 {found.chi2:.2f}, {found.df} degrees of freedom, P {p_value(found.p)}. "
        "Given because readers ask: it hangs on how the groups are cut, finds nothing in few cases and everything in "
        "many, and does not say in which direction risks are wrong."
    )
    return (Table(f"{prefix}hosmer_lemeshow", f"Groups of risk: {name}", columns, rows, note),)


def decision(models: Mapping[str, Performance], cases: Cases, prefix: str = "") -> tuple[Block, ...]:
    """Decision curves of the models that have risks."""
    known = {name: one.decision for name, one in models.items() if one.decision is not None}
    if not known:
        return ()
    first = next(iter(known.values()))
    benefits = {name: np.array(one.net_benefit) for name, one in known.items()}
    thresholds = np.array(first.thresholds)
    rows = [
        (float(t), *(float(one[i]) for one in benefits.values()), float(first.treat_all[i]))
        for i, t in enumerate(thresholds)
        if (i + 1) % EVERY == 0
    ]
    columns = (Column("threshold", percent()), *(Column(name, THREE) for name in known), Column("act on all", THREE))
    note = f"{cases} Positive: a risk of at least the threshold. Acting on none has 0."
    if abs(first.prevalence - cases.events / cases.n) > 1e-12:
        note += f" Weighed for a prevalence of {100 * first.prevalence:.1f} %."
    drawn = figures.decision_curve(f"{prefix}decision_curve", thresholds, benefits, np.array(first.treat_all), cases)
    return drawn, Table(f"{prefix}net_benefit", "Net benefit", columns, rows, note)


def cutoffs(models: Mapping[str, Performance], cases: Cases, prefix: str = "") -> tuple[Block, ...]:
    """Counts and proportions at each cut-off, none of which was chosen on these cases."""
    rows = [_cutoff_row(name, one, at) for name, one in models.items() for at in one.cutoffs]
    if not rows:
        return (Text("No cut-off was given, and none is looked for in these cases."),)
    scale = Column("risk", percent(1)) if all(one.has_risk for one in models.values() if one.cutoffs) else "score"
    shares = ("sensitivity", "specificity", "PPV", "NPV")
    columns = ("model", "cut-off", scale, "TP / FP / FN / TN", *(Column(title, percent()) for title in shares))
    note = (
        f"{cases} Positive: at least the cut-off. 95 % intervals by Wilson "
        "(Clopper-Pearson's are in the file of results). PPV and NPV hold for a prevalence as in these cases."
    )
    return (Table(f"{prefix}cutoffs", "At cut-offs that were chosen elsewhere", columns, rows, note),)


def _cutoff_row(name: str, one: Performance, at: AtCutoff) -> tuple:
    counts, value = at.counts, at.cutoff.value
    if one.has_risk and at.cutoff.scale is Scale.SCORE:
        value = float(expit(value))
    shares = (counts.sensitivity, counts.specificity, counts.ppv, counts.npv)
    four = f"{counts.tp} / {counts.fp} / {counts.fn} / {counts.tn}"
    return name, at.cutoff.name, value, four, *map(_share, shares)


def _share(one: Proportion) -> Estimate | None:
    return None if one.n == 0 else Estimate(one.value, *one.wilson)


def by_subgroup(found: Sequence[Subgroup], fewest: int, cases: Cases) -> Table:
    """The signature's performance by subgroup; what rests on too few cases is not there."""
    rows = [
        (
            one.column,
            one.level or "not known",
            one.n,
            one.events,
            "too few" if one.too_few else _area(one.auc, one.auc.preferred),
            _ratio(one.expected_observed),
            _coefficient(one.in_the_large),
        )
        for one in found
    ]  # fmt: skip
    columns = (
        "group", "level", "cases", "events", Column("AUC (95 % interval)", THREE),
        Column("expected / observed", fixed(2)), Column("in the large", THREE),
    )  # fmt: skip
    note = (
        f"{cases} Too few: fewer than {fewest} cases with or without the outcome. Intervals of several subgroups "
        "always differ somewhere: a difference between two of them is no finding by itself."
    )
    return Table("subgroups", "By centre and subgroup", columns, rows, note)
