"""Chapters of a development's report up to the model: patients, clinical variables, Radscore, combined model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...render.report import (
    Block,
    Column,
    Equation,
    Estimate,
    Facts,
    Section,
    Table,
    Text,
    fixed,
    p_value,
    percent,
    ref,
)
from ...render.report.drawing import Cases
from ...signature import Signature
from ..report import basis, characteristics, figures
from ..report.characteristics import Term
from ..report.figures import CrossValidation, Group, Odds
from ..statistics.odds import odds_ratio
from .development import Development
from .pipeline import Fitted, Model
from .risk_model import AFTER_SELECTION, Interval, RiskModel
from .variables import Variable

if TYPE_CHECKING:
    import pandas as pd

INTERVALS = {
    Interval.WALD: "95 % CI, Wald",
    Interval.PROFILE: "95 % CI, profile likelihood",
    Interval.POOLED: "95 % CI, Rubin's rules",
}


def patients(made: Development, base: Signature) -> Section:
    """Who came in, who was left out, how the parts differ, what is missing."""
    parts = made.parts
    every = [("Training", parts.training), *((name.capitalize(), part) for name, part in parts.validation.items())]
    groups = [Group(label, part.n, part.events) for label, part in every]
    blocks: list[Block] = [
        Text(
            f"Outcome: {base.data['outcome'].get('title', base.outcome)} {base.horizon}, by the rule {made.plan.rule} "
            "where the table has the criteria."
        ),
        basis.eligibility(base),
        figures.flow("flow", parts.training.flow, groups),
        basis.imaging(parts.training.protocol, parts.training.masks),
    ]
    columns = _columns(made)
    if parts.validation:
        name, part = next(iter(parts.validation.items()))
        frame, masks = _side_by_side(parts.training.clinical, part.clinical)
        labels = {"Training": masks[0], name.capitalize(): masks[1]}
        blocks.append(_compared("characteristics", f"Training and {name}", frame, labels, columns, made))
    else:
        blocks.append(
            Text(
                "The table has no split: all cases made the models, and there are no validation cases. Performance "
                "comes from resampling alone, which foretells patients like these, not another hospital."
            )
        )
    frame, mask = parts.training.clinical, np.ones(parts.training.n, bool)
    blocks.append(
        characteristics.missing("missing", "Missing values", frame, {"Training": mask}, columns, missing_words(made))
    )
    return Section("Patients", tuple(blocks))


def clinical(made: Development, base: Signature) -> Section:
    """The univariate tests and the logistic model of those that passed: the paper's Tables 2 and 3."""
    train, plan = made.parts.training, made.plan.clinical
    event = train.outcome.to_numpy() == 1
    columns = _columns(made)
    groups = {base.outcome: event, f"No {base.outcome}": ~event}
    title = f"Training cases with and without {base.outcome}"
    blocks: list[Block] = [_compared("univariate", title, train.clinical, groups, columns, made)]
    if made.constant:
        blocks.append(Text(f"No candidates, being the same in all training cases: {', '.join(made.constant)}."))
    found = made.pipeline.clinical_
    if found.multivariate_ is None:
        blocks.append(Text(f"No clinical variable has P < {plan.univariate_p:g}: there is no clinical model."))
        return Section("Clinical variables", tuple(blocks))
    entered = [one for one in made.variables if one.name in found.p_values_]
    blocks.append(
        characteristics.multivariable(
            "multivariate",
            "Multivariate analysis of the clinical variables",
            _terms(found.multivariate_, entered, made),
            f"{_cases(found.multivariate_)} Variables with a univariate P < {plan.univariate_p:g}, together in one "
            f"model. {_fit_words(found.multivariate_)} {AFTER_SELECTION}",
            INTERVALS[found.multivariate_.interval],
        )
    )
    kept = ", ".join(one.name for one in found.kept_) or "none"
    jointly = ", ".join(f"{name} {p_value(p)}" for name, p in found.p_values_.items())
    always = f" Always in the model, whatever their P: {', '.join(plan.always)}." if plan.always else ""
    independent = f"Independent (P < {plan.multivariate_p:g}): {kept}.{always}"
    blocks.append(Text(f"P of each variable, all its levels together: {jointly}. {independent}"))
    return Section("Clinical variables", tuple(blocks))


def radscore(made: Development) -> Section:
    """The steps of the selection, the LASSO, the coefficients, and how stable all of it is."""
    found, train = made.pipeline.radscore_, made.parts.training
    of = Cases(train.n, train.events, "training")
    rows = [(step.name, step.count) for step in found.steps_]
    blocks: list[Block] = [
        Table("steps", "Features left by each step", ("step", "features"), rows, " ".join(selection_steps(made))),
    ]
    crossed = found.cross_validated_
    if crossed is not None:
        plan = made.plan.selection
        told = CrossValidation(
            crossed.lambdas, crossed.cvm, crossed.cvsd, crossed.index(plan.choice), crossed.index_min,
            crossed.index_one_se, plan.measure.value, plan.folds, plan.choice.value,
        )  # fmt: skip
        blocks.append(figures.lasso("lasso", crossed.path.coefficients, told, of))
    if not len(found.columns_):
        blocks.append(Text("No feature was selected: there is no Radscore, and no signature can be written."))
        return Section("Radscore", tuple(blocks))
    names = list(found.names_)
    blocks.append(figures.coefficients("coefficients", names, found.coefficients_, of))
    shares = {} if made.bootstrapped is None else made.bootstrapped.frequencies(str(Model.COMBINED))
    if made.bootstrapped is not None:
        every = [name for name in train.features.columns if name in shares or name in names]
        told_shares = np.array([shares.get(name, 0.0) for name in every])
        repeats = made.bootstrapped.optimism.samples
        blocks.append(figures.selection_frequencies("frequencies", every, told_shares, names, repeats, of))
    columns = ("feature", Column("coefficient", fixed(4)), "mean", "SD", Column("selected in resamples", percent()))
    values = zip(names, found.coefficients_, found.mean_, found.sd_, strict=True)
    blocks.append(
        Table(
            "terms",
            "Terms of the Radscore",
            columns,
            [(name, float(b), float(m), float(sd), shares.get(name)) for name, b, m, sd in values],
            f"Radscore = sum of coefficient \u00d7 (value \u2212 mean) / SD; SD with divisor "
            f"{made.plan.selection.deviation.value}, of the training cases alone.",
        )
    )
    score = made.pipeline.score(train.features)
    blocks.append(figures.distribution("radscore", score, train.outcome.to_numpy(float), of))
    return Section("Radscore", tuple(blocks))


def model(made: Development, signature: Signature | None) -> Section:
    """The three models; equation and nomogram of the combined one."""
    blocks: list[Block] = []
    for which, fitted in made.pipeline.models_.items():
        title = f"{which.capitalize()} model"
        note = f"{_cases(fitted.risk)} {_fit_words(fitted.risk)} {AFTER_SELECTION}"
        terms = _terms(fitted.risk, fitted.variables, made)
        table = characteristics.multivariable(f"model_{which}", title, terms, note, INTERVALS[fitted.risk.interval])
        blocks.append(table)
    combined = made.pipeline.models_.get(Model.COMBINED)
    if combined is None:
        return Section("Models", (Text("Neither a feature nor a clinical variable was selected: there is no model."),))
    risk = combined.risk
    of = Cases(risk.n, risk.events, "training")
    terms = _terms(risk, combined.variables, made)
    odds = [Odds(one.label, f"per {one.per:g} {one.unit}".strip(), one.ratio) for one in terms]
    blocks.append(figures.forest("forest", odds, of, INTERVALS[risk.interval]))
    blocks.append(Equation(equation(combined)))
    if signature is not None:
        blocks.append(figures.nomogram("nomogram", signature, of))
    return Section("Models", tuple(blocks))


def size(made: Development) -> Section:
    """Events per variable, and Riley's sample size."""
    found = made.size
    facts = [
        ("Training cases, with the outcome", f"{found.n}, {found.events}"),
        ("Candidate coefficients", f"{found.candidates} (clinical columns and the Radscore's features)"),
        ("Events per candidate", f"{found.per_candidate:.1f}"),
        ("Coefficients of the combined model", str(found.fitted)),
    ]
    if found.needed is not None:
        facts.append(("Cox-Snell R\u00b2, adjusted for optimism", f"{found.cox_snell:.3f}"))
        facts.append(("Cases needed by Riley's criteria", f"{found.needed.cases} ({found.needed.events:.0f} events)"))
    text = (
        f"The {found.needed.cases} cases are those for candidates alone that are counted here. "
        if found.needed is not None
        else "Riley's criteria give no number: after adjustment for optimism no explained variation is left. "
    )
    text += (
        "The features that the Radscore was chosen from are not counted, because no formula takes thousands of "
        f"candidates: the true need is larger, and the check is the resampling ({ref('optimism')})."
        if made.bootstrapped is not None or made.nested is not None
        else "The features that the Radscore was chosen from are not counted: the true need is larger."
    )
    return Section("Sample size", (Facts(tuple(facts)), Text(text)))


def equation(fitted: Fitted) -> str:
    """The combined model in words."""
    words = [f"{fitted.risk.intercept:.6g}"]
    for name, b in zip(fitted.risk.columns, fitted.risk.coefficients, strict=True):
        words.append(f"{'-' if b < 0 else '+'} {abs(b):.6g} x {name}")
    return f"linear predictor = {' '.join(words)}\nrisk = 1 / (1 + exp(-linear predictor))"


def _terms(risk: RiskModel, variables: Sequence[Variable], made: Development) -> list[Term]:
    labels = {}
    for one in variables:
        for column, level in zip(one.columns, one.levels[1:] or ("",), strict=True):
            named = f"{one.name}: {level} against {one.levels[0]}" if one.categorical else one.name
            labels[column] = named, one.name, one.unit if not one.categorical else ""
    errors = np.sqrt(np.diag(risk.covariance))[1:]
    found = []
    for place, column in enumerate(risk.columns):
        label, name, unit = labels.get(column, (column, column, ""))
        per = made.plan.per.get(name, 1.0) if unit or name in made.plan.per else 1.0
        ratio = odds_ratio(risk.coefficients[place], risk.intervals[place], per)
        estimate = Estimate(ratio.estimate, ratio.low, ratio.high)
        p = float(risk.p_values[place])
        found.append(Term(label, float(risk.coefficients[place]), float(errors[place]), estimate, p, per, unit))
    return found


def _cases(risk: RiskModel) -> str:
    return str(Cases(risk.n, risk.events, "training"))


def _fit_words(risk: RiskModel) -> str:
    if risk.interval is Interval.POOLED:
        return "Fits to imputations, pooled by Rubin's rules; P by Student's t."
    if risk.penalised:
        return (
            "Firth's penalty, because maximum likelihood has no finite coefficients here, or because the plan asks for "
            "it; P by the penalised likelihood ratio; intercept by FLIC."
        )
    return f"Maximum likelihood; P by {'Wald' if risk.interval is Interval.WALD else 'the likelihood ratio'}."


def selection_steps(made: Development) -> tuple[str, ...]:
    """The steps from the features to the Radscore, a sentence each."""
    plan, n = made.plan.selection, made.parts.training.n
    found = [
        f"Usable: known in each of the {n} training cases and not the same in all.",
        f"Z-score: mean and SD (divisor {plan.deviation.value}) of the training cases.",
        f"Redundancy: of two features with |Spearman's rho| > {plan.correlation_limit:g} one goes ({plan.keep.value}).",
        f"Univariate: {plan.test.value}, P < {plan.level:g}, correction: {plan.correction.value}.",
        f"LASSO: {plan.folds} folds, {plan.lambdas} lambdas, {plan.choice.value} of the {plan.measure.value}.",
        f"The {plan.largest} largest coefficients of standardised features; weights: {plan.weights.value}.",
    ]
    if plan.icc_at_least is not None:
        found.insert(1, f"Reproducible: ICC(2,1) between two segmentations at least {plan.icc_at_least:g}.")
    return tuple(found)


def missing_words(made: Development) -> str:
    if made.plan.imputes:
        return (
            f"Univariate tests on the cases that have the variable; the models on {made.plan.imputations} imputations "
            "(chained equations with predictive mean matching, of the outcome and the Radscore too), pooled by Rubin's "
            "rules."
        )
    return "Each test and each model is on the cases that have its variables (complete cases); n stands at each."


def _compared(
    name: str,
    title: str,
    frame: pd.DataFrame,
    groups: Mapping[str, np.ndarray],
    columns: Sequence[characteristics.Variable],
    made: Development,
) -> Table:
    plan = made.plan.clinical
    return characteristics.compared(name, title, frame, groups, columns, plan.continuous, plan.categorical)


def _columns(made: Development) -> list[characteristics.Variable]:
    return [
        characteristics.Variable(
            one.name, one.name, one.unit, () if one.binary else tuple((level, level) for level in one.levels)
        )
        for one in made.variables
    ]


def _side_by_side(first: pd.DataFrame, second: pd.DataFrame) -> tuple[pd.DataFrame, tuple[np.ndarray, np.ndarray]]:
    import pandas as pd

    frame = pd.concat([first, second])
    mask = np.arange(len(frame)) < len(first)
    return frame, (mask, ~mask)
