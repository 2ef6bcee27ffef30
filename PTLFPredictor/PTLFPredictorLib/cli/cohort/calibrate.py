"""``cohort calibrate``: a signature's normalisation and risk model from a hospital's own cases."""

from __future__ import annotations

import argparse

from ...errors import BadInput
from ..options import loaded
from ..stderr import progress_bar
from .action import Action
from .inputs import add_inputs, features_of


def add(action: Action) -> None:
    from ...cohort.calibrate.plan import CalibrationPlan, Interval, Method, Scale

    plan = CalibrationPlan()
    calibrate = action("calibrate", _calibrate, "a signature's mean and SD, and its risk model, from your own cases")
    add_inputs(calibrate)
    calibrate.add_argument(
        "--signature",
        default="ptlf-published",
        metavar="ID|FILE",
        help="what is calibrated (default: the published one)",
    )
    calibrate.add_argument(
        "--normalisation", choices=[str(one) for one in Scale], default=str(plan.scale),
        help="mean and SD of the features: estimated in these cases (default), or kept as in the signature",
    )  # fmt: skip
    calibrate.add_argument(
        "--method", choices=[str(one) for one in Method], default=str(plan.method),
        help="what of the risk model is estimated (default: intercept and Radscore's slope, the slope shrunk)",
    )  # fmt: skip
    calibrate.add_argument(
        "--interval", choices=[str(one) for one in Interval], default=str(plan.interval),
        help="what a patient's interval holds: mean, SD and model (bootstrap, default), or the model alone",
    )  # fmt: skip
    calibrate.add_argument("--without-outcomes", action="store_true", help="mean and SD alone: a relative score")
    calibrate.add_argument("--samples", type=int, default=plan.samples, metavar="N", help="of the bootstrap")
    calibrate.add_argument("--seed", type=int, default=plan.seed, metavar="N", help="of the bootstrap")


def _calibrate(given: argparse.Namespace) -> None:
    from ...cohort import lock
    from ...cohort.calibrate import run
    from ...cohort.calibrate.plan import CalibrationPlan, Interval, Method, Scale
    from ...cohort.table import OutcomeRule
    from ...signature import describe, equation

    if given.samples < 100:
        raise BadInput(f"--samples {given.samples}: a covariance needs at least 100 bootstrap samples.")
    plan = CalibrationPlan(
        scale=Scale(given.normalisation),
        method=Method(given.method),
        interval=Interval(given.interval),
        samples=given.samples,
        seed=given.seed,
        outcomes=not given.without_outcomes,
        rule=OutcomeRule(given.outcome_rule),
        reader=given.reader or "",
    )
    signature = loaded(given.signature)
    features = features_of(given, signature)
    recipe = lock.Recipe.of(
        "calibrate", plan, {"table": given.table, "features": features, "signature": given.signature}
    )
    with progress_bar() as progress:
        done = run(recipe, given.out, progress)
    made, cases = done.signature, done.calibration.cases
    left_out = sum(item.n for item in made.evidence.excluded)
    outcome = "" if cases.outcome is None else f", {cases.events} with {made.outcome}"
    print(f"{cases.n} cases{outcome}; {left_out} left out (report.html says why)")
    print(describe(made))
    if done.calibration.gives_risk:
        print(f"{equation(made)}\nStandard error at the median case: {done.calibration.standard_error:.2f}")
    else:
        print(f"No risk, a relative score alone: {done.calibration.no_risk}.")
    for warning in done.calibration.warnings:
        print(f"[warn] {warning}")
    print(f"Written: {given.out / 'signature.json'}, {given.out / 'report.html'}")
