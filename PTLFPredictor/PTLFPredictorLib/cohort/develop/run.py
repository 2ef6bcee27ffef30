"""From a recipe to the files of a development."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...hashes import file_sha256
from ...measures.radiomics import ExtractionSettings
from ...progress import Progress, no_progress
from ...render import report
from ...signature import Signature, load, parse
from ...signature.evidence import settings_sha256
from ...signature.files import text_of
from .. import lock
from .. import plan as plans
from ..data import CohortData, Missing
from ..extraction import Extraction
from ..fingerprints import FITTED_ON, fingerprints
from ..table import CohortTable
from . import signature
from .development import Development, corrected, develop
from .document import document
from .pipeline import Model, Pipeline
from .plan import DevelopmentPlan

if TYPE_CHECKING:
    import pandas as pd

COMMAND = "develop"

UNKNOWN = "0" * 64
"""In the place of a hash that is not known yet."""


def run(recipe: lock.Recipe, out: Path, progress: Progress = no_progress, jobs: int = 1) -> Development:
    """Develop, and write report.html, tables, lock.json and, where there is a Radscore, signature.json to `out`.

    Parameters
    ----------
    recipe : Recipe
        Of inputs "table", "features" and "signature": the one whose outcome, entries and eligibility the cases were
        taken by.
    jobs : int
        Processes; the result does not depend on it.

    Raises
    ------
    BadInput
    """
    plan = plans.from_json(DevelopmentPlan, recipe.plan)
    base = load(recipe.path("signature"))
    table = CohortTable.read(
        recipe.path("table"), base, rule=plan.rule, reader=plan.reader or None, time=recipe.time, images=False
    )
    extraction = Extraction.read(recipe.path("features"))
    data = CohortData.join(
        table, extraction, base, predictors=(), features=(), missing=Missing.IMPUTE, own_protocol=plan.own_protocol
    )
    second = extraction.second() if plan.selection.icc_at_least is not None else None
    return made_of(
        data, base, extraction.settings, recipe, out, table=table, second=second, progress=progress, jobs=jobs
    )


def made_of(
    data: CohortData,
    base: Signature,
    settings: ExtractionSettings,
    recipe: lock.Recipe,
    out: Path,
    *,
    table: CohortTable | None = None,
    second: pd.DataFrame | None = None,
    progress: Progress = no_progress,
    jobs: int = 1,
) -> Development:
    """The same of a cohort in memory.

    Parameters
    ----------
    settings : ExtractionSettings
        That the features were computed with.
    """
    plan = plans.from_json(DevelopmentPlan, recipe.plan)

    def file_of(pipeline: Pipeline, train: CohortData) -> dict[str, Any]:
        return signature.build(pipeline, train, base, settings, plan.naming)

    def proven(pipeline: Pipeline, train: CohortData, **more: Any) -> dict[str, Any]:
        given = {"report_sha256": UNKNOWN, "lock_sha256": UNKNOWN, "calibration": {}, "risk_shown": True} | more
        return signature.with_evidence(
            file_of(pipeline, train),
            pipeline,
            train,
            time=recipe.time,
            settings_sha256=settings_sha256(settings.to_dict()),
            **given,
        )

    with lock.result_folder(out) as folder:
        made = develop(data, plan, outcome=base.outcome, second=second, progress=progress, jobs=jobs, fitted=proven)
        pipeline, train = made.pipeline, made.parts.training
        drawn = None if made.no_signature else parse(proven(pipeline, train))
        report.write(document(made, base, drawn, recipe, table), folder)
        seeds = {"selection": plan.selection.seed, "resampling": plan.resampling.seed}
        file = None if made.no_signature else file_of(pipeline, train)
        locked = lock.write(folder, recipe, seeds=seeds, signature=file)
        if file is not None:
            whole = proven(
                pipeline,
                train,
                report_sha256=file_sha256(folder / report.REPORT),
                lock_sha256=locked,
                calibration=calibration(made),
                risk_shown=not made.no_risk,
            )
            (folder / lock.SIGNATURE).write_text(text_of(whole), encoding="utf-8", newline="\n")
    return made


def calibration(made: Development) -> dict[str, Any]:
    """What the evidence says of the performance; `validate` takes cut-offs and models from it.

    ``cut_offs.youden``: of the combined model, found in the training cases.  ``models``: those that it is compared
    with, in the signature's design columns.
    """
    youden = made.youden[Model.COMBINED]
    renamed = _columns_of_file(made)
    found: dict[str, Any] = {
        "cut_offs": {
            "youden": {
                "linear_predictor": youden.cutoff,
                "risk": 1 / (1 + math.exp(-youden.cutoff)),
                "sensitivity": youden.sensitivity,
                "specificity": youden.specificity,
                "of": "training",
            }
        },
        "models": {
            str(model): {
                "intercept": fitted.risk.intercept,
                "coefficients": {
                    renamed.get(name, name): float(b)
                    for name, b in zip(fitted.risk.columns, fitted.risk.coefficients, strict=True)
                },
            }
            for model, fitted in made.pipeline.models_.items()
            if model is not Model.COMBINED
        },
    }
    found[FITTED_ON] = fingerprints(made.parts.training.extracted.values())
    if made.no_risk:
        found["no_risk"] = made.no_risk
    if made.bootstrapped is not None:
        optimism = made.bootstrapped.optimism
        names = {key: f"{Model.COMBINED} {key}" for key in ("auc", "slope", "brier")}
        found["apparent"] = {key: _finite(optimism.apparent[name]) for key, name in names.items()}
        found["corrected"] = {key: _finite(corrected(optimism, name)) for key, name in names.items()}
    if made.nested is not None:
        auc = made.nested.auc(str(Model.COMBINED))
        found["nested"] = {"auc": _finite(auc.value), "interval": [_finite(end) for end in auc.interval]}
    for one in made.validation:
        performance = one.models.get(Model.COMBINED)
        if performance is not None and performance.auc is not None:
            area = performance.auc
            told = {"n": performance.n, "events": performance.events, "auc": _finite(area.auc)}
            found[one.name.replace(" ", "_")] = {**told, "interval": [_finite(end) for end in area.preferred]}
    return found


def _columns_of_file(made: Development) -> dict[str, str]:
    """Design columns of the pipeline -> those of the signature file."""
    from .predictors import ids

    fitted = made.pipeline.models_[Model.COMBINED]
    names = ids(fitted.variables)
    return {column: column.replace(one.name, names[one.name], 1) for one in fitted.variables for column in one.columns}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
