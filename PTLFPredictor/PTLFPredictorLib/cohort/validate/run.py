"""From a recipe to the files of a validation."""

from __future__ import annotations

import json
from pathlib import Path

from ...progress import Progress, no_progress
from ...render import report
from ...signature import PredictorSource, load
from .. import lock
from .. import plan as plans
from ..data import CohortData
from ..extraction import Extraction
from ..table import CohortTable, Split
from . import overlap
from .document import document
from .plan import Cases, ValidationPlan
from .validation import Validation, validate

RESULT = "result.json"

COMMAND = "validate"


def run(recipe: lock.Recipe, out: Path, progress: Progress = no_progress, jobs: int = 1) -> Validation:
    """Validate, and write report.html, tables, result.json and lock.json to `out`.

    Parameters
    ----------
    recipe : Recipe
        Of inputs "table", "features" and "signature".
    jobs : int
        Not used: a validation takes seconds.

    Raises
    ------
    BadInput
    """
    plan = plans.from_json(ValidationPlan, recipe.plan).checked()
    path = recipe.path("signature")
    signature = load(path)
    progress("reading the cases", 0, 3)
    table = CohortTable.read(
        recipe.path("table"), signature, rule=plan.rule, reader=plan.reader or None, time=recipe.time, images=False
    ).require_usable()
    if plan.cases is Cases.ALL or all(case.split is Split.NONE for case in table.cases):
        overlap.refuse_own_table(signature, path, table.sha256)
    whole = CohortData.join(table, Extraction.read(recipe.path("features")), signature, predictors=())
    own = [one.id for one in signature.predictors if one.source is not PredictorSource.RADSCORE]
    data = whole.complete(own)
    progress("validating", 1, 3)
    found = validate(signature, {case.id: case for case in table.cases}, data, plan)
    page = document(found.validation, found.cases, signature, data, whole, plan, recipe.time)
    progress("writing", 2, 3)
    with lock.result_folder(out) as folder:
        report.write(page, folder)
        text = json.dumps(found.validation.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / RESULT).write_text(text + "\n", encoding="utf-8", newline="\n")
        lock.write(folder, recipe)
    return found.validation
