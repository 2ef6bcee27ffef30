"""``cohort validate``: a signature on cases that it was not fitted on."""

from __future__ import annotations

import argparse

from ..options import loaded
from ..stderr import progress_bar
from .action import Action
from .inputs import add_inputs, features_of


def add(action: Action) -> None:
    from ...cohort.statistics.calibration_curve import Smoother
    from ...cohort.validate.plan import ValidationPlan

    plan = ValidationPlan()
    validate = action("validate", _validate, "a signature on other cases: discrimination, calibration, clinical use")
    validate.add_argument("--signature", required=True, metavar="ID|FILE", help="what is validated")
    add_inputs(validate)
    validate.add_argument(
        "--all-splits", action="store_true",
        help="validate on every case, whatever the table's column 'split' says (default: those for validation)",
    )  # fmt: skip
    validate.add_argument(
        "--include-withheld", action="store_true",
        help="take cases too whose score the product would withhold (default: left out and counted)",
    )  # fmt: skip
    validate.add_argument(
        "--smoother", choices=[str(one) for one in Smoother], default=str(plan.smoother),
        help="of the calibration curve and its ICI (default: %(default)s)",
    )  # fmt: skip
    validate.add_argument(
        "--cutoff", type=float, action="append", default=[], metavar="RISK",
        help="a risk, 0 to 1, at which sensitivity and the like are wanted; given again, it adds",
    )  # fmt: skip
    validate.add_argument(
        "--by", action="append", default=[], metavar="COLUMN",
        help="a column of the table whose subgroups are wanted, beside the centres; given again, it adds",
    )  # fmt: skip
    validate.add_argument(
        "--fewest", type=int, default=plan.fewest, metavar="N",
        help="cases with and without the outcome that a subgroup needs (default: %(default)s)",
    )  # fmt: skip
    validate.add_argument(
        "--prevalence", type=float, metavar="SHARE", help="of the outcome where the signature is meant to be used"
    )


def _validate(given: argparse.Namespace) -> None:
    from ...cohort.lock import Recipe
    from ...cohort.statistics.calibration_curve import Smoother
    from ...cohort.table import OutcomeRule
    from ...cohort.validate import COMMAND, Cases, ValidationPlan, Withheld, run

    plan = ValidationPlan(
        cases=Cases.ALL if given.all_splits else Cases.BY_SPLIT,
        withheld=Withheld.INCLUDE if given.include_withheld else Withheld.EXCLUDE,
        rule=OutcomeRule(given.outcome_rule),
        smoother=Smoother(given.smoother),
        cutoffs=tuple(given.cutoff),
        subgroups=tuple(given.by),
        fewest=given.fewest,
        prevalence=given.prevalence,
        reader=given.reader or "",
    ).checked()
    features = features_of(given, loaded(given.signature))
    inputs = {"table": given.table, "features": features, "signature": given.signature}
    with progress_bar() as progress:
        found = run(Recipe.of(COMMAND, plan, inputs), given.out, progress)
    own = found.own
    print(f"{own.n} cases, {own.events} with the outcome; {found.flow.total - found.flow.included} left out")
    if own.auc is not None:
        low, high = own.auc.preferred
        print(f"AUC {own.auc.auc:.3f} ({low:.3f} to {high:.3f})")
    if own.calibration is not None and own.calibration.joint is not None:
        slope = own.calibration.joint.slope
        print(f"Calibration slope {slope.value:.2f} ({slope.interval[0]:.2f} to {slope.interval[1]:.2f})")
    for note in found.notes:
        print(f"[note] {note}")
    print(f"Written: {given.out / 'report.html'}, {given.out / 'result.json'}")
