"""The signature file that a calibration writes: numbers, texts, evidence."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import __version__
from ...signature import RADSCORE, Evidence, Signature
from ...signature.evidence import Excluded, ObservedMasks, ObservedProtocol
from ...signature.model import Kind, NormalisationOrigin
from .. import signature_file
from ..fingerprints import FITTED_ON
from ..signature_file import FittedOutcome
from ..statistics.classification import youden
from . import texts
from .base import names_of
from .calibration import Calibration
from .plan import Interval, Scale


@dataclass(frozen=True)
class Cohort:
    """What is known of the cases beside their numbers.

    Parameters
    ----------
    ranges : mapping of str to np.ndarray
        Values of each continuous predictor but the Radscore, and of what a measure takes.
    protocol : ObservedProtocol
    masks : ObservedMasks
    excluded : tuple of Excluded
    synthetic : bool
    known_events : int
        With the outcome, where it is known; also where no model could be fitted.
    fingerprints : tuple of str
        Of the cases' CTs, so that a validation can tell whether its cases are others.
    """

    ranges: Mapping[str, np.ndarray]
    protocol: ObservedProtocol
    masks: ObservedMasks
    excluded: tuple[Excluded, ...]
    synthetic: bool
    known_events: int
    fingerprints: tuple[str, ...] = ()


def signature_data(base: Signature, made: Calibration, cohort: Cohort) -> dict[str, Any]:
    """The file's JSON without its evidence."""
    data = copy.deepcopy(dict(base.data))
    data.pop("evidence", None)
    fitted = fitted_outcome(base, made, cohort)
    coefficients = base.risk_model.coefficients if fitted is None else fitted.coefficients
    who = texts.cases(made, cohort.synthetic)
    values = {**cohort.ranges, RADSCORE: made.radscore}
    data.update(
        id=f"{base.id.removesuffix('-site')}-site",
        version="1.0",
        title=texts.title(base, made, cohort.synthetic),
        kind=str(Kind.DEMO if cohort.synthetic else Kind.SITE),
        citation={"text": f"{base.citation} {texts.CALIBRATED_WITH}"},
        population=texts.population(base, made, cohort.synthetic),
        input=signature_file.input_of(data["input"], cohort.protocol),
        voi_source=str(signature_file.voi_source_of(cohort.masks)),
        voi_note=texts.voi_note(cohort.masks),
        outcome=_outcome(data, fitted),
        nomogram=signature_file.nomogram(data["predictors"], coefficients, _axes(data, values)),
        development_ranges=_ranges(base, values, who),
        notes=[
            *signature_file.notes_that_hold(data["notes"], coefficients),
            *texts.notes(base, made, cohort.synthetic),
        ],
        missing=texts.missing(base, made),
    )
    if made.plan.scale is Scale.ESTIMATE:
        data["normalisation"] = _normalisation(base, made, cohort.synthetic, who)
    return data


def evidence_of(
    base: Signature, made: Calibration, cohort: Cohort, *, time: str, report_sha256: str, lock_sha256: str
) -> Evidence:
    """What the numbers were fitted on."""
    fitted = fitted_outcome(base, made, cohort)
    names = names_of(made.base)
    values = {**cohort.ranges, RADSCORE: made.radscore}
    predictors = {one.id for one in base.predictors}
    return Evidence(
        written_by=f"ptlf cohort calibrate {__version__}",
        time=time,
        report_sha256=report_sha256,
        lock_sha256=lock_sha256,
        n=made.cases.n,
        events=made.cases.events if made.cases.outcome is not None else cohort.known_events,
        estimated=() if fitted is None else fitted.estimated,
        fixed=names if fitted is None else fitted.fixed,
        covariance=None if fitted is None else fitted.for_evidence,
        protocol=cohort.protocol,
        masks=cohort.masks,
        calibration={**facts(made), FITTED_ON: list(cohort.fingerprints)},
        excluded=cohort.excluded,
        percentiles={
            term.key: signature_file.percentiles(made.cases.features[:, i]) for i, term in enumerate(base.terms)
        },
        axes={name: signature_file.percentiles(column) for name, column in values.items() if name in predictors},
        synthetic=cohort.synthetic,
    )


def facts(made: Calibration) -> dict[str, Any]:
    """How it was calibrated, for the evidence: numbers and the names of methods."""
    found: dict[str, Any] = {"normalisation": str(made.plan.scale)}
    if made.no_risk:
        found["no_risk"] = made.no_risk
    if made.update is None:
        return found
    found |= {
        "method": str(made.plan.method),
        "interval": str(made.plan.interval),
        "holds_mean_and_sd": made.plan.interval is Interval.BOOTSTRAP and made.plan.scale is Scale.ESTIMATE,
        "standard_error_at_median": made.standard_error,
        "penalised": made.update.penalised_,
        "closed_testing": None if made.closed is None else made.closed.chosen,
    }
    if made.gives_risk:
        best = youden(made.update.linear_predictor(made.design), made.cases.outcome)
        at = {"linear_predictor": best.cutoff, "sensitivity": best.sensitivity, "specificity": best.specificity}
        found["cut_offs"] = {"youden": at}
    if made.update.shrunk_ is not None:
        found |= {
            "slope_before_shrinkage": made.update.slope_,
            "slope_before_shrinkage_se": made.update.slope_se_,
            "weight_of_own_slope": made.update.shrunk_.weight,
            "heterogeneity": made.update.shrunk_.heterogeneity,
        }
    return found


def fitted_outcome(base: Signature, made: Calibration, cohort: Cohort) -> FittedOutcome | None:
    """The risk model, None where there is none to give."""
    if not made.gives_risk:
        return None
    update = made.update
    return FittedOutcome(
        intercept=float(update.params_[0]),
        coefficients=dict(zip(made.base.columns, map(float, update.params_[1:]), strict=True)),
        estimated=update.names_,
        covariance=made.covariance,
        how=f"{texts.cases(made, cohort.synthetic)}, {made.cases.events} with {base.outcome}; {made.plan.method.words}",
    )


def _outcome(data: Mapping[str, Any], fitted: FittedOutcome | None) -> dict[str, Any]:
    if fitted is not None:
        return signature_file.outcome(data["outcome"], data["predictors"], fitted)
    # the study's intercept belongs to the study's mean and SD, and gives no risk beside others
    return {**data["outcome"], "intercept": None, "covariance": None}


def _axes(data: Mapping[str, Any], values: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The file's axes, those that do not hold the cases and the Radscore's drawn anew."""
    axes = dict(data["nomogram"]["axes"])
    for one in data["predictors"]:
        name = one["id"]
        if name == RADSCORE:
            axes[name] = signature_file.radscore_axis(values[name])
        elif one["kind"] == "continuous":
            low, high = axes[name]["range"]
            column = values.get(name, np.array([low]))
            least, most = float(np.min(column)), float(np.max(column))
            if least < low or most > high:
                drawn = signature_file.axis(min(low, least), max(high, most), one.get("range"))
                kept = {key: x for key, x in axes[name].items() if key in ("hatched_above", "hatch_note")}
                axes[name] = {**drawn, **kept}
    return axes


def _ranges(base: Signature, values: Mapping[str, np.ndarray], who: str) -> dict[str, Any]:
    """Of every predictor and entry with values in the cases."""
    names = {one.id for one in base.predictors} | {entry.id for entry in base.entries}
    return signature_file.development_ranges({k: v for k, v in values.items() if k in names}, who)


def _normalisation(base: Signature, made: Calibration, synthetic: bool, who: str) -> dict[str, Any]:
    keys = [term.key for term in base.terms]
    log = made.logarithms
    return signature_file.normalisation(
        NormalisationOrigin.DEMO if synthetic else NormalisationOrigin.SITE,
        made.cases.n,
        f"mean and SD (n - 1) of {who}",
        dict(zip(keys, made.scaling.mean_, strict=True)),
        dict(zip(keys, made.scaling.sd_, strict=True)),
        {keys[i]: (log.mean[i], log.sd[i]) for i in np.flatnonzero(log.skewed)},
        made.radscore,
    )
