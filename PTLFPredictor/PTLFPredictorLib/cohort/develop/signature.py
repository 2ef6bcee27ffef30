"""The signature file of a developed model: terms, normalisation, predictors, outcome, nomogram, evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import __version__
from ...errors import BadInput
from ...measures.radiomics import ExtractionSettings
from ...signature import Signature, evidence
from ...signature.model import RADIOMICS, Kind, NormalisationOrigin
from ...signature.outcome import INTERCEPT
from ...signature.predictors import RADSCORE
from .. import signature_file
from ..calibrate.scaling import Logarithms
from ..data import CohortData
from ..extraction import key_of
from ..signature_file import FittedOutcome
from . import predictors
from .pipeline import Fitted, Model, Pipeline

if TYPE_CHECKING:
    import pandas as pd

WRITTEN_BY = f"ptlf cohort develop {__version__}"


@dataclass(frozen=True)
class Naming:
    """What the signature is called.

    Parameters
    ----------
    id : str
        Lower-case letters, digits, ".", "_" and "-".
    title : str
        One is made of the outcome where it is "".
    """

    id: str = "site-signature"
    title: str = ""


def build(
    pipeline: Pipeline,
    data: CohortData,
    base: Signature,
    settings: ExtractionSettings,
    naming: Naming,
) -> dict[str, Any]:
    """A signature file's JSON, without evidence.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted, with a combined model that takes the Radscore.
    data : CohortData
        The training cases.
    base : Signature
        Whose outcome, eligibility and limits the cases were taken by.
    settings : ExtractionSettings
        That the features were computed with.

    Raises
    ------
    BadInput
        Where the model takes no Radscore: a signature is one of features.
    """
    fitted = pipeline.models_.get(Model.COMBINED)
    if fitted is None or not fitted.with_radscore:
        raise BadInput("No signature can be written: no feature was selected, so there is no Radscore.")
    cases = data.clinical[fitted.rows]
    radscore = pipeline.score(data.features)
    listed, coefficients, axes = _predictors(fitted, cases, radscore, base)
    risk = fitted.risk
    event = base.outcome
    how = f"{risk.n} training cases, {risk.events} with {event}" + (
        "; Firth's penalty, intercept by FLIC (Puhr 2017)" if risk.penalised else "; maximum likelihood"
    )
    demo = data.synthetic
    of = "synthetic cases" if demo else "cases of this site"
    outcome = FittedOutcome(risk.intercept, coefficients, (INTERCEPT, *coefficients), risk.covariance, how)
    return {
        "$schema": "signature.schema.json",
        "schema": "ptlf-signature/2",
        "id": naming.id,
        "version": "1.0",
        "title": naming.title or _title(base, demo),
        "kind": str(Kind.DEMO if demo else Kind.SITE),
        "citation": {"text": f"Developed by {WRITTEN_BY} on {of}; not published."},
        "outcome": signature_file.outcome(base.data["outcome"], listed, outcome),
        "population": _population(data, base, demo),
        "input": signature_file.input_of(base.data["input"], data.protocol),
        "voi_source": str(signature_file.voi_source_of(data.masks)),
        "extraction": settings.to_dict(),
        "radscore_intercept": 0.0,
        "predictors": listed,
        "terms": _terms(pipeline, data, base),
        "normalisation": _normalisation(pipeline, data, radscore, demo),
        "nomogram": signature_file.nomogram(listed, coefficients, axes),
        "development_ranges": signature_file.development_ranges(_continuous(listed, fitted, cases, radscore), how),
        "eligibility": [dict(one) for one in base.data["eligibility"]],
        "limits": dict(base.data["limits"]) if "limits" in base.data else {},
        "notes": _notes(pipeline, base, coefficients, demo),
        "missing": [],
    }


def with_evidence(
    signature: Mapping[str, Any],
    pipeline: Pipeline,
    data: CohortData,
    *,
    time: str,
    report_sha256: str,
    lock_sha256: str,
    calibration: Mapping[str, Any],
    settings_sha256: str,
    risk_shown: bool,
) -> dict[str, Any]:
    """The file with its evidence block.

    Parameters
    ----------
    data : CohortData
        The training cases.
    calibration : mapping
        What the report says of the model's performance, with cut-offs and the models it is compared with.
    risk_shown : bool
        False leaves the covariance out: then no risk of a patient is shown.
    """
    fitted = pipeline.models_[Model.COMBINED]
    cases = data.only(fitted.rows)
    columns = [column for one in signature["predictors"] for column in signature_file.columns_of(one)]
    names = (INTERCEPT, *columns)
    outcome = FittedOutcome(
        fitted.risk.intercept, dict.fromkeys(columns, 0.0), names, fitted.risk.covariance if risk_shown else None, ""
    )
    radscore = pipeline.score(cases.features)
    axes = _continuous(signature["predictors"], fitted, cases.clinical, radscore)
    excluded = [*data.flow.excluded]
    if incomplete := data.n - cases.n:
        excluded.append(evidence.Excluded("a predictor of the model is missing", incomplete))
    block = evidence.Evidence(
        written_by=WRITTEN_BY,
        time=time,
        report_sha256=report_sha256,
        lock_sha256=lock_sha256,
        n=fitted.risk.n,
        events=fitted.risk.events,
        estimated=names,
        fixed=(),
        covariance=outcome.for_evidence,
        protocol=cases.protocol,
        masks=cases.masks,
        calibration=calibration,
        excluded=tuple(excluded),
        percentiles={
            key_of(name): signature_file.percentiles(cases.features[name].to_numpy(float))
            for name in pipeline.radscore_.names_
        },
        axes={name: signature_file.percentiles(values) for name, values in axes.items()},
        settings_sha256=settings_sha256,
        synthetic=data.synthetic,
    )
    return evidence.write(signature, block)


def _title(base: Signature, demo: bool) -> str:
    what = base.data["outcome"].get("title", base.outcome)
    return f"{what}, demonstration on synthetic cases: not for patients" if demo else f"{what}, developed at this site"


def _population(data: CohortData, base: Signature, demo: bool) -> str:
    centres = len(set(data.centre) - {""})
    of = f", {centres} centres" if centres > 1 else ""
    who = "Synthetic sample cases, no patients" if demo else "Cases of this site"
    return f"{who}: {data.n} for training, {data.events} with {base.outcome} {base.horizon}{of}."


def _predictors(
    fitted: Fitted, cases: pd.DataFrame, radscore: np.ndarray, base: Signature
) -> tuple[list[dict[str, Any]], dict[str, float], dict[str, dict[str, Any]]]:
    """Predictors, coefficients by the file's design column, and axes."""
    of_variable = predictors.ids(fitted.variables)
    listed, axes = [], {}
    for one in fitted.variables:
        made = predictors.entry(one, of_variable[one.name], cases[one.name], base)
        listed.append(made)
        if (axis := predictors.axis(made, cases[one.name], base)) is not None:
            axes[made["id"]] = axis
    listed.append(dict(predictors.RADSCORE_ENTRY))
    axes[RADSCORE] = signature_file.radscore_axis(radscore)
    columns = [column for one in listed for column in signature_file.columns_of(one)]
    return listed, dict(zip(columns, map(float, fitted.risk.coefficients), strict=True)), axes


def _continuous(
    listed: Sequence[Mapping[str, Any]], fitted: Fitted, cases: pd.DataFrame, radscore: np.ndarray
) -> dict[str, np.ndarray]:
    """Values of the continuous predictors in the cases, by id."""
    found = {
        one["id"]: cases[variable.name].dropna().to_numpy(float)
        for one, variable in zip(listed, fitted.variables, strict=False)
        if one["kind"] == "continuous"
    }
    return found | {RADSCORE: radscore}


def _terms(pipeline: Pipeline, data: CohortData, base: Signature) -> list[dict[str, Any]]:
    known = {(term["voi"], term["feature"]): term for term in base.data["terms"]}
    phases = data.protocol.phase
    made = []
    for name, coefficient in zip(pipeline.radscore_.names_, pipeline.radscore_.coefficients_, strict=True):
        voi, feature = key_of(name)
        told = known.get((voi.in_files, feature), {})
        made.append(
            {
                "measure": RADIOMICS,
                "phase": str(phases[0]) if len(phases) == 1 else None,
                "voi": voi.in_files,
                "feature": feature,
                "short": told.get("short", feature),
                "coefficient": float(coefficient),
                **{key: told[key] for key in ("measures", "cannot_vary") if key in told},
            }
        )
    return made


def _normalisation(pipeline: Pipeline, data: CohortData, radscore: np.ndarray, demo: bool) -> dict[str, Any]:
    radscore_ = pipeline.radscore_
    keys = [key_of(name) for name in radscore_.names_]
    logs = Logarithms.of(data.features[list(radscore_.names_)].to_numpy(float))
    found = zip(keys, logs.skewed, logs.mean, logs.sd, strict=True)
    divisor = pipeline.selection.deviation.value
    return signature_file.normalisation(
        NormalisationOrigin.DEMO if demo else NormalisationOrigin.SITE,
        data.n,
        f"{data.n} training cases{' (synthetic)' if demo else ''}; SD with divisor {divisor}",
        dict(zip(keys, map(float, radscore_.mean_), strict=True)),
        dict(zip(keys, map(float, radscore_.sd_), strict=True)),
        {key: (float(mean), float(sd)) for key, skewed, mean, sd in found if skewed},
        radscore,
    )


def _notes(pipeline: Pipeline, base: Signature, coefficients: Mapping[str, float], demo: bool) -> list[dict[str, Any]]:
    made = signature_file.notes_that_hold(base.data["notes"], coefficients)
    text = (
        "Features and clinical variables were selected in the same cases that the coefficients were fitted in: the "
        "interval of a risk does not hold the uncertainty of that selection. The report says how much the apparent "
        "performance promises too much."
    )
    made.append({"id": "selection", "text": text})
    if pipeline.models_[Model.COMBINED].risk.penalised:
        made.append(
            {
                "id": "firth",
                "text": "Fitted with Firth's penalty; the intercept makes the mean risk the observed share.",
            }
        )
    if demo:
        made.insert(0, {"id": "demo", "text": "Developed on synthetic cases. It says nothing about any patient."})
    return made
