"""The report of a calibration."""

from __future__ import annotations

import numpy as np

from ... import __version__
from ...record.statements import WATERMARK
from ...render.report import Block, Column, Document, Facts, Items, MeanSD, Notice, Section, Table, Text, fixed
from ...signature import RADSCORE, describe
from ...signature.model import Term
from ..report import basis, characteristics, checklists, figures
from ..report.checklists import Place, Study
from ..report.figures import Group
from ..table import document as table_report
from . import texts
from .limits import HIGHEST_SE
from .made import Made
from .model_chapters import in_these_cases, model
from .performance import SAMPLES, performance
from .plan import Method, Scale
from .scaling import SKEWED

PLACES = (2.5, 50, 97.5)


def document(made: Made) -> Document:
    """All of it."""
    calibration = made.calibration
    sections = [Section("In short", _in_short(made)), table_report.section(made.table), Section("Cases", _cases(made))]
    if calibration.plan.scale is Scale.ESTIMATE:
        sections.append(Section("Normalisation", _normalisation(made)))
    if calibration.gives_risk:
        sections.append(Section("Risk model", model(made)))
        sections.append(Section("In these cases", in_these_cases(made, performance(calibration))))
    sections.append(Section("What this stands on", _method(made)))
    sections.append(_checklists(made))
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
    if calibration.gives_risk:
        facts.append(
            ("Standard error at the median case", f"{calibration.standard_error:.2f} (up to {HIGHEST_SE:g} allowed)")
        )
        told: Block = Text(texts.model(made.base, calibration))
    else:
        told = Notice(f"{texts.RELATIVE} Why: {calibration.no_risk}.")
    return (
        Facts(tuple(facts), headline=True),
        told,
        *([Items(calibration.warnings)] if calibration.warnings else []),
        Text(f"The signature file: {describe(made.signature)}"),
        basis.use(calibration.gives_risk, made.cohort.synthetic),
    )


def _gets(made: Made) -> str:
    if made.cohort.synthetic:
        return "a demonstration, on sample CTs only"
    return "score and risk with its interval" if made.calibration.gives_risk else "a relative score, no risk"


def _cases(made: Made) -> tuple[Block, ...]:
    cases = made.calibration.cases
    groups = [Group("Calibrated on", cases.n, None if cases.outcome is None else cases.events)]
    if made.kept:
        groups.append(Group("Kept for validation", made.kept))
    return (
        figures.flow("flow", made.data.flow, groups),
        basis.eligibility(made.base),
        basis.imaging(made.cohort.protocol, made.cohort.masks),
        Text("What the cases were is what the signature takes: a CT, or segments, unlike them are withheld."),
        _ranges(made),
        *([_by_outcome(made)] if cases.outcome is not None else []),
    )


def _ranges(made: Made) -> Table:
    rows = [
        (made.base.predictor(name).label, *np.percentile(values, PLACES), float(values.min()), float(values.max()))
        for name, values in {**made.cohort.ranges, RADSCORE: made.calibration.radscore}.items()
        if name in {one.id for one in made.base.predictors}
    ]
    columns = ("Predictor", "2.5 %", "median", "97.5 %", "lowest", "highest")
    return Table("predictors", "Predictors in the cases", columns, rows, f"{made.calibration.cases.n} cases.")


def _by_outcome(made: Made) -> Table:
    frame = made.data.clinical.assign(Radscore=made.calibration.radscore)
    labels = {one.id: one.label for one in (*made.base.entries, *made.base.predictors)}
    variables = [
        characteristics.Variable(one.name, labels.get(one.name, one.name), one.unit, tuple((x, x) for x in one.levels))
        for one in made.data.columns
        if frame[one.name].notna().any()
    ]
    event = made.calibration.cases.outcome == 1
    name = made.base.outcome
    return characteristics.compared(
        "characteristics",
        f"Cases with and without {name}",
        frame,
        {f"With {name}": event, f"Without {name}": ~event},
        [*variables, characteristics.Variable(RADSCORE, RADSCORE)],
    )


def _normalisation(made: Made) -> tuple[Block, ...]:
    calibration = made.calibration
    log, features, rows = calibration.logarithms, calibration.cases.features, []
    for i, term in enumerate(made.base.terms):
        logarithm = MeanSD(float(log.mean[i]), float(log.sd[i])) if log.skewed[i] else None
        moments = float(calibration.scaling.mean_[i]), float(calibration.scaling.sd_[i])
        rows.append((term.short, term.voi.words, *moments, *np.percentile(features[:, i], PLACES), logarithm))
    columns = ("Feature", "Of", "mean", "SD", "2.5 %", "median", "97.5 %", "logarithm: mean \u00b1 SD")
    note = (
        f"{calibration.cases.n} cases; SD with n - 1. Skewed features (positive, skewness above {SKEWED:g}) have mean "
        "and SD of the natural logarithm too: how far a patient lies from the cohort is judged on it; the score "
        "keeps the raw scale."
    )
    errors = calibration.score_errors()
    beside = "beside the intercept that was estimated with it" if calibration.gives_risk else "on a relative score"
    return (
        Table("normalisation", "Mean and SD of the features", columns, rows, note),
        _terms(made),
        Text(texts.ASSUMES),
        Text(
            f"What mean and SD leave open, at a slope of {calibration.slope:.3f} per point of the Radscore, {beside}: "
            f"a standard error of {np.median(errors):.2f} of the linear predictor in the median case and "
            f"{np.percentile(errors, 95):.2f} in one of 20 ({len(calibration.resampled.scores)} bootstrap samples of "
            "the cases)."
        ),
    )


def _terms(made: Made) -> Table:
    rows = [(one.short, one.coefficient, _measures(one)) for one in made.base.terms]
    columns = ("Feature", Column("coefficient", fixed(3)), "What it measures, and when it cannot vary")
    return Table("terms", "What the terms measure", columns, rows, "Terms and coefficients are the signature's.")


def _measures(term: Term) -> str:
    return f"{term.measures} Cannot vary: {term.cannot_vary}" if term.cannot_vary else term.measures


def _method(made: Made) -> tuple[Block, ...]:
    plan = made.calibration.plan
    used = made.calibration.cases.outcome is not None
    told = [
        "Cases are left out where the checks of CT and segments withhold, a criterion is not met or not answered, or a "
        "value is missing.",
        f"Outcome: {made.base.data['outcome'].get('title', made.base.outcome)} {made.base.horizon}, rule {plan.rule}."
        if used
        else "Outcomes were not used.",
        f"Bootstrap: {plan.samples} samples of the cases, seed {plan.seed}.",
        "Methods, and what simulation says of them: docs/calibration-methods.md.",
    ]
    if plan.method is Method.SHRUNK_SLOPE and made.calibration.gives_risk:
        told.append(
            "Shrinkage: empirical Bayes (DerSimonian and Laird, Control Clin Trials 1986, 7:177; Morris, J Am Stat "
            "Assoc 1983, 78:47; Steyerberg et al., Stat Med 2004, 23:2567)."
        )
    return (Items(tuple(told)),)


def _checklists(made: Made) -> Section:
    calibration, plan = made.calibration, made.calibration.plan
    risk, masks = calibration.gives_risk, made.cohort.masks
    places = {Place.FLOW: "flow", Place.TERMS: "normalisation" if plan.scale is Scale.ESTIMATE else ""}
    if calibration.cases.outcome is not None:
        places[Place.CHARACTERISTICS] = "characteristics"
    if risk:
        places |= {Place.MODEL: "model", Place.UPDATING: "methods", Place.PERFORMANCE: "performance"}
        places |= {Place.OPTIMISM: "performance", Place.CALIBRATION: "calibration"}
    outcome = made.base.data["outcome"].get("title", made.base.outcome)
    study = Study(
        develops=True,
        evaluates=False,
        outcome=f"{outcome} {made.base.horizon}, by the rule {plan.rule}." if risk else "Not used.",
        population=made.base.population,
        training=made.cases,
        validation=None,
        centres=len({centre for centre in made.data.centre if centre}) or 1,
        other_centre=False,
        automatic_masks=not masks.by_hand and not masks.edited_share,
        extraction=f"PTLFPredictor, engine {made.extraction.engine} {made.extraction.engine_version}.",
        missing="Complete cases.",
        predictors="Linear; the Radscore of features standardised by "
        + ("these cases." if plan.scale is Scale.ESTIMATE else "the signature's mean and SD."),
        steps=("Terms and their coefficients are the signature's.", plan.method.words) if risk else (),
        internal=f"Harrell's bootstrap, {min(SAMPLES, plan.samples)} samples, all of it in each." if risk else "",
        sample_size=f"{calibration.cases.events} events for {len(calibration.update.names_)} parameters."
        if risk
        else "",
        large_enough=False,
        robust=False,
        measures="AUC, calibration slope, curve, Brier score." if risk else "",
        updating=texts.model(made.base, calibration) if risk else "",
        code=f"ptlf cohort calibrate {__version__}; lock.json.",
        places={place: name for place, name in places.items() if name},
    )
    return Section("Checklists", (checklists.tripod.table(study), checklists.metrics.table(study)), new_page=True)
