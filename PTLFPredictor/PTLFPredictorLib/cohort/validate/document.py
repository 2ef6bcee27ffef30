"""The report of a validation, built of the blocks that `develop` shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import __version__
from ...record.statements import WATERMARK
from ...render.report import (
    Block,
    Column,
    Document,
    Equation,
    Estimate,
    Facts,
    Figure,
    Items,
    Notice,
    Section,
    Table,
    Text,
    fixed,
    percent,
)
from ...render.report.drawing import Cases
from ...signature import Signature, describe, equation
from ..report import characteristics, figures
from ..report.basis import eligibility, imaging, use
from ..report.figures import Group
from . import blocks, checklists
from .models import ScoredCase
from .plan import ValidationPlan, Withheld
from .validation import Validation, chosen_of

if TYPE_CHECKING:
    from ..data import CohortData

METHODS = (
    "AUC: DeLong and others, Biometrics 1988, 44:837; interval on the logit: Pepe, The statistical evaluation of "
    "medical tests, 2003. No curve is turned: where a higher score means fewer events, the AUC is below 0.5 and "
    "stays there.",
    "Calibration: Cox, Biometrika 1958, 45:562; Van Calster and others, BMC Med 2019, 17:230. ICI: Austin and "
    "Steyerberg, Stat Med 2019, 38:4051.",
    "Decision curve: Vickers and Elkin, Med Decis Making 2006, 26:565.",
    "Cut-offs come from elsewhere (the signature's training cases, or a choice made beforehand); none is looked for in "
    "the cases of the validation.",
)


def document(
    validation: Validation,
    cases: Sequence[ScoredCase],
    signature: Signature,
    data: CohortData,
    whole: CohortData,
    plan: ValidationPlan,
    time: str,
) -> Document:
    """The page.

    Parameters
    ----------
    cases : sequence of ScoredCase
        In the order of the performances.
    data, whole : CohortData
        All included cases of the table; those that only lack a predictor among them.
    time : str
        Of the lock.
    """
    own = validation.own
    of = Cases(own.n, own.events, "validation")
    chosen = data.only(data.outcome.index.isin([case.id for case in cases]))
    sections = (
        Section(
            "What came out", (_headline(validation), *_warned(validation), use(own.has_risk, validation.synthetic))
        ),
        Section("The signature", _signature(signature)),
        Section("Cases", _cases(validation, signature, chosen, _for_validation(whole, plan), plan)),
        Section("Discrimination", blocks.discrimination(validation.models, validation.compared, of)),
        Section("Calibration", blocks.calibration(validation.models, of)),
        *([Section("Clinical use", found)] if (found := blocks.decision(validation.models, of)) else []),
        Section("Cut-offs", blocks.cutoffs(validation.models, of)),
        Section("Centres and subgroups", (blocks.by_subgroup(validation.subgroups, plan.fewest, of),)),
        Section("Each case", (_by_case(validation, cases),)),
        Section("Methods", (Items(METHODS), Facts(_asked(plan)))),
    )
    names = {block.name for one in sections for block in one.blocks if isinstance(block, (Table, Figure))}
    sections = (*sections, checklists.section(validation, signature, chosen, plan, names))
    return Document(
        "Validation of a signature",
        f"{signature.title} ({validation.signature}) on {own.n} cases, {own.events} with the outcome",
        sections,
        watermark=WATERMARK if validation.synthetic else "",
        made=f"ptlf cohort validate, PTLFPredictor {__version__}, {time}",
    )


def _headline(validation: Validation) -> Facts:
    own = validation.own
    facts = [("Cases, with the outcome", f"{own.n}, {own.events}")]
    if own.auc is not None:
        facts.append(("AUC", _words(own.auc.auc, own.auc.preferred)))
    if own.calibration is not None:
        found = own.calibration
        if found.in_the_large is not None:
            facts.append(("Calibration in the large", _words(found.in_the_large.value, found.in_the_large.interval)))
        if found.joint is not None:
            facts.append(("Calibration slope", _words(found.joint.slope.value, found.joint.slope.interval)))
        counts = found.expected_observed
        facts.append(("Events expected, observed", f"{counts.expected:.1f}, {counts.observed}"))
    return Facts(tuple(facts), headline=True)


def _words(value: float, interval: tuple[float, float]) -> str:
    return Estimate(value, *interval).words(fixed(2))


def _signature(signature: Signature) -> tuple[Block, ...]:
    evidence = signature.evidence
    facts = (
        ("Outcome", f"{signature.outcome}, {signature.horizon}"),
        ("Fitted on", signature.population),
        ("Evidence", evidence.words if evidence is not None else signature.evidence_problem),
        ("What a patient is shown", describe(signature)),
    )
    return Facts(facts), Equation(equation(signature))


def _warned(validation: Validation) -> tuple[Block, ...]:
    return tuple(Notice(note) for note in validation.notes)


def _for_validation(whole: CohortData, plan: ValidationPlan) -> CohortData:
    return whole.only(whole.outcome.index.isin(chosen_of(whole, plan)))


def _cases(
    validation: Validation, signature: Signature, chosen: CohortData, whole: CohortData, plan: ValidationPlan
) -> tuple[Block, ...]:
    own = validation.own
    groups = [Group("Validation", own.n, own.events)]
    if validation.not_used:
        groups.append(Group("Other splits: not used", validation.not_used))
    found: list[Block] = [figures.flow("flow", validation.flow, groups), eligibility(signature)]
    found.append(imaging(chosen.protocol, chosen.masks))
    event = chosen.outcome.to_numpy() == 1
    variables = [
        characteristics.Variable(one.name, one.name, one.unit, tuple((level, level) for level in one.levels))
        for one in chosen.columns
        if chosen.clinical[one.name].notna().any()
    ]
    if variables:
        title = "Cases with and without the outcome"
        split = {"With the outcome": event, "Without": ~event}
        found.append(characteristics.compared("characteristics", title, chosen.clinical, split, variables))
        found.append(_missing(whole, variables))
    if validation.with_withheld is not None:
        found.append(_sensitivity(validation))
    elif plan.withheld is Withheld.EXCLUDE:
        found.append(Text("The product would withhold the score of none of these cases for the score's own sake."))
    return tuple(found)


def _missing(whole: CohortData, variables: Sequence[characteristics.Variable]) -> Block:
    if not whole.clinical[[one.id for one in variables]].isna().to_numpy().any():
        return Text("No clinical value is missing.")
    everyone = {"Cases with a known outcome": whole.outcome.notna().to_numpy()}
    note = "A case without a predictor of the signature is left out, and counted above."
    return characteristics.missing("missing", "Missing values", whole.clinical, everyone, variables, note)


def _sensitivity(validation: Validation) -> Table:
    rows = []
    for name, one in (("risk shown", validation.own), ("all, withheld too", validation.with_withheld)):
        area = None if one.auc is None else Estimate(one.auc.auc, *one.auc.preferred)
        counts = None if one.calibration is None else one.calibration.expected_observed
        ratio = None if counts is None else Estimate(counts.ratio, *counts.interval)
        rows.append((name, one.n, one.events, area, ratio))
    columns = ("cases", "n", "events", Column("AUC (95 % interval)", fixed(3)), Column("expected / observed", fixed(2)))
    note = "The product withholds a score far from the cohort's; the validation is of the risks that it would show."
    return Table("withheld", "With and without the cases whose score is withheld", columns, rows, note)


def _by_case(validation: Validation, cases: Sequence[ScoredCase]) -> Table:
    own = validation.own
    risk = [float(one) for one in own.risk] if own.has_risk else [None] * own.n
    scores = zip(*(one.score for one in validation.models.values()), strict=True)
    rows = [
        (case.id, case.radscore, *score, risk, outcome)
        for case, score, risk, outcome in zip(cases, scores, risk, own.outcome, strict=True)
    ]
    columns = (
        "case",
        Column("Radscore", fixed(2)),
        *(Column(f"{name}: {'linear predictor' if one.has_risk else 'score'}", fixed(2))
          for name, one in validation.models.items()),
        Column("risk", percent(1)),
        "outcome",
    )  # fmt: skip
    return Table("cases", "Scores, risk and outcome, for each case", columns, rows, limit=0)


def _asked(plan: ValidationPlan) -> tuple[tuple[str, str], ...]:
    return (
        ("Cases", plan.cases.value),
        ("Outcome by", plan.rule.value),
        ("Cases whose score is withheld", plan.withheld.value),
        ("Smoother", plan.smoother.words),
        ("Chosen cut-offs", ", ".join(f"{100 * risk:g} %" for risk in plan.cutoffs) or "none"),
        ("Fewest cases with and without the outcome in a subgroup", str(plan.fewest)),
        ("Missing predictors", "complete cases; the others are counted above"),
    )
