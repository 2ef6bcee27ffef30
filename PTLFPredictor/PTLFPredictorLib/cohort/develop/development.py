"""A development: the whole way on the training cases, its performance there, in resamples, and on validation cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInput
from ...progress import Progress, no_progress
from ..calibrate import limits
from ..data import CohortData
from ..selection import bootstrap, nested
from ..selection.nested import Nested
from ..selection.performance import Bootstrapped
from ..statistics.classification import Youden, youden
from ..statistics.optimism import Optimism
from ..validate import performance
from ..validate.performance import Compared, Cutoff, Performance, Scale
from .parts import Parts
from .pipeline import Model, Pipeline, common
from .plan import DevelopmentPlan
from .resampling import Way, runner
from .size import Size
from .variables import Variable, candidates

if TYPE_CHECKING:
    import pandas as pd

YOUDEN = "Youden, training cases"

NO_SIGNATURE = "No signature was written: no feature was selected, so there is no Radscore."

FEW_FEATURES = 100
"""Fewer to select from are those of a signature, not a radiomics extraction."""

FEWEST_READ_TWICE = 10
"""Training cases with a second segmentation, for an ICC; the source paper had 20 read twice."""

FEW_VALIDATED = 2
"""Validation cases with the outcome, and without, for any measure of them."""


@dataclass(frozen=True)
class Judged:
    """The models on some cases.

    Parameters
    ----------
    name : str
        "training", "validation", "external validation".
    cases : CohortData
        Those in which every model has a value: only there can they be compared.
    left_out : int
        Cases in which one has none.
    models : mapping of Model to Performance
    compared : tuple of Compared
        Of each pair; none where the cases made the models.
    """

    name: str
    cases: CohortData
    left_out: int
    models: Mapping[Model, Performance]
    compared: tuple[Compared, ...]


@dataclass(frozen=True)
class Development:
    """All of it.

    Parameters
    ----------
    plan : DevelopmentPlan
    parts : Parts
    variables : tuple of Variable
        Clinical candidates.
    constant : tuple of str
        Clinical columns that are the same in all training cases, or unknown, and so are no candidates.
    pipeline : Pipeline
        Fitted on the training cases.
    training : Judged
        Apparent: the cases made the models.
    validation : tuple of Judged
    youden : mapping of Model to Youden
        Of linear predictors, found in the training cases.
    nested : Nested or None
    bootstrapped : Bootstrapped or None
        None where the plan asks for none.
    size : Size
    no_risk : str
        Why the signature gives no risk, "" where it does.
    no_signature : str
        Why there is none, "" where there is.
    """

    plan: DevelopmentPlan
    parts: Parts
    variables: tuple[Variable, ...]
    constant: tuple[str, ...]
    pipeline: Pipeline
    training: Judged
    validation: tuple[Judged, ...]
    youden: Mapping[Model, Youden]
    nested: Nested | None
    bootstrapped: Bootstrapped | None
    size: Size
    no_risk: str
    no_signature: str


def corrected(optimism: Optimism, name: str) -> float:
    """A measure corrected for optimism: "combined auc" by Harrell's bootstrap.

    A model's slope is 1 in its own sample and its calibration in the large 0 by construction (as ``rms::validate``
    takes them), whatever a penalty makes of them: corrected is then the mean of the samples' models in all cases.
    """
    if name.split()[-1] not in ("slope", "in_the_large"):
        return optimism.corrected[name]
    values = optimism.test[name][np.isfinite(optimism.test[name])]
    return float(values.mean()) if len(values) else float("nan")


def develop(
    data: CohortData,
    plan: DevelopmentPlan,
    *,
    outcome: str = "the outcome",
    second: pd.DataFrame | None = None,
    progress: Progress = no_progress,
    jobs: int = 1,
    fitted: Callable[[Pipeline, CohortData], object] | None = None,
) -> Development:
    """Develop a signature from a cohort.

    Parameters
    ----------
    data : CohortData
        Without cases whose outcome is not known.
    outcome : str
        What it is called.
    second : DataFrame, optional
        Features of second segmentations, by case; those that have none may lack.
    jobs : int
        Processes for the resamples; the result does not depend on it.
    fitted : callable, optional
        Called with the pipeline and the training cases before the resampling begins, so that what cannot be written is
        refused then.

    Raises
    ------
    BadInput
        As `Parts.of` and `candidates`; where a filter by ICC is asked for and few cases have two segmentations.
    """
    from threadpoolctl import threadpool_limits

    parts = Parts.of(data, plan.selection.folds)
    train = parts.training
    always = plan.clinical.always
    candidates(data.columns, train.clinical, always)
    named = dict.fromkeys((*plan.clinical.variables, *always)) if plan.clinical.variables else ()
    every = candidates(data.columns, train.clinical, tuple(named))
    there = {one.name: one.among(train.clinical[one.name]) for one in every}
    variables = tuple(one for one in there.values() if one is not None)
    if constant := [name for name in always if there[name] is None]:
        raise BadInput(f"'{constant[0]}' shall always be in the model, but it is the same in all training cases.")
    y = train.outcome.to_numpy(float)
    again = _second(train, plan, second)
    with threadpool_limits(1):
        progress("fitting", 0, 1)
        count = plan.imputations if plan.imputes else 0
        pipeline = Pipeline(plan.selection, plan.clinical, variables, count).fit(
            train.features, train.clinical, y, second=again
        )
        progress("fitting", 1, 1)
        if fitted is not None and _has_radscore(pipeline):
            fitted(pipeline, train)
        youdens = _youdens(pipeline, train)
        training = _judged("training", pipeline, train, plan, youdens, fitted_here=True)
        validation = tuple(
            _judged(name, pipeline, part, plan, youdens, fitted_here=False) for name, part in parts.validation.items()
        )
        way = Way(plan, variables, train.features, train.clinical, y, again)
        how = plan.resampling
        crossed = nested(way, how, runner(jobs, progress, "nested cross-validation")) if how.repeats else None
        booted = bootstrap(way, how, runner(jobs, progress, "bootstrap")) if how.bootstraps else None
    no_signature = "" if _has_radscore(pipeline) else _no_signature(train.features.shape[1])
    return Development(
        plan=plan,
        parts=parts,
        variables=variables,
        constant=tuple(name for name, one in there.items() if one is None),
        pipeline=pipeline,
        training=training,
        validation=validation,
        youden=youdens,
        nested=crossed,
        bootstrapped=booted,
        size=Size.of(pipeline, variables, train),
        no_risk=_no_risk(pipeline, train, outcome) if pipeline.models_ else "",
        no_signature=no_signature,
    )


def _no_signature(given: int) -> str:
    if given >= FEW_FEATURES:
        return NO_SIGNATURE
    return f"{NO_SIGNATURE} There were {given} features to select from; 'ptlf cohort extract --all' computes all."


def _has_radscore(pipeline: Pipeline) -> bool:
    combined = pipeline.models_.get(Model.COMBINED)
    return combined is not None and combined.with_radscore


def _second(train: CohortData, plan: DevelopmentPlan, second: pd.DataFrame | None) -> pd.DataFrame | None:
    """Second readings of the training cases; None where the plan does not ask for them."""
    if plan.selection.icc_at_least is None:
        return None
    read = 0
    if second is not None and len(second.columns):
        second = second.reindex(index=train.features.index, columns=train.features.columns)
        read = int(second.notna().any(axis=1).sum())
    if read < FEWEST_READ_TWICE:
        raise BadInput(
            f"Features shall be filtered by their ICC between two segmentations, and {read} of {train.n} training "
            f"cases have features of a second one; at least {FEWEST_READ_TWICE} are needed (a column 'segmentation_2' "
            "of the table, and 'ptlf cohort extract --second')."
        )
    return second


def _youdens(pipeline: Pipeline, train: CohortData) -> dict[Model, Youden]:
    """Of each model, in the training cases that it was fitted on."""
    found = pipeline.linear_predictors(train.features, train.clinical)
    y = train.outcome.to_numpy(float)
    made = {}
    for model in pipeline.models_:
        there = np.isfinite(found[model])
        made[model] = youden(found[model][there], y[there])
    return made


def _judged(
    name: str,
    pipeline: Pipeline,
    part: CohortData,
    plan: DevelopmentPlan,
    youdens: Mapping[Model, Youden],
    *,
    fitted_here: bool,
) -> Judged:
    selected = part.features[list(pipeline.radscore_.names_)].notna().all(axis=1).to_numpy()
    every = {
        model: np.where(selected, values, np.nan)
        for model, values in pipeline.linear_predictors(part.features, part.clinical).items()
        if model in pipeline.models_
    }
    there = common(every) if every else np.ones(part.n, bool)
    cases = part.only(there)
    y = cases.outcome.to_numpy(float)
    scores = {model: values[there] for model, values in every.items()}
    models = {}
    enough = min(y.sum(), len(y) - y.sum()) >= FEW_VALIDATED
    for model, score in scores.items() if enough else ():
        cuts = [Cutoff("chosen", risk) for risk in plan.cut_offs]
        cuts.insert(0, Cutoff(YOUDEN, youdens[model].cutoff, Scale.SCORE))
        models[model] = performance.of(score, y, cutoffs=cuts, fitted_here=fitted_here)
    compared = () if fitted_here or not models else performance.compare(scores, y, dict.fromkeys(scores, True))
    return Judged(name, cases, part.n - cases.n, models, compared)


def _no_risk(pipeline: Pipeline, train: CohortData, outcome: str) -> str:
    """Why no risk is shown: too few cases or events, or a linear predictor too uncertain at the median case."""
    fitted = pipeline.models_[Model.COMBINED]
    few = limits.too_few_events(fitted.risk.events, fitted.risk.n, outcome) or limits.too_few_known(fitted.risk.n)
    return few or limits.too_uncertain(median_se(pipeline, train))


def median_se(pipeline: Pipeline, train: CohortData) -> float:
    """Standard error of the combined model's linear predictor at the medians of its design in the training cases."""
    fitted = pipeline.models_[Model.COMBINED]
    x = fitted.design(train.clinical, pipeline.score(train.features))
    middle = np.concatenate([[1.0], np.nanmedian(x, axis=0)])
    return float(np.sqrt(middle @ fitted.risk.covariance @ middle))
