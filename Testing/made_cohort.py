"""A cohort of arrays, without images: R's features and R's clinical columns, joined by the outcome.

147 cases of ``features.csv`` (10 planted features) take the clinical values of cases of ``cohort_logistic.csv`` with
the same outcome, so that both are related to it.  100 of them are for training, 47 for validation.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import r_reference
from PTLFPredictorLib.cohort.data import CohortData
from PTLFPredictorLib.cohort.develop import DevelopmentPlan
from PTLFPredictorLib.cohort.extraction import (
    CaseState,
    ExtractedCase,
    Extraction,
    ObservedCase,
    ObservedMask,
    column_of,
    key_of,
    tables,
)
from PTLFPredictorLib.cohort.extraction.result import CASES
from PTLFPredictorLib.cohort.extraction.result import FEATURES as FILE
from PTLFPredictorLib.cohort.flow import Flow
from PTLFPredictorLib.cohort.selection import ResamplingPlan, SelectionPlan
from PTLFPredictorLib.cohort.table import ClinicalColumn, Split
from PTLFPredictorLib.ct import ContrastPhase
from PTLFPredictorLib.hashes import json_sha256
from PTLFPredictorLib.measures.radiomics import ExtractionSettings
from PTLFPredictorLib.measures.radiomics.names import FEATURES
from PTLFPredictorLib.signature import load
from PTLFPredictorLib.signature.evidence import settings_sha256
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


QUICK = DevelopmentPlan(
    selection=SelectionPlan(folds=4, lambdas=12),
    resampling=ResamplingPlan(folds=3, repeats=1, bootstraps=4),
)
"""The paper's way with few folds, lambdas and resamples."""

QUICK_OPTIONS = "--folds 4 --lambdas 12 --nested-folds 2 --nested-repeats 1 --bootstraps 2".split()


def made_cohort(training: int | None = 100, count: int = 200, **changes: Any) -> CohortData:
    """The cohort with its first `count` features; ``training=None`` leaves the split out."""
    features = r_reference.table("features").sort_values("y", kind="stable").reset_index(drop=True)
    patients = r_reference.table("cohort_logistic").sort_values("ptlf", kind="stable").reset_index(drop=True)
    y = features.pop("y").to_numpy(float)
    without = np.flatnonzero(patients.ptlf == 0)[: int((y == 0).sum())]
    patients = patients.loc[np.concatenate([without, np.flatnonzero(patients.ptlf == 1)[: int(y.sum())]])]
    order = np.random.default_rng(4).permutation(len(y))
    ids = pd.Index([f"C{place:03d}" for place in range(len(y))], name="case", dtype=object)
    clinical = pd.DataFrame({name: patients[FROM[name]].to_numpy()[order] for name in FROM}, index=ids)
    clinical["BCLC stage"] = clinical["BCLC stage"].astype(object).where(clinical["BCLC stage"].notna(), None)
    values = features.drop(columns="id").to_numpy(float)[order][:, :count]
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
    """What an extraction says of a case: portal venous, slices of 4.6 or 5 mm, drawn by one model.

    With the tolerance around 4.6 mm the signature takes thinner slices than the published one: that needs its evidence.
    """
    slices = 4.6 if name.endswith("7") else 5.0
    protocol = ObservedCase(ContrastPhase.PORTAL_VENOUS, slices, 0.75, 120.0, "soft")
    return ExtractedCase(
        name,
        CaseState.DONE,
        protocol=protocol,
        masks=ObservedMask("a" * 64),
        ct_identity=f"ct of {name}",
        labels_sha256=f"segments of {name}",
    )


def write_cohort(folder: Path, data: CohortData | None = None, **columns: Any) -> tuple[Path, Path]:
    """The cohort as files: a table without CTs, and a folder of features as an extraction writes it.

    Parameters
    ----------
    columns : sequences of n values
        Columns of the table in the place of the cohort's own; None leaves one out.
    """
    data = made_cohort() if data is None else data
    rows = {
        "case": list(data.outcome.index),
        "ct": [f"{name}.nii.gz" for name in data.outcome.index],
        "all_criteria_met": "yes",
        "reader": "R",
        "answered_at": "2026-11-26T12:00:00+00:00",
        "PTLF": [{1.0: "yes", 0.0: "no"}.get(value, "") for value in data.outcome],
        "split": list(data.split),
        "centre": list(data.centre),
    }
    rows |= {
        f"{one.name} [{one.unit}]" if one.unit else one.name: list(data.clinical[one.name]) for one in data.columns
    }
    frame = pd.DataFrame({name: values for name, values in (rows | columns).items() if values is not None})
    table, features = folder / "cohort.csv", folder / "features"
    frame.to_csv(table, index=False)
    features.mkdir(exist_ok=True)
    values = {
        name: {key_of(column): float(x) for column, x in row.items() if np.isfinite(x)}
        for name, row in data.features.iterrows()
    }
    cases = [dataclasses.replace(data.extracted[name], features=row) for name, row in values.items()]
    asked = {"signature": {"id": "ptlf-published", "version": "1", "sha256": json_sha256(load("ptlf-published").data)}}
    made = Extraction(tuple(cases), SETTINGS, settings_sha256(SETTINGS.to_dict()), "builtin", "1", asked)
    (features / CASES).write_text(made.to_json(), encoding="utf-8")
    tables.write(values, features / FILE)
    return table, features
