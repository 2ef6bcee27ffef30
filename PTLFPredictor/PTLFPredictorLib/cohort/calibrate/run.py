"""`ptlf cohort calibrate` from its recipe: report, lock, signature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import BadInput
from ...hashes import file_sha256
from ...progress import Progress, no_progress
from ...render import report
from ...signature import Signature, evidence, load, parse
from ...signature.files import text_of
from .. import lock
from .. import plan as plans
from ..data import CohortData
from ..extraction import Extraction
from ..lock import Recipe
from ..table import CohortTable
from . import limits, start
from .base import Base, scaling_of
from .calibration import Calibration, calibrate
from .cases import FOR_VALIDATION, cases_of, cohort_of, for_calibration
from .document import document
from .made import Made
from .plan import CalibrationPlan, Scale
from .written import evidence_of, signature_data

NO_OUTCOMES, NOT_ASKED = "no outcomes are known", "the outcomes were not to be used"

NO_HASH = "0" * 64


@dataclass(frozen=True)
class Done:
    """What a run made.

    Parameters
    ----------
    signature : Signature
    calibration : Calibration
    """

    signature: Signature
    calibration: Calibration


def run(recipe: Recipe, out: Path, progress: Progress = no_progress, jobs: int = 1) -> Done:
    """Calibrate what the recipe says; report.html, tables, lock.json and signature.json into `out`.

    Parameters
    ----------
    recipe : Recipe
        Its plan is a `CalibrationPlan`, its inputs "table", "features" and "signature".
    out : Path
    progress : callable
    jobs : int
        Not used: a calibration takes seconds.

    Raises
    ------
    BadInput
        As table, extraction and `calibrate`; nothing is then written.
    """
    plan = plans.from_json(CalibrationPlan, recipe.plan)
    signature = load(recipe.path("signature"))
    table = CohortTable.read(
        recipe.path("table"), signature, rule=plan.rule, reader=plan.reader or None, time=recipe.time, images=False
    )
    extraction = Extraction.read(recipe.path("features"))
    data, kept, calibration = _calibrated(table, extraction, signature, plan, progress)
    cohort = cohort_of(data, signature, kept)
    numbers = signature_data(signature, calibration, cohort)

    def written(report_sha256: str, lock_sha256: str) -> dict:
        block = evidence_of(
            signature, calibration, cohort, time=recipe.time, report_sha256=report_sha256, lock_sha256=lock_sha256
        )
        return evidence.write(numbers, replace(block, settings_sha256=extraction.settings_sha256))

    provisional = parse(written(NO_HASH, NO_HASH))
    said = document(Made(signature, provisional, calibration, data, cohort, kept, table, extraction, recipe))
    with lock.result_folder(out) as folder:
        report.write(said, folder)
        locked = lock.write(folder, recipe, seeds={"bootstrap": plan.seed}, signature=numbers)
        final = written(file_sha256(folder / "report.html"), locked)
        (folder / lock.SIGNATURE).write_text(text_of(final), encoding="utf-8", newline="\n")
    return Done(parse(final), calibration)


def _calibrated(
    table: CohortTable, extraction: Extraction, signature: Signature, plan: CalibrationPlan, progress: Progress
) -> tuple[CohortData, int, Calibration]:
    """The cases, how many are kept for validation, and the calibration.

    With outcomes, on the cases whose outcome is known; where they give no risk the score is relative to all cases.
    """
    base, kept_scaling = Base.of(signature), scaling_of(signature, plan.scale)
    names = [term.short for term in signature.terms]
    everyone, kept_of_all = for_calibration(
        CohortData.join(table, extraction, signature, outcomes=False, predictors=())
    )
    start.check(signature, plan.scale, everyone.extracted.values())
    no_risk = NOT_ASKED if not plan.outcomes else _no_outcomes(table, signature.outcome)
    if plan.outcomes and everyone.outcome.notna().any():
        data, kept = for_calibration(CohortData.join(table, extraction, signature))
        no_risk = "" if kept_scaling else limits.too_few_known(data.n, _others(data, kept))
        if not no_risk:
            cases = cases_of(data, signature, outcomes=True)
            if kept_scaling is not None:
                start.check_kept(kept_scaling, cases.features, names)
            made = calibrate(base, cases, plan, kept_scaling, outcome=signature.outcome, names=names, progress=progress)
            if made.gives_risk:
                return data, kept, made
            no_risk = made.no_risk
    if plan.scale is Scale.KEEP:
        raise BadInput(f"Nothing can be calibrated: the normalisation is kept, and {no_risk}.")
    cases = cases_of(everyone, signature, outcomes=False)
    made = calibrate(
        base, cases, plan, outcome=signature.outcome, no_risk=no_risk, names=names,
        others=_others(everyone, kept_of_all), progress=progress,
    )  # fmt: skip
    return everyone, kept_of_all, made


def _others(data: CohortData, kept: int) -> str:
    """What became of the cases that no calibration sees, within a sentence."""
    return "; ".join(filter(None, (data.flow.words, f"{FOR_VALIDATION}, {kept}" if kept else "")))


def _no_outcomes(table: CohortTable, outcome: str) -> str:
    """Why no outcome is known; what could not be read of a column is told with the table."""
    if table.has_outcome:
        return NO_OUTCOMES
    return f"{NO_OUTCOMES}: the table has no column '{outcome}' (yes or no), and none of what it is made of"
