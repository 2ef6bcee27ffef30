"""A cohort of arrays, without images: R's features and R's clinical columns, joined by the outcome.

147 cases of ``features.csv`` (10 planted features) take the clinical values of cases of ``cohort_logistic.csv`` with
the same outcome, so that both are related to it.  100 of them are for training, 47 for validation.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

import r_reference
from PTLFPredictorLib.cohort.data import CohortData
from PTLFPredictorLib.cohort.extraction import CaseState, ExtractedCase, ObservedCase, ObservedMask, column_of
from PTLFPredictorLib.cohort.flow import Flow
from PTLFPredictorLib.cohort.table import ClinicalColumn, Split
from PTLFPredictorLib.ct import ContrastPhase
from PTLFPredictorLib.measures.radiomics import ExtractionSettings
from PTLFPredictorLib.measures.radiomics.names import FEATURES
from PTLFPredictorLib.vois import VOI

SETTINGS = ExtractionSettings()
"""Extraction settings that all of `NAMES` belong to."""

NAMES = [
    column_of((voi, f"{image}_{group}_{name}"))
    for voi in (VOI.PARENCHYMA, VOI.TUMOUR)
    for image in ("original", "square")
    for group, names in FEATURES.items()
    if not (group == "shape" and image != "original")
    for name in names
]
"""Names of features that can be computed, for the 200 columns of ``features.csv``."""

COLUMNS = (
    ClinicalColumn("ALB", "g/L"),
    ClinicalColumn("INR"),
    ClinicalColumn("age", "years"),
    ClinicalColumn("male"),
    ClinicalColumn("neutrophil", "%"),
    ClinicalColumn("bilirubin", "umol/L"),
    ClinicalColumn("BCLC stage", levels=("A", "B", "C")),
    ClinicalColumn("cirrhosis"),
)

FROM = {
    "ALB": "alb",
    "INR": "inr",
    "BCLC stage": "bclc",
    "bilirubin": "tbil",
    "age": "age",
    "male": "male",
    "neutrophil": "neutrophil",
    "cirrhosis": "cirrhosis",
}


def made_cohort(training: int | None = 100, **changes: Any) -> CohortData:
    """The cohort; ``training=None`` leaves the split out."""
    features = r_reference.table("features").sort_values("y", kind="stable").reset_index(drop=True)
    patients = r_reference.table("cohort_logistic").sort_values("ptlf", kind="stable").reset_index(drop=True)
    y = features.pop("y").to_numpy(float)
    without = np.flatnonzero(patients.ptlf == 0)[: int((y == 0).sum())]
    patients = patients.loc[np.concatenate([without, np.flatnonzero(patients.ptlf == 1)[: int(y.sum())]])]
    order = np.random.default_rng(4).permutation(len(y))
    ids = pd.Index([f"C{place:03d}" for place in range(len(y))], name="case", dtype=object)
    clinical = pd.DataFrame({name: patients[FROM[name]].to_numpy()[order] for name in FROM}, index=ids)
    clinical["BCLC stage"] = clinical["BCLC stage"].astype(object).where(clinical["BCLC stage"].notna(), None)
    values = features.drop(columns="id").to_numpy(float)[order]
    splits = [""] * len(y)
    if training is not None:
        splits = [str(Split.TRAINING)] * training + [str(Split.VALIDATION)] * (len(y) - training)
    made = {
        "clinical": clinical,
        "features": pd.DataFrame(values, index=ids, columns=NAMES[: values.shape[1]]),
        "outcome": pd.Series(y[order], ids),
        "split": pd.Series(splits, ids, dtype=object),
        "centre": pd.Series(["A" if split != str(Split.VALIDATION) else "B" for split in splits], ids, dtype=object),
        "columns": COLUMNS,
        "synthetic": False,
        "flow": Flow(len(y), (), len(y)),
        "exclusions": (),
        "findings": (),
        "extracted": {name: extracted(name) for name in ids},
    }
    known = {field.name for field in dataclasses.fields(CohortData)}
    return CohortData(**{name: value for name, value in (made | changes).items() if name in known})


def extracted(name: str) -> ExtractedCase:
    """What an extraction says of a case: 5 mm, portal venous, drawn by one model."""
    protocol = ObservedCase(ContrastPhase.PORTAL_VENOUS, 5.0, 0.75, 120.0, "soft")
    return ExtractedCase(name, CaseState.DONE, protocol=protocol, masks=ObservedMask("a" * 64))
