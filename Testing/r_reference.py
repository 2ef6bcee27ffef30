"""Synthetic cohorts and what R computes of them: the shared folder where it is at hand, else the slim copy here."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "r_reference"
SLIM = Path(__file__).resolve().parent / "cohort" / "r_reference"

FULL = SHARED.is_dir()
"""Whether the whole reference is at hand; the header of a test run says so."""

FOLDER = SHARED if FULL else SLIM


@functools.cache
def values(topic: str) -> dict[str, Any]:
    """R's values on a topic: "logistic", "roc", "lasso" ..."""
    return json.loads((FOLDER / "ref" / f"{topic}.json").read_text(encoding="utf-8"))


def matrix(entry: dict[str, Any]) -> np.ndarray:
    """A matrix of `values` as an array."""
    return np.array(entry["values"], float)


def table(name: str, **options: Any) -> pd.DataFrame:
    """One of the data sets, e.g. "cohort_logistic"; a fresh copy."""
    return pd.read_csv(FOLDER / "data" / f"{name}.csv", **options)


def train() -> pd.DataFrame:
    """The 147 training rows of ``cohort_logistic``."""
    cohort = table("cohort_logistic")
    return cohort[cohort.split == "train"].reset_index(drop=True)


def validation() -> pd.DataFrame:
    """Its 63 rows of validation."""
    cohort = table("cohort_logistic")
    return cohort[cohort.split == "validation"].reset_index(drop=True)
