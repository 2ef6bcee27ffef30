"""A hospital's cohort on disk, without images: a table, and an extraction of features that were drawn.

The features are normal (the tumour's two log-normal) around values of their own; albumin and INR as in the paper's
Table 2; the outcome by the published coefficients with `slope` for the Radscore of these cases.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from PTLFPredictorLib.cohort.extraction import CaseState, ExtractedCase, Extraction, ObservedCase, ObservedMask
from PTLFPredictorLib.cohort.extraction import tables as extraction_tables
from PTLFPredictorLib.ct import ContrastPhase, Finding, Level
from PTLFPredictorLib.hashes import json_sha256
from PTLFPredictorLib.signature import evidence, load

PHASE = ContrastPhase.PORTAL_VENOUS

WEIGHTS = "c" * 64
"""Of the model that drew the segments."""


@dataclass(frozen=True)
class Hospital:
    """Where its table and its features lie, and what they were drawn from."""

    table: Path
    features: Path
    raw: np.ndarray
    laboratory: np.ndarray
    outcome: np.ndarray


def hospital(
    folder: Path,
    n: int = 160,
    *,
    seed: int = 4,
    slope: float = 0.317,
    intercept: float = -16.2,
    outcomes: str = "all",
    synthetic: bool = False,
    withheld: int = 3,
    sample: int | None = None,
    split: str = "",
    name: str = "",
    weights: tuple[str, ...] = (WEIGHTS,),
) -> Hospital:
    """Make one.

    Parameters
    ----------
    n : int
        Cases, `withheld` included.
    outcomes : str
        "all", "none", or "events: 12": no more than so many with the outcome.
    withheld : int
        Cases whose slices are too thick, the last ones.
    sample : int, optional
        Seed that the first case's CT is known by.
    split : str
        Of the last quarter; the others are for training.
    name : str
        Another one's CTs are other ones.
    weights : tuple of str
        Of the models that drew the segments, in turn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn, signature = np.random.default_rng(seed), load("ptlf-published")
    keys = [term.key for term in signature.terms]
    z = drawn.normal(size=(n, len(keys)))
    raw = 10 + 2 * z
    raw[:, :2] = np.exp(3 + 0.6 * z[:, :2])
    laboratory = np.column_stack([drawn.normal(37.9, 5.8, n), 1.03 * np.exp(drawn.normal(0, 0.15, n))])
    laboratory = np.column_stack([laboratory[:, 0].clip(22, 54).round(1), laboratory[:, 1].clip(0.75, 1.5).round(2)])
    own = (raw - raw.mean(axis=0)) / raw.std(axis=0, ddof=1)
    radscore = own @ np.array([term.coefficient for term in signature.terms])
    eta = intercept + laboratory @ [0.163, 7.597] + slope * radscore
    outcome = (drawn.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    if outcomes.startswith("events"):
        outcome[np.flatnonzero(outcome)[int(outcomes.split()[1]) :]] = 0
    with open(folder / "cases.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["case", "ALB [g/L]", "INR", "outcome", "all criteria met", "answered by", "split", "synthetic"]
        )
        for i in range(n):
            told = "" if outcomes == "none" else ("yes" if outcome[i] else "no")
            side = "" if not split else (split if i >= n - n // 4 else "training")
            writer.writerow(
                [f"P{i:03d}", *laboratory[i], told, "yes", "Dr. Reader", side, "yes" if synthetic else "no"]
            )
    cases = []
    for i in range(n):
        thick = i >= n - withheld
        found = Finding("slice_thickness", Level.WITHHOLD if thick else Level.PASS, "Slices.")
        cases.append(
            ExtractedCase(
                f"P{i:03d}",
                CaseState.DONE,
                features=dict(zip(keys, map(float, raw[i]), strict=True)),
                findings=(found,),
                protocol=ObservedCase(PHASE, 7.0 if thick else 5.0, 0.7 + 0.001 * (i % 50), 120.0, "soft"),
                masks=ObservedMask(weights[i % len(weights)]),
                sample=sample if i == 0 else None,
                ct_identity=sha256(f"{name}ct {i}".encode()).hexdigest(),
                labels_sha256=sha256(f"{name}labels {i}".encode()).hexdigest(),
            )
        )  # fmt: skip
    asked = {"signature": {"id": signature.id, "sha256": json_sha256(signature.data)}}
    settings = evidence.settings_sha256(signature.data["extraction"])
    extraction = Extraction(tuple(cases), signature.extraction, settings, "builtin", "1", asked)
    where = folder / "features"
    where.mkdir(exist_ok=True)
    (where / "cases.json").write_text(extraction.to_json(), encoding="utf-8")
    extraction_tables.write({case.id: case.features for case in cases}, where / "features.parquet")
    kept = np.arange(n - withheld)
    return Hospital(folder / "cases.csv", where, raw[kept], laboratory[kept], outcome[kept])
