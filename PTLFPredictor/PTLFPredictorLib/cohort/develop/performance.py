"""Chapters of a development's report on performance: in the training cases, corrected, and in validation cases."""

from __future__ import annotations

from ...render.report import Block, Column, Estimate, Section, Table, Text, fixed, percent
from ...render.report.drawing import Cases
from ..report import figures
from ..selection import MEASURES
from ..statistics.logistic import expit
from ..validate import blocks
from ..validate.performance import Performance
from .development import Development, Judged, corrected
from .pipeline import Model


def training(made: Development) -> Section:
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
        found.append(_youden(made, here))
    return Section("Performance in the training cases", tuple(found))


def validation(judged: Judged) -> Section:
    """The three models side by side on cases that made none of them."""
    prefix = prefix_of(judged)
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


def prefix_of(judged: Judged) -> str:
    """Before the names of its tables and figures."""
    return f"{judged.name.replace(' ', '_')}_"


def _corrected_rows(made: Development) -> list[tuple]:
    rows = []
    booted, crossed = made.bootstrapped, made.nested
    measures = {
        "auc": "AUC",
        "slope": "calibration slope",
        "in_the_large": "calibration in the large",
        "brier": "Brier",
    }
    for model in made.pipeline.models_ if booted is not None or crossed is not None else ():
        for key, label in measures.items():
            name = f"{model} {key}"
            told = [None, None, None, None]
            if booted is not None:
                found = booted.optimism
                plus = found.estimate_632_plus(name) if key == "auc" else None
                value = corrected(found, name)
                told = [found.apparent[name], found.apparent[name] - value, value, plus]
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
        without = f", {failed} without a model" if failed else ""
        words.append(
            f"Bootstrap: {how.bootstraps} samples{without}; of slope and calibration in the large the corrected value "
            "is the mean of the samples' models in all cases, 1 and 0 in their own sample by construction."
        )
    if made.nested is not None:
        words.append(f"Nested: {how.folds} folds, {how.repeats} times; mean AUC of the folds, 95 % interval.")
    return " ".join(words)


def _youden(made: Development, of: Cases) -> Table:
    rows = [
        (str(model), float(expit(one.cutoff)), one.cutoff, one.sensitivity, one.specificity)
        for model, one in made.youden.items()
    ]
    columns = (
        "model", Column("risk", percent(1)), Column("linear predictor", fixed(3)),
        Column("sensitivity (apparent)", percent()), Column("specificity (apparent)", percent()),
    )  # fmt: skip
    note = (
        f"{of} Found here, by the largest sensitivity + specificity, and so optimistic here: it is for cases that did "
        "not make the model. No cut-off for acting was validated."
    )
    return Table("youden", "Youden's cut-offs", columns, rows, note)


def _named(judged: Judged) -> dict[str, Performance]:
    return {str(model): found for model, found in judged.models.items()}


def _combined_first(named: dict[str, Performance]) -> dict[str, Performance]:
    first = {name: found for name, found in named.items() if name == Model.COMBINED}
    return first | named
