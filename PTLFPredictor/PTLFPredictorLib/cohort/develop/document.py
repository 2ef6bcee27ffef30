"""The report of a development: what came out first, then every step, then the checklists."""

from __future__ import annotations

from ... import __version__
from ...render.html import WATERMARK
from ...signature import Signature
from ..lock import Recipe
from ..report import (
    Block,
    Column,
    Document,
    Estimate,
    Facts,
    Items,
    Notice,
    Section,
    Table,
    Text,
    basis,
    figures,
    fixed,
    ref,
)
from ..report.checklists import Place, Study, metrics, tripod
from ..report.drawing import Cases
from ..validate import blocks
from . import chapters
from .development import Development, Judged
from .pipeline import Model

METHODS = (
    "Radscore and models: the way of Li and others (the source paper of PTLFPredictor), each step as named above; the "
    "solver of the LASSO minimises glmnet's objective (Friedman and others, J Stat Softw 2010;33(1)).",
    "Firth's penalty: Biometrika 1993, 80:27; FLIC: Puhr and others, Stat Med 2017, 36:2302.",
    "Optimism: Harrell and others, Stat Med 1996, 15:361; .632+: Efron and Tibshirani, J Am Stat Assoc 1997, 92:548; "
    "nested cross-validation with DeLong's variance within folds: LeDell and others, Electron J Stat 2015, 9:1583.",
    "Sample size: Riley and others, BMJ 2020, 368:m441.",
    "Every formula with its source: docs/cohort-methods.md.",
)


def document(made: Development, base: Signature, signature: Signature | None, recipe: Recipe) -> Document:
    """The page.

    Parameters
    ----------
    base : Signature
        Whose outcome and eligibility the cases were taken by.
    signature : Signature or None
        The one that was made, without evidence; its nomogram is drawn.
    recipe : Recipe
        Of the run, whose time the page shows.
    """
    train = made.parts.training
    parts = [f"{train.n} training cases, {train.events} with {base.outcome}"]
    parts += [f"{part.n} {name} cases, {part.events} with" for name, part in made.parts.validation.items()]
    sections = [
        _summary(made, base),
        chapters.patients(made, base),
        chapters.clinical(made, base),
        chapters.radscore(made),
        chapters.model(made, signature),
        _training(made),
        *(_validation(one) for one in made.validation),
        chapters.size(made),
        Section("Methods", (Items(METHODS), Facts(_asked(recipe.plan)))),
        _checklists(made, base),
    ]
    return Document(
        f"A signature of {base.data['outcome'].get('title', base.outcome)}, developed here",
        "; ".join(parts),
        tuple(sections),
        watermark=WATERMARK if train.synthetic else "",
        made=f"ptlf cohort develop {__version__}, {recipe.time}; lock.json beside this page makes it again.",
    )


def _summary(made: Development, base: Signature) -> Section:
    train = made.parts.training
    facts = [("Training", f"{train.n} cases, {train.events} events")]
    combined = str(Model.COMBINED)
    if made.bootstrapped is not None:
        optimism = made.bootstrapped.optimism
        apparent, corrected = (getattr(optimism, name).get(f"{combined} auc") for name in ("apparent", "corrected"))
        facts.append(("AUC, apparent", f"{apparent:.2f} (not to be quoted)"))
        facts.append(("AUC, corrected by bootstrap", f"{corrected:.2f}"))
        facts.append(("Calibration slope, corrected", f"{optimism.corrected[f'{combined} slope']:.2f}"))
    if made.nested is not None:
        auc = made.nested.auc(combined)
        facts.append(("AUC, nested cross-validation", Estimate(auc.value, *auc.interval).words(fixed(2))))
    for one in made.validation:
        found = one.models.get(Model.COMBINED)
        if found is not None and found.auc is not None:
            facts.append((f"AUC, {one.name}", Estimate(found.auc.auc, *found.auc.preferred).words(fixed(2))))
    if made.size.needed is not None:
        facts.append(("Riley's sample size", f"{made.size.needed.cases} needed, {train.n} had"))
    told: list[Block] = [Facts(tuple(facts), headline=True)]
    told += [Notice(_sentence(text)) for text in (made.no_signature, made.no_risk) if text]
    told.append(basis.use(risk=not made.no_risk and not made.no_signature, synthetic=train.synthetic))
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
        slope = made.bootstrapped.optimism.corrected[f"{Model.COMBINED} slope"]
        if slope < 0.9:
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


def _training(made: Development) -> Section:
    """Apparent, corrected, nested."""
    found: list[Block] = [
        Text(
            "The training cases made the models: what is measured in them is apparent, and promises too much. It is "
            "here to show by how much."
        )
    ]
    rows = _corrected_rows(made)
    of = Cases(made.parts.training.n, made.parts.training.events, "training")
    if rows:
        columns = (
            "model", "measure", Column("apparent", fixed(3)), Column("optimism", fixed(3)),
            Column("corrected", fixed(3)), Column(".632+", fixed(3)), Column("nested cross-validation", fixed(3)),
        )  # fmt: skip
        found.append(
            Table("optimism", "Performance corrected for optimism", columns, rows, _resampling_words(made, of))
        )
    if made.bootstrapped is not None and made.nested is not None:
        apparent = made.bootstrapped.optimism.apparent
        drawn = []
        for model in made.pipeline.models_:
            auc = made.nested.auc(str(model))
            estimate = Estimate(auc.value, *auc.interval)
            drawn.append(figures.Performance(model.capitalize(), apparent[f"{model} auc"], estimate))
        how = made.plan.resampling
        method = f"nested cross-validation, {how.folds} folds, {how.repeats} times, the whole selection in each"
        found.append(figures.optimism("optimism_auc", drawn, of, method))
    judged = made.training
    if judged.models:
        here = Cases(judged.cases.n, judged.cases.events, "training")
        named = _named(judged)
        found += blocks.discrimination(named, (), here, "training_")
        found += blocks.calibration(_combined_first(named), here, "training_")
        found += blocks.cutoffs(named, here, "training_")
    return Section("Performance in the training cases", tuple(found))


def _validation(judged: Judged) -> Section:
    prefix = f"{judged.name.replace(' ', '_')}_"
    here = Cases(judged.cases.n, judged.cases.events, judged.name)
    if not judged.models:
        text = f"{here} Too few with or without the outcome, or no model, to measure anything."
        return Section(f"Performance: {judged.name}", (Text(text),))
    named = _named(judged)
    return Section(
        f"Performance: {judged.name}",
        (
            *blocks.discrimination(named, judged.compared, here, prefix),
            *blocks.calibration(_combined_first(named), here, prefix),
            *blocks.decision(named, here, prefix),
            *blocks.cutoffs(named, here, prefix),
        ),
    )


def _corrected_rows(made: Development) -> list[tuple]:
    rows = []
    booted, crossed = made.bootstrapped, made.nested
    measures = {
        "auc": "AUC",
        "slope": "calibration slope",
        "in_the_large": "calibration in the large",
        "brier": "Brier",
    }
    from ..selection import MEASURES

    for model in made.pipeline.models_ if booted is not None or crossed is not None else ():
        for key, label in measures.items():
            name = f"{model} {key}"
            told = [None, None, None, None]
            if booted is not None:
                found = booted.optimism
                plus = found.estimate_632_plus(name) if key == "auc" else None
                told = [found.apparent[name], found.optimism[name], found.corrected[name], plus]
            outside = None
            if crossed is not None:
                auc = crossed.auc(str(model))
                outside = (
                    Estimate(auc.value, *auc.interval) if key == "auc" else crossed.measured(str(model), MEASURES[key])
                )
            rows.append((str(model), label, *told, outside))
    return rows


def _resampling_words(made: Development, of: Cases) -> str:
    how = made.plan.resampling
    words = [f"{of} Every step from the Z-score to the models is repeated in every resample."]
    if made.bootstrapped is not None:
        failed = len(made.bootstrapped.optimism.failed)
        words.append(f"Bootstrap: {how.bootstraps} samples{f', {failed} without a model' if failed else ''}.")
    if made.nested is not None:
        words.append(f"Nested: {how.folds} folds, {how.repeats} times; AUC within folds, 95 % interval.")
    return " ".join(words)


def _named(judged: Judged) -> dict[str, object]:
    return {str(model): found for model, found in judged.models.items()}


def _combined_first(named: dict[str, object]) -> dict[str, object]:
    first = {name: found for name, found in named.items() if name == Model.COMBINED}
    return first | named


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def _asked(plan, before: str = "") -> tuple[tuple[str, str], ...]:
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


def _checklists(made: Development, base: Signature) -> Section:
    train, plan = made.parts.training, made.plan
    first = made.validation[0] if made.validation else None
    centres = {centre for part in (train, *made.parts.validation.values()) for centre in part.centre if centre}
    others = {centre for part in made.parts.validation.values() for centre in part.centre if centre}
    places = {
        Place.FLOW: "flow",
        Place.CHARACTERISTICS: "univariate",
        Place.MISSING: "missing",
        Place.BETWEEN_SPLITS: "characteristics" if made.validation else "",
        Place.TERMS: "terms" if len(made.pipeline.radscore_.names_) else "",
        Place.MODEL: "model_combined" if made.pipeline.models_ else "",
        Place.OPTIMISM: "optimism" if made.bootstrapped or made.nested else "",
        Place.PERFORMANCE: f"{first.name.replace(' ', '_')}_auc" if first is not None and first.models else "",
    }
    booted = f"Harrell's bootstrap, {plan.resampling.bootstraps} samples" if made.bootstrapped is not None else ""
    crossed = f"nested cross-validation, {plan.resampling.folds} folds, {plan.resampling.repeats} times"
    internal = "; ".join(one for one in (booted, crossed if made.nested is not None else "") if one)
    study = Study(
        develops=True,
        evaluates=bool(made.validation),
        outcome=f"{base.data['outcome'].get('title', base.outcome)} {base.horizon}, by the rule {plan.rule}.",
        population=base.population,
        training=Cases(train.n, train.events, "training"),
        validation=None if first is None else Cases(first.cases.n, first.cases.events, first.name),
        centres=len(centres),
        other_centre=bool(others) and not others & {centre for centre in train.centre if centre},
        automatic_masks=not train.masks.by_hand and not train.masks.edited_share,
        extraction=f"PTLFPredictor {__version__}; the settings stand in the signature file.",
        missing=chapters.missing_words(made),
        predictors="Clinical numbers linear, levels against the first; features standardised by the training cases.",
        steps=tuple(step.name for step in made.pipeline.radscore_.steps_),
        internal=f"{internal}, the whole selection in each." if internal else "",
        sample_size=f"{train.events} events for {made.size.candidates} candidate coefficients.",
        large_enough=made.size.is_enough,
        robust=plan.selection.icc_at_least is not None,
        measures="AUC, calibration in the large, slope, curve, Brier score, decision curve.",
        updating="",
        code=f"ptlf cohort develop {__version__}; lock.json.",
        places={place: name for place, name in places.items() if name},
    )
    return Section("Checklists", (tripod.table(study), metrics.table(study)), new_page=True)
