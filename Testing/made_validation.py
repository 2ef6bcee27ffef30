"""A cohort for tests of validation: outcomes drawn from a signature's own risks, as table and extraction, no images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import made_signatures
from PTLFPredictorLib.cohort.extraction import (
    CaseState,
    ExtractedCase,
    Extraction,
    ObservedCase,
    ObservedMask,
    tables,
)
from PTLFPredictorLib.cohort.extraction.result import CASES, FEATURES
from PTLFPredictorLib.ct import ContrastPhase
from PTLFPredictorLib.hashes import json_sha256
from PTLFPredictorLib.signature import Entered, Signature, load, parse
from PTLFPredictorLib.signature.evidence import settings_sha256
from PTLFPredictorLib.signature.radscore import score_terms, sum_of

SCAN = ObservedCase(ContrastPhase.PORTAL_VENOUS, 5.0, 0.78, 120.0, "soft")
MASK = ObservedMask(weights=made_signatures.MODEL["weights_sha256"])


def signature(**changes: Any) -> Signature:
    """A site's signature with valid evidence; `changes` are the evidence's."""
    return parse(made_signatures.site(load("ptlf-published").data, **changes))


def extracted(name: str, of: Signature, z: np.ndarray, **changes: Any) -> ExtractedCase:
    """A case whose features lie `z` SD above their means."""
    scale = of.normalisation
    keys = [term.key for term in of.terms]
    features = {key: scale.mean[key] + float(one) * scale.sd[key] for key, one in zip(keys, z, strict=True)}
    made = ExtractedCase(
        name, CaseState.DONE, features=features, protocol=SCAN, masks=MASK, ct_identity=json_sha256(name),
        labels_sha256=f"labels of {name}", volumes_ml={"liver": 1500.0, "parenchyma": 1400.0, "tumor": 100.0},
    )  # fmt: skip
    return replace(made, **changes)


def extraction_of(cases: list[ExtractedCase], of: Signature) -> Extraction:
    asked = {"signature": {"id": of.id, "version": of.version, "sha256": json_sha256(dict(of.data))}}
    return Extraction(tuple(cases), of.extraction, settings_sha256(of.data["extraction"]), "builtin", "1", asked)


def cohort(
    folder: Path,
    of: Signature,
    n: int = 80,
    seed: int = 5,
    split: str = "validation",
    shift: float = 0.0,
    synthetic: bool = False,
) -> tuple[Path, list[ExtractedCase]]:
    """A table of `n` cases in two centres, and their extraction; outcomes are drawn from the signature's own risks.

    Parameters
    ----------
    shift : float
        Added to the linear predictor that the outcomes are drawn of: the signature is then miscalibrated by it.
    synthetic : bool
        What the table says.
    """
    rng = np.random.default_rng(seed)
    rows, cases = ["id,all_criteria_met,reader,ALB [g/L],INR,sex,age,PTLF,centre,split,synthetic"], []
    for i in range(n):
        case = extracted(f"case-{i:03d}", of, rng.normal(size=len(of.terms)))
        albumin, inr = round(float(rng.uniform(30, 48)), 1), round(float(rng.uniform(0.95, 1.4)), 2)
        known = of.values_of(Entered({"ALB": albumin, "INR": inr}), sum_of(of, score_terms(of, case.features)))
        lp = of.risk_model.linear_predictor(known) if of.risk_model.intercept else 0.0
        event = rng.random() < 1 / (1 + np.exp(-(lp + shift)))
        centre, sex, age = "AB"[i % 2], "mf"[i % 3 == 0], rng.integers(40, 80)
        told, drawn = ("yes" if answer else "no" for answer in (event, synthetic))
        rows.append(f"{case.id},yes,R,{albumin},{inr},{sex},{age},{told},{centre},{split},{drawn}")
        cases.append(case)
    path = folder / "table.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path, cases


def write(cases: list[ExtractedCase], of: Signature, folder: Path) -> Path:
    """The folder that ``ptlf cohort extract`` would have written."""
    folder.mkdir()
    made = extraction_of(cases, of)
    (folder / CASES).write_text(made.to_json(), encoding="utf-8")
    tables.write({case.id: case.features for case in cases}, folder / FEATURES)
    return folder
