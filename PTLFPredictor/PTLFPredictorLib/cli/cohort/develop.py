"""``cohort develop``: a signature of one's own, the source paper's way, each step an option."""

from __future__ import annotations

import argparse
import enum
from typing import Any, TypeVar

from ...errors import BadInput
from ..options import loaded
from ..stderr import progress_bar
from .action import Action
from .extract import checked_jobs
from .inputs import add_inputs, features_of

E = TypeVar("E", bound=enum.Enum)


def add(action: Action) -> None:
    develop = action("develop", _develop, "a signature of one's own: selection, models, nomogram, evidence, report")
    add_inputs(develop)
    develop.add_argument(
        "--signature", default="ptlf-published", metavar="ID|FILE",
        help="whose outcome, entries, eligibility and protocol the cases are taken by",
    )  # fmt: skip
    develop.add_argument(
        "--own-protocol", action="store_true",
        help="keep cases with other slices, pixels, voltages, kernels than that signature takes: the new one takes "
        "what was seen",
    )  # fmt: skip
    develop.add_argument("--id", default="site-signature", help="id of the new signature")
    develop.add_argument("--title", default="", help="title of the new signature")
    develop.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of folds, resamples, imputations (default: %(default)s)"
    )
    _features(develop.add_argument_group("features", "defaults: the source paper's way"))
    _clinical(develop.add_argument_group("clinical variables and models"))
    _performance(develop.add_argument_group("performance"))


def _features(group: Any) -> None:
    from ...cohort.selection.plan import Deviation, Weights
    from ...cohort.statistics.lasso import Choice, Measure
    from ...cohort.statistics.redundancy import Keep
    from ...cohort.statistics.univariate import ContinuousTest, Correction

    _choice(group, "--sd", Deviation.SAMPLE, "divisor of the SD in the Z-score: sample n - 1, population n")
    group.add_argument(
        "--icc", type=float, metavar="LIMIT",
        help="drop features with a lower ICC(2,1) between the table's two segmentations (default: no such filter)",
    )  # fmt: skip
    group.add_argument(
        "--spearman", type=float, default=0.8, metavar="RHO", help="drop one of two above it (default: %(default)s)"
    )
    _choice(group, "--keep", Keep.FIRST, "which of the two stays")
    _choice(group, "--test", ContinuousTest.BY_NORMALITY, "univariate test of features")
    _choice(group, "--correction", Correction.NONE, "of these tests for their number")
    group.add_argument(
        "--p", type=float, default=0.05, metavar="P", help="features with a P below it stay (default: %(default)s)"
    )
    group.add_argument(
        "--folds", type=int, default=10, metavar="N", help="of the LASSO's cross-validation (default: %(default)s)"
    )
    group.add_argument(
        "--lambdas", type=int, default=50, metavar="N", help="that the LASSO tries (default: %(default)s)"
    )
    _choice(group, "--lasso-measure", Measure.DEVIANCE, "what its cross-validation compares")
    _choice(group, "--lambda", Choice.MIN, "the lambda taken: the best, or the largest within one standard error")
    group.add_argument(
        "--largest", type=int, default=10, metavar="N", help="features in the Radscore (default: %(default)s)"
    )
    _choice(group, "--weights", Weights.LASSO, "the Radscore's coefficients: the LASSO's, or a logistic model's")


def _clinical(group: Any) -> None:
    from ...cohort.data import Missing
    from ...cohort.develop.risk_model import Interval, Penalty
    from ...cohort.statistics.univariate import CategoricalTest, ContinuousTest

    group.add_argument(
        "--variable", action="append", default=[], metavar="COLUMN", dest="variables",
        help="a candidate; given again for several (default: every clinical column)",
    )  # fmt: skip
    group.add_argument(
        "--always",
        action="append",
        default=[],
        metavar="COLUMN",
        help="in the models whatever its P; again for more",
    )
    _choice(group, "--numbers-test", ContinuousTest.BY_NORMALITY, "univariate test of numbers")
    _choice(group, "--counts-test", CategoricalTest.CHI_SQUARE, "univariate test of categories")
    group.add_argument(
        "--univariate-p", type=float, default=0.05, metavar="P", help="variables below it go on (default: %(default)s)"
    )
    group.add_argument(
        "--multivariate-p",
        type=float,
        default=0.05,
        metavar="P",
        help="variables below it are kept (default: %(default)s)",
    )
    _choice(group, "--penalty", Penalty.WHERE_SEPARATED, "Firth's, of the logistic models")
    _choice(group, "--interval", Interval.WALD, "of coefficients, with the test that belongs to it", Interval.POOLED)
    _choice(group, "--missing", Missing.COMPLETE, "clinical values: complete cases model by model, or imputed")
    group.add_argument(
        "--imputations", type=int, default=20, metavar="N", help="with --missing impute (default: %(default)s)"
    )
    group.add_argument(
        "--per", action="append", default=[], metavar="COLUMN=X", help="odds ratios per X of it, e.g. INR=0.1"
    )


def _performance(group: Any) -> None:
    group.add_argument(
        "--bootstraps", type=int, default=200, metavar="N", help="for the optimism, 0: none (default: %(default)s)"
    )
    group.add_argument(
        "--nested-folds", type=int, default=10, metavar="N", help="of nested cross-validation (default: %(default)s)"
    )
    group.add_argument(
        "--nested-repeats", type=int, default=5, metavar="N", help="of it, 0: none (default: %(default)s)"
    )
    group.add_argument(
        "--cutoff", type=float, action="append", metavar="RISK", dest="cut_offs",
        help="sensitivity and specificity there; again for several (default: 0.1, 0.2, 0.3, 0.5)",
    )  # fmt: skip


def _develop(given: argparse.Namespace) -> int:
    from ...cohort import develop, lock
    from ...cohort.develop.parts import check_table
    from ...cohort.table import CohortTable

    plan = plan_of(given)
    jobs = checked_jobs(given) or 1
    base = loaded(given.signature)
    if given.features is None:
        check_table(CohortTable.read(given.table, base, rule=plan.rule, reader=given.reader), base, plan)
    features = features_of(given, base, everything=True, second=plan.selection.icc_at_least is not None)
    inputs = {"table": given.table, "features": features, "signature": given.signature}
    recipe = lock.Recipe.of(develop.COMMAND, plan, inputs)
    with progress_bar() as progress:
        made = develop.run(recipe, given.out, progress=progress, jobs=jobs)
    for line in told(made):
        print(line)
    written = ["report.html", lock.NAME, *([] if made.no_signature else [lock.SIGNATURE])]
    print(f"Written to {given.out}: {', '.join(written)}")
    return 0


def told(made: Any) -> list[str]:
    """What came out, in lines for a terminal."""
    from ...cohort.develop.pipeline import Model

    train = made.parts.training
    lines = [f"Training: {train.n} cases, {train.events} with the outcome."]
    steps = made.pipeline.radscore_.steps_
    lines.append("Features: " + ", ".join(f"{step.count} {step.name}" for step in steps) + ".")
    kept = [one.name for one in made.pipeline.clinical_.kept_]
    lines.append(f"Clinical variables: {', '.join(kept) or 'none'}.")
    combined = str(Model.COMBINED)
    if made.nested is not None:
        auc = made.nested.auc(combined)
        low, high = auc.interval
        lines.append(f"AUC in nested cross-validation: {auc.value:.3f} ({low:.3f} to {high:.3f}).")
    if made.bootstrapped is not None and made.pipeline.models_:
        found = made.bootstrapped.optimism
        lines.append(
            f"AUC of the combined model: {found.apparent[f'{combined} auc']:.3f} apparent, "
            f"{found.corrected[f'{combined} auc']:.3f} corrected by bootstrap (mostly still too high)."
        )
    for one in made.validation:
        found = one.models.get(Model.COMBINED)
        if found is not None and found.auc is not None:
            low, high = found.auc.preferred
            lines.append(f"AUC, {one.name}: {found.auc.auc:.3f} ({low:.3f} to {high:.3f}), {found.n} cases.")
    if made.no_signature:
        lines.append(made.no_signature)
    elif made.no_risk:
        lines.append(f"No risk, a relative score alone: {made.no_risk}.")
    return lines


def plan_of(given: argparse.Namespace) -> Any:
    """The plan that the options ask for.

    Raises
    ------
    BadInput
        For a number that is none of a probability, a count, a limit.
    """
    from ...cohort.data import Missing
    from ...cohort.develop.clinical import ClinicalPlan
    from ...cohort.develop.plan import PER, DevelopmentPlan
    from ...cohort.develop.risk_model import Interval, Penalty
    from ...cohort.develop.signature import Naming
    from ...cohort.selection.plan import Deviation, ResamplingPlan, SelectionPlan, Weights
    from ...cohort.statistics.lasso import Choice, Measure
    from ...cohort.statistics.redundancy import Keep
    from ...cohort.statistics.univariate import CategoricalTest, ContinuousTest, Correction
    from ...cohort.table import OutcomeRule

    _check(given)
    selection = SelectionPlan(
        deviation=_chosen(Deviation, given.sd),
        icc_at_least=given.icc,
        correlation_limit=given.spearman,
        keep=_chosen(Keep, given.keep),
        test=_chosen(ContinuousTest, given.test),
        correction=_chosen(Correction, given.correction),
        level=given.p,
        folds=given.folds,
        lambdas=given.lambdas,
        measure=_chosen(Measure, given.lasso_measure),
        choice=_chosen(Choice, getattr(given, "lambda")),
        largest=given.largest,
        weights=_chosen(Weights, given.weights),
        seed=given.seed,
    )
    clinical = ClinicalPlan(
        variables=tuple(given.variables),
        continuous=_chosen(ContinuousTest, given.numbers_test),
        categorical=_chosen(CategoricalTest, given.counts_test),
        univariate_p=given.univariate_p,
        multivariate_p=given.multivariate_p,
        always=tuple(given.always),
        penalty=_chosen(Penalty, given.penalty),
        interval=_chosen(Interval, given.interval),
    )
    resampling = ResamplingPlan(
        folds=given.nested_folds, repeats=given.nested_repeats, bootstraps=given.bootstraps, seed=given.seed
    )
    cut_offs = {} if given.cut_offs is None else {"cut_offs": tuple(given.cut_offs)}
    return DevelopmentPlan(
        rule=OutcomeRule(given.outcome_rule),
        reader=given.reader or "",
        own_protocol=given.own_protocol,
        selection=selection,
        clinical=clinical,
        missing=_chosen(Missing, given.missing),
        imputations=given.imputations,
        resampling=resampling,
        per={**PER, **dict(map(_unit, given.per))},
        naming=Naming(given.id, given.title),
        **cut_offs,
    )


def _check(given: argparse.Namespace) -> None:
    shares = [("--p", given.p), ("--univariate-p", given.univariate_p), ("--multivariate-p", given.multivariate_p)]
    shares += [("--spearman", given.spearman), *([] if given.icc is None else [("--icc", given.icc)])]
    for name, share in shares:
        if not 0 < share <= 1:
            raise BadInput(f"{name} is a number above 0 and up to 1, not {share:g}.")
    for risk in given.cut_offs or ():
        if not 0 < risk < 1:
            raise BadInput(f"--cutoff is a risk between 0 and 1, not {risk:g}.")
    least = {"folds": 3, "lambdas": 2, "largest": 1, "nested_folds": 2, "nested_repeats": 0, "bootstraps": 0}
    for name, fewest in (least | {"imputations": 2, "seed": 0}).items():
        if (number := getattr(given, name)) < fewest:
            raise BadInput(f"--{name.replace('_', '-')} is a whole number from {fewest}, not {number}.")


def _unit(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        if name and (value := float(number)) > 0:
            return name, value
    except ValueError:
        pass
    raise BadInput(f"'--per {text}' must read like INR=0.1.")


def _choice(group: Any, flag: str, default: enum.Enum, text: str, *without: enum.Enum) -> None:
    """An option of the members of an enum, by their names in lower case."""
    names = [_slug(one) for one in type(default) if one not in without]
    group.add_argument(flag, choices=names, default=_slug(default), help=f"{text} (default: {_slug(default)})")


def _slug(one: enum.Enum) -> str:
    return one.name.lower().replace("_", "-")


def _chosen(kind: type[E], slug: str) -> E:
    return next(one for one in kind if _slug(one) == slug)
