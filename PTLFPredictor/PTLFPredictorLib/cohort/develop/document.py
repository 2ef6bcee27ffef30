"""The report of a development: what came out first, then every step, then the checklists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import __version__
from ...record.statements import WATERMARK
from ...render.report import Block, Document, Estimate, Facts, Items, Notice, Section, fixed, ref
from ...signature import Signature
from ..lock import Recipe
from ..report import basis
from ..table import CohortTable
from ..table.document import section as findings_of
from . import chapters, performance
from .checklist import checklists
from .development import Development, corrected
from .pipeline import Model

METHODS = (
    "Radscore and models: the way of Li and others (the source paper of PTLFPredictor), each step as named above; the "
    "solver of the LASSO minimises glmnet's objective (Friedman and others, J Stat Softw 2010;33(1)).",
    "Firth's penalty: Biometrika 1993, 80:27; FLIC: Puhr and others, Stat Med 2017, 36:2302.",
    "Nested cross-validation: mean of the folds' AUCs, interval by the corrected resampled t (Nadeau and Bengio, Mach "
    "Learn 2003;52:239). Optimism: Harrell and others, Stat Med 1996, 15:361; .632+: Efron and Tibshirani, J Am Stat "
    "Assoc 1997, 92:548. In simulated cohorts of this size with this selection the bootstrap promised too much and "
    "nested cross-validation came nearest: docs/operating-characteristics.md.",
    "Sample size: Riley and others, BMJ 2020, 368:m441.",
    "Every formula with its source: docs/cohort-methods.md.",
)


SLOPE_TOLD = 0.9
"""Corrected calibration slopes below are told on the first page: Riley's criteria aim at 0.9."""


def document(
    made: Development,
    base: Signature,
    signature: Signature | None,
    recipe: Recipe,
    table: CohortTable | None = None,
) -> Document:
    """The page.

    Parameters
    ----------
    base : Signature
        Whose outcome and eligibility the cases were taken by.
    signature : Signature or None
        The one that was made; its nomogram is drawn.
    recipe : Recipe
        Of the run, whose time the page shows.
    table : CohortTable, optional
        Whose findings the page tells.
    """
    train = made.parts.training
    parts = [f"{train.n} training cases, {train.events} with {base.outcome}"]
    parts += [f"{part.n} {name} cases, {part.events} with it" for name, part in made.parts.validation.items()]
    sections = [
        _summary(made),
        *([] if table is None else [findings_of(table)]),
        chapters.patients(made, base),
        chapters.clinical(made, base),
        chapters.radscore(made),
        chapters.model(made, signature),
        performance.training(made),
        *(performance.validation(one) for one in made.validation),
        chapters.size(made),
        Section("Methods", (Items(METHODS), Facts(_asked(recipe.plan)))),
        checklists(made, base),
    ]
    return Document(
        f"A signature of {base.data['outcome'].get('title', base.outcome)}, developed here",
        "; ".join(parts),
        tuple(sections),
        watermark=WATERMARK if train.synthetic else "",
        made=f"ptlf cohort develop {__version__}, {recipe.time}; lock.json beside this page makes it again.",
    )


def _summary(made: Development) -> Section:
    train = made.parts.training
    facts = [("Training", f"{train.n} cases, {train.events} events")]
    combined = str(Model.COMBINED)
    if made.nested is not None:
        auc = made.nested.auc(combined)
        facts.append(("AUC, nested cross-validation", Estimate(auc.value, *auc.interval).words(fixed(2))))
    if made.bootstrapped is not None:
        optimism = made.bootstrapped.optimism
        facts.append(("AUC, apparent", f"{optimism.apparent[f'{combined} auc']:.2f} (not to be quoted)"))
        facts.append(
            ("AUC, corrected by bootstrap", f"{corrected(optimism, f'{combined} auc'):.2f} (mostly still too high)")
        )
        facts.append(("Calibration slope, corrected", f"{corrected(optimism, f'{combined} slope'):.2f}"))
    for one in made.validation:
        found = one.models.get(Model.COMBINED)
        if found is not None and found.auc is not None:
            facts.append((f"AUC, {one.name}", Estimate(found.auc.auc, *found.auc.preferred).words(fixed(2))))
    if made.size.needed is not None:
        facts.append(("Riley's sample size", f"{made.size.needed.cases} needed, {train.n} had"))
    told: list[Block] = [Facts(tuple(facts), headline=True)]
    if made.no_signature:
        told.append(Notice(made.no_signature))
    elif made.no_risk:
        told.append(Notice(f"The signature shows no patient a risk: {made.no_risk}. Its score is relative."))
    if train.synthetic or not (made.no_risk or made.no_signature):
        told.append(basis.use(risk=True, synthetic=train.synthetic))
    told.append(Items(tuple(_remarks(made))))
    return Section("What came out", tuple(told))


def _remarks(made: Development) -> list[str]:
    """What a reader must know before quoting a number."""
    found = []
    stable = made.pipeline.radscore_.names_
    if made.bootstrapped is not None and len(stable):
        shares = made.bootstrapped.frequencies(str(Model.COMBINED))
        half = sum(shares.get(name, 0.0) >= 0.5 for name in stable)
        found.append(
            f"{half} of the {len(stable)} features of the Radscore are chosen in at least half of the resamples "
            f"({ref('frequencies')}): with other patients of the same hospital the rest would have been others."
        )
    if made.bootstrapped is not None:
        slope = corrected(made.bootstrapped.optimism, f"{Model.COMBINED} slope")
        if slope < SLOPE_TOLD:
            found.append(
                f"The corrected calibration slope is {slope:.2f}: risks of new patients will be too extreme, too high "
                "for those at high risk and too low for those at low risk. Coefficients are not shrunk by it."
            )
    if not made.size.is_enough:
        found.append("There are fewer cases than Riley's criteria ask for; see the chapter on sample size.")
    found += [
        f"{one.left_out} of {one.cases.n + one.left_out} {one.name} cases lack a value that one of the models takes, "
        "and are not in the comparison."
        for one in (made.training, *made.validation)
        if one.left_out
    ]
    if not made.validation:
        found.append("There are no validation cases: nothing here was seen on patients that did not make the model.")
    return found


def _asked(plan: Mapping[str, Any], before: str = "") -> tuple[tuple[str, str], ...]:
    """Every option of the plan, defaults included, as the lock has them."""
    rows = []
    for name, value in plan.items():
        label = f"{before}{name.replace('_', ' ')}"
        if isinstance(value, dict) and value:
            rows += _asked(value, f"{label}: ")
        else:
            listed = ", ".join(map(str, value)) if isinstance(value, list) else value
            rows.append((label, "none" if listed in ("", None, {}) else str(listed)))
    return tuple(rows)
