"""Fit the demo signature: normalisation and risk model of sample cases, on the demo model's segments or on the truth.

    python -m PTLFPredictorLib.cohort.demo_signature DIR [--cases 60] [--masks model|truth]

Every case is drawn (512 matrix, 5 mm), segmented, and its ten features are computed; all of it is kept in DIR, so
that an interrupted run goes on where it was.  Which cases and masks a file was fitted on stands in its own
``normalisation.how`` ("truth": ``--masks truth``).  The terms of the Radscore are the published ones; what is fitted is
each feature's mean and SD, and a logistic model of albumin, INR and Radscore with Firth's penalty (Biometrika 1993,
80:27), which stays finite for few outcomes.  Outcomes come from the stated model of `sample.outcomes`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..progress import Progress, no_progress
from ..sample import Disease, draw_outcome
from ..segmentation import default_model
from ..segmentation.how import How
from ..segmentation.reading import Source
from ..signature import load, scales
from ..signature.files import FOLDER, text_of
from ..vois import VOI
from . import sample_cohort
from .extraction.job import Options
from .extraction.run import extract
from .statistics.discrimination import auc
from .statistics.firth import Firth
from .table import Case

FIRST_SEED = 3000
PREDICTORS = ("ALB", "INR", "Radscore")
WIDEST_AXIS_POINTS = 100.0
MASKS = {
    "model": "segments drawn by the demo model, uncorrected",
    "truth": "the known truth of the sample cases",
}


def features_of(seeds: Sequence[int], masks: str, folder: Path, progress: Progress = no_progress) -> list[list[dict]]:
    """The signature's features of each sample case, none where the model drew no tumour; all is kept in `folder`."""
    published = load("ptlf-published")
    places = [sample_cohort.places_of(sample_cohort.Member(seed, sample_cohort.CENTRES[0])) for seed in seeds]
    sample_cohort.draw_missing(folder, places, progress=progress)
    drawn = masks == "truth"
    cases = [
        Case(row, str(one.member.seed), folder / one.ct, (Source(folder / one.segmentation),) if drawn else ())
        for row, one in enumerate(places, start=1)
    ]
    options = Options(published, model=None if drawn else default_model(), how=How("cpu"))
    extraction = extract(cases, options, folder / f"features-{masks}", progress=progress)
    listed = []
    for case in extraction.cases:
        whole = all(term.key in case.features for term in published.terms)
        listed.append(
            [
                {"voi": term.voi.in_files, "feature": term.feature, "value": case.features[term.key]}
                for term in (published.terms if whole else ())
            ]
        )
    return listed


def fit(seeds: list[int], features: list[list[dict]], masks: str) -> dict:
    """The demo signature's JSON; cases without features are left out, and the text says how many."""
    published = load("ptlf-published")
    first, last, drawn = seeds[0], seeds[-1], len(seeds)
    usable = [(seed, listed) for seed, listed in zip(seeds, features, strict=True) if listed]
    seeds, features = zip(*usable, strict=True)
    outcomes = [draw_outcome(seed, Disease.draw(seed)) for seed in seeds]
    table = {(VOI.of_file(f["voi"]), f["feature"]): [] for f in features[0]}
    for listed in features:
        for f in listed:
            table[VOI.of_file(f["voi"]), f["feature"]].append(f["value"])
    mean = {key: float(np.mean(values)) for key, values in table.items()}
    sd = {key: float(np.std(values, ddof=1)) for key, values in table.items()}
    radscore = sum(t.coefficient * (np.array(table[t.key]) - mean[t.key]) / sd[t.key] for t in published.terms)
    x = np.column_stack([[o.albumin_g_per_l for o in outcomes], [o.inr for o in outcomes], radscore])
    y = np.array([o.ptlf for o in outcomes], float)
    centre = x.mean(axis=0)
    model = Firth().fit(x - centre, y)
    shift = np.eye(4)
    shift[0, 1:] = -centre  # back from centred predictors
    beta, covariance = shift @ model.params_, shift @ model.covariance_ @ shift.T
    without = f", {drawn - len(seeds)} without a tumour found left out" if drawn > len(seeds) else ""
    how = f"{len(seeds)} sample cases (seeds {first} to {last}{without}; {int(y.sum())} with PTLF), {MASKS[masks]}"
    data = json.loads(json.dumps(published.data))
    data.update(
        id="ptlf-demo",
        version="2.0",
        title="Demonstration on synthetic cases: not for patients",
        kind="demo",
        citation={"text": "PTLFPredictor, cohort/demo_signature.py. Terms of the published PTLF signature."},
        population=f"Synthetic sample cases, no patients: {how}.",
        voi_source="automatic" if masks == "model" else "manual",
        voi_note=f"Fitted on {MASKS[masks]}. 'liver' is the non-tumoural parenchyma (liver minus tumour).",
        normalisation={
            "origin": "demo",
            "n": len(seeds),
            "how": how,
            "values": [{"voi": v.in_files, "feature": f, "mean": mean[v, f], "sd": sd[v, f]} for v, f in table],
        },
        outcome=_outcome(published.data["outcome"], beta, covariance, how),
        nomogram=_nomogram(beta[1:], radscore),
        development_ranges={
            **{name: _central_95(column) for name, column in zip(PREDICTORS, x.T, strict=True)},
            "origin": "fitted",
            "how": f"central 95 % of {how}",
        },
        notes=[
            {
                "id": "demo",
                "text": "Demonstration signature fitted on synthetic cases. It says nothing about any patient.",
            },
            *[note for note in published.data["notes"] if note["id"] == "alb_direction"],
        ],
        missing=[],
    )
    shown = np.corrcoef(radscore, [o.severity for o in outcomes])[0, 1]
    print(how)
    print(f"Radscore SD {radscore.std():.2f}, with severity r = {shown:.2f}, AUC {auc(x @ beta[1:], y):.3f}")
    print("coefficients", dict(zip(("intercept", *PREDICTORS), beta.round(3), strict=True)))
    return data


def _outcome(published: dict, beta: np.ndarray, covariance: np.ndarray, how: str) -> dict:
    units = {"ALB": "g/L", "INR": "1", "Radscore": "1"}
    return {
        **{name: published[name] for name in ("name", "title", "horizon", "criteria")},
        "kind": "logistic",
        "intercept": {"value": float(beta[0]), "origin": "fitted", "how": how},
        "coefficients": {
            name: {"value": float(value), "unit": units[name], "origin": "fitted"}
            for name, value in zip(PREDICTORS, beta[1:], strict=True)
        },
        "covariance": {"names": ["intercept", *PREDICTORS], "matrix": covariance.tolist()},
        "note": "Logistic model with Firth's penalty on synthetic cases.",
    }


def _nomogram(beta: np.ndarray, radscore: np.ndarray) -> dict:
    axes = dict(load("ptlf-published").data["nomogram"]["axes"])
    low, high = (5 * math.floor(radscore.min() / 5) - 5, 5 * math.ceil(radscore.max() / 5) + 5)
    axes["Radscore"] = {**axes["Radscore"], "range": [low, high]}
    effects = {}
    for name, slope in zip(PREDICTORS, beta, strict=True):
        ends = axes[name]["range"]
        axes[name] = {**axes[name], "zero_points_at": ends[0 if slope >= 0 else 1]}
        effects[name] = abs(slope) * (ends[1] - ends[0])
    per_logit = WIDEST_AXIS_POINTS / max(effects.values())
    how = "the axis with the widest effect has 100 points"
    rulers = scales.rulers({name: effect * per_logit for name, effect in effects.items()})
    return {"points_per_logit": per_logit, "origin": "fitted", "how": how, **rulers, "axes": axes}


def _central_95(values: np.ndarray) -> list[float]:
    return [round(float(v), 3) for v in np.quantile(values, (0.025, 0.975))]


def _tell(stage: str, done: int, total: int) -> None:
    print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--masks", choices=tuple(MASKS), default="model")
    parser.add_argument("--out", type=Path, default=FOLDER / "ptlf-demo.json")
    arguments = parser.parse_args()
    seeds = list(range(FIRST_SEED, FIRST_SEED + arguments.cases))
    data = fit(seeds, features_of(seeds, arguments.masks, arguments.folder, _tell), arguments.masks)
    arguments.out.write_text(text_of(data), encoding="utf-8")
    load(arguments.out)
    print(f"Written: {arguments.out}")


if __name__ == "__main__":
    main()
