"""What development finds at 210 cases, and which estimate of its performance can be believed: a simulation.

    python benchmarks/operating_characteristics.py run FILE.jsonl [--hours 2]
    python benchmarks/operating_characteristics.py report FILE.jsonl docs/operating-characteristics.md

`run` writes one line for each simulated cohort and goes on where FILE ends; it stops at so many processor hours in
all.
Features have the correlations of ``r_reference``'s (blocks of eight, estimated from its ``features.csv``), 84 blocks,
so that about 410 features of 672 are left by the Spearman filter, as in the source paper.  Ten of them, one in each of
ten blocks, make the outcome; its share is the paper's.  The truth of a cohort is the AUC of the very model that was
developed on it, in 20,000 new cases.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "PTLFPredictor"), str(ROOT / "Testing")]

from PTLFPredictorLib.cohort.selection import (  # noqa: E402
    MEASURES,
    Radiomics,
    ResamplingPlan,
    SelectionPlan,
    bootstrap,
    nested,
)
from PTLFPredictorLib.cohort.statistics.discrimination import auc, delong  # noqa: E402

SEEDS = tuple(range(20261100, 20261150))
TRUE_AUCS = (0.80, 0.88, 0.95)
PERMUTATIONS = tuple(range(20261500, 20261700))
PERMUTED_AUC = 0.88
N, PREVALENCE, NEW_CASES = 210, 52 / 210, 20_000
BLOCKS, BLOCK = 84, 8
PLAN = ResamplingPlan(folds=10, repeats=2, bootstraps=30)
PLAN_OF_PERMUTATION = dataclasses.replace(PLAN, repeats=1)
BIAS, COVERED = 0.03, 40
"""What the headline estimator must keep: at most this median bias, more than so many of 50 intervals."""


@dataclasses.dataclass(frozen=True)
class Structure:
    """Of the features.

    Attributes
    ----------
    correlation : np.ndarray, shape (blocks of r_reference,)
        Within a block, of normal scores; between blocks there is none.
    log_sd : np.ndarray, shape (features of r_reference,)
        SD of the logarithm of a log-normal feature; 0 of a normal one.
    levels : np.ndarray of int, same shape
        Distinct values of a coarse count; 0 of others.
    planted : np.ndarray of int, shape (10,)
        Features that make the outcome.
    weights : np.ndarray, shape (10,)
        Theirs, per SD, up to a factor.
    """

    correlation: np.ndarray
    log_sd: np.ndarray
    levels: np.ndarray
    planted: np.ndarray
    weights: np.ndarray


@functools.cache
def structure() -> Structure:
    """Estimated from ``features.csv``; Pearson's correlation of normal scores is ``2 sin(pi / 6 rho)``, rho Spearman's."""
    from scipy import stats

    import r_reference
    from PTLFPredictorLib.cohort.statistics.redundancy import spearman

    table = r_reference.table("features").iloc[:, 2:]
    truth = r_reference.table("features_truth")
    x = table.to_numpy()
    normal = 2 * np.sin(np.pi / 6 * spearman(x))
    inside = np.triu(np.ones((BLOCK, BLOCK), bool), 1)
    starts = range(0, x.shape[1], BLOCK)
    correlation = np.array([np.median(normal[i : i + BLOCK, i : i + BLOCK][inside]) for i in starts])
    distinct = np.array([len(np.unique(column)) for column in x.T])
    log_normal = np.all(x > 0, axis=0) & (stats.skew(x) > 1)
    log_sd = np.where(log_normal, np.log(np.where(x > 0, x, 1)).std(axis=0, ddof=1), 0)
    levels = np.where(distinct < 20, distinct, 0)
    planted = np.array([table.columns.get_loc(name) for name in truth.feature])
    return Structure(correlation.clip(0, 1), log_sd, levels, planted, truth.beta_per_sd.to_numpy())


def draw_latent(n: int, rng: np.random.Generator) -> np.ndarray:
    """Standard normal features, correlated within blocks, shape (n, 672)."""
    rho = np.resize(structure().correlation, BLOCKS)
    shared, own = rng.normal(size=(n, BLOCKS)), rng.normal(size=(n, BLOCKS, BLOCK))
    return (np.sqrt(rho)[:, None] * shared[:, :, None] + np.sqrt(1 - rho)[:, None] * own).reshape(n, -1)


def features_of(latent: np.ndarray) -> np.ndarray:
    """The same with the margins of ``r_reference``'s features: normal, log-normal, coarse counts."""
    from scipy.special import ndtr

    log_sd, levels = (np.resize(values, latent.shape[1]) for values in (structure().log_sd, structure().levels))
    x = np.where(log_sd, np.exp(log_sd * latent), latent)
    coarse = levels > 0
    x[:, coarse] = np.floor(ndtr(latent[:, coarse]) * levels[coarse])
    return x


@functools.cache
def outcome_model(true_auc: float) -> tuple[float, float]:
    """Intercept, and SD of the linear predictor, that give this AUC of the true model and the paper's prevalence."""
    from scipy.optimize import brentq
    from scipy.special import expit

    z = np.linspace(-8, 8, 4001)
    density = np.exp(-(z**2) / 2)
    density /= density.sum()

    def intercept(sd: float) -> float:
        return brentq(lambda a: density @ expit(a + sd * z) - PREVALENCE, -30, 30)

    def auc_of(sd: float) -> float:
        p = expit(intercept(sd) + sd * z)
        events, others = density * p / PREVALENCE, density * (1 - p) / (1 - PREVALENCE)
        return float(events @ (np.cumsum(others) - others / 2))

    sd = brentq(lambda s: auc_of(s) - true_auc, 0.1, 30)
    return intercept(sd), sd


def draw_outcome(latent: np.ndarray, true_auc: float, rng: np.random.Generator) -> np.ndarray:
    s = structure()
    intercept, sd = outcome_model(true_auc)
    lp = intercept + sd / np.linalg.norm(s.weights) * latent[:, s.planted] @ s.weights
    return (rng.random(len(lp)) < 1 / (1 + np.exp(-lp))).astype(float)


def cohort(seed: int, true_auc: float, n: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
    """Features and outcomes; `stream` 0 is the cohort of a seed, 1 its new cases."""
    rng = np.random.default_rng((seed, round(100 * true_auc), stream))
    latent = draw_latent(n, rng)
    return features_of(latent), draw_outcome(latent, true_auc, rng)


def simulate(seed: int, true_auc: float) -> dict[str, Any]:
    """One cohort: its model, the truth about it, and what resampling says of it."""
    started = time.process_time()
    x, y = cohort(seed, true_auc, N, 0)
    way = Radiomics(x, y, SelectionPlan(seed=seed))
    plan = dataclasses.replace(PLAN, seed=seed)
    fitted = way.fit(np.arange(N))
    new_x, new_y = cohort(seed, true_auc, NEW_CASES, 1)
    new_lp = way.of_features(fitted, new_x)
    boot, cross = bootstrap(way, plan), nested(way, plan)
    model, found = way.MODEL, boot.optimism
    name = f"{model} auc"
    of_nested = cross.auc(model)
    kept, planted = set(fitted.radscore.columns_.tolist()), structure().planted
    frequent = list(boot.frequencies(model))[: len(planted)]
    return {
        "seed": seed,
        "true_auc": true_auc,
        "events": int(y.sum()),
        "steps": {step.name: step.count for step in fitted.radscore.steps_},
        "truth": _measures(new_lp, new_y),
        "apparent": {what: found.apparent[f"{model} {what}"] for what in MEASURES},
        "harrell": {what: found.corrected[f"{model} {what}"] for what in MEASURES},
        "nested": {what: cross.measured(model, measure) for what, measure in MEASURES.items()}
        | {"auc": of_nested.value, "se": of_nested.se}
        | {"pooled_auc": cross.pooled_auc(model), "pooled_se": cross.measured(model, lambda lp, y: delong(lp, y).se)},
        "632+": {"auc": found.estimate_632_plus(name)},
        "samples": {
            part: np.round(getattr(found, part)[name], 5).tolist() for part in ("training", "test", "out_of_bag")
        },
        "nested_linear_predictor": np.round(cross.linear_predictor[model], 5).tolist(),
        "recall": {
            "features": len(kept & set(planted.tolist())),
            "blocks": len({c // BLOCK for c in kept} & {c // BLOCK for c in planted.tolist()}),
            "blocks_most_frequent": len({c // BLOCK for c in frequent} & {c // BLOCK for c in planted.tolist()}),
        },
        "processor_seconds": time.process_time() - started,
    }


def permute(seed: int) -> dict[str, Any]:
    """Nested AUC of a cohort whose outcomes are dealt out anew: nothing is there to find."""
    started = time.process_time()
    x, y = cohort(SEEDS[seed % len(SEEDS)], PERMUTED_AUC, N, 0)
    y = np.random.default_rng(seed).permutation(y)
    cross = nested(Radiomics(x, y, SelectionPlan(seed=seed)), dataclasses.replace(PLAN_OF_PERMUTATION, seed=seed))
    return {
        "permutation": seed,
        "nested": {"auc": cross.auc(Radiomics.MODEL).value, "pooled_auc": cross.pooled_auc(Radiomics.MODEL)},
        "nothing_kept": sum(not names for names in cross.names[Radiomics.MODEL]),
        "processor_seconds": time.process_time() - started,
    }


def _measures(lp: np.ndarray, y: np.ndarray) -> dict[str, float]:
    return {"auc": auc(lp, y)} | {what: measure(lp, y) for what, measure in MEASURES.items() if np.ptp(lp) > 0}


def tasks() -> list[tuple]:
    """In an order in which every part of them is of use: each seed at all AUCs, four permutations after it."""
    per_seed = len(PERMUTATIONS) // len(SEEDS)
    ordered: list[tuple] = []
    for i, seed in enumerate(SEEDS):
        ordered += [(seed, true_auc) for true_auc in TRUE_AUCS]
        ordered += [(one,) for one in PERMUTATIONS[i * per_seed : (i + 1) * per_seed]]
    return ordered


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run(path: Path, hours: float) -> None:
    lines = read(path)
    done = {(line["permutation"],) if "permutation" in line else (line["seed"], line["true_auc"]) for line in lines}
    spent = sum(line["processor_seconds"] for line in lines)
    for task in tasks():
        if task in done:
            continue
        if spent > hours * 3600:
            print(f"stopped after {spent / 3600:.2f} processor hours; run again with more --hours to go on")
            return
        line = permute(*task) if len(task) == 1 else simulate(*task)
        spent += line["processor_seconds"]
        with path.open("a") as stream:
            stream.write(json.dumps(line) + "\n")
        print(task, f"{line['processor_seconds']:.0f} s, {spent / 3600:.2f} h in all", flush=True)


def report(lines: list[dict[str, Any]]) -> str:
    raise NotImplementedError


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    actions = parser.add_subparsers(dest="action", required=True)
    running = actions.add_parser("run")
    running.add_argument("lines", type=Path)
    running.add_argument("--hours", type=float, default=2.0)
    reporting = actions.add_parser("report")
    reporting.add_argument("lines", type=Path)
    reporting.add_argument("page", type=Path)
    given = parser.parse_args()
    if given.action == "run":
        run(given.lines, given.hours)
    else:
        given.page.write_text(report(read(given.lines)), encoding="utf-8")
