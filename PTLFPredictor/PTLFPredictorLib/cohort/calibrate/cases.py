"""The arrays of a calibration from the joined table and features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...signature import Signature
from ...signature.evidence import Excluded
from ...signature.predictors import Predictor, PredictorKind, PredictorSource
from ..data import CohortData
from ..extraction import column_of
from ..fingerprints import fingerprints
from ..table import Split
from .bootstrap import Cases
from .written import Cohort

if TYPE_CHECKING:
    import pandas as pd

FOR_VALIDATION = "kept for validation, as the table's split says"


def cases_of(data: CohortData, signature: Signature, outcomes: bool) -> Cases:
    """Features in the order of the terms, design columns but the Radscore's, and outcomes where they are used.

    Without outcomes a predictor may be missing: its columns are then nan, and no model takes them.
    """
    features = data.features[[column_of(term.key) for term in signature.terms]].to_numpy(float)
    others = [
        _design(data.clinical[one.id], one)
        for one in signature.predictors
        if one.source is not PredictorSource.RADSCORE
    ]
    stacked = np.column_stack(others) if others else np.empty((data.n, 0))
    return Cases(features, stacked, data.outcome.to_numpy(float) if outcomes else None)


def _design(values: pd.Series, predictor: Predictor) -> np.ndarray:
    if predictor.kind is PredictorKind.CONTINUOUS:
        return values.to_numpy(float)[:, None]
    return np.array([list(predictor.design(value).values()) for value in values], float)


def cohort_of(data: CohortData, signature: Signature, kept_for_validation: int) -> Cohort:
    """What else the signature's file says of the cases."""
    excluded = data.flow.excluded
    if kept_for_validation:
        excluded = (*excluded, Excluded(FOR_VALIDATION, kept_for_validation))
    return Cohort(
        ranges=_ranges(data, signature),
        protocol=data.protocol,
        masks=data.masks,
        excluded=excluded,
        synthetic=data.synthetic,
        fingerprints=tuple(fingerprints(data.extracted.values())),
        known_events=int(np.nansum(data.outcome.to_numpy(float))),
    )


def for_calibration(data: CohortData) -> tuple[CohortData, int]:
    """The cases that no split keeps for validation, and how many it keeps."""
    chosen = data.split.isin([Split.TRAINING.value, Split.NONE.value])
    return data.only(chosen.to_numpy()), int((~chosen).sum())


def _ranges(data: CohortData, signature: Signature) -> Mapping[str, np.ndarray]:
    continuous = [entry.id for entry in signature.entries if entry.quantity is not None]
    continuous += [
        one.id
        for one in signature.predictors
        if one.kind is PredictorKind.CONTINUOUS and one.source is not PredictorSource.RADSCORE
    ]
    values = {name: data.clinical[name].dropna().to_numpy(float) for name in continuous}
    return {name: column for name, column in values.items() if len(column)}
